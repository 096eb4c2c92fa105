"""Observing: answers, suspensions and tasks of a variant, as its awaiter sees them."""

from __future__ import annotations

import asyncio
import types
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from harness.measure.drive import open_driver
from harness.measure.observe import observe
from harness.scenario import Params, Scenario
from harness.valuetask import ValueTask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator

    from harness.verify import Observed

PARAMS = Params({"sync_ratio": 0.5})
REQUESTS = (0, 1, 2, 3)


@asynccontextmanager
async def calls(_: Params) -> AsyncIterator[list[int]]:
    yield []


def seen(function: Callable[[Any, Any], Any], *, synchronous: bool = False) -> Observed:
    scenario = Scenario[list[int], int, Any](
        title="Sample",
        setup=calls,
        requests=lambda _, __: REQUESTS,
        variants=(function,),
        synchronous=function if synchronous else None,
    )
    name = "synchronous" if synchronous else function.__name__
    with open_driver(scenario, name, PARAMS, "asyncio") as driver:
        return observe(driver)


async def sleeper(state: list[int], request: int) -> int:
    state.append(request)
    for _ in range(request):
        await asyncio.sleep(0)
    return len(state)


def test_answers_are_of_two_cycles_and_suspensions_of_the_second() -> None:
    observed = seen(sleeper)
    assert observed.answers == [1, 2, 3, 4, 5, 6, 7, 8]
    assert observed.requests == REQUESTS * 2
    assert observed.suspensions == [0, 1, 2, 3]
    assert observed.tasks == 0


def test_a_plain_call_never_suspends() -> None:
    def floor(_: list[int], request: int) -> int:
        return request

    observed = seen(floor, synchronous=True)
    assert observed.answers == [*REQUESTS * 2]
    assert observed.suspensions == [0] * 4


def test_a_task_suspends_its_awaiter_once_and_is_counted() -> None:
    def task(state: list[int], request: int) -> asyncio.Task[int]:
        return asyncio.get_running_loop().create_task(sleeper(state, request))

    observed = seen(task)
    assert observed.suspensions == [1] * 4
    assert observed.tasks == 4


def test_tasks_that_an_operation_makes_within_are_counted() -> None:
    async def gathering(_: list[int], request: int) -> list[int]:
        return await asyncio.gather(*(asyncio.sleep(0, leaf) for leaf in range(request)))

    assert seen(gathering).tasks == 0 + 1 + 2 + 3


def test_a_future_that_is_done_suspends_nobody() -> None:
    def future(_: list[int], request: int) -> asyncio.Future[int]:
        made: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if request:
            made.set_result(request)
        else:
            asyncio.get_running_loop().call_soon(made.set_result, request)
        return made

    observed = seen(future)
    assert observed.suspensions == [1, 0, 0, 0]
    assert observed.answers == [*REQUESTS * 2]


def test_a_value_task_is_awaited_like_any_other() -> None:
    def value_task(_: list[int], request: int) -> ValueTask[int]:
        return ValueTask(request)

    assert seen(value_task).answers == [*REQUESTS * 2]


def test_a_generator_that_is_marked_as_a_coroutine_is_awaited() -> None:
    @types.coroutine
    def bare(_: list[int], request: int) -> Generator[None, None, int]:
        for _step in range(request):
            yield
        return request

    assert seen(bare).suspensions == [0, 1, 2, 3]


def test_a_timeout_within_an_operation_works_as_it_does_when_it_is_timed() -> None:
    async def impatient(_: list[int], request: int) -> str:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.Event().wait()
        except TimeoutError:
            return "late"
        return "never"

    observed = seen(impatient)
    assert observed.answers == ["late"] * 8
    assert observed.suspensions == [1] * 4


def test_an_error_of_an_operation_is_passed_on() -> None:
    async def failing(_: list[int], request: int) -> int:
        await asyncio.sleep(0)
        raise LookupError(request)

    with pytest.raises(LookupError):
        seen(failing)


def test_an_answer_that_cannot_be_awaited_is_said_to_be_so() -> None:
    def plain(_: list[int], request: int) -> int:
        return request

    with pytest.raises(TypeError, match=r"int.*await"):
        seen(plain)
