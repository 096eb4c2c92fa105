"""Calibration, in the child: warm a driver up, find how many cycles make one value."""

from __future__ import annotations

import math
import sys
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from harness.measure.collector import freeze

if TYPE_CHECKING:
    from harness.measure.drive import Driver

__all__ = ["calibrate", "floor", "warm_up"]

# PyPy compiles while it runs: a task of asyncio costs 90 us at first, and 3 us after 0.4 s.
_COMPILES = sys.implementation.name == "pypy"
_WARM_UP_SECONDS = 0.500 if _COMPILES else 0.010
_LONGEST_WARM_UP = 3 * _WARM_UP_SECONDS
_FLOOR_SECONDS = 0.0005
_FLOOR_REPEATS = 3
# A process that is preempted once is back within this time; what takes longer does so by itself.
_PREEMPTED_SECONDS = 0.1
_REPEATS = 3


def warm_up(driver: Driver[Any, Any, Any]) -> None:
    """Drive until the interpreter has specialised or compiled the code, and free lists are filled.

    By the processor's time, which does not run while the process is preempted; operations that
    wait for something outside of it need not wait longer.
    """
    spent, began = process_time(), perf_counter()
    cycles, driven, busy = 1, 0, 0.0
    while busy < _WARM_UP_SECONDS and perf_counter() - began < _LONGEST_WARM_UP:
        driver.drive(cycles)
        driven += cycles
        busy = process_time() - spent
        # Not twice as many once that is more than is left: it would go far beyond.
        left = (_WARM_UP_SECONDS - busy) * driven / busy if busy else math.inf
        cycles = max(1, math.ceil(min(left, 2 * cycles)))
    # What is alive now stays: the collector need not visit it again in every timed value.
    freeze()


def calibrate(driver: Driver[Any, Any, Any], seconds: float) -> tuple[int, float]:
    """Return how many cycles take about *seconds* (at least one), and what one takes."""
    cycles = 1
    while (taken := _undisturbed(driver, cycles, seconds / 4)) < seconds / 4:
        cycles *= 2
    return max(1, round(cycles * seconds / taken)), taken / cycles


def _undisturbed(driver: Driver[Any, Any, Any], cycles: int, enough: float) -> float:
    """Return the seconds that *cycles* take: the least of a few where one is *enough*.

    One in which the process was preempted would end the search far too early.
    """
    taken = driver.drive(cycles)
    if enough <= taken < _PREEMPTED_SECONDS:
        taken = min(taken, *(driver.drive(cycles) for _ in range(_REPEATS - 1)))
    return taken


def floor(driver: Driver[Any, Any, Any]) -> float:
    """Return the seconds per operation of the empty driving loop: the best of a few."""
    cycles = 1
    while driver.drive_nothing(cycles) < _FLOOR_SECONDS:
        cycles *= 2
    best = min(driver.drive_nothing(cycles) for _ in range(_FLOOR_REPEATS))
    return best / (cycles * driver.operations)
