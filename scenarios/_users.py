"""A table of users in a real SQLite database, in memory or in a file, and a cursor over it."""

import asyncio
import itertools
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager

import aiosqlite

Row = tuple[int, str]


CREATE = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)"
INSERT = "INSERT INTO users VALUES (?, ?)"


def users(count: int) -> Iterator[Row]:
    """Yield users 1 to *count*."""
    return ((number, f"user {number}") for number in range(1, count + 1))


@contextmanager
def table_of_users(count: int) -> Iterator[sqlite3.Connection]:
    """Write users 1 to *count* to a new database in memory; it is closed at the end."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(CREATE)
        connection.executemany(INSERT, users(count))
        connection.commit()
        yield connection


@asynccontextmanager
async def file_of_users(count: int) -> AsyncIterator[aiosqlite.Connection]:
    """Write them to a new database in a temporary file, which aiosqlite queries on a thread."""
    with tempfile.TemporaryDirectory(prefix="awaitbench-") as folder:
        async with aiosqlite.connect(f"{folder}/users.sqlite") as database:
            await database.execute(CREATE)
            await database.executemany(INSERT, users(count))
            await database.commit()
            yield database


class Pages:
    """A query for all users, and the page of rows that is at hand; size 0: all of them for ever."""

    QUERY = "SELECT id, name FROM users ORDER BY id"

    def __init__(self, connection: sqlite3.Connection, size: int) -> None:
        self.cursor = connection.execute(self.QUERY)
        self.size = size
        self.page: Iterator[Row] = iter(()) if size else itertools.cycle(self.cursor.fetchall())

    def fetch(self) -> Row:
        """Fetch the next page, after the last one the first, and return its first row."""
        rows = self.cursor.fetchmany(self.size)
        self.page = iter(rows or self.cursor.execute(self.QUERY).fetchmany(self.size))
        return next(self.page)

    def fetch_later(self) -> asyncio.Future[Row]:
        """Return a future of ``fetch``, which runs in the loop's next turn, unless cancelled."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Row] = loop.create_future()
        loop.call_soon(self._complete, future)
        return future

    def _complete(self, future: asyncio.Future[Row]) -> None:
        if not future.done():
            future.set_result(self.fetch())
