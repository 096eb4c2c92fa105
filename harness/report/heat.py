"""The heat scale: how strongly a cell is coloured for a difference in time. Pure."""

from __future__ import annotations

import math

__all__ = ["heat_step"]

# Ends of the steps of the heat scale, as factors: slower (or faster) than the baseline.
_STEPS = (1.15, 1.5, 3.0, 10.0)


def heat_step(ratio: float) -> int:
    """Return the step of the heat scale of a difference that is real, from -5 to 5 (slowest)."""
    logarithm = math.log(ratio)
    step = 1 + sum(math.exp(abs(logarithm)) >= end for end in _STEPS)
    return step if logarithm > 0 else -step
