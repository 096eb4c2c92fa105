"""The read-through cache: bounded, and the same misses in each cycle."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.drive import open_driver
from scenarios import cache_lookup
from scenarios.cache_lookup import Users, keys
from tests.scenarios.watching import parameters, watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NO_DATABASE: Any = None
RATIOS = st.integers(0, 200).map(lambda steps: steps / 200)


@given(ratio=RATIOS, seed=st.integers(0, 2**32), size=st.integers(1, 10_000))
def test_a_cycle_has_the_share_and_each_cold_row_once(ratio: float, seed: int, size: int) -> None:
    params = parameters("cache_lookup", seed, sync_ratio=ratio, size=size)
    cycle = keys(Users(NO_DATABASE), params)
    warm = [key for key in cycle if key <= size]
    cold = [key for key in cycle if key > size]
    assert len(warm) == pytest.approx(ratio * len(cycle))
    assert len(cold) == len(set(cold)) != 1


@given(ratio=RATIOS, size=st.integers(1, 100))
def test_a_bounded_cache_misses_the_cold_rows_of_each_cycle(ratio: float, size: int) -> None:
    users = Users(NO_DATABASE, {key: (key, "") for key in range(1, size + 2)})
    cycle = keys(users, parameters("cache_lookup", sync_ratio=ratio, size=size))
    for _ in range(3):
        for key in cycle:
            assert (key in users.rows) == (key <= size)
            if key not in users.rows:
                users.keep(users.rows, key, (key, ""))
            assert len(users.rows) == size + 1


@pytest.mark.parametrize("ratio", [0.0, 0.9, 0.99, 0.995, 0.999])
def test_the_answers_are_the_rows_of_the_keys(ratio: float) -> None:
    params = parameters("cache_lookup", sync_ratio=ratio)
    expected = [(key, f"user {key}") for key in keys(Users(NO_DATABASE), params)]
    for cycle in watch("cache_lookup", "coroutine", "asyncio", sync_ratio=ratio):
        assert cycle.answers == expected


@pytest.mark.parametrize(("ratio", "size"), [(0.0001, 64), (1.0, 2000)])
def test_the_table_has_a_row_for_each_key_and_warm_row(ratio: float, size: int) -> None:
    """A share of four digits makes a cycle of 10,000 requests, here nearly all of them cold."""
    params = parameters("cache_lookup", sync_ratio=ratio, size=size)
    with open_driver(cache_lookup.SCENARIO, "coroutine", params, "asyncio") as driver:
        last = max(size + 1, *driver.cycle)
        row = driver.loop.run_until_complete(cache_lookup.query(driver.state, last))
        assert row == (last, f"user {last}")


def test_the_rows_are_in_a_database_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    params = parameters("cache_lookup")
    with open_driver(cache_lookup.SCENARIO, "coroutine", params, "asyncio"):
        (path,) = tmp_path.glob("*/users.sqlite")
        with closing(sqlite3.connect(path)) as connection:
            ((rows,),) = connection.execute("SELECT count(*) FROM users").fetchall()
    assert rows >= 1000
    assert not path.parent.exists()


def test_a_future_that_is_cached_is_handed_out_again() -> None:
    async def ask(variant: Callable[[Users, int], asyncio.Future[Any]]) -> bool:
        async with cache_lookup.open_users(parameters("cache_lookup", size=1)) as users:
            first = variant(users, 50)
            answer = await first
            second = variant(users, 50)
            assert answer == await second == (50, "user 50")
            return second is first

    assert asyncio.run(ask(cache_lookup.cached_future))
    assert not asyncio.run(ask(cache_lookup.ready_future))


def test_the_loop_goes_on_while_a_query_runs() -> None:
    async def turns() -> int:
        async with cache_lookup.open_users(parameters("cache_lookup", size=1)) as users:
            query = asyncio.create_task(cache_lookup.coroutine(users, 50))
            count = 0
            while not query.done():
                count += 1
                await asyncio.sleep(0)
            return count

    assert asyncio.run(turns()) >= 2
