"""Fitting: a cost against the share of synchronous completions, as a mixture of two costs. Pure.

An operation either completes synchronously or it does not, so what it costs on average is
p times the one and 1 - p times the other. Both are found by weighted least squares and are never
negative (C. L. Lawson and R. J. Hanson, Solving Least Squares Problems, 1974, chapter 23; with two
unknowns a negative one is set to zero and the other is fitted alone).

Times scatter in proportion to themselves, so that a time's weight is the inverse of its square,
by the number of its rounds. How far its rounds really scatter is left out of the weights: estimated
from three to five rounds it is so inexact that a share which is narrow by luck would decide alone.
It is used for the intervals: what the fit says at a share is a weighted sum of the independent
groups, whose variances are added, with the degrees of freedom of F. E. Satterthwaite (An
approximate distribution of estimates of variance components, 1946).
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from harness.analysis.student import quantile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "TOLERANCE",
    "Deviation",
    "Fit",
    "Interval",
    "Part",
    "TimeFit",
    "covariance",
    "fit_counts",
    "fit_times",
    "margin",
    "mean_log",
    "straight",
    "variance",
    "variances",
]

TOLERANCE = 0.1
"""A relative deviation up to which a line is said to hold: groups are measured minutes apart, and
the machine drifts by some percent between them."""

_EXACT = 0.005  # allocations or bytes per operation: what two decimals do not show


@dataclass(frozen=True)
class Interval:
    """A figure and the ends of its 95 % interval; None where one round was measured."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Deviation:
    """How far what was measured at *share* lies from the line.

    relative
        What was measured, relative to the line, less 1; None where the line is zero.
    intervals
        The deviation in units of half of the interval of what was measured; None without one.
    """

    share: float
    relative: float | None
    intervals: float | None


@dataclass(frozen=True)
class Fit:
    """Cost = p · *synchronous* + (1 - p) · *asynchronous*, fitted to *values* at *shares*.

    r_squared
        The share of the weighted variation that the line explains; None with two shares, through
        which a line always goes, and where nothing varies.
    deviation
        The largest one; None with two shares.
    holds
        Whether no deviation is large; see *warning* for what is.
    """

    synchronous: float
    asynchronous: float
    shares: tuple[float, ...]
    values: tuple[float, ...]
    r_squared: float | None
    deviation: Deviation | None
    holds: bool

    def at(self, share: float) -> float:
        """Return the cost at *share*, 0 to 1."""
        return share * self.synchronous + (1 - share) * self.asynchronous

    @property
    def is_exact(self) -> bool:
        """Whether every value lies on the line as far as two decimals show."""
        return all(
            abs(value - self.at(share)) < _EXACT
            for share, value in zip(self.shares, self.values, strict=True)
        )


@dataclass(frozen=True)
class Part:
    """What the group measured at *share* adds to both costs of a fit.

    The value of a group has the log that is the mean of *logs* (round -> log of the time), and
    enters the asynchronous cost with *asynchronous*, the synchronous one with *synchronous*: the
    value multiplied by its coefficient.
    """

    share: float
    asynchronous: float
    synchronous: float
    logs: Mapping[int, float]

    @cached_property
    def deviations(self) -> tuple[float, ...]:
        """The logs less their mean, in the order of the rounds."""
        mean = mean_log(self.logs)
        return tuple(self.logs[index] - mean for index in sorted(self.logs))

    def at(self, share: float) -> float:
        """Return what it adds to the cost at *share*."""
        return share * self.synchronous + (1 - share) * self.asynchronous


@dataclass(frozen=True)
class TimeFit(Fit):
    """A fit of times in nanoseconds, whose *parts* say how exact it is."""

    parts: tuple[Part, ...]

    def interval(self, share: float) -> Interval:
        """Return the cost at *share* with its 95 % interval."""
        value = self.at(share)
        half = margin(variances(((1.0, self),), share))
        if half is None:
            return Interval(value, None, None)
        return Interval(value, max(0.0, value - half), value + half)


