"""ValueTasks over futures, futures made of them, and ``then``."""

from __future__ import annotations

import asyncio
import collections.abc
from typing import TYPE_CHECKING, Any

import pytest

from harness.valuetask import ValueTask
from tests.valuetask.conftest import Logged, while_handling
from tests.valuetask.states import CANCELLED, FAULTED, PENDING, SUCCEEDED, state

if TYPE_CHECKING:
    from tests.valuetask.conftest import Run


def test_it_is_an_awaitable_and_neither_a_future_nor_a_coroutine() -> None:
    value_task: object = ValueTask(1)
    assert isinstance(value_task, collections.abc.Awaitable)
    assert not asyncio.isfuture(value_task)
    assert not asyncio.iscoroutine(value_task)
    assert not hasattr(value_task, "_asyncio_future_blocking")


def test_an_exception_class_is_instantiated_as_by_a_future() -> None:
    assert isinstance(ValueTask.from_exception(KeyError).exception(), KeyError)


def test_a_future_that_failed_with_a_cancelled_error_is_a_fault(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        future.set_exception(asyncio.CancelledError())
        assert state(ValueTask.from_future(future)) == FAULTED
        future.exception()

    run(main())


def test_what_is_no_asyncio_future_cannot_be_wrapped() -> None:
    wrong: Any
    for wrong in (None, 1, ValueTask(1)):
        with pytest.raises(TypeError, match="expects an asyncio future or task"):
            ValueTask.from_future(wrong)


def test_over_a_pending_future_it_waits_and_says_what_the_future_says(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        value_task = ValueTask.from_future(future)
        assert state(value_task) == PENDING
        for use in (value_task.result, value_task.exception):
            with pytest.raises(asyncio.InvalidStateError):
                use()
        loop.call_soon(future.set_result, 5)
        assert await value_task == 5
        assert state(value_task) == SUCCEEDED
        assert value_task.result() == 5
        assert value_task.exception() is None
        assert await value_task == 5
        assert value_task.as_future() is future

    run(main())


def test_over_a_failed_or_cancelled_future(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        failed, cancelled = loop.create_future(), loop.create_future()
        error = ValueError()
        failed.set_exception(error)
        cancelled.cancel()
        assert state(ValueTask.from_future(failed)) == FAULTED
        assert ValueTask.from_future(failed).exception() is error
        assert state(ValueTask.from_future(cancelled)) == CANCELLED
        with pytest.raises(asyncio.CancelledError):
            ValueTask.from_future(cancelled).result()

    run(main())


def test_asking_whether_a_future_failed_does_not_count_as_retrieving(run: Run) -> None:
    async def main() -> None:
        logged = Logged()
        future = asyncio.get_running_loop().create_future()
        future.set_exception(ValueError())
        assert state(ValueTask.from_future(future)) == FAULTED
        del future
        assert logged.after_collecting() == ["Future exception was never retrieved"]

    run(main())


def test_a_future_made_of_a_failure_and_dropped_is_logged(run: Run) -> None:
    async def main() -> None:
        logged = Logged()
        ValueTask.from_exception(ValueError()).as_future()
        assert logged.after_collecting() == ["Future exception was never retrieved"]

    run(main())


def test_as_future_of_a_result_is_a_completed_future_of_the_running_loop(run: Run) -> None:
    async def main() -> None:
        future = ValueTask(1).as_future()
        assert future.get_loop() is asyncio.get_running_loop()
        assert future.result() == 1

    run(main())


def test_as_future_of_a_completed_one_needs_a_running_loop() -> None:
    for value_task in (
        ValueTask(1),
        ValueTask.from_exception(OSError()),
        ValueTask.from_cancelled(),
    ):
        with pytest.raises(RuntimeError, match="no running event loop"):
            value_task.as_future()


def test_then_on_a_completed_one_is_completed_at_once() -> None:
    assert ValueTask(2).then(lambda result: result + 1).result() == 3
    error = ValueError()
    assert ValueTask.from_exception(error).then(lambda result: result + 1).exception() is error


def test_then_turns_an_exception_of_the_function_into_its_failure() -> None:
    error = ValueError()

    def fail(result: object) -> None:
        raise error

    def cancel(result: object) -> None:
        raise asyncio.CancelledError("stop")

    value_task = while_handling(KeyError(), lambda: ValueTask(1).then(fail))
    assert value_task.exception() is error
    assert error.__context__ is None
    assert state(ValueTask(1).then(cancel)) == CANCELLED


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_then_lets_an_interrupt_of_the_function_escape(error: type[BaseException]) -> None:
    def interrupt(result: object) -> None:
        raise error

    with pytest.raises(error):
        ValueTask(1).then(interrupt)


def test_then_on_a_pending_future_runs_when_awaited(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        seen: list[int] = []
        value_task = ValueTask.from_future(future).then(seen.append)
        future.set_result(4)
        await asyncio.sleep(0)
        assert seen == []
        await value_task
        await value_task
        assert seen == [4]
        assert state(value_task) == SUCCEEDED

    run(main())


def test_then_over_a_done_future_is_completed_at_once(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        done, failed = loop.create_future(), loop.create_future()
        done.set_result(4)
        error = ValueError()
        failed.set_exception(error)
        assert ValueTask.from_future(done).then(str).result() == "4"
        assert ValueTask.from_future(failed).then(str).exception() is error

    run(main())


def test_as_future_of_a_pending_then_delivers_a_cancellation_to_what_it_waits_for(
    run: Run,
) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        task = ValueTask.from_future(future).then(str).as_future()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert future.cancelled()

    run(main())


def test_equal_are_the_same_one_and_those_over_the_same_future(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        first, second = loop.create_future(), loop.create_future()
        assert ValueTask.from_future(first) == ValueTask.from_future(first)
        assert hash(ValueTask.from_future(first)) == hash(ValueTask.from_future(first))
        assert ValueTask.from_future(first) != ValueTask.from_future(second)
        other: object = first
        assert ValueTask.from_future(first) != other
        assert ValueTask(1) != ValueTask(1)
        one: ValueTask[list[int]] = ValueTask([1])
        assert one == one
        assert hash(one) == hash(one)

    run(main())
