"""Ratios with their intervals, a row a case, on a logarithmic axis around 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.drawing import GRID, MUTED, Areas, Dot, Drawing, Strokes, Told, Words
from harness.report.figures import ratio_parts, significant
from harness.report.lettering import fitted
from harness.report.scale import log_ticks, round_ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.analysis.estimate import Estimate
    from harness.report.drawing import Part

__all__ = ["Interval", "interval_chart", "reach_of"]

_WIDTH, _ROW, _TOP, _AXIS = 366.0, 22.0, 4.0, 24.0
# The plot: names are left of it, figures right of it. As wide in every chart, so that those of one
# scenario, whose axes are alike, can be held against each other.
_LEFT, _RIGHT = 132.0, 256.0
_GAP, _SMALL = 10.0, 11.0
_LEAST_REACH = math.log(1.06)  # noise below that would fill the chart
_FARTHEST = 600.0  # of a log: what a float can be
_NEAREST = 29.0  # pixels between two labels of the axis
_WIDE = math.log(2)  # from here on ticks are like 1, 2, 5, 10


@dataclass(frozen=True)
class Interval:
    """One row. *is_claimed*: the difference is real; *note* says so in words.

    is_direct
        What the machine did between the runs is in it: it says little, and is drawn like that.
    """

    name: str
    colour: str
    ratio: Estimate
    is_claimed: bool
    note: str
    is_direct: bool = False

    @property
    def about(self) -> str:
        """The row in words."""
        return f"{self.name}: {self.label}, {self.note}{', direct' if self.is_direct else ''}"

    @property
    def label(self) -> str:
        """The ratio with half of its interval."""
        low, high = self.ratio.low, self.ratio.high
        half = None if low is None or high is None else (high - low) / 2
        return " ± ".join(filter(None, ratio_parts(self.ratio.value, half)))


def reach_of(rows: Sequence[Interval], threshold: float) -> float:
    """Return how far from 1, in logs, an axis must reach on both sides to show *rows*.

    Intervals that are much wider than everything else are cut, and so is what is direct.
    """
    values, ends = [0.0], [0.0]
    for row in [row for row in rows if not row.is_direct] or rows:
        values.append(abs(math.log(row.ratio.value)))
        ends += [
            abs(math.log(end)) for end in (row.ratio.low, row.ratio.high) if end is not None and end
        ]
    least = max(_LEAST_REACH, 2.5 * math.log1p(threshold))
    return min(max(least, 1.05 * min(max(ends), max(2 * max(values), 2 * least))), _FARTHEST)


def interval_chart(
    rows: Sequence[Interval], threshold: float, reach: float, name: str, title: str
) -> Drawing:
    """Draw *rows*; the band is what is too small to be claimed. Claimed differences are filled."""
    bottom = _TOP + _ROW * len(rows)

    def across(ratio: float) -> float:
        log = math.log(ratio) if ratio > 0 else -_FARTHEST
        return _LEFT + (min(max(log / reach, -1), 1) + 1) / 2 * (_RIGHT - _LEFT)

    low, high = across(1 / (1 + threshold)), across(1 + threshold)
    parts: list[Part] = [
        Areas((((low, 0), (high, 0), (high, bottom), (low, bottom)),), GRID),
        *_axis(_ticks(reach), across, bottom),
    ]
    for place, row in enumerate(rows):
        drawn = tuple(_row(row, _TOP + _ROW * (place + 0.5), across))
        parts.append(Told(row.about, drawn, row.name))
    described = "; ".join(row.about for row in rows)
    return Drawing(name, title, described, _WIDTH, bottom + _AXIS, tuple(parts))


def _row(row: Interval, y: float, across: Callable[[float], float]) -> Iterator[Part]:
    strong = row.is_claimed
    yield Words(0, y + 4, fitted(row.name, _LEFT - _GAP, bold=strong), bold=strong)
    low, high = row.ratio.low, row.ratio.high
    if low is not None and high is not None:
        path = ((across(low), y), (across(high), y))
        yield Strokes((path,), row.colour, 2, (2, 3) if row.is_direct else None)
    yield Dot(across(row.ratio.value), y, "o", row.colour, 9, hollow=not strong)
    text = fitted(row.label, _WIDTH - _RIGHT - _GAP, bold=strong)
    yield Words(_RIGHT + _GAP, y + 4, text, bold=strong)


def _axis(
    ticks: Sequence[float], across: Callable[[float], float], bottom: float
) -> Iterator[Part]:
    lines = {tick: ((across(tick), 0.0), (across(tick), bottom)) for tick in ticks}
    yield Strokes(tuple(line for tick, line in lines.items() if tick != 1), GRID)
    yield Strokes((lines[1],), MUTED)
    for tick in ticks:
        yield Words(across(tick), bottom + 16, f"{tick:g}", MUTED, _SMALL, "middle")


def _ticks(reach: float) -> list[float]:
    """Return 1 and what has room beside it, from there outwards."""
    low, high = math.exp(-reach), math.exp(reach)
    if reach > _WIDE:
        wanted = log_ticks(low, high)
    else:
        wanted = [float(significant(tick)) for tick in round_ticks(low, high, 4)]
    found = [1.0]
    for tick in sorted(wanted, key=lambda tick: abs(math.log(tick))):
        apart = min(abs(math.log(tick) - math.log(other)) for other in found) / (2 * reach)
        if apart * (_RIGHT - _LEFT) >= _NEAREST:
            found.append(tick)
    return sorted(found)
