"""Strategies: which are known, where they exist, and which function does each."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from harness.plan import Runtime
from harness.scenario import Params, Scenario
from harness.strategy import Reading, functions, strategy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


@asynccontextmanager
async def nothing(_: Params) -> AsyncIterator[None]:
    yield


async def coroutine(_: None, request: int) -> int:
    return request


async def task(_: None, request: int) -> int:
    return request


async def eager_task(_: None, request: int) -> int:
    return request


async def value_task(_: None, request: int) -> int:
    return request


async def value_task_native(_: None, request: int) -> int:
    return request


def floor(_: None, request: int) -> int:
    return request


def scenario(
    *variants: Callable[[None, int], Awaitable[int]],
    synchronous: Callable[[None, int], int] | None = None,
) -> Scenario[None, int, int]:
    return Scenario("Sample", nothing, lambda _, __: [1], variants, synchronous)


def test_an_unknown_variant_is_awaited_and_may_complete_synchronously() -> None:
    known = strategy("my_own_idea")
    assert known.name == "my_own_idea"
    assert known.reading is Reading.AWAIT
    assert known.can_complete_synchronously is None
    assert not known.eager_tasks
    assert not known.only_synchronous
    assert known.unavailable(Runtime("3.11.0")) is None


def test_any_variant_that_is_called_eager_runs_on_a_loop_that_starts_tasks_eagerly() -> None:
    known = strategy("eager_gather")
    assert known.name == "eager_gather"
    assert known.eager_tasks
    assert known.unavailable(Runtime("3.11.7")) is not None
    assert known.unavailable(Runtime("3.12.0")) is None


def test_a_task_never_completes_synchronously_unless_it_is_eager() -> None:
    assert not strategy("task").can_complete_synchronously
    assert strategy("eager_task").can_complete_synchronously
    assert strategy("eager_task").eager_tasks


def test_the_floor_is_called_and_only_where_nothing_waits() -> None:
    assert strategy("synchronous").reading is Reading.CALL
    assert strategy("synchronous").only_synchronous


@pytest.mark.parametrize("python", ["3.11.0", "3.11.7", "3.11.0rc1"])
def test_eager_tasks_do_not_exist_before_3_12(python: str) -> None:
    reason = strategy("eager_task").unavailable(Runtime(python))
    assert reason == f"needs Python 3.12 or later, this is {python}"


@pytest.mark.parametrize("python", ["3.12.0", "3.13.0", "3.100.1", "4.0.0"])
def test_eager_tasks_exist_from_3_12_on(python: str) -> None:
    assert strategy("eager_task").unavailable(Runtime(python)) is None


def test_an_unknown_variant_uses_the_value_task_that_the_scenario_imports() -> None:
    assert strategy("my_own_idea").implementation is None
    assert strategy("coroutine").implementation is None


@pytest.mark.parametrize(
    ("variant", "reading", "implementation"),
    [
        ("value_task", Reading.AWAIT, "python"),
        ("value_task_native", Reading.AWAIT, "native"),
        ("value_task_checked", Reading.CHECK, "python"),
    ],
)
def test_a_value_task_is_read_and_implemented_as_its_variant_says(
    variant: str, reading: Reading, implementation: str
) -> None:
    known = strategy(variant)
    assert (known.reading, known.implementation) == (reading, implementation)
    assert known.can_complete_synchronously


def test_the_c_type_does_not_exist_where_it_is_not_built() -> None:
    without = Runtime("3.13.0", without_native="not built for this Python")
    reason = strategy("value_task_native").unavailable(without)
    assert reason == "needs the C type (not built for this Python)"
    assert strategy("value_task_native").unavailable(Runtime("3.13.0")) is None
    for other in ("value_task", "value_task_checked", "task"):
        assert strategy(other).unavailable(without) is None


def test_each_variant_is_found_by_the_name_of_its_function() -> None:
    assert functions(scenario(coroutine)) == {"coroutine": coroutine}


def test_a_scenario_with_task_gets_eager_task_from_the_same_function() -> None:
    assert functions(scenario(task)) == {"task": task, "eager_task": task}


@pytest.mark.parametrize("variants", [(task, eager_task), (eager_task, task)])
def test_an_eager_task_of_its_own_takes_precedence(
    variants: tuple[Callable[[None, int], Awaitable[int]], ...],
) -> None:
    assert functions(scenario(*variants)) == {"task": task, "eager_task": eager_task}


def test_a_scenario_with_value_task_gets_two_more_from_the_same_function_right_after_it() -> None:
    found = functions(scenario(coroutine, value_task, task))
    assert [*found.items()] == [
        ("coroutine", coroutine),
        ("value_task", value_task),
        ("value_task_native", value_task),
        ("value_task_checked", value_task),
        ("task", task),
        ("eager_task", task),
    ]


@pytest.mark.parametrize(
    "variants", [(value_task, value_task_native), (value_task_native, value_task)]
)
def test_a_native_variant_of_its_own_takes_precedence(
    variants: tuple[Callable[[None, int], Awaitable[int]], ...],
) -> None:
    assert functions(scenario(*variants)) == {
        "value_task": value_task,
        "value_task_native": value_task_native,
        "value_task_checked": value_task,
    }


def test_the_floor_is_called_synchronous_whatever_its_function_is_called() -> None:
    found = functions(scenario(coroutine, synchronous=floor))
    assert found == {"coroutine": coroutine, "synchronous": floor}
