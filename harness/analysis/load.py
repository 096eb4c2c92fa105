"""Load: what the variants cost a service that makes so many calls per second. Pure.

From a cost model, at any share of synchronous completions: the reference for the calculator on the
page of the report, which computes the same in the reader's browser.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.fitting import Interval, margin, variances

if TYPE_CHECKING:
    from harness.analysis.costs import CostModel, VariantCost
    from harness.analysis.fitting import TimeFit

__all__ = ["TYPICAL_RATE", "Load", "loads"]

TYPICAL_RATE = 10_000.0
"""Calls per second of a busy service: what a calculator starts with."""


@dataclass(frozen=True)
class Load:
    """What one variant costs per second.

    time
        Seconds of one core per second: 0.015 is 15 ms, or 1.5 % of a core.
    ratio
        Of its time to the baseline's; from the same rounds, so that it is known more exactly.
    allocations, bytes
        Per second. None, as of time and ratio, where there is no line.
    """

    variant: str
    time: Interval | None
    ratio: Interval | None
    allocations: float | None
    bytes: float | None


def loads(model: CostModel, share: float, rate: float) -> tuple[Load, ...]:
    """Return the cost per second of each variant at *share* (0 to 1), the least time first.

    *rate* is calls per second. Where there are no times the fewest allocations come first.
    """
    found = [_load(name, cost, model, share, rate) for name, cost in model.variants.items()]
    return tuple(sorted(found, key=_order))


def _load(name: str, cost: VariantCost, model: CostModel, share: float, rate: float) -> Load:
    time = cost.time.interval(share) if cost.time else None
    scale = rate * 1e-9
    return Load(
        variant=name,
        time=time
        and Interval(
            time.value * scale,
            None if time.low is None else time.low * scale,
            None if time.high is None else time.high * scale,
        ),
        ratio=_ratio(name, cost.time, model, share) if cost.time else None,
        allocations=cost.allocations.at(share) * rate if cost.allocations else None,
        bytes=cost.bytes.at(share) * rate if cost.bytes else None,
    )


def _ratio(name: str, fit: TimeFit, model: CostModel, share: float) -> Interval | None:
    base = model.times.get(model.baseline)
    if base is None or base.at(share) <= 0:
        return None
    if name == model.baseline:
        return Interval(1.0, 1.0, 1.0)
    one, other = fit.at(share), base.at(share)
    if one <= 0:
        return None
    # The variance of the ratio's log, by the delta method.
    half = margin(variances(((1 / one, fit), (-1 / other, base)), share))
    if half is None:
        return Interval(one / other, None, None)
    return Interval(one / other, one / other * math.exp(-half), one / other * math.exp(half))


def _order(load: Load) -> tuple[float, float, float]:
    time = math.inf if load.time is None else load.time.value
    allocations = math.inf if load.allocations is None else load.allocations
    return time, allocations, math.inf if load.bytes is None else load.bytes
