"""Code that runs in the middle of an operation, and changes what that works on.

Such code is a token's comparison, the finalizer of something that is dropped, a method of the
loop or of a future, and the body itself. None of it may crash the interpreter.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from harness.valuetask import (
    ManualResetValueTaskSource,
    ValueTask,
    ValueTaskSourceStatus,
    value_task,
)
from tests.valuetask.bodies import waiting_for

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from tests.valuetask.conftest import Run

    Source = ManualResetValueTaskSource[Any]


class OnDrop:
    """Calls *function* when it is dropped; as a continuation it does nothing."""

    def __init__(self, function: Callable[[], object]) -> None:
        self.function = function

    def __call__(self) -> None:
        """Be a continuation."""

    def __del__(self) -> None:
        self.function()


class Hooked:
    """Like a future; calls *hook* once, in the middle of the method of that name."""

    def __init__(self, method: str, hook: Callable[[], object], *, over: bool = False) -> None:
        self._asyncio_future_blocking = False
        self._hooks = {method: hook}
        self._over = over

    def __await__(self) -> Generator[Any, Any, str]:
        self._asyncio_future_blocking = True
        yield self
        return "answer"

    def _called(self, method: str) -> None:
        self._hooks.pop(method, bool)()

    def done(self) -> bool:
        self._called("done")
        return self._over

    def cancel(self, msg: object = None) -> bool:
        self._called("cancel")
        return True

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    def add_done_callback(self, function: Callable[[object], object], *, context: Any) -> None:
        asyncio.get_running_loop().call_soon(function, self, context=context)

    def result(self) -> None:
        """Let whoever waits go on."""


class Refusals:
    """What a running iterator says to those that step or close it."""

    def __init__(self) -> None:
        self.iterator: Any = None
        self.count = 0

    def __call__(self) -> None:
        for use in (
            self.iterator.close,
            lambda: self.iterator.send(None),
            lambda: self.iterator.throw(OSError()),
        ):
            with pytest.raises(ValueError, match="already"):
                use()
            self.count += 1


def pending_source_after(resets: int) -> Source:
    """Return one whose version is too large for one of the interpreter's shared numbers."""
    source = ManualResetValueTaskSource[Any]()
    for _ in range(resets):
        source.reset()
    return source


class TestASource:
    def test_a_reset_while_its_failure_is_raised(self) -> None:
        source = ManualResetValueTaskSource[int]()
        source.set_exception(ValueError("no"))

        def read() -> None:
            kept_by_the_traceback = OnDrop(source.reset)
            with contextlib.suppress(ValueError):
                source.get_result(0)
            kept_by_the_traceback()

        read()
        with pytest.raises(ValueError, match="no"):
            source.get_result(0)
        assert source.version == 1

    @pytest.mark.parametrize("use", ["get_status", "get_result"])
    def test_a_reset_while_a_token_is_compared_and_shown(self, use: str) -> None:
        source = pending_source_after(1_000)

        class Token:
            __hash__ = None  # type: ignore[assignment]

            def __eq__(self, other: object) -> bool:
                source.reset()
                return NotImplemented

            def __repr__(self) -> str:
                source.reset()
                return "token"

        with pytest.raises(asyncio.InvalidStateError, match="token"):
            getattr(source, use)(Token())

    def test_a_reset_while_a_continuation_is_compared(self, run: Run) -> None:
        source = ManualResetValueTaskSource[int]()

        class Compared:
            __hash__ = None  # type: ignore[assignment]

            def __call__(self) -> None:
                """Be a continuation."""

            def __eq__(self, other: object) -> bool:
                assert isinstance(other, Compared)
                source.reset()
                return NotImplemented

        async def main() -> None:
            source.on_completed(Compared(), 0)

        run(main())  # whose loop is closed now: a reset drops who waits
        source.remove_continuation(Compared(), 0)
        assert source.version == 2

    def test_the_next_operation_completed_while_a_reset_drops_the_last_waiter(
        self, run: Run
    ) -> None:
        source = ManualResetValueTaskSource[int]()

        async def main() -> None:
            source.on_completed(OnDrop(lambda: source.set_result(7)), 0)

        run(main())  # whose loop is closed now
        source.reset()
        assert source.get_result(1) == 7

    @pytest.mark.parametrize("method", ["get_debug", "is_closed"])
    def test_completed_by_another_thread_while_the_loop_is_asked(
        self, method: str, implementation: str
    ) -> None:
        if implementation == "python":
            pytest.skip("its lock lets no other thread in between")
        source = ManualResetValueTaskSource[Any]()
        answers = [[1], [2]]
        called = []

        async def main() -> None:
            loop = asyncio.get_running_loop()
            source.on_completed(lambda: called.append(source.get_result(0)), 0)

            def asked() -> bool:
                delattr(loop, method)
                source.set_result_threadsafe(answers[0])
                return False

            setattr(loop, method, asked)
            if method == "is_closed":
                source.reset()
                assert source.version == 1
            else:
                with pytest.raises(asyncio.InvalidStateError, match="completed already"):
                    await asyncio.to_thread(source.set_result, answers[1])
                await asyncio.sleep(0)
                assert called == [[1]]

        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(main())

    def test_the_next_operation_survives_that_the_last_waiter_could_not_be_told(
        self, implementation: str
    ) -> None:
        if implementation == "python":
            pytest.skip("its lock lets no other thread in between")
        source = ManualResetValueTaskSource[int]()

        async def main() -> None:
            loop: Any = asyncio.get_running_loop()
            source.on_completed(print, 0)

            def closed_meanwhile(*_: object, **__: object) -> None:
                del loop.call_soon
                source.reset()
                source.set_result(2)
                raise RuntimeError("closed")

            loop.call_soon = closed_meanwhile
            with pytest.raises(RuntimeError, match="closed"):
                source.set_result(1)
            assert source.get_result(1) == 2

        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(main())

    def test_a_wait_closed_while_its_token_is_compared(self, run: Run) -> None:
        source = ManualResetValueTaskSource[int]()
        waits: Any = []

        class Token:
            __hash__ = None  # type: ignore[assignment]

            def __eq__(self, other: object) -> bool:
                if not waits:
                    return True
                waits.pop().close()
                return False

        async def main() -> None:
            iterator: Any = ValueTask.from_source(source, Token()).__await__()
            waiter = next(iterator)
            if waiter is iterator:  # else a generator, which has no part in this
                waits.append(iterator)
                waiter.add_done_callback(print)
            assert not waits

        run(main())


