"""Every way to use a ValueTask, each as a coroutine function that uses it once.

A path gets a ``Kit``: the implementation, and the objects that all uses share, whose reference
counts are watched. To add a path, write it here under ``@path``.
"""

from __future__ import annotations

import asyncio
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tests.valuetask.conftest import while_handling

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

__all__ = ["PATHS", "Kit", "Path"]


# ---- what the paths are made of -----------------------------------------------------------------


class Answer:
    """What the ValueTasks carry: unlike None and small numbers, never immortal."""


class KeptError(Exception):
    """A failure that is raised again and again."""


class Bodies:
    """The bodies below, decorated."""

    def __init__(self, decorate: Callable[..., Any]) -> None:
        self.returning = decorate(returning)
        self.raising = decorate(raising)
        self.turning = decorate(turning)
        self.failing_later = decorate(failing_later)
        self.waiting = decorate(waiting)
        self.cancelling_itself = decorate(cancelling_itself)


class Kit:
    """An implementation of ValueTask, and what all uses share. Made in a running loop."""

    def __init__(self, implementation: ModuleType) -> None:
        self.decorate: Any = implementation.value_task
        self.ValueTask: Any = implementation.ValueTask
        self.gather: Any = implementation.gather
        self.Source: Any = implementation.ManualResetValueTaskSource
        self.plain = Bodies(self.decorate)
        self.hot = Bodies(self.decorate(hot=True))
        self.pooled = Bodies(self.decorate(pooled=True))
        self.loop = asyncio.get_running_loop()
        self.answer = Answer()
        self._error = KeptError("kept")
        self.finished = self.pending()
        self.finished.set_result(self.answer)
        self.failed = self.pending()
        self.failed.set_exception(self._error)
        self.failed.exception()
        self.cancelled = self.pending()
        self.cancelled.cancel()
        self.source = self.Source()
        self.kept = self.ValueTask(self.answer)
        self.kept_failure = self.ValueTask.from_exception(KeptError("its own"))

    @property
    def error(self) -> KeptError:
        """The shared failure, without the frames that each place that raises it adds."""
        self._error.__context__ = None
        return self._error.with_traceback(None)

    def pending(self) -> asyncio.Future[Any]:
        return self.loop.create_future()

    def soon(self) -> asyncio.Future[Any]:
        """Return a future that has the answer a turn later."""
        future = self.pending()
        self.loop.call_soon(future.set_result, self.answer)
        return future

    def failing_soon(self) -> asyncio.Future[Any]:
        future = self.pending()
        self.loop.call_soon(future.set_exception, self.error)
        return future

    def cancelled_soon(self) -> asyncio.Future[Any]:
        future = self.pending()
        self.loop.call_soon(future.cancel)
        return future


async def returning(answer: object) -> object:
    return answer


async def raising(error: BaseException) -> None:
    raise error


async def turning(answer: object) -> object:
    await asyncio.sleep(0)
    return answer


async def failing_later(error: BaseException) -> None:
    await asyncio.sleep(0)
    raise error


async def waiting(awaitable: Awaitable[object]) -> object:
    return await awaitable


async def cancelling_itself() -> None:
    raise asyncio.CancelledError


def fails(error: type[BaseException]) -> suppress:
    """Expect *error*, which must come."""
    return Fails(error)


class Fails(suppress):
    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        if kind is None:
            raise AssertionError(f"no {self._exceptions} came")  # type: ignore[attr-defined]
        return super().__exit__(kind, error, traceback)


def rejected(function: Callable[..., object], *args: object, **kwargs: object) -> None:
    with fails(TypeError):
        function(*args, **kwargs)


Path: TypeAlias = "Callable[[Kit], Awaitable[None]]"

PATHS: Final[dict[str, Path]] = {}


def path(function: Path) -> Path:
    PATHS[function.__name__] = function
    return function


# ---- carried: a result, a failure ---------------------------------------------------------------


@path
async def nothing(kit: Kit) -> None:
    assert await kit.ValueTask() is None


@path
async def result(kit: Kit) -> None:
    assert await kit.ValueTask(kit.answer) is kit.answer


@path
async def result_by_name(kit: Kit) -> None:
    assert await kit.ValueTask(result=kit.answer) is kit.answer


@path
async def result_without_await(kit: Kit) -> None:
    value_task = kit.ValueTask(kit.answer)
    assert value_task.done()
    assert value_task.succeeded()
    assert value_task.result() is kit.answer
    assert value_task.exception() is None


