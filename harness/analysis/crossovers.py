"""Crossovers: the shares at which two variants cost the same. Pure.

By the cost model (:mod:`harness.analysis.costs`) the difference of two times is a line over the
share, and where it is zero is the quotient of two estimates. Its interval is all the shares at
which the difference does not exclude zero (E. C. Fieller, Some problems in interval estimation,
1954). Both times come from the same rounds, so the variance is that of their difference. A
crossover is stated only where one variant is cheaper at 0 % and the other at 100 %, by more than
the interval and by more than the plan's threshold.

Where the pair's ratio does not follow the model, the model is not asked: if the cheaper one
changes once among the shares that were measured, the crossover lies between the two shares where
that is real. Allocations are counted, not sampled: where their difference lies on a line, the
crossover is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from harness.analysis.decision import is_large
from harness.analysis.fitting import margin, mean_log, straight, variance, variances

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from harness.analysis.costs import CostModel
    from harness.analysis.fitting import Fit, TimeFit

__all__ = ["SAME_COUNT", "Crossover", "allocation_crossovers", "crossovers"]

SAME_COUNT = 0.05
"""Allocations per operation by which two variants may differ and still make as many."""

# A ratio is known better than a time: what drifts between groups is not in it.
_TOLERANCE = 0.05


@dataclass(frozen=True)
class Crossover:
    """Where two variants cost the same: *below* is cheaper below *share*, *above* above it.

    share
        Share of synchronous completions, 0 to 1.
    low, high
        The ends of its 95 % interval; those of allocations are equal to it, as it is exact.
    extrapolated
        Whether it lies outside of the shares that were measured.
    bracketed
        Whether the cost model does not hold for the pair: *low* and *high* are then the two
        measured shares between which it lies, and *share* is interpolated.
    """

    below: str
    above: str
    share: float
    low: float
    high: float
    extrapolated: bool = False
    bracketed: bool = False


def crossovers(model: CostModel, among: Collection[str] | None = None) -> tuple[Crossover, ...]:
    """Return the crossovers in time of all pairs of variants, or of those *among* some.

    By rising share.
    """
    times = [each for each in model.times.items() if among is None or each[0] in among]
    pairs = combinations(times, 2)
    found = [_of_times(one, other, model) for one, other in pairs]
    return _sorted(found)


def allocation_crossovers(model: CostModel) -> tuple[Crossover, ...]:
    """Return the crossovers in the number of allocations, by rising share."""
    counted = [(name, c.allocations) for name, c in model.variants.items() if c.allocations]
    return _sorted([_of_counts(one, other, model) for one, other in combinations(counted, 2)])


def _sorted(found: Sequence[Crossover | None]) -> tuple[Crossover, ...]:
    return tuple(sorted(filter(None, found), key=lambda c: (c.share, c.below, c.above)))


def _of_times(
    one: tuple[str, TimeFit], other: tuple[str, TimeFit], model: CostModel
) -> Crossover | None:
    names, (first, second) = (one[0], other[0]), (one[1], other[1])
    compared = _compared(first, second, model.threshold)
    if not all(each.fits for each in compared):
        signs = [(each.share, each.sign, each.difference) for each in compared]
        return _bracketed(names, signs, model)
    found = _fieller(first, second)
    if found is None or not _differ_at_the_ends(first, second, model.threshold):
        return None
    share, low, high = found
    below, above = names if first.asynchronous < second.asynchronous else names[::-1]
    return Crossover(below, above, share, low, high, _outside(share, model))


def _of_counts(one: tuple[str, Fit], other: tuple[str, Fit], model: CostModel) -> Crossover | None:
    names, (first, second) = (one[0], other[0]), (one[1], other[1])
    values = [dict(zip(fit.shares, fit.values, strict=True)) for fit in (first, second)]
    differences = {
        share: values[0][share] - values[1][share]
        for share in sorted(values[0].keys() & values[1].keys())
    }
    line = straight(differences) if len(differences) > 1 else None
    if line is None:
        signs = [
            (share, _sign(d) if abs(d) >= SAME_COUNT else 0, d) for share, d in differences.items()
        ]
        return _bracketed(names, signs, model)
    zero, full = line
    if min(abs(zero), abs(full)) < SAME_COUNT or _sign(zero) == _sign(full):
        return None
    share = zero / (zero - full)
    below, above = names if zero < 0 else names[::-1]
    return Crossover(below, above, share, share, share, _outside(share, model))


@dataclass(frozen=True)
class _Compared:
    """Two variants in one group: who is really cheaper, and whether their lines say the same."""

    share: float
    difference: float
    sign: int
    fits: bool


def _compared(first: TimeFit, second: TimeFit, threshold: float) -> list[_Compared]:
    others = {part.share: part for part in second.parts}
    found = []
    for part in first.parts:
        other = others.get(part.share)
        common = part.logs.keys() & other.logs.keys() if other else set()
        if other is None or not common:
            continue
        log = mean_log({i: part.logs[i] - other.logs[i] for i in common})
        half = margin([variance([(1.0, part), (-1.0, other)])])
        line, level = first.at(part.share), second.at(part.share)
        expected = math.log(line / level) if line > 0 and level > 0 else math.inf
        real = half is not None and abs(log) > half and is_large(math.exp(log), threshold)
        sign = _sign(log) if real else 0
        off = half is not None and abs(log - expected) > max(half, math.log1p(_TOLERANCE))
        against = sign != 0 and _sign(expected) == -sign
        difference = math.expm1(log) * math.exp(mean_log(other.logs))
        found.append(_Compared(part.share, difference, sign, fits=not off and not against))
    return found


def _bracketed(
    names: tuple[str, str], signs: Sequence[tuple[float, int, float]], model: CostModel
) -> Crossover | None:
    """Return the crossover between two measured shares, if the cheaper one changes once."""
    told = [each for each in signs if each[1] != 0]
    changes = [(a, b) for a, b in pairwise(told) if a[1] != b[1]]
    if len(changes) != 1:
        return None
    ((low, sign, before), (high, _, after)) = changes[0]
    share = low + (high - low) * before / (before - after)
    below, above = names if sign < 0 else names[::-1]
    return Crossover(below, above, share, low, high, _outside(share, model), bracketed=True)


def _fieller(first: TimeFit, second: TimeFit) -> tuple[float, float, float] | None:
    """Return share, low and high within 0 and 1; None where the interval is not within."""
    zero = first.asynchronous - second.asynchronous
    slope = (first.synchronous - second.synchronous) - zero
    if slope == 0 or not 0 <= -zero / slope <= 1:
        return None
    share = -zero / slope
    half = margin(_difference(first, second, share))
    if half is None:
        return None
    several = [_difference(first, second, at) for at in (0.0, 0.5, 1.0)]
    totals = [math.fsum(each or 0.0 for each, _ in parts) for parts in several]
    total = math.fsum(each or 0.0 for each, _ in _difference(first, second, share))
    # Student's t, squared, at the degrees of freedom that the difference has at the crossover.
    squared = half**2 / total if total > 0 else 0.0
    # The variance is a parabola over the share: v0 + v1 p + v2 p^2, through three points.
    v0, middle, end = totals
    v2 = 2 * (v0 + end) - 4 * middle
    v1 = end - v0 - v2
    a = slope**2 - squared * v2
    b = zero * slope - squared * v1 / 2
    c = zero**2 - squared * v0
    if a <= 0:
        return None
    root = math.sqrt(max(0.0, b * b - a * c))
    low, high = (-b - root) / a, (-b + root) / a
    return (share, low, high) if low >= 0 and high <= 1 else None


def _differ_at_the_ends(first: TimeFit, second: TimeFit, threshold: float) -> bool:
    pairs = (
        (first.asynchronous, second.asynchronous),
        (first.synchronous, second.synchronous),
    )
    return all(one == 0 or other == 0 or is_large(one / other, threshold) for one, other in pairs)


def _difference(first: TimeFit, second: TimeFit, share: float) -> list[tuple[float | None, int]]:
    return variances(((1.0, first), (-1.0, second)), share)


def _outside(share: float, model: CostModel) -> bool:
    return not model.shares[0] <= share <= model.shares[-1]


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
