from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.estimate import Estimate
from harness.analysis.wording import and_list, compared, count, interval, share


@pytest.mark.parametrize(
    ("figures", "text"),
    [
        ((0.553, 0.541, 0.565), "0.55 [0.54, 0.56]"),
        ((49.23, 48.4, 50.0), "49.2 [48.4, 50.0]"),
        ((0.01314, 0.0128, 0.0134), "0.0131 [0.0128, 0.0134]"),
        ((1234.0, 1100.0, 1400.0), "1,234 [1,100, 1,400]"),
        ((2.0, 2.0, 2.0), "2.00 [2.00, 2.00]"),
        ((2.5, None, None), "2.5"),
    ],
)
def test_an_interval_has_the_digits_that_it_bears(
    figures: tuple[float, float | None, float | None], text: str
) -> None:
    assert interval(*figures) == text


@pytest.mark.parametrize(
    ("figures", "text"),
    [
        ((0.37, 0.33, 0.41), "37 % [33, 41]"),
        ((0.9781, 0.9712, 0.9843), "97.8 % [97.1, 98.4]"),
        ((0.75, 0.75, 0.75), "75 %"),
        ((0.99,), "99 %"),
    ],
)
def test_a_share_is_in_percent(figures: tuple[float, ...], text: str) -> None:
    assert share(*figures) == text


@pytest.mark.parametrize(
    ("figures", "text"),
    [
        ((2.0, 1.9, 2.1), "takes 2.0 [1.9, 2.1] times as long as"),
        ((1.26, 1.24, 1.28), "takes 26 % [24, 28] longer than"),
        ((0.74, 0.72, 0.76), "takes 26 % [24, 28] less time than"),
        ((0.5, 0.4, 0.625), "is 2.0 [1.6, 2.5] times as fast as"),
        ((0.74, None, None), "takes 26 % less time than"),
        ((1.26, None, None), "takes 26 % longer than"),
        ((0.5, None, None), "is 2 times as fast as"),
    ],
)
def test_a_ratio_has_one_direction(
    figures: tuple[float, float | None, float | None], text: str
) -> None:
    assert compared(Estimate(*figures)) == text


@pytest.mark.parametrize(
    ("number", "text"), [(1.5, "1.5"), (24.0, "24"), (23.45, "23.4"), (0, "0")]
)
def test_counts_have_no_idle_digits(number: float, text: str) -> None:
    assert count(number) == text


def test_names_are_listed() -> None:
    assert [and_list(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == [
        "a",
        "a and b",
        "a, b and c",
    ]


@given(st.floats(1e-6, 1e9), st.floats(0, 0.9))
def test_any_figure_lies_in_what_is_written_of_its_interval(value: float, width: float) -> None:
    text = interval(value, value * (1 - width), value * (1 + width))
    middle, low, high = (
        float(part.strip("[],")) for part in text.replace(",", "").replace("[", "").split(" ")
    )
    assert low <= middle <= high
