"""Work that is usually done already: its pattern, its delay, and who is cancelled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios import do_work
from scenarios.do_work import Work, Worker
from tests.scenarios.watching import watch

if TYPE_CHECKING:
    from collections.abc import Callable

UNFINISHED = Work(done=False, result=7, finished=None)


@settings(deadline=None, max_examples=50)  # each example opens event loops
@given(seed=st.integers(0, 2**32), twentieths=st.integers(0, 20))
def test_the_share_is_exact_for_every_seed_and_ratio(seed: int, twentieths: int) -> None:
    ratio = twentieths / 20
    for variant in ("coroutine", "cached_future", "ready_future", "value_task"):
        (cycle,) = watch("do_work", variant, "asyncio", cycles=1, seed=seed, sync_ratio=ratio)
        assert cycle.answers == list(range(20))
        assert cycle.synchronous_share == ratio


def test_the_seed_decides_which_work_is_done() -> None:
    def order(seed: int) -> list[int]:
        (cycle,) = watch("do_work", "coroutine", "asyncio", 1, seed, sync_ratio=0.5)
        return cycle.suspensions

    assert order(1) == order(1)
    assert order(1) != order(2)


@pytest.mark.parametrize("variant", do_work.SCENARIO.variants, ids=lambda v: v.__name__)
def test_unfinished_work_takes_the_delay(variant: Callable[..., Any]) -> None:
    async def seconds() -> float:
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert await variant(Worker(loop, 0.02), UNFINISHED) == 7
        return loop.time() - start

    # A loop may call back a clock's tick early.
    assert asyncio.run(seconds()) > 0.019


@pytest.mark.parametrize("delay", [0.0, 0.001])
@pytest.mark.parametrize("variant", [do_work.cached_future, do_work.ready_future])
def test_a_future_that_was_cancelled_is_not_completed(
    variant: Callable[[Worker, Work], asyncio.Future[int]], delay: float
) -> None:
    async def cancel() -> list[str]:
        loop = asyncio.get_running_loop()
        told: list[str] = []
        loop.set_exception_handler(lambda _, context: told.append(context["message"]))
        future = variant(Worker(loop, delay), UNFINISHED)
        future.cancel()
        await asyncio.sleep(0.005)
        assert future.cancelled()
        return told

    assert asyncio.run(cancel()) == []


def test_a_kept_future_is_handed_out_again() -> None:
    async def ask_twice() -> bool:
        worker = Worker(asyncio.get_running_loop(), 0.0)
        finished: asyncio.Future[int] = worker.loop.create_future()
        finished.set_result(7)
        work = Work(done=True, result=7, finished=finished)
        new = do_work.ready_future(worker, work) is do_work.ready_future(worker, work)
        return do_work.cached_future(worker, work) is finished and not new

    assert asyncio.run(ask_twice())


def test_the_plain_call_blocks_for_unfinished_work() -> None:
    loop = asyncio.new_event_loop()
    start = loop.time()
    assert do_work.synchronous(Worker(loop, 0.02), UNFINISHED) == 7
    assert loop.time() - start > 0.019
    loop.close()
