from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.analysis.sentences import Tone
from harness.analysis.story import story
from harness.plan import Runtime
from harness.record import RunStatus
from tests.runs import COSTS, SYNC_RATIOS, Cost, make_run

if TYPE_CHECKING:
    from harness.record import Run

KNOWN = tuple(COSTS)


def test_the_story_of_a_run() -> None:
    run = make_run(
        scenarios=("lookup", "reader"), sync_ratios=SYNC_RATIOS, variants=KNOWN, noise=0.002
    )
    texts = [sentence.text for sentence in story(run)]
    assert len(texts) == 5
    assert re.fullmatch(
        r"task takes 17 times as long as coroutine in the median of 10 groups: from 2\.\d+ "
        r"\[2\.\d+, 2\.\d+\] times \(“The \w+ workload” at 0 %\) to 6\d\.\d \[6\d\.\d, 6\d\.\d\] "
        r"times \(“The \w+ workload” at 100 %\); it makes 23\.4 more allocations per call\.",
        texts[0],
    ), texts[0]
    assert any(
        text == "At 100 % synchronous completions value_task_checked allocates nothing in 2 of 2 "
        "groups; coroutine makes 1 allocation per call in the median."
        for text in texts
    )
    assert any(
        text.startswith("Does ValueTask pay? In pure Python (value_task) ") for text in texts
    )
    assert any(text.startswith("The share decides in 2 of 2 scenarios") for text in texts)
    assert any(text.startswith("The most that another strategy gains: in ") for text in texts)


def test_a_finding_leads_to_a_group_that_shows_it() -> None:
    run = make_run(sync_ratios=SYNC_RATIOS, variants=KNOWN, noise=0.002)
    gain = next(each for each in story(run) if each.text.startswith("The most that"))
    assert dict(gain.group.params)["sync_ratio"] == 1.0
    assert gain.tone is Tone.GAIN
    assert "synchronous" not in gain.variants


def test_the_largest_gain_is_that_of_the_fastest_variant_that_really_gains() -> None:
    costs = {"value_task": Cost(5, 50, 1, 1), "coroutine": Cost(500, 500, 1, 1)}
    run = make_run(sync_ratios=(0.0, 1.0), variants=("coroutine", "value_task"), costs=costs)
    first = story(run)[0]
    assert first.text.startswith(
        "The most that another strategy gains: in “The lookup workload” at 100 %"
    )
    assert "times as fast as coroutine" in first.text


def test_value_task_that_wins_here_and_loses_there_is_neither_and_wins_are_named() -> None:
    fast, slow = Cost(100, 500, 1, 1), Cost(900, 900, 1, 1)
    costs = {"coroutine": Cost(500, 500, 1, 1), "value_task": fast}
    names = ("coroutine", "value_task")
    wins = make_run(scenarios=("lookup", "reader"), sync_ratios=(1.0,), variants=names, costs=costs)
    loses = make_run(scenarios=("other",), variants=names, costs={**costs, "value_task": slow})
    (told,) = [each for each in story(_joined(wins, loses)) if "Does ValueTask" in each.text]
    assert (
        "in 2 of 3 groups (“The lookup workload” and “The reader workload”) and slower in 1"
    ) in told.text
    assert told.tone is Tone.EVEN
    (told,) = [each for each in story(wins) if "Does ValueTask" in each.text]
    assert told.tone is Tone.GAIN


def test_what_a_task_does_more_is_told_where_it_costs_the_most() -> None:
    run = make_run(sync_ratios=(0.0, 1.0), variants=("coroutine", "task"))
    turns = {"coroutine": 0.0, "task": 2.0}
    seen = tuple(
        replace(
            record,
            observations={
                name: replace(each, turns=turns[name]) for name, each in record.observations.items()
            },
        )
        for record in run.groups
    )
    (told,) = [each.text for each in story(replace(run, groups=seen)) if "task takes" in each.text]
    assert "at 100 %, where a call takes 2 turns of the event loop instead of none)" in told


