"""Failures: what may be one, how a future takes it, and what does not belong to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio


def exception_given(given: Any, where: str) -> BaseException:
    """Return the exception *given* to the function *where*; a class is instantiated.

    Raises TypeError for what is not an exception.
    """
    if isinstance(given, type) and issubclass(given, BaseException):
        given = given()
    if not isinstance(given, BaseException):
        raise TypeError(f"{where}() expects an exception, got {given!r}")
    return given


def fail_future(future: asyncio.Future[Any], exception: BaseException) -> None:
    """Set *exception* on *future*, a ``StopIteration`` as the cause of a RuntimeError.

    A Future refuses a StopIteration, as a generator does: the same answer as await gives.
    """
    if isinstance(exception, StopIteration):
        stopped = RuntimeError("the ValueTask failed with a StopIteration")
        stopped.__cause__ = exception
        exception = stopped
    future.set_exception(exception)


def drop_own_frames(exception: BaseException, count: int = 1) -> None:
    """Take the first *count* frames, this package's, out of the traceback of *exception*.

    That also keeps their locals, which may lead back to it, out of a cycle.
    """
    traceback = exception.__traceback__
    for _ in range(count):
        traceback = traceback and traceback.tb_next
    exception.__traceback__ = traceback


def drop_reading(exception: BaseException) -> None:
    """Take the frames of this package at the start out of the traceback of *exception*.

    It was only read, not raised to anybody: its frames would keep those of the reader.
    """
    traceback = exception.__traceback__
    while traceback and traceback.tb_frame.f_globals.get("__package__") == __package__:
        traceback = traceback.tb_next
    exception.__traceback__ = traceback


def unlink(exception: BaseException, foreign: BaseException | None) -> None:
    """Take *foreign*, which the caller was handling, out of the contexts of *exception*.

    The body did not raise it. A chain of contexts may have been closed to a ring.
    """
    if foreign is None or foreign is exception:
        return
    seen: set[int] = set()
    link: BaseException | None = exception
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        if link.__context__ is foreign:
            link.__context__ = None
        link = link.__context__
