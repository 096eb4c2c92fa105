"""``@value_task(hot=True)``: the rest is a Task at once, and goes on by itself."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import traceback
import types
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from harness.valuetask import ValueTask, gather, value_task
from tests.valuetask.conftest import Logged, Turns, while_handling
from tests.valuetask.states import CANCELLED, SUCCEEDED, state

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator

    from tests.valuetask.conftest import Run

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


@value_task(hot=True)
async def at_once(result: object = None) -> object:
    return result


@value_task(hot=True)
async def failing(error: BaseException) -> None:
    raise error


@value_task(hot=True)
async def waiting_for(awaitable: Awaitable[object]) -> object:
    return await awaitable


def test_a_body_that_returns_gives_a_completed_one_without_a_turn(run: Run) -> None:
    async def main() -> None:
        turns, result = Turns(), object()
        value_task = at_once(result)
        assert type(value_task) is ValueTask
        assert value_task.result() is result
        assert await value_task is result
        assert turns.count == 0

    run(main())


def test_a_body_that_raises_gives_a_faulted_one_with_the_very_exception(run: Run) -> None:
    async def main() -> None:
        logged, error = Logged(), ValueError()
        value_task = failing(error)
        assert value_task.exception() is error
        names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        assert names == ["failing"]
        with pytest.raises(ValueError):  # noqa: PT011 - it has no message
            await value_task
        await asyncio.sleep(0)
        assert logged.after_collecting() == []

    run(main())


def test_a_body_that_raises_a_cancellation_gives_a_cancelled_one(run: Run) -> None:
    async def main() -> None:
        value_task = failing(asyncio.CancelledError("why"))
        assert state(value_task) == CANCELLED
        with pytest.raises(asyncio.CancelledError, match="why"):
            value_task.result()

    run(main())


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_an_interrupt_escapes_from_the_call(run: Run, error: BaseException) -> None:
    async def main() -> None:
        # An eager Task that an interrupt ends is logged by the interpreter, as any Task is.
        logged = Logged()
        me = asyncio.current_task()
        with pytest.raises(type(error)) as caught:
            failing(error)
        assert caught.value is error
        assert asyncio.current_task() is me
        assert at_once(1).result() == 1
        await asyncio.sleep(0)
        assert set(logged.after_collecting()) <= {"Task exception was never retrieved"}

    run(main())


def test_without_a_running_loop_it_is_an_error_and_no_body_is_made() -> None:
    with pytest.raises(RuntimeError, match=r"no running event loop: at_once\(\) .*hot=True"):
        at_once()
    gc.collect()  # an unawaited coroutine would warn


def test_the_rest_goes_on_without_an_await(run: Run) -> None:
    seen: list[int] = []

    @value_task(hot=True)
    async def body() -> None:
        for number in range(3):
            await asyncio.sleep(0)
            seen.append(number)

    async def main() -> None:
        body()
        for _ in range(10):
            await asyncio.sleep(0)
        assert seen == [0, 1, 2]

    run(main())


def test_the_rest_is_one_task_which_may_be_awaited_again(run: Run) -> None:
    async def main() -> None:
        value_task = waiting_for(asyncio.sleep(0, 5))
        task = value_task.as_future()
        assert isinstance(task, asyncio.Task)
        assert value_task.as_future() is task
        assert list(await asyncio.gather(*(wait(value_task) for _ in range(3)))) == [5, 5, 5]
        assert state(value_task) == SUCCEEDED
        assert await value_task == 5

    async def wait(value_task: ValueTask[object]) -> object:
        return await value_task

    run(main())


def test_a_failure_of_the_rest_that_nobody_reads_is_logged(run: Run) -> None:
    @value_task(hot=True)
    async def failing_later() -> None:
        await asyncio.sleep(0)
        raise ValueError

    async def main() -> None:
        logged = Logged()
        failing_later()
        await asyncio.sleep(0.01)
        assert logged.after_collecting() == ["Task exception was never retrieved"]

    run(main())


def test_the_whole_body_runs_in_one_task_that_is_not_the_callers(run: Run) -> None:
    @value_task(hot=True)
    async def body() -> list[asyncio.Task[Any] | None]:
        tasks = [asyncio.current_task()]
        await asyncio.sleep(0)
        return [*tasks, asyncio.current_task()]

    async def main() -> None:
        me = asyncio.current_task()
        value_task = body()
        assert asyncio.current_task() is me
        first, second = await value_task
        assert first is second is value_task.as_future()
        assert first is not me

    run(main())


def test_it_is_called_where_no_task_runs(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        called = loop.create_future()

        def call() -> None:
            assert asyncio.current_task() is None
            value_task = waiting_for(asyncio.sleep(0, 2))
            assert asyncio.current_task() is None
            called.set_result(value_task)

        loop.call_soon(call)
        assert await (await called) == 2

    run(main())


def test_the_whole_body_runs_in_a_copy_of_the_context(run: Run) -> None:
    @value_task(hot=True)
    async def body(suspend: bool) -> tuple[str, str]:
        before = variable.get()
        variable.set("the body's")
        if suspend:
            await asyncio.sleep(0)
        return before, variable.get()

    async def main() -> None:
        variable.set("the caller's")
        for suspend in (False, True):
            value_task = body(suspend)
            assert variable.get() == "the caller's"
            assert await value_task == ("the caller's", "the body's")
            assert variable.get() == "the caller's"

    run(main())


def test_a_cancellation_before_its_next_step_reaches_the_body(run: Run) -> None:
    seen = []

    @value_task(hot=True)
    async def body(awaitable: Awaitable[object]) -> str:
        try:
            await awaitable
        except asyncio.CancelledError as cancellation:
            seen.append(cancellation.args)
        return "survived"

    async def main() -> None:
        inner = asyncio.get_running_loop().create_future()
        for awaitable in (inner, asyncio.sleep(0), asyncio.sleep(10)):
            task = body(awaitable).as_future()
            task.cancel("early")
            assert await task == "survived"
        assert inner.cancelled()

    run(main())
    assert seen == [("early",)] * 3


def test_a_cancellation_while_it_waits_reaches_the_body(run: Run) -> None:
    async def main() -> None:
        inner = asyncio.get_running_loop().create_future()
        value_task = waiting_for(inner)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        value_task.as_future().cancel()
        with pytest.raises(asyncio.CancelledError):
            await value_task
        assert inner.cancelled()
        assert state(value_task) == CANCELLED

    run(main())


def test_a_body_that_cancels_its_own_task_never_cancels_the_caller(run: Run) -> None:
    @value_task(hot=True)
    async def body(suspend: bool) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        if suspend:
            await asyncio.sleep(0)

    async def main() -> None:
        me = asyncio.current_task()
        assert me is not None
        for suspend in (False, True):
            value_task = body(suspend)
            with pytest.raises(asyncio.CancelledError):
                await value_task
            assert value_task.cancelled()
            await asyncio.sleep(0)
            assert me.cancelling() == 0

    run(main())


def test_a_timeout_entered_before_the_first_suspension_belongs_to_the_body(run: Run) -> None:
    @value_task(hot=True)
    async def late() -> str:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.sleep(10)
        except TimeoutError:
            return "late"
        return "in time"

    async def main() -> None:
        me = asyncio.current_task()
        assert me is not None
        value_task = late()
        await asyncio.sleep(0.01)  # it must not be this that is cancelled
        assert await asyncio.create_task(wait(value_task)) == "late"
        assert me.cancelling() == 0

    async def wait(value_task: ValueTask[str]) -> str:
        return await value_task

    run(main())


def test_a_task_group_entered_before_the_first_suspension_belongs_to_the_body(run: Run) -> None:
    @value_task(hot=True)
    async def grouped(fail: bool) -> int:
        async with asyncio.TaskGroup() as group:
            one = group.create_task(asyncio.sleep(0, 1))
            if fail:
                group.create_task(fail_later())
                await asyncio.sleep(10)
        return one.result()

    async def fail_later() -> None:
        await asyncio.sleep(0)
        raise LookupError

    async def main() -> None:
        me = asyncio.current_task()
        assert me is not None
        assert await grouped(False) == 1
        value_task = grouped(True)
        await asyncio.sleep(0.005)
        with pytest.raises(ExceptionGroup):
            await value_task
        assert me.cancelling() == 0

    run(main())


@pytest.mark.parametrize("suspend", [False, True])
def test_the_exception_that_the_caller_handles_is_no_context_of_a_failure(
    run: Run, suspend: bool
) -> None:
    error = ValueError()

    @value_task(hot=True)
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


def test_nested_hot_calls_are_tasks_of_their_own(run: Run) -> None:
    @value_task(hot=True)
    async def down(depth: int) -> set[asyncio.Task[Any] | None]:
        mine = {asyncio.current_task()}
        return mine if depth == 0 else mine | await down(depth - 1)

    @value_task(hot=True)
    async def down_later(depth: int) -> int:
        await asyncio.sleep(0)
        return 0 if depth == 0 else 1 + await down_later(depth - 1)

    async def main() -> None:
        me = asyncio.current_task()
        tasks = await down(5)
        assert len(tasks) == 6
        assert me not in tasks
        assert asyncio.current_task() is me
        assert await down_later(5) == 5

    run(main())


def test_what_it_yields_is_waited_for_as_by_any_task(run: Run) -> None:
    @types.coroutine
    def bare(future: asyncio.Future[None]) -> Generator[Any, None, None]:
        yield future

    async def main() -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        several = [waiting_for(future) for _ in range(3)]
        loop.call_soon(future.set_result, 1)
        assert await gather(*several) == [1, 1, 1]
        with pytest.raises(RuntimeError, match="yield was used instead of yield from"):
            await waiting_for(bare(loop.create_future()))

    run(main())


def test_arguments_that_do_not_fit_raise_at_the_call(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match="unexpected keyword"):
            at_once(nothing=1)  # type: ignore[call-arg]

    run(main())


def test_no_task_is_left_over_where_the_loop_stops_at_once() -> None:
    loop = asyncio.new_event_loop()
    told: list[Any] = []
    loop.set_exception_handler(lambda _loop, context: told.append(context))

    async def main() -> None:
        assert at_once(1).result() == 1

    try:
        loop.run_until_complete(main())
    finally:
        loop.close()
    gc.collect()
    assert told == []


def test_no_argument_is_kept_alive(run: Run) -> None:
    class Held:
        pass

    async def use(suspend: bool) -> weakref.ref[Held]:
        held = Held()
        awaitable = asyncio.sleep(0, held) if suspend else ValueTask(held)
        assert await waiting_for(awaitable) is held
        return weakref.ref(held)

    async def main() -> None:
        gc.disable()
        try:
            for suspend in (False, True):
                reference = await use(suspend)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                assert reference() is None
        finally:
            gc.enable()

    run(main())
