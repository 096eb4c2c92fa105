"""The garbage collector kept away while allocations are followed: it would free at random."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["collector_off"]


@contextmanager
def collector_off() -> Iterator[None]:
    """Collect what there is, then switch the collector off until the end."""
    gc.collect()
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