@path
async def result_awaited_twice(kit: Kit) -> None:
    value_task = kit.ValueTask(kit.answer)
    assert await value_task is await value_task


@path
async def result_that_is_a_tuple(kit: Kit) -> None:
    # A StopIteration made of a tuple would take it apart.
    both = (kit.answer, kit)
    assert await kit.ValueTask(both) is both


@path
async def result_that_is_an_exception(kit: Kit) -> None:
    assert await kit.ValueTask(kit.error) is kit.error


@path
async def result_in_a_cycle(kit: Kit) -> None:
    box: list[object] = []
    box.append(kit.ValueTask(box))


@path
async def kept_awaited(kit: Kit) -> None:
    assert await kit.kept is kit.answer


@path
async def many_alive(kit: Kit) -> None:
    # More than a free list may keep.
    for value_task in [kit.ValueTask(kit.answer) for _ in range(10)]:
        assert await value_task is kit.answer


@path
async def kept_failure_awaited(kit: Kit) -> None:
    with fails(KeptError):
        await kit.kept_failure


@path
async def kept_failure_read(kit: Kit) -> None:
    with fails(KeptError):
        kit.kept_failure.result()


@path
async def failure(kit: Kit) -> None:
    with fails(KeptError):
        await kit.ValueTask.from_exception(kit.error)


@path
async def failure_result(kit: Kit) -> None:
    value_task = kit.ValueTask.from_exception(kit.error)
    assert value_task.faulted()
    for _ in range(2):
        with fails(KeptError):
            value_task.result()
    assert value_task.exception() is kit.error


@path
async def failure_of_a_class(kit: Kit) -> None:
    with fails(KeptError):
        await kit.ValueTask.from_exception(KeptError)


@path
async def failure_while_handling(kit: Kit) -> None:
    with fails(KeptError):
        while_handling(KeyError(), kit.ValueTask.from_exception(kit.error).result)


@path
async def failure_stop_iteration(kit: Kit) -> None:
    value_task = kit.ValueTask.from_exception(StopIteration(kit.answer))
    with fails(StopIteration):
        value_task.result()
    with fails(RuntimeError):
        await value_task


@path
async def cancelled(kit: Kit) -> None:
    with fails(asyncio.CancelledError):
        await kit.ValueTask.from_cancelled("why")


@path
async def cancelled_result(kit: Kit) -> None:
    value_task = kit.ValueTask.from_cancelled()
    assert value_task.cancelled()
    with fails(asyncio.CancelledError):
        value_task.result()
    with fails(asyncio.CancelledError):
        value_task.exception()


# ---- over a future ------------------------------------------------------------------------------


@path
async def future_done(kit: Kit) -> None:
    assert await kit.ValueTask.from_future(kit.finished) is kit.answer


@path
async def future_done_asked(kit: Kit) -> None:
    value_task = kit.ValueTask.from_future(kit.finished)
    assert value_task.done()
    assert value_task.succeeded()
    assert not value_task.faulted()
    assert value_task.result() is kit.answer
    assert value_task.exception() is None


@path
async def future_failed(kit: Kit) -> None:
    assert kit.failed.exception() is kit.error  # without the last use's frames: a Future keeps them
    value_task = kit.ValueTask.from_future(kit.failed)
    assert value_task.faulted()
    with fails(KeptError):
        await value_task
    with fails(KeptError):
        value_task.result()


@path
async def future_cancelled(kit: Kit) -> None:
    value_task = kit.ValueTask.from_future(kit.cancelled)
    assert value_task.cancelled()
    with fails(asyncio.CancelledError):
        await value_task


@path
async def future_pending(kit: Kit) -> None:
    assert await kit.ValueTask.from_future(kit.soon()) is kit.answer


@path
async def future_pending_fails(kit: Kit) -> None:
    with fails(KeptError):
        await kit.ValueTask.from_future(kit.failing_soon())


@path
async def future_pending_asked(kit: Kit) -> None:
    value_task = kit.ValueTask.from_future(kit.pending())
    assert not value_task.done()
    with fails(asyncio.InvalidStateError):
        value_task.result()
    with fails(asyncio.InvalidStateError):
        value_task.exception()


# ---- over a source ------------------------------------------------------------------------------


@path
async def source_done(kit: Kit) -> None:
    kit.source.reset()
    kit.source.set_result(kit.answer)
    value_task = kit.source.value_task()
    assert value_task.succeeded()
    assert await value_task is kit.answer
    assert value_task.result() is kit.answer


