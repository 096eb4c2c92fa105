"""A comparison as people and programs read it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from harness.analysis.comparison import compare_runs
from harness.analysis.gate import regressions
from harness.report.comparison import format_comparison, summary
from harness.report.comparison_table import print_comparison, print_regressions
from tests.analysis.test_comparison import a_run, allocating, slower
from tests.runs import make_run

if TYPE_CHECKING:
    from harness.analysis.comparison import Comparison


@pytest.fixture(scope="module")
def worse() -> Comparison:
    """``task`` is slower, ``value_task`` makes an allocation more, the processor is the same."""
    base = a_run("base")
    new = replace(allocating(slower(base, "task", 1.5), "value_task", 1), name="new")
    return compare_runs(base, new)


def printed(comparison: Comparison, width: int = 80) -> str:
    text = io.StringIO()
    console = Console(file=text, width=width)
    print_comparison(comparison, console)
    print_regressions(regressions(comparison), console)
    return text.getvalue()


def test_the_summary_counts(worse: Comparison) -> None:
    assert summary(worse) == (
        "3 cases in both runs; 1 slower, none faster; 1 with more allocations, none with fewer"
    )


def test_the_table_says_what_changed(worse: Comparison) -> None:
    lines = printed(worse).splitlines()
    assert lines[0] == "lookup  sync_ratio=0.9   python 3.13.0, asyncio"
    assert lines[1].split() == [
        "variant",
        "base,",
        "ns",
        "new,",
        "ns",
        "new/base",
        "allocs",
        "more",
    ]
    task, value_task = (
        next(line for line in lines if line.strip().startswith(name))
        for name in ("task", "value_task")
    )
    assert task.endswith("slower")
    assert "+1" in value_task
    assert value_task.endswith("same")
    told = " ".join(" ".join(lines).split())
    assert "regression: lookup sync_ratio=0.9 value_task: 1 more allocation per operation" in told
    assert "(more than 5 % is not allowed)" in told


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(worse: Comparison, width: int) -> None:
    assert max(map(len, printed(worse, width).splitlines())) <= max(width, 60)


def test_markdown_leads_with_regressions_and_folds_the_rest(worse: Comparison) -> None:
    text = format_comparison(worse, "markdown", regressions(worse))
    assert text.startswith("## awaitbench: new against base\n\n**2 regressions.**\n\n- lookup ")
    before, folded = text.split("<details>")
    assert "| lookup sync_ratio=0.9 task |" in before
    assert "| lookup sync_ratio=0.9 coroutine |" in folded


def test_names_cannot_break_out_of_markdown_or_csv() -> None:
    base = make_run(scenarios=("=cmd()|<b>[x](y)",), variants=("coroutine", "task"))
    comparison = compare_runs(base, base)
    text = format_comparison(comparison, "markdown")
    assert "<b>" not in text
    assert "\\|" in text
    rows = list(csv.reader(io.StringIO(format_comparison(comparison, "csv"))))
    assert rows[1][0].startswith("'=")


def test_csv_and_json_have_the_same_figures(worse: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(format_comparison(worse, "csv"))))
    document = json.loads(format_comparison(worse, "json", regressions(worse)))
    assert [row["variant"] for row in rows] == [each["variant"] for each in document["changes"]]
    for row, each in zip(rows, document["changes"], strict=True):
        assert float(row["ratio"]) == pytest.approx(each["ratio"], rel=1e-4)
        assert float(row["more_allocations"]) == pytest.approx(each["more_allocations"])
    assert [each["variant"] for each in document["regressions"]] == ["task", "value_task"]
    assert json.loads(format_comparison(worse, "json"))["regressions"] is None
