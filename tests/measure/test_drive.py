"""Driver: how it reads what a variant's function returns, and on which ValueTask."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness import Params, Scenario, ValueTask
from harness.measure.drive import open_driver
from harness.measure.observe import observe
from harness.valuetask import python

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator
    from types import ModuleType

PARAMS = Params({"sync_ratio": 0.5})
REQUESTS = (True, False)


class Answer:
    """A ValueTask that notes what is asked of it, in which order."""

    def __init__(self, asked: list[str], done: bool) -> None:
        self._asked = asked
        self._done = done

    def done(self) -> bool:
        self._asked.append("done")
        return self._done

    def result(self) -> int:
        self._asked.append("result")
        return 1

    def __await__(self) -> Generator[Any, None, int]:
        self._asked.append("await")
        yield from asyncio.sleep(0).__await__()
        return 1


@asynccontextmanager
async def notes(_: Params) -> AsyncIterator[list[str]]:
    yield []


def scenario(function: Callable[[Any, Any], Any]) -> Scenario[Any, Any, Any]:
    return Scenario("Sample", notes, lambda _, __: REQUESTS, (function,))


def asked(variant: str) -> list[str]:
    """Return what one cycle asks, of an answer that is there and of one that is not."""

    def value_task(state: list[str], ready: bool) -> Answer:
        return Answer(state, ready)

    with open_driver(scenario(value_task), variant, PARAMS, "asyncio") as driver:
        driver.drive(1)
        notes: list[str] = driver.state
        return notes


def test_an_answer_is_awaited_done_or_not() -> None:
    assert asked("value_task") == ["await", "await"]


def test_an_answer_that_is_checked_is_awaited_only_where_it_is_not_done() -> None:
    assert asked("value_task_checked") == ["done", "result", "done", "await"]


def test_an_answer_that_is_checked_is_observed_as_it_is_timed() -> None:
    def value_task(state: list[str], ready: bool) -> Answer:
        return Answer(state, ready)

    with open_driver(scenario(value_task), "value_task_checked", PARAMS, "asyncio") as driver:
        seen = observe(driver)
        assert driver.state == ["done", "result", "done", "await"] * 2
    assert (seen.answers, seen.suspensions, seen.tasks) == ([1] * 4, [0, 1], 0)


def value_task(state: list[type], ready: bool) -> ValueTask[int]:
    made = ValueTask(int(ready))
    state.append(type(made))
    return made


@pytest.mark.parametrize(
    ("variant", "name"),
    [("value_task", "python"), ("value_task_checked", "python"), ("value_task_native", "native")],
)
def test_a_function_written_once_is_driven_on_the_implementation_of_its_variant(
    variant: str, name: str, native: ModuleType
) -> None:
    before = ValueTask
    with open_driver(scenario(value_task), variant, PARAMS, "asyncio") as driver:
        driver.drive(2)
        wanted = native if name == "native" else python
        assert driver.state == [wanted.ValueTask] * 4
    assert before is ValueTask is harness.ValueTask


def test_what_the_setup_makes_is_of_the_implementation_too(native: ModuleType) -> None:
    made: list[type] = []

    @asynccontextmanager
    async def setup(_: Params) -> AsyncIterator[list[type]]:
        made.append(ValueTask)
        yield made
        made.append(ValueTask)

    sample = Scenario("Sample", setup, lambda _, __: REQUESTS, (value_task,))
    with open_driver(sample, "value_task_native", PARAMS, "asyncio"):
        pass
    assert made == [native.ValueTask] * 2


def test_a_variant_that_is_a_decorated_function_is_swapped_itself(native: ModuleType) -> None:
    @harness.value_task
    async def value_task(_: None, ready: bool) -> int:
        if not ready:
            await asyncio.sleep(0)
        return int(ready)

    for variant, wanted in (("value_task", python), ("value_task_native", native)):
        with open_driver(scenario(value_task), variant, PARAMS, "asyncio") as driver:
            assert type(driver.function(None, True)) is wanted.ValueTask
            seen = observe(driver)
            assert (seen.answers, seen.suspensions) == ([1, 0] * 2, [0, 1])


def test_other_variants_use_what_the_scenario_imports() -> None:
    def mine(state: list[type], ready: bool) -> ValueTask[int]:
        return value_task(state, ready)

    with open_driver(scenario(mine), "mine", PARAMS, "asyncio") as driver:
        driver.drive(1)
        assert driver.state == [ValueTask] * 2
