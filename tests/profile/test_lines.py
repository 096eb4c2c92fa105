"""Tables of allocating lines, and the difference of two, from stacks that nobody captured."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.lines import (
    allocating_lines,
    causing_lines,
    differences,
    differences_csv,
    lines_csv,
)
from harness.record import Attribution, Frame, Stack
from tests.profile.stacks import AWAIT, CREATE, MINE, OTHER, STEP, seen

FRAMES = st.builds(
    Frame,
    st.sampled_from(["mine.py", "asyncio/events.py"]),
    st.sampled_from("fg"),
    st.integers(1, 4),
)
STACKS = st.builds(
    Stack,
    st.lists(FRAMES, max_size=4).map(tuple),
    st.integers(1, 1000),
    st.integers(0, 100_000),
)
SEEN = st.builds(
    Attribution, st.integers(1, 100), st.lists(STACKS, max_size=8).map(tuple), st.just("mine.py")
)


def test_a_line_has_what_is_allocated_at_it_and_not_what_it_calls() -> None:
    first, second, third, fourth = allocating_lines(seen())
    assert (first.frame, first.allocations, first.bytes) == (CREATE, 600, 60_000)
    assert (second.frame, second.share) == (STEP, 0.25)
    assert (third.frame, third.caused_by) == (AWAIT, ())
    assert (fourth.frame, fourth.caused_by) == (MINE, (45,))


def test_the_lines_that_caused_an_allocation_are_of_the_scenario_and_the_nearest() -> None:
    assert allocating_lines(seen())[0].caused_by == (45, 39)


def test_what_a_line_of_the_scenario_causes_includes_what_it_calls() -> None:
    by_line = {cause.frame: cause.allocations for cause in causing_lines(seen())}
    assert by_line == {MINE: 550, OTHER: 100, None: 350}
    assert causing_lines(seen())[0].text == "return loop.create_task(coroutine())"
    assert causing_lines(seen())[-1].frame is None


def test_differences_are_per_operation() -> None:
    fewer = Attribution(
        operations=50,
        stacks=(Stack((STEP,), 25, 2500), Stack((AWAIT,), 50, 4800)),
        scenario_file="mine.py",
    )
    more, less = differences(seen(), fewer)
    assert [(line.frame, line.more) for line in more] == [(CREATE, 6), (STEP, 2), (MINE, 0.5)]
    assert less == ()


def test_a_variant_does_not_differ_from_itself() -> None:
    assert differences(seen(), seen()) == ((), ())


@given(SEEN)
def test_no_allocation_is_lost_or_counted_twice(seen: Attribution) -> None:
    for rows in (allocating_lines(seen), causing_lines(seen)):
        assert sum(row.allocations for row in rows) == seen.allocations
        assert sum(row.bytes for row in rows) == sum(stack.bytes for stack in seen.stacks)
        assert not rows or abs(sum(row.share for row in rows) - 1) < 1e-9


@given(SEEN, SEEN)
def test_differences_the_other_way_round_are_the_same(one: Attribution, other: Attribution) -> None:
    more, less = differences(one, other)
    backward_more, backward_less = differences(other, one)
    assert [line.frame for line in more] == [line.frame for line in backward_less]
    assert [line.frame for line in less] == [line.frame for line in backward_more]
    assert not {line.frame for line in more} & {line.frame for line in less}


@given(SEEN)
def test_every_line_is_a_row_of_the_csv_file(seen: Attribution) -> None:
    rows = list(csv.DictReader(io.StringIO(lines_csv(seen))))
    assert len(rows) == len(allocating_lines(seen))
    assert sum(int(row["allocations"]) for row in rows) == seen.allocations


def test_the_table_as_a_file() -> None:
    assert (
        lines_csv(seen())
        == """\
file,function,line,caused_by,allocations,bytes,share
asyncio/base_events.py,create_task,469,mine.py:45;mine.py:39,600,60000,0.600000
asyncio/events.py,_run,89,,250,25000,0.250000
harness/measure/drive.py,_await_all,71,,100,9600,0.100000
mine.py,task,45,mine.py:45,50,5000,0.050000
"""
    )


def test_the_differences_as_a_file() -> None:
    other = Attribution(100, (Stack((AWAIT,), 200, 9600),), "mine.py")
    text = differences_csv(seen(), other, ("task", "coroutine"))
    assert text.splitlines()[0] == (
        "file,function,line,task_allocations,coroutine_allocations,more_allocations,"
        "task_bytes,coroutine_bytes,more_bytes"
    )
    assert text.splitlines()[1] == "asyncio/base_events.py,create_task,469,6,0,6,600,0,600"
    assert text.splitlines()[-1] == "harness/measure/drive.py,_await_all,71,1,2,-1,96,96,0"
