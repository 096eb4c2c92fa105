"""Axes and labels worked out in numbers: ticks at round values, labels that do not touch. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Bend",
    "Scale",
    "linear_ticks",
    "log_ticks",
    "needs_log",
    "round_ticks",
    "shorten",
    "spread",
]

_WIDE = 8.0
_ROOM = 1.03  # what a linear axis has beyond its highest value, as a factor
_COUNTS = (0, 1, 2, 5)
_FEW_DECADES = 6.0  # below it, ticks of a logarithmic axis are a step apart, not a factor


class Bend(Enum):
    """How an axis runs: in values, in their logarithms, or in those of one more than a count."""

    LINEAR = "linear"
    LOG = "log"
    LOG_OF_COUNT = "log of count"


@dataclass(frozen=True)
class Scale:
    """An axis: values from *low* to *high* lie from *start* to *end*, in pixels."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...] = ()
    bend: Bend = Bend.LINEAR

    @classmethod
    def linear(
        cls, low: float, high: float, start: float, end: float, ticks: Sequence[float] = ()
    ) -> Scale:
        """Return an axis in values."""
        return cls(low, high, start, end, tuple(ticks))

    @classmethod
    def of(
        cls,
        values: Sequence[float],
        start: float,
        end: float,
        *,
        below: float = 1.15,
        above: float = 1.05,
        most: int = 5,
    ) -> Scale:
        """Return an axis from zero; in logarithms where that would press values together.

        *below* and *above* are the room that logarithms have beyond the values, as factors.
        """
        if needs_log(values):
            low, high = min(values) / below, max(values) * above
            return cls(low, high, start, end, tuple(log_ticks(low, high, most)), Bend.LOG)
        high = max(values) * _ROOM or 1.0
        return cls(0.0, high, start, end, tuple(linear_ticks(high, most)))

    @classmethod
    def log(cls, values: Sequence[float], start: float, end: float, most: int = 5) -> Scale:
        """Return an axis in logarithms, from the smallest of *values* to the largest."""
        low, high = min(values), max(values)
        if high <= low:
            low, high = low / 1.1, high * 1.1
        ticks = log_ticks(low, high, most) if high / low > _FEW_DECADES else []
        return cls(low, high, start, end, tuple(ticks or round_ticks(low, high, most)), Bend.LOG)

    @classmethod
    def of_counts(cls, values: Sequence[float], start: float, end: float, most: int = 6) -> Scale:
        """Return an axis in logarithms for counts, of which some may be zero."""
        low, high = min(values), max(values)
        if low > 0:
            return cls.log(values, start, end, most)
        high = high or 1.0
        decades = range(math.ceil(math.log10(high)) + 1)
        ticks = {factor * 10.0**decade for decade in decades for factor in _COUNTS}
        inside = sorted(tick for tick in ticks if tick <= high)
        if len(inside) > most:
            inside = [tick for tick in inside if tick == 0 or math.log10(tick) % 1 == 0]
        return cls(0.0, high, start, end, tuple(inside or [0.0, high]), Bend.LOG_OF_COUNT)

    def __call__(self, value: float) -> float:
        """Return where *value* lies, in pixels."""
        low, here, high = (self._bent(v) for v in (self.low, value, self.high))
        return self.start + (here - low) / (high - low) * (self.end - self.start)

    @property
    def is_log(self) -> bool:
        """Whether the axis runs in logarithms."""
        return self.bend is not Bend.LINEAR

    def _bent(self, value: float) -> float:
        if self.bend is Bend.LOG:
            return math.log(value)
        return math.log1p(value) if self.bend is Bend.LOG_OF_COUNT else value


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


def round_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round values from *low* to *high*, at most *most* of them."""
    step = 10.0 ** math.floor(math.log10((high - low) or 1.0))
    for factor in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0):
        first = math.ceil(low / (step * factor) - 1e-9)
        last = math.floor(high / (step * factor) + 1e-9)
        if last - first + 1 <= most:
            return [number * step * factor for number in range(first, last + 1)]
    return []


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
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"
