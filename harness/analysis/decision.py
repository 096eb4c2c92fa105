"""Decisions: which differences in time are real, when many are looked at in one run. Pure.

A difference is real only if its interval excludes 1, if it is larger than a threshold (below
that, layout and machine decide), and if it still stands when all the comparisons of the run are
taken together: of a hundred equal pairs, five have 95 % intervals that exclude 1. The false
discovery rate, the share of claims that are wrong, is kept at 5 % or below by the procedure of
Y. Benjamini and Y. Hochberg (Controlling the false discovery rate, 1995); it holds for many
variants that are compared with one baseline too (Y. Benjamini and D. Yekutieli, The control of
the false discovery rate in multiple testing under dependency, 2001). A gate, which must not be
wrong even once, uses the stricter procedure of S. Holm (A simple sequentially rejective multiple
test procedure, 1979).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.analysis.estimate import Estimate

__all__ = ["LEVEL", "discovery_limit", "holm", "is_large", "is_real"]

LEVEL = 0.05


def discovery_limit(p_values: Iterable[float | None], level: float = LEVEL) -> float:
    """Return the p-value up to which a comparison among all of these may be claimed.

    Never less than what the least of them would have to be; *level* where there are none.
    None, of a comparison that has no p-value, does not count.
    """
    ordered = sorted(p for p in p_values if p is not None)
    if not ordered:
        return level
    claimed = [rank for rank, p in enumerate(ordered, start=1) if p <= level * rank / len(ordered)]
    return level * (max(claimed, default=1) / len(ordered))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for their number: claims up to 0.05 are all right in 95 %."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def is_large(ratio: float, threshold: float) -> bool:
    """Tell whether *ratio* is further from 1 than *threshold*, up or down alike."""
    return abs(math.log(ratio)) > math.log1p(threshold)


def is_real(ratio: Estimate | None, limit: float, threshold: float) -> bool:
    """Tell whether the difference that *ratio* shows may be claimed.

    *limit* is that of :func:`discovery_limit` over the run; *threshold* is relative.
    """
    if ratio is None or ratio.p is None or ratio.low is None or ratio.high is None:
        return False
    excluded = not ratio.low <= 1 <= ratio.high
    return excluded and ratio.p <= limit and is_large(ratio.value, threshold)
