"""Drift: does a child get faster or slower while it is measured? Pure.

In each round the trend of a variant is the S of H. B. Mann (Nonparametric tests against trend,
1945) and M. Kendall: how many pairs of its values rise, less how many fall. What all variants of
a sweep have in common is the machine's, and is taken away first. Values of one process are not
independent, which Mann's own variance supposes; rounds are. So a round counts as one observation,
and Student's t over rounds tells whether they have a trend in common (L. Frison and S. J. Pocock,
Repeated measures in clinical trials: analysis using mean summary statistics, 1992).
"""

from __future__ import annotations

import bisect
import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.estimate import from_logs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.record import Timing

__all__ = ["Trend", "kendall", "trends"]

_FEWEST_VALUES = 9  # three in each third of a round
_FEWEST_ROUNDS = 3
_A_CROWD = 3  # variants whose median tells the machine's part from one variant's own


@dataclass(frozen=True)
class Trend:
    """How a variant changes within its rounds.

    change
        Time of the last third of a round relative to the first, less 1: 0.04 is 4 % slower.
    p
        The two-sided p-value that there is no trend in common.
    """

    change: float
    p: float


def trends(timings: Mapping[str, Timing]) -> dict[str, Trend]:
    """Return the trend of each variant of a group that has rounds and values enough."""
    own: dict[str, list[list[float]]] = {variant: [] for variant in timings}
    for index in sorted({index for timing in timings.values() for index in timing.rounds}):
        for variant, series in _own(timings, index).items():
            if len(series) >= _FEWEST_VALUES:
                own[variant].append(series)
    return {
        variant: _trend(rounds) for variant, rounds in own.items() if len(rounds) >= _FEWEST_ROUNDS
    }


def _trend(rounds: Sequence[Sequence[float]]) -> Trend:
    p = from_logs([kendall(series) for series in rounds]).p
    return Trend(math.expm1(statistics.median(map(_change, rounds))), 1.0 if p is None else p)


def kendall(series: Sequence[float]) -> float:
    """Return Kendall's tau of *series* against its order: 1 if it only rises, -1 if it falls."""
    before: list[float] = []
    rising = 0
    for value in series:
        smaller = bisect.bisect_left(before, value)
        larger = len(before) - bisect.bisect_right(before, value)
        rising += smaller - larger
        before.insert(smaller, value)
    pairs = len(series) * (len(series) - 1) / 2
    return rising / pairs if pairs else 0.0


def _own(timings: Mapping[str, Timing], index: int) -> dict[str, list[float]]:
    """Return the logs of the values of a round by variant, less what each sweep has in common."""
    logs = {
        variant: [math.log(value) for value in timing.rounds[index]]
        for variant, timing in timings.items()
        if timing.rounds.get(index)
    }
    if len(logs) < _A_CROWD:
        return logs
    shared = [statistics.median(sweep) for sweep in zip(*logs.values(), strict=False)]
    return {
        variant: [log - common for log, common in zip(series, shared, strict=False)]
        for variant, series in logs.items()
    }


def _change(series: Sequence[float]) -> float:
    third = len(series) // 3
    return statistics.median(series[-third:]) - statistics.median(series[:third])
