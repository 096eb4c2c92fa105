"""A suspended body handed on: as a future, preserved, with a ``then``, or dropped."""

from __future__ import annotations

import asyncio
import gc
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from harness.valuetask import ValueTask, value_task
from tests.valuetask.bodies import after_a_turn, failing_later, waiting_for
from tests.valuetask.conftest import Logged, Turns

if TYPE_CHECKING:
    from tests.valuetask.conftest import Run


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


def test_tracebacks_begin_at_the_awaiter_and_then_the_body(run: Run) -> None:
    async def main() -> None:
        value_task = failing_later(ValueError())
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - it has no message
            await value_task
        names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert names == ["main", "failing_later"]

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
