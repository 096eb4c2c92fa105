"""A read-through cache in front of a database: a hit answers at once, a miss runs a query.

So do functions under ``alru_cache`` (async_lru/__init__.py: _LRUCacheWrapper, which keeps Tasks)
and ``cached`` (aiocache/decorators.py), and host names in aiohttp/connector.py (TCPConnector.
_resolve_host). The database is a real SQLite file, which aiosqlite queries on a thread. The cache
is bounded: ``size`` warm rows, which stay, and the last that a miss loaded.

What it means: while a call in ten misses, the queries outweigh any strategy but a Task for each
call. The fewer miss, the more it matters: where all hit, that takes tens of times as long as a
coroutine, a new future several times. Keep rows behind an ``async def``, or the Task of a query,
which costs a miss more, but all who ask share it. A native ValueTask saves a hit's allocation.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import aiosqlite

from harness import Parameter, Params, Scenario, ValueTask, main, sync_pattern
from harness import value_task as as_value_task
from scenarios._users import Row, file_of_users

Entry = TypeVar("Entry", Row, asyncio.Future[Row])


@dataclass(frozen=True, slots=True)
class Users:
    """A table and its cache: of rows, or of futures for the variant that caches those."""

    database: aiosqlite.Connection
    rows: dict[int, Row] = field(default_factory=dict)
    futures: dict[int, asyncio.Future[Row]] = field(default_factory=dict)

    def keep(self, cache: dict[int, Entry], key: int, entry: Entry) -> Entry:
        """Cache *entry* in the place of the newest one; those before it are warm, and stay."""
        cache.popitem()
        cache[key] = entry
        return entry


async def coroutine(users: Users, key: int) -> Row:
    """Return the cached row, or load it and cache it."""
    row = users.rows.get(key)
    return users.keep(users.rows, key, await query(users, key)) if row is None else row


def task(users: Users, key: int) -> asyncio.Task[Row]:
    """Start a Task, hit or miss."""
    return asyncio.create_task(coroutine(users, key))


def cached_future(users: Users, key: int) -> asyncio.Future[Row]:
    """Return the cached future, or cache the Task of a query; a library drops one that fails."""
    if (future := users.futures.get(key)) is not None:
        return future
    return users.keep(users.futures, key, asyncio.create_task(query(users, key)))


def ready_future(users: Users, key: int) -> asyncio.Future[Row]:
    """Make a completed future for a hit, a Task for a miss: the future of a coroutine."""
    row = users.rows.get(key)
    if row is None:
        return asyncio.create_task(coroutine(users, key))
    future: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
    future.set_result(row)
    return future


def value_task(users: Users, key: int) -> ValueTask[Row]:
    """Wrap the row of a hit, or else the coroutine's body where it suspended."""
    row = users.rows.get(key)
    return suspended(users, key) if row is None else ValueTask(row)


def synchronous(users: Users, key: int) -> Row:
    """Return the cached row; no plain call can wait for aiosqlite."""
    return users.rows[key]


async def query(users: Users, key: int) -> Row:
    """Read one row: one hop to the database's thread and back."""
    (row,) = await users.database.execute_fetchall("SELECT * FROM users WHERE id = ?", (key,))
    return tuple(row)


@asynccontextmanager
async def open_users(params: Params) -> AsyncIterator[Users]:
    """Write the table to a temporary file, and fill the cache with its first rows."""
    async with file_of_users(999 + params.size + len(sync_pattern(params))) as database:
        users = Users(database)
        for key in range(1, params.size + 2):
            users.futures[key] = asyncio.create_task(query(users, key))
            users.rows[key] = await users.futures[key]
        yield users


def keys(_: Users, params: Params) -> list[int]:
    """Return one cycle: two misses or more, so that each finds another one's row cached."""
    flags = sync_pattern(params)
    warm, cold = itertools.cycle(range(1, params.size + 1)), itertools.count(params.size + 2)
    return [next(warm if hit else cold) for hit in flags * (2 if flags.count(False) == 1 else 1)]


suspended = as_value_task(coroutine)

SCENARIO = Scenario[Users, int, Row](
    title="Read-through cache",
    setup=open_users,
    requests=keys,
    variants=(coroutine, task, cached_future, ready_future, value_task),
    synchronous=synchronous,
    parameters={"size": Parameter(64, 1, 10_000, help="warm rows in the cache")},
)

if __name__ == "__main__":
    main(SCENARIO)
