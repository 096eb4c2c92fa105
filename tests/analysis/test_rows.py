from __future__ import annotations

from dataclasses import replace

import pytest

from harness.analysis.rows import COLUMNS, case_rows
from harness.record import RunStatus
from tests.runs import make_run


def test_columns_are_those_of_the_contract() -> None:
    assert ",".join(COLUMNS) == (
        "scenario,params,variant,python,loop,baseline,time_ns,time_ns_low,time_ns_high,ratio,"
        "ratio_low,ratio_high,allocations,bytes,peak_bytes,suspensions,tasks,rounds,values,status"
    )


def test_rows_stand_in_the_order_of_the_plan() -> None:
    run = make_run(scenarios=("b", "a"), sync_ratios=(1.0, 0.0), variants=("task", "coroutine"))
    shuffled = replace(run, groups=run.groups[::-1])
    found = [(row.scenario, row.params, row.variant) for row in case_rows(shuffled)]
    assert found[:3] == [
        ("b", "sync_ratio=1", "task"),
        ("b", "sync_ratio=1", "coroutine"),
        ("b", "sync_ratio=0", "task"),
    ]
    assert found[-1] == ("a", "sync_ratio=0", "coroutine")


def test_the_baseline_has_a_ratio_of_exactly_one() -> None:
    (base,) = [row for row in case_rows(make_run()) if row.is_baseline]
    assert (base.ratio, base.ratio_low, base.ratio_high) == (1, 1, 1)


def test_figures_are_per_operation_in_the_units_of_the_columns() -> None:
    (row,) = [row for row in case_rows(make_run(noise=0)) if row.variant == "task"]
    assert row.time_ns == pytest.approx(6291, rel=0.1)
    assert (row.allocations, row.tasks, row.rounds, row.values) == (24.9, 1, 4, 60)
    assert row.status == "ok"
    assert row.reason is None


def test_a_group_that_was_not_measured_is_missing() -> None:
    rows = case_rows(make_run(measured=0))
    assert {row.status for row in rows} == {"missing"}
    assert {row.time_ns for row in rows} == {None}


def test_a_variant_that_the_runtime_lacks_is_unavailable_with_its_reason() -> None:
    rows = case_rows(make_run(variants=("task",), unavailable=(("eager_task", "needs 3.12"),)))
    assert [(row.variant, row.status, row.reason) for row in rows] == [
        ("task", "ok", None),
        ("eager_task", "unavailable", "needs 3.12"),
    ]


def test_a_variant_that_failed_keeps_what_was_measured_of_it() -> None:
    run = make_run(variants=("coroutine", "task"))
    record = replace(
        run.groups[0],
        status=RunStatus.FAILED,
        failures={"task": "crashed"},
        timings={"coroutine": run.groups[0].timings["coroutine"]},
    )
    base, task = case_rows(replace(run, groups=(record,)))
    assert (task.status, task.reason) == ("failed", "crashed")
    assert task.time_ns is None
    assert task.allocations == 24.9
    assert base.status == "ok"


def test_a_group_that_failed_gives_its_reason_to_every_row() -> None:
    run = make_run(variants=("coroutine", "task"))
    record = replace(run.groups[0], status=RunStatus.FAILED, error="they disagree", timings={})
    assert [row.reason for row in case_rows(replace(run, groups=(record,)))] == [
        "they disagree"
    ] * 2


def test_without_the_baseline_there_are_times_but_no_ratios() -> None:
    for row in case_rows(make_run(variants=("task", "value_task"))):
        assert row.time_ns is not None
        assert row.ratio is None
        assert row.ratio_half_width is None
