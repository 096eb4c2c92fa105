from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.scale import linear_ticks, log_ticks, needs_log, shorten, spread


@given(st.lists(st.floats(-1000, 1000), max_size=14), st.floats(1, 30))
def test_labels_never_touch_and_stay_inside(wanted: list[float], gap: float) -> None:
    low, high = 0.0, 500.0
    placed = spread(wanted, gap, low, high)
    assert len(placed) == len(wanted)
    assert all(low - 1e-6 <= place <= high + 1e-6 for place in placed)
    for before, after in itertools.pairwise(sorted(placed)):
        assert after - before >= gap - 1e-6


@given(st.lists(st.floats(0, 500), min_size=1, max_size=14))
def test_labels_keep_the_order_of_what_they_name(wanted: list[float]) -> None:
    placed = spread(wanted, 15, 0, 500)
    for (a, pa), (b, pb) in itertools.combinations(zip(wanted, placed, strict=True), 2):
        assert a == b or (a < b) == (pa < pb)


def test_labels_with_room_stand_where_they_want_to() -> None:
    assert spread([10, 100, 50], 15, 0, 200) == [10, 100, 50]


def test_labels_that_want_one_place_go_to_both_sides_of_it() -> None:
    assert spread([100, 100, 100], 10, 0, 200) == [90, 100, 110]


def test_too_many_labels_are_spread_evenly() -> None:
    assert spread([5, 5, 5], 100, 0, 10) == [0, 5, 10]
    assert spread([], 10, 0, 1) == []


@given(st.floats(1e-3, 1e9), st.floats(1.01, 1e9), st.integers(2, 8))
def test_ticks_of_logarithmic_axes_are_few_round_and_inside(
    low: float, factor: float, most: int
) -> None:
    ticks = log_ticks(low, low * factor, most)
    assert len(ticks) <= most
    assert ticks == sorted(ticks)
    assert all(low <= tick <= low * factor for tick in ticks)
    assert all(f"{tick:e}"[0] in "1235" for tick in ticks)


@given(st.floats(1e-3, 1e9))
def test_ticks_of_linear_axes_start_at_zero(high: float) -> None:
    ticks = linear_ticks(high)
    assert ticks[0] == 0
    assert 2 <= len(ticks) <= 5
    assert ticks[-1] <= high * (1 + 1e-6)


def test_ticks_are_what_a_reader_expects() -> None:
    assert linear_ticks(24.6) == [0, 5, 10, 15, 20]
    assert linear_ticks(0) == [0]
    assert log_ticks(50, 7000) == pytest.approx([100, 300, 1000, 3000])
    assert log_ticks(300, 7000) == pytest.approx([500, 1000, 2000, 5000])


def test_zero_never_goes_on_a_logarithmic_axis() -> None:
    assert not needs_log([0, 25])
    assert needs_log([1, 25])
    assert not needs_log([10, 25])


def test_long_names_lose_their_middle() -> None:
    assert shorten("value_task", 12) == "value_task"
    assert shorten("a_very_long_name_of_a_variant", 12) == "a_very…riant"
    assert len(shorten("x" * 50, 20)) == 20
