"""``@value_task``, and the rest of a body that suspended before its answer was there."""

from __future__ import annotations

import asyncio
import inspect
import sys
import types
import warnings
from collections import deque
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from harness.valuetask.core import OverFuture, ValueTask, failed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

__all__ = ["value_task"]

P = ParamSpec("P")
T = TypeVar("T")
U = TypeVar("U")


def value_task(function: Callable[P, Coroutine[Any, Any, T]], /) -> Callable[P, ValueTask[T]]:
    """Make the ``async def`` *function* return a ValueTask, having stepped its body at once.

    Where the body returns before it suspends, the ValueTask is completed and no Future, no
    Task and no turn of the loop was needed; where it raises, the ValueTask is faulted or
    cancelled. The call raises only KeyboardInterrupt, SystemExit, and TypeError for
    arguments that do not fit.

    Where it suspends, the rest runs inside whoever awaits the ValueTask, as with
    ``await body()``, provided that it is awaited at once and in the Task that called.
    Awaited elsewhere or much later, an ``asyncio.timeout()`` or ``TaskGroup`` that the body
    entered before its first suspension still belongs to the caller. A second await while one
    runs is a RuntimeError; afterwards the result stays. Dropped without an await it gives a
    RuntimeWarning, also where ``asyncio.ensure_future`` wrapped it in a Task that was
    cancelled before its first step: ``as_future()`` delivers that cancellation.

    During its first step the body still sees the exception that the caller is handling in
    ``sys.exception()``; a failure does not get it as its ``__context__``.

    Raises TypeError for anything but an ``async def``.
    """
    if not inspect.iscoroutinefunction(function):
        raise TypeError(
            f"@value_task expects an async def, got {function!r}; "
            "put it below @staticmethod or @classmethod"
        )

    # body.send() would hand the result over in a StopIteration: half as long again, and six
    # allocations up to the end of an await instead of three. The stepper is popped, not
    # shared, so that a nested call or another thread never finds one that is running. A body
    # may yield anything: only gi_yieldfrom says whether the stepper is still inside of it.
    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> ValueTask[T]:
        body = function(*args, **kwargs)
        try:
            try:
                stepper = _idle.pop()
            except IndexError:
                stepper = _new_stepper()
            outcome = stepper.send(body)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - it becomes the failure
            failure = error
        else:
            if stepper.gi_yieldfrom is None:
                _idle.append(stepper)
                return outcome  # type: ignore[no-any-return]
            return Suspended(body, stepper, outcome)
        body.close()  # not even started, where the recursion limit came first
        return failed(failure, sys.exception(), own_frames=2)

    return call


@types.coroutine
def _stepper() -> Generator[Any, Any, Any]:
    """Take a body, yield the ValueTask of its result, and wait for the next body."""
    body = yield
    while True:
        body = yield ValueTask((yield from body))


def _new_stepper() -> types.GeneratorType[Any, Any, Any]:
    stepper: Any = _stepper()
    stepper.send(None)
    return stepper  # type: ignore[no-any-return]


# A deque, because a list that goes from one item to none and back allocates each time.
_idle: Final[deque[types.GeneratorType[Any, Any, Any]]] = deque()

_NOT_STARTED: Final = object()