@path
async def source_failed(kit: Kit) -> None:
    kit.source.reset()
    kit.source.set_exception(kit.error)
    value_task = kit.source.value_task()
    assert value_task.faulted()
    with fails(KeptError):
        await value_task
    assert value_task.exception() is kit.error


@path
async def source_cancelled(kit: Kit) -> None:
    kit.source.reset()
    kit.source.set_cancelled()
    with fails(asyncio.CancelledError):
        await kit.source.value_task()


@path
async def source_pending(kit: Kit) -> None:
    kit.source.reset()
    kit.loop.call_soon(kit.source.set_result, kit.answer)
    assert await kit.source.value_task() is kit.answer


@path
async def source_pending_fails(kit: Kit) -> None:
    kit.source.reset()
    kit.loop.call_soon(kit.source.set_exception, kit.error)
    with fails(KeptError):
        await kit.source.value_task()


@path
async def source_pending_asked(kit: Kit) -> None:
    kit.source.reset()
    value_task = kit.source.value_task()
    assert not value_task.done()
    with fails(asyncio.InvalidStateError):
        value_task.result()
    with fails(asyncio.InvalidStateError):
        value_task.exception()


@path
async def source_token_stale(kit: Kit) -> None:
    value_task = kit.source.value_task()
    kit.source.reset()
    with fails(asyncio.InvalidStateError):
        await value_task
    with fails(asyncio.InvalidStateError):
        value_task.done()


@path
async def source_waiter_cancelled(kit: Kit) -> None:
    kit.source.reset()
    waiter = kit.loop.create_task(waiting(kit.source.value_task()))
    await asyncio.sleep(0)
    waiter.cancel()
    with fails(asyncio.CancelledError):
        await waiter


@path
async def source_as_future(kit: Kit) -> None:
    kit.source.reset()
    future = kit.source.value_task().as_future()
    kit.source.set_result(kit.answer)
    assert await future is kit.answer


@path
async def source_made_and_dropped(kit: Kit) -> None:
    kit.Source().value_task()


# ---- bodies that end at once --------------------------------------------------------------------


@path
async def body_returns(kit: Kit) -> None:
    assert await kit.plain.returning(kit.answer) is kit.answer


@path
async def body_returns_by_name(kit: Kit) -> None:
    assert await kit.plain.returning(answer=kit.answer) is kit.answer


@path
async def body_raises(kit: Kit) -> None:
    value_task = kit.plain.raising(kit.error)
    with fails(KeptError):
        await value_task


@path
async def body_raises_while_handling(kit: Kit) -> None:
    value_task = while_handling(KeyError(), lambda: kit.plain.raising(KeptError()))
    with fails(KeptError):
        value_task.result()


@path
async def body_raises_a_cycle(kit: Kit) -> None:
    # The failure's traceback leads to a frame whose local is the failure.
    kit.plain.raising(KeptError())


@path
async def body_cancels_itself(kit: Kit) -> None:
    assert kit.plain.cancelling_itself().cancelled()


@path
async def body_escapes(kit: Kit) -> None:
    with fails(KeyboardInterrupt):
        kit.plain.raising(KeyboardInterrupt())


@path
async def body_not_fitting(kit: Kit) -> None:
    rejected(kit.plain.returning)
    rejected(kit.plain.returning, kit.answer, other=kit.answer)


@path
async def pooled_body_returns(kit: Kit) -> None:
    assert await kit.pooled.returning(kit.answer) is kit.answer


@path
async def pooled_body_raises(kit: Kit) -> None:
    with fails(KeptError):
        await kit.pooled.raising(kit.error)


@path
async def hot_body_returns(kit: Kit) -> None:
    assert await kit.hot.returning(kit.answer) is kit.answer


@path
async def hot_body_raises(kit: Kit) -> None:
    with fails(KeptError):
        await kit.hot.raising(kit.error)


# ---- bodies that suspend ------------------------------------------------------------------------


@path
async def body_suspends(kit: Kit) -> None:
    assert await kit.plain.turning(kit.answer) is kit.answer


@path
async def body_suspends_and_is_read(kit: Kit) -> None:
    value_task = kit.plain.turning(kit.answer)
    assert not value_task.done()
    assert await value_task is kit.answer
    assert await value_task is kit.answer
    assert value_task.result() is kit.answer


@path
async def body_suspends_and_fails(kit: Kit) -> None:
    value_task = kit.plain.failing_later(kit.error)
    with fails(KeptError):
        await value_task
    with fails(KeptError):
        await value_task


