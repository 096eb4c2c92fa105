"""The lock: held by one, handed over in turn, and never lost to a cancellation."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.drive import open_driver
from scenarios import lock_acquire
from scenarios.lock_acquire import Lock
from tests.scenarios.waiting import until_someone_waits
from tests.scenarios.watching import LOOPS, SCENARIOS, parameters, skip_unless_there, watch

if TYPE_CHECKING:
    from collections.abc import Callable

AWAITED = [variant.__name__ for variant in lock_acquire.SCENARIO.variants]
OWN = [v for v in lock_acquire.SCENARIO.variants if v.__name__ != "asyncio_lock"]


@settings(deadline=None, max_examples=30)  # each example opens event loops
@given(seed=st.integers(0, 2**32), twentieths=st.integers(0, 20))
def test_contention_is_the_share_that_waits(seed: int, twentieths: int) -> None:
    for variant in ("coroutine", "cached_future", "value_task", "asyncio_lock"):
        (cycle,) = watch("lock_acquire", variant, "asyncio", 1, seed, contention=twentieths / 20)
        assert cycle.suspensions.count(1) == twentieths
        assert cycle.answers == [True] * 20


@pytest.mark.parametrize("contention", [0.001, 0.3333, 1 / 3])
def test_a_contention_of_more_digits_is_that_of_its_cycle(contention: float) -> None:
    params = parameters("lock_acquire", contention=contention)
    (cycle,) = watch("lock_acquire", "coroutine", "asyncio", 1, contention=contention)
    assert cycle.synchronous_share == pytest.approx(params.sync_ratio, abs=1e-9)


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("variant", AWAITED)
def test_a_cycle_begins_and_ends_with_the_locks_held(variant: str, loop_name: str) -> None:
    skip_unless_there(loop_name)
    params = parameters("lock_acquire", contention=0.5)
    with open_driver(SCENARIOS["lock_acquire"], variant, params, loop_name) as driver:
        for _ in range(3):
            lock = driver.state
            assert lock.held
            assert lock.asyncio_lock.locked()
            assert not lock.waiters
            driver.drive(1)


def test_the_lock_is_handed_over_first_come_first_served() -> None:
    async def order() -> list[int]:
        lock, seen = Lock(), []

        async def hold(number: int) -> None:
            await lock_acquire.coroutine(lock, None)
            seen.append(number)
            await asyncio.sleep(0)
            assert lock.held
            lock.release()

        await asyncio.gather(*(hold(number) for number in range(4)))
        assert not lock.held
        return seen

    assert asyncio.run(order()) == [0, 1, 2, 3]


async def waiting(lock: Lock, variant: Callable[..., Any]) -> asyncio.Task[None]:
    """Return a Task that waits for the lock, which somebody else holds."""

    async def acquire() -> None:
        await variant(lock, None)

    assert lock.take()
    task = asyncio.create_task(acquire())
    await until_someone_waits(lock)
    return task


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("variant", OWN, ids=lambda v: v.__name__)
def test_who_gave_up_waiting_is_passed_over(variant: Callable[..., Any]) -> None:
    async def give_up() -> bool:
        lock = Lock()
        await cancelled(await waiting(lock, variant))
        lock.release()
        return lock.held

    assert not asyncio.run(give_up())


async def held_after_a_cancelled_hand_over(variant: Callable[..., Any]) -> bool:
    lock = Lock()
    task = await waiting(lock, variant)
    lock.release()  # it is the task's now, which has not run yet
    await cancelled(task)
    return lock.held


@pytest.mark.parametrize("variant", [lock_acquire.coroutine, lock_acquire.value_task])
def test_a_lock_handed_to_who_is_cancelled_is_freed(variant: Callable[..., Any]) -> None:
    assert not asyncio.run(held_after_a_cancelled_hand_over(variant))


@pytest.mark.parametrize("variant", [lock_acquire.cached_future, lock_acquire.ready_future])
def test_a_lock_handed_over_by_a_future_stays_held(variant: Callable[..., Any]) -> None:
    """What the scenario's docstring warns of."""
    assert asyncio.run(held_after_a_cancelled_hand_over(variant))


def test_all_who_find_it_free_share_a_kept_future() -> None:
    async def ask(variant: Callable[..., asyncio.Future[bool]]) -> bool:
        lock = Lock()
        first = variant(lock, None)
        second = variant(lock, False)
        assert first.result() is second.result() is True
        return first is second

    assert asyncio.run(ask(lock_acquire.cached_future))
    assert not asyncio.run(ask(lock_acquire.ready_future))
