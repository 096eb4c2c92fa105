"""The chain of layers: how deep it is, and that each request leaves every layer again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.drive import open_driver
from harness.measure.observe import observe
from scenarios import deep_chain
from scenarios._layers import Layer, layers
from scenarios.do_work import Work
from tests.scenarios.watching import (
    LOOPS,
    SCENARIOS,
    parameters,
    skip_unless_there,
    variants,
    watch,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

UNFINISHED = Work(done=False, result=7, finished=None)
VARIANTS = pytest.mark.parametrize(
    "variant", deep_chain.SCENARIO.variants, ids=lambda variant: variant.__name__
)


def each(layer: Layer | None) -> Iterator[Layer]:
    while layer is not None:
        yield layer
        layer = layer.inner


def inside(layer: Layer) -> list[int]:
    return [each_layer.inside for each_layer in each(layer)]


@settings(deadline=None, max_examples=25)  # each example opens event loops
@given(seed=st.integers(0, 2**32), twentieths=st.integers(0, 20), depth=st.integers(1, 30))
def test_neither_depth_nor_seed_changes_the_share(seed: int, twentieths: int, depth: int) -> None:
    values = {"sync_ratio": twentieths / 20, "depth": depth}
    for variant in ("coroutine", "cached_future", "value_task"):
        (cycle,) = watch("deep_chain", variant, "asyncio", 1, seed, **values)
        assert cycle.answers == list(range(20))
        assert cycle.synchronous_share == twentieths / 20


@pytest.mark.parametrize("depth", [1, 5, 100])
@pytest.mark.parametrize("loop_name", LOOPS)
def test_a_task_is_started_in_each_layer(depth: int, loop_name: str) -> None:
    skip_unless_there(loop_name)
    params = parameters("deep_chain", sync_ratio=0.5, depth=depth)
    for variant in {"task", "eager_task"} & set(variants("deep_chain", 0.5)):
        with open_driver(SCENARIOS["deep_chain"], variant, params, loop_name) as driver:
            assert observe(driver).tasks == 20 * depth


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("ratio", [0.5, 1.0])
def test_every_request_has_left_every_layer_when_it_is_answered(
    ratio: float, loop_name: str
) -> None:
    skip_unless_there(loop_name)
    params = parameters("deep_chain", sync_ratio=ratio, depth=6)
    for variant in variants("deep_chain", ratio):
        with open_driver(SCENARIOS["deep_chain"], variant, params, loop_name) as driver:
            driver.drive(3)
            assert inside(driver.state) == [0] * 6


@VARIANTS
def test_a_request_that_waits_is_inside_every_layer(variant: Any) -> None:
    async def watch_it_wait() -> tuple[list[int], int, list[int]]:
        layer = layers(4)

        async def ask() -> int:
            answer: int = await variant(layer, UNFINISHED)
            return answer

        asking = asyncio.create_task(ask())
        most = [0] * 4
        while not asking.done():
            await asyncio.sleep(0)
            most = list(map(max, most, inside(layer)))
        return most, await asking, inside(layer)

    assert asyncio.run(watch_it_wait()) == ([1] * 4, 7, [0] * 4)


@VARIANTS
def test_a_request_that_is_cancelled_leaves_every_layer(variant: Any) -> None:
    """Whenever it happens: before the first layer, between two of them, in the handler."""

    async def cancel(turns: int) -> list[int]:
        layer = layers(4)

        async def ask() -> int:
            answer: int = await variant(layer, UNFINISHED)
            return answer

        asking = asyncio.create_task(ask())
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()} | {asking})
        await asyncio.sleep(0)  # what a future calls back when it is cancelled
        return inside(layer)

    for turns in range(8):
        assert asyncio.run(cancel(turns)) == [0] * 4


def test_layers_hand_up_the_very_object_that_is_done() -> None:
    async def hand_up() -> None:
        layer = layers(3)
        finished: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        finished.set_result(7)
        work = Work(done=True, result=7, finished=finished)
        assert deep_chain.cached_future(layer, work) is finished
        assert deep_chain.value_task(layer, work).result() == 7

    asyncio.run(hand_up())


def test_the_layers_are_as_many_as_was_asked_for() -> None:
    async def lengths() -> list[int]:
        return [len(list(each(layers(depth)))) for depth in (1, 5, 100)]

    assert asyncio.run(lengths()) == [1, 5, 100]
