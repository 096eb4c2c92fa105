"""A loader of batches: what is asked for in one turn of the loop is one query in the next."""

import asyncio
import sqlite3
from collections.abc import Iterable

from scenarios._futures import completed


class Loader:
    """Loads users' names from SQLite by key, and keeps those of the keys that are *cached*."""

    def __init__(self, connection: sqlite3.Connection, cached: Iterable[int]) -> None:
        self.loop = asyncio.get_running_loop()
        self.connection = connection
        self.cache = {key: completed(name) for key, name in self.names(cached)}
        self.queue: dict[int, asyncio.Future[str]] = {}

    def names(self, keys: Iterable[int]) -> list[tuple[int, str]]:
        """Query the names of *keys*, in any order."""
        values = tuple(keys)
        marks = ",".join("?" * len(values))
        query = f"SELECT id, name FROM users WHERE id IN ({marks})"
        return self.connection.execute(query, values).fetchall()

    def load(self, key: int) -> asyncio.Future[str]:
        """Return the future of a name: the one that is kept, or one that waits for the batch."""
        future = self.cache.get(key) or self.queue.get(key)
        if future is None:
            if not self.queue:
                self.loop.call_soon(self._dispatch)
            future = self.queue[key] = self.loop.create_future()
        return future

    def _dispatch(self) -> None:
        queue, self.queue = self.queue, {}
        for key, name in self.names(queue):
            if not queue[key].done():
                queue[key].set_result(name)
