"""Standalone: a chart on a sheet of its own that says what, of what, on what, and by whom. Pure.

What the page tells around a chart goes with it: its title, how to read it, the scenario and its
parameters, the runtime, and a line with the source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.report.drawing import INK, MUTED, PAPER, Areas, Words, moved
from harness.report.lettering import fitted, width_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.report.drawing import Drawing, Part

__all__ = ["Caption", "on_sheet", "wrapped"]

_MARGIN, _LARGE, _SMALL = 20.0, 17.0, 11.0
_LINE, _SMALL_LINE = 18.0, 15.0


@dataclass(frozen=True)
class Caption:
    """What is said around a chart.

    title, subject
        What is drawn, and of what: the scenario and its parameters.
    note
        How to read it: units, intervals.
    source
        The runtime, the version of awaitbench, when it was measured.
    """

    title: str
    subject: str
    note: str
    source: str


def on_sheet(drawing: Drawing, caption: Caption) -> Drawing:
    """Return *drawing* with its caption around it, and a margin."""
    room = drawing.width
    parts: list[Part] = []
    y = _MARGIN + _LARGE
    title = fitted(caption.title, room, _LARGE, bold=True)
    parts.append(Words(_MARGIN, y, title, INK, _LARGE, bold=True))
    y += 6
    for line in wrapped(caption.subject, room):
        y += _LINE
        parts.append(Words(_MARGIN, y, line))
    y += 2
    for line in wrapped(caption.note, room, _SMALL):
        y += _SMALL_LINE
        parts.append(Words(_MARGIN, y, line, MUTED, _SMALL))
    y += 18
    parts += moved(drawing.parts, _MARGIN, y)
    y += drawing.height + 8
    for line in wrapped(caption.source, room, _SMALL):
        y += _SMALL_LINE
        parts.append(Words(_MARGIN, y, line, MUTED, _SMALL))
    width, height = drawing.width + 2 * _MARGIN, y + _MARGIN
    sheet = Areas((((0, 0), (width, 0), (width, height), (0, height)),), PAPER)
    return replace(
        drawing,
        title=f"{caption.title}: {caption.subject}",
        width=width,
        height=height,
        parts=(sheet, *parts),
    )


def wrapped(text: str, width: float, size: float = 12.0) -> Iterator[str]:
    """Yield *text* in lines of *width* pixels or less; a longer word loses its middle."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if width_of(longer, size) <= width:
            line = longer
            continue
        if line:
            yield line
        line = fitted(word, width, size)
    if line:
        yield line
