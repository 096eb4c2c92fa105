"""Observing: runs a variant request by request and counts what its awaiter sees."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from harness.measure.drive import open_driver
from harness.measure.upkeep import upkeep
from harness.strategy import Reading, strategy
from harness.verify import Observed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable

    from harness.measure.drive import Driver
    from harness.scenario import Params, Scenario

__all__ = ["observe", "observe_all"]


class _Counted:
    """Awaits *awaitable* in its place and counts how often it suspends."""

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self._awaitable = awaitable
        self.suspensions = 0

    def __await__(self) -> Generator[Any, None, Any]:
        # A coroutine around it: `await` takes more than what has a method __await__.
        steps = _awaiting(self._awaitable).__await__()
        advance: Callable[[], Any] = partial(steps.send, None)
        while True:
            try:
                yielded = advance()
            except StopIteration as stop:
                return stop.value
            self.suspensions += 1
            try:
                yield yielded
            except BaseException as error:  # noqa: BLE001 it is for the one that suspended
                advance = partial(steps.throw, error)
            else:
                advance = partial(steps.send, None)


async def _awaiting(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def observe(driver: Driver[Any, Any, Any]) -> Observed:
    """Return the answers of two cycles, and the suspensions and tasks of the second.

    The first cycle brings the state to where it stays: a cache fills, a stream runs dry.
    """
    first, _, _ = driver.loop.run_until_complete(_one_cycle(driver))
    second, suspensions, tasks = driver.loop.run_until_complete(_one_cycle(driver))
    return Observed(
        requests=driver.cycle * 2, answers=first + second, suspensions=suspensions, tasks=tasks
    )


def observe_all(
    scenario: Scenario[Any, Any, Any],
    variants: Iterable[str],
    params: Params,
    loop_name: str,
    on_variant: Callable[[str], None] = lambda _: None,
    *,
    with_upkeep: bool = False,
) -> dict[str, Observed]:
    """Observe each variant, on an event loop of its own, and tell *on_variant* before.

    *with_upkeep*: also what its operations need of the event loop and the garbage collector.
    """
    observed = {}
    for variant in variants:
        on_variant(variant)
        with open_driver(scenario, variant, params, loop_name) as driver:
            began = perf_counter()
            seen = observe(driver)
            if with_upkeep:
                besides = upkeep(driver, (perf_counter() - began) / 2)  # two cycles were observed
                seen = replace(seen, turns=besides.turns, collections=besides.collections)
            observed[variant] = seen
    return observed


async def _one_cycle(driver: Driver[Any, Any, Any]) -> tuple[list[Any], list[int], int]:
    answers, suspensions = [], []
    reading = strategy(driver.variant).reading
    before = await _task_number()
    for request in driver.cycle:
        answer = driver.function(driver.state, request)
        if reading is Reading.CALL:
            answers.append(answer)
            suspensions.append(0)
        elif reading is Reading.CHECK and answer.done():
            answers.append(answer.result())
            suspensions.append(0)
        else:
            counted = _Counted(answer)
            answers.append(await counted)
            suspensions.append(counted.suspensions)
    return answers, suspensions, await _task_number() - before - 1


async def _task_number() -> int:
    """Return the number that asyncio gives the next task in its default name.

    Every task that is made without a name takes one, whether by ``create_task`` or by its
    constructor, so that two numbers tell how many were made between (one probe included).
    """

    async def nothing() -> None: ...

    probe = asyncio.Task(nothing())
    await probe
    return int(probe.get_name().rpartition("-")[2])
