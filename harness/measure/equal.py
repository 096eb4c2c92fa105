"""Equal variants under different names, and one that is slower by a known number of steps.

A scenario like any other, measured as any other is: what is found between its equal variants is
not there, and what is not found of its slower one is missed. ``awaitbench doctor --aa`` does so.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import repeat
from types import FunctionType
from typing import TYPE_CHECKING, Any

from harness.pattern import sync_pattern
from harness.scenario import Parameter, Params, Scenario

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["BASELINE", "EQUAL", "SCENARIO", "SLOWED"]

_NUMBER = 6  # of equal variants: five pairs with the first


@dataclass(frozen=True, slots=True)
class Steps:
    """How many empty turns of a loop one operation makes, of either kind."""

    usual: int
    more: int


async def equal(steps: Steps, there: bool) -> int:
    """Make the usual steps, and wait for the next turn of the loop if the answer is not there."""
    for _ in repeat(None, steps.usual):
        pass
    if not there:
        await asyncio.sleep(0)
    return steps.usual


async def slowed(steps: Steps, there: bool) -> int:
    """Do the same with more steps: each is three bytecodes, and nothing else is different."""
    for _ in repeat(None, steps.more):
        pass
    if not there:
        await asyncio.sleep(0)
    return steps.usual


def _named(function: Any, name: str) -> Any:
    named = FunctionType(function.__code__, function.__globals__, name)
    named.__qualname__ = name
    return named


@asynccontextmanager
async def count_steps(params: Params) -> AsyncIterator[Steps]:
    """Give both kinds of steps; there is nothing to open."""
    yield Steps(params.steps, params.steps + params.more)


EQUAL = tuple(f"equal_{number}" for number in range(_NUMBER))
BASELINE = EQUAL[0]
SLOWED = "slowed"

SCENARIO = Scenario[Steps, bool, int](
    title="Equal variants under different names",
    setup=count_steps,
    requests=lambda _, params: sync_pattern(params),
    variants=(*(_named(equal, name) for name in EQUAL), slowed),
    parameters={
        "steps": Parameter(30, 1, 1_000_000, help="turns of the loop in one operation"),
        "more": Parameter(0, 0, 1_000_000, help="turns more that the slower one makes"),
        "repeat": Parameter(0, 0, 1_000_000, help="the same again, as a group of its own"),
    },
)
