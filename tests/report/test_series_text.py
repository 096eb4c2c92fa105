"""A series of runs as people and programs read it without a page."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from harness.analysis.series import Against, trace
from harness.plan import Runtime
from harness.report.series_table import print_series
from harness.report.series_text import format_series
from tests.analysis.test_comparison import a_run, allocating, slower
from tests.report.test_comparison_pages import changed_hostile, hostile, nights

if TYPE_CHECKING:
    from harness.analysis.series import Series


@pytest.fixture(scope="module", params=Against)
def series(request: pytest.FixtureRequest) -> Series:
    """Three runs; in the last one ``task`` is slower and ``value_task`` makes one more."""
    *before, last = nights(3)
    return trace([*before, allocating(slower(last, "task", 1.5), "value_task", 1)], request.param)


def printed(series: Series, width: int = 80, encoding: str = "utf-8") -> str:
    written = io.BytesIO()
    file = io.TextIOWrapper(written, encoding=encoding)
    print_series(series, Console(file=file, width=width))
    file.flush()
    return written.getvalue().decode(encoding)


def test_the_table_tells_what_changed_and_nothing_else(series: Series) -> None:
    told = " ".join(printed(series).split())
    assert told.count("slower") - told.count("; slower, faster:") == 2
    assert "night-2: task takes 5" in told
    assert "night-2: value_task makes 9 → 10 allocations per operation" in told
    assert "faster" not in told.replace("slower, faster: sure", "")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(series: Series, width: int) -> None:
    assert max(map(len, printed(series, width).splitlines())) <= width


def test_a_terminal_that_has_no_blocks_gets_letters(series: Series) -> None:
    assert "\\u" not in printed(series, encoding="ascii").replace("\\u2192", "")


def test_a_history_has_a_trend_per_case() -> None:
    series = trace([*nights(2), slower(nights(3)[2], "task", 2)], Against.PREVIOUS)
    (line, _) = [each for each in printed(series).splitlines() if each.startswith("  task ")]
    assert line.rstrip().endswith("▁▁█")


def test_more_runs_than_fit_stand_beneath_each_other() -> None:
    text = printed(trace(nights(5), Against.FIRST))
    blocks = text.split("\n\n")
    assert blocks[0].count("  variant") == 3
    assert "5: night-4" in blocks[0]


def test_unlike_runs_are_told_in_place_of_a_ratio() -> None:
    runs = [*nights(1), *nights(1, runtime=Runtime("3.14.0"))]
    for text in (
        printed(trace(runs, Against.FIRST)),
        format_series(trace(runs, Against.FIRST), "markdown"),
    ):
        assert "not comparable" in text


def test_csv_and_json_have_the_same_figures(series: Series) -> None:
    rows = list(csv.DictReader(io.StringIO(format_series(series, "csv"))))
    document = json.loads(format_series(series, "json"))
    assert document["against"] == series.against
    assert [run["name"] for run in document["runs"]] == ["night-0", "night-1", "night-2"]
    assert len(rows) == 3 * len(document["cases"]) == 18
    flat = [
        (case["variant"], document["runs"][place]["name"], run)
        for case in document["cases"]
        for place, run in enumerate(case["runs"])
    ]
    for row, (variant, name, run) in zip(rows, flat, strict=True):
        assert (row["variant"], row["run"]) == (variant, name)
        assert float(row["time_ns"]) == pytest.approx(run["time_ns"], rel=1e-4)
        if name == "night-0":
            assert row["change"] == ""
            assert run["change"] is None
        else:
            assert float(row["change"]) == pytest.approx(run["change"], rel=1e-4)
    real = {(row["run"], row["variant"]) for row in rows if row["is_real"] == "True"}
    assert real == {("night-2", "task")}


def test_markdown_folds_what_did_not_change(series: Series) -> None:
    text = format_series(series, "markdown")
    changed, rest = text.split("with a change</summary>")[1].split("without a change</summary>")
    assert "lookup sync_ratio=0.9 task" in changed
    assert "lookup sync_ratio=0.9 coroutine" in rest


def test_names_cannot_break_out() -> None:
    for against in Against:
        series = trace([hostile(), changed_hostile()], against, allow_unlike=True)
        markdown = format_series(series, "markdown")
        assert "<b>" not in markdown
        assert "<script" not in markdown.replace("\\<script", "")
        for row in csv.reader(io.StringIO(format_series(series, "csv"))):
            assert not any(cell.lstrip().startswith(("=", "+", "@")) for cell in row)
        assert not [c for c in {*printed(series)} - {"\n"} if not c.isprintable()]


def test_a_run_without_a_case_has_a_gap_in_every_format() -> None:
    series = trace([a_run(), *nights(1)], Against.FIRST)
    document = json.loads(format_series(series, "json"))
    (gone, *_) = [case for case in document["cases"] if case["params"] == "sync_ratio=0"]
    assert gone["runs"][0] is None
    assert gone["overall"] is None
