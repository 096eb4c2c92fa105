"""Charts: times and counts by variant, and how both follow a parameter.

Lengths are CSS pixels. A chart takes the width that it is drawn in, and is as high as its rows
or its labels need.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.drawing import GRID, INK, MUTED, Areas, Dot, Drawing, Strokes, Told, Words
from harness.report.lettering import fitted, width_of
from harness.report.scale import Scale, linear_ticks, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.report.drawing import Part
    from harness.report.palette import Mark

__all__ = [
    "AXIS",
    "NARROW",
    "Bar",
    "Crossing",
    "Line",
    "Point",
    "bar_chart",
    "dot_chart",
    "line_chart",
    "ticks_below",
]

NARROW, WIDE = 340.0, 450.0  # of a chart by variant, and of one over a parameter
AXIS = 30.0  # what the labels of an axis take, below a chart by variant
_ROW, _LEFT, _SMALL = 40.0, 4.0, 11.0
_HEIGHT, _LABEL_GAP = 300.0, 16.0
_LONGEST_NAME = 0.34  # of a chart's width
_BEND_STEPS = 8
_CROSSING_BAND = 0.13


@dataclass(frozen=True)
class Bar:
    """One variant in a chart by variant; without a value its *note* says why."""

    name: str
    mark: Mark
    value: float | None
    label: str
    low: float | None = None
    high: float | None = None
    note: str = ""
    is_baseline: bool = False


@dataclass(frozen=True)
class Point:
    """One value of a line: its place on the axis of the parameter, and its interval."""

    place: int
    value: float
    label: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    """One variant over the values of a parameter."""

    name: str
    mark: Mark
    points: tuple[Point, ...]
    is_baseline: bool = False


@dataclass(frozen=True)
class Crossing:
    """Where one variant begins to be the better one, at places of the axis; *told* says which."""

    place: float
    label: str
    told: str
    low: float | None = None
    high: float | None = None


def dot_chart(
    bars: Sequence[Bar],
    name: str,
    title: str,
    tick_label: Callable[[float], str],
    width: float = NARROW,
) -> Drawing:
    """Draw values with their intervals: an axis in logarithms if they span much."""
    values = [v for bar in bars for v in (bar.value, bar.low, bar.high) if v is not None]
    scale = Scale.of(values, _LEFT, width - _room(bars))
    height = len(bars) * _ROW + AXIS
    parts: list[Part] = [*ticks_below(scale, height, tick_label)]
    parts += [
        Strokes((((x, 0), (x, height - AXIS)),), MUTED, dash=(2, 3))
        for bar in bars
        if bar.is_baseline and bar.value is not None
        for x in [scale(bar.value)]
    ]
    levels = [_level(row) for row in range(len(bars))]
    parts.append(Strokes(tuple(((_LEFT, y), (scale.end, y)) for y in levels), GRID))
    for bar, y in zip(bars, levels, strict=True):
        drawn: list[Part] = [_name(bar, y, width)]
        if bar.value is None:
            parts.append(Told(f"{bar.name}: {bar.note}", tuple(drawn), bar.name))
            continue
        end = scale(bar.value)
        if bar.low is not None and bar.high is not None:
            end = scale(bar.high)
            drawn.append(Strokes((((scale(bar.low), y), (end, y)),), bar.mark.colour, 2))
        drawn.append(Dot(scale(bar.value), y, bar.mark.marker, bar.mark.colour, 8.5))
        drawn.append(_beside(bar, end, y))
        parts.append(Told(f"{bar.name}: {bar.label}", tuple(drawn), bar.name))
    return Drawing(name, title, _describe(bars), width, height, tuple(parts))


def bar_chart(
    bars: Sequence[Bar],
    name: str,
    title: str,
    tick_label: Callable[[float], str],
    width: float = NARROW,
) -> Drawing:
    """Draw counts as bars from zero; a count of zero is a bar of no length with its label."""
    high = max([bar.value for bar in bars if bar.value is not None], default=0.0) or 1.0
    scale = Scale.linear(0, high, _LEFT, width - _room(bars), linear_ticks(high))
    height = len(bars) * _ROW + AXIS
    parts: list[Part] = [*ticks_below(scale, height, tick_label)]
    for row, bar in enumerate(bars):
        y = _level(row)
        drawn: list[Part] = [_name(bar, y, width)]
        if bar.value is not None:
            end = scale(bar.value)
            corners = ((_LEFT, y - 6), (end, y - 6), (end, y + 6), (_LEFT, y + 6))
            drawn += [Areas((corners,), bar.mark.colour), _beside(bar, end, y)]
        told = bar.note if bar.value is None else bar.label
        parts.append(Told(f"{bar.name}: {told}", tuple(drawn), bar.name))
    return Drawing(name, title, _describe(bars), width, height, tuple(parts))


def line_chart(
    lines: Sequence[Line],
    places: Sequence[str],
    name: str,
    title: str,
    tick_label: Callable[[float], str],
    width: float = WIDE,
    *,
    small_ticks: Sequence[float] = (),
    crossings: Sequence[Crossing] = (),
    mixed: bool = False,
) -> Drawing:
    """Draw one line per variant over *places*, evenly spaced, named at its right end.

    *small_ticks* stand between the places, without a label. Where lines are *mixed*, what is
    between two points is a mix of both values by the way gone from one to the other, which on an
    axis in logarithms is bent.
    """
    values = [
        v
        for line in lines
        for point in line.points
        for v in (point.value, point.low, point.high)
        if v is not None
    ]
    names = [fitted(line.name, width * _LONGEST_NAME) for line in lines]
    right = width - max(map(width_of, names)) - 37
    across = Scale.linear(-0.12, max(1, len(places) - 1) + 0.06, 54, right)
    top = 12.0 if not crossings else 30.0
    labels = _place_labels(places, across)
    axis = 14.0 + 16.0 * max(label.row + 1 for label in labels)
    height = max(_HEIGHT, len(lines) * _LABEL_GAP + 60) + top - 12 + axis - 30
    bottom = height - axis
    up = Scale.of(values, bottom, top, below=1.2, above=1.2, most=7)
    parts: list[Part] = [
        Strokes(tuple(((54, up(tick)), (right, up(tick))) for tick in up.ticks), GRID)
    ]
    parts += [Words(47, up(t) + 4, tick_label(t), MUTED, anchor="end") for t in up.ticks]
    for label in labels:
        y = bottom + 16 + 16 * label.row
        parts.append(Words(label.x, y, label.text, MUTED, anchor="middle"))
    if small_ticks:
        ticks = tuple(((across(t), bottom - 3), (across(t), bottom)) for t in small_ticks)
        parts.append(Strokes(ticks, MUTED, 0.8))
    parts += _crossings(crossings, across, top, bottom, width)
    for line in lines:
        parts.append(Told("", tuple(_line(line, places, across, up, mixed)), line.name))
    parts += _name_ends(lines, names, across, up)
    return Drawing(name, title, _describe_lines(lines, places, crossings), width, height, (*parts,))


def _room(bars: Sequence[Bar]) -> float:
    """Return the room right of the axis for the label of a value at its end."""
    return max(width_of(bar.label, bold=bar.is_baseline) for bar in bars) + 14


def _level(row: int) -> float:
    """Return how far below the top the mark of a row is; its name is above it."""
    return row * _ROW + 0.7 * _ROW


def ticks_below(scale: Scale, height: float, label: Callable[[float], str]) -> Iterator[Part]:
    """Yield the grid and the labels below it, as many as there is room for."""
    lines = tuple(((scale(tick), 0.0), (scale(tick), height - AXIS)) for tick in scale.ticks)
    yield Strokes(lines, GRID)
    end = -_SMALL
    for tick in scale.ticks:
        text = label(tick)
        half = width_of(text, _SMALL) / 2
        x = max(scale(tick), half)  # the first one does not leave the picture
        if x - half >= end + 4:
            yield Words(x, height - AXIS + 15.5, text, MUTED, _SMALL, "middle")
            end = x + half


def _name(bar: Bar, y: float, width: float) -> Words:
    note = f" ({bar.note})" if bar.note else " (baseline)" if bar.is_baseline else ""
    room = max(width - _LEFT - width_of(note), width / 3)
    text = fitted(fitted(bar.name, room) + note, width - _LEFT)
    return Words(_LEFT, y - 13, text, MUTED if bar.note else INK)


def _beside(bar: Bar, end: float, y: float) -> Words:
    return Words(end + 9, y + 4, bar.label, bold=bar.is_baseline)


@dataclass(frozen=True)
class _PlaceLabel:
    """The label of a place on the axis, in one of two rows."""

    x: float
    text: str
    row: int


def _place_labels(places: Sequence[str], across: Scale) -> list[_PlaceLabel]:
    """Return the labels of *places* in one row, or in two where they would touch."""
    step = across(1) - across(0)
    rows = 1 if max(map(width_of, places)) <= step - 6 else 2
    return [
        _PlaceLabel(across(index), fitted(text, step * rows - 6), index % rows)
        for index, text in enumerate(places)
    ]


def _crossings(
    crossings: Sequence[Crossing], across: Scale, top: float, bottom: float, width: float
) -> Iterator[Part]:
    """Yield a line where two variants change places, a band for its interval, and its label."""
    wide = [width_of(crossing.label, _SMALL, bold=True) for crossing in crossings]
    wanted = [across(crossing.place) for crossing in crossings]
    gap = max(wide, default=0.0) + 8
    half = gap / 2
    placed = spread(wanted, gap, across.start + half, max(across.end, width - half))
    for crossing, x, label_x in zip(crossings, wanted, placed, strict=True):
        drawn: list[Part] = []
        if crossing.low is not None and crossing.high is not None:
            low, high = across(crossing.low), across(crossing.high)
            band = ((low, top), (high, top), (high, bottom), (low, bottom))
            drawn.append(Areas((band,), MUTED, _CROSSING_BAND))
        path = ((label_x, top - 10), (x, top - 4), (x, bottom))
        drawn.append(Strokes((path,), MUTED, 1, (3, 2)))
        drawn.append(Words(label_x, top - 14, crossing.label, INK, _SMALL, "middle", bold=True))
        yield Told(crossing.told, tuple(drawn))


def _line(
    line: Line, places: Sequence[str], across: Scale, up: Scale, mixed: bool
) -> Iterator[Part]:
    colour = line.mark.colour
    yield Strokes((_course(line.points, across, up, mixed),), colour, 2)
    for point in line.points:
        x = across(point.place)
        drawn: list[Part] = []
        if point.low is not None and point.high is not None:
            drawn.append(Strokes((((x, up(point.low)), (x, up(point.high))),), colour, 1.5))
        drawn.append(Dot(x, up(point.value), line.mark.marker, colour, 6.5))
        yield Told(f"{line.name}, {places[point.place]}: {point.label}", tuple(drawn))


def _course(
    points: Sequence[Point], across: Scale, up: Scale, mixed: bool
) -> tuple[tuple[float, float], ...]:
    """Return the places that a line leads through."""
    steps = _BEND_STEPS if mixed and up.is_log else 1
    course = [(across(points[0].place), up(points[0].value))]
    for one, two in itertools.pairwise(points):
        for step in range(1, steps + 1):
            share = step / steps
            place = one.place + (two.place - one.place) * share
            value = one.value + (two.value - one.value) * share
            course.append((across(place), up(value)))
    return tuple(course)


def _name_ends(
    lines: Sequence[Line], names: Sequence[str], across: Scale, up: Scale
) -> Iterator[Part]:
    """Yield each line's name right of the axes, level with its end as far as there is room."""
    ends = [(across(line.points[-1].place), up(line.points[-1].value)) for line in lines]
    levels = spread([y for _, y in ends], _LABEL_GAP, up.end, up.start - 4)
    right = across.end
    for line, name, (x, y), level in zip(lines, names, ends, levels, strict=True):
        path = ((x + 5, y), (right + 22, level), (right + 28, level))
        drawn = (
            Strokes((path,), line.mark.colour, opacity=0.7),
            Words(right + 32, level + 4, name),
        )
        yield Told("", drawn, line.name)


def _describe(bars: Sequence[Bar]) -> str:
    return "; ".join(
        f"{bar.name}: {bar.label if bar.value is not None else bar.note}" for bar in bars
    )


def _describe_lines(
    lines: Sequence[Line], places: Sequence[str], crossings: Sequence[Crossing]
) -> str:
    told = [
        f"{line.name}: " + ", ".join(f"{places[p.place]} {p.label}" for p in line.points)
        for line in lines
    ]
    return "; ".join([*told, *(crossing.told for crossing in crossings)])
