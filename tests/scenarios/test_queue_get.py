"""The channel: who gets which item, and where an item goes whose getter was cancelled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.drive import open_driver
from scenarios import queue_get
from scenarios.queue_get import KINDS, Channel
from tests.scenarios.waiting import until_someone_waits
from tests.scenarios.watching import LOOPS, SCENARIOS, parameters, skip_unless_there, watch

if TYPE_CHECKING:
    from collections.abc import Callable

AWAITED = [variant.__name__ for variant in queue_get.SCENARIO.variants]


@settings(deadline=None, max_examples=30)  # each example opens event loops
@given(seed=st.integers(0, 2**32), twentieths=st.integers(0, 20))
def test_the_share_of_gets_that_find_an_item_is_exact(seed: int, twentieths: int) -> None:
    ratio = twentieths / 20
    for variant in ("coroutine", "cached_future", "value_task", "asyncio_queue"):
        (cycle,) = watch("queue_get", variant, "asyncio", 1, seed, sync_ratio=ratio)
        assert cycle.answers == [i % KINDS for i in range(20)]
        assert cycle.synchronous_share == ratio


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("variant", AWAITED)
def test_a_cycle_ends_with_no_item_and_nobody_waiting(variant: str, loop_name: str) -> None:
    skip_unless_there(loop_name)
    params = parameters("queue_get", sync_ratio=0.5)
    with open_driver(SCENARIOS["queue_get"], variant, params, loop_name) as driver:
        driver.drive(3)
        channel = driver.state
        assert not channel.items
        assert not channel.waiters
        assert channel.queue.empty()


def test_those_who_wait_are_served_first_come_first_served() -> None:
    async def serve() -> list[int]:
        channel = Channel()
        waiting = [asyncio.create_task(queue_get.coroutine(channel, None)) for _ in range(3)]
        await asyncio.sleep(0)
        for item in (5, 6, 7):
            channel.put_nowait(item)
        return await asyncio.gather(*waiting)

    assert asyncio.run(serve()) == [5, 6, 7]


@pytest.mark.parametrize(
    "variant", [v for v in queue_get.SCENARIO.variants if v.__name__ != "asyncio_queue"]
)
def test_an_item_whose_getter_gave_up_goes_to_the_next(variant: Callable[..., Any]) -> None:
    async def give_up() -> int:
        channel = Channel()

        async def get() -> int:
            answer: int = await variant(channel, (3, False))
            return answer

        getting = asyncio.create_task(get())
        await until_someone_waits(channel)
        getting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await getting
        return await asyncio.wait_for(queue_get.coroutine(channel, None), 5)

    assert asyncio.run(give_up()) == 3


async def handed_over_and_cancelled(variant: Callable[..., Any]) -> Channel:
    """Cancel a getter in the very turn in which it is given the item 3, before 4 and 5 come."""
    channel = Channel()

    async def get() -> None:
        await variant(channel, None)

    getting = asyncio.create_task(get())
    await until_someone_waits(channel)
    for item in (3, 4, 5):
        channel.put_nowait(item)
    getting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await getting
    return channel


@pytest.mark.parametrize("variant", [queue_get.coroutine, queue_get.value_task])
def test_an_item_given_to_a_cancelled_getter_goes_back_to_the_front(
    variant: Callable[..., Any],
) -> None:
    channel = asyncio.run(handed_over_and_cancelled(variant))
    assert list(channel.items) == [3, 4, 5]


@pytest.mark.parametrize("variant", [queue_get.cached_future, queue_get.ready_future])
def test_a_future_that_was_handed_out_takes_its_item_with_it(variant: Callable[..., Any]) -> None:
    """What the scenario's docstring warns of."""
    channel = asyncio.run(handed_over_and_cancelled(variant))
    assert list(channel.items) == [4, 5]


def test_items_of_one_kind_share_a_kept_future() -> None:
    async def ask(variant: Callable[..., asyncio.Future[int]]) -> bool:
        channel = Channel()
        first, other, again = (variant(channel, (item, True)) for item in (1, 2, 1))
        assert [first.result(), other.result(), again.result()] == [1, 2, 1]
        return first is again is not other

    assert asyncio.run(ask(queue_get.cached_future))
    assert not asyncio.run(ask(queue_get.ready_future))
