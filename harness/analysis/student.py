"""Student's t distribution: the quantile that a confidence interval needs. Pure.

SciPy has it too, but would be the largest thing installed, for this one number.
"""

from __future__ import annotations

import math
from functools import cache

__all__ = ["cumulative", "quantile"]


def cumulative(t: float, degrees: int) -> float:
    """Return P(T <= t) for an integer number of degrees of freedom.

    The finite series of Abramowitz and Stegun, Handbook of Mathematical Functions,
    26.7.3 and 26.7.4.
    """
    if degrees < 1:
        raise ValueError(f"degrees of freedom: expected 1 or more, got {degrees}")
    theta = math.atan(t / math.sqrt(degrees))
    cosine_squared = math.cos(theta) ** 2
    term = math.cos(theta) if degrees % 2 else 1.0
    total = 0.0
    for index in range(degrees % 2 + 1, degrees, 2):
        total += term
        term *= cosine_squared * index / (index + 1)
    inside = math.sin(theta) * total
    if degrees % 2:
        inside = (theta + inside) * 2 / math.pi
    return 0.5 + inside / 2


@cache
def quantile(probability: float, degrees: int) -> float:
    """Return the t for which P(T <= t) is *probability*, strictly between 0 and 1."""
    if not 0 < probability < 1:
        raise ValueError(f"probability: expected a number between 0 and 1, got {probability}")
    if probability < 0.5:
        return -quantile(1 - probability, degrees)
    low, high = 0.0, 1.0
    while cumulative(high, degrees) < probability:
        low, high = high, high * 2
    while True:  # bisection: the function is monotone and this is called a few times a run
        middle = (low + high) / 2
        if middle in {low, high}:
            return middle
        if cumulative(middle, degrees) < probability:
            low = middle
        else:
            high = middle
