"""Known traps of stepping a coroutine by hand, and of asyncio's future protocol."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import types
from typing import TYPE_CHECKING, Any

import pytest

from harness.valuetask import ManualResetValueTaskSource, ValueTask, gather, value_task
from tests.valuetask.conftest import loop_factory, while_handling
from tests.valuetask.states import FAULTED, state

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator

    from tests.valuetask.conftest import Run


@value_task
async def waiting_for(awaitable: Awaitable[object]) -> object:
    return await awaitable


def test_a_suspended_body_leaves_the_future_it_waits_for_to_other_awaiters(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        value_task = waiting_for(future)
        assert not future._asyncio_future_blocking
        loop.call_later(0.001, future.set_result, 1)

        async def other() -> object:
            return await future

        assert await asyncio.create_task(other()) == 1
        assert await value_task == 1

    run(main())


def test_a_cancelled_then_leaves_a_future_that_goes_on_to_other_awaiters(run: Run) -> None:
    class Uncancellable(asyncio.Future[int]):
        def cancel(self, msg: object = None) -> bool:
            return False

    async def main() -> None:
        future = Uncancellable()
        task = ValueTask.from_future(future).then(str).as_future()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not future._asyncio_future_blocking
        asyncio.get_running_loop().call_soon(future.set_result, 1)
        assert await future == 1

    run(main())


def test_a_mark_that_cannot_be_read_is_the_failure_of_a_cancelled_then(run: Run) -> None:
    class Unmarked:
        @property
        def _asyncio_future_blocking(self) -> bool:
            raise OSError("no mark")

    class Odd(asyncio.Future[int]):
        def __await__(self) -> Generator[Any, None, int]:
            yield Unmarked()
            return 1

    async def main() -> None:
        task = ValueTask.from_future(Odd()).then(str).as_future()
        task.cancel()
        with pytest.raises(OSError, match="no mark"):
            await task

    run(main())


def test_many_suspended_bodies_may_wait_for_one_future(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        several = [waiting_for(future) for _ in range(5)]
        loop.call_later(0.001, future.set_result, 1)
        assert await asyncio.gather(*several) == [1] * 5

    run(main())


def test_a_future_yielded_without_its_mark_is_refused_as_in_a_coroutine(run: Run) -> None:
    @types.coroutine
    def bare(future: asyncio.Future[None]) -> Generator[Any, None, None]:
        yield future

    async def main() -> None:
        with pytest.raises(RuntimeError, match="yield was used instead of yield from"):
            await waiting_for(bare(asyncio.get_running_loop().create_future()))

    run(main())


def test_a_value_task_that_a_body_yields_is_not_taken_for_its_result(run: Run) -> None:
    @types.coroutine
    def bare() -> Generator[Any, None, None]:
        yield ValueTask(1)

    async def main() -> None:
        value_task = waiting_for(bare())
        assert not value_task.done()
        with pytest.raises(RuntimeError, match="bad yield"):
            await value_task
        assert waiting_for(ValueTask(2)).result() == 2

    run(main())


def test_the_task_of_a_half_driven_body_waits_for_what_the_body_waits_for(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        task = waiting_for(future).as_future()
        for _ in range(3):
            await asyncio.sleep(0)
        assert not task.done()
        future.set_result(3)
        assert await task == 3

    run(main())


def test_a_task_cancelled_before_its_first_step_delivers_it_to_the_body(run: Run) -> None:
    seen = []

    @value_task
    async def body(awaitable: Awaitable[object]) -> None:
        try:
            await awaitable
        except asyncio.CancelledError as cancellation:
            seen.append(cancellation.args)
            raise

    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        for awaitable in (future, asyncio.sleep(0), asyncio.sleep(10)):
            task = body(awaitable).as_future()
            task.cancel("early")
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()
        assert future.cancelled()

    run(main())
    assert seen == [("early",)] * 3


def test_a_cancellation_before_the_first_step_cancels_the_bodys_own_children(run: Run) -> None:
    async def main() -> None:
        children: list[asyncio.Task[None]] = []

        @value_task
        async def body() -> None:
            children.extend(asyncio.create_task(asyncio.sleep(10)) for _ in range(2))
            await asyncio.gather(*children)

        task = body().as_future()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert all(child.cancelled() for child in children)

    run(main())


def test_a_body_may_survive_a_cancellation_before_the_first_step(run: Run) -> None:
    @value_task
    async def body() -> str:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            return "survived"
        return "not cancelled"

    async def main() -> None:
        task = body().as_future()
        task.cancel()
        assert await task == "survived"

    run(main())


def eager_task(body: Any, loop: asyncio.AbstractEventLoop) -> asyncio.Task[Any]:
    eager: Any = asyncio.Task
    task: asyncio.Task[Any] = eager(body, loop=loop, eager_start=True)
    return task


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with 3.12")
def test_as_future_works_under_an_eager_task_factory(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        # Not asyncio.eager_task_factory: that of 3.13.0 refuses the option that uvloop passes.
        loop.set_task_factory(lambda loop, body, **_: eager_task(body, loop))
        future = loop.create_future()
        waiting = waiting_for(future)
        future.set_result(1)
        assert await waiting.as_future() == 1
        assert await waiting_for(asyncio.sleep(0, 2)).as_future() == 2
        assert await gather(waiting_for(asyncio.sleep(0, 3)), ValueTask(4)) == [3, 4]

    run(main())


def handled_by_the_caller(run: Run, error: BaseException, *, suspend: bool) -> BaseException:
    """Call and await, while a KeyError is handled, a body that raises *error*."""

    @value_task
    async def body() -> None:
        try:
            raise OSError  # noqa: TRY301 - the failure's own context
        except OSError:
            if suspend:
                await asyncio.sleep(0)
            raise error from None

    async def main() -> BaseException:
        try:
            raise KeyError  # noqa: TRY301 - to await where it is being handled
        except KeyError:
            value_task = body()
            with pytest.raises(type(error)):
                await value_task
        failure = value_task.exception()
        assert failure is not None
        return failure

    return run(main())


@pytest.mark.parametrize("suspend", [False, True])
def test_the_exception_that_the_caller_handles_is_no_context_of_a_failure(
    run: Run, suspend: bool
) -> None:
    failure = handled_by_the_caller(run, ValueError(), suspend=suspend)
    own = failure.__context__
    assert isinstance(own, OSError)
    assert own.__context__ is None


def test_a_failure_whose_contexts_are_a_ring_is_kept() -> None:
    one, two = ValueError(), OSError()
    one.__context__, two.__context__ = two, one

    @value_task
    async def body() -> None:
        raise one

    assert while_handling(KeyError(), body).exception() is one


def test_a_body_that_raises_what_its_caller_handles_fails_with_it() -> None:
    @value_task
    async def body(error: BaseException) -> None:
        raise error

    error = KeyError()
    assert while_handling(error, lambda: body(error)).exception() is error


def test_nested_calls_of_one_function_each_have_their_own_body(run: Run) -> None:
    @value_task
    async def down(depth: int) -> int:
        if depth == 0:
            await asyncio.sleep(0)
            return 0
        return 1 + await down(depth - 1)

    @value_task
    async def down_at_once(depth: int) -> int:
        return 0 if depth == 0 else 1 + await down_at_once(depth - 1)

    async def main() -> None:
        assert await down(20) == 20
        assert down_at_once(20).result() == 20
        assert await gather(*(down(depth) for depth in range(10))) == list(range(10))

    run(main())


def test_a_cancelled_error_that_was_set_as_an_exception_is_no_cancellation(run: Run) -> None:
    async def main() -> None:
        error = asyncio.CancelledError()
        future = asyncio.get_running_loop().create_future()
        future.set_exception(error)
        source = ManualResetValueTaskSource[int]()
        source.set_exception(error)
        faults: list[ValueTask[Any]] = [
            ValueTask.from_exception(error),
            ValueTask.from_future(future),
            source.value_task(),
        ]
        for fault in faults:
            assert state(fault) == FAULTED
            assert fault.exception() is error
            assert not fault.as_future().cancelled()
            assert fault.as_future().exception() is error
            assert gather(fault, ValueTask(1)).exception() is error
            assert state(fault.then(str)) == FAULTED

    run(main())


def test_a_stop_iteration_given_as_the_failure_does_not_end_the_await(run: Run) -> None:
    async def main() -> None:
        error = StopIteration("not the result")
        source = ManualResetValueTaskSource[int]()
        source.set_exception(error)
        pending = ManualResetValueTaskSource[int]()
        asyncio.get_running_loop().call_soon(pending.set_exception, error)
        failures: list[ValueTask[Any]] = [
            ValueTask.from_exception(error),
            source.value_task(),
            waiting_for(ValueTask.from_exception(error)),
            pending.value_task(),
        ]
        for failure in failures:
            with pytest.raises(RuntimeError) as caught:
                await failure
            assert caught.value.__cause__ is error

    run(main())


def test_the_same_one_given_twice_to_gather_is_driven_and_read_once(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        source = ManualResetValueTaskSource[int]()
        once = waiting_for(asyncio.sleep(0, 1))
        loop.call_soon(source.set_result, 2)
        gathered = gather(once, source.value_task(), once, source.value_task())
        assert await gathered == [1, 2, 1, 2]
        once = waiting_for(asyncio.sleep(0, 3))
        assert list(await asyncio.gather(once, once)) == [3, 3]

    run(main())


def test_what_the_caller_handles_is_seen_by_the_first_step_in_pure_python_only(
    implementation: str,
) -> None:
    # Python code cannot hide it; the extension in C does.
    @value_task
    async def body() -> BaseException | None:
        return sys.exception()

    error = KeyError()
    seen = while_handling(error, lambda: body().result())
    assert seen is (error if implementation == "python" else None)


# Where the limit leaves no room to close the innermost body, that body is dropped unstarted.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_nesting_beyond_the_recursion_limit_is_a_recursion_error_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @value_task
    async def down(depth: int) -> int:
        return 0 if depth == 0 else 1 + await down(depth - 1)

    # Nor is there always room to warn of it. What is told then needs none here, as pytest's would.
    told: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)
    with pytest.raises(RecursionError):
        down(1_000_000).result()
    gc.collect()
    assert {each.exc_type for each in told} <= {RecursionError}
    assert down(10).result() == 10


@pytest.mark.parametrize("name", ["asyncio", "uvloop"])
def test_several_loops_in_several_threads_share_a_function(name: str) -> None:
    @value_task
    async def sometimes_suspending(number: int) -> int:
        if number % 3:
            await asyncio.sleep(0)
        return number

    factory = loop_factory(name)
    answers: list[list[int]] = []

    async def main(start: int) -> list[int]:
        return [await sometimes_suspending(number) for number in range(start, start + 300)]

    def work(start: int) -> None:
        with asyncio.Runner(loop_factory=factory) as runner:
            answers.append(runner.run(main(start)))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(start,)) for start in (0, 1000, 2000, 3000)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert sorted(answers) == [list(range(s, s + 300)) for s in (0, 1000, 2000, 3000)]