def _joined(one: Run, other: Run) -> Run:
    plan = replace(one.plan, groups=(*one.plan.groups, *other.plan.groups))
    titles = {**one.titles, **other.titles}
    return replace(one, plan=plan, titles=titles, groups=(*one.groups, *other.groups))


def test_where_nothing_gains_that_is_told() -> None:
    run = make_run(sync_ratios=(0.0, 0.5), variants=("coroutine", "task"))
    assert "No variant is really faster than coroutine in any of 2 groups." in [
        each.text for each in story(run)
    ]


def test_where_all_are_alike_the_choice_hardly_matters() -> None:
    alike = Cost(1000, 1000, 1, 1)
    run = make_run(
        variants=("coroutine", "value_task"),
        costs={"coroutine": alike, "value_task": alike},
        noise=0.002,
    )
    texts = [each.text for each in story(run)]
    assert (
        "The choice hardly matters here: no variant differs from coroutine by more than 10 % in "
        "time."
    ) in texts
    assert not any("The most that" in text for text in texts)


def test_without_a_baseline_the_furthest_two_are_compared() -> None:
    run = make_run(variants=("task", "value_task", "synchronous"), sync_ratios=(0.0, 1.0))
    (only,) = story(run)
    assert only.text.startswith(
        "The furthest apart: in “The lookup workload” at 100 % task takes 17"
    )
    assert only.variants == ("task", "value_task")


def test_with_allocations_alone_they_are_compared() -> None:
    run = make_run(instruments=("allocations",), sync_ratios=(0.0, 1.0))
    assert [each.text for each in story(run)] == [
        "task makes 22.6 more allocations per call than coroutine in the median of 2 groups, from "
        "21.6 to 23.6."
    ]


def test_there_is_no_story_of_nothing() -> None:
    assert story(make_run(measured=0)) == ()
    assert story(make_run(variants=("coroutine",))) == ()


def test_what_failed_is_no_part_of_it() -> None:
    run = make_run(variants=("coroutine", "task"))
    (record,) = run.groups
    failed = replace(record, failures={"task": "crashed"}, status=RunStatus.FAILED)
    assert story(replace(run, groups=(failed,))) == ()
    lost = replace(record, error="they disagree", status=RunStatus.FAILED)
    assert story(replace(run, groups=(lost,))) == ()


def test_several_runtimes_are_named() -> None:
    one, two = make_run(), make_run(runtime=Runtime("3.12.1", loop="uvloop"))
    plan = replace(one.plan, groups=(*one.plan.groups, *two.plan.groups))
    texts = [
        each.text for each in story(replace(one, plan=plan, groups=(*one.groups, *two.groups)))
    ]
    assert any("on cpython 3.12.1, uvloop at 90 %" in text for text in texts)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from((*KNOWN, "own", "a b")), min_size=1, max_size=6, unique=True),
    st.lists(st.sampled_from((0.0, 0.5, 0.9, 1.0)), min_size=1, max_size=3, unique=True),
    st.sampled_from((1, 2, 4)),
    st.floats(0.0005, 0.1),  # with more, a simulated time may be below zero
    st.sampled_from((("time",), ("allocations",), ("time", "allocations"))),
)
def test_any_run_can_be_told(
    variants: list[str],
    shares: list[float],
    rounds: int,
    noise: float,
    instruments: tuple[str, ...],
) -> None:
    run = make_run(
        scenarios=("lookup", "pool"),
        sync_ratios=sorted(shares),
        variants=variants,
        rounds=rounds,
        noise=noise,
        instruments=instruments,
    )
    found = story(run)
    assert len(found) <= 5
    for sentence in found:
        assert sentence.text.endswith(".")
        assert not re.search(r"\b(nan|inf|None)\b", sentence.text)
        assert sentence.group in run.plan.groups
        assert {*sentence.variants} <= {*variants, "coroutine"}
