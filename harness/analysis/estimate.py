"""Estimates: time and ratio of a case, each with a 95 % interval over rounds. Pure.

Values of one process are not independent, so the round is the unit: the ratio of a round
is the exponential of the median over its sweeps of log(variant / baseline), and the
interval is Student's t over the rounds' logs.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.student import quantile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.record import Timing

__all__ = [
    "Estimate",
    "estimate_ratio",
    "estimate_time",
    "round_logs",
    "target_is_met",
]

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A positive figure with the ends of its 95 % interval; no interval from one round."""

    value: float
    low: float | None
    high: float | None

    @property
    def half_width(self) -> float | None:
        """Half of the interval relative to the value: 0.02 is plus or minus 2 %."""
        if self.low is None or self.high is None:
            return None
        return (self.high - self.low) / 2 / self.value


def estimate_time(timing: Timing) -> Estimate | None:
    """Return seconds per operation: the mean of the logs of the rounds' medians."""
    logs = [math.log(statistics.median(values)) for values in timing.rounds.values() if values]
    return _from_logs(logs) if logs else None


def estimate_ratio(timing: Timing, baseline: Timing) -> Estimate | None:
    """Return the ratio of times to *baseline*, from values of the same round and sweep."""
    logs = round_logs(timing, baseline)
    return _from_logs(logs) if logs else None


def round_logs(timing: Timing, baseline: Timing) -> list[float]:
    """Return the log of each round's ratio, of the rounds that have both."""
    return [
        _round_log(timing.rounds[index], baseline.rounds[index])
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


def _round_log(values: Sequence[float], baseline: Sequence[float]) -> float:
    """Return the median over sweeps of log(value / baseline); an unfinished sweep is left out."""
    return statistics.median(
        math.log(value / base) for value, base in zip(values, baseline, strict=False)
    )


def _from_logs(logs: Sequence[float]) -> Estimate:
    mean = statistics.fmean(logs)
    if len(logs) < 2:
        return Estimate(math.exp(mean), None, None)
    margin = (
        quantile(0.5 + _CONFIDENCE / 2, len(logs) - 1)
        * statistics.stdev(logs)
        / math.sqrt(len(logs))
    )
    return Estimate(math.exp(mean), math.exp(mean - margin), math.exp(mean + margin))
