"""Upkeep: how often the event loop turns, and the garbage collector runs, while a variant works.

Both explain times and are seen where nothing is timed or counted: in the child that verifies,
after it has observed, by the driver that times later. A turn is one ``_run_once`` of asyncio's
loop; what a ``drive()`` needs for itself is the same for one cycle and for two, and cancels.
uvloop's turns are libuv's, which tells nobody.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from harness.measure.collector import freeze

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.measure.drive import Driver

__all__ = ["Upkeep", "collections", "turns", "upkeep"]

# Seconds: a cycle that takes longer is not driven ten times more, verifying would take too long.
_LONGEST_CYCLE = 0.1
_REPEATS = 2
# The youngest generation is collected when it has grown by 700 to 2,000 objects (gc.get_threshold):
# with fewer operations than that, one that leaves an object in a cycle would seem to leave none.
_OPERATIONS = 2500
_FEWEST_OPERATIONS = 1000
_AT_A_TIME = 250
# By the processor's time, which does not run while the process is preempted, and by the clock, as
# operations may wait for something outside of it.
_BUSY_SECONDS, _SECONDS = 0.025, 0.1


@dataclass(frozen=True)
class Upkeep:
    """What happened besides, per operation.

    turns
        Turns of the event loop; None where the loop does not tell, or they were not the same in
        every repeat.
    collections
        Runs of the collector by generation, the youngest first; empty where too few operations
        were driven to tell.
    """

    turns: float | None = None
    collections: tuple[float, ...] = ()


def upkeep(driver: Driver[Any, Any, Any], cycle: float) -> Upkeep:
    """Return what the operations need besides; nothing where a *cycle* takes too long, seconds."""
    if cycle > _LONGEST_CYCLE:
        return Upkeep()
    return Upkeep(turns(driver), collections(driver))


def turns(driver: Driver[Any, Any, Any]) -> float | None:
    """Return the turns of the loop per operation: what two cycles have more than one."""
    loop: Any = driver.loop
    if not hasattr(loop, "_run_once"):
        return None
    with _counted_turns(loop) as count:

        def turned(cycles: int) -> int:
            before = count[0]
            driver.drive(cycles)
            return count[0] - before

        driver.drive(1)
        seen = [-turned(1) + turned(2) for _ in range(_REPEATS)]
    # Where a thread or a timer takes part, some turns happen by chance: no figure is better.
    return seen[0] / driver.operations if len({*seen}) == 1 else None


@contextmanager
def _counted_turns(loop: Any) -> Iterator[list[int]]:
    """Count each ``_run_once`` in a list of one number; the loop is as it was at the end."""
    count = [0]
    run_once = loop._run_once

    def counted() -> None:
        count[0] += 1
        run_once()

    loop._run_once = counted
    try:
        yield count
    finally:
        del loop._run_once


def collections(driver: Driver[Any, Any, Any]) -> tuple[float, ...]:
    """Return the collections per operation, with the collector as it is while values are timed.

    That is on, unless the scenario switched it off, and with what is alive before kept out of it
    (:func:`harness.measure.calibration.warm_up`). Over 2,500 operations, or as many as 25 ms have;
    empty where these are less than 1,000, and where the collector has no generations, as PyPy's.
    """
    if not hasattr(gc, "freeze"):
        return ()
    freeze()
    before = _collected()
    operations, busy, began = 0, process_time(), perf_counter()
    cycles = -(-_AT_A_TIME // driver.operations)
    while (
        operations < _OPERATIONS
        and process_time() - busy < _BUSY_SECONDS
        and perf_counter() - began < _SECONDS
    ):
        driver.drive(cycles)
        operations += cycles * driver.operations
    after = _collected()
    if operations < _FEWEST_OPERATIONS:
        return ()
    return tuple((last - first) / operations for first, last in zip(before, after, strict=True))


def _collected() -> list[int]:
    return [generation["collections"] for generation in gc.get_stats()]
