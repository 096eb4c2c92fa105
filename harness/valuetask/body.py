"""Bodies that are stepped at once, and the rest of one that suspended."""

from __future__ import annotations

import asyncio
import sys
import types
import warnings
from collections import deque
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from harness.valuetask.core import OverFuture, ValueTask, failed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    Stepper = types.GeneratorType[Any, Any, Any]

__all__ = ["plain", "stepping", "task_of_rest", "then_coroutine", "then_later"]

P = ParamSpec("P")
T = TypeVar("T")
U = TypeVar("U")


def plain(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, ValueTask[T]]:
    """Return *function* for ``@value_task``: whoever awaits it runs the rest of its body."""
    return stepping(function, Suspended)


def stepping(
    function: Callable[P, Coroutine[Any, Any, T]],
    suspended: Callable[[Coroutine[Any, Any, T], Stepper, Any], ValueTask[T]],
) -> Callable[P, ValueTask[T]]:
    """Return the function that steps a body of *function* at once, in the caller.

    *suspended* makes the ValueTask of one that is not finished then, given the body, what
    holds it, and what it waits for.
    """

    # body.send() would hand the result over in a StopIteration: half as long again, and six
    # allocations up to the end of an await instead of three. The stepper is popped, not
    # shared, so that a nested call or another thread never finds one that is running. A body
    # may yield anything: only gi_yieldfrom says whether the stepper is still inside of it.
    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> ValueTask[T]:
        # Python copies keyword arguments even where there are none.
        body = function(*args, **kwargs) if kwargs else function(*args)  # type: ignore[call-arg]
        try:
            try:
                stepper = idle.pop()
            except IndexError:
                stepper = new_stepper()
            outcome = stepper.send(body)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - it becomes the failure
            failure = error
        else:
            if stepper.gi_yieldfrom is None:
                idle.append(stepper)
                return outcome  # type: ignore[no-any-return]
            return suspended(body, stepper, outcome)
        body.close()  # not even started, where the recursion limit came first
        return failed(failure, sys.exception(), own_frames=2)

    return call


@types.coroutine
def _stepper() -> Generator[Any, Any, Any]:
    """Take a body, yield the ValueTask of its result, and wait for the next body."""
    body = yield
    while True:
        body = yield ValueTask((yield from body))


def new_stepper() -> Stepper:
    """Return a stepper that waits for its first body."""
    stepper: Any = _stepper()
    stepper.send(None)
    return stepper  # type: ignore[no-any-return]


# A deque, because a list that goes from one item to none and back allocates each time.
# Bounded, because as many are idle as bodies were suspended at once.
idle: Final[deque[Stepper]] = deque(maxlen=1024)

NOT_STARTED: Final = object()
"""What a body waits for that was not stepped yet."""


class Unfinished:
    """How far a body is that has no outcome; answers for it as a pending ValueTask does."""

    def done(self) -> bool:
        return False

    succeeded = faulted = cancelled = done

    def result(self) -> Any:
        raise asyncio.InvalidStateError(UNFINISHED)

    exception = result


SUSPENDED: Final = Unfinished()
"""Nobody has awaited the rest."""

PRIMED: Final = Unfinished()
"""A Task that is being made awaits the rest, and has it yield once before it goes on."""

RUNNING: Final = Unfinished()
"""Somebody awaits the rest."""


