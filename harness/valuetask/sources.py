"""``ManualResetValueTaskSource``: one object that completes any number of ValueTasks."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar

from harness.valuetask.core import Cancelled, Failed, ValueTask
from harness.valuetask.failing import exception_given
from harness.valuetask.protocol import (
    ValueTaskSource,
    ValueTaskSourceStatus,
    failure_of_source,
    future_of_source,
    wait_for_source,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ManualResetValueTaskSource",
    "ValueTaskSource",
    "ValueTaskSourceStatus",
    "failure_of_source",
    "future_of_source",
    "wait_for_source",
]

T = TypeVar("T")

_PENDING = ValueTaskSourceStatus.PENDING
_SUCCEEDED = ValueTaskSourceStatus.SUCCEEDED


class ManualResetValueTaskSource(Generic[T]):
    """A ValueTaskSource that somebody completes, and resets to be used again.

    It serves one operation after the other, each with its own version as the token; a
    version that is not the current one is an ``asyncio.InvalidStateError``. The result may be
    read again until the reset. One waits at a time. It can be made without a running loop,
    and completing it makes no Future.

    ``set_result``, ``set_exception``, ``set_cancelled`` and ``reset`` belong to the thread of
    the loop on which somebody waits. From any other thread, call the ones that end in
    ``_threadsafe``.
    """

    __slots__ = (
        "__weakref__",
        "_context",
        "_continuation",
        "_lock",
        "_loop",
        "_status",
        "_thread",
        "_value",
        "_version",
    )

    _value_task_class: ClassVar[Any] = ValueTask
    """The ValueTask that ``value_task()`` makes one of."""

    def __init__(self) -> None:
        # Reentrant: the collector may close a waiter's coroutine, and so remove its
        # continuation, while this very thread holds the lock.
        self._lock = threading.RLock()
        self._version = 0
        self._clear()

    def _clear(self) -> None:
        self._status = _PENDING
        self._value: Any = None  # the result, or the failure as a ValueTask
        self._forget_continuation()

    def _forget_continuation(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._context: contextvars.Context | None = None
        # Last: to drop it may run code, which finds the source without a waiter.
        self._continuation: Callable[[], object] | None = None

    @property
    def version(self) -> int:
        """The token of the current operation."""
        return self._version

    def value_task(self) -> ValueTask[T]:
        """Return the ValueTask of the current operation."""
        return self._value_task_class.from_source(self, self._version)  # type: ignore[no-any-return]

    def reset(self) -> None:
        """Begin the next operation: another version, and everything cleared.

        Whoever still waits for this one is woken, and finds that its token is stale.
        """
        with self._lock:
            loop = self._loop
            if loop is not None and not loop.is_closed():
                self._check_thread("reset", loop)
                self._call_continuation(loop.call_soon)
            self._version += 1
            self._clear()

    def set_result(self, result: T, /) -> None:
        """Complete the operation with *result*, and wake who waits.

        Raises InvalidStateError where it is completed already; in debug mode of the waiter's
        loop RuntimeError in another thread than that loop's.
        """
        self._set("set_result", _SUCCEEDED, result)

    def set_exception(self, exception: BaseException | type[BaseException], /) -> None:
        """Complete it with a failure; a ``CancelledError`` too is one, as on a Future.

        Raises as ``set_result`` does, and TypeError for what is not an exception.
        """
        failure = Failed(exception_given(exception, "set_exception"))
        self._set("set_exception", ValueTaskSourceStatus.FAULTED, failure)

    def set_cancelled(self, msg: object = None) -> None:
        """Complete it as cancelled; *msg* is the argument of the ``CancelledError``.

        Raises as ``set_result`` does.
        """
        self._set("set_cancelled", ValueTaskSourceStatus.CANCELLED, _cancelled(msg))

    def set_result_threadsafe(self, result: T, /) -> None:
        """Do as ``set_result``, from any thread; the operation is completed on return."""
        self._set("set_result", _SUCCEEDED, result, threadsafe=True)

    def set_exception_threadsafe(self, exception: BaseException | type[BaseException], /) -> None:
        """Do as ``set_exception``, from any thread."""
        failure = Failed(exception_given(exception, "set_exception_threadsafe"))
        self._set("set_exception", ValueTaskSourceStatus.FAULTED, failure, threadsafe=True)

    def set_cancelled_threadsafe(self, msg: object = None) -> None:
        """Do as ``set_cancelled``, from any thread."""
        status = ValueTaskSourceStatus.CANCELLED
        self._set("set_cancelled", status, _cancelled(msg), threadsafe=True)

    def get_status(self, token: Any, /) -> ValueTaskSourceStatus:
        """Return how far the operation of version *token* is."""
        if token != self._version:
            raise self._stale(token)
        return self._status

    def on_completed(self, continuation: Callable[[], object], token: Any, /) -> None:
        """Call *continuation* once, soon after the operation is completed.

        ``call_soon`` of the loop that runs now calls it, in a copy of the current context.
        Raises InvalidStateError where another one waits.
        """
        with self._lock:
            if token != self._version:
                raise self._stale(token)
            if self._continuation is not None:
                raise asyncio.InvalidStateError(
                    "the source has a waiter already; preserve() its ValueTask for several"
                )
            loop = asyncio.get_running_loop()
            if self._status is not _PENDING:
                loop.call_soon(continuation)
                return
            self._loop = loop
            self._thread = threading.get_ident()
            self._context = contextvars.copy_context()
            self._continuation = continuation

    def remove_continuation(self, continuation: Callable[[], object], token: Any, /) -> None:
        """Forget *continuation*, whose waiter was cancelled; nothing where it does not wait."""
        with self._lock:
            if token == self._version and continuation == self._continuation:
                self._forget_continuation()

    def get_result(self, token: Any, /) -> T:
        """Return the result, or raise the failure; again until the reset."""
        if token != self._version:
            raise self._stale(token)
        if self._status is _SUCCEEDED:
            return self._value  # type: ignore[no-any-return]
        if self._status is _PENDING:
            raise asyncio.InvalidStateError("the source is not completed; await its ValueTask")
        failure = self._value
        del self  # its failure's traceback holds this frame: else a cycle through it
        return failure.result()  # type: ignore[no-any-return]

    def _set(
        self, name: str, status: ValueTaskSourceStatus, value: Any, *, threadsafe: bool = False
    ) -> None:
        with self._lock:
            if self._status is not _PENDING:
                raise asyncio.InvalidStateError(
                    f"the source was completed already ({self._status.value}); "
                    "reset() it for the next operation"
                )
            loop = self._loop
            if loop is not None and not threadsafe:
                self._check_thread(name, loop)
            self._value = value
            self._status = status  # last: it is what another thread's reader looks at
            if loop is not None:
                try:
                    self._call_continuation(
                        loop.call_soon_threadsafe if threadsafe else loop.call_soon
                    )
                except BaseException:  # the loop is closed
                    self._status, self._value = _PENDING, None
                    raise
                self._forget_continuation()

    def _call_continuation(self, call_soon: Callable[..., object]) -> None:
        call_soon(self._continuation, context=self._context)

    def _check_thread(self, name: str, loop: asyncio.AbstractEventLoop) -> None:
        """Raise, before anything is changed, where ``call_soon`` would not wake the loop."""
        if loop.get_debug() and threading.get_ident() != self._thread:
            raise RuntimeError(
                f"{name}() was called in another thread than that of the loop on which "
                "somebody waits; the set functions that end in _threadsafe may be"
            )

    def _stale(self, token: Any) -> asyncio.InvalidStateError:
        return asyncio.InvalidStateError(
            f"the token {token!r} is not that of the source's current operation, "
            f"{self._version}: its ValueTask was kept beyond a reset()"
        )

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied or pickled: somebody may wait for this one."""
        raise TypeError(f"cannot pickle {type(self).__name__!r} object")

    def __repr__(self) -> str:
        """Say how far which operation is."""
        return f"<{type(self).__name__} version={self._version} {self._status.value}>"


def _cancelled(msg: object) -> Cancelled:
    return Cancelled(asyncio.CancelledError(*(() if msg is None else (msg,))))
