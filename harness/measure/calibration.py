"""Calibration, in the child: warm a driver up, find how many cycles make one value."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.measure.drive import Driver

__all__ = ["calibrate", "floor", "warm_up"]

_WARM_UP_SECONDS = 0.010
_FLOOR_SECONDS = 0.001
_FLOOR_REPEATS = 5


def warm_up(driver: Driver[Any, Any, Any]) -> None:
    """Drive until the interpreter has specialised the code and free lists are filled."""
    spent, cycles = 0.0, 1
    while spent < _WARM_UP_SECONDS:
        spent += driver.drive(cycles)
        cycles *= 2
    gc.collect()
    # What is alive now stays: the collector need not visit it again in every timed value.
    gc.freeze()


def calibrate(driver: Driver[Any, Any, Any], seconds: float) -> tuple[int, float]:
    """Return how many cycles take about *seconds* (at least one), and what one takes."""
    cycles, taken = 1, driver.drive(1)
    while taken < seconds / 4:
        cycles *= 2
        taken = driver.drive(cycles)
    return max(1, round(cycles * seconds / taken)), taken / cycles


def floor(driver: Driver[Any, Any, Any]) -> float:
    """Return the seconds per operation of the empty driving loop: the best of a few."""
    cycles = 1
    while driver.drive_nothing(cycles) < _FLOOR_SECONDS:
        cycles *= 2
    best = min(driver.drive_nothing(cycles) for _ in range(_FLOOR_REPEATS))
    return best / (cycles * driver.operations)