class Suspended(ValueTask[T], _kind=True):
    """The rest of a body, which runs inside whoever awaits this.

    ``_kept`` is how far it is, and what it becomes: its outcome once the body has finished,
    or the Task that runs the body since ``as_future()``.
    """

    if sys.version_info < (3, 13):  # for ValueTask's reason
        __slots__ = ("_blocking", "_body", "_foreign", "_kept", "_stepper", "_waits_for")
    _is_result = False

    def __init__(self, body: Any, stepper: Stepper | None, waits_for: Any) -> None:
        self._kept: Any = SUSPENDED
        self._body = body
        self._stepper = stepper
        self._foreign = sys.exception()
        self._waits_for = waits_for
        self._blocking = waits_for is not None and take_mark(waits_for)

    def __del__(self) -> None:
        if self._kept is SUSPENDED:
            never_awaited(self._body)

    def __await__(self, thrown: list[BaseException] | None = None) -> Generator[Any, Any, T]:
        """Run the rest to its end, and keep what came of it.

        *thrown* is what was thrown into a Task, which does nothing else, before it came to
        the body. Whatever is thrown is thrown on outside of the handler that caught it, for
        the body must not see it as being handled, and popped, for a local would be a cycle.
        """
        if self._kept is SUSPENDED:
            self._kept = RUNNING
        elif self._kept is PRIMED:
            self._kept = RUNNING
            thrown = []
            try:
                yield
            except BaseException as error:  # noqa: BLE001 - it is the body's to answer
                thrown.append(error)
        elif self._kept is RUNNING:
            raise awaited_twice(self)
        else:
            return (yield from self._kept.__await__())  # type: ignore[no-any-return]
        try:
            stepper, outcome = self._stepper, self._waits_for
            if stepper is None or self._blocking:
                stepper, outcome = self._before_the_first_yield(thrown)
            while stepper.gi_yieldfrom is not None:
                if thrown:
                    outcome = stepper.throw(thrown.pop())
                    continue
                try:
                    sent = yield outcome
                except BaseException as error:  # noqa: BLE001 - it is the body's to answer
                    thrown = [error]
                else:
                    outcome = stepper.send(sent)
        except BaseException as error:
            self._keep(failed(error, self._foreign, own_frames=2))
            raise
        idle.append(stepper)
        if self._kept is RUNNING:  # this is _keep(), which costs as much as all of it does here
            self._kept = outcome
        self._body = self._stepper = self._foreign = self._waits_for = None
        return outcome._result  # type: ignore[no-any-return]

    def done(self) -> bool:
        return self._kept.done()  # type: ignore[no-any-return]

    def succeeded(self) -> bool:
        return self._kept.succeeded()  # type: ignore[no-any-return]

    def faulted(self) -> bool:
        return self._kept.faulted()  # type: ignore[no-any-return]

    def cancelled(self) -> bool:
        return self._kept.cancelled()  # type: ignore[no-any-return]

    def result(self) -> T:
        return self._kept.result()  # type: ignore[no-any-return]

    def exception(self) -> BaseException | None:
        return self._kept.exception()  # type: ignore[no-any-return]

    def as_future(self) -> asyncio.Future[T]:
        if self._kept is RUNNING:
            raise awaited_twice(self)
        if self._kept is SUSPENDED:
            self._kept = OverFuture(self._task(self))
        return self._kept.as_future()  # type: ignore[no-any-return]

    def _task(self, value_task: ValueTask[T]) -> asyncio.Task[T]:
        """Return the Task of *value_task*, which awaits this and may be this."""
        asyncio.get_running_loop()  # where none runs this raises, and nothing has changed
        self._kept = PRIMED
        return task_of_rest(value_task, self._body)

    def preserve(self) -> ValueTask[T]:
        return self if self.done() else OverFuture(self.as_future())

    def then(self, function: Callable[[T], U]) -> ValueTask[U]:
        if type(self._kept) is Unfinished:
            return then_later(self, function)
        return self._kept.then(function)  # type: ignore[no-any-return]

    def _before_the_first_yield(self, thrown: list[BaseException] | None) -> tuple[Stepper, Any]:
        """Return the stepper and what it yielded, for a body that waits for a future.

        Or for one that was not stepped at all. A cancellation that was *thrown* is given to
        the future, as a Task does; what the body waits for is not waited for where it is done.
        """
        stepper, waits_for, blocking = self._stepper, self._waits_for, self._blocking
        if stepper is None:
            stepper = idle.pop() if idle else new_stepper()
            waits_for = stepper.send(self._body)
            if not thrown:
                return stepper, waits_for
            blocking = take_mark(waits_for)
        if blocking:
            if thrown and _cancels(waits_for, thrown[0]):
                thrown.clear()
            if not thrown and waits_for.done():
                return stepper, stepper.send(None)
            waits_for._asyncio_future_blocking = not thrown
        return stepper, waits_for

    def _keep(self, outcome: ValueTask[T]) -> None:
        if self._kept is RUNNING:  # else a Task keeps it
            self._kept = outcome
        self._body = self._stepper = self._foreign = self._waits_for = None

    def _describe(self) -> str:
        if type(self._kept) is Unfinished:
            return describe_rest(self._body, self._kept is RUNNING)
        return self._kept._describe()  # type: ignore[no-any-return]


