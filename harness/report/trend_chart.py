"""Trends: a row a variant, each with an axis of its own, so that a change of 5 % shows in all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.report.scale import shorten
from harness.report.vector import Vector, number, round_ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from markupsafe import Markup

__all__ = ["Break", "Trend", "TrendPoint", "trend_chart"]

_WIDTH, _LEFT, _RIGHT = 420.0, 54.0, 318.0
_NAME, _PLOT, _GAP, _AXIS, _HEAD = 21.0, 36.0, 9.0, 24.0, 18.0
_CHARACTER = 7.2
_LEAST_SPAN = 0.08  # of a log, or of the value: noise below that would fill a row
_NEAREST = 34.0  # pixels between two labels of the axis
_FARTHEST = 650.0  # of a log
_MANY = 40  # points whose dots would touch
_LONGEST_NAME = 44
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
) -> Markup:
    """Draw *rows* over *places*, the runs; a ring is a change that is claimed.

    *logarithmic*: equal ratios are equally high; else a row is drawn in steps, as counts are.
    """
    head = _HEAD if breaks else 0.0
    tall = _NAME + _PLOT + _GAP
    height = head + tall * len(rows)
    about = "; ".join(f"{row.name}: {row.about}" for row in rows)
    drawing = Vector(_WIDTH, height + _AXIS, name, title, about)
    pitch = (_RIGHT - _LEFT - 12) / max(1, len(places) - 1)

    def across(place: float) -> float:
        return _LEFT + 6 + place * pitch if len(places) > 1 else (_LEFT + _RIGHT) / 2

    _draw_breaks(drawing, breaks, across, height, head)
    _draw_places(drawing, places, across, height)
    parted = {each.place for each in breaks if each.parts}
    for index, row in enumerate(rows):
        top = head + tall * index + _NAME
        drawing.text(_LEFT, top - 8, shorten(row.name, _LONGEST_NAME), "v-name")
        low, high = _span(row, logarithmic=logarithmic)

        def down(value: float, top: float = top, low: float = low, high: float = high) -> float:
            share = (_scaled(value, logarithmic=logarithmic) - low) / (high - low)
            return top + (1 - min(max(share, -0.1), 1.1)) * _PLOT

        for tick in _row_ticks(low, high, logarithmic=logarithmic):
            y = down(tick)
            drawing.path([f"M{number(_LEFT)} {number(y)}H{number(_RIGHT)}"], "v-grid")
            drawing.text(_LEFT - 6, y + 4, tick_label(tick), "v-axis v-end")
        _draw_row(drawing, row, across, down, parted, steps=not logarithmic, joined=joined)
        y = down(row.points[-1].value)
        drawing.text(_RIGHT + 8, y + 4, row.label, "v-value")
    return drawing.svg()


def _draw_row(
    drawing: Vector,
    row: Trend,
    across: Callable[[float], float],
    down: Callable[[float], float],
    parted: set[int],
    *,
    steps: bool,
    joined: bool,
) -> None:
    drawing.path(
        (
            f"M{number(across(p.place))} {number(down(p.low))}V{number(down(p.high))}"
            for p in row.points
            if p.low is not None and p.high is not None
        ),
        "v-whisker",
        colour=row.colour,
    )
    if joined:
        drawing.path(_line(row, across, down, parted, steps=steps), "v-line", colour=row.colour)
    # A path of no length with round ends is a dot.
    drawing.path(
        (f"M{number(across(p.place))} {number(down(p.value))}h0" for p in row.points),
        "v-dots v-small" if len(row.points) > _MANY else "v-dots",
        colour=row.colour,
    )
    for point in row.points:
        if point.is_marked:
            drawing.dot(
                across(point.place),
                down(point.value),
                6,
                "v-ring",
                tip=f"{row.name}: {point.tip}",
            )


def _line(
    row: Trend,
    across: Callable[[float], float],
    down: Callable[[float], float],
    parted: set[int],
    *,
    steps: bool,
) -> Iterator[str]:
    before = None
    for point in row.points:
        x, y = number(across(point.place)), number(down(point.value))
        gap = before is None or any(before < place <= point.place for place in parted)
        if gap:
            yield f"M{x} {y}"
        elif steps:
            yield f"H{x}V{y}"
        else:
            yield f"L{x} {y}"
        before = point.place


def _draw_breaks(
    drawing: Vector,
    breaks: Sequence[Break],
    across: Callable[[float], float],
    height: float,
    head: float,
) -> None:
    taken: list[tuple[float, float]] = []
    # Where there is no room for all labels, those that matter most are written.
    for each in sorted(breaks, key=lambda each: not each.parts):
        x = across(each.place - 0.5)
        drawing.path([f"M{number(x)} {number(head - 3)}V{number(height)}"], "v-break", tip=each.tip)
        room = len(each.label) * _CHARACTER / 2
        start = min(max(x - room, 0), _WIDTH - 2 * room)
        if all(start > end or start + 2 * room < begin for begin, end in taken):
            drawing.text(start, 12, each.label, "v-axis")
            taken.append((start - 8, start + 2 * room + 8))


def _draw_places(
    drawing: Vector, places: Sequence[str], across: Callable[[float], float], height: float
) -> None:
    """Write the labels of the axis that have room, the last one always."""
    free = math.inf
    for place in range(len(places) - 1, -1, -1):
        x, half = across(place), max(len(places[place]) * _CHARACTER, _NEAREST - 12) / 2
        if x + half <= free:
            drawing.text(x, height + 15, places[place], "v-axis v-middle")
            free = x - half - 6


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
