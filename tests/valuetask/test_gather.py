"""``gather``: done at once where it can be, else like ``asyncio.gather``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.valuetask import ValueTask, gather, value_task
from tests.valuetask.conftest import Logged, Turns

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tests.valuetask.conftest import Run


@value_task
async def after(turns: int, result: object = None) -> object:
    for _ in range(turns):
        await asyncio.sleep(0)
    if isinstance(result, BaseException):
        raise result
    return result


def test_of_completed_ones_it_is_done_at_once_without_a_loop() -> None:
    assert gather(ValueTask(1), ValueTask("a"), ValueTask([])).result() == [1, "a", []]
    assert gather().result() == []


def test_of_completed_ones_a_failure_is_its_failure_at_once() -> None:
    error = ValueError()
    failed = ValueTask.from_exception(error)
    assert gather(ValueTask(1), failed).exception() is error
    assert gather(failed, ValueTask(1), return_exceptions=True).result() == [error, 1]
    assert gather(ValueTask(1), ValueTask.from_cancelled()).cancelled()


def test_cancellations_stand_among_the_results_where_asked_for() -> None:
    (found,) = gather(ValueTask[int].from_cancelled("x"), return_exceptions=True).result()
    assert isinstance(found, asyncio.CancelledError)
    assert found.args == ("x",)


@pytest.mark.parametrize("wrong", [1, None, "text"])
def test_what_is_no_value_task_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="expects ValueTasks"):
        gather(ValueTask(1), wrong)


def test_of_completed_ones_awaiting_takes_no_turn(run: Run) -> None:
    async def main() -> None:
        turns = Turns()
        assert await gather(ValueTask(1), after(0, 2)) == [1, 2]
        assert turns.count == 0

    run(main())


def test_suspended_bodies_run_side_by_side_from_the_call_on(run: Run) -> None:
    async def main() -> None:
        both = asyncio.Event(), asyncio.Event()

        @value_task
        async def meet(mine: asyncio.Event, other: asyncio.Event) -> bool:
            mine.set()
            await asyncio.sleep(0)
            await other.wait()
            return True

        gathered = gather(meet(both[0], both[1]), ValueTask(False), meet(both[1], both[0]))
        assert not gathered.done()
        await asyncio.wait_for(asyncio.shield(gathered.as_future()), 10)
        assert gathered.result() == [True, False, True]

    run(main())


def test_it_makes_one_task_for_each_that_is_pending_and_none_for_the_rest(run: Run) -> None:
    async def main() -> None:
        before = asyncio.all_tasks()
        gathered = gather(after(1, 1), after(0, 2), after(1, 3), ValueTask(4))
        assert len(asyncio.all_tasks() - before) == 2
        assert await gathered == [1, 2, 3, 4]

    run(main())


def test_the_same_one_given_twice_is_driven_once(run: Run) -> None:
    async def main() -> None:
        runs = []

        @value_task
        async def body() -> int:
            await asyncio.sleep(0)
            runs.append(1)
            return len(runs)

        once = body()
        assert await gather(once, once, ValueTask(0), once) == [1, 1, 0, 1]
        again = body()
        assert list(await asyncio.gather(again, again)) == [2, 2]

    run(main())


def test_the_first_failure_ends_it_and_the_others_run_on(run: Run) -> None:
    async def main() -> None:
        logged = Logged()
        error = ValueError()
        slow, failing = after(5, "slow"), after(1, error)
        later = after(3, OSError())
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - it has no message
            await gather(slow, failing, later)
        assert caught.value is error
        assert not slow.done()
        assert await slow == "slow"
        del later
        assert logged.after_collecting() == []

    run(main())


def test_a_failure_that_is_there_already_ends_it_and_the_others_run_on(run: Run) -> None:
    async def main() -> None:
        logged = Logged()
        error = ValueError()
        slow = after(2, "slow")
        gathered = gather(slow, after(1, OSError()), ValueTask.from_exception(error))
        assert gathered.exception() is error
        assert await slow == "slow"
        assert logged.after_collecting() == []

    run(main())


def test_cancelling_it_cancels_the_children(run: Run) -> None:
    async def main(return_exceptions: bool) -> None:
        children = after(100), after(100)
        gathered = gather(*children, return_exceptions=return_exceptions)
        task = asyncio.ensure_future(gathered)
        await asyncio.sleep(0)
        task.cancel("all")
        with pytest.raises(asyncio.CancelledError, match="all"):
            await task
        assert gathered.cancelled()
        await asyncio.sleep(0)
        assert all(child.cancelled() for child in children)
        assert not gathered.as_future().cancel()

    run(main(False))
    run(main(True))


def test_a_cancelled_child_makes_it_cancelled(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        gathered = gather(ValueTask.from_future(future), after(3))
        future.cancel("child")
        with pytest.raises(asyncio.CancelledError, match="child"):
            await gathered
        assert gathered.cancelled()

    run(main())


def test_futures_of_different_loops_are_refused(run: Run) -> None:
    async def main() -> None:
        other = asyncio.new_event_loop()
        try:
            mine = asyncio.get_running_loop().create_future()
            theirs = other.create_future()
            with pytest.raises(ValueError, match="different event loops"):
                gather(ValueTask.from_future(mine), ValueTask.from_future(theirs))
        finally:
            other.close()

    run(main())


Plan = list[tuple[int, object]]
"""For each child: turns before it answers, and its result, "fails" or "cancelled"."""


async def outcome(gathering: Coroutine[Any, Any, list[Any]]) -> Any:
    # Among the results of asyncio.gather, a cancellation has lost its message.
    try:
        return [
            "cancelled" if isinstance(one, asyncio.CancelledError) else repr(one)
            for one in await gathering
        ]
    except (LookupError, asyncio.CancelledError) as error:
        return repr(error)


def answers(plan: Plan) -> list[tuple[int, object]]:
    failures = {"fails": LookupError, "cancelled": asyncio.CancelledError}
    return [
        (turns, failures[result](number) if isinstance(result, str) else result)
        for number, (turns, result) in enumerate(plan)
    ]


async def theirs(plan: Plan, return_exceptions: bool) -> list[Any]:
    async def child(turns: int, result: object) -> object:
        return await after(turns, result)

    children = [child(*answer) for answer in answers(plan)]
    return await asyncio.gather(*children, return_exceptions=return_exceptions)


async def ours(plan: Plan, return_exceptions: bool) -> list[Any]:
    children = [after(*answer) for answer in answers(plan)]
    return await gather(*children, return_exceptions=return_exceptions)


def plans(turns: st.SearchStrategy[int], min_size: int = 0) -> st.SearchStrategy[Plan]:
    results = st.one_of(st.sampled_from(["fails", "cancelled"]), st.integers())
    return st.lists(st.tuples(turns, results), min_size=min_size, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(plan=plans(st.integers(0, 4)), return_exceptions=st.booleans())
def test_it_answers_what_asyncio_gather_answers(
    run: Run, plan: Plan, return_exceptions: bool
) -> None:
    expected = run(outcome(theirs(plan, return_exceptions)))
    assert run(outcome(ours(plan, return_exceptions))) == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    plan=plans(st.integers(4, 6), min_size=1),
    return_exceptions=st.booleans(),
    turns=st.integers(1, 3),
)
def test_cancelled_it_answers_what_asyncio_gather_answers(
    run: Run, plan: Plan, return_exceptions: bool, turns: int
) -> None:
    async def cancelled(gathering: Coroutine[Any, Any, list[Any]]) -> Any:
        task = asyncio.create_task(gathering)
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        (done, _pending) = await asyncio.wait([task])
        return task.cancelled() and len(done), len(asyncio.all_tasks())

    expected = run(cancelled(theirs(plan, return_exceptions)))
    assert expected == (1, 1)
    assert run(cancelled(ours(plan, return_exceptions))) == expected
