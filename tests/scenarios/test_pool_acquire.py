"""The pool: as many connections as it says, each lent to one, all closed at the end."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.drive import open_driver
from scenarios import pool_acquire
from scenarios.pool_acquire import Pool, open_pool
from tests.scenarios.waiting import until_someone_waits
from tests.scenarios.watching import LOOPS, SCENARIOS, parameters, skip_unless_there, watch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

AWAITED = [variant.__name__ for variant in pool_acquire.SCENARIO.variants]


@settings(deadline=None, max_examples=20)  # each example opens event loops and connections
@given(borrowers=st.integers(1, 40), data=st.data())
def test_the_first_borrowers_find_a_connection_and_the_others_wait(
    borrowers: int, data: st.DataObject
) -> None:
    connections = data.draw(st.integers(1, borrowers))
    values: dict[str, Any] = {
        "connections_per_borrower": connections / borrowers,
        "borrowers": borrowers,
    }
    for variant in ("coroutine", "cached_future", "value_task"):
        for cycle in watch("pool_acquire", variant, "asyncio", 2, **values):
            assert cycle.suspensions == [0] * connections + [1] * (borrowers - connections)
            assert cycle.answers == [i % connections for i in range(borrowers)]


@pytest.mark.parametrize(
    ("per_borrower", "borrowers", "connections"),
    [(0.0, 20, 1), (0.01, 20, 1), (0.33, 20, 7), (0.9, 7, 6), (1.0, 1, 1), (1.0, 200, 200)],
)
def test_the_share_follows_the_whole_number_of_connections(
    per_borrower: float, borrowers: int, connections: int
) -> None:
    values: dict[str, Any] = {"connections_per_borrower": per_borrower, "borrowers": borrowers}
    params = parameters("pool_acquire", **values)
    assert params.sync_ratio == pytest.approx(connections / borrowers, abs=1e-4)
    with open_driver(SCENARIOS["pool_acquire"], "coroutine", params, "asyncio") as driver:
        assert len(driver.state.connections) == connections


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("variant", AWAITED)
@pytest.mark.parametrize("per_borrower", [0.05, 0.9, 1.0])
def test_a_burst_ends_with_each_connection_lent_once(
    per_borrower: float, variant: str, loop_name: str
) -> None:
    skip_unless_there(loop_name)
    params = parameters("pool_acquire", connections_per_borrower=per_borrower)
    with open_driver(SCENARIOS["pool_acquire"], variant, params, loop_name) as driver:
        driver.drive(3)
        assert not driver.state.items
        assert not driver.state.waiters


def test_the_connections_are_to_a_database_and_are_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with open_driver(
        SCENARIOS["pool_acquire"], "coroutine", parameters("pool_acquire"), "asyncio"
    ) as driver:
        one, other = driver.state.connections[:2]
        one.execute("CREATE TABLE seen (by TEXT)")
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("seen",)]
        assert list(tmp_path.glob("*/pool.sqlite"))
    for connection in (one, other):
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def in_a_pool_of_one(use: Callable[[Pool], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with open_pool(parameters("pool_acquire", borrowers=1)) as pool:
            return await use(pool)

    return asyncio.run(run())


def test_a_connection_is_reset_before_it_is_lent_again() -> None:
    async def use(pool: Pool) -> tuple[bool, bool]:
        number = await pool_acquire.coroutine(pool, None)
        connection = pool.connections[number]
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES (1)")
        before = connection.in_transaction
        pool.give_back(number)
        return before, connection.in_transaction

    assert in_a_pool_of_one(use) == (True, False)


async def free_after_a_cancellation(
    pool: Pool, variant: Callable[..., Any], *, handed_over: bool
) -> list[int]:
    """Return what is free when who waited for the only connection has been cancelled."""

    async def borrow() -> None:
        await variant(pool, None)

    number = await pool_acquire.coroutine(pool, None)
    borrowing = asyncio.create_task(borrow())
    await until_someone_waits(pool)
    if handed_over:
        pool.give_back(number)
    borrowing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await borrowing
    if not handed_over:
        pool.give_back(number)
    return list(pool.items)


@pytest.mark.parametrize("variant", pool_acquire.SCENARIO.variants, ids=lambda v: v.__name__)
def test_who_gave_up_waiting_is_passed_over(variant: Callable[..., Any]) -> None:
    assert in_a_pool_of_one(
        lambda pool: free_after_a_cancellation(pool, variant, handed_over=False)
    ) == [0]


@pytest.mark.parametrize("variant", [pool_acquire.coroutine, pool_acquire.value_task])
def test_a_connection_lent_to_who_is_cancelled_is_free_again(variant: Callable[..., Any]) -> None:
    assert in_a_pool_of_one(
        lambda pool: free_after_a_cancellation(pool, variant, handed_over=True)
    ) == [0]


@pytest.mark.parametrize("variant", [pool_acquire.cached_future, pool_acquire.ready_future])
def test_a_connection_lent_by_a_future_is_lost(variant: Callable[..., Any]) -> None:
    """What the scenario's docstring warns of."""
    free = in_a_pool_of_one(lambda pool: free_after_a_cancellation(pool, variant, handed_over=True))
    assert free == []


def test_a_connection_is_lent_by_the_future_that_is_kept_for_it() -> None:
    async def use(pool: Pool) -> bool:
        first = pool_acquire.cached_future(pool, None)  # type: ignore[arg-type]
        pool.give_back(first.result())
        return pool_acquire.cached_future(pool, None) is first  # type: ignore[arg-type]

    assert in_a_pool_of_one(use)
