"""Futures that are completed, or will be as ``asyncio.sleep`` ends: without a hidden Task."""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def completed(result: T) -> asyncio.Future[T]:
    """Return a new future that is completed."""
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    future.set_result(result)
    return future


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


async def results(futures: Sequence[asyncio.Future[T]]) -> list[T]:
    """Wait for those that are not done, and return what all of them hold."""
    if pending := [future for future in futures if not future.done()]:
        await asyncio.gather(*pending)
    return [future.result() for future in futures]