@path
async def body_waits_for_a_future(kit: Kit) -> None:
    assert await kit.plain.waiting(kit.soon()) is kit.answer


@path
async def body_waits_for_a_failing_future(kit: Kit) -> None:
    with fails(KeptError):
        await kit.plain.waiting(kit.failing_soon())


@path
async def body_waits_for_a_value_task(kit: Kit) -> None:
    inner = kit.plain.waiting(kit.soon())
    assert await kit.plain.waiting(inner) is kit.answer


@path
async def body_waits_for_a_source(kit: Kit) -> None:
    kit.source.reset()
    kit.loop.call_soon(kit.source.set_result, kit.answer)
    assert await kit.plain.waiting(kit.source.value_task()) is kit.answer


@path
async def body_suspends_and_is_cancelled(kit: Kit) -> None:
    task = kit.loop.create_task(waiting(kit.plain.waiting(kit.pending())))
    await asyncio.sleep(0)
    task.cancel()
    with fails(asyncio.CancelledError):
        await task


@path
async def body_suspends_and_is_asked(kit: Kit) -> None:
    value_task = kit.plain.turning(kit.answer)
    with fails(asyncio.InvalidStateError):
        value_task.result()
    with fails(asyncio.InvalidStateError):
        value_task.exception()
    repr(value_task)
    await value_task


@path
async def body_awaited_twice_at_once(kit: Kit) -> None:
    value_task = kit.plain.turning(kit.answer)
    first, second = value_task.__await__(), value_task.__await__()
    next(first)
    with fails(RuntimeError):
        next(second)
    with fails(StopIteration):
        next(first)


@path
async def body_dropped(kit: Kit) -> None:
    with warnings.catch_warnings(record=True):
        kit.plain.turning(kit.answer)


@path
async def body_awaited_later(kit: Kit) -> None:
    future = kit.soon()
    value_task = kit.plain.waiting(future)
    await asyncio.sleep(0)
    assert future.done()
    assert await value_task is kit.answer


@path
async def pooled_body_suspends(kit: Kit) -> None:
    assert await kit.pooled.turning(kit.answer) is kit.answer


@path
async def pooled_body_suspends_and_fails(kit: Kit) -> None:
    with fails(KeptError):
        await kit.pooled.failing_later(kit.error)


@path
async def pooled_body_read_again(kit: Kit) -> None:
    value_task = kit.pooled.turning(kit.answer)
    assert await value_task is kit.answer
    with fails(asyncio.InvalidStateError):
        value_task.done()
    with fails(asyncio.InvalidStateError):
        await value_task


@path
async def pooled_body_dropped(kit: Kit) -> None:
    with warnings.catch_warnings(record=True):
        kit.pooled.turning(kit.answer)


@path
async def hot_body_suspends(kit: Kit) -> None:
    assert await kit.hot.turning(kit.answer) is kit.answer


@path
async def hot_body_suspends_and_fails(kit: Kit) -> None:
    with fails(KeptError):
        await kit.hot.failing_later(kit.error)


@path
async def hot_body_dropped(kit: Kit) -> None:
    kit.hot.turning(kit.answer)
    await asyncio.sleep(0)
    await asyncio.sleep(0)


@path
async def hot_body_cancelled(kit: Kit) -> None:
    value_task = kit.hot.waiting(kit.pending())
    value_task.as_future().cancel()
    with fails(asyncio.CancelledError):
        await value_task


# ---- iterators, driven by hand ------------------------------------------------------------------


@path
async def iterator_of_a_result(kit: Kit) -> None:
    with fails(StopIteration):
        next(kit.ValueTask(kit.answer).__await__())


@path
async def iterator_of_a_result_sent(kit: Kit) -> None:
    with fails(StopIteration):
        waiting(kit.ValueTask(kit.answer)).send(None)


@path
async def iterator_stop_kept(kit: Kit) -> None:
    # While somebody holds the StopIteration, it must not be used for another result.
    kept = []
    for _ in range(3):
        try:
            next(iter(kit.ValueTask(kit.answer).__await__()))
        except StopIteration as stop:
            kept.append(stop)
    assert len({id(stop) for stop in kept}) == 3
    assert all(stop.value is kit.answer for stop in kept)


@path
async def iterator_not_begun(kit: Kit) -> None:
    value_task = kit.plain.turning(kit.answer)
    value_task.__await__()
    await value_task


