"""Ratios with their intervals, a row a case, on a logarithmic axis around 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.figures import ratio_parts, significant
from harness.report.scale import log_ticks, shorten
from harness.report.vector import Vector, number, round_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from harness.analysis.estimate import Estimate

__all__ = ["Interval", "interval_chart", "reach_of"]

_WIDTH, _ROW, _TOP, _AXIS = 358.0, 22.0, 4.0, 24.0
_LEFT, _RIGHT = 126.0, 246.0
_LONGEST_NAME = 18
_LEAST_REACH = math.log(1.06)  # noise below that would fill the chart
_FARTHEST = 600.0  # of a log: what a float can be
_NEAREST = 27.0  # pixels between two labels of the axis
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
) -> Markup:
    """Draw *rows*; the band is what is too small to be claimed. Claimed differences are filled."""
    height = _TOP + _ROW * len(rows)
    drawing = Vector(_WIDTH, height + _AXIS, name, title, "; ".join(row.about for row in rows))

    def across(log: float) -> float:
        return _LEFT + (min(max(log / reach, -1), 1) + 1) / 2 * (_RIGHT - _LEFT)

    edge = math.log1p(threshold)
    drawing.band(across(-edge), 0, across(edge) - across(-edge), height, "v-band")
    for tick in _ticks(reach):
        x = across(math.log(tick))
        drawing.path([f"M{number(x)} 0V{number(height)}"], "v-one" if tick == 1 else "v-grid")
        drawing.text(x, height + 16, f"{tick:g}", "v-axis v-middle")
    for place, row in enumerate(rows):
        y = _TOP + _ROW * (place + 0.5)
        strong = " v-strong" if row.is_claimed else ""
        drawing.text(0, y + 4, shorten(row.name, _LONGEST_NAME), f"v-name{strong}")
        if row.ratio.low is not None and row.ratio.high is not None:
            start, end = (
                across(math.log(each or 1e-300)) for each in (row.ratio.low, row.ratio.high)
            )
            drawing.path(
                [f"M{number(start)} {number(y)}H{number(end)}"],
                "v-interval v-direct" if row.is_direct else "v-interval",
                colour=row.colour,
            )
        drawing.dot(
            across(math.log(row.ratio.value)),
            y,
            4.5,
            "v-claimed" if row.is_claimed else "v-open",
            colour=row.colour,
            tip=row.about,
        )
        drawing.text(_RIGHT + 10, y + 4, row.label, f"v-value{strong}")
    return drawing.svg()


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
