"""Several runs, one held against the other: what is marked, what is refused, what stays quiet."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.analysis.comparison import compare_runs
from harness.analysis.places import Places
from harness.analysis.series import Against, Series, another_plan, trace
from harness.analysis.series_story import believe, events, headline, newest_line, trust_lines
from harness.errors import InputError
from harness.plan import PRESETS, Runtime
from tests.analysis.test_comparison import a_run, allocating, slower, timed
from tests.runs import make_run, repeated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.record import Run


def nightly(
    number: int,
    *,
    slower_from: int = 1000,
    wild: float = 0.0,
    noise: float = 0.004,
    **given: object,
) -> Iterator[Run]:
    """Yield runs of one plan; ``task`` is 20 % slower from one on, the machine differs daily."""
    first = a_run("night-0", sync_ratios=(0.0, 0.9), **given)
    for night in range(number):
        run = repeated(first, f"night-{night}", night + 1, noise=noise)
        mood = 1 + wild * math.sin(7.0 * night)
        run = timed(run, lambda _, value, mood=mood: value * mood)  # type: ignore[misc]
        yield slower(run, "task", 1.2) if night >= slower_from else run


def told_of(series: Series) -> list[tuple[int, str]]:
    places = Places(track.row for track in series.tracks)
    return [(event.place, event.variant) for event in events(series, places)]


def test_a_slowdown_is_marked_in_its_run_and_nothing_else_is() -> None:
    series = trace(nightly(12, slower_from=7, wild=0.3), Against.PREVIOUS)
    assert told_of(series) == [(7, "task")]
    assert {track.row.variant for track in series.tracks if track.changed == (7,)} == {"task"}
    for track in series.tracks:
        assert track.overall is not None
        assert track.overall.is_real == (track.row.variant == "task")
    assert headline(series) == (
        "From one run to the next, 2 cases take really longer and none less time; none makes more "
        "allocations and none fewer."
    )


def test_a_hundred_runs_of_unchanged_code_are_quiet() -> None:
    assert told_of(trace(nightly(100, wild=0.5, noise=0.02), Against.PREVIOUS)) == []


def test_an_allocation_is_marked_exactly_where_it_came() -> None:
    runs = list(nightly(4))
    runs[2:] = [allocating(run, "value_task", 1) for run in runs[2:]]
    series = trace(runs, Against.PREVIOUS)
    assert told_of(series) == [(2, "value_task")]
    assert "1 makes more allocations and none fewer" in headline(series)


def test_against_the_first_a_change_stays_told() -> None:
    series = trace(nightly(4, slower_from=2), Against.FIRST)
    assert told_of(series) == [(3, "task"), (2, "task")]
    assert headline(series).startswith("Against night-0, 4 cases take really longer")


def test_the_newest_run_is_told_first_and_when_the_last_change_was() -> None:
    def told(number: int, slower_from: int) -> str:
        return newest_line(trace(nightly(number, slower_from=slower_from), Against.PREVIOUS))

    assert told(4, 3) == "In the newest run, night-3, 2 cases really changed."
    assert told(4, 2) == (
        "In the newest run, night-3, nothing really changed. The last real change was one run "
        "before it, in night-2."
    )
    assert told(6, 2).endswith("The last real change was 3 runs before it, in night-2.")
    assert told(3, 9) == "Nothing really changed in any of the 3 runs."
    assert newest_line(trace(nightly(3, slower_from=1), Against.FIRST)) == ""


def test_whether_to_believe_it_is_told_in_short() -> None:
    same = " ".join(trust_lines(trace(nightly(3), Against.PREVIOUS)))
    assert "held against that of coroutine in the same run" in same
    assert "The 95 % intervals are ± " in same
    assert "Machine, interpreter and versions are the same in all runs." in same
    runs = list(nightly(4))
    runs[2:] = [replace(run, environment={**run.environment, "memray": "9"}) for run in runs[2:]]
    for against, expected in (
        (Against.PREVIOUS, "The environment changed once, in night-2."),
        (Against.FIRST, "2 runs were measured in another environment."),
    ):
        assert expected in [*trust_lines(trace(runs, against))]


def test_over_another_interpreter_no_time_is_compared_and_counts_are() -> None:
    runs = list(nightly(2))
    other = a_run("other", sync_ratios=(0.0, 0.9), runtime=Runtime("3.14.0"))
    runs += [allocating(other, "task", 2), allocating(repeated(other, "last", 9), "task", 2)]
    series = trace(runs, Against.PREVIOUS)
    assert [bool(stop.unlike) for stop in series.stops] == [False, False, True, False]
    assert "unlike interpreters (cpython 3.13.0 / cpython 3.14.0)" in series.stops[2].unlike
    assert series.since == 2
    (task, *_) = [track for track in series.tracks if track.row.variant == "task"]
    assert task.rows.count(None) == 0
    assert task.steps[2] is not None
    assert task.steps[2].effect is None
    assert task.steps[2].allocations == pytest.approx(2)
    assert task.steps[3] is not None
    assert task.steps[3].effect is not None
    assert any("other is not compared in time" in line for line in believe(series))
    both = trace(runs, Against.PREVIOUS, allow_unlike=True)
    assert [stop.unlike for stop in both.stops] == ["", "", "", ""]
    assert both.since == 0


def test_over_another_machine_no_time_is_compared() -> None:
    first, second = nightly(2)
    second = replace(second, environment={**second.environment, "processor": "another"})
    series = trace([first, second], Against.FIRST)
    assert "unlike machines (processor differ)" in series.stops[1].unlike
    assert all(step.effect is None for track in series.tracks for step in track.steps if step)


def test_unlike_loops_stand_beside_each_other_and_are_not_compared() -> None:
    asyncio_, uvloop = (
        a_run(name, runtime=Runtime("3.13.0", loop=name)) for name in ("asyncio", "uvloop")
    )
    series = trace([asyncio_, uvloop], Against.FIRST)
    assert "unlike event loops (asyncio / uvloop)" in series.stops[1].unlike
    assert len(series.tracks) == 3
    assert all(None not in track.rows for track in series.tracks)
    with pytest.raises(InputError, match="unlike event loops show what a change"):
        compare_runs(asyncio_, uvloop)
    told = compare_runs(asyncio_, uvloop, allow_unlike=True)
    assert len(told.common) == 3
    assert all(change.effect for change in told.common)


def test_an_interpreter_that_comes_or_goes_leaves_the_others_where_they_are() -> None:
    old, new = Runtime("3.11.7"), Runtime("3.13.0")
    alone, both = a_run("alone", runtime=new), a_run("both", runtimes=(old, new))
    series = trace([alone, both, replace(alone, name="again")], Against.PREVIOUS)
    assert [stop.unlike for stop in series.stops] == ["", "", ""]
    for track in series.tracks:
        (python,) = {row.python for row in track.rows if row}
        there = [row is not None for row in track.rows]
        assert there == ([True, True, True] if python == "3.13.0" else [False, True, False])
    assert len(series.tracks) == 6


def test_a_case_that_comes_or_goes_leaves_a_gap() -> None:
    with_task = make_run(variants=("coroutine", "task"))
    without = make_run(variants=("coroutine",))
    series = trace([with_task, without, with_task], Against.PREVIOUS)
    (task,) = [track for track in series.tracks if track.row.variant == "task"]
    assert [row is None for row in task.rows] == [False, True, False]
    assert task.steps == (None, None, None)
    assert task.overall is not None


@pytest.mark.parametrize("instruments", [("time",), ("allocations",)])
def test_what_was_not_measured_is_not_told_of(instruments: tuple[str, ...]) -> None:
    series = trace(nightly(3, instruments=instruments), Against.PREVIOUS)
    told = headline(series) + " ".join(believe(series))
    assert ("allocations" in told.lower()) == ("allocations" in instruments)
    assert ("longer" in headline(series)) == ("time" in instruments)


def test_only_times_and_only_counts_have_nothing_to_compare() -> None:
    runs = [a_run(instruments=("time",)), a_run(instruments=("allocations",))]
    assert headline(trace(runs, Against.FIRST)) == "Nothing of these runs could be compared."


def test_what_is_the_same_plan() -> None:
    plan = make_run(sync_ratios=(0.0, 1.0)).plan
    same = make_run(
        sync_ratios=(1.0, 0.0), variants=("task",), runtime=Runtime("3.14.0"), preset="standard"
    ).plan
    assert another_plan(plan, same) == ""
    assert another_plan(plan, replace(plan, preset=PRESETS["rigorous"], seed=9)) == ""
    fewer = make_run(sync_ratios=(0.0,)).plan
    assert another_plan(plan, fewer) == "it lacks lookup sync_ratio=1 on asyncio"
    assert another_plan(fewer, plan) == "it also measures lookup sync_ratio=1 on asyncio"
    assert (
        another_plan(plan, replace(plan, baseline="task")) == "its baseline is task, not coroutine"
    )
    loop = make_run(sync_ratios=(0.0, 1.0), runtime=Runtime("3.13.0", loop="uvloop")).plan
    assert another_plan(plan, loop) == ("it also measures lookup sync_ratio=0 on uvloop and 1 more")
