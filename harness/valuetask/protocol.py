"""What a ValueTask asks of a source, and the three ways to use one: await, future, failure."""

from __future__ import annotations

import asyncio
import contextvars
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from harness.valuetask.failing import drop_reading, fail_future

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["ValueTaskSource", "ValueTaskSourceStatus"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class ValueTaskSourceStatus(Enum):
    """How far the operation behind a source is."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAULTED = "faulted"
    CANCELLED = "cancelled"


_PENDING = ValueTaskSourceStatus.PENDING


class ValueTaskSource(Protocol[T_co]):
    """An operation that ValueTasks made by ``ValueTask.from_source`` stand for.

    The token says for which of its operations, where the source serves one after the other;
    it is opaque to the ValueTask. A token whose operation is over is answered with
    ``asyncio.InvalidStateError`` by all three methods.

    A source may also have ``remove_continuation(continuation, token)``: forget a continuation
    whose waiter was cancelled, so that another may wait. It raises nothing, whatever the
    token. A source without it just keeps a continuation that does nothing.
    """

    def get_status(self, token: Any, /) -> ValueTaskSourceStatus:
        """Return how far the operation is; never consumes it."""
        ...

    def on_completed(self, continuation: Callable[[], object], token: Any, /) -> None:
        """Call *continuation* once, soon after the operation is completed.

        It takes no arguments and must be called in the thread of the running loop, but not
        before this method has returned: ``loop.call_soon`` does that.
        """
        ...

    def get_result(self, token: Any, /) -> T_co:
        """Return the result, or raise the failure or ``CancelledError``; may consume it."""
        ...


def wait_for_source(source: ValueTaskSource[T], token: Any) -> Generator[Any, Any, T]:
    """Await *source*: at once where it is completed, else as its one waiter.

    Being a generator, it turns a ``StopIteration`` from the source into a RuntimeError's
    cause.
    """
    try:
        if source.get_status(token) is _PENDING:
            waiter = Waiter(source, token)
            try:
                yield waiter
                waiter.result()
            finally:
                waiter.leave()
                del waiter
        return source.get_result(token)
    finally:
        # The traceback of a failure, which the source keeps, holds this frame: without
        # this, a cycle through it.
        del source, token


def future_of_source(source: ValueTaskSource[T], token: Any) -> asyncio.Future[T]:
    """Return a new future on the running loop that gets the answer of *source*.

    Raises RuntimeError, without having asked the source, where no loop runs.
    """
    loop = asyncio.get_running_loop()
    if source.get_status(token) is _PENDING:
        pending: SourceFuture[T] = SourceFuture(source, token, loop)
        source.on_completed(pending.read_source, token)
        return pending
    future: asyncio.Future[T] = loop.create_future()
    _read(source, token, future)
    return future


def _read(source: ValueTaskSource[T], token: Any, future: asyncio.Future[T]) -> None:
    """Give *future* the answer of *source*, which is completed."""
    cancelled = False
    try:
        cancelled = source.get_status(token) is ValueTaskSourceStatus.CANCELLED
        result = source.get_result(token)
    except BaseException as failure:  # noqa: BLE001 - it becomes the future's
        if cancelled and isinstance(failure, asyncio.CancelledError):
            future.cancel(*failure.args[:1])
        else:
            drop_reading(failure)
            fail_future(future, failure)
    else:
        future.set_result(result)


def failure_of_source(source: ValueTaskSource[Any], token: Any) -> BaseException | None:
    """Return the failure of *source* as ``exception()`` does; a success is not read.

    Raises CancelledError where it was cancelled, InvalidStateError where it is pending.
    """
    status = source.get_status(token)
    if status is _PENDING:
        raise asyncio.InvalidStateError("the source is not completed; await the ValueTask")
    if status is ValueTaskSourceStatus.SUCCEEDED:
        return None
    try:
        source.get_result(token)
    except BaseException as failure:
        # A fault by its status, even where it is a CancelledError: as on a Future.
        if status is not ValueTaskSourceStatus.FAULTED:
            raise
        drop_reading(failure)
        return failure
    finally:
        del source, token  # else a cycle through this frame
    return None


class Waiter:
    """What a Task waits for on behalf of a source: asyncio's future protocol, and no more.

    It takes the source's one continuation when a Task waits for it, not when it is made: a
    body that is stepped by hand may be awaited later, elsewhere, or never.
    """

    __slots__ = (
        "_asyncio_future_blocking",
        "_callbacks",
        "_ended",
        "_failure",
        "_loop",
        "_source",
        "_token",
    )

    def __init__(self, source: ValueTaskSource[Any], token: Any) -> None:
        # A Task takes a yielded object with this attribute for a future, and waits for it
        # where the attribute is true.
        self._asyncio_future_blocking = True
        self._source = source
        self._token = token
        self._callbacks: list[tuple[Callable[[Any], object], contextvars.Context]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = False
        self._failure: BaseException | None = None

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop of the Task that waits, the running one before that."""
        return self._loop or asyncio.get_running_loop()

    def add_done_callback(
        self, callback: Callable[[Any], object], *, context: contextvars.Context | None = None
    ) -> None:
        """Wait for the source, and call *callback* in *context*.

        Raises nothing: a Task that got an exception here would never be stepped again. What
        the source raises is given to the waiting Task instead.
        """
        if context is None:
            context = contextvars.copy_context()
        self._callbacks.append((callback, context))
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            if not self._ended:
                try:
                    self._source.on_completed(self._wake, self._token)
                except Exception as refused:  # noqa: BLE001 - the waiting Task's to answer
                    self._failure = refused
                    self._ended = True
        if self._ended:
            self._call_back_soon()

    def cancel(self, msg: Any | None = None) -> bool:
        """Give up waiting, and free the source for another; False where it is completed."""
        if self._ended or self._completed(when_stale=False):
            return False
        self._ended = True
        self._failure = asyncio.CancelledError(*(() if msg is None else (msg,)))
        self._free_source()
        self._call_back_soon()
        return True

    def done(self) -> bool:
        """Whether the wait is over, or would be at once."""
        return self._ended or self._completed(when_stale=True)

    def result(self) -> None:
        """Raise what ended the wait in place of the source; the source has the answer."""
        failure, self._failure = self._failure, None
        if failure is not None:
            try:
                raise failure
            finally:
                del failure  # else a cycle through this frame

    def leave(self) -> None:
        """Do not wake the Task any more, and free the source if it was not completed."""
        if not self._ended:
            self._ended = True
            self._free_source()
        self._callbacks.clear()

    def _wake(self) -> None:
        if not self._ended:
            self._ended = True
            # Called by call_soon already: another turn would make a source slower than a
            # future is.
            for callback, context in self._callbacks:
                context.run(callback, self)

    def _call_back_soon(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        for callback, context in callbacks:
            self.get_loop().call_soon(callback, self, context=context)

    def _completed(self, *, when_stale: bool) -> bool:
        try:
            return self._source.get_status(self._token) is not _PENDING
        except asyncio.InvalidStateError:
            return when_stale

    def _free_source(self) -> None:
        if self._loop is not None:  # else it has no continuation of this waiter
            _remove_continuation(self._source, self._wake, self._token)

    def __repr__(self) -> str:
        """Say what a Task waits for: Tasks show it in their own repr."""
        return f"<Waiter for {self._source!r} token={self._token!r}>"


class SourceFuture(asyncio.Future[T]):
    """The answer of a source as a future; cancelled early, it frees the source."""

    def __init__(
        self, source: ValueTaskSource[T], token: Any, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(loop=loop)
        self._source = source
        self._token = token

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel this, not the operation behind the source."""
        if not super().cancel(msg):
            return False
        _remove_continuation(self._source, self.read_source, self._token)
        return True

    def read_source(self) -> None:
        """Take over the answer of the source."""
        if not self.done():
            _read(self._source, self._token, self)


def _remove_continuation(
    source: ValueTaskSource[Any], continuation: Callable[[], object], token: Any
) -> None:
    remove = getattr(source, "remove_continuation", None)
    if remove is not None:
        remove(continuation, token)
