"""Wording: figures with their intervals in a sentence, with the digits that they bear. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.analysis.estimate import Estimate

__all__ = ["allocations", "and_list", "compared", "count", "interval", "share"]

_TIMES = 1.5  # from here on a ratio is told as "times", not in percent


def interval(value: float, low: float | None, high: float | None) -> str:
    """Write ``0.55 [0.54, 0.56]``: the last digit is the first that the interval leaves open."""
    if low is None or high is None:
        return f"{value:.3g}"
    places = _places((high - low) / 2, value)
    return f"{value:,.{places}f} [{low:,.{places}f}, {high:,.{places}f}]"


def share(value: float, low: float | None = None, high: float | None = None) -> str:
    """Write a share, 0 to 1, as ``37 % [33, 41]``; ``97.8 % [97.1, 98.4]`` if it is narrow."""
    if low is None or high is None or low == high:
        return f"{value * 100:.4g} %"
    places = min(2, _places((high - low) * 50, 1.0))
    figures = [f"{each * 100:.{places}f}" for each in (value, low, high)]
    return "{} % [{}, {}]".format(*figures)


def compared(ratio: Estimate) -> str:
    """Write what a ratio in time comes to: ``takes 26 % [24, 28] less time than``."""
    value, low, high = ratio.value, ratio.low, ratio.high
    if value >= _TIMES:
        return f"takes {interval(value, low, high)} times as long as"
    if value <= 1 / _TIMES:
        inverse = interval(1 / value, high and 1 / high, low and 1 / low)
        return f"is {inverse} times as fast as"
    if low is None or high is None:
        return f"takes {share(abs(1 - value))} {'longer' if value > 1 else 'less time'} than"
    if value >= 1:
        return f"takes {share(value - 1, low - 1, high - 1)} longer than"
    return f"takes {share(1 - value, 1 - high, 1 - low)} less time than"


def count(number: float) -> str:
    """Write allocations per operation: at most two decimals, ``1.5``."""
    text = f"{number:,.2f}" if abs(number) < 10 else f"{number:,.1f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def allocations(number: float, more: str = "") -> str:
    """Write ``1 allocation``, ``23.4 more allocations``."""
    text = count(number)
    return f"{text} {more}allocation{'' if text == '1' else 's'}"


def and_list(names: Sequence[str]) -> str:
    """Write ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _places(half: float, value: float) -> int:
    """Return how many decimals bear the first digit of *half*: three digits of *value* at most."""
    most = 2 - math.floor(math.log10(abs(value))) if value else 0
    least = -math.floor(math.log10(half)) if half > 0 else most
    return max(0, min(most, least))
