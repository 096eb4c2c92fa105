"""Lets the loop turn until somebody waits in the line of a scenario."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scenarios._line import Line


async def until_someone_waits(line: Line[Any]) -> None:
    """Return in the turn in which somebody joined; AssertionError if nobody does in a few."""
    for _ in range(5):
        if line.waiters:
            return
        await asyncio.sleep(0)
    raise AssertionError("nobody waits")
