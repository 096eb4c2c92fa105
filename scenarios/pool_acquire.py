"""A burst of borrowers at a pool of database connections: the last ones wait for the first.

It is ``Pool._acquire`` (asyncpg, asyncpg/pool.py), the ``AsyncAdaptedQueue`` of SQLAlchemy's
pool (lib/sqlalchemy/util/queue.py), ``BaseConnector.connect`` (aiohttp, aiohttp/connector.py).
At 0.9 ``connections_per_borrower`` 18 of 20 borrowers find a free one, which is ``sync_ratio``;
each of the others waits for the one that is lent longest, which comes back in the next turn of
the loop, and a new burst begins with all of them back. They are real connections to SQLite, and
reset by a rollback, as SQLAlchemy's are. What borrowers ask is left out: it is the same for all.

What it means: acquire by a coroutine, or by a native ValueTask, which takes about as long. A Task
for each costs about what it costs a coroutine to wait, even where all find a connection: as if the
pool were too small. A connection handed over by a future is lost to the pool if its owner is
cancelled in that turn.
"""

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, closing

from harness import Parameter, Params, Scenario, ValueTask, main
from harness import value_task as as_value_task
from scenarios._line import Store


class Pool(Store[int]):
    """The numbers of the connections that are free, with a kept future for each connection."""

    def __init__(self, connections: list[sqlite3.Connection]) -> None:
        super().__init__(range(len(connections)))
        self.connections = connections
        self.kept = [self.completed(number) for number in self.items]

    def give_back(self, number: int) -> None:
        """Reset the connection: it is the next borrower's."""
        self.connections[number].rollback()
        self.put_nowait(number)


async def coroutine(pool: Pool, borrower: int | None) -> int:
    """Take a free connection, or wait for one."""
    return_some(pool, borrower)
    if pool.items:
        return pool.items.popleft()
    waiter = pool.join()
    try:
        return await waiter
    except asyncio.CancelledError:
        pool.leave(waiter)
        raise


def task(pool: Pool, borrower: int) -> asyncio.Task[int]:
    """Start a Task, free or not."""
    return asyncio.create_task(coroutine(pool, borrower))


def cached_future(pool: Pool, borrower: int) -> asyncio.Future[int]:
    """Hand out the future that is kept for the connection."""
    return_some(pool, borrower)
    return pool.kept[pool.items.popleft()] if pool.items else pool.join()


def ready_future(pool: Pool, borrower: int) -> asyncio.Future[int]:
    """Make a completed future for each that is lent."""
    return_some(pool, borrower)
    return pool.completed(pool.items.popleft()) if pool.items else pool.join()


def value_task(pool: Pool, borrower: int) -> ValueTask[int]:
    """Wrap a free connection, or else the coroutine's body where it suspended."""
    return_some(pool, borrower)
    return ValueTask(pool.items.popleft()) if pool.items else suspended(pool, None)


def synchronous(pool: Pool, borrower: int) -> int:
    """Take a free connection: ``get_nowait``."""
    return_some(pool, borrower)
    return pool.items.popleft()


def return_some(pool: Pool, borrower: int | None) -> None:
    """Have all come back for the first of a burst, and one soon for who finds none free."""
    if borrower == 0 and not pool.items:
        for number in range(len(pool.connections)):
            pool.give_back(number)
    elif borrower and not pool.items:
        pool.loop.call_soon(pool.give_back, borrower % len(pool.connections))


@asynccontextmanager
async def open_pool(params: Params) -> AsyncIterator[Pool]:
    """Connect to a temporary database."""
    count = round(params.sync_ratio * params.borrowers)
    with tempfile.TemporaryDirectory(prefix="awaitbench-") as folder, ExitStack() as stack:
        paths = [f"{folder}/pool.sqlite"] * count
        opened = [stack.enter_context(closing(sqlite3.connect(path))) for path in paths]
        yield Pool(opened)


suspended = as_value_task(coroutine)

SCENARIO = Scenario[Pool, int, int](
    title="Pool of database connections",
    setup=open_pool,
    requests=lambda _, params: range(params.borrowers),
    variants=(coroutine, task, cached_future, ready_future, value_task),
    synchronous=synchronous,
    parameters={
        "connections_per_borrower": Parameter(0.9, 0.0, 1.0, help="connections in the pool"),
        "borrowers": Parameter(20, 1, 200, help="borrowers in a burst"),
    },
    sync_ratio=lambda p: max(1, round(p.connections_per_borrower * p.borrowers)) / p.borrowers,
    sweep={"connections_per_borrower": (0.05, 0.9, 1.0)},
)

if __name__ == "__main__":
    main(SCENARIO)
