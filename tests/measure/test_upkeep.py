"""Upkeep: turns of the loop against what can be worked out by hand, and collections of cycles."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from harness.measure import upkeep
from harness.measure.drive import open_driver
from harness.measure.observe import observe_all
from harness.scenario import Params, Scenario
from harness.verify import compare

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from harness.measure.drive import Driver

PARAMS = Params({"sync_ratio": 0.0})
REQUESTS = (0, 1, 2, 5)


@asynccontextmanager
async def kept(_: Params) -> AsyncIterator[list[Any]]:
    yield []


def scenario(function: Callable[..., Any]) -> Scenario[Any, Any, Any]:
    return Scenario[Any, Any, Any](
        title="Sample", setup=kept, requests=lambda _, __: REQUESTS, variants=(function,)
    )


@contextmanager
def driving(function: Callable[..., Any], loop: str = "asyncio") -> Iterator[Driver[Any, Any, Any]]:
    with open_driver(scenario(function), function.__name__, PARAMS, loop) as driver:
        yield driver


@pytest.fixture(autouse=True)
def thawed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Drive all operations, also on a busy machine; leave this process's collector as it was."""
    for limit in ("_SECONDS", "_BUSY_SECONDS", "_LONGEST_CYCLE"):
        monkeypatch.setattr(upkeep, limit, 60.0)
    yield
    gc.unfreeze()


async def at_once(_: list[Any], request: int) -> int:
    return request


async def sleeps(_: list[Any], request: int) -> int:
    for _step in range(request):
        await asyncio.sleep(0)
    return request


async def task(_: list[Any], request: int) -> int:
    """Turn 1: the new task runs and ends. Turn 2: who awaited it goes on."""
    return await asyncio.get_running_loop().create_task(at_once([], request))


async def two_tasks_at_a_time(_: list[Any], request: int) -> None:
    """Turn 1: both run. Turn 2: gather hears of both. Turn 3: who awaited goes on."""
    await asyncio.gather(at_once([], request), at_once([], request))


async def woken(_: list[Any], request: int) -> int:
    """Turn 1: the callback completes the future, whose callback is due in turn 2."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[int] = loop.create_future()
    loop.call_soon(future.set_result, request)
    return await future


@pytest.mark.parametrize(
    ("function", "expected"),
    [(at_once, 0), (sleeps, sum(REQUESTS) / 4), (task, 2), (two_tasks_at_a_time, 3), (woken, 2)],
)
def test_turns_are_those_worked_out_by_hand_in_every_repeat(
    function: Callable[..., Any], expected: float
) -> None:
    with driving(function) as driver:
        assert [upkeep.turns(driver) for _ in range(3)] == [expected] * 3


def test_the_loop_is_as_it_was_afterwards() -> None:
    with driving(sleeps) as driver:
        before = vars(driver.loop).copy()
        upkeep.turns(driver)
        assert vars(driver.loop).keys() == before.keys()


def test_turns_that_happen_by_chance_are_no_figure() -> None:
    async def ever_longer(state: list[Any], request: int) -> None:
        state.append(request)
        for _step in state:
            await asyncio.sleep(0)

    with driving(ever_longer) as driver:
        assert upkeep.turns(driver) is None


def test_a_loop_that_does_not_tell_has_no_turns() -> None:
    pytest.importorskip("uvloop", reason="uvloop is not installed for this interpreter")
    with driving(sleeps, "uvloop") as driver:
        assert upkeep.turns(driver) is None


def test_operations_that_leave_nothing_behind_need_no_collection() -> None:
    with driving(at_once) as driver:
        assert set(upkeep.collections(driver)) == {0.0}


def test_cycles_that_are_left_behind_are_collected_as_often_as_the_threshold_says() -> None:
    async def leaves_a_cycle(_: list[Any], __: int) -> None:
        cycle: list[Any] = []
        cycle.append(cycle)

    with driving(leaves_a_cycle) as driver:
        seen = upkeep.collections(driver)
    # One list each; what a drive() makes for itself is a few objects in hundreds of operations.
    expected = 1 / gc.get_threshold()[0]
    assert seen[0] == pytest.approx(expected, abs=1.1 / 2500)
    assert sum(seen) > 0


def test_the_collector_stays_on_or_off_as_the_scenario_has_it() -> None:
    was_on = gc.isenabled()
    gc.disable()
    try:
        with driving(at_once) as driver:
            upkeep.collections(driver)
        assert not gc.isenabled()
    finally:
        if was_on:
            gc.enable()


def test_operations_that_take_long_are_not_driven_again() -> None:
    driven = []

    async def long(_: list[Any], request: int) -> int:
        driven.append(request)
        return request

    with driving(long) as driver:
        assert upkeep.upkeep(driver, cycle=61.0) == upkeep.Upkeep()
        assert driven == []
        assert upkeep.upkeep(driver, cycle=0.001).turns == 0


def test_too_few_operations_tell_nothing_of_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "_SECONDS", 0.0)
    with driving(at_once) as driver:
        assert upkeep.collections(driver) == ()


def test_what_was_seen_is_part_of_the_observation_where_it_is_asked_for() -> None:
    for asked in (False, True):
        observed = observe_all(scenario(task), ["task"], PARAMS, "asyncio", with_upkeep=asked)
        (seen,) = compare(observed, float("nan")).values()
        assert seen.turns == (2 if asked else None)
        assert bool(seen.collections) is asked
