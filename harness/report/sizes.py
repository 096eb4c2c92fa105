"""Sizes: how large what a variant allocates is, and how often."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.drawing import GRID, MUTED, Dot, Drawing, Strokes, Told, Words
from harness.report.figures import byte_text, count_text
from harness.report.lettering import fitted, width_of
from harness.report.scale import Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from harness.record import AllocationKind
    from harness.report.drawing import Part
    from harness.report.palette import Mark

__all__ = ["Holding", "sizes_chart"]

_WIDTH = 450.0
_LEFT, _NAME, _BODY, _AXIS, _SMALL = 22.0, 18.0, 30.0, 40.0, 11.0
_LARGEST, _SMALLEST = 24.0, 2.0  # a dot's diameter
_TOO_SMALL = 7.0  # to rest a pointer on
_TOLD = 3
_TIMES = "\N{MULTIPLICATION SIGN}"
_SMALLEST_SHOWN = 8.0


@dataclass(frozen=True)
class Holding:
    """One variant: allocations per operation by size in bytes, whatever the allocator."""

    name: str
    mark: Mark
    counts: tuple[tuple[int, float], ...]

    @classmethod
    def of(cls, name: str, mark: Mark, kinds: Iterable[AllocationKind]) -> Holding:
        """Return the holding of *kinds*, the most frequent size first.

        A kind that the longer of the two counted stretches has less of is none of an operation's.
        """
        counts: dict[int, float] = {}
        for kind in kinds:
            counts[kind.size] = counts.get(kind.size, 0.0) + kind.count
        held = [(size, count) for size, count in counts.items() if count > 0]
        ordered = sorted(held, key=lambda item: (-item[1], item[0]))
        return cls(name, mark, tuple(ordered))

    @property
    def label(self) -> str:
        """The sizes that are most frequent: 7 of 48 bytes, 3 of 72."""
        if not self.counts:
            return "nothing"
        told = [f"{count_text(c)} {_TIMES} {byte_text(size)} B" for size, c in self.counts[:_TOLD]]
        if others := len(self.counts) - _TOLD:
            told += [f"{others} others" if others > 1 else "1 other"] if others > 0 else []
        return ", ".join(told)


def sizes_chart(
    holdings: Sequence[Holding],
    name: str,
    title: str,
    tick_label: Callable[[float], str],
    width: float = _WIDTH,
) -> Drawing:
    """Draw a dot per size, as large in area as it is frequent, on an axis in logarithms."""
    sizes = [size for holding in holdings for size, _ in holding.counts]
    most = max((count for holding in holdings for _, count in holding.counts), default=1.0)
    low, high = max(1, min(sizes, default=8)), max(max(sizes, default=64), _SMALLEST_SHOWN)
    ticks = _powers(low, high)
    across = Scale.log([low, high, *ticks], _LEFT, width - _LEFT)
    height = len(holdings) * (_NAME + _BODY) + _AXIS
    bottom = height - _AXIS
    parts: list[Part] = [
        Strokes(tuple(((across(t), 0.0), (across(t), bottom)) for t in ticks), GRID)
    ]
    for index, holding in enumerate(holdings):
        top = index * (_NAME + _BODY)
        y = top + _NAME + _BODY / 2
        label = fitted(holding.label, width * 0.6, _SMALL)
        drawn: list[Part] = [
            Strokes((((0.0, y), (width, y)),), GRID),
            Words(4, top + 13, fitted(holding.name, width - width_of(label, _SMALL) - 14)),
            Words(width, top + 13, label, MUTED, _SMALL, "end"),
        ]
        drawn += _dots(holding, most, across, y)
        parts.append(Told(f"{holding.name}: {holding.label}", tuple(drawn), holding.name))
    parts += [
        Words(across(tick), bottom + 16, tick_label(tick), MUTED, _SMALL, "middle")
        for tick in ticks
    ]
    parts.append(Words(width, height - 7, "bytes of one allocation", MUTED, _SMALL, "end"))
    described = "; ".join(f"{holding.name}: {holding.label}" for holding in holdings)
    return Drawing(name, title, described, width, height, tuple(parts))


def _dots(holding: Holding, most: float, across: Scale, y: float) -> Iterator[Part]:
    """Yield a dot per size, each with what it stands for; the small ones, many, without."""
    small: dict[float, list[float]] = {}
    for size, count in holding.counts:
        x, diameter = across(max(size, 1)), _LARGEST * math.sqrt(count / most)
        if diameter < _TOO_SMALL:
            small.setdefault(max(_SMALLEST, float(round(diameter))), []).append(x)
            continue
        dot = Dot(x, y, "o", holding.mark.colour, diameter, 0.75)
        yield Told(f"{count_text(count)} of {byte_text(size)} bytes", (dot,))
    for diameter, places in sorted(small.items(), reverse=True):
        paths = tuple(((x - 0.1, y), (x + 0.1, y)) for x in sorted(places))
        yield Strokes(paths, holding.mark.colour, diameter, opacity=0.75, rounded=True)


def _powers(low: float, high: float) -> list[float]:
    """Return powers of two around *low* and *high*, nine or fewer."""
    first, last = math.floor(math.log2(low)), math.ceil(math.log2(high))
    step = max(1, math.ceil((last - first) / 8))
    return [2.0**power for power in range(first, max(last, first + 1) + 1, step)]
