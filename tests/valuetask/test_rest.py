"""``@value_task``: the rest of a suspended body, which its awaiter runs."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import traceback
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from harness.valuetask import ValueTask, value_task
from tests.valuetask.bodies import after_a_turn, failing, failing_later, waiting_for
from tests.valuetask.conftest import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.valuetask.conftest import Run

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")


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


def test_what_is_no_exception_cannot_be_thrown_and_does_not_end_the_body() -> None:
    value_task = after_a_turn(7)
    iterator: Any = value_task.__await__()
    next(iterator)
    with pytest.raises(TypeError):
        iterator.throw(5)
    with pytest.raises(StopIteration) as stopped:
        iterator.send(None)
    assert stopped.value.value == 7


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


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("suspend", [False, True])
def test_a_body_in_a_cycle_is_collected(run: Run, pooled: bool, suspend: bool) -> None:
    class Held:
        value_task: ValueTask[Held] | None = None

    async def body(held: Held) -> Held:
        if suspend:
            await asyncio.sleep(0)
        return held

    async def main() -> None:
        held = Held()
        reference = weakref.ref(held)
        held.value_task = value_task(pooled=pooled)(body)(held)
        assert await held.value_task is held
        del held
        gc.collect()
        assert reference() is None

    run(main())


@pytest.mark.parametrize("pooled", [False, True])
def test_a_suspended_body_in_a_cycle_that_is_dropped_warns(run: Run, pooled: bool) -> None:
    class Held:
        value_task: ValueTask[None] | None = None

    async def body(held: Held) -> None:
        await asyncio.sleep(0)
        del held

    def drop() -> weakref.ref[Held]:
        held = Held()
        held.value_task = value_task(pooled=pooled)(body)(held)
        return weakref.ref(held)

    def drop_and_collect() -> weakref.ref[Held]:
        reference = drop()  # from here on the collector may come by itself
        gc.collect()
        return reference

    async def main() -> None:
        with pytest.warns(RuntimeWarning, match="never awaited"):
            reference = drop_and_collect()
        assert reference() is None

    run(main())
