"""Estimates: time and ratio of a case, each with a 95 % interval over rounds. Pure.

Values of one process are not independent, so the round is the unit: the ratio of a round
is the exponential of the median over its sweeps of log(variant / baseline), and the
interval is Student's t over the rounds' logs.

Rounds are added until intervals are narrow, and a look after each round is a chance to stop at
one that is narrow by luck: intervals of a single ratio that stop at the first look cover the truth
in 92 % of runs instead of 95 %. Where several ratios have to be narrow at once, luck does not
suffice. :func:`looks_needed` says how many looks in a row must agree
(``tests/analysis/test_coverage.py`` has the simulation; the effect is that of Y. S. Chow and
H. Robbins, On the asymptotic theory of fixed-width sequential confidence intervals, 1965).
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.student import cumulative, quantile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.record import Timing

__all__ = [
    "Estimate",
    "estimate_ratio",
    "estimate_time",
    "from_logs",
    "looks_needed",
    "round_log",
    "round_logs",
    "scatter",
    "target_is_met",
]

_CONFIDENCE = 0.95
_LOOKS = {1: 4, 2: 2}  # by the number of ratios; one is enough for more


@dataclass(frozen=True)
class Estimate:
    """A positive figure with the ends of its 95 % interval; no interval from one round.

    p
        For a ratio, the two-sided p-value of Student's t test that the truth is 1.
    """

    value: float
    low: float | None
    high: float | None
    p: float | None = None

    @property
    def half_width(self) -> float | None:
        """Half of the interval relative to the value: 0.02 is plus or minus 2 %."""
        if self.low is None or self.high is None:
            return None
        return (self.high - self.low) / 2 / self.value


def estimate_time(timing: Timing) -> Estimate | None:
    """Return seconds per operation: the mean of the logs of the rounds' medians."""
    logs = [math.log(statistics.median(values)) for values in timing.rounds.values() if values]
    return from_logs(logs) if logs else None


def estimate_ratio(timing: Timing, baseline: Timing) -> Estimate | None:
    """Return the ratio of times to *baseline*, from values of the same round and sweep."""
    logs = round_logs(timing, baseline)
    return from_logs(logs) if logs else None


def scatter(timing: Timing) -> float | None:
    """Return the standard deviation of single values, relative: 0.02 is 2 %.

    Of the logs of all values, within rounds and between them; None from fewer than two.
    """
    logs = [math.log(value) for values in timing.rounds.values() for value in values]
    if len(logs) < 2:
        return None
    # Not statistics.stdev(), which takes a microsecond for each value to be exact.
    mean = math.fsum(logs) / len(logs)
    return math.sqrt(math.fsum((log - mean) ** 2 for log in logs) / (len(logs) - 1))


def round_logs(timing: Timing, baseline: Timing) -> list[float]:
    """Return the log of each round's ratio, of the rounds that have both."""
    return [
        round_log(timing.rounds[index], baseline.rounds[index])
        for index in sorted(timing.rounds.keys() & baseline.rounds.keys())
        if timing.rounds[index] and baseline.rounds[index]
    ]


def target_is_met(
    timings: Mapping[str, Timing], references: Mapping[str, str], target: float
) -> bool:
    """Tell whether every ratio's interval is narrower than *target* (a relative half-width).

    *references* names what each one is compared with; nothing is asked of one that is its own.
    Where what it names is not among *timings*, the time itself has to be.
    """
    for variant, timing in timings.items():
        reference = timings.get(references[variant])
        if references[variant] == variant:
            continue
        estimate = estimate_time(timing) if reference is None else estimate_ratio(timing, reference)
        if estimate is None or estimate.half_width is None or estimate.half_width > target:
            return False
    return True


def looks_needed(ratios: int) -> int:
    """Return after how many rounds in a row *ratios* must be narrow enough to stop there."""
    return _LOOKS.get(ratios, 1)


def round_log(values: Sequence[float], baseline: Sequence[float]) -> float:
    """Return the median over sweeps of log(value / baseline); an unfinished sweep is left out."""
    return statistics.median(
        math.log(value / base) for value, base in zip(values, baseline, strict=False)
    )


def from_logs(logs: Sequence[float]) -> Estimate:
    """Return the estimate from the logs of independent rounds, one or more."""
    mean = statistics.fmean(logs)
    if len(logs) < 2:
        return Estimate(math.exp(mean), None, None)
    error = statistics.stdev(logs) / math.sqrt(len(logs))
    margin = quantile(0.5 + _CONFIDENCE / 2, len(logs) - 1) * error
    return Estimate(
        math.exp(mean), math.exp(mean - margin), math.exp(mean + margin), _p(mean, error, len(logs))
    )


def _p(mean: float, error: float, rounds: int) -> float:
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    return 2 * (1 - cumulative(abs(mean) / error, rounds - 1))
