"""The ValueTask type, and the kinds that need no body: a result, a failure, a future, a source.

Why the kinds are subclasses: the completed one is what hot paths make, so it is the public
class itself with one attribute, and its await asks for no kind. docs/valuetask.md has what other
designs take, as ``make experiments`` measured it. There is no shared instance
for ``None``, although it would save the making: ``asyncio.as_completed`` merges equal
awaitables, and would hand out one answer for two calls.
"""

from __future__ import annotations

import asyncio
import sys
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar, overload

from harness.valuetask.failing import (
    drop_own_frames,
    exception_given,
    fail_future,
    unlink,
)
from harness.valuetask.protocol import ValueTaskSourceStatus as Status
from harness.valuetask.protocol import failure_of_source, future_of_source, wait_for_source

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

    from harness.valuetask.protocol import ValueTaskSource

__all__ = ["ValueTask"]

T = TypeVar("T")
U = TypeVar("U")
T_co = TypeVar("T_co", covariant=True)


class ValueTask(Generic[T_co]):
    """An awaitable that carries a result, a failure, a future, a source, or a body's rest.

    ``ValueTask(result)`` is completed: awaiting it never suspends and takes no turn of the
    loop. A future given as the result stays a result; ``from_future`` waits for one. One
    that carries a result, a failure or a future may be read and awaited again.

    Two are equal when they are the same ValueTask or wrap the same future. Results are not
    compared: asyncio merges equal awaitables.
    """

    # 3.13 inlines the call of a class only where instances keep inline values, which
    # __slots__ take away (9 to 17 % of a completed await); before 3.13 these values are an
    # allocation of their own.
    if sys.version_info < (3, 13):
        __slots__ = ("_result",)

    # False in the other kinds. Each of them overrides every method below; the methods ask
    # because of ``map(ValueTask.result, several)``, which passes the overrides by.
    _is_result: ClassVar[bool] = True

    def __init_subclass__(cls, *, _kind: bool = False) -> None:
        """Refuse subclasses, except the kinds of this package."""
        if not _kind:
            raise TypeError(f"ValueTask cannot be subclassed, as {cls.__qualname__!r} does")
        super().__init_subclass__()

    @overload
    def __init__(self: ValueTask[None]) -> None: ...
    @overload
    def __init__(self, result: T_co) -> None: ...
    def __init__(self, result: Any = None) -> None:
        self._result = result

    def __await__(self) -> Generator[Any, Any, T_co]:
        """Return the result; raise the failure, ``StopIteration`` as a RuntimeError's cause."""
        return self._result  # type: ignore[no-any-return]
        # Being a generator, it hands the result over without making a StopIteration.
        yield  # type: ignore[unreachable]

    @staticmethod
    def from_future(future: asyncio.Future[T], /) -> ValueTask[T]:
        """Wrap *future*, an asyncio future or task; done at once where it is done.

        Raises TypeError for anything else.
        """
        if not asyncio.isfuture(future):
            raise TypeError(
                f"from_future() expects an asyncio future or task, got {future!r}; "
                "asyncio.ensure_future() or asyncio.wrap_future() makes one"
            )
        return OverFuture(future)

    @staticmethod
    def from_source(source: ValueTaskSource[T], token: Any) -> ValueTask[T]:
        """Return one that stands for the operation of *source* that *token* says.

        It asks the source at every use, and the source says whether it may be used again.
        Raises TypeError where *source* is None.
        """
        if source is None:
            raise TypeError("from_source() expects a ValueTaskSource, got None")
        return OverSource(source, token)

    @staticmethod
    def from_exception(exception: BaseException | type[BaseException], /) -> ValueTask[Any]:
        """Return a faulted one, also for a ``CancelledError``, as on a Future.

        Raises TypeError for what is not an exception.
        """
        return Failed(exception_given(exception, "from_exception"))

    @staticmethod
    def from_cancelled(msg: object = None) -> ValueTask[Any]:
        """Return a cancelled one; *msg* is the argument of its ``CancelledError``."""
        return Cancelled(asyncio.CancelledError(*(() if msg is None else (msg,))))

    def done(self) -> bool:
        """Whether it has a result or a failure; an await of it then never suspends."""
        return True if self._is_result else type(self).done(self)

    def succeeded(self) -> bool:
        """Whether it is done with a result."""
        return True if self._is_result else type(self).succeeded(self)

    def faulted(self) -> bool:
        """Whether it is done with an exception that is not a cancellation."""
        return False if self._is_result else type(self).faulted(self)

    def cancelled(self) -> bool:
        """Whether it is done by cancellation."""
        return False if self._is_result else type(self).cancelled(self)

    def result(self) -> T_co:
        """Return the result.

        Raises the very exception of a failure, ``CancelledError`` where it was cancelled,
        ``asyncio.InvalidStateError`` while it is not done.
        """
        return self._result if self._is_result else type(self).result(self)

    def exception(self) -> BaseException | None:
        """Return the exception of a failure, or None where there is a result.

        Raises ``CancelledError`` where it was cancelled, ``asyncio.InvalidStateError`` while
        it is not done.
        """
        return None if self._is_result else type(self).exception(self)

    def as_future(self) -> asyncio.Future[T_co]:
        """Return the wrapped future where there is one, else one on the running loop.

        A suspended body becomes one Task, always the same. Raises RuntimeError where no loop
        runs or a body is being awaited already.
        """
        if not self._is_result:
            return type(self).as_future(self)
        future: asyncio.Future[T_co] = asyncio.get_running_loop().create_future()
        future.set_result(self._result)
        return future

    def preserve(self) -> ValueTask[T_co]:
        """Return one that may be awaited any number of times, also by several at once.

        Itself where it holds a result or a failure, else one over ``as_future()``.
        """
        return self if self._is_result else type(self).preserve(self)

    def then(self, function: Callable[[T_co], U], /) -> ValueTask[U]:
        """Return a ValueTask of ``function(result)``, completed at once if this one is.

        A failure passes through and an exception in *function* becomes a failure, except
        KeyboardInterrupt and SystemExit, which escape. On a pending one *function* runs when
        the returned ValueTask is awaited.
        """
        if not self._is_result:
            return type(self).then(self, function)
        try:
            return ValueTask(function(self._result))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - it becomes the failure
            failure = error
        return failed(failure, sys.exception(), own_frames=1)

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied or pickled: a body has one rest, and a future one loop."""
        raise TypeError("cannot pickle 'harness.valuetask.ValueTask' object")

    @recursive_repr(fillvalue="...")
    def __repr__(self) -> str:
        """Say what it carries."""
        return f"<ValueTask {self._describe()}>"

    def _describe(self) -> str:
        return f"result={self._result!r}"


class Failed(ValueTask[Any], _kind=True):
    """Completed by an exception, which is raised again unchanged at every use."""

    __slots__ = ("_exception", "_traceback")
    _is_result = False
    _exception: BaseException
    _traceback: TracebackType | None

    def __init__(self, exception: BaseException) -> None:
        self._exception = exception
        self._traceback = exception.__traceback__

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.result()
        yield  # type: ignore[unreachable]

    def done(self) -> bool:
        return True

    def succeeded(self) -> bool:
        return False

    def faulted(self) -> bool:
        return True

    def cancelled(self) -> bool:
        return False

    def result(self) -> Any:
        exception = self._exception
        context = exception.__context__
        try:
            raise exception.with_traceback(self._traceback)
        finally:
            # What the reader happens to be handling is not why this failed.
            exception.__context__ = context
            # The traceback holds this frame: without this, a cycle through it.
            del self, exception, context

    def exception(self) -> BaseException | None:
        return self._exception

    def as_future(self) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._exception.__traceback__ = self._traceback
        fail_future(future, self._exception)
        return future

    def preserve(self) -> ValueTask[Any]:
        return self

    def then(self, function: Callable[[Any], U]) -> ValueTask[U]:
        return self

    def _describe(self) -> str:
        return f"exception={self._exception!r}"


class Cancelled(Failed, _kind=True):
    """Completed by a cancellation."""

    __slots__ = ()

    def faulted(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return True

    def exception(self) -> BaseException | None:
        return self.result()  # type: ignore[no-any-return]

    def as_future(self) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.cancel(*self._exception.args[:1])
        return future

    def _describe(self) -> str:
        return "cancelled"


class OverFuture(ValueTask[T], _kind=True):
    """Whatever a future says."""

    __slots__ = ("_future",)
    _is_result = False
    _future: asyncio.Future[T]

    def __init__(self, future: asyncio.Future[T]) -> None:
        self._future = future

    def __await__(self) -> Generator[Any, Any, T]:
        return self._future.__await__()

    def done(self) -> bool:
        return self._future.done()

    def succeeded(self) -> bool:
        return self.done() and not self.cancelled() and self._failure() is None

    def faulted(self) -> bool:
        return self.done() and not self.cancelled() and self._failure() is not None

    def cancelled(self) -> bool:
        return self._future.cancelled()

    def result(self) -> T:
        return self._future.result()

    def exception(self) -> BaseException | None:
        return self._future.exception()

    def as_future(self) -> asyncio.Future[T]:
        return self._future

    def preserve(self) -> ValueTask[T]:
        return self

    def then(self, function: Callable[[T], U]) -> ValueTask[U]:
        from harness.valuetask.body import then_later  # it subclasses this module's ValueTask

        if self.succeeded():
            return ValueTask(self._future.result()).then(function)
        if not self.done():
            return then_later(self, function)
        return self  # type: ignore[return-value]  # it failed: it carries no result

    def __eq__(self, other: object) -> bool:
        if isinstance(other, OverFuture):
            return self._future is other._future
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._future)

    def _failure(self) -> BaseException | None:
        # exception() would count as reading it, and silence "exception was never retrieved".
        try:
            return self._future._exception
        except AttributeError:  # not one of asyncio's, only like one
            return self._future.exception()

    def _describe(self) -> str:
        return f"over {self._future!r}"


class OverSource(ValueTask[T], _kind=True):
    """Whatever a source says of one of its operations."""

    __slots__ = ("_source", "_token")
    _is_result = False
    _source: ValueTaskSource[T]
    _token: Any

    def __init__(self, source: ValueTaskSource[T], token: Any) -> None:
        self._source = source
        self._token = token

    def __await__(self) -> Generator[Any, Any, T]:
        return wait_for_source(self._source, self._token)

    def done(self) -> bool:
        return self._status() is not Status.PENDING

    def succeeded(self) -> bool:
        return self._status() is Status.SUCCEEDED

    def faulted(self) -> bool:
        return self._status() is Status.FAULTED

    def cancelled(self) -> bool:
        return self._status() is Status.CANCELLED

    def result(self) -> T:
        try:
            if not self.done():
                raise asyncio.InvalidStateError("the source is not completed; await the ValueTask")
            return self._source.get_result(self._token)
        finally:
            del self  # as in Failed.result

    def exception(self) -> BaseException | None:
        return failure_of_source(self._source, self._token)

    def as_future(self) -> asyncio.Future[T]:
        return future_of_source(self._source, self._token)

    def preserve(self) -> ValueTask[T]:
        return OverFuture(self.as_future())

    def then(self, function: Callable[[T], U]) -> ValueTask[U]:
        from harness.valuetask.body import then_later  # it subclasses this module's ValueTask

        status = self._status()
        if status is Status.PENDING:
            return then_later(self, function)
        try:
            result = self.result()
        except BaseException as error:  # noqa: BLE001 - it passes through
            drop_own_frames(error)
            return Cancelled(error) if status is Status.CANCELLED else Failed(error)
        return ValueTask(result).then(function)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, OverSource):
            return self._source is other._source and bool(self._token == other._token)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(id(self._source))  # a token may be unhashable

    def _status(self) -> Status:
        return self._source.get_status(self._token)

    def _describe(self) -> str:
        return f"over {self._source!r} token={self._token!r}"


def failed(
    exception: BaseException, foreign: BaseException | None, *, own_frames: int
) -> ValueTask[Any]:
    """Return the failure of a body, without what does not belong to it.

    *foreign* is the exception that the body's caller was handling; the first *own_frames* of
    the traceback are this package's.
    """
    if foreign is not None:
        unlink(exception, foreign)
    drop_own_frames(exception, own_frames)
    if isinstance(exception, asyncio.CancelledError):
        return Cancelled(exception)
    return Failed(exception)
