"""Patterns: which requests of a cycle find their answer already there."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from harness.errors import InputError

if TYPE_CHECKING:
    from harness.scenario import Params

__all__ = ["cycle_length", "sync_pattern"]

_LENGTHS = (20, 100, 200, 500, 1000, 10_000)


def cycle_length(sync_ratio: float) -> int:
    """Return the shortest cycle (20 requests or more) that has exactly this share.

    InputError for a share that no cycle of up to 10,000 requests has.
    """
    for length in _LENGTHS:
        if abs(round(sync_ratio * length) - sync_ratio * length) < 1e-6:
            return length
    raise InputError(f"sync_ratio={sync_ratio}: expected at most four digits after the point")


def sync_pattern(params: Params) -> tuple[bool, ...]:
    """Return one cycle of flags: True where the operation is to complete synchronously.

    Exactly ``params.sync_ratio`` of the flags are True; their order is shuffled by
    ``params.seed``, so that no branch predictor learns a regular beat.
    """
    length = cycle_length(params.sync_ratio)
    ready = round(params.sync_ratio * length)
    flags = [True] * ready + [False] * (length - ready)
    random.Random(params.seed).shuffle(flags)
    return tuple(flags)