def fit_times(groups: Mapping[float, Mapping[int, float]]) -> TimeFit:
    """Return the fit of times: share -> round -> log of nanoseconds; two shares or more."""
    shares = sorted(groups)
    values = [math.exp(mean_log(groups[share])) for share in shares]
    weights = [len(groups[share]) / v**2 for share, v in zip(shares, values, strict=True)]
    low, high = _coefficients(shares, values, weights)
    parts = tuple(
        Part(share, value * at_zero, value * at_one, groups[share])
        for share, value, at_zero, at_one in zip(shares, values, low, high, strict=True)
    )
    plain = _fit(shares, values, weights, low, high)
    deviation = _largest(plain, [_half_width(groups[share]) for share in shares])
    return TimeFit(
        plain.synchronous,
        plain.asynchronous,
        plain.shares,
        plain.values,
        plain.r_squared,
        deviation,
        holds=deviation is None or not _is_large(deviation),
        parts=parts,
    )


def fit_counts(values: Mapping[float, float]) -> Fit:
    """Return the fit of counts, which are not sampled: share -> count; two shares or more."""
    shares = sorted(values)
    counts = [values[share] for share in shares]
    weights = [1.0] * len(shares)
    fit = _fit(shares, counts, weights, *_coefficients(shares, counts, weights))
    deviation = _largest(fit, [None] * len(shares))
    return Fit(
        # Sums of exact counts are exact but for the last bits, which would show as "<0.01".
        round(fit.synchronous, 9),
        round(fit.asynchronous, 9),
        fit.shares,
        fit.values,
        fit.r_squared,
        deviation,
        holds=deviation is None or fit.is_exact or not _is_large(deviation),
    )


def mean_log(logs: Mapping[int, float]) -> float:
    """Return the mean over rounds."""
    return math.fsum(logs.values()) / len(logs)


def covariance(one: Mapping[int, float], other: Mapping[int, float]) -> float | None:
    """Return the covariance of the means of two variants' logs, from the rounds of both.

    Of one with itself, the variance of its mean. None from fewer than two rounds in common.
    """
    common = one.keys() & other.keys()
    if len(common) < 2:
        return None
    first, second = ([logs[index] for index in sorted(common)] for logs in (one, other))
    return statistics.covariance(first, second) * len(common) / (len(one) * len(other))


def variances(
    weighted: Iterable[tuple[float, TimeFit]], share: float
) -> list[tuple[float | None, int]]:
    """Return for each group its part in the variance of a weighted sum of fits at *share*.

    With its degrees of freedom. The groups are independent; within one, the fits' rounds are pairs.
    """
    parts: dict[float, list[tuple[float, Part]]] = {}
    for factor, fit in weighted:
        for part in fit.parts:
            parts.setdefault(part.share, []).append((factor * part.at(share), part))
    return [variance(terms) for terms in parts.values()]


def variance(terms: Sequence[tuple[float, Part]]) -> tuple[float | None, int]:
    """Return the variance of a weighted sum of the means of one group, and degrees of freedom."""
    _, first = terms[0]
    if all(part.logs.keys() == first.logs.keys() for _, part in terms):
        return _variance_of_pairs(terms)
    rounds: set[int] = set.intersection(*({*part.logs} for _, part in terms))
    total = 0.0
    for index, (factor, part) in enumerate(terms):
        for other_factor, other in terms[: index + 1]:
            found = covariance(part.logs, other.logs)
            if found is None:
                return None, 0
            total += (1 if part is other else 2) * factor * other_factor * found
    return max(0.0, total), len(rounds) - 1


def _variance_of_pairs(terms: Sequence[tuple[float, Part]]) -> tuple[float | None, int]:
    """Return the same where all terms have the same rounds, as they do but where one failed."""
    number = len(terms[0][1].logs)
    if number < 2:
        return None, 0
    weighted = [[factor * each for each in part.deviations] for factor, part in terms]
    squares = math.fsum(math.fsum(several) ** 2 for several in zip(*weighted, strict=True))
    return squares / (number - 1) / number, number - 1


def margin(parts: Iterable[tuple[float | None, int]]) -> float | None:
    """Return half of the 95 % interval of a sum of independent figures.

    Each has an estimated variance and its degrees of freedom; None where one has no variance.
    """
    known = []
    for part, degrees in parts:
        if part is None:
            return None
        if part > 0:
            known.append((part, degrees))
    if not known:
        return 0.0
    total = math.fsum(part for part, _ in known)
    squares = math.fsum((part / total) ** 2 / degrees for part, degrees in known)
    return _quantile(1 / squares) * math.sqrt(total)


def _quantile(degrees: float) -> float:
    """Return Student's t of a 95 % interval, between whole degrees of freedom by their inverse."""
    below = max(1, math.floor(degrees + 1e-9))
    part = (1 / below - 1 / max(degrees, below)) * below * (below + 1)
    low, high = quantile(0.975, below), quantile(0.975, below + 1)
    return low + part * (high - low)


