"""``@value_task(hot=True)``: a body that goes on by itself, in a Task that starts at once."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import types
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from harness.valuetask.body import Suspended, idle, named_after, new_stepper
from harness.valuetask.failing import drop_own_frames, unlink

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from harness.valuetask.core import ValueTask

__all__ = ["hot"]

P = ParamSpec("P")
T = TypeVar("T")


def hot(
    function: Callable[P, Coroutine[Any, Any, T]], value_task_class: Any
) -> Callable[P, ValueTask[T]]:
    """Return the function that starts a Task of *function*'s body and steps it at once.

    The answer is a ValueTask of *value_task_class*, completed where the body was finished by
    its first step. The call raises RuntimeError, having made no body, where no loop runs;
    KeyboardInterrupt and SystemExit escape from it.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> ValueTask[T]:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError as error:
            raise RuntimeError(
                f"{error}: {function.__qualname__}() is decorated with "
                "@value_task(hot=True), and starts a Task"
            ) from None
        body = function(*args, **kwargs)
        foreign = sys.exception()
        if foreign is not None:
            body = named_after(body, _without_context(body, foreign))
        return _started(body, loop, value_task_class)

    return call


if sys.version_info >= (3, 12):

    def _started(
        body: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop, value_task_class: Any
    ) -> ValueTask[T]:
        """Step *body* in a Task that starts now."""
        task = asyncio.Task(body, loop=loop, eager_start=True)
        if not task.done():
            return value_task_class.from_future(task)  # type: ignore[no-any-return]
        try:
            failure = task.exception()
        except asyncio.CancelledError as cancellation:
            return value_task_class.from_cancelled(*cancellation.args[:1])  # type: ignore[no-any-return]
        if failure is not None:  # not raised here: that would give it a context
            return value_task_class.from_exception(failure)  # type: ignore[no-any-return]
        return value_task_class(task.result())  # type: ignore[no-any-return]

else:

    def _started(
        body: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop, value_task_class: Any
    ) -> ValueTask[T]:
        """Step *body* as if a Task had started: in its context, as the current one.

        The Task exists before, so that what the body enters in this step is the Task's own;
        it runs what is left of the body, which is nothing where the body is finished.
        """
        left: list[Suspended[T]] = []
        shell = named_after(body, _shell(left))
        shell.send(None)  # for task_of_rest's reason: it must have begun
        context = contextvars.copy_context()
        task: Any = asyncio.Task(shell, loop=loop, context=context)
        stepper = idle.pop() if idle else new_stepper()
        try:
            outcome = _as_current(task, loop, lambda: context.run(stepper.send, body))
            if stepper.gi_yieldfrom is not None:
                left.append(Suspended(body, stepper, outcome))
                return value_task_class.from_future(task)  # type: ignore[no-any-return]
        except (KeyboardInterrupt, SystemExit):
            raise
        except asyncio.CancelledError as cancellation:
            return value_task_class.from_cancelled(*cancellation.args[:1])  # type: ignore[no-any-return]
        except BaseException as failure:  # noqa: BLE001 - it becomes the ValueTask's
            drop_own_frames(failure, 4)
            return value_task_class.from_exception(failure)  # type: ignore[no-any-return]
        finally:
            # A loop that stops before the Task has ended drops nothing of the body.
            task._log_destroy_pending = bool(left)
        idle.append(stepper)
        if task._must_cancel:  # by the body itself
            return value_task_class.from_cancelled()  # type: ignore[no-any-return]
        return value_task_class(outcome.result())  # type: ignore[no-any-return]

    def _as_current(
        task: asyncio.Task[Any], loop: asyncio.AbstractEventLoop, function: Callable[[], T]
    ) -> T:
        """Return ``function()``, called where *task* is the current one.

        By the functions that asyncio documents, in "Extending", for other kinds of Tasks.
        """
        caller = asyncio.current_task(loop)
        if caller is not None:
            asyncio.tasks._leave_task(loop, caller)
        asyncio.tasks._enter_task(loop, task)
        try:
            return function()
        finally:
            asyncio.tasks._leave_task(loop, task)
            if caller is not None:
                asyncio.tasks._enter_task(loop, caller)

    async def _shell(left: list[Suspended[T]]) -> T | None:
        """Run the rest of the body that is *left*; begins with a step that does nothing."""
        return await _primed(left)

    @types.coroutine
    def _primed(left: list[Suspended[T]]) -> Generator[Any, Any, T | None]:
        thrown: list[BaseException] = []
        try:
            yield
        except BaseException as error:  # noqa: BLE001 - it is the body's to answer
            thrown.append(error)
        return (yield from left.pop().__await__(thrown)) if left else None


async def _without_context(body: Coroutine[Any, Any, T], foreign: BaseException) -> T:
    """Run *body*; its failure does not get *foreign*, which the caller is handling."""
    try:
        return await body
    except BaseException as error:
        unlink(error, foreign)
        raise
