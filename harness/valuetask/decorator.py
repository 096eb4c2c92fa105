"""``@value_task``: an ``async def`` that returns a ValueTask, and begins when it is called."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, overload

from harness.valuetask.body import plain
from harness.valuetask.core import ValueTask
from harness.valuetask.hot import hot as hot_call
from harness.valuetask.pooling import pooled as pooled_call

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["check_decorated", "marked", "value_task"]

P = ParamSpec("P")
T = TypeVar("T")

NOT_GIVEN: Final[Any] = object()
"""What ``value_task`` finds in place of a function where it was given options alone."""


@overload
def value_task(function: Callable[P, Coroutine[Any, Any, T]], /) -> Callable[P, ValueTask[T]]: ...
@overload
def value_task(
    *, hot: bool = False, pooled: bool = False
) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Callable[P, ValueTask[T]]]: ...
def value_task(function: Any = NOT_GIVEN, /, *, hot: bool = False, pooled: bool = False) -> Any:
    """Make the ``async def`` *function* return a ValueTask, having stepped its body at once.

    Where the body returns before it suspends, the ValueTask is completed and no Future, no
    Task and no turn of the loop was needed; where it raises, the ValueTask is faulted or
    cancelled. The call raises only KeyboardInterrupt, SystemExit, and TypeError for
    arguments that do not fit.

    Where it suspends, the rest runs inside whoever awaits the ValueTask, as with
    ``await body()``, provided that it is awaited at once and in the Task that called.
    Awaited elsewhere or much later, an ``asyncio.timeout()`` or ``TaskGroup`` that the body
    entered before its first suspension still belongs to the caller: use *hot* there. A second
    await while one runs is a RuntimeError; afterwards the result stays. Dropped without an
    await it gives a RuntimeWarning, also where ``asyncio.ensure_future`` wrapped it in a Task
    that was cancelled before its first step: ``as_future()`` delivers that cancellation.

    During its first step the body still sees the exception that the caller is handling in
    ``sys.exception()``; a failure does not get it as its ``__context__``.

    With *hot* the rest goes on by itself, in a Task that is there from the start and whose
    body runs in a copy of the context; the call raises RuntimeError where no loop runs. With
    *pooled* the rest of a suspended body is held by a source out of a pool, which goes back
    when the result is read: then every use is an InvalidStateError.

    Raises TypeError for anything but an ``async def``, and for *hot* with *pooled*.
    """

    def decorate(function: Any) -> Any:
        check_decorated(function, hot, pooled)
        if hot:
            decorated = hot_call(function, ValueTask)
        else:
            decorated = pooled_call(function) if pooled else plain(function)
        return marked(decorated, hot, pooled)

    return decorate if function is NOT_GIVEN else decorate(function)


def check_decorated(function: Any, hot: bool, pooled: bool) -> None:
    """Raise TypeError where ``@value_task`` cannot decorate *function* so."""
    if hot and pooled:
        raise TypeError(
            "@value_task(hot=True, pooled=True): a Task runs a hot body and keeps its result, "
            "so that a pool has nothing to hold; choose one of them"
        )
    if not inspect.iscoroutinefunction(function):
        raise TypeError(
            f"@value_task expects an async def, got {function!r}; "
            "put it below @staticmethod or @classmethod"
        )


def marked(decorated: Any, hot: bool, pooled: bool) -> Any:
    """Return *decorated* with ``__value_task__``: with what options ``__wrapped__`` is."""
    decorated.__value_task__ = {"hot": hot, "pooled": pooled}
    return decorated