def straight(values: Mapping[float, float]) -> tuple[float, float] | None:
    """Return the values at 0 and at 1 of the line through all of *values*; None if none is.

    They may be negative: differences of counts, by share.
    """
    shares = sorted(values)
    counts = [values[share] for share in shares]
    low, high = _unbounded(shares, [1.0] * len(shares))
    zero, one = _sum(low, counts), _sum(high, counts)
    off = (abs(value - (share * one + (1 - share) * zero)) for share, value in values.items())
    return (zero, one) if max(off) < _EXACT else None


def _coefficients(
    shares: Sequence[float], values: Sequence[float], weights: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Return with what coefficient each value enters the cost at 0 and the one at 1."""
    low, high = _unbounded(shares, weights)
    if _sum(low, values) < 0:
        ones = math.fsum(w * p * p for w, p in zip(weights, shares, strict=True))
        return [0.0] * len(low), [w * p / ones for w, p in zip(weights, shares, strict=True)]
    if _sum(high, values) < 0:
        zeros = math.fsum(w * (1 - p) ** 2 for w, p in zip(weights, shares, strict=True))
        return [w * (1 - p) / zeros for w, p in zip(weights, shares, strict=True)], [0.0] * len(low)
    return low, high


def _unbounded(
    shares: Sequence[float], weights: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Return the coefficients that least squares gives, whatever the costs come to."""
    if len({*shares}) < 2:
        raise ValueError(f"a line needs two different shares, got {list(shares)}")
    triples = [(weight, 1 - share, share) for share, weight in zip(shares, weights, strict=True)]
    zeros = math.fsum(w * q * q for w, q, _ in triples)
    ones = math.fsum(w * p * p for w, _, p in triples)
    both = math.fsum(w * p * q for w, q, p in triples)
    # The sum over pairs of groups, which does not lose digits as ones * zeros - both ** 2 does.
    determinant = math.fsum(
        w * v * (p - r) ** 2
        for index, (w, _, p) in enumerate(triples)
        for v, _, r in triples[:index]
    )
    low = [w * (ones * q - both * p) / determinant for w, q, p in triples]
    high = [w * (zeros * p - both * q) / determinant for w, q, p in triples]
    return low, high


def _fit(
    shares: Sequence[float],
    values: Sequence[float],
    weights: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
) -> Fit:
    fit = Fit(_sum(high, values), _sum(low, values), (*shares,), (*values,), None, None, holds=True)
    if len(shares) < 3:
        return fit
    centre = _sum(weights, values) / math.fsum(weights)
    varied = _sum(weights, [(value - centre) ** 2 for value in values])
    left = _sum(
        weights, [(v - fit.at(share)) ** 2 for share, v in zip(shares, values, strict=True)]
    )
    r_squared = 1 - left / varied if varied > 0 else None
    return Fit(fit.synchronous, fit.asynchronous, fit.shares, fit.values, r_squared, None, True)


def _largest(fit: Fit, half_widths: Sequence[float | None]) -> Deviation | None:
    """Return the deviation that most speaks against the line, if it could have shown one."""
    if len(fit.shares) < 3:
        return None
    found = []
    for share, value, half in zip(fit.shares, fit.values, half_widths, strict=True):
        line = fit.at(share)
        relative = value / line - 1 if line > 0 else None if value > 0 else 0.0
        intervals = None
        if half is not None and value > 0 and line > 0:
            distance = abs(math.log(value / line))
            intervals = distance / half if half > 0 else math.inf if distance > 1e-9 else 0.0
        found.append(Deviation(share, relative, intervals))
    return max(found, key=lambda each: (_is_large(each), _size(each)))


def _size(deviation: Deviation) -> float:
    return math.inf if deviation.relative is None else abs(deviation.relative)


def _is_large(deviation: Deviation) -> bool:
    """Tell whether a line with this deviation does not hold: it is large, and is not noise."""
    beyond = deviation.intervals is None or deviation.intervals > 1
    return beyond and _size(deviation) > TOLERANCE


def _half_width(logs: Mapping[int, float]) -> float | None:
    """Return half of the 95 % interval of the mean of *logs*."""
    return margin([(covariance(logs, logs), len(logs) - 1)])


def _sum(weights: Sequence[float], values: Sequence[float]) -> float:
    return math.fsum(w * value for w, value in zip(weights, values, strict=True))
