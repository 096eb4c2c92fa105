"""NAME: an answer that is usually in memory, and else in a database."""
# It runs as it is. Change what CHANGE stands at: all variants must give the same answers.

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiosqlite

from harness import Parameter, Params, Scenario, ValueTask, main, sync_pattern
from harness import value_task as as_value_task


@dataclass(frozen=True, slots=True)
class Store:
    """What the functions work on. CHANGE: your client, its pool, its cache."""

    database: aiosqlite.Connection
    values: dict[int, str]
    futures: dict[int, asyncio.Future[str]]


async def coroutine(store: Store, key: int) -> str:
    """Answer as an async function does. CHANGE: your function."""
    if key in store.values:  # the answer is there
        return store.values[key]
    ((value,),) = await store.database.execute_fetchall("SELECT 'value ' || ?", (key,))
    return str(value)


def task(store: Store, key: int) -> asyncio.Task[str]:
    """Run it in a Task, whether the answer is there or not. It stays as it is."""
    return asyncio.create_task(coroutine(store, key))


def cached_future(store: Store, key: int) -> asyncio.Future[str]:
    """Hand out a completed future that is kept. CHANGE: look for it as the coroutine does."""
    return store.futures[key] if key in store.futures else task(store, key)


def value_task(store: Store, key: int) -> ValueTask[str]:
    """Wrap the answer, or else the coroutine. CHANGE: look for it exactly as that does."""
    return ValueTask(store.values[key]) if key in store.values else suspended(store, key)


def synchronous(store: Store, key: int) -> str:
    """Answer by a plain call, which cannot wait: the floor. CHANGE, or remove."""
    return store.values[key]


@asynccontextmanager
async def open_store(params: Params) -> AsyncIterator[Store]:
    """Open what is real: files, servers, connections. It is not timed. CHANGE: yours."""
    async with aiosqlite.connect(":memory:") as database:
        store = Store(database, {}, {})
        for key in range(params.size):
            store.futures[key] = task(store, key)
            store.values[key] = await store.futures[key]
        yield store  # what stands after this closes it


def keys(_: Store, params: Params) -> list[int]:
    """Return a cycle of requests. CHANGE: one of yours for each flag, True: it is there."""
    flags = enumerate(sync_pattern(params))
    return [i % params.size if there else params.size + i for i, there in flags]


suspended = as_value_task(coroutine)
SCENARIO = Scenario[Store, int, str](  # CHANGE: the types of state, request and answer
    title="NAME",
    setup=open_store,
    requests=keys,
    variants=(coroutine, task, cached_future, value_task),
    synchronous=synchronous,
    parameters={"size": Parameter(64, 1, 10_000, help="answers in memory")},  # CHANGE: your knobs
)

if __name__ == "__main__":
    main(SCENARIO)
