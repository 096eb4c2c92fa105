"""Futures that are completed, or soon will be."""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def completed(result: T) -> asyncio.Future[T]:
    """Return a new future that is completed."""
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    future.set_result(result)
    return future


async def results(futures: Sequence[asyncio.Future[T]]) -> list[T]:
    """Wait for those that are not done, and return what all of them hold."""
    if pending := [future for future in futures if not future.done()]:
        await asyncio.gather(*pending)
    return [future.result() for future in futures]
