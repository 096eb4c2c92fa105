"""Wording: figures with their intervals in a sentence, with the digits that they bear. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["and_list", "count", "interval", "percent", "share"]

_MOST_PLACES = 3


def interval(value: float, low: float | None, high: float | None) -> str:
    """Write ``0.55 [0.54, 0.56]``: the last digit is the first that the interval leaves open."""
    if low is None or high is None:
        return f"{value:.3g}"
    places = _places((high - low) / 2)
    return f"{value:,.{places}f} [{low:,.{places}f}, {high:,.{places}f}]"


def share(value: float, low: float | None = None, high: float | None = None) -> str:
    """Write a share, 0 to 1, as ``37 % [33, 41]``; ``97.8 % [97.1, 98.4]`` if it is narrow."""
    if low is None or high is None or low == high:
        return f"{value * 100:.4g} %"
    places = _places((high - low) * 50)
    figures = [f"{each * 100:.{places}f}" for each in (value, low, high)]
    return "{} % [{}, {}]".format(*figures)


def percent(ratio: float) -> str:
    """Write how far *ratio* is from 1, up or down, as ``26 %``."""
    away = abs(ratio - 1) * 100
    return f"{away:.1f} %" if away < 1 else f"{away:,.0f} %"


def count(number: float) -> str:
    """Write allocations per operation: at most two decimals, ``1.5``."""
    text = f"{number:,.2f}" if abs(number) < 10 else f"{number:,.1f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def and_list(names: Sequence[str]) -> str:
    """Write ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _places(half: float) -> int:
    if half <= 0:
        return _MOST_PLACES
    return min(_MOST_PLACES, max(0, -math.floor(math.log10(half))))
