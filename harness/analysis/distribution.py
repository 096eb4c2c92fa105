"""Distribution: how single values lie around a figure, round by round, and what they share. Pure.

A figure's interval is made of its rounds. What a reader who doubts it wants to see are they: are
they alike, do values scatter more within them than between, is one of them another's opposite. So
values are taken as the figure takes them: to the baseline's value of the same sweep, with what the
machine did meanwhile taken away; and what was taken away is shown beside it.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.analysis.estimate import estimate_ratio, estimate_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.record import GroupRecord, Timing

__all__ = ["Distribution", "RoundValues", "common_course", "distributions", "percentile"]

_PARTS = 4  # of a round, in the order of its sweeps
_FEWEST = 3  # values in such a part
_BINS = 8


@dataclass(frozen=True)
class RoundValues:
    """One round: where its values lie, relative to the figure: 0.02 is 2 % above it.

    ends, middle
        The 5th and the 95th percentile; the 25th and the 75th.
    course
        Medians of the round's parts (quarters, if it has values enough), in sweep order.
    """

    ends: tuple[float, float]
    middle: tuple[float, float]
    course: tuple[float, ...]


@dataclass(frozen=True)
class Distribution:
    """The values of one variant.

    is_ratio
        Whether they are ratios to the baseline, else times.
    value
        The figure that they are relative to: a ratio, or seconds per operation.
    low, high
        The ends of its 95 % interval, relative to it; None from one round.
    rounds
        In the order in which they were measured.
    values
        All values, relative to the figure.
    """

    variant: str
    is_ratio: bool
    value: float
    low: float | None
    high: float | None
    rounds: tuple[RoundValues, ...]
    values: tuple[float, ...]


def distributions(record: GroupRecord, baseline: str) -> Iterator[Distribution]:
    """Yield the distribution of each variant that was timed: to *baseline*, if that was too."""
    reference = record.timings.get(baseline)
    for variant, timing in record.timings.items():
        found = None
        if reference and variant != baseline:
            found = _distribution(variant, timing, reference)
        if found := found or _distribution(variant, timing, None):
            yield found


def common_course(record: GroupRecord) -> tuple[tuple[float, ...], ...]:
    """Return for each round how much slower all variants were than on average, as it went on.

    That is the median over variants of a sweep's times relative to each one's own figure, and of
    these the medians of eight parts of the round, fewer where it has fewer sweeps.
    """
    figures = {name: estimate_time(timing) for name, timing in record.timings.items()}
    courses = []
    for index in sorted({index for timing in record.timings.values() for index in timing.rounds}):
        series = [
            [value / figure.value - 1 for value in timing.rounds[index]]
            for name, timing in record.timings.items()
            if timing.rounds.get(index) and (figure := figures[name])
        ]
        sweeps = [statistics.median(sweep) for sweep in zip(*series, strict=False)]
        if sweeps:
            courses.append(_medians(sweeps, _BINS, 1))
    return tuple(courses)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value that *share* of *ordered* is below, between two of them if need be."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _distribution(variant: str, timing: Timing, reference: Timing | None) -> Distribution | None:
    estimate = estimate_ratio(timing, reference) if reference else estimate_time(timing)
    if estimate is None:
        return None
    series = [
        [value / estimate.value - 1 for value in values]
        for index in sorted(timing.rounds)
        if (values := _values(timing, reference, index))
    ]
    return Distribution(
        variant,
        reference is not None,
        estimate.value,
        None if estimate.low is None else estimate.low / estimate.value - 1,
        None if estimate.high is None else estimate.high / estimate.value - 1,
        tuple(map(_round_values, series)),
        tuple(value for values in series for value in values),
    )


def _values(timing: Timing, reference: Timing | None, index: int) -> list[float]:
    values = timing.rounds[index]
    if reference is None:
        return [*values]
    paired = zip(values, reference.rounds.get(index, ()), strict=False)
    return [value / base for value, base in paired]


def _round_values(values: Sequence[float]) -> RoundValues:
    ordered = sorted(values)
    low, lower, upper, high = (percentile(ordered, share) for share in (0.05, 0.25, 0.75, 0.95))
    return RoundValues((low, high), (lower, upper), _medians(values, _PARTS, _FEWEST))


def _medians(values: Sequence[float], parts: int, fewest: int) -> tuple[float, ...]:
    """Return the medians of *parts* stretches of *values*, each of *fewest* or more."""
    count = max(1, min(parts, len(values) // fewest))
    cuts = [round(len(values) * part / count) for part in range(count + 1)]
    return tuple(statistics.median(values[start:end]) for start, end in pairwise(cuts))