@path
async def iterator_dropped_half_way(kit: Kit) -> None:
    with warnings.catch_warnings(record=True):
        next(kit.plain.waiting(kit.pending()).__await__())


@path
async def iterator_closed_half_way(kit: Kit) -> None:
    steps = kit.plain.waiting(kit.pending()).__await__()
    next(steps)
    steps.close()


@path
async def iterator_closed_before(kit: Kit) -> None:
    with warnings.catch_warnings(record=True):
        steps = kit.plain.waiting(kit.pending()).__await__()
        steps.close()


@path
async def iterator_thrown_into(kit: Kit) -> None:
    steps = kit.plain.waiting(kit.pending()).__await__()
    next(steps)
    with fails(KeptError):
        steps.throw(kit.error)


@path
async def iterator_thrown_into_before(kit: Kit) -> None:
    steps = kit.plain.waiting(kit.pending()).__await__()
    with fails(KeptError):
        steps.throw(kit.error)


@path
async def iterator_of_a_future_dropped(kit: Kit) -> None:
    next(kit.ValueTask.from_future(kit.pending()).__await__())


@path
async def iterator_of_a_source_dropped(kit: Kit) -> None:
    kit.source.reset()
    next(kit.source.value_task().__await__())


@path
async def coroutine_closed_while_waiting(kit: Kit) -> None:
    coroutine = waiting(kit.plain.waiting(kit.pending()))
    coroutine.send(None)
    coroutine.close()


@path
async def coroutine_thrown_into(kit: Kit) -> None:
    coroutine = waiting(kit.plain.waiting(kit.pending()))
    coroutine.send(None)
    with fails(KeptError):
        coroutine.throw(kit.error)


# ---- handed on ----------------------------------------------------------------------------------


@path
async def as_future_of_a_result(kit: Kit) -> None:
    assert kit.ValueTask(kit.answer).as_future().result() is kit.answer


@path
async def as_future_of_a_failure(kit: Kit) -> None:
    assert kit.ValueTask.from_exception(kit.error).as_future().exception() is kit.error


@path
async def as_future_of_a_cancellation(kit: Kit) -> None:
    assert kit.ValueTask.from_cancelled("why").as_future().cancelled()


@path
async def as_future_of_a_future(kit: Kit) -> None:
    assert kit.ValueTask.from_future(kit.finished).as_future() is kit.finished


@path
async def as_future_of_a_body(kit: Kit) -> None:
    value_task = kit.plain.turning(kit.answer)
    assert await value_task.as_future() is kit.answer
    assert await value_task is kit.answer


@path
async def as_future_of_a_failing_body(kit: Kit) -> None:
    with fails(KeptError):
        await kit.plain.failing_later(kit.error).as_future()


@path
async def as_future_of_a_body_cancelled(kit: Kit) -> None:
    future = kit.plain.waiting(kit.pending()).as_future()
    future.cancel()
    with fails(asyncio.CancelledError):
        await future


@path
async def preserve_a_result(kit: Kit) -> None:
    assert kit.kept.preserve() is kit.kept


@path
async def preserve_a_body(kit: Kit) -> None:
    preserved = kit.plain.turning(kit.answer).preserve()
    assert await preserved is await preserved


@path
async def ensure_future(kit: Kit) -> None:
    assert await asyncio.ensure_future(kit.ValueTask(kit.answer)) is kit.answer


@path
async def then_on_a_result(kit: Kit) -> None:
    assert await kit.ValueTask(kit.answer).then(type) is Answer


@path
async def then_on_a_failure(kit: Kit) -> None:
    with fails(KeptError):
        await kit.ValueTask.from_exception(kit.error).then(type)


@path
async def then_that_fails(kit: Kit) -> None:
    with fails(TypeError):
        await kit.ValueTask(kit.answer).then(len)


@path
async def then_on_a_future(kit: Kit) -> None:
    assert await kit.ValueTask.from_future(kit.soon()).then(type) is Answer


@path
async def then_on_a_body(kit: Kit) -> None:
    assert await kit.plain.turning(kit.answer).then(type) is Answer


@path
async def then_on_a_body_that_fails(kit: Kit) -> None:
    with fails(KeptError):
        await kit.plain.failing_later(kit.error).then(type)


@path
async def then_dropped(kit: Kit) -> None:
    with warnings.catch_warnings(record=True):
        kit.ValueTask.from_future(kit.pending()).then(type)


# ---- gather -------------------------------------------------------------------------------------


