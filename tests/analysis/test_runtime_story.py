"""What a run says of its runtimes: in one thing different, medians, exact allocations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.analysis.recommend import recommendations
from harness.analysis.runtime_story import runtime_story
from harness.analysis.runtimes import all_runtimes, name_runtimes
from harness.analysis.sentences import Tone
from harness.plan import Runtime
from tests.runs import make_run, timing_of

if TYPE_CHECKING:
    from harness.record import Run

OLD, OLD_FAST = Runtime("3.11.7"), Runtime("3.11.7", loop="uvloop")
NEW, NEW_FAST = Runtime("3.13.0"), Runtime("3.13.0", loop="uvloop")
FOUR = (OLD, OLD_FAST, NEW, NEW_FAST)


def on_four(*, faster: float = 0.8, fewer: float = 3.0) -> Run:
    """Return a run on four runtimes: tasks are cheaper on the new ones, all else is the same."""
    run = make_run(
        sync_ratios=(0.0, 0.9), variants=("coroutine", "task", "value_task"), runtimes=FOUR
    )
    first = {record.group.setting: record for record in run.groups if record.group.runtime == OLD}
    groups = []
    for record in run.groups:
        base = first[record.group.setting]
        timings, counts = dict(base.timings), dict(base.allocations)
        if record.group.runtime.python == "3.13.0":
            task = timings["task"]
            rounds = [[value * faster for value in values] for values in task.rounds.values()]
            timings["task"] = timing_of(rounds, task.operations)
            counts["task"] = replace(counts["task"], count=counts["task"].count - fewer)
        groups.append(replace(record, timings=timings, allocations=counts))
    return replace(run, groups=tuple(groups))


def test_interpreters_are_compared_on_one_loop_and_loops_on_one_interpreter() -> None:
    told = runtime_story(on_four())
    assert [sentence.text for sentence in told] == [
        "From cpython 3.11.7 to 3.13.0 (asyncio): 2 of 6 cases are really faster and 0 slower; "
        "in the median of 2 settings 20 % less time (task).",
        "From cpython 3.11.7 to 3.13.0 (asyncio), allocations per call: task makes 3 fewer, in "
        "the median.",
        "uvloop in place of asyncio (cpython 3.13.0): 0 of 6 cases are really faster and 0 slower.",
        "uvloop in place of asyncio (cpython 3.13.0): the number of allocations per call stays "
        "the same for each variant, in the median.",
    ]
    assert [sentence.tone for sentence in told] == [Tone.GAIN, Tone.GAIN, Tone.EVEN, Tone.EVEN]
    assert told[0].group.runtime == NEW
    assert told[2].group.runtime == NEW_FAST


def test_whether_the_choice_depends_on_the_runtime_is_told() -> None:
    run = on_four()
    *_, last = runtime_story(run, recommendations(run))
    assert last.text == "The strategy to use is the same on all 4 runtimes."


def test_one_runtime_has_no_story() -> None:
    run = make_run(sync_ratios=(0.0, 0.9))
    assert runtime_story(run, recommendations(run)) == ()
    assert runtime_story(make_run(measured=0, runtimes=FOUR)) == ()


def test_runtimes_are_named_as_briefly_as_is_clear() -> None:
    assert name_runtimes([OLD], [OLD]) == ""
    assert name_runtimes(FOUR, FOUR) == "all 4 runtimes"
    assert name_runtimes([OLD, NEW], [OLD, NEW]) == "both runtimes"
    assert name_runtimes([OLD, NEW], FOUR) == "all with asyncio"
    assert name_runtimes(FOUR[:3], FOUR) == "all runtimes but 3.13.0 uvloop"
    assert name_runtimes([NEW_FAST], FOUR) == "3.13.0 uvloop"
    assert name_runtimes([OLD, NEW_FAST], FOUR) == "3.11.7 asyncio, 3.13.0 uvloop"


def test_every_runtime_is_written_without_saying_anything_twice() -> None:
    assert all_runtimes([NEW]) == "cpython 3.13.0, asyncio"
    assert all_runtimes(FOUR) == "cpython 3.11.7 and 3.13.0, each on asyncio and uvloop"
    assert all_runtimes([OLD, NEW]) == "cpython 3.11.7 and 3.13.0 on asyncio"
    assert all_runtimes([NEW, NEW_FAST]) == "cpython 3.13.0 on asyncio and uvloop"
    assert all_runtimes([OLD, NEW_FAST]) == "cpython 3.11.7, asyncio and cpython 3.13.0, uvloop"
    both = [OLD, Runtime("3.11.0", "pypy")]
    assert all_runtimes(both) == "cpython 3.11.7 and pypy 3.11.0 on asyncio"