UNFINISHED: Final = "the body has not finished; await the ValueTask"


def awaited_twice(value_task: ValueTask[Any]) -> RuntimeError:
    """Return the error of a second await while one runs."""
    return RuntimeError(
        f"{value_task!r} cannot be awaited twice at once; preserve() it before the first await"
    )


def never_awaited(body: Any) -> None:
    """Warn, as for a coroutine, that nobody ran the rest of *body*, and close it."""
    try:
        message = f"ValueTask of {body.__qualname__!r} was never awaited"
        warnings.warn(message, RuntimeWarning, stacklevel=3)
    finally:
        body.close()


def describe_rest(body: Any, running: bool) -> str:
    """Say how far the rest of *body* is."""
    return f"{'being awaited' if running else 'suspended'} in {body.__qualname__}"


def take_mark(yielded: Any) -> bool:
    """Whether *yielded* is a future that says, as asyncio's do, that it is to be waited for.

    Only the Task that receives it from a yield takes this mark away; left set, it kills the
    next one that awaits the same future.
    """
    if not getattr(yielded, "_asyncio_future_blocking", False):
        return False
    yielded._asyncio_future_blocking = False
    return True


def _cancels(future: Any, error: BaseException) -> bool:
    """Cancel *future* in place of its waiter, as a Task does; False where it is done."""
    return isinstance(error, asyncio.CancelledError) and bool(future.cancel(*error.args[:1]))


def task_of_rest(rest: Any, body: Any) -> asyncio.Task[Any]:
    """Return a Task of the running loop, named after *body*, that runs *rest* to its end.

    *rest* can be awaited, and yields None first. It is stepped up to that: a Task that is
    cancelled before its first step throws into a coroutine that has not begun, which then
    never runs. This one has begun.

    Raises RuntimeError, with *rest* untouched, where no loop runs.
    """
    loop = asyncio.get_running_loop()
    shell = named_after(body, _in_task(rest))
    shell.send(None)
    return loop.create_task(shell)


def named_after(body: Any, shell: Any) -> Any:
    """Return the coroutine *shell*, which Tasks and warnings then show as *body*."""
    shell.__name__, shell.__qualname__ = body.__name__, body.__qualname__
    return shell


async def _in_task(rest: Any) -> Any:
    return await rest


def then_later(source: ValueTask[T], function: Callable[[T], U]) -> ValueTask[U]:
    """Return the ValueTask of ``function(await source)``, which begins when it is awaited."""
    return Suspended(then_coroutine(source, function), None, NOT_STARTED)


def then_coroutine(source: ValueTask[T], function: Callable[[T], U]) -> Coroutine[Any, Any, U]:
    """Return the coroutine, not started, of ``function(await source)``."""
    body: Any = _then(source, function)
    body.__qualname__ = f"then({getattr(function, '__qualname__', function)})"
    return body  # type: ignore[no-any-return]


async def _then(source: ValueTask[T], function: Callable[[T], U]) -> U:
    return function(await source)
