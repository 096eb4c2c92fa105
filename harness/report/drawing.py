"""A drawing: strokes, areas, dots and words, at places in pixels from the top left corner. Pure.

Charts lay themselves out as one, and matplotlib paints it (:mod:`harness.report.paint`): into
the page, or into a file. Axes of matplotlib's own would take ten times as long for each of a
report's hundreds of charts, and write twice the SVG.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "FONT_SIZE",
    "GRID",
    "INK",
    "MUTED",
    "PAPER",
    "Areas",
    "Dot",
    "Drawing",
    "Part",
    "Place",
    "Strokes",
    "Told",
    "Words",
    "all_words",
    "moved",
]

# Sentinels: colours that no chart shows, each standing for a colour of the page or the file.
INK, MUTED, GRID, PAPER = "#010203", "#010204", "#010205", "#010206"
FONT_SIZE = 12.0

Place: TypeAlias = tuple[float, float]
Part: TypeAlias = "Strokes | Areas | Dot | Words | Told"


@dataclass(frozen=True)
class Strokes:
    """Lines: each of *paths* leads through its places. *width* and *dash* are in pixels.

    *rounded* ends make a dot of a line that is shorter than it is wide.
    """

    paths: tuple[tuple[Place, ...], ...]
    colour: str
    width: float = 1.0
    dash: tuple[float, float] | None = None
    opacity: float = 1.0
    rounded: bool = False


@dataclass(frozen=True)
class Areas:
    """Polygons, filled, without an edge."""

    paths: tuple[tuple[Place, ...], ...]
    colour: str
    opacity: float = 1.0


@dataclass(frozen=True)
class Dot:
    """A marker of matplotlib's, *size* pixels across, with a thin edge in the paper's colour.

    A *hollow* one is the other way round: paper, with an edge in its colour.
    """

    x: float
    y: float
    marker: str
    colour: str
    size: float
    opacity: float = 1.0
    hollow: bool = False


@dataclass(frozen=True)
class Words:
    """One line of text; *y* is its baseline, *anchor* (start, middle, end) what of it is at *x*.

    *angle* turns it around that place, in degrees against the clock.
    """

    x: float
    y: float
    text: str
    colour: str = INK
    size: float = FONT_SIZE
    anchor: str = "start"
    bold: bool = False
    angle: float = 0.0


@dataclass(frozen=True)
class Told:
    """Parts that say *text* where a pointer rests on them.

    *of* is the variant that they show, by which the page's filter finds them.
    """

    text: str
    parts: tuple[Part, ...]
    of: str = ""


@dataclass(frozen=True)
class Drawing:
    """A picture, *width* by *height* pixels; what is said instead of it: *title*, *description*.

    *name* is its own within a page, and safe in an attribute.
    """

    name: str
    title: str
    description: str
    width: float
    height: float
    parts: tuple[Part, ...]


def all_words(parts: tuple[Part, ...]) -> Iterator[Words]:
    """Yield every text of *parts*, also those inside of others."""
    for part in parts:
        if isinstance(part, Words):
            yield part
        elif isinstance(part, Told):
            yield from all_words(part.parts)


def moved(parts: tuple[Part, ...], right: float, down: float) -> Iterator[Part]:
    """Yield *parts*, each *right* and *down* by so many pixels."""
    for part in parts:
        match part:
            case Dot() | Words():
                yield replace(part, x=part.x + right, y=part.y + down)
            case Strokes() | Areas():
                paths = (tuple((x + right, y + down) for x, y in path) for path in part.paths)
                yield replace(part, paths=tuple(paths))
            case Told():
                yield replace(part, parts=tuple(moved(part.parts, right, down)))
