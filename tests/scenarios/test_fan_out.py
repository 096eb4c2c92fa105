"""The fan-out: which leaves wait, what a gather makes of them, and what a wait leaves behind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.drive import open_driver
from harness.measure.observe import observe
from harness.strategy import functions
from harness.valuetask import ValueTask
from scenarios import fan_out
from scenarios.fan_out import Members, fetch, pages
from tests.scenarios.watching import (
    SCENARIOS,
    Suspending,
    one_cycle,
    parameters,
    variants,
    watch,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scenarios.fan_out import Page

NOBODY = Members([], {}, {})
RATIOS = st.integers(0, 200).map(lambda steps: steps / 200)


@settings(deadline=None)  # a page of 757 and a share of three digits make 151,400 leaves
@given(ratio=RATIOS, leaves=st.integers(1, 1000), seed=st.integers(0, 2**32))
def test_exactly_the_share_of_all_leaves_is_cached(ratio: float, leaves: int, seed: int) -> None:
    cycle = pages(NOBODY, parameters("fan_out", seed, sync_ratio=ratio, leaves=leaves))
    keys = [key for page in cycle for key in page]
    cached = sum(key < leaves for key in keys)
    assert cached == pytest.approx(ratio * len(keys), abs=1e-6)
    assert {len(page) for page in cycle} == {len(set(page)) for page in cycle} == {leaves}
    assert max(keys) < 2 * leaves


def test_a_cycle_is_one_page_where_a_page_can_have_the_share() -> None:
    for ratio, leaves, length in [(0.9, 20, 1), (1.0, 1000, 1), (0.9, 3, 20), (0.99, 20, 5)]:
        params = parameters("fan_out", sync_ratio=ratio, leaves=leaves)
        assert len(pages(NOBODY, params)) == length


class Leaves:
    """Notes of each leaf that a variant asks for whether its answer was there at once."""

    def __init__(self) -> None:
        self.there: list[bool] = []

    async def fetch(self, members: Members, key: int) -> str:
        awaited = Suspending(fetch(members, key))
        name: str = await awaited
        self.there.append(awaited.count == 0)
        return name

    def gathering(self, gather: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*awaitables: Any) -> Any:
            self.there += [each.done() for each in awaitables]
            return gather(*awaitables)

        return noting


@pytest.mark.parametrize("ratio", [0.0, 0.25, 0.9, 1.0])
@pytest.mark.parametrize("leaves", [1, 3, 20])
@pytest.mark.parametrize("variant", [*variants("fan_out", 0.9)])
def test_exactly_the_share_of_the_leaves_completes_without_suspending(
    variant: str, leaves: int, ratio: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = parameters("fan_out", sync_ratio=ratio, leaves=leaves)
    seen = Leaves()
    # What is replaced is put back before the driver ends, which puts back what it swapped itself.
    with (
        open_driver(SCENARIOS["fan_out"], variant, params, "asyncio") as driver,
        monkeypatch.context() as replaced,
    ):
        if variant == "cached_future":
            replaced.setattr(asyncio, "gather", seen.gathering(asyncio.gather))
        elif variant.startswith("value_task"):
            replaced.setattr(fan_out, "gather", seen.gathering(vars(fan_out)["gather"]))
        else:
            replaced.setattr(fan_out, "fetch", seen.fetch)
        driver.loop.run_until_complete(one_cycle(driver))
    assert len(seen.there) == len(driver.cycle) * leaves
    assert sum(seen.there) == pytest.approx(ratio * len(seen.there))


@pytest.mark.parametrize("variant", variants("fan_out", 0.9))
def test_two_leaves_that_wait_suspend_a_page_once_unless_it_is_a_loop(variant: str) -> None:
    for cycle in watch("fan_out", variant, "asyncio", sync_ratio=0.9):
        assert cycle.suspensions == [2 if variant == "sequential" else 1]


@pytest.mark.parametrize("ratio", [0.0, 0.9, 1.0])
@pytest.mark.parametrize("variant", variants("fan_out", 0.9))
def test_tasks_are_made_for_all_leaves_for_those_that_wait_or_for_none(
    variant: str, ratio: float
) -> None:
    params = parameters("fan_out", sync_ratio=ratio)
    with open_driver(SCENARIOS["fan_out"], variant, params, "asyncio") as driver:
        tasks = observe(driver).tasks
    if variant in ("cached_future", "sequential"):
        assert tasks == 0
    elif variant.startswith("value_task"):
        assert tasks == round(20 * (1 - ratio))
    else:
        assert tasks == 20


@pytest.mark.parametrize(
    "variant", ["coroutine", "task", "cached_future", "value_task", "sequential"]
)
def test_a_fan_out_that_is_cancelled_leaves_the_members_whole(variant: str) -> None:
    function: Callable[[Members, Page], Awaitable[list[str]]] = functions(fan_out.SCENARIO)[variant]
    params = parameters("fan_out", sync_ratio=0.5)

    async def cancel() -> list[str]:
        told: list[str] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: told.append(context["message"])
        )
        async with fan_out.open_members(params) as members:
            (page,) = pages(members, params)

            async def ask() -> list[str]:
                return await function(members, page)

            asking = asyncio.create_task(ask())
            await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            for _ in range(3):
                await asyncio.sleep(0)
            assert await ask() == [f"member {key}" for key in page]
        return told

    assert asyncio.run(cancel()) == []


def test_what_is_all_there_needs_no_loop() -> None:
    (page,) = pages(NOBODY, parameters("fan_out", sync_ratio=1.0))
    names = {key: f"member {key}" for key in page}
    answer = fan_out.value_task(Members([], names, {}), page)
    assert isinstance(answer, ValueTask)
    assert answer.result() == [f"member {key}" for key in page]
