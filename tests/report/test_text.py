from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.rows import COLUMNS, case_rows
from harness.analysis.summary import summary_csv
from harness.errors import InputError
from harness.record import Finding, Severity
from harness.report.text import FORMATS, format_run
from tests.runs import make_run


def test_markdown_of_a_run() -> None:
    run = make_run(
        sync_ratios=(1.0,),
        variants=("coroutine", "value_task"),
        unavailable=(("eager_task", "needs Python 3.12 or later, this is 3.11.7"),),
        findings=(Finding(Severity.WARNING, "swapped | out", "Close *it*."),),
        instruments=("allocations",),
    )
    assert (
        format_run(run, "markdown")
        == """\
## 2025-01-01-example

- At 100 % synchronous completions value_task makes 1 more allocation per call than coroutine.

### lookup: sync_ratio=1 (cpython 3.13.0, asyncio)

| variant | ns/op | ratio | allocs | bytes | susp. | tasks | |
|---|---:|---:|---:|---:|---:|---:|---|
| **coroutine** | - | - | 1 | 168 | 0 | 0 |  |
| value_task | - | - | 2 | 288 | 0 | 0 |  |
| eager_task | - | - | - | - | - | - | unavailable: needs Python 3.12 or later, this is 3.11.7 |

Ratios are to coroutine, ± is half of the 95 % interval;
allocations, bytes, suspensions and tasks are per operation.

- **warning:** swapped \\| out Close \\*it\\*.
"""
    )


def test_csv_is_the_summary() -> None:
    run = make_run()
    text = format_run(run, "csv")
    assert text == summary_csv(case_rows(run))
    assert next(csv.reader(io.StringIO(text))) == list(COLUMNS)


def test_json_has_the_documented_keys() -> None:
    document = json.loads(format_run(make_run(variants=("coroutine", "value_task")), "json"))
    assert list(document) == [
        "schema",
        "name",
        "status",
        "started",
        "ended",
        "baseline",
        "preset",
        "instruments",
        "seed",
        "threshold",
        "titles",
        "environment",
        "rows",
        "summary",
        "story",
        "costs",
        "findings",
    ]
    assert document["schema"] == 1
    assert [row["variant"] for row in document["rows"]] == ["coroutine", "value_task"]
    assert set(COLUMNS) <= document["rows"][0].keys()
    assert document["summary"][0]["variants"] == ["value_task", "coroutine"]
    assert document["preset"] == {"name": "quick", "target": 0.05, "rounds": [3, 5], "values": 15}


def test_json_carries_the_cost_model_and_its_crossovers() -> None:
    run = make_run(sync_ratios=(0.0, 0.5, 1.0), variants=("coroutine", "cached_future"))
    (cost,) = json.loads(format_run(run, "json"))["costs"]
    assert (cost["scenario"], cost["params"], cost["reason"]) == ("lookup", "", None)
    assert cost["sync_ratios"] == [0.0, 0.5, 1.0]
    time = cost["variants"]["cached_future"]["time_ns"]
    assert time["synchronous_low"] < time["synchronous"] < time["synchronous_high"]
    assert set(time["furthest"]) == {"sync_ratio", "relative", "intervals"}
    assert cost["variants"]["coroutine"]["allocations"]["asynchronous"] == 6
    (crossover,) = [each for each in cost["crossovers"] if each["figure"] == "time"]
    assert (crossover["below"], crossover["above"]) == ("coroutine", "cached_future")
    assert crossover["low"] < crossover["sync_ratio"] < crossover["high"]
    assert cost["advice"] == "change"
    assert cost["recommendation"].startswith("Below ")


def test_json_says_why_there_is_no_cost_model() -> None:
    (cost,) = json.loads(format_run(make_run(), "json"))["costs"]
    assert cost["reason"] == "only 90 % was measured, and a line needs two shares"
    assert cost["variants"] == {}


def test_json_is_strict_where_a_figure_is_no_number() -> None:
    run = make_run(variants=("coroutine",))
    counted = replace(run.groups[0].allocations["coroutine"], count=math.nan)
    record = replace(run.groups[0], allocations={"coroutine": counted})
    text = format_run(replace(run, groups=(record,)), "json")
    document = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert document["rows"][0]["allocations"] is None


def test_an_unknown_format_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean markdown"):
        format_run(make_run(), "markdwn")
    assert FORMATS == ("markdown", "csv", "json")


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_format_takes_a_run_in_which_nothing_was_measured(format_name: str) -> None:
    assert "lookup" in format_run(make_run(measured=0), format_name)


@given(st.text(max_size=20))
def test_a_hostile_name_stays_in_its_cell(name: str) -> None:
    run = make_run(variants=("coroutine",), unavailable=((name, name),), instruments=())
    rows = [line for line in format_run(run, "markdown").splitlines() if line.startswith("| ")]
    assert len(rows) == 3
    for row in rows:
        assert row.replace("\\\\", "").replace("\\|", "").count("|") == 9
    assert json.loads(format_run(run, "json"))["rows"][1]["variant"] == name
