"""Trends: a row a variant, each with an axis of its own, so that a change of 5 % shows in all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.report.drawing import GRID, INK, MUTED, Dot, Drawing, Strokes, Told, Words
from harness.report.lettering import fitted, width_of
from harness.report.scale import round_ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.report.drawing import Part, Place

__all__ = ["Break", "Trend", "TrendPoint", "trend_chart"]

_WIDTH, _LEFT, _RIGHT = 440.0, 54.0, 322.0
_NAME, _PLOT, _GAP, _AXIS, _HEAD = 21.0, 36.0, 9.0, 24.0, 18.0
_SMALL = 11.0
_LEAST_SPAN = 0.08  # of a log, or of the value: noise below that would fill a row
_FARTHEST = 650.0  # of a log
_MANY = 40  # points whose dots would touch
_TINY = 0.1  # pixels of a line that is a dot by its round ends
_LEAST_GAP = 13.0  # pixels between two ticks of a row


@dataclass(frozen=True)
class TrendPoint:
    """The figure of one run; *is_marked* if it really changed there, as *tip* says."""

    place: int
    value: float
    low: float | None = None
    high: float | None = None
    is_marked: bool = False
    tip: str = ""


@dataclass(frozen=True)
class Trend:
    """One variant: *label* is its newest figure, as it stands at the end of the row."""

    name: str
    colour: str
    points: tuple[TrendPoint, ...]
    label: str
    about: str


@dataclass(frozen=True)
class Break:
    """Something else changed before the run at *place*: no line leads over it if it *parts*."""

    place: int
    label: str
    tip: str
    parts: bool


def trend_chart(
    rows: Sequence[Trend],
    places: Sequence[str],
    breaks: Sequence[Break],
    tick_label: Callable[[float], str],
    name: str,
    title: str,
    *,
    logarithmic: bool,
    joined: bool = True,
) -> Drawing:
    """Draw *rows* over *places*, the runs; a ring is a change that is claimed.

    *logarithmic*: equal ratios are equally high; else a row is drawn in steps, as counts are.
    """
    head = _HEAD if breaks else 0.0
    tall = _NAME + _PLOT + _GAP
    bottom = head + tall * len(rows)
    pitch = (_RIGHT - _LEFT - 12) / max(1, len(places) - 1)

    def across(place: float) -> float:
        return _LEFT + 6 + place * pitch if len(places) > 1 else (_LEFT + _RIGHT) / 2

    parts: list[Part] = []
    grid: list[tuple[Place, Place]] = []
    parted = {each.place for each in breaks if each.parts}
    for index, row in enumerate(rows):
        top = head + tall * index + _NAME
        low, high = _span(row, logarithmic=logarithmic)

        def down(value: float, top: float = top, low: float = low, high: float = high) -> float:
            share = (_scaled(value, logarithmic=logarithmic) - low) / (high - low)
            return top + (1 - min(max(share, -0.1), 1.1)) * _PLOT

        for tick in _row_ticks(low, high, logarithmic=logarithmic):
            y = down(tick)
            text = fitted(tick_label(tick), _LEFT - 6, _SMALL)
            grid.append(((_LEFT, y), (_RIGHT, y)))
            parts.append(Words(_LEFT - 6, y + 4, text, MUTED, _SMALL, "end"))
        drawn: list[Part] = [Words(_LEFT, top - 8, fitted(row.name, _WIDTH - _LEFT))]
        drawn += _row(row, across, down, parted, steps=not logarithmic, joined=joined)
        label = fitted(row.label, _WIDTH - _RIGHT - 8)
        drawn.append(Words(_RIGHT + 8, down(row.points[-1].value) + 4, label))
        parts.append(Told("", tuple(drawn), row.name))
    beneath = (
        *_breaks(breaks, across, head, bottom),
        *_places(places, across, bottom),
        Strokes(tuple(grid), GRID),
    )
    described = "; ".join(f"{row.name}: {row.about}" for row in rows)
    return Drawing(name, title, described, _WIDTH, bottom + _AXIS, (*beneath, *parts))


def _row(
    row: Trend,
    across: Callable[[float], float],
    down: Callable[[float], float],
    parted: set[int],
    *,
    steps: bool,
    joined: bool,
) -> Iterator[Part]:
    spots = [(across(point.place), down(point.value)) for point in row.points]
    if joined:
        yield Strokes(tuple(_pieces(row.points, spots, parted, steps=steps)), row.colour, 1.6)
    # Beneath the marks of its run, which show within it.
    for point, (x, y) in zip(row.points, spots, strict=True):
        if point.is_marked:
            ring = Dot(x, y, "o", INK, 12, hollow=True)
            yield Told(f"{row.name}: {point.tip}", (ring,))
    whiskers = tuple(
        ((x, down(point.low)), (x, down(point.high)))
        for point, (x, _) in zip(row.points, spots, strict=True)
        if point.low is not None and point.high is not None
    )
    if whiskers:
        yield Strokes(whiskers, row.colour, 1.2, opacity=0.55)
    dots = tuple(((x - _TINY, y), (x + _TINY, y)) for x, y in spots)
    yield Strokes(dots, row.colour, 3 if len(spots) > _MANY else 5, rounded=True)


def _pieces(
    points: Sequence[TrendPoint], spots: Sequence[Place], parted: set[int], *, steps: bool
) -> Iterator[tuple[Place, ...]]:
    """Yield the pieces of a line, which ends before a place in *parted* and begins again there."""
    piece = [spots[0]]
    for (before, point), (x, y) in zip(pairwise(points), spots[1:], strict=True):
        if any(before.place < place <= point.place for place in parted):
            yield tuple(piece)
            piece = []
        elif steps:
            piece.append((x, piece[-1][1]))
        piece.append((x, y))
    yield tuple(piece)


def _breaks(
    breaks: Sequence[Break], across: Callable[[float], float], head: float, bottom: float
) -> Iterator[Part]:
    taken: list[tuple[float, float]] = []
    # Where there is no room for all labels, those that matter most are written.
    for each in sorted(breaks, key=lambda each: not each.parts):
        x, width = across(each.place - 0.5), width_of(each.label, _SMALL)
        drawn: list[Part] = [Strokes((((x, head - 3), (x, bottom)),), MUTED, dash=(3, 3))]
        start = min(max(x - width / 2, 0), _WIDTH - width)
        if all(start > end or start + width < begin for begin, end in taken):
            drawn.append(Words(start, 12, each.label, MUTED, _SMALL))
            taken.append((start - 8, start + width + 8))
        yield Told(each.tip, tuple(drawn))


def _places(
    places: Sequence[str], across: Callable[[float], float], bottom: float
) -> Iterator[Part]:
    """Yield the labels of the axis that have room, the last one always."""
    free = math.inf
    for place in range(len(places) - 1, -1, -1):
        width = width_of(places[place], _SMALL)
        x = min(max(across(place), width / 2), _WIDTH - width / 2)
        if x + width / 2 <= free:
            yield Words(x, bottom + 15, places[place], MUTED, _SMALL, "middle")
            free = x - width / 2 - 8


def _scaled(value: float, *, logarithmic: bool) -> float:
    if not logarithmic:
        return value
    return math.log(value) if value > 0 else -_FARTHEST


def _span(row: Trend, *, logarithmic: bool) -> tuple[float, float]:
    """Return the ends of the row's axis: around its values, and around their intervals if close."""
    values = [_scaled(p.value, logarithmic=logarithmic) for p in row.points]
    low, high = min(values), max(values)
    middle = (low + high) / 2
    least = _LEAST_SPAN if logarithmic else max(2.0, _LEAST_SPAN * abs(middle))
    room = max(high - low, least)
    ends = [
        _scaled(end, logarithmic=logarithmic)
        for p in row.points
        for end in (p.low, p.high)
        if end is not None
    ]
    near = [end for end in ends if low - room <= end <= high + room]
    low, high = min([low, *near]), max([high, *near])
    if high - low < least:
        middle = (low + high) / 2
        low, high = middle - least / 2, middle + least / 2
    return low, high


def _row_ticks(low: float, high: float, *, logarithmic: bool) -> list[float]:
    """Return three ticks or two, as many as have room for their labels."""
    ends = [max(low, 0.0), high]
    if logarithmic:
        ends = [math.exp(min(max(end, -_FARTHEST), _FARTHEST)) for end in (low, high)]
    for most in (3, 2):
        ticks = round_ticks(ends[0], ends[1], most)
        places = [_scaled(tick, logarithmic=logarithmic) * _PLOT / (high - low) for tick in ticks]
        if all(after - before >= _LEAST_GAP for before, after in pairwise(places)):
            return ticks
    return ticks[:1]
