"""Rows page by page: which one waits, in what order they come, and who is cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.measure.drive import open_driver
from scenarios import async_iterate
from scenarios._users import Pages, Row, table_of_users
from tests.scenarios.watching import LOOPS, SCENARIOS, parameters, skip_unless_there, watch

SINGLE = [
    variant
    for variant in async_iterate.SCENARIO.variants
    if variant is not async_iterate.async_generator
]


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize(
    ("rows", "suspensions"),
    [
        (1, [1] * 20),
        (3, [1, 0, 0] * 7),
        (10, [1, *[0] * 9] * 2),
        (50, [1, *[0] * 49]),
        (0, [0] * 20),
    ],
)
def test_the_first_row_of_a_page_is_waited_for(
    rows: int, suspensions: list[int], loop_name: str
) -> None:
    skip_unless_there(loop_name)
    for variant in ("coroutine", "async_generator"):
        for cycle in watch("async_iterate", variant, loop_name, rows_per_page=rows):
            assert cycle.suspensions == suspensions


@settings(deadline=None, max_examples=25)  # each example opens event loops
@given(rows=st.integers(0, 1000))
def test_the_share_is_that_of_full_pages(rows: int) -> None:
    (cycle,) = watch("async_iterate", "value_task", "asyncio", 1, rows_per_page=rows)
    expected = 1 - 1 / rows if rows else 1
    assert cycle.synchronous_share == pytest.approx(expected)
    assert parameters("async_iterate", rows_per_page=rows).sync_ratio == round(expected, 4)
    assert len(cycle.answers) >= 20
    assert len(cycle.answers) % (rows or 20) == 0


def test_the_sweep_has_the_shares_that_others_have() -> None:
    values = async_iterate.SCENARIO.sweep["rows_per_page"]
    shares = [async_iterate.SCENARIO.share_of({"rows_per_page": value}) for value in values]
    assert shares == [0, 0.9, 1]


@pytest.mark.parametrize("rows", [0, 1, 7, 10])
def test_each_cycle_reads_the_whole_table_in_order(rows: int) -> None:
    for cycle in watch("async_iterate", "coroutine", "asyncio", rows_per_page=rows):
        assert cycle.answers == [(i, f"user {i}") for i in range(1, len(cycle.answers) + 1)]


@given(count=st.integers(1, 30), size=st.integers(1, 40), reads=st.integers(1, 5))
def test_a_table_that_fills_no_whole_number_of_pages_comes_round_too(
    count: int, size: int, reads: int
) -> None:
    seen: list[Row] = []
    with table_of_users(count) as connection:
        pages = Pages(connection, size)
        while len(seen) < count * reads:
            seen += [pages.fetch(), *pages.page]
    assert [row[0] for row in seen] == list(range(1, count + 1)) * reads


def test_a_page_is_read_from_the_database_when_it_is_asked_for() -> None:
    async def names() -> list[str]:
        async with async_iterate.open_cursor(parameters("async_iterate", rows_per_page=10)) as rows:
            first = await async_iterate.coroutine(rows, None)
            rows.cursor.connection.execute("UPDATE users SET name = 'changed'")
            return [name for _, name in [first, *rows.page, rows.fetch(), *rows.page]]

    seen = asyncio.run(names())
    assert seen[:10] == [f"user {i}" for i in range(1, 11)]
    assert seen[11:] == ["changed"] * 9  # sqlite3 reads one row ahead


@pytest.mark.parametrize("loop_name", LOOPS)
def test_a_cycle_ends_with_an_empty_page(loop_name: str) -> None:
    skip_unless_there(loop_name)
    params = parameters("async_iterate", rows_per_page=7)
    for variant in ("value_task", "async_generator"):
        with open_driver(SCENARIOS["async_iterate"], variant, params, loop_name) as driver:
            for cycles in (1, 2, 5):
                driver.drive(cycles)
                assert next(driver.state.page, None) is None


async def cancelled_in_the_wait(variant: Any, cursor: async_iterate.Cursor) -> None:
    async def read() -> Any:
        return await variant(cursor, None)

    waiting = asyncio.create_task(read())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0)


@pytest.mark.parametrize("variant", SINGLE, ids=lambda v: v.__name__)
def test_no_row_is_lost_to_a_reader_that_was_cancelled(variant: Any) -> None:
    async def cancel_and_read() -> list[int]:
        async with async_iterate.open_cursor(parameters("async_iterate", rows_per_page=2)) as rows:
            seen = [await variant(rows, None) for _ in range(2)]
            await cancelled_in_the_wait(variant, rows)
            return [row[0] for row in [*seen, *[await variant(rows, None) for _ in range(3)]]]

    assert asyncio.run(cancel_and_read()) == [1, 2, 3, 4, 5]


def test_an_async_generator_that_was_cancelled_is_over() -> None:
    async def cancel_and_read() -> None:
        async with async_iterate.open_cursor(parameters("async_iterate", rows_per_page=2)) as rows:
            await cancelled_in_the_wait(async_iterate.async_generator, rows)
            with pytest.raises(StopAsyncIteration):
                await async_iterate.async_generator(rows, None)

    asyncio.run(cancel_and_read())


def test_a_row_that_is_read_again_has_the_future_that_was_kept() -> None:
    async def same() -> bool:
        async with async_iterate.open_cursor(parameters("async_iterate", rows_per_page=0)) as rows:
            first, *_, again = [async_iterate.cached_future(rows, None) for _ in range(21)]
            assert await first == (1, "user 1")
            return first is again

    assert asyncio.run(same())


def test_a_negative_page_is_refused() -> None:
    with pytest.raises(InputError, match="rows_per_page=-1: expected an integer from 0 to 1000"):
        parameters("async_iterate", rows_per_page=-1)
