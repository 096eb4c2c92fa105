"""``gather``: several ValueTasks as one, which touches the loop only where one is pending."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from harness.valuetask.core import ValueTask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    InOrder = Callable[[dict[ValueTask[Any], Any]], list[Any]]

__all__ = ["gather", "gather_others"]

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
    that are pending. The same ValueTask given twice is driven and read once.

    Raises TypeError for what is not a ValueTask, RuntimeError where a suspended body finds no
    running loop, ValueError where futures belong to different loops, InvalidStateError where
    the token of a source is stale.
    """
    results = [one._result for one in value_tasks if type(one) is ValueTask]
    if len(results) == len(value_tasks):
        return ValueTask(results)
    others = [one for one in value_tasks if type(one) is not ValueTask]

    def in_order(answers: dict[ValueTask[Any], Any]) -> list[Any]:
        return [one._result if type(one) is ValueTask else answers[one] for one in value_tasks]

    return _gathered(others, in_order, return_exceptions, ValueTask)  # type: ignore[no-any-return]


def gather_others(
    others: Sequence[ValueTask[Any]],
    places: Sequence[int],
    results: list[Any],
    return_exceptions: bool,
    value_task_class: Any,
) -> Any:
    """Do ``gather``'s work where *others* have no result yet for their *places* in *results*."""

    def in_order(answers: dict[ValueTask[Any], Any]) -> list[Any]:
        for place, one in zip(places, others, strict=True):
            results[place] = answers[one]
        return results

    return _gathered(others, in_order, return_exceptions, value_task_class)


def _gathered(
    value_tasks: Sequence[ValueTask[Any]],
    in_order: InOrder,
    return_exceptions: bool,
    value_task_class: Any,
) -> Any:
    """Return the ValueTask of what *in_order* makes of the answers of *value_tasks*.

    Each distinct one is read once, here where it is done: a source may be consumed by that.
    """
    for given in value_tasks:
        if not isinstance(given, value_task_class):
            raise TypeError(
                f"gather() expects ValueTasks, got {given!r}; asyncio.gather takes any awaitable"
            )
    answers: dict[ValueTask[Any], Any] = dict.fromkeys(value_tasks)
    # Before any is read: without a running loop this raises.
    children = {one: one.as_future() for one in answers if not one.done()}
    early: Any = None
    for one in answers:
        if one in children:
            continue
        if one.succeeded():
            answers[one] = one.result()
            continue
        cancelled = one.cancelled()
        failure: Any = _cancellation(one) if cancelled else one.exception()
        answers[one] = failure
        if early is None and not return_exceptions:
            early = (
                value_task_class.from_cancelled(*failure.args[:1])
                if cancelled
                else value_task_class.from_exception(failure)
            )
    if early is not None:
        for child in children.values():
            child.add_done_callback(_mark_retrieved)
        return early
    if not children:
        return value_task_class(in_order(answers))
    return value_task_class.from_future(Gathering(in_order, answers, children, return_exceptions))


class Gathering(asyncio.Future[list[Any]]):
    """What waits for *children*, the futures of those ValueTasks that are pending."""

    def __init__(
        self,
        in_order: InOrder,
        answers: dict[ValueTask[Any], Any],
        children: dict[ValueTask[Any], asyncio.Future[Any]],
        return_exceptions: bool,
    ) -> None:
        futures = children.values()
        loop, *others = {future.get_loop() for future in futures}
        if others:
            raise ValueError("gather() got ValueTasks that wait on different event loops")
        super().__init__(loop=loop)
        self._in_order = in_order
        self._answers = answers
        self._children = children
        self._return_exceptions = return_exceptions
        self._left = len(children)
        self._cancel_asked: tuple[Any, ...] | None = None
        child_done = self._child_done
        for future in futures:
            future.add_done_callback(child_done)

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel the children; this ends when they have answered."""
        if self.done():
            return False
        asked = [child.cancel(msg) for child in self._children.values()]
        if any(asked):
            self._cancel_asked = (msg,)
        return any(asked)

    def _child_done(self, child: asyncio.Future[Any]) -> None:
        self._left -= 1
        cancelled = child.cancelled()
        # Asked in any case: a failure that nobody will read is not to be logged, as with
        # asyncio.gather.
        failure = None if cancelled else child.exception()
        if self._left and failure is None and not cancelled:
            return
        if self.done():
            return
        if cancelled and not self._return_exceptions:
            super().cancel(*_cancellation(child).args[:1])
        elif failure is not None and not self._return_exceptions:
            self.set_exception(failure)
        elif self._left == 0 and self._cancel_asked is not None:
            super().cancel(*self._cancel_asked)
        elif self._left == 0:
            for one, future in self._children.items():
                self._answers[one] = _answer(future)
            self.set_result(self._in_order(self._answers))


def _answer(child: asyncio.Future[Any]) -> Any:
    """Return the result of *child*, or what it failed with as if it were one."""
    if child.cancelled():
        return _cancellation(child)
    failure = child.exception()
    return child.result() if failure is None else failure


def _cancellation(cancelled: Any) -> BaseException:
    """Read the cancellation of the future or ValueTask *cancelled*."""
    try:
        cancelled.result()
    except asyncio.CancelledError as cancellation:
        return cancellation
    raise asyncio.InvalidStateError(f"{cancelled!r} says that it was cancelled, and has a result")


def _mark_retrieved(child: asyncio.Future[Any]) -> None:
    """Keep a failure that nobody will read from being logged, as ``asyncio.gather`` does."""
    if not child.cancelled():
        child.exception()
