"""Gate: which changes of a comparison are regressions, without false alarms. Pure.

A time is a regression only if it is shown to be slower than what is allowed, and all cases of the
gate are looked at together: the chance that a gate over any number of unchanged cases raises a
false alarm is 2.5 % or less, by the procedure of Holm (:mod:`harness.analysis.decision`), even if
all of them are as slow as is just allowed. Allocations are counted: one more than allowed is one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.comparison import Means, Presence, count_resolution
from harness.analysis.decision import LEVEL, holm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.analysis.comparison import Change, Comparison

__all__ = ["DEFAULT_LIMITS", "Limits", "Regression", "regressions"]


@dataclass(frozen=True)
class Limits:
    """What a change may cost.

    slowdown
        A share of the time: 0.05 lets a case become 5 % slower.
    extra_allocations
        More allocations per operation.
    """

    slowdown: float = 0.05
    extra_allocations: float = 0.0


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Regression:
    """One change that is not allowed, and what of it is not, as one phrase."""

    change: Change
    told: str


def regressions(comparison: Comparison, limits: Limits = DEFAULT_LIMITS) -> tuple[Regression, ...]:
    """Return what *comparison* shows to be worse than *limits* allow, in its order.

    The time of a case that could only be compared directly is not looked at: what the machine did
    in between would be in it.
    """
    slow = _too_slow(comparison, limits)
    return tuple(
        Regression(change, "; ".join(told))
        for change in comparison.changes
        if (told := [*_told(change, limits), *slow.get(id(change), [])])
    )


def _told(change: Change, limits: Limits) -> Iterator[str]:
    if change.presence is Presence.FAILED:
        reason = change.row.reason or change.row.status
        yield f"it was measured, and is not any more: {reason}"
    if change.allocations is None or change.base is None or change.base.allocations is None:
        return
    counted = change.base.allocations
    if change.allocations > limits.extra_allocations + count_resolution(counted):
        allowed = f", {limits.extra_allocations:g} allowed" if limits.extra_allocations else ""
        noun = "allocation" if round(change.allocations, 2) == 1 else "allocations"
        yield f"{change.allocations:.4g} more {noun} per operation ({counted:.4g} before{allowed})"


def _too_slow(comparison: Comparison, limits: Limits) -> dict[int, list[str]]:
    """Return by change why its time is a regression."""
    allowed = math.log1p(limits.slowdown)
    judged = [
        (change, change.effect, change.ratio)
        for change in comparison.common
        if change.effect and change.ratio and change.means is not Means.DIRECT
    ]
    adjusted = holm([effect.p_above(allowed) for _, effect, _ in judged])
    return {
        id(change): [
            f"{_percent(ratio.value)} slower [{_percent(ratio.low)}, {_percent(ratio.high)}] "
            f"(more than {limits.slowdown * 100:g} % is not allowed)"
        ]
        for (change, _, ratio), p in zip(judged, adjusted, strict=True)
        if p <= LEVEL / 2 and ratio.low is not None and ratio.low > 1 + limits.slowdown
    }


def _percent(ratio: float | None) -> str:
    return "?" if ratio is None else f"{(ratio - 1) * 100:.1f} %"
