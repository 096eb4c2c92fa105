"""Fields of an object: how many are there, and that one query loads all the others."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.drive import open_driver
from harness.measure.observe import observe
from scenarios import resolve_fields
from scenarios._loader import Loader
from scenarios._users import table_of_users
from scenarios.resolve_fields import counts, objects, open_loader
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

NO_LOADER: Any = None
SHARES = st.integers(0, 100).map(lambda percent: percent / 100)
VARIANTS = pytest.mark.parametrize(
    "variant", resolve_fields.SCENARIO.variants, ids=lambda variant: variant.__name__
)


@contextmanager
def queries(loader: Loader) -> Iterator[list[str]]:
    """Note each query that the loader's database runs."""
    seen: list[str] = []
    loader.connection.set_trace_callback(seen.append)
    yield seen
    loader.connection.set_trace_callback(None)


@given(fields=st.integers(1, 200), plain=SHARES, cached=SHARES)
def test_the_share_is_that_of_the_fields_that_are_plain_or_cached(
    fields: int, plain: float, cached: float
) -> None:
    params = parameters("resolve_fields", fields=fields, plain=plain, cached=cached)
    number_plain, number_there = counts(params)
    assert params.sync_ratio == round(number_there / fields, 4)
    for one in objects(NO_LOADER, params):
        assert sorted(key for key, _ in one) == list(range(1, fields + 1))
        assert [value for _, value in one].count(None) == fields - number_plain
    assert abs(number_plain - plain * fields) <= 0.5
    assert abs(number_there - number_plain - cached * (fields - number_plain)) <= 0.5


def test_the_sweep_has_the_shares_that_others_have() -> None:
    shares = [
        parameters("resolve_fields", plain=plain).sync_ratio
        for plain in resolve_fields.SCENARIO.sweep["plain"]
    ]
    assert shares == [0.5, 0.9, 1]


@pytest.mark.parametrize(("plain", "cached"), [(0, 0), (0, 1), (0.8, 0.5), (1, 0), (0.35, 0.3)])
def test_the_answers_are_the_names_of_the_keys_in_the_order_of_the_fields(
    plain: float, cached: float
) -> None:
    values: dict[str, Any] = {"plain": plain, "cached": cached}
    expected = [
        [f"user {key}" for key, _ in one]
        for one in objects(NO_LOADER, parameters("resolve_fields", **values))
    ]
    for cycle in watch("resolve_fields", "coroutine", "asyncio", **values):
        assert cycle.answers == expected


def test_the_seed_decides_the_order_of_the_fields() -> None:
    def order(seed: int) -> Any:
        return objects(NO_LOADER, parameters("resolve_fields", seed))

    assert order(1) == order(1)
    assert order(1) != order(2)


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize(("plain", "cached"), [(0, 0), (0.8, 0.5), (0.95, 0), (0, 1), (1, 0)])
def test_one_query_loads_what_an_object_lacks(plain: float, cached: float, loop_name: str) -> None:
    skip_unless_there(loop_name)
    params = parameters("resolve_fields", plain=plain, cached=cached)
    loads = 20 - counts(params)[1]
    for variant in variants("resolve_fields", params.sync_ratio):
        with (
            open_driver(SCENARIOS["resolve_fields"], variant, params, loop_name) as driver,
            queries(driver.state) as seen,
        ):
            driver.drive(2)
        assert len(seen) == (2 * len(driver.cycle) if loads else 0)
        assert all(query.partition(" IN ")[2].count(",") == loads - 1 for query in seen)


@pytest.mark.parametrize("plain", [0.8, 1.0])
def test_only_what_is_a_coroutine_or_a_task_makes_tasks(plain: float) -> None:
    params = parameters("resolve_fields", plain=plain)
    for variant in variants("resolve_fields", params.sync_ratio):
        with open_driver(SCENARIOS["resolve_fields"], variant, params, "asyncio") as driver:
            expected = 100 if variant in {"coroutine", "task", "eager_task"} else 0
            assert observe(driver).tasks == expected


@VARIANTS
def test_objects_that_are_resolved_together_are_one_batch(variant: Any) -> None:
    async def resolve_two() -> list[str]:
        async with open_loader(parameters("resolve_fields", plain=0, cached=0)) as loader:

            async def resolve(*keys: int) -> list[str]:
                names: list[str] = await variant(loader, [(key, None) for key in keys])
                return names

            with queries(loader) as seen:
                one, other = await asyncio.gather(resolve(3, 1), resolve(3, 2))
            assert (one, other) == (["user 3", "user 1"], ["user 3", "user 2"])
            return seen

    (query,) = asyncio.run(resolve_two())
    assert query.endswith("IN (3,1,2)")


@VARIANTS
def test_an_object_that_is_given_up_leaves_the_loader_whole(variant: Any) -> None:
    """Whenever that is: before a key was asked for, before the query, before it is answered."""

    async def cancel(turns: int) -> list[str]:
        async with open_loader(parameters("resolve_fields", plain=0, cached=0.5)) as loader:

            async def resolve() -> list[str]:
                names: list[str] = await variant(loader, [(key, None) for key in range(9, 15)])
                return names

            told: list[Any] = []
            asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(what))
            given_up = asyncio.create_task(resolve())
            for _ in range(turns):
                await asyncio.sleep(0)
            given_up.cancel()
            await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()} | {given_up})
            await asyncio.sleep(0)
            assert told == []
            assert not loader.queue
            return await resolve()

    for turns in range(6):
        assert asyncio.run(cancel(turns)) == [f"user {key}" for key in range(9, 15)]


def test_a_cached_row_is_handed_out_again_and_a_loaded_one_is_not_kept() -> None:
    async def ask() -> None:
        with table_of_users(3) as connection:
            loader = Loader(connection, cached=[1])
            assert loader.load(1) is loader.load(1)
            assert await loader.load(1) == "user 1"
            waiting = loader.load(2)
            assert waiting is loader.load(2)
            assert await waiting == "user 2"
            assert waiting is not loader.load(2)
            assert await loader.load(2) == "user 2"

    asyncio.run(ask())


def test_a_query_of_nothing_finds_nothing() -> None:
    async def ask() -> Any:
        with table_of_users(1) as connection:
            return Loader(connection, cached=[]).cache

    assert asyncio.run(ask()) == {}
