"""The leaky bucket: what a burst finds, what leaks in a pause, and who is let in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.drive import open_driver
from scenarios import rate_limit
from scenarios.rate_limit import Bucket
from tests.scenarios.waiting import until_someone_waits
from tests.scenarios.watching import LOOPS, SCENARIOS, parameters, skip_unless_there, watch

if TYPE_CHECKING:
    from collections.abc import Callable

AWAITED = [variant.__name__ for variant in rate_limit.SCENARIO.variants]


@settings(deadline=None, max_examples=20)  # each example opens event loops
@given(capacity=st.integers(1, 50), burst=st.integers(1, 50))
def test_of_each_burst_the_capacity_passes_at_once(capacity: int, burst: int) -> None:
    values = {"capacity": capacity, "burst": burst}
    passing = min(capacity, burst)
    assert parameters("rate_limit", **values).sync_ratio == pytest.approx(passing / burst, abs=1e-4)
    for variant in ("coroutine", "cached_future", "value_task"):
        for cycle in watch("rate_limit", variant, "asyncio", 3, **values):
            assert cycle.suspensions == [0] * passing + [1] * (burst - passing)
            left = [capacity - i for i in range(1, passing + 1)]
            assert cycle.answers == left + [0] * (burst - passing)


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("variant", AWAITED)
def test_a_burst_ends_with_nobody_waiting_and_the_bucket_as_full(
    variant: str, loop_name: str
) -> None:
    skip_unless_there(loop_name)
    params = parameters("rate_limit", capacity=5)
    with open_driver(SCENARIOS["rate_limit"], variant, params, loop_name) as driver:
        for _ in range(3):
            driver.drive(1)
            assert driver.state.level == 5
            assert not driver.state.waiters


@given(gaps=st.lists(st.floats(0, 5), max_size=50), capacity=st.integers(1, 9))
def test_no_more_pass_than_the_capacity_and_what_leaks(gaps: list[float], capacity: int) -> None:
    """The promise of a leaky bucket, over any stretch of time that begins with it empty."""

    async def pour() -> None:
        bucket, passed, elapsed = Bucket(capacity), 0, 0.0
        for gap in gaps:
            elapsed += gap
            passed += bucket.pour(gap) >= 0
            assert 0 <= bucket.level <= capacity
            assert passed <= capacity + elapsed + 1e-6

    asyncio.run(pour())


def test_those_who_wait_are_let_in_first_come_first_served() -> None:
    async def order() -> list[int]:
        bucket, seen = Bucket(1), []
        assert bucket.pour(0.0) == 0

        async def pass_through(number: int) -> None:
            await rate_limit.coroutine(bucket, 0.0)
            seen.append(number)

        await asyncio.gather(*(pass_through(number) for number in range(4)))
        return seen

    assert asyncio.run(order()) == [0, 1, 2, 3]


async def level_after_a_cancellation(
    variant: Callable[..., Any], *, let_in: bool, leaked: int = 0
) -> float:
    """Return how full a bucket of 1 is when who waited for room has been cancelled."""
    bucket = Bucket(1)
    assert bucket.pour(0.0) == 0

    async def pass_through() -> None:
        await variant(bucket, 0.0)

    passing = asyncio.create_task(pass_through())
    await until_someone_waits(bucket)
    if let_in:
        await asyncio.sleep(0)  # the turn that stands for a second
        assert not bucket.waiters
        assert bucket.level == 1
        for _ in range(leaked):
            bucket.tick()
    passing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await passing
    if not let_in:
        bucket.tick()
    return bucket.level


@pytest.mark.parametrize("variant", rate_limit.SCENARIO.variants, ids=lambda v: v.__name__)
def test_who_gave_up_waiting_takes_no_room(variant: Callable[..., Any]) -> None:
    assert asyncio.run(level_after_a_cancellation(variant, let_in=False)) == 0


@pytest.mark.parametrize("leaked", [0, 1, 2])
@pytest.mark.parametrize("variant", [rate_limit.coroutine, rate_limit.value_task])
def test_who_is_let_in_and_cancelled_gives_the_room_back_unless_it_leaked(
    variant: Callable[..., Any], leaked: int
) -> None:
    assert asyncio.run(level_after_a_cancellation(variant, let_in=True, leaked=leaked)) == 0


def test_the_same_number_left_is_the_same_kept_future() -> None:
    async def ask(variant: Callable[..., asyncio.Future[int]]) -> bool:
        bucket = Bucket(2)
        first = variant(bucket, 0.0)
        second = variant(bucket, 1.0)
        assert first.result() == second.result() == 1
        return first is second

    assert asyncio.run(ask(rate_limit.cached_future))
    assert not asyncio.run(ask(rate_limit.ready_future))
