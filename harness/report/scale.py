"""Axes and labels worked out in numbers: ticks at round values, labels that do not touch. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["linear_ticks", "log_ticks", "needs_log", "shorten", "spread"]

_WIDE = 8.0


def needs_log(values: Sequence[float]) -> bool:
    """Tell whether a linear axis from zero would press the smallest values together."""
    return min(values) > 0 and max(values) / min(values) > _WIDE


def linear_ticks(high: float, most: int = 5) -> list[float]:
    """Return round values from 0 to *high*, at most *most* of them."""
    if high <= 0:
        return [0.0]
    step = 10.0 ** math.floor(math.log10(high))
    for factor in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0):
        count = int(high / (step * factor) * (1 + 1e-9)) + 1
        if count <= most:
            return [index * step * factor for index in range(count)]
    return [0.0, high]


def log_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return values like 1, 2, 5, 10, 20 ... between *low* and *high*, at most *most*."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    candidates: list[list[float]] = [
        [factor * 10.0**decade for decade in decades for factor in factors]
        for factors in ((1, 2, 5), (1, 3), (1,))
    ]
    candidates += [[10.0**decade for decade in decades[::step]] for step in (2, 3, 4)]
    for ticks in candidates:
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) <= most:
            return inside
    return inside[:: math.ceil(len(inside) / most)]


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return places within *low* to *high*, *gap* apart or more, each near where it is wanted.

    The order is kept. Neighbours that want the same place are moved to both sides of it. If
    there is no room for all of them they are spread evenly.
    """
    if not wanted:
        return []
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    # Pool adjacent violators: isotonic regression of (wanted - rank * gap).
    pools: list[tuple[float, int]] = []
    for rank, index in enumerate(order):
        total, size = wanted[index] - rank * gap, 1
        while pools and pools[-1][0] / pools[-1][1] > total / size:
            total, size = total + pools[-1][0], size + pools[-1][1]
            pools.pop()
        pools.append((total, size))
    levels = [total / size for total, size in pools for _ in range(size)]
    top = high - (len(wanted) - 1) * gap
    placed = [0.0] * len(wanted)
    for rank, index in enumerate(order):
        placed[index] = min(max(levels[rank], low), top) + rank * gap
    return placed


def shorten(text: str, most: int) -> str:
    """Return *text* with its middle left out if it has more than *most* characters."""
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail]}…{text[-tail:]}"
