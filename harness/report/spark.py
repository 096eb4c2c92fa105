"""A line of text as a trend: one character a run, the higher the larger. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["sparkline"]

_LEVELS = "▁▂▃▄▅▆▇█"
_ASCII = "_.-=+*#"
_LEAST = 0.15  # of a log: smaller differences do not fill the height


def sparkline(values: Sequence[float | None], most: int, *, ascii_only: bool = False) -> str:
    """Return *values*, the oldest first, as *most* characters or fewer; a gap where there is none.

    Where there are more values, each character is the newest of its share of them. Levels are of
    the logarithm, so that equal ratios look equal; values that are all alike are in the middle.
    """
    levels = _ASCII if ascii_only else _LEVELS
    shown = _thinned(values, most)
    logs = [None if value is None or value <= 0 else math.log(value) for value in shown]
    known = [log for log in logs if log is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    middle, span = (low + high) / 2, max(high - low, _LEAST)
    return "".join(
        " " if log is None else levels[round(((log - middle) / span + 0.5) * (len(levels) - 1))]
        for log in logs
    )


def _thinned(values: Sequence[float | None], most: int) -> list[float | None]:
    if len(values) <= most:
        return list(values)
    ends = [round((index + 1) * len(values) / most) for index in range(most)]
    starts = [0, *ends[:-1]]
    return [
        next((value for value in reversed(values[start:end]) if value is not None), None)
        for start, end in zip(starts, ends, strict=True)
    ]