class TestTheRestOfABody:
    """As with a generator: what a step runs is told that it cannot step or close it too."""

    @pytest.mark.parametrize("over", [False, True])
    def test_a_future_that_uses_the_await_while_it_is_asked(self, over: bool) -> None:
        refusals = Refusals()
        future = Hooked("done", refusals, over=over)
        value_task = waiting_for(future)
        refusals.iterator = value_task.__await__()
        if over:
            with pytest.raises(StopIteration) as stopped:
                next(refusals.iterator)
            assert stopped.value.value == "answer"
            assert value_task.result() == "answer"
        else:
            assert next(refusals.iterator) is future
            refusals.iterator.close()
        assert refusals.count == 3

    def test_a_future_that_uses_the_await_while_it_is_cancelled(self, run: Run) -> None:
        async def main() -> None:
            refusals = Refusals()
            task: Any = waiting_for(Hooked("cancel", refusals)).as_future()
            refusals.iterator = task.get_coro().cr_await
            task.cancel()
            assert await task == "answer"
            assert refusals.count == 3

        run(main())

    def test_a_source_that_uses_the_await_while_it_is_asked(self, run: Run) -> None:
        refusals = Refusals()

        class Asked:
            def get_status(self, token: object) -> ValueTaskSourceStatus:
                if refusals.iterator:
                    refusals()
                    refusals.iterator = None
                return ValueTaskSourceStatus.PENDING

            def on_completed(self, continuation: Callable[[], object], token: object) -> None:
                raise NotImplementedError

            def get_result(self, token: object) -> int:
                raise NotImplementedError

        async def main() -> None:
            task: Any = ValueTask.from_source(Asked(), 1).then(str).as_future()
            refusals.iterator = task.get_coro().cr_await
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert refusals.count == 3

        run(main())

    def test_a_body_that_uses_its_own_await(self, run: Run) -> None:
        refusals = Refusals()

        @value_task
        async def body() -> int:
            await asyncio.sleep(0)
            refusals()
            return 5

        value_task_of_it = body()
        refusals.iterator = value_task_of_it.__await__()
        next(refusals.iterator)
        with pytest.raises(StopIteration) as stopped:
            next(refusals.iterator)
        assert stopped.value.value == 5
        assert value_task_of_it.result() == 5

    def test_a_task_factory_that_returns_what_cannot_be_awaited(self, run: Run) -> None:
        class NoTask:
            def __init__(self, shell: Coroutine[Any, Any, Any]) -> None:
                self.shell = shell

            def set_name(self, name: str) -> None:
                """Be named, as 3.13 does."""

        async def main() -> None:
            value_task = waiting_for(asyncio.sleep(0))
            iterator = value_task.__await__()
            loop: Any = asyncio.get_running_loop()
            loop.set_task_factory(lambda _loop, shell, **_: NoTask(shell))
            try:
                made: Any = value_task.as_future()
            finally:
                loop.set_task_factory(None)
            with pytest.raises((AttributeError, TypeError)):
                next(iterator)
            made.shell.close()

        run(main())


def test_a_stop_iteration_that_its_catcher_changed_is_not_used_again() -> None:
    class Held(list[int]):
        pass

    for _ in range(3):
        try:
            next(ValueTask(Held()).__await__())
        except StopIteration as stop:
            held = weakref.ref(stop.value)
            stop.__traceback__ = None
            stop.__suppress_context__ = True
            stop.value = 5
        assert held() is None
        gc.collect()
    with pytest.raises(StopIteration) as stopped:
        next(ValueTask([2]).__await__())
    assert stopped.value.value == [2]
    assert not stopped.value.__suppress_context__