@path
async def gather_none(kit: Kit) -> None:
    assert await kit.gather() == []


@path
async def gather_done(kit: Kit) -> None:
    results = await kit.gather(kit.kept, kit.kept, kit.ValueTask(kit.answer))
    assert results == [kit.answer] * 3


@path
async def gather_pending(kit: Kit) -> None:
    pending = [kit.plain.turning(kit.answer), kit.ValueTask.from_future(kit.soon())]
    assert await kit.gather(kit.kept, *pending, *pending) == [kit.answer] * 5


@path
async def gather_failed(kit: Kit) -> None:
    with fails(KeptError):
        await kit.gather(kit.kept, kit.ValueTask.from_exception(kit.error))


@path
async def gather_failing(kit: Kit) -> None:
    with fails(KeptError):
        await kit.gather(kit.kept, kit.plain.failing_later(kit.error), kit.plain.turning(1))


@path
async def gather_exceptions(kit: Kit) -> None:
    failing = [kit.ValueTask.from_exception(kit.error), kit.plain.failing_later(kit.error)]
    results = await kit.gather(kit.kept, *failing, return_exceptions=True)
    assert results == [kit.answer, kit.error, kit.error]


@path
async def gather_exceptions_done(kit: Kit) -> None:
    done = [kit.ValueTask.from_exception(kit.error), kit.ValueTask.from_cancelled()]
    (_, kept, cancellation) = await kit.gather(kit.kept, *done, return_exceptions=True)
    assert kept is kit.error
    assert isinstance(cancellation, asyncio.CancelledError)


@path
async def gather_cancelled(kit: Kit) -> None:
    gathered = kit.gather(kit.plain.waiting(kit.pending()), kit.plain.waiting(kit.pending()))
    gathered.as_future().cancel()
    with fails(asyncio.CancelledError):
        await gathered


@path
async def asyncio_gather(kit: Kit) -> None:
    first, second = await asyncio.gather(kit.kept, kit.plain.turning(kit.answer))
    assert first is second


# ---- shown, compared, misused -------------------------------------------------------------------


@path
async def repr_of_each(kit: Kit) -> None:
    repr(kit.ValueTask(kit.answer))
    repr(kit.ValueTask.from_exception(kit.error))
    repr(kit.ValueTask.from_cancelled())
    repr(kit.ValueTask.from_future(kit.finished))
    repr(kit.source.value_task())


@path
async def repr_of_itself(kit: Kit) -> None:
    box: list[object] = []
    value_task = kit.ValueTask(box)
    box.append(value_task)
    repr(value_task)
    box.clear()


@path
async def compared(kit: Kit) -> None:
    assert kit.ValueTask.from_future(kit.finished) == kit.ValueTask.from_future(kit.finished)
    assert kit.source.value_task() == kit.source.value_task()
    assert kit.ValueTask(kit.answer) != kit.kept
    assert kit.kept != kit.answer


@path
async def hashed(kit: Kit) -> None:
    made = kit.ValueTask(kit.answer)
    over = kit.ValueTask.from_future(kit.finished)
    assert len({made, over, kit.ValueTask.from_future(kit.finished)}) == 2
    assert hash(kit.source.value_task()) == hash(kit.source.value_task())


@path
async def misused(kit: Kit) -> None:
    rejected(kit.ValueTask, kit.answer, kit.answer)
    rejected(kit.ValueTask, other=kit.answer)
    rejected(kit.ValueTask.from_future, kit.answer)
    rejected(kit.ValueTask.from_exception, kit.answer)
    rejected(kit.ValueTask.from_source, None, kit.answer)
    rejected(kit.gather, kit.answer)
    rejected(kit.gather, kit.kept, other=kit.answer)
    rejected(kit.kept.then)


@path
async def misdecorated(kit: Kit) -> None:
    rejected(kit.decorate, len)
    rejected(kit.decorate(pooled=True), len)
    with fails(TypeError):
        kit.decorate(hot=True, pooled=True)(returning)


@path
async def decorated(kit: Kit) -> None:
    assert await kit.decorate(returning)(kit.answer) is kit.answer


@path
async def typed(kit: Kit) -> None:
    repr(kit.ValueTask[int])


@path
async def without_a_running_loop(kit: Kit) -> None:
    asyncio._set_running_loop(None)
    try:
        with fails(RuntimeError):
            kit.ValueTask(kit.answer).as_future()
    finally:
        asyncio._set_running_loop(kit.loop)
