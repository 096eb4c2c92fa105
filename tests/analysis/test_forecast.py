"""Forecast: what is known, what is supposed, and how the first corrects the second."""

from __future__ import annotations

import pytest

from harness.analysis.forecast import forecast
from harness.plan import LINES, PRESETS, Group, Runtime

BOTH = ("time", "allocations")
QUICK = PRESETS["quick"]


def group(share: float, *variants: str) -> Group:
    return Group("cache", (("sync_ratio", share),), variants, Runtime("3.13.0"))


ONE, OTHER = group(0.0, "coroutine", "task"), group(1.0, "coroutine", "task")


def test_what_was_measured_before_takes_as_long_again() -> None:
    assert forecast([ONE, OTHER], QUICK, BOTH, 0.2, {ONE: 3.0, OTHER: 5.0}) == 8.0


def test_what_was_measured_before_scales_what_was_not() -> None:
    assert forecast([ONE, OTHER], QUICK, BOTH, 0.2, {ONE: 3.0}) == pytest.approx(6.0)
    more = group(0.5, "coroutine", "task", "value_task")
    assert forecast([ONE, more], QUICK, BOTH, 0.2, {ONE: 3.0}) > 6.0


def test_a_group_that_is_not_going_to_be_measured_counts_for_nothing() -> None:
    alone = forecast([ONE], QUICK, BOTH, 0.2, {})
    assert forecast([ONE], QUICK, BOTH, 0.2, {OTHER: 99.0}) == alone
    assert forecast([group(0.9)], QUICK, BOTH, 0.2, {}) == 0.0


def test_more_variants_more_instruments_and_a_stricter_preset_take_longer() -> None:
    alone = forecast([ONE], QUICK, BOTH, 0.2, {})
    assert forecast([group(0.0, "a", "b", "c")], QUICK, BOTH, 0.2, {}) > alone
    assert forecast([ONE], PRESETS["standard"], BOTH, 0.2, {}) > alone
    assert forecast([ONE], QUICK, ("allocations",), 0.2, {}) < alone
    assert forecast([ONE], QUICK, (*BOTH, LINES), 0.2, {}) > alone
    assert forecast([ONE], QUICK, BOTH, 0.1, {}) < alone


def test_values_are_shorter_where_a_sweep_visits_several_runtimes() -> None:
    variants = tuple("abcdefgh")
    alone = group(0.0, *variants)
    others = [
        Group(alone.scenario, alone.params, variants, Runtime(python))
        for python in ("3.11.0", "3.12.0")
    ]
    together = forecast([alone, *others], QUICK, BOTH, 0.2, {})
    assert forecast([alone], QUICK, BOTH, 0.2, {}) < together
    # Two versions of the code share sweeps, runtimes do not.
    twice = forecast([alone, *others], QUICK, BOTH, 0.2, {}, versions=2)
    assert twice == 3 * forecast([alone], QUICK, BOTH, 0.2, {}, versions=2)
    assert together < twice < 3 * forecast([alone], QUICK, BOTH, 0.2, {})
    assert together < 3 * forecast([alone], QUICK, BOTH, 0.2, {})
