from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.figures import (
    align,
    byte_text,
    count_text,
    ratio_parts,
    significant,
    time_text,
    time_unit,
    visible,
)


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (None, "-"),
        (0.52, "0.520 ns"),
        (82.44, "82.4 ns"),
        (999.4, "999 ns"),
        (6012.4, "6.01 µs"),
        (2.5e6, "2.50 ms"),
        (3.21e9, "3.21 s"),
        (12345e9, "12,345 s"),
    ],
)
def test_times_have_three_digits_and_a_unit(time_ns: float | None, text: str) -> None:
    assert time_text(time_ns) == text


def test_the_unit_of_a_column_keeps_its_smallest_time_above_one() -> None:
    unit = time_unit([6012.4, None, 82.4])
    assert unit.symbol == "ns"
    assert [time_text(time, unit) for time in (6012.4, 82.4)] == ["6,012", "82.4"]
    assert time_unit([]).symbol == "ns"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1, "1.00"), (9.999, "10.0"), (0.0123, "0.0123"), (99.96, "100"), (1234.5, "1,234")],
)
def test_significant_digits(value: float, text: str) -> None:
    assert significant(value) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, "-"), (0, "0"), (1, "1"), (24.6, "24.6"), (0.001, "<0.01"), (1000.0, "1,000")],
)
def test_counts_are_whole_where_they_are(count: float | None, text: str) -> None:
    assert count_text(count) == text


@pytest.mark.parametrize(
    ("size", "text"), [(None, "-"), (0, "0"), (6.4, "6.4"), (184.8, "185"), (2430.9, "2,431")]
)
def test_bytes_are_whole(size: float | None, text: str) -> None:
    assert byte_text(size) == text


@pytest.mark.parametrize(
    ("ratio", "half_width", "parts"),
    [
        (None, None, ("-", "")),
        (1.4321, None, ("1.43", "")),
        (1.4321, 0.0234, ("1.432", "0.023")),
        (72.31, 1.23, ("72.3", "1.2")),
        (68.4, 21.2, ("68", "21")),
        (0.992, 0.00004, ("0.992", "0.001")),
        (12.9, 1170.0, ("12.9", ">129")),
    ],
)
def test_a_ratio_has_the_digits_that_its_half_width_leaves(
    ratio: float | None, half_width: float | None, parts: tuple[str, str]
) -> None:
    assert ratio_parts(ratio, half_width) == parts


def test_cells_are_aligned_on_the_decimal_point() -> None:
    assert align(["6,012", "82.4", "-", "0.999"]) == [
        "6,012    ",
        "   82.4  ",
        "    -    ",
        "    0.999",
    ]


@given(st.floats(1e-6, 1e12))
def test_significant_digits_never_lose_more_than_half_a_percent(value: float) -> None:
    assert float(significant(value).replace(",", "")) == pytest.approx(value, rel=0.0051)


@given(st.lists(st.floats(0, 1e6).map(count_text), min_size=1))
def test_aligned_cells_have_one_width(cells: list[str]) -> None:
    padded = align(cells)
    assert len({len(cell) for cell in padded}) == 1
    assert [cell.strip() for cell in padded] == cells


@given(st.text())
def test_visible_text_is_printable_and_on_one_line(text: str) -> None:
    assert visible(text).isprintable()
    assert visible(visible(text)) == visible(text)


def test_control_characters_are_shown_not_sent() -> None:
    assert visible("a\x1b[31mred\n\tb\u202e") == r"a\x1b[31mred b\u202e"
