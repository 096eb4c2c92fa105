"""Scatter: time against allocations, and the variants that no other beats in both."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import dist
from typing import TYPE_CHECKING

from harness.report.drawing import FONT_SIZE, GRID, MUTED, Dot, Drawing, Strokes, Told, Words
from harness.report.labels import Box, beside_points
from harness.report.lettering import DESCENT, fitted, width_of
from harness.report.scale import Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.report.drawing import Part
    from harness.report.palette import Mark

__all__ = ["Spot", "frontier", "scatter_chart"]

_WIDTH = 450.0
_HEIGHTS = (300.0, 340.0, 400.0, 480.0)
_LEFT, _TOP, _RIGHT, _BOTTOM = 54.0, 12.0, 14.0, 46.0
_LONGEST_NAME = 0.34  # of the width
_LINE = FONT_SIZE * 1.15
_LEADER = 12.0
_SMALL = 11.0


@dataclass(frozen=True)
class Spot:
    """One variant: allocations and nanoseconds per operation; *label* says both."""

    name: str
    mark: Mark
    allocations: float
    time_ns: float
    label: str
    low: float | None = None
    high: float | None = None


def frontier(spots: Sequence[Spot]) -> list[Spot]:
    """Return those that no other beats in one of the two without losing in the other.

    By rising allocations. Of several alike in both, all.
    """

    def beaten(spot: Spot) -> bool:
        return any(
            other.allocations <= spot.allocations
            and other.time_ns <= spot.time_ns
            and (other.allocations, other.time_ns) != (spot.allocations, spot.time_ns)
            for other in spots
        )

    kept = [spot for spot in spots if not beaten(spot)]
    return sorted(kept, key=lambda spot: (spot.allocations, -spot.time_ns))


def scatter_chart(
    spots: Sequence[Spot],
    name: str,
    title: str,
    time_label: Callable[[float], str],
    count_label: Callable[[float], str],
    width: float = _WIDTH,
) -> Drawing:
    """Draw a dot per variant with its name beside it, and the frontier as a line.

    The picture grows in height until every name has a place of its own; where that would not
    do, it says how many are left out.
    """
    best = frontier(spots)
    names = [fitted(spot.name, width * _LONGEST_NAME, bold=spot in best) for spot in spots]
    sizes = [
        (width_of(name, bold=spot in best) + 2, _LINE)
        for name, spot in zip(names, spots, strict=True)
    ]
    times = [v for s in spots for v in (s.time_ns, s.low, s.high) if v is not None]
    counts = [spot.allocations for spot in spots]
    for height, across_lines in [*((height, False) for height in _HEIGHTS), (_HEIGHTS[-1], True)]:
        across = Scale.of_counts(counts, _LEFT + 16, width - _RIGHT - 20)
        up = Scale.log(times, height - _BOTTOM - 20, _TOP + 8)
        points = [(across(spot.allocations), up(spot.time_ns)) for spot in spots]
        inside = Box(_LEFT, 0, width, height - _BOTTOM)
        stairs = _stairs(best, across, up, width)
        whiskers = [_whisker(spot, across, up) for spot in spots]
        lines = [*pairwise(stairs), *filter(None, whiskers)]
        boxes = beside_points(points, sizes, inside, lines, across=across_lines)
        if None not in boxes:
            break
    parts: list[Part] = [*_axes(across, up, width, height, time_label, count_label)]
    parts.append(Strokes((stairs,), MUTED, 1.2, (4, 3)))
    for spot, text, point, whisker, box in zip(spots, names, points, whiskers, boxes, strict=True):
        drawn: list[Part] = []
        if box and dist(point, near := box.nearest(point)) > _LEADER:
            drawn.append(Strokes(((point, near),), spot.mark.colour, opacity=0.7))
        if whisker:
            drawn.append(Strokes((whisker,), spot.mark.colour, 1.5))
        drawn.append(Dot(*point, spot.mark.marker, spot.mark.colour, 8.5))
        if box:
            baseline = box.bottom - DESCENT * FONT_SIZE
            drawn.append(Words(box.left + 1, baseline, text, bold=spot in best))
        parts.append(Told(f"{spot.name}: {spot.label}", tuple(drawn), spot.name))
    if unnamed := boxes.count(None):
        told = f"without room for {unnamed} name{'s' if unnamed > 1 else ''}"
        parts.append(Words(_LEFT, height - 8, told, MUTED, _SMALL))
    return Drawing(name, title, _describe(spots, best), width, height, tuple(parts))


def _axes(
    across: Scale,
    up: Scale,
    width: float,
    height: float,
    time_label: Callable[[float], str],
    count_label: Callable[[float], str],
) -> Iterator[Part]:
    bottom = height - _BOTTOM
    rows = tuple(((_LEFT, up(tick)), (width, up(tick))) for tick in up.ticks)
    columns = tuple(((across(tick), 0.0), (across(tick), bottom)) for tick in across.ticks)
    yield Strokes(rows + columns, GRID)
    for tick in up.ticks:
        yield Words(_LEFT - 7, up(tick) + 4, time_label(tick), MUTED, anchor="end")
    for tick in across.ticks:
        yield Words(across(tick), bottom + 16, count_label(tick), MUTED, anchor="middle")
    yield Words(width, height - 8, "allocations per operation", MUTED, anchor="end")


def _stairs(
    best: Sequence[Spot], across: Scale, up: Scale, width: float
) -> tuple[tuple[float, float], ...]:
    """Return a staircase through the frontier: what is left of it and below is not to be had."""
    path = [(across(best[0].allocations), 0.0)]
    for one, two in pairwise(best):
        path += [(across(one.allocations), up(one.time_ns))]
        path += [(across(two.allocations), up(one.time_ns))]
    last = best[-1]
    end = (across(last.allocations), up(last.time_ns))
    return (*path, end, (width, end[1]))


def _whisker(
    spot: Spot, across: Scale, up: Scale
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    if spot.low is None or spot.high is None:
        return None
    x = across(spot.allocations)
    return (x, up(spot.low)), (x, up(spot.high))


def _describe(spots: Sequence[Spot], best: Sequence[Spot]) -> str:
    told = [f"{spot.name}: {spot.label}" for spot in spots]
    return "; ".join([*told, f"beaten by none in both: {', '.join(spot.name for spot in best)}"])
