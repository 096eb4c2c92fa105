"""A future that is completed as ``asyncio.sleep`` ends: without a Task, which would be hidden."""

import asyncio
from typing import TypeVar

T = TypeVar("T")


def completed_later(result: T, delay: float = 0.0) -> asyncio.Future[T]:
    """Return a new future that gets its result after *delay* seconds; 0: in the next turn."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    if delay:
        loop.call_later(delay, _complete, future, result)
    else:
        loop.call_soon(_complete, future, result)
    return future


def _complete(future: asyncio.Future[T], result: T) -> None:
    """Set the result, unless whoever waited was cancelled."""
    if not future.done():
        future.set_result(result)
