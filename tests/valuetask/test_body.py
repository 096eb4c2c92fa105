"""``@value_task``: what the call does at once, and the rest that its awaiter runs."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import inspect
import sys
import traceback
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from harness.valuetask import ValueTask, value_task
from tests.valuetask.conftest import Logged, Turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.valuetask.conftest import Run

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")


@value_task
async def at_once(result: object = None) -> object:
    return result


@value_task
async def after_a_turn(result: object = None) -> object:
    await asyncio.sleep(0)
    return result


@value_task
async def waiting_for(awaitable: Awaitable[object]) -> object:
    return await awaitable


@value_task
async def failing(error: BaseException) -> None:
    raise error


@value_task
async def failing_later(error: BaseException) -> None:
    await asyncio.sleep(0)
    raise error


def test_a_body_that_returns_gives_a_completed_one_without_a_loop() -> None:
    result = object()
    value_task = at_once(result)
    assert type(value_task) is ValueTask
    assert value_task.result() is result


def test_a_body_that_returns_makes_no_task_and_takes_no_turn(run: Run) -> None:
    async def main() -> None:
        turns = Turns()
        before = asyncio.all_tasks()
        assert await at_once(1) == 1
        assert asyncio.all_tasks() == before
        assert turns.count == 0

    run(main())


def test_a_body_that_raises_gives_a_faulted_one() -> None:
    error = ValueError()
    value_task = failing(error)
    assert value_task.faulted()
    assert value_task.exception() is error
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        value_task.result()


def test_a_body_that_raises_a_cancellation_gives_a_cancelled_one() -> None:
    value_task = failing(asyncio.CancelledError("why"))
    assert value_task.cancelled()
    assert not value_task.faulted()
    with pytest.raises(asyncio.CancelledError, match="why"):
        value_task.result()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_an_interrupt_escapes_from_the_call(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        failing(error)
    assert caught.value is error
    assert at_once(1).result() == 1


def test_a_generator_exit_of_the_body_is_a_failure() -> None:
    error = GeneratorExit()
    assert failing(error).exception() is error


def test_arguments_that_do_not_fit_raise_at_the_call() -> None:
    with pytest.raises(TypeError, match="unexpected keyword"):
        at_once(nothing=1)  # type: ignore[call-arg]


def test_a_coroutine_that_raises_stop_iteration_fails_with_a_runtime_error() -> None:
    error = failing(StopIteration(1)).exception()
    assert isinstance(error, RuntimeError)
    assert isinstance(error.__cause__, StopIteration)


@pytest.mark.parametrize(
    "wrong", [len, lambda: None, functools.partial(print), staticmethod(asyncio.sleep)]
)
def test_what_is_no_async_def_cannot_be_decorated(wrong: Any) -> None:
    with pytest.raises(TypeError, match="expects an async def"):
        value_task(wrong)


def test_an_async_generator_cannot_be_decorated() -> None:
    async def several() -> Any:
        yield 1

    with pytest.raises(TypeError, match="expects an async def"):
        value_task(several)


def test_the_decorated_function_keeps_its_name_and_signature() -> None:
    async def lookup(key: str, *, default: int = 0) -> int:
        """Look it up."""
        return default

    decorated = value_task(lookup)
    assert decorated.__name__ == "lookup"
    assert decorated.__doc__ == "Look it up."
    assert inspect.signature(decorated) == inspect.signature(lookup)
    assert not inspect.iscoroutinefunction(decorated)


def test_it_decorates_methods() -> None:
    class Store:
        def __init__(self) -> None:
            self.rows = {"a": 1}

        @value_task
        async def get(self, key: str) -> int:
            return self.rows[key]

        @classmethod
        @value_task
        async def name(cls) -> str:
            return cls.__name__

    assert Store().get(key="a").result() == 1
    assert isinstance(Store().get("b").exception(), KeyError)
    assert Store.name().result() == "Store"


def test_the_rest_runs_in_the_task_that_awaits(run: Run) -> None:
    @value_task
    async def body() -> list[asyncio.Task[Any] | None]:
        tasks = [asyncio.current_task()]
        await asyncio.sleep(0)
        return [*tasks, asyncio.current_task()]

    async def main() -> None:
        before = asyncio.all_tasks()
        value_task = body()
        assert asyncio.all_tasks() == before
        me = asyncio.current_task()
        tasks = await value_task
        assert tasks == [me, me]

    run(main())


def test_a_suspended_one_is_not_done_until_it_was_awaited(run: Run) -> None:
    async def main() -> None:
        value_task = after_a_turn(7)
        assert not value_task.done()
        assert not value_task.succeeded()
        assert not value_task.faulted()
        assert not value_task.cancelled()
        for use in (value_task.result, value_task.exception):
            with pytest.raises(asyncio.InvalidStateError):
                use()
        assert await value_task == 7
        assert value_task.succeeded()
        assert value_task.result() == 7
        assert value_task.exception() is None
        assert value_task.preserve() is value_task

    run(main())


def test_once_finished_it_may_be_awaited_again_without_a_turn(run: Run) -> None:
    async def main() -> None:
        value_task = after_a_turn([1])
        result = await value_task
        turns = Turns()
        assert await value_task is result
        assert value_task.as_future().result() is result
        assert turns.count == 0

    run(main())


def test_a_failure_of_the_rest_is_raised_and_kept(run: Run) -> None:
    async def main() -> None:
        error = ValueError()
        value_task = failing_later(error)
        for _ in range(3):
            with pytest.raises(ValueError) as caught:  # noqa: PT011 - it has no message
                await value_task
            assert caught.value is error
        assert value_task.faulted()

    run(main())


def test_tracebacks_begin_at_the_awaiter_and_then_the_body(run: Run) -> None:
    async def main() -> None:
        value_task = failing_later(ValueError())
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - it has no message
            await value_task
        names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert names == ["main", "failing_later"]

    run(main())


def test_the_traceback_of_a_failed_body_does_not_grow(run: Run) -> None:
    async def main() -> None:
        for failure in (failing(ValueError()), failing_later(ValueError())):
            lengths = []
            for _ in range(4):
                with pytest.raises(ValueError) as caught:  # noqa: PT011 - it has no message
                    await failure
                lengths.append(len(traceback.extract_tb(caught.value.__traceback__)))
            assert len(set(lengths[1:])) == 1

    run(main())


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
        assert await value_task == 1

    run(main())


def test_preserved_before_it_is_awaited_several_may_await_it(run: Run) -> None:
    async def main() -> None:
        value_task = after_a_turn(5).preserve()
        assert await asyncio.gather(*(waiting_for(value_task) for _ in range(3))) == [5] * 3
        assert await value_task == 5

    run(main())


def test_as_future_is_one_task_and_the_value_task_then_waits_for_it(run: Run) -> None:
    async def main() -> None:
        value_task = after_a_turn(5)
        task = value_task.as_future()
        assert isinstance(task, asyncio.Task)
        assert value_task.as_future() is task
        assert not value_task.done()
        several = await asyncio.gather(task, value_task, waiting_for(value_task))
        assert list(several) == [5, 5, 5]
        assert value_task.succeeded()
        assert value_task.as_future() is task

    run(main())


def test_as_future_of_a_suspended_body_needs_a_running_loop() -> None:
    loop = asyncio.new_event_loop()
    try:
        value_task = waiting_for(loop.create_future())
        with pytest.raises(RuntimeError, match="no running event loop"):
            value_task.as_future()
        with pytest.warns(RuntimeWarning, match="never awaited"):
            del value_task
    finally:
        loop.close()


def test_a_failure_in_the_task_that_nobody_reads_is_logged(run: Run) -> None:
    async def main() -> None:
        logged = Logged()
        failing_later(ValueError()).as_future()
        await asyncio.sleep(0.01)
        assert logged.after_collecting() == ["Task exception was never retrieved"]

    run(main())


def test_dropped_without_an_await_it_warns_and_closes_the_body(run: Run) -> None:
    closed = []

    @value_task
    async def body() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            closed.append(True)

    async def main() -> None:
        with pytest.warns(RuntimeWarning, match=r"ValueTask of '.*body' was never awaited"):
            body()
        assert closed == [True]

    run(main())


def test_wrapped_by_ensure_future_and_cancelled_before_its_first_step_it_warns(run: Run) -> None:
    async def main() -> None:
        async def cancel_early() -> None:
            task = asyncio.ensure_future(after_a_turn())
            task.cancel()
            await asyncio.wait([task])
            del task
            gc.collect()

        with pytest.warns(RuntimeWarning, match="never awaited"):
            await cancel_early()

    run(main())


def test_an_await_that_is_given_up_closes_the_body(run: Run) -> None:
    closed = []

    @value_task
    async def body() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            closed.append(True)

    async def main() -> None:
        value_task = body()
        awaiting = value_task.__await__()
        next(awaiting)
        awaiting.close()
        assert closed == [True]
        assert value_task.done()
        assert isinstance(value_task.exception(), GeneratorExit)

    run(main())


def test_a_cancellation_reaches_the_body_where_it_waits(run: Run) -> None:
    async def main() -> None:
        inner = asyncio.get_running_loop().create_future()
        value_task = waiting_for(inner)

        async def awaiter() -> object:
            return await value_task

        task = asyncio.ensure_future(awaiter())
        await asyncio.sleep(0)
        task.cancel("reason")
        with pytest.raises(asyncio.CancelledError, match="reason"):
            await task
        assert inner.cancelled()
        assert value_task.cancelled()

    run(main())


def test_a_body_may_answer_a_cancellation_and_wait_again(run: Run) -> None:
    @value_task
    async def stubborn() -> list[str]:
        seen = []
        for _ in range(3):
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError as cancellation:
                seen.append(str(cancellation))
        await asyncio.sleep(0)
        assert sys.exception() is None
        return seen

    async def main() -> None:
        for make in (asyncio.ensure_future, ValueTask.as_future):
            task = make(stubborn())
            for message in "abc":
                await asyncio.sleep(0)
                task.cancel(message)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            assert await task == ["a", "b", "c"]

    run(main())


def test_a_failed_future_fails_inside_the_body(run: Run) -> None:
    @value_task
    async def body(future: asyncio.Future[None]) -> str:
        try:
            await future
        except OSError:
            return "answered"
        return "no failure"

    async def main() -> None:
        loop = asyncio.get_running_loop()
        before, during = loop.create_future(), loop.create_future()
        value_task = body(before)
        before.set_exception(OSError())
        assert await value_task == "answered"
        value_task = body(during)
        loop.call_soon(during.set_exception, OSError())
        assert await value_task == "answered"

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


def test_timeouts_and_task_groups_work_as_in_a_coroutine(run: Run) -> None:
    @value_task
    async def late() -> str:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.sleep(10)
        except TimeoutError:
            return "late"
        return "in time"

    @value_task
    async def grouped() -> int:
        async with asyncio.TaskGroup() as group:
            one = group.create_task(asyncio.sleep(0, 1))
            two = group.create_task(asyncio.sleep(0, 2))
        return one.result() + two.result()

    async def main() -> None:
        assert await late() == "late"
        assert await grouped() == 3
        async with asyncio.timeout(10):
            assert await late() == "late"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await waiting_for(asyncio.sleep(10))

    run(main())


def test_context_variables_are_the_callers(run: Run) -> None:
    @value_task
    async def body() -> None:
        variable.set("before")
        await asyncio.sleep(0)
        assert variable.get() == "before"
        variable.set("after")

    async def main() -> None:
        value_task = body()
        assert variable.get() == "before"
        await value_task
        assert variable.get() == "after"

    run(main())


def test_then_on_a_suspended_body_runs_when_awaited(run: Run) -> None:
    async def main() -> None:
        value_task = after_a_turn(4).then(str).then(lambda text: text + "!")
        assert not value_task.done()
        assert await value_task == "4!"
        assert value_task.then(len).result() == 2
        error = OSError()
        with pytest.raises(OSError) as caught:  # noqa: PT011 - it has no message
            await failing_later(error).then(str)
        assert caught.value is error

    run(main())


def test_a_cancellation_before_the_first_step_reaches_the_body_behind_a_then(run: Run) -> None:
    async def main() -> None:
        inner = asyncio.get_running_loop().create_future()
        task = waiting_for(inner).then(str).as_future()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert inner.cancelled()

    run(main())


def test_a_pending_then_that_is_dropped_warns(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        with pytest.warns(RuntimeWarning, match=r"'then\(str\)' was never awaited"):
            ValueTask.from_future(future).then(str)

    run(main())


def test_asyncio_takes_a_suspended_one_wherever_it_takes_an_awaitable(run: Run) -> None:
    async def main() -> None:
        assert list(await asyncio.gather(after_a_turn(1), after_a_turn(2))) == [1, 2]
        assert await asyncio.wait_for(after_a_turn(3), 10) == 3
        assert await asyncio.shield(after_a_turn(4)) == 4
        results = [await one for one in asyncio.as_completed([after_a_turn(5), after_a_turn(5)])]
        assert results == [5, 5]

    run(main())


def test_no_result_and_no_argument_is_kept_alive(run: Run) -> None:
    class Held:
        pass

    @value_task
    async def returns_at_once(held: Held) -> Held:
        return held

    @value_task
    async def returns_later(held: Held) -> Held:
        await asyncio.sleep(0)
        return held

    async def use(function: Callable[[Held], ValueTask[Held]]) -> weakref.ref[Held]:
        held = Held()
        value_task = function(held)
        assert await value_task is held
        return weakref.ref(held)

    async def main() -> None:
        gc.disable()
        try:
            assert (await use(returns_at_once))() is None
            assert (await use(returns_later))() is None
        finally:
            gc.enable()

    run(main())


def test_repr_says_how_far_it_is(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        value_task = waiting_for(future)
        assert repr(value_task) == "<ValueTask suspended in waiting_for>"
        awaiting = asyncio.ensure_future(value_task)
        await asyncio.sleep(0)
        assert repr(value_task) == "<ValueTask being awaited in waiting_for>"
        future.set_result(1)
        await awaiting
        assert repr(value_task) == "<ValueTask result=1>"
        taken = after_a_turn()
        task = taken.as_future()
        assert repr(taken) == f"<ValueTask over {task!r}>"
        await task

    run(main())
