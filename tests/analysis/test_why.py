from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.rows import claim_limit
from harness.analysis.why import Contrast, _alike, contrasts, size_differences
from harness.record import AllocationKind, Allocations, Observation
from tests.profiles import with_profiles, with_upkeep
from tests.runs import Cost, make_run

if TYPE_CHECKING:
    from harness.record import Run

KINDS = st.lists(
    st.builds(
        AllocationKind,
        st.sampled_from(["PYMALLOC_MALLOC", "MALLOC"]),
        st.sampled_from([16, 48, 640]),
        st.floats(-0.1, 1000),
    ),
    max_size=6,
)


def found(run: Run, index: int = 0) -> dict[tuple[str, str], Contrast]:
    every = contrasts(run.groups[index], run, claim_limit(run))
    return {(each.first, each.second): each for each in every}


def counted(*kinds: AllocationKind) -> Allocations:
    return Allocations(sum(each.count for each in kinds), 0, 0, 300, kinds)


def test_each_variant_is_held_against_the_baseline_and_a_task_against_a_value_task() -> None:
    run = make_run(variants=("task", "coroutine", "value_task"))
    assert [*found(run)] == [
        ("task", "coroutine"),
        ("value_task", "coroutine"),
        ("task", "value_task"),
    ]


@pytest.mark.parametrize("baseline", ["task", "value_task"])
def test_no_pair_is_told_twice(baseline: str) -> None:
    run = make_run(variants=("task", "coroutine", "value_task"), baseline=baseline)
    pairs = [*found(run)]
    assert len(pairs) == len({frozenset(pair) for pair in pairs}) == 2


def test_a_run_without_its_baseline_still_says_what_a_task_does_more_than_a_value_task() -> None:
    assert [*found(make_run(variants=("task", "value_task", "ready_future")))] == [
        ("task", "value_task")
    ]


def test_what_a_task_adds_is_told_with_how_much_longer_it_takes() -> None:
    run = with_upkeep(make_run(sync_ratios=(1.0,), noise=0.002))
    text = found(run)["task", "coroutine"].text
    assert re.fullmatch(
        r"task takes 6\d(\.\d)? \[6\d(\.\d)?, 6\d(\.\d)?\] times as long as coroutine\. Per "
        r"operation task adds 1 task, 1 suspension, 3 turns of the event loop, 0\.4 garbage "
        r"collections in a thousand operations and 23\.6 allocations\.",
        text,
    )


def test_a_variant_that_is_faster_is_told_by_what_it_saves() -> None:
    run = make_run(sync_ratios=(1.0,), baseline="task", noise=0.002)
    text = found(run)["coroutine", "task"].text
    assert re.match(r"coroutine is 6\d(\.\d)? \[.*\] times as fast as task\. Per operation", text)
    assert "coroutine saves 1 task, 1 suspension and 23.6 allocations." in text


def test_what_is_added_and_what_is_saved_are_told_apart() -> None:
    costs = {"mine": Cost(500, 500, 0, 0, tasks=2), "coroutine": Cost(100, 100, 3, 3)}
    run = make_run(variants=("mine", "coroutine"), costs=costs)
    assert "Per operation mine adds 2 tasks and saves 3 allocations." in (
        found(run)["mine", "coroutine"].text
    )


def test_a_difference_that_may_not_be_claimed_is_not() -> None:
    run = make_run(variants=("coroutine", "value_task_native"), sync_ratios=(0.5,), noise=0.05)
    text = found(run)["value_task_native", "coroutine"].text
    assert "No difference in time is shown between value_task_native and coroutine." in text
    assert "times as" not in text


def test_where_nothing_is_added_it_is_the_code_that_differs() -> None:
    run = make_run(sync_ratios=(1.0,), variants=("coroutine", "cached_future"), noise=0.002)
    text = found(run)["cached_future", "coroutine"].text
    assert "saves 96 bytes" in text  # as many allocations, of other sizes
    same = {"twin": Cost(200, 200, 1, 1, 168), "coroutine": Cost(100, 100, 1, 1, 168)}
    run = make_run(variants=("coroutine", "twin"), costs=same, noise=0.002)
    run = replace(
        run,
        groups=tuple(
            replace(record, observations=dict.fromkeys(record.group.variants, Observation(1, 0, 0)))
            for record in run.groups
        ),
    )
    assert found(run)["twin", "coroutine"].text.endswith(
        "Their tasks, suspensions and allocations are the same: what differs is the code that runs."
    )


