"""Rows of a query, one after the other: most are in the page at hand, for some one is fetched.

It is ``__anext__`` of a cursor: asyncpg/cursor.py (CursorIterator, 50 rows a page), pymongo's
asynchronous/cursor.py (AsyncCursor.next), aiosqlite/cursor.py (Cursor._fetch_chunked, an async
generator). One of ``rows_per_page`` rows waits: ten make a ``sync_ratio`` of 0.9; 0 means all
rows, fetched before the first is asked for. After the last row the query runs again. The cursor
is a real one of SQLite; a turn of the loop stands for the way to a server, as a thread's wake-ups
differ. ``cached_future`` keeps a future per row, as an identity map keeps its objects.

What it means: fetch more rows at once before you think of the strategy: with 10 rows a page
instead of 1, a row takes a fraction of the time, unless it gets a Task, which is always wrong. A
coroutine for ``__anext__`` allocates one object for each row; a native ValueTask saves that where
the row is there, a pure one does not. An async generator costs little more where it has to
fetch; but cancelled in a wait it is over, where ``__anext__`` can be called again.
"""

import asyncio
import math
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing, asynccontextmanager

from harness import Parameter, Params, Scenario, ValueTask, main
from harness import value_task as as_value_task
from scenarios._futures import completed
from scenarios._users import Pages, Row, table_of_users


class Cursor(Pages):
    """The pages of a query; a future that is kept for each row, and a generator of the rows."""

    def __init__(self, connection: sqlite3.Connection, rows_per_page: int) -> None:
        super().__init__(connection, rows_per_page)
        self.kept = {row[0]: completed(row) for row in connection.execute(self.QUERY)}
        self.rows = all_rows(self)


async def coroutine(cursor: Cursor, _: None) -> Row:
    """Return the next row of the page, or wait for another page."""
    row = next(cursor.page, None)
    if row is None:
        await asyncio.sleep(0)
        return cursor.fetch()
    return row


def task(cursor: Cursor, _: None) -> asyncio.Task[Row]:
    """Start a Task for each row."""
    return asyncio.create_task(coroutine(cursor, None))


def cached_future(cursor: Cursor, _: None) -> asyncio.Future[Row]:
    """Hand out the future that is kept for this row."""
    row = next(cursor.page, None)
    return cursor.fetch_later() if row is None else cursor.kept[row[0]]


def ready_future(cursor: Cursor, _: None) -> asyncio.Future[Row]:
    """Make a completed future for each row."""
    row = next(cursor.page, None)
    return cursor.fetch_later() if row is None else completed(row)


def value_task(cursor: Cursor, _: None) -> ValueTask[Row]:
    """Wrap the next row, or else the coroutine's body where it suspended."""
    row = next(cursor.page, None)
    return suspended(cursor, None) if row is None else ValueTask(row)


def synchronous(cursor: Cursor, _: None) -> Row:
    """Return the next row; no plain call can wait for the loop."""
    return next(cursor.page)


def async_generator(cursor: Cursor, _: None) -> Awaitable[Row]:
    """Take a step of the generator: ``async for`` over it does the same."""
    return anext(cursor.rows)


async def all_rows(cursor: Cursor) -> AsyncGenerator[Row, None]:
    """Yield the rows of one page after the other."""
    while True:
        for row in cursor.page:
            yield row
        await asyncio.sleep(0)
        yield cursor.fetch()


suspended = as_value_task(coroutine)


@asynccontextmanager
async def open_cursor(params: Params) -> AsyncIterator[Cursor]:
    """Run the query over as many rows as a cycle asks for."""
    with table_of_users(len(cycle(None, params))) as connection:
        cursor = Cursor(connection, params.rows_per_page)
        async with aclosing(cursor.rows):
            yield cursor


def cycle(_: object, params: Params) -> list[None]:
    """Return requests for full pages, of 20 rows or more in all."""
    return [None] * (params.rows_per_page or 1) * math.ceil(20 / (params.rows_per_page or 1))


SCENARIO = Scenario[Cursor, None, Row](
    title="Rows of a cursor, page by page",
    setup=open_cursor,
    requests=cycle,
    variants=(coroutine, task, cached_future, ready_future, value_task, async_generator),
    synchronous=synchronous,
    parameters={"rows_per_page": Parameter(10, 0, 1000, "rows fetched at once; 0: all of them")},
    sweep={"rows_per_page": (1, 10, 0)},
    sync_ratio=lambda params: 1 - 1 / params.rows_per_page if params.rows_per_page else 1.0,
)

if __name__ == "__main__":
    main(SCENARIO)
