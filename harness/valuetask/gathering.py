"""``gather``: several ValueTasks as one, which touches the loop only where one is pending."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from harness.valuetask.core import ValueTask

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["gather"]

T = TypeVar("T")


@overload
def gather(
    *value_tasks: ValueTask[T], return_exceptions: Literal[False] = False
) -> ValueTask[list[T]]: ...
@overload
def gather(
    *value_tasks: ValueTask[T], return_exceptions: bool
) -> ValueTask[list[T | BaseException]]: ...
def gather(*value_tasks: ValueTask[Any], return_exceptions: bool = False) -> ValueTask[list[Any]]:
    """Return the ValueTask of all results, in the order given; done at once where all are.

    Waits like ``asyncio.gather``: suspended bodies run side by side, one Task each, from this
    call on. The first failure ends it, and the others run on; with *return_exceptions*
    failures and cancellations stand among the results instead. Cancelling it cancels all
    that are pending. The same ValueTask given twice is driven once.

    Raises TypeError for what is not a ValueTask, RuntimeError where a suspended body finds no
    running loop, ValueError where futures belong to different loops.
    """
    for given in value_tasks:
        if not isinstance(given, ValueTask):
            raise TypeError(
                f"gather() expects ValueTasks, got {given!r}; asyncio.gather takes any awaitable"
            )
    children = [one.as_future() for one in dict.fromkeys(value_tasks) if not one.done()]
    early = None if return_exceptions else _first_failure(value_tasks)
    if early is not None:
        for child in children:
            child.add_done_callback(_mark_retrieved)
        return early
    if not children:
        return ValueTask(_results(value_tasks))
    return ValueTask.from_future(Gathering(value_tasks, children, return_exceptions))


class Gathering(asyncio.Future[list[Any]]):
    """What waits for *children*, the pending ones of *value_tasks*."""

    def __init__(
        self,
        value_tasks: tuple[ValueTask[Any], ...],
        children: list[asyncio.Future[Any]],
        return_exceptions: bool,
    ) -> None:
        if len({child.get_loop() for child in children}) > 1:
            raise ValueError("gather() got ValueTasks that wait on different event loops")
        super().__init__(loop=children[0].get_loop())
        self._value_tasks = value_tasks
        self._children = children
        self._return_exceptions = return_exceptions
        self._left = len(children)
        self._cancel_asked: tuple[Any, ...] | None = None
        for child in children:
            child.add_done_callback(self._child_done)

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel the children; this ends when they have answered."""
        if self.done():
            return False
        asked = [child.cancel(msg) for child in self._children]
        if any(asked):
            self._cancel_asked = (msg,)
        return any(asked)

    def _child_done(self, child: asyncio.Future[Any]) -> None:
        self._left -= 1
        _mark_retrieved(child)
        if self.done():
            return
        if child.cancelled() and not self._return_exceptions:
            super().cancel(*_answer(ValueTask.from_future(child)).args[:1])
        elif not self._return_exceptions and (failure := child.exception()) is not None:
            self.set_exception(failure)
        elif self._left == 0 and self._cancel_asked is not None:
            super().cancel(*self._cancel_asked)
        elif self._left == 0:
            self.set_result(_results(self._value_tasks))


def _first_failure(value_tasks: Iterable[ValueTask[Any]]) -> ValueTask[Any] | None:
    return next((one for one in value_tasks if one.faulted() or one.cancelled()), None)


def _results(value_tasks: Iterable[ValueTask[Any]]) -> list[Any]:
    return [_answer(one) for one in value_tasks]


def _answer(value_task: ValueTask[Any]) -> Any:
    """Return the result, or the exception as if it were one."""
    if value_task.cancelled():
        try:
            value_task.result()
        except asyncio.CancelledError as cancellation:
            return cancellation
    failure = value_task.exception()
    return value_task.result() if failure is None else failure


def _mark_retrieved(child: asyncio.Future[Any]) -> None:
    """Keep a failure that nobody will read from being logged, as ``asyncio.gather`` does."""
    if not child.cancelled():
        child.exception()