def test_turns_that_only_one_of_two_knows_are_not_held_against_nothing() -> None:
    run = with_upkeep(make_run(sync_ratios=(1.0,)))
    (record,) = run.groups
    seen = record.observations
    seen = {**seen, "coroutine": replace(seen["coroutine"], turns=None, collections=())}
    run = replace(run, groups=(replace(record, observations=seen),))
    text = found(run)["task", "coroutine"].text
    assert "turn" not in text
    assert "collection" not in text


def test_without_lines_it_is_told_how_many_sizes_only_one_of_them_allocates() -> None:
    run = make_run(sync_ratios=(1.0,), variants=("coroutine", "task"))
    (record,) = run.groups
    kinds = [AllocationKind("MALLOC", size, 1.0) for size in (16, 32, 48)]
    allocations = {"task": counted(*kinds), "coroutine": counted(kinds[0])}
    run = replace(run, groups=(replace(record, allocations=allocations),))
    contrast = found(run)["task", "coroutine"]
    assert contrast.text.endswith("It allocates 2 sizes that coroutine does not.")
    assert [each.size for each in contrast.sizes] == [32, 48]


def test_with_lines_it_is_told_in_which_functions_most_of_it_is() -> None:
    run = with_profiles(make_run(sync_ratios=(1.0,), variants=("coroutine", "task")))
    contrast = found(run)["task", "coroutine"]
    assert contrast.text.endswith(
        "Of what it allocates more, most is in asyncio/base_events.py: create_task (87 %)."
    )
    assert [line.frame.function for line in contrast.more] == ["create_task", "task"]
    assert contrast.less == ()


def test_with_lines_of_the_one_that_allocates_less_it_is_told_where_it_saves() -> None:
    run = make_run(sync_ratios=(1.0,), variants=("coroutine", "task"), baseline="task")
    assert found(with_profiles(run))["coroutine", "task"].text.endswith(
        "Of what it saves, most is in asyncio/base_events.py: create_task (87 %)."
    )


def test_lines_among_which_the_hook_has_its_own_are_no_reason() -> None:
    run = with_profiles(make_run(sync_ratios=(1.0,), variants=("coroutine", "task")))
    (record,) = run.groups
    task = record.profiles["task"]
    unsure = replace(task, attribution=replace(task.attribution, hook=None))
    run = replace(run, groups=(replace(record, profiles={**record.profiles, "task": unsure}),))
    assert "Of what it" not in found(run)["task", "coroutine"].text


def test_a_group_that_failed_has_nothing_to_explain() -> None:
    run = make_run(variants=("coroutine", "task"))
    (record,) = run.groups
    nothing = replace(record, observations={}, allocations={}, timings={}, error="it raised")
    assert found(replace(run, groups=(nothing,))) == {}


@given(KINDS, KINDS)
def test_sizes_differ_one_way_as_the_other(
    first: list[AllocationKind], second: list[AllocationKind]
) -> None:
    one, other = counted(*first), counted(*second)
    there, back = size_differences(one, other), size_differences(other, one)
    assert {(each.allocator, each.size, each.more) for each in there} == {
        (each.allocator, each.size, -each.more) for each in back
    }
    amounts = [abs(each.more) for each in there]
    assert amounts == sorted(amounts, reverse=True)
    assert size_differences(one, one) == ()


@given(KINDS, KINDS)
def test_the_differences_of_sizes_add_up_to_that_of_the_counts(
    first: list[AllocationKind], second: list[AllocationKind]
) -> None:
    one, other = counted(*first), counted(*second)
    more = sum(each.more for each in size_differences(one, other))
    # At most six sizes are left out, each of which is too few to be noticed.
    assert more == pytest.approx(one.count - other.count, abs=6 * 0.005 + 1e-9)


@given(st.floats(0.0005, 3), st.floats(0.0001, 5))
def test_an_interval_that_excludes_one_reads_so(above: float, width: float) -> None:
    low = 1 + above
    told = _alike(low + width / 2, low, low + width)
    assert float(told[1]) > 1 or above < 0.0006
    assert len({len(each.partition(".")[2]) for each in told}) == 1
