"""Calibration: how many cycles make a value, also where the process is preempted. No clock."""

from __future__ import annotations

from typing import Any

import pytest

from harness.measure import calibration
from harness.measure.calibration import calibrate


class Driven:
    """A driver whose cycle takes *each* seconds, and which is preempted in the drives *late*."""

    def __init__(self, each: float, late: frozenset[int] = frozenset(), by: float = 0.01) -> None:
        self._each = each
        self._late = late
        self._by = by
        self.drives = 0

    def drive(self, cycles: int) -> float:
        self.drives += 1
        return cycles * self._each + self._by * ((self.drives - 1) in self._late)


def loops_of(driver: Any) -> int:
    return calibrate(driver, 0.001)[0]


@pytest.mark.parametrize(("each", "loops"), [(1e-6, 1000), (20e-6, 50), (0.4e-3, 2), (0.9e-3, 1)])
def test_a_value_lasts_as_long_as_wanted(each: float, loops: int) -> None:
    driver: Any = Driven(each)
    found, seconds = calibrate(driver, 0.001)
    assert found == loops
    assert seconds == pytest.approx(each)


@pytest.mark.parametrize("late", range(9))
def test_one_preemption_anywhere_does_not_shorten_the_values(late: int) -> None:
    assert loops_of(Driven(20e-6, frozenset({late}))) == 50


def test_nor_do_two_in_a_row() -> None:
    for first in range(8):
        assert loops_of(Driven(20e-6, frozenset({first, first + 1}))) == 50


@pytest.mark.parametrize("each", [0.01, 0.5])
def test_a_cycle_that_is_longer_than_a_value_is_one(each: float) -> None:
    assert loops_of(Driven(each)) == 1


def test_what_takes_long_by_itself_is_not_driven_again() -> None:
    driver = Driven(0.5)
    assert loops_of(driver) == 1
    assert driver.drives == 1


@pytest.mark.parametrize("each", [1e-6, 0.3e-3, 0.9e-3, 0.02])
def test_warming_up_ends_with_the_cycle_in_which_its_time_is_over(
    each: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    class Driver:
        def drive(self, cycles: int) -> None:
            nonlocal now
            now += cycles * each

    driver: Any = Driver()
    monkeypatch.setattr(calibration, "process_time", lambda: now)
    monkeypatch.setattr(calibration, "perf_counter", lambda: now)
    monkeypatch.setattr(calibration, "freeze", lambda: None)
    calibration.warm_up(driver)
    seconds = calibration._WARM_UP_SECONDS
    assert seconds <= now < seconds + 2 * each
