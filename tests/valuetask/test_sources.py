"""ValueTasks over sources, and the source that is reset."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import threading
import traceback
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from harness.valuetask import (
    ManualResetValueTaskSource,
    ValueTask,
    ValueTaskSourceStatus,
    gather,
    value_task,
)
from tests.valuetask.bodies import waiting_for
from tests.valuetask.conftest import Logged, Turns, loop_factory, while_handling
from tests.valuetask.states import CANCELLED, FAULTED, PENDING, SUCCEEDED, state, step

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.valuetask.conftest import Run

Status = ValueTaskSourceStatus
variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")


class Scripted:
    """A source that notes what it is asked, and answers as it was told."""

    def __init__(self, status: Status = Status.PENDING, answer: object = None) -> None:
        self.status = status
        self.answer = answer
        self.asked: list[str] = []
        self.continuations: list[Callable[[], object]] = []

    def get_status(self, token: object) -> Status:
        self.asked.append("get_status")
        return self.status

    def on_completed(self, continuation: Callable[[], object], token: object) -> None:
        self.asked.append("on_completed")
        self.continuations.append(continuation)

    def get_result(self, token: object) -> Any:
        self.asked.append("get_result")
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    def complete(self, status: Status, answer: object = None) -> None:
        self.status, self.answer = status, answer
        for continuation in self.continuations:
            asyncio.get_running_loop().call_soon(continuation)


def source_of(result: object) -> ManualResetValueTaskSource[Any]:
    source = ManualResetValueTaskSource[Any]()
    source.set_result(result)
    return source


async def waiter_of(source: ManualResetValueTaskSource[Any]) -> asyncio.Task[Any]:
    """Return a Task that waits for *source* already."""

    async def wait() -> object:
        return await source.value_task()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    return task


class TestAValueTaskOverASource:
    def test_none_is_no_source(self) -> None:
        wrong: Any = None
        with pytest.raises(TypeError, match="expects a ValueTaskSource, got None"):
            ValueTask.from_source(wrong, 0)

    def test_it_says_what_the_source_says(self) -> None:
        for status, expected in (
            (Status.PENDING, PENDING),
            (Status.SUCCEEDED, SUCCEEDED),
            (Status.FAULTED, FAULTED),
            (Status.CANCELLED, CANCELLED),
        ):
            assert state(ValueTask.from_source(Scripted(status), 0)) == expected

    def test_the_token_is_handed_on_unchanged(self) -> None:
        seen: list[object] = []

        class Source(Scripted):
            def get_status(self, token: object) -> Status:
                seen.append(token)
                return Status.SUCCEEDED

        token = object()
        assert ValueTask.from_source(Source(), token).done()
        assert seen == [token]

    def test_questions_do_not_consume_it(self) -> None:
        source = Scripted(Status.SUCCEEDED, 1)
        value_task: ValueTask[object] = ValueTask.from_source(source, 0)
        state(value_task)
        assert value_task.exception() is None
        assert set(source.asked) == {"get_status"}

    def test_comparing_hashing_and_showing_it_ask_nothing(self) -> None:
        source = Scripted()
        token: list[int] = [1]  # which cannot be hashed
        one, same = ValueTask.from_source(source, token), ValueTask.from_source(source, [1])
        other = ValueTask.from_source(source, [2])
        assert one == same
        assert hash(one) == hash(same)
        assert one != other
        assert one != ValueTask.from_source(Scripted(), token)
        assert repr(source) in repr(one)
        assert source.asked == []

    def test_a_done_one_is_read_without_suspending(self) -> None:
        source = Scripted(Status.SUCCEEDED, 5)
        assert step(ValueTask.from_source(source, 0)) == 5
        assert source.asked.count("get_result") == 1
        assert "on_completed" not in source.asked

    def test_a_pending_one_has_no_result_yet(self) -> None:
        source = Scripted()
        value_task: ValueTask[object] = ValueTask.from_source(source, 0)
        for use in (value_task.result, value_task.exception):
            with pytest.raises(asyncio.InvalidStateError):
                use()
        assert "get_result" not in source.asked

    def test_a_pending_one_is_awaited_as_its_one_waiter(self, run: Run) -> None:
        async def main() -> None:
            source = Scripted()
            asyncio.get_running_loop().call_soon(lambda: source.complete(Status.SUCCEEDED, 6))
            assert await ValueTask.from_source(source, 0) == 6
            assert source.asked.count("on_completed") == 1
            assert source.asked.count("get_result") == 1

        run(main())

    def test_a_source_that_keeps_the_continuation_of_a_cancelled_waiter_may_call_it(
        self, run: Run
    ) -> None:
        async def main() -> None:
            source = Scripted()
            task = asyncio.ensure_future(ValueTask.from_source(source, 0))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            source.complete(Status.SUCCEEDED)
            await asyncio.sleep(0)
            assert "get_result" not in source.asked

        run(main())

    def test_what_on_completed_raises_is_raised_by_the_await(self, run: Run) -> None:
        class Refusing(Scripted):
            def on_completed(self, continuation: object, token: object) -> None:
                raise LookupError("full")

        async def main() -> None:
            with pytest.raises(LookupError, match="full"):
                await ValueTask.from_source(Refusing(), 0)

        run(main())

    def test_a_continuation_that_is_called_at_once_is_no_harm(self, run: Run) -> None:
        class Hasty(Scripted):
            def on_completed(self, continuation: Callable[[], object], token: object) -> None:
                self.status, self.answer = Status.SUCCEEDED, 7
                asyncio.get_running_loop().call_soon(continuation)
                asyncio.get_running_loop().call_soon(continuation)

        async def main() -> None:
            assert await ValueTask.from_source(Hasty(), 0) == 7
            assert await ValueTask.from_source(Hasty(), 0).as_future() == 7

        run(main())

    def test_then_takes_the_one_waiter_when_awaited(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            doubled = source.value_task().then(lambda result: result * 2)
            assert not doubled.done()
            asyncio.get_running_loop().call_soon(source.set_result, 4)
            assert await doubled == 8
            assert await doubled == 8

        run(main())

    def test_what_a_source_gives_to_then_counts_for_more_than_its_status(self) -> None:
        error = ValueError()
        fails = ValueTask.from_source(Scripted(Status.SUCCEEDED, error), 1)
        assert fails.then(str).exception() is error
        for status in (Status.FAULTED, Status.CANCELLED):
            succeeds = ValueTask.from_source(Scripted(status, 2), 1)
            assert succeeds.then(str).result() == "2"

    def test_then_on_a_done_one_is_completed_at_once(self) -> None:
        error = ValueError()
        failed, cancelled = ManualResetValueTaskSource[int](), ManualResetValueTaskSource[int]()
        failed.set_exception(error)
        cancelled.set_cancelled("enough")
        assert source_of(2).value_task().then(str).result() == "2"
        assert failed.value_task().then(str).exception() is error
        passed = cancelled.value_task().then(str)
        assert state(passed) == CANCELLED
        cancelled.reset()
        with pytest.raises(asyncio.CancelledError, match="enough"):
            passed.result()

    def test_preserve_lets_several_await_it(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            preserved = source.value_task().preserve()
            asyncio.get_running_loop().call_soon(source.set_result, 4)
            answers = await asyncio.gather(*(waiting_for(preserved) for _ in range(3)))
            source.reset()
            assert answers == [4, 4, 4]
            assert await preserved == 4

        run(main())


class TestAsFuture:
    def test_it_is_a_new_future_of_the_running_loop(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            future = source.value_task().as_future()
            assert isinstance(future, asyncio.Future)
            assert future.get_loop() is asyncio.get_running_loop()
            source.set_result(3)
            assert await future == 3
            assert source.value_task().as_future().result() == 3

        run(main())

    def test_failures_and_cancellations_are_taken_over(self, run: Run) -> None:
        async def main() -> None:
            error = ValueError()
            for complete in (True, False):
                source = ManualResetValueTaskSource[int]()
                if complete:
                    source.set_exception(error)
                future = source.value_task().as_future()
                if not complete:
                    source.set_exception(error)
                    await asyncio.sleep(0)
                assert future.exception() is error
                source.reset()
                future = source.value_task().as_future()
                source.set_cancelled("enough")
                with pytest.raises(asyncio.CancelledError, match="enough"):
                    await future
                assert future.cancelled()

        run(main())

    def test_without_a_running_loop_the_source_is_not_asked(self) -> None:
        source = Scripted(Status.SUCCEEDED)
        with pytest.raises(RuntimeError, match="no running event loop"):
            ValueTask.from_source(source, 0).as_future()
        assert source.asked == []

    def test_cancelled_it_frees_the_source(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            assert source.value_task().as_future().cancel()
            asyncio.get_running_loop().call_soon(source.set_result, 1)
            assert await source.value_task() == 1

        run(main())

    def test_a_failure_that_nobody_reads_is_logged(self, run: Run) -> None:
        async def main() -> None:
            logged = Logged()
            source = ManualResetValueTaskSource[int]()
            source.set_exception(ValueError())
            source.value_task().as_future()
            assert logged.after_collecting() == ["Future exception was never retrieved"]

        run(main())


class TestManualReset:
    def test_a_subclass_may_take_arguments(self, run: Run) -> None:
        class Named(ManualResetValueTaskSource[int]):
            def __init__(self, name: str) -> None:
                super().__init__()
                self.name = name

        async def main() -> None:
            source = Named("first")
            asyncio.get_running_loop().call_soon(source.set_result, 1)
            assert await source.value_task() == 1
            assert source.name == "first"

        run(main())
        with pytest.raises(TypeError):
            ManualResetValueTaskSource("first")  # type: ignore[call-arg]

    def test_it_is_made_completed_and_read_without_a_loop(self) -> None:
        source = source_of(1)
        assert source.value_task().result() == 1
        assert source.get_status(source.version) is Status.SUCCEEDED
        assert step(source.value_task()) == 1

    def test_the_result_may_be_read_again_until_the_reset(self) -> None:
        source = source_of(1)
        value_task = source.value_task()
        assert [value_task.result(), step(value_task), value_task.result()] == [1, 1, 1]
        source.reset()
        for use in (value_task.done, value_task.result, value_task.exception):
            with pytest.raises(asyncio.InvalidStateError):
                use()

    def test_a_reset_moves_the_version_on_and_clears_everything(self) -> None:
        source = source_of(1)
        before = source.version
        source.reset()
        assert source.version == before + 1
        assert state(source.value_task()) == PENDING
        source.set_result(2)
        assert source.value_task().result() == 2

    @pytest.mark.parametrize("away", [-1, 1])
    def test_an_older_or_newer_token_is_refused_by_all_three_methods(self, away: int) -> None:
        source = source_of(1)
        token = source.version + away
        for use in (
            lambda: source.get_status(token),
            lambda: source.on_completed(print, token),
            lambda: source.get_result(token),
        ):
            with pytest.raises(asyncio.InvalidStateError, match="token"):
                use()

    def test_a_second_completion_before_a_reset_is_refused(self) -> None:
        source = source_of(1)
        again: Callable[[], None]
        for again in (
            lambda: source.set_result(2),
            lambda: source.set_exception(ValueError()),
            source.set_cancelled,
            lambda: source.set_result_threadsafe(2),
        ):
            with pytest.raises(asyncio.InvalidStateError, match="completed already"):
                again()
        assert source.value_task().result() == 1

    def test_a_result_read_too_early_is_refused(self) -> None:
        source = ManualResetValueTaskSource[int]()
        with pytest.raises(asyncio.InvalidStateError):
            source.get_result(source.version)

    @pytest.mark.parametrize("wrong", [None, "text", int])
    def test_what_is_no_exception_is_refused_as_a_failure(self, wrong: Any) -> None:
        source = ManualResetValueTaskSource[int]()
        with pytest.raises(TypeError, match="expects an exception"):
            source.set_exception(wrong)
        assert not source.value_task().done()

    def test_a_failure_is_the_very_exception_and_its_traceback_does_not_grow(self) -> None:
        error = ValueError()
        source = ManualResetValueTaskSource[int]()
        source.set_exception(error)
        value_task = source.value_task()
        assert value_task.exception() is error
        lengths = set()
        for _ in range(4):
            with pytest.raises(ValueError) as caught:  # noqa: PT011 - it has no message
                value_task.result()
            assert caught.value is error
            lengths.add(len(traceback.extract_tb(error.__traceback__)))
        assert len(lengths) == 1

    def test_the_context_of_a_failure_is_not_what_its_reader_handles(self) -> None:
        error = ValueError()
        source = ManualResetValueTaskSource[int]()
        source.set_exception(error)
        with pytest.raises(ValueError):  # noqa: PT011 - it has no message
            while_handling(KeyError(), source.value_task().result)
        assert error.__context__ is None

    def test_a_stop_iteration_is_raised_by_result_and_is_a_cause_elsewhere(self, run: Run) -> None:
        async def main() -> None:
            error = StopIteration(3)
            source = ManualResetValueTaskSource[int]()
            source.set_exception(error)
            value_task = source.value_task()
            assert value_task.exception() is error
            with pytest.raises(StopIteration):
                value_task.result()
            for awaitable in (value_task, value_task.as_future()):
                with pytest.raises(RuntimeError) as caught:
                    await awaitable
                assert caught.value.__cause__ is error

        run(main())

    def test_a_cancellation_is_raised_by_all_readers(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            source.set_cancelled("enough")
            value_task = source.value_task()
            for use in (value_task.result, value_task.exception, lambda: step(value_task)):
                with pytest.raises(asyncio.CancelledError, match="enough"):
                    use()

        run(main())

    def test_repr_says_how_far_it_is(self) -> None:
        source = ManualResetValueTaskSource[int]()
        assert repr(source) == "<ManualResetValueTaskSource version=0 pending>"
        source.set_result(1)
        source.reset()
        source.set_cancelled()
        assert repr(source) == "<ManualResetValueTaskSource version=1 cancelled>"


class TestContinuations:
    def test_it_is_called_once_by_call_soon_without_arguments(self, run: Run) -> None:
        async def main() -> None:
            source, calls = ManualResetValueTaskSource[int](), []
            source.on_completed(lambda: calls.append(1), source.version)
            source.set_result(1)
            assert calls == []
            for _ in range(3):
                await asyncio.sleep(0)
            assert calls == [1]

        run(main())

    def test_where_the_source_is_completed_it_is_called_soon(self, run: Run) -> None:
        async def main() -> None:
            source, calls = source_of(1), []
            source.on_completed(lambda: calls.append(1), source.version)
            source.on_completed(lambda: calls.append(2), source.version)
            assert calls == []
            await asyncio.sleep(0)
            assert calls == [1, 2]

        run(main())

    def test_a_second_one_is_refused_while_one_waits(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            first = await waiter_of(source)
            with pytest.raises(asyncio.InvalidStateError, match="waiter already"):
                source.on_completed(print, source.version)
            second = await waiter_of(source)
            with pytest.raises(asyncio.InvalidStateError, match="waiter already"):
                await second
            with pytest.raises(asyncio.InvalidStateError, match="waiter already"):
                source.value_task().as_future()
            source.set_result(1)
            assert await first == 1

        run(main())

    def test_a_cancelled_waiter_frees_the_slot(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            first = await waiter_of(source)
            first.cancel("reason")
            with pytest.raises(asyncio.CancelledError, match="reason"):
                await first
            second = await waiter_of(source)
            source.set_result(2)
            assert await second == 2

        run(main())

    def test_the_wait_that_a_timeout_ends_frees_the_slot(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await source.value_task()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(source.value_task(), 0.001)
            asyncio.get_running_loop().call_soon(source.set_result, 2)
            assert await asyncio.wait_for(source.value_task(), 10) == 2

        run(main())

    def test_an_await_that_is_closed_frees_the_slot(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            awaiting = source.value_task().__await__()
            next(awaiting)
            awaiting.close()
            source.on_completed(print, source.version)
            source.remove_continuation(print, source.version)

        run(main())

    def test_removing_another_or_under_a_stale_token_changes_nothing(self, run: Run) -> None:
        async def main() -> None:
            source, calls = ManualResetValueTaskSource[int](), []

            def continuation() -> None:
                calls.append(1)

            source.on_completed(continuation, source.version)
            source.remove_continuation(print, source.version)
            source.remove_continuation(continuation, source.version + 1)
            source.set_result(1)
            await asyncio.sleep(0)
            assert calls == [1]

        run(main())

    def test_cancelled_between_completion_and_wake_up_it_is_cancelled(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            waiting = await waiter_of(source)
            source.set_result(1)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert source.value_task().result() == 1

        run(main())

    def test_a_reset_wakes_who_waits_with_a_stale_token(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            waiting = await waiter_of(source)
            future = None
            source.reset()
            future = source.value_task().as_future()
            with pytest.raises(asyncio.InvalidStateError, match="token"):
                await waiting
            source.set_result(1)
            assert await future == 1

        run(main())

    def test_the_waiter_goes_on_in_its_own_context(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()

            async def wait() -> str:
                variable.set("the waiter's")
                await source.value_task()
                return variable.get()

            task = asyncio.create_task(wait())
            await asyncio.sleep(0)
            variable.set("the completer's")
            source.set_result(1)
            assert await task == "the waiter's"

        run(main())

    def test_it_takes_as_many_turns_as_a_future(self, run: Run) -> None:
        async def main() -> None:
            loop = asyncio.get_running_loop()
            turns = Turns()
            source, future = ManualResetValueTaskSource[int](), loop.create_future()
            counts = []
            for complete, awaitable in (
                (source.set_result, source.value_task()),
                (future.set_result, future),
            ):
                before = turns.count
                loop.call_soon(complete, 1)
                await awaitable
                counts.append(turns.count - before)
            assert counts[0] == counts[1]

        run(main())

    def test_a_task_that_waits_shows_the_source(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            task = await waiter_of(source)
            assert "ManualResetValueTaskSource" in repr(task)
            source.set_result(1)
            await task

        run(main())


def test_a_thousand_completions_through_one_source_make_no_future(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []

    class Counted(asyncio.Future[Any]):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            made.append(self)

    async def main() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        source = ManualResetValueTaskSource[int]()
        waited_for: set[type] = set()

        def complete(number: int) -> None:
            waited_for.add(type(getattr(task, "_fut_waiter", None)))
            source.set_result(number)

        with monkeypatch.context() as patched:
            patched.setattr(asyncio, "Future", Counted)
            patched.setattr(loop, "create_future", lambda: Counted(loop=loop))
            for number in range(1000):
                loop.call_soon(complete, number)
                assert await source.value_task() == number
                source.reset()
        assert source.version == 1000
        assert made == []
        (kind,) = waited_for
        assert not issubclass(kind, asyncio.Future)

    run(main())


class TestInsideABody:
    def test_a_body_waits_for_a_pending_source(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            for make in (waiting_for, lambda one: waiting_for(waiting_for(one))):
                value_task = make(source.value_task())
                assert not value_task.done()
                asyncio.get_running_loop().call_soon(source.set_result, 3)
                assert await value_task == 3
                source.reset()

        run(main())

    def test_completed_before_the_await_it_takes_no_turn(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            value_task = waiting_for(source.value_task())
            source.set_result(3)
            turns = Turns()
            assert await value_task == 3
            assert turns.count == 0

        run(main())

    def test_a_body_that_is_not_awaited_does_not_take_the_slot(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            value_task = waiting_for(source.value_task())
            asyncio.get_running_loop().call_soon(source.set_result, 3)
            assert await source.value_task() == 3
            assert await value_task == 3

        run(main())

    def test_a_cancellation_before_the_first_step_is_delivered(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            task = waiting_for(source.value_task()).as_future()
            task.cancel("early")
            with pytest.raises(asyncio.CancelledError, match="early"):
                await task
            source.set_result(1)
            assert source.value_task().result() == 1

        run(main())

    def test_a_cancellation_while_it_waits_is_delivered(self, run: Run) -> None:
        @value_task
        async def body(source: ManualResetValueTaskSource[int]) -> str:
            try:
                await source.value_task()
            except asyncio.CancelledError:
                asyncio.get_running_loop().call_soon(source.set_result, 1)
                return f"survived, {await source.value_task()}"
            return "not cancelled"

        async def main() -> None:
            task = asyncio.ensure_future(body(ManualResetValueTaskSource()))
            await asyncio.sleep(0)
            task.cancel()
            assert await task == "survived, 1"

        run(main())


class TestGather:
    def test_each_distinct_one_is_read_once(self, run: Run) -> None:
        async def main() -> None:
            done, pending = Scripted(Status.SUCCEEDED, 1), Scripted()
            asyncio.get_running_loop().call_soon(lambda: pending.complete(Status.SUCCEEDED, 2))
            gathered: ValueTask[list[Any]] = gather(
                ValueTask.from_source(done, 0),
                ValueTask.from_source(pending, 0),
                ValueTask.from_source(done, 0),
                ValueTask.from_source(pending, 0),
            )
            assert await gathered == [1, 2, 1, 2]
            assert done.asked.count("get_result") == 1
            assert pending.asked.count("get_result") == 1

        run(main())

    def test_all_done_it_is_done_at_once_and_outlives_a_reset(self) -> None:
        source = source_of(1)
        gathered = gather(source.value_task(), ValueTask(2), source.value_task())
        source.reset()
        assert gathered.result() == [1, 2, 1]

    def test_failures_are_read_once(self, run: Run) -> None:
        async def main() -> None:
            error = ValueError()
            for return_exceptions in (False, True):
                sources = [Scripted(Status.FAULTED, error), Scripted(Status.SUCCEEDED, 1)]
                gathered: ValueTask[list[Any]] = gather(
                    *(ValueTask.from_source(source, 0) for source in sources),
                    return_exceptions=return_exceptions,
                )
                if return_exceptions:
                    assert gathered.result() == [error, 1]
                else:
                    assert gathered.exception() is error
                assert [source.asked.count("get_result") for source in sources] == [1, 1]

        run(main())


class TestThreads:
    @pytest.mark.parametrize("complete", ["result", "exception", "cancelled"])
    def test_another_thread_completes_it_threadsafe(self, run: Run, complete: str) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            error = ValueError()
            actions: dict[str, Callable[[], None]] = {
                "result": lambda: source.set_result_threadsafe(5),
                "exception": lambda: source.set_exception_threadsafe(error),
                "cancelled": lambda: source.set_cancelled_threadsafe("enough"),
            }
            task = await waiter_of(source)
            thread = threading.Thread(target=actions[complete])
            thread.start()
            await asyncio.wait([task], timeout=10)
            thread.join()
            if complete == "result":
                assert task.result() == 5
            elif complete == "exception":
                assert task.exception() is error
            else:
                assert task.cancelled()

        run(main())

    def test_completed_in_another_thread_before_it_is_awaited(self, run: Run) -> None:
        async def main() -> None:
            source = ManualResetValueTaskSource[int]()
            thread = threading.Thread(target=source.set_result_threadsafe, args=(5,))
            thread.start()
            thread.join()
            assert await source.value_task() == 5

        run(main())

    def test_in_debug_mode_the_wrong_thread_is_told_so_and_nothing_is_set(self, run: Run) -> None:
        async def main() -> None:
            asyncio.get_running_loop().set_debug(True)
            source = ManualResetValueTaskSource[int]()
            task = await waiter_of(source)
            for action in (lambda: source.set_result(1), source.set_cancelled, source.reset):
                told: list[BaseException] = []
                thread = threading.Thread(target=note_failure, args=(action, told))
                thread.start()
                thread.join()
                assert [str(error).partition(" was")[0] for error in told] == [
                    f"{name_of(action)}()"
                ]
                assert isinstance(told[0], RuntimeError)
                assert not source.value_task().done()
            source.set_result(2)
            assert await task == 2

        run(main())

    @pytest.mark.parametrize("name", ["asyncio", "uvloop"])
    def test_each_of_several_threads_has_its_loop_and_is_completed_by_the_next(
        self, name: str
    ) -> None:
        factory = loop_factory(name)
        rounds, count = 50, 3
        sources = [ManualResetValueTaskSource[int]() for _ in range(count)]
        sums: list[int] = []

        async def main(mine: int) -> None:
            total = 0
            following = sources[(mine + 1) % count]
            for number in range(rounds):
                # Until the next one has read the last; an Event belongs to one loop only.
                while following.version != number:  # noqa: ASYNC110
                    await asyncio.sleep(0)
                following.set_result_threadsafe(number)
                total += await sources[mine].value_task()
                sources[mine].reset()
            sums.append(total)

        def work(mine: int) -> None:
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.run(asyncio.wait_for(main(mine), 30))

        threads = [threading.Thread(target=work, args=(mine,)) for mine in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sums == [sum(range(rounds))] * count


def name_of(action: Callable[[], None]) -> str:
    name: str = action.__name__
    return "set_result" if name == "<lambda>" else name


def note_failure(action: Callable[[], None], told: list[BaseException]) -> None:
    try:
        action()
    except RuntimeError as error:
        told.append(error)


class Held:
    pass


class TestNothingIsKeptAlive:
    def test_a_reset_lets_go_of_the_result(self) -> None:
        held = Held()
        reference = weakref.ref(held)
        source = source_of(held)
        del held
        source.reset()
        assert reference() is None

    def test_reading_failures_leaves_no_cycle_behind(self, run: Run) -> None:
        async def read() -> weakref.ref[ManualResetValueTaskSource[int]]:
            source = ManualResetValueTaskSource[int]()
            error = ValueError()
            source.set_exception(error)
            value_task = source.value_task()
            for use in (value_task.result, lambda: step(value_task), value_task.exception):
                with contextlib.suppress(ValueError):
                    use()
            assert value_task.as_future().exception() is error
            error.__traceback__ = None  # the test's own frame
            return weakref.ref(source)

        async def main() -> None:
            gc.disable()
            try:
                assert (await read())() is None
            finally:
                gc.enable()

        run(main())

    def test_a_wait_leaves_no_cycle_behind(self, run: Run) -> None:
        async def wait(complete: bool) -> weakref.ref[ManualResetValueTaskSource[int]]:
            source = ManualResetValueTaskSource[int]()
            task = await waiter_of(source)
            if complete:
                source.set_result(1)
                await task
            else:
                task.cancel()
                await asyncio.wait([task])
            return weakref.ref(source)

        async def main() -> None:
            gc.disable()
            try:
                assert (await wait(complete=True))() is None
                assert (await wait(complete=False))() is None
            finally:
                gc.enable()

        run(main())