class Suspended(ValueTask[T]):
    """The rest of a body, which runs inside whoever awaits this.

    ``_kept`` is what it becomes: its outcome once the body has finished, or the Task that
    runs the body since ``as_future()``.
    """

    __slots__ = ("_blocking", "_body", "_foreign", "_kept", "_running", "_stepper", "_waits_for")
    _is_result = False

    def __init__(self, body: Coroutine[Any, Any, T], stepper: object, waits_for: Any) -> None:
        self._kept: ValueTask[T] | None = None
        self._running = False
        self._body: Any = body
        # Dropping the stepper would close the body: it lives as long.
        self._stepper = stepper
        self._foreign = sys.exception()
        self._waits_for = waits_for
        self._blocking = _is_blocking(waits_for)
        if self._blocking:
            # Only the Task that receives it from a yield takes this mark away; left set, it
            # kills the next one that awaits the same future.
            waits_for._asyncio_future_blocking = False

    def __del__(self) -> None:
        if self._kept is None and not self._running:
            body = self._body
            try:
                message = f"ValueTask of {body.__qualname__!r} was never awaited"
                warnings.warn(message, RuntimeWarning, stacklevel=2)
            finally:
                body.close()

    def __await__(self) -> Generator[Any, Any, T]:
        if self._kept is not None:
            return self._kept.__await__()
        return self._run(primed=False)

    def done(self) -> bool:
        return self._kept is not None and self._kept.done()

    def succeeded(self) -> bool:
        return self._kept is not None and self._kept.succeeded()

    def faulted(self) -> bool:
        return self._kept is not None and self._kept.faulted()

    def cancelled(self) -> bool:
        return self._kept is not None and self._kept.cancelled()

    def result(self) -> T:
        return self._outcome().result()

    def exception(self) -> BaseException | None:
        return self._outcome().exception()

    def as_future(self) -> asyncio.Future[T]:
        if self._kept is None:
            loop = asyncio.get_running_loop()
            rest: Any = _in_task(self._run(primed=True))
            rest.__name__, rest.__qualname__ = self._body.__name__, self._body.__qualname__
            # A Task that is cancelled before its first step throws into a coroutine that has
            # not begun, which then never runs. This one has begun, up to a yield of ours.
            rest.send(None)
            self._kept = OverFuture(loop.create_task(rest))
        return self._kept.as_future()

    def preserve(self) -> ValueTask[T]:
        return self if self.done() else OverFuture(self.as_future())

    def then(self, function: Callable[[T], U]) -> ValueTask[U]:
        if self._kept is not None:
            return self._kept.then(function)
        return then_later(self, function)

    def _outcome(self) -> ValueTask[T]:
        if self._kept is None:
            raise asyncio.InvalidStateError("the body has not finished; await the ValueTask")
        return self._kept

    def _run(self, *, primed: bool) -> Generator[Any, Any, T]:
        """Run the rest to its end, and keep what came of it."""
        if self._kept is not None:  # another await ended before this one began
            return (yield from self._kept.__await__())
        if self._running:
            raise RuntimeError(
                f"{self!r} cannot be awaited twice at once; preserve() it before the first await"
            )
        self._running = True
        try:
            result: T = yield from _rest(self._body, self._waits_for, self._blocking, primed)
        except BaseException as error:
            self._keep(failed(error, self._foreign, own_frames=2))
            raise
        self._keep(ValueTask(result))
        return result

    def _keep(self, outcome: ValueTask[T]) -> None:
        if self._kept is None:  # else a Task keeps it
            self._kept = outcome
        self._running = False
        self._body = self._stepper = self._foreign = self._waits_for = None

    def _describe(self) -> str:
        if self._kept is not None:
            return self._kept._describe()
        state = "being awaited" if self._running else "suspended"
        return f"{state} in {self._body.__qualname__}"


def _rest(body: Any, waits_for: Any, blocking: bool, primed: bool) -> Generator[Any, Any, Any]:
    """Yield again what *body* waits for, then go on with it to its end.

    *primed*: yield once before, to take a cancellation that comes before anything else.
    """
    thrown: list[BaseException] = []  # popped when used: a local would be a cycle
    if primed:
        yield from _catching(None, thrown)
    try:
        if thrown and waits_for is _NOT_STARTED:
            waits_for = body.send(None)
            blocking = _is_blocking(waits_for)
        if thrown and blocking and _cancels(waits_for, thrown[0]):
            thrown.clear()
        while True:
            if thrown:
                waits_for = body.throw(thrown.pop())
                blocking = _is_blocking(waits_for)
            elif waits_for is _NOT_STARTED or (blocking and waits_for.done()):
                break
            if blocking:
                waits_for._asyncio_future_blocking = True
            yield from _catching(waits_for, thrown)
            if not thrown:
                break
    except StopIteration as stop:
        return stop.value
    del waits_for
    return (yield from body.__await__())


def _catching(yielded: Any, thrown: list[BaseException]) -> Generator[Any, Any, None]:
    """Yield once and note what was thrown in.

    It is thrown on outside of this handler: the body must not see it as being handled.
    """
    try:
        yield yielded
    except BaseException as error:  # noqa: BLE001 - it is the body's to answer
        thrown.append(error)


def _is_blocking(yielded: Any) -> bool:
    """Whether *yielded* is a future that says, as asyncio's do, that it is to be waited for."""
    return bool(getattr(yielded, "_asyncio_future_blocking", False))


def _cancels(future: Any, error: BaseException) -> bool:
    """Cancel *future* in place of its waiter, as a Task does; False where it is done."""
    return isinstance(error, asyncio.CancelledError) and bool(future.cancel(*error.args[:1]))


@types.coroutine
def _go_on(rest: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
    return (yield from rest)


async def _in_task(rest: Generator[Any, Any, T]) -> T:
    return await _go_on(rest)


def then_later(source: ValueTask[T], function: Callable[[T], U]) -> ValueTask[U]:
    """Return the ValueTask of ``function(await source)``, which begins when it is awaited."""
    body: Any = _then(source, function)
    body.__qualname__ = f"then({getattr(function, '__qualname__', function)})"
    return Suspended(body, None, _NOT_STARTED)


async def _then(source: ValueTask[T], function: Callable[[T], U]) -> U:
    return function(await source)
