"""``@value_task(pooled=True)``: suspended bodies in borrowed sources."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import traceback
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.valuetask import ValueTask, gather, value_task
from tests.valuetask.conftest import Logged, Turns, loop_factory, while_handling
from tests.valuetask.states import PENDING, state

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.valuetask.conftest import Run


@value_task(pooled=True)
async def at_once(result: object = None) -> object:
    return result


@value_task(pooled=True)
async def later(result: object = None) -> object:
    await asyncio.sleep(0)
    if isinstance(result, BaseException):
        raise result
    return result


@value_task(pooled=True)
async def waiting_for(awaitable: Awaitable[object]) -> object:
    return await awaitable


def uses(value_task: ValueTask[Any]) -> list[Callable[[], object]]:
    """Return every use of *value_task* but its await, ``==``, ``hash`` and ``repr``."""
    return [
        value_task.done,
        value_task.succeeded,
        value_task.faulted,
        value_task.cancelled,
        value_task.result,
        value_task.exception,
        value_task.as_future,
        value_task.preserve,
        lambda: value_task.then(str),
    ]


async def assert_stale(value_task: ValueTask[Any]) -> None:
    for use in uses(value_task):
        with pytest.raises(asyncio.InvalidStateError, match="read already"):
            use()
    with pytest.raises(asyncio.InvalidStateError, match="read already"):
        await value_task
    same = value_task
    assert value_task == same
    hash(value_task)
    repr(value_task)


def test_a_body_that_returns_or_raises_at_once_is_completed_as_a_plain_one(run: Run) -> None:
    error = ValueError()

    @value_task(pooled=True)
    async def failing() -> None:
        raise error

    result = object()
    done = at_once(result)
    assert type(done) is ValueTask
    for _ in range(2):
        assert done.result() is result
        assert failing().exception() is error


def test_before_and_while_it_is_awaited_it_is_not_done(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        value_task = waiting_for(future)
        awaiting = asyncio.ensure_future(value_task)
        for _ in range(2):
            assert state(value_task) == PENDING
            for use in (value_task.result, value_task.exception):
                with pytest.raises(asyncio.InvalidStateError, match="not finished"):
                    use()
            await asyncio.sleep(0)
        future.set_result(1)
        assert await awaiting == 1
        await assert_stale(value_task)

    run(main())


def test_after_its_result_was_read_every_use_is_an_error(run: Run) -> None:
    async def main() -> None:
        value_task = later(1)
        assert await value_task == 1
        await assert_stale(value_task)

    run(main())


def test_the_source_goes_back_even_when_the_read_raises(run: Run) -> None:
    async def main() -> None:
        error = ValueError()
        value_task = later(error)
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - it has no message
            await value_task
        assert caught.value is error
        names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        assert names == ["main", "later"]
        await assert_stale(value_task)

    run(main())


def test_a_cancelled_await_reads_it(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        value_task = waiting_for(future)
        awaiting = asyncio.ensure_future(value_task)
        await asyncio.sleep(0)
        awaiting.cancel("why")
        with pytest.raises(asyncio.CancelledError, match="why"):
            await awaiting
        assert future.cancelled()
        await assert_stale(value_task)

    run(main())


@pytest.mark.parametrize("take", [ValueTask.as_future, ValueTask.preserve])
def test_taken_over_by_a_future_it_is_stale_at_once(run: Run, take: Any) -> None:
    async def main() -> None:
        value_task = later(1)
        taken = getattr(value_task, take.__name__)()
        await assert_stale(value_task)
        assert await taken == 1
        assert await taken == 1

    run(main())


def test_a_cancellation_before_the_first_step_reaches_the_body(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        task = waiting_for(future).as_future()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert future.cancelled()

    run(main())


def test_as_future_without_a_running_loop_leaves_it_as_it_was(run: Run) -> None:
    loop = asyncio.new_event_loop()
    try:
        future = loop.create_future()
        value_task = waiting_for(future)
        with pytest.raises(RuntimeError, match="no running event loop"):
            value_task.as_future()
        assert not value_task.done()

        async def wait() -> object:
            return await value_task

        loop.call_soon(future.set_result, 1)
        assert loop.run_until_complete(wait()) == 1
    finally:
        loop.close()


def test_a_second_await_while_one_runs_is_an_error(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        value_task = waiting_for(future)
        first = asyncio.ensure_future(value_task)
        await asyncio.sleep(0)
        for use in (lambda: value_task, value_task.as_future, value_task.preserve):
            with pytest.raises(RuntimeError, match="awaited twice at once"):
                await use()
        future.set_result(1)
        assert await first == 1

    run(main())


def test_a_stale_one_never_disturbs_the_next_user(run: Run) -> None:
    async def main() -> None:
        stale = later(1)
        await stale
        future = asyncio.get_running_loop().create_future()
        following = [waiting_for(future) for _ in range(4)]
        await assert_stale(stale)
        assert all(state(one) == PENDING for one in following)
        assert all(stale != one for one in following)
        awaiting = [asyncio.ensure_future(one) for one in following]
        await asyncio.sleep(0)
        await assert_stale(stale)
        del stale
        gc.collect()
        future.set_result("next")
        assert await asyncio.gather(*awaiting) == ["next"] * 4

    run(main())


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(st.lists(st.sampled_from(["call", "await", "future", "drop", "use stale"]), max_size=20))
def test_whatever_happens_to_the_others_each_gives_its_own_result(
    run: Run, actions: list[str]
) -> None:
    async def main() -> None:
        pending: list[tuple[int, ValueTask[object]]] = []
        stale: list[ValueTask[object]] = []
        for number, action in enumerate(actions):
            if action == "use stale":
                for one in stale:
                    await assert_stale(one)
            elif action == "call" or not pending:
                pending.append((number, later(number)))
            elif action == "drop":
                with pytest.warns(RuntimeWarning, match="never awaited"):
                    del pending[0]
            else:
                expected, one = pending.pop(0)
                awaitable: Awaitable[object] = one if action == "await" else one.as_future()
                assert await awaitable == expected
                stale.append(one)
        while pending:
            expected, one = pending.pop()
            assert await one == expected

    run(main())


def test_dropped_without_an_await_it_warns_and_closes_the_body(run: Run) -> None:
    closed = []

    @value_task(pooled=True)
    async def body() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            closed.append(True)

    async def main() -> None:
        with pytest.warns(RuntimeWarning, match=r"ValueTask of '.*body' was never awaited"):
            body()
        assert closed == [True]
        assert await later(2) == 2  # out of the same pool

    run(main())


def test_an_await_that_is_given_up_closes_the_body(run: Run) -> None:
    async def main() -> None:
        value_task = waiting_for(asyncio.get_running_loop().create_future())
        awaiting = value_task.__await__()
        next(awaiting)
        awaiting.close()
        await assert_stale(value_task)

    run(main())


def test_then_runs_when_awaited_and_reads_it(run: Run) -> None:
    async def main() -> None:
        value_task = later(4)
        text = value_task.then(str)
        assert not text.done()
        assert await text == "4"
        assert await text == "4"
        await assert_stale(value_task)

    run(main())


def test_gather_reads_each_once(run: Run) -> None:
    async def main() -> None:
        several = [later(1), at_once(2), later(3)]
        assert await gather(*several, several[0]) == [1, 2, 3, 1]
        await assert_stale(several[0])

    run(main())


def test_what_it_waits_for_may_be_done_before_the_await_which_then_takes_no_turn(
    run: Run,
) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        value_task = waiting_for(future)
        future.set_result(9)
        turns = Turns()
        assert await value_task == 9
        assert turns.count == 0

    run(main())


def test_the_rest_runs_in_the_task_that_awaits(run: Run) -> None:
    @value_task(pooled=True)
    async def body() -> list[asyncio.Task[Any] | None]:
        tasks = [asyncio.current_task()]
        await asyncio.sleep(0)
        return [*tasks, asyncio.current_task()]

    async def main() -> None:
        before = asyncio.all_tasks()
        me = asyncio.current_task()
        assert await body() == [me, me]
        assert asyncio.all_tasks() == before

    run(main())


@pytest.mark.parametrize("suspend", [False, True])
def test_the_exception_that_the_caller_handles_is_no_context_of_a_failure(
    run: Run, suspend: bool
) -> None:
    error = ValueError()

    @value_task(pooled=True)
    async def body() -> None:
        try:
            raise OSError  # noqa: TRY301 - the failure's own context
        except OSError:
            if suspend:
                await asyncio.sleep(0)
            raise error from None

    async def main() -> None:
        value_task = while_handling(KeyError(), body)
        with pytest.raises(ValueError):  # noqa: PT011 - it has no message
            await value_task
        own = error.__context__
        assert isinstance(own, OSError)
        assert own.__context__ is None

    run(main())


def test_a_failure_in_the_task_that_nobody_reads_is_logged(run: Run) -> None:
    async def main() -> None:
        logged = Logged()
        later(ValueError()).as_future()
        await asyncio.sleep(0.01)
        assert logged.after_collecting() == ["Task exception was never retrieved"]

    run(main())


def test_nested_bodies_borrow_a_source_each(run: Run) -> None:
    @value_task(pooled=True)
    async def down(depth: int) -> int:
        await asyncio.sleep(0)
        return 0 if depth == 0 else 1 + await down(depth - 1)

    async def main() -> None:
        assert await gather(*(down(depth) for depth in range(10))) == list(range(10))

    run(main())


def test_a_burst_and_what_comes_after_it(run: Run) -> None:
    async def main() -> None:
        for _ in range(2):
            several = [later(number) for number in range(3000)]
            assert [await one for one in several] == list(range(3000))

    run(main())


def test_nothing_is_kept_alive(run: Run) -> None:
    class Held:
        pass

    async def use() -> weakref.ref[Held]:
        held = Held()
        value_task = later(held)
        assert await value_task is held
        return weakref.ref(held)

    async def main() -> None:
        gc.disable()
        try:
            assert (await use())() is None
        finally:
            gc.enable()

    run(main())


def test_repr_says_how_far_it_is(run: Run) -> None:
    async def main() -> None:
        value_task = later()
        assert "suspended in later" in repr(value_task)
        await value_task
        assert "result was read" in repr(value_task)

    run(main())


@pytest.mark.parametrize("name", ["asyncio", "uvloop"])
def test_several_loops_in_several_threads_share_the_pool(name: str) -> None:
    factory = loop_factory(name)
    answers: list[list[object]] = []

    async def main(start: int) -> list[object]:
        return [await later(number) for number in range(start, start + 200)]

    def work(start: int) -> None:
        with asyncio.Runner(loop_factory=factory) as runner:
            answers.append(runner.run(main(start)))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(start,)) for start in (0, 1000, 2000)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert sorted(map(str, answers)) == sorted(
        str(list(range(start, start + 200))) for start in (0, 1000, 2000)
    )
