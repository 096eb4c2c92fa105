"""Bodies that return, wait or fail, at once or after a turn of the loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from harness.valuetask import value_task

if TYPE_CHECKING:
    from collections.abc import Awaitable


@value_task
async def at_once(result: object = None) -> object:
    return result


@value_task
async def after_a_turn(result: object = None) -> object:
    await asyncio.sleep(0)
    return result


@value_task
async def waiting_for(awaitable: Awaitable[object]) -> object:
    return await awaitable


@value_task
async def failing(error: BaseException) -> None:
    raise error


@value_task
async def failing_later(error: BaseException) -> None:
    await asyncio.sleep(0)
    raise error
