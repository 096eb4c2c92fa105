"""The garbage collector, kept away from what is measured: it would free at random."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["collector_off", "freeze"]


def freeze() -> None:
    """Collect what there is, and keep what is alive out of all later collections.

    PyPy's collector cannot do the latter.
    """
    gc.collect()
    if hasattr(gc, "freeze"):
        gc.freeze()


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
