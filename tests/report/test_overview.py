"""The overview, and which charts stand below it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.analysis.rows import case_rows
from harness.report.overview import overview
from harness.report.page import make_page
from tests.runs import make_run

if TYPE_CHECKING:
    from harness.record import Run
    from harness.scenario import ParamValue


def labels(run: Run) -> list[str]:
    found = overview(case_rows(run))
    assert found is not None
    return [row.params for row in found.rows]


def with_knob(run: Run, name: str, values: dict[float, ParamValue]) -> Run:
    """Return the run with a parameter that goes with the share."""

    def moved(params: tuple[tuple[str, ParamValue], ...]) -> tuple[tuple[str, ParamValue], ...]:
        return (*params, (name, values[float(dict(params)["sync_ratio"])]))

    groups = tuple(replace(group, params=moved(group.params)) for group in run.plan.groups)
    records = tuple(
        replace(record, group=group) for record, group in zip(run.groups, groups, strict=True)
    )
    return replace(run, plan=replace(run.plan, groups=groups), groups=records)


def test_a_parameter_that_does_not_vary_is_not_repeated_in_each_row() -> None:
    run = make_run(sync_ratios=(0.0, 1.0), extra={"size": (64,), "depth": (1, 5)})
    assert labels(run) == [
        f"sync_ratio={share};depth={depth}" for share in (0, 1) for depth in (1, 5)
    ]


def test_the_share_is_always_said() -> None:
    assert labels(make_run(sync_ratios=(0.9,), extra={"size": (64,)})) == ["sync_ratio=0.9"]


def test_settings_of_a_knob_that_moves_the_share_are_on_one_curve() -> None:
    run = with_knob(make_run(sync_ratios=(0.0, 0.9)), "rows", {0.0: 1, 0.9: 10})
    (section,) = make_page(run).sections
    assert [chart.title for chart in section.shares] == [
        "Time against rows",
        "Allocations against rows",
    ]
    assert "1: 0 %" in section.shares[0].svg
    assert "10: 90 %" in section.shares[0].svg


def test_kinds_of_work_are_on_none() -> None:
    run = with_knob(make_run(sync_ratios=(0.0, 0.9)), "kind", {0.0: "io", 0.9: "memoized"})
    (section,) = make_page(run).sections
    assert section.shares == ()
