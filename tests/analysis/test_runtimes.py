"""What changes between runtimes: paired within rounds, exact for allocations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from harness.analysis.runtimes import changes_within_target, runtime_changes
from harness.plan import Runtime
from harness.report.runtimes import runtime_tables
from harness.report.terminal import print_table
from tests.runs import make_run, timing_of

if TYPE_CHECKING:
    from harness.record import GroupRecord, Run, Timing

OLD, NEW, FAST = Runtime("3.11.7"), Runtime("3.13.0"), Runtime("3.13.0", loop="uvloop")


def slower(timing: Timing, factor: float) -> Timing:
    """Return *timing* with every value *factor* times as long: sweep by sweep the same machine."""
    rounds = [[value * factor for value in values] for values in timing.rounds.values()]
    return timing_of(rounds, timing.operations)


def on_runtimes(**factors: float) -> Run:
    """Return a run on three runtimes, slower by these factors on the later two."""
    run = make_run(runtimes=(OLD, NEW, FAST), variants=("coroutine", "task", "value_task"))
    first = run.groups[0]
    groups: list[GroupRecord] = [first]
    for name, record in zip(("new", "fast"), run.groups[1:], strict=True):
        timings = {
            variant: slower(timing, factors.get(name, 1.0))
            for variant, timing in first.timings.items()
        }
        groups.append(replace(record, timings=timings))
    return replace(run, groups=tuple(groups))


def test_the_target_is_about_the_first_runtime_and_the_first_loop_of_each_interpreter() -> None:
    old_fast = replace(OLD, loop="uvloop")
    run = make_run(runtimes=(OLD, old_fast, NEW, FAST), variants=("coroutine",))
    asked = [(change.base, change.group.runtime) for change in changes_within_target(run)]
    assert asked == [(OLD, old_fast), (OLD, NEW), (OLD, FAST), (NEW, FAST)]
    assert changes_within_target(replace(run, pair="token")) == ()
    assert changes_within_target(make_run()) == ()


def test_each_later_runtime_is_held_against_the_first_in_the_order_of_the_plan() -> None:
    run = on_runtimes(new=1.25, fast=0.5)
    assert run.plan.runtimes == (OLD, NEW, FAST)
    changes = runtime_changes(run)
    assert {change.base for change in changes} == {OLD}
    assert [(change.variant, change.group.runtime) for change in changes] == [
        (variant, runtime)
        for variant in ("coroutine", "task", "value_task")
        for runtime in (NEW, FAST)
    ]
    for change in changes:
        assert change.time is not None
        factor = 1.25 if change.group.runtime == NEW else 0.5
        # Of neighbours in time: what the machine did meanwhile is in both, and cancels.
        assert change.time.value == pytest.approx(factor)
        assert change.time.half_width == pytest.approx(0, abs=1e-9)
        assert change.is_real


def test_what_is_the_same_is_no_change() -> None:
    changes = runtime_changes(on_runtimes())
    assert not any(change.is_real for change in changes)
    assert {change.allocations for change in changes} == {0.0}
    assert {change.bytes for change in changes} == {0.0}


def test_allocations_are_told_exactly_and_with_their_sign() -> None:
    run = on_runtimes(new=2.0)
    record = run.groups[1]
    counted = record.allocations["task"]
    more = {**record.allocations, "task": replace(counted, count=counted.count - 2.5)}
    run = replace(run, groups=(run.groups[0], replace(record, allocations=more), run.groups[2]))
    (change,) = (
        each
        for each in runtime_changes(run)
        if each.variant == "task" and each.group.runtime == NEW
    )
    assert change.allocations == pytest.approx(-2.5)
    (table,) = runtime_tables(run)
    rows = dict(table.rows)
    assert rows["task"][0] is not None
    assert (rows["task"][0].allocations, rows["task"][0].heat) == ("-2.5", 3)
    assert rows["task"][1] is not None
    assert (rows["task"][1].allocations, rows["task"][1].heat) == ("0", 0)


def test_what_the_first_runtime_has_not_is_held_against_the_next_that_has_it() -> None:
    run = on_runtimes(new=1.0, fast=3.0)
    first = run.groups[0]
    left = {name: timing for name, timing in first.timings.items() if name != "task"}
    counts = {name: each for name, each in first.allocations.items() if name != "task"}
    run = replace(run, groups=(replace(first, timings=left, allocations=counts), *run.groups[1:]))
    (change,) = (each for each in runtime_changes(run) if each.variant == "task")
    assert (change.base, change.group.runtime) == (NEW, FAST)
    assert change.time is not None
    assert change.time.value == pytest.approx(3.0)
    assert "task" not in dict(runtime_tables(run)[0].rows)


def test_one_runtime_has_nothing_beside_it() -> None:
    run = make_run()
    assert runtime_changes(run) == ()
    assert runtime_tables(run) == ()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_terminal_tells_of_each_within_its_width(width: int) -> None:
    console = Console(width=width, record=True, force_terminal=False)
    with console.capture() as captured:
        print_table(on_runtimes(new=1.25, fast=0.5), console)
    lines = captured.get().splitlines()
    there = lines.index("between runtimes")
    part = lines[there : lines.index("", there)]
    assert max(map(len, part)) <= max(width, 60)
    told = "\n".join(part)
    assert "3.13.0 asyncio" in told
    assert "3.13.0 uvloop" in told
    assert "1.25" in told
    assert "0.500" in told
