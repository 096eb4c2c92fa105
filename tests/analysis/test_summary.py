from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.rows import COLUMNS, case_rows
from harness.analysis.summary import summary_csv
from harness.printable import printable
from tests.runs import make_run


def parse(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_one_line_per_case_with_a_header_and_crlf() -> None:
    text = summary_csv(case_rows(make_run(variants=("coroutine", "task"), instruments=())))
    assert text == (
        f"{','.join(COLUMNS)}\r\n"
        "lookup,sync_ratio=0.9,coroutine,3.13.0,asyncio,coroutine,,,,,,,,,,0.1,0,,,ok\r\n"
        "lookup,sync_ratio=0.9,task,3.13.0,asyncio,coroutine,,,,,,,,,,1,1,,,ok\r\n"
    )


def test_figures_come_back_with_six_digits() -> None:
    rows = case_rows(make_run())
    for row, line in zip(rows, parse(summary_csv(rows)), strict=True):
        assert float(line["time_ns"]) == pytest.approx(row.time_ns, rel=1e-5)
        assert float(line["ratio_high"]) == pytest.approx(row.ratio_high, rel=1e-5)
        assert float(line["allocations"]) == row.allocations
        assert int(line["peak_bytes"]) == 4096


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_finite_number_is_empty(value: float) -> None:
    (row, *_) = case_rows(make_run())
    (line,) = parse(summary_csv([replace(row, ratio=value)]))
    assert line["ratio"] == ""


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "  =1"])  # noqa: RUF001
def test_a_cell_that_a_spreadsheet_would_compute_is_defused(name: str) -> None:
    (row, *_) = case_rows(make_run())
    (line,) = parse(summary_csv([replace(row, variant=name)]))
    assert line["variant"] == f"'{printable(name)}"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("two\nlines", "two lines"),
        ("\r\n=1", "' =1"),
        ("\t=1", "\\t=1"),
        ("turned \u202e", "turned \\u202e"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_would_move_the_cursor_is_shown_as_an_escape(name: str, shown: str) -> None:
    (row, *_) = case_rows(make_run())
    (line,) = parse(summary_csv([replace(row, variant=name)]))
    assert line["variant"] == shown


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_name_comes_back_and_never_starts_a_formula(name: str) -> None:
    (row, *_) = case_rows(make_run(variants=("task",), rounds=2))
    (line,) = parse(summary_csv([replace(row, scenario=name)]))
    assert line["scenario"] in {printable(name), f"'{printable(name)}"}
    assert not line["scenario"].startswith(("=", "+", "-", "@"))
    assert line["status"] == "ok"
