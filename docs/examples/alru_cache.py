"""async-lru's cache, and the same cache with other ways to hand out what it holds.

Needs ``pip install async-lru``. ``alru_cache`` (async_lru/__init__.py: _LRUCacheWrapper) keeps
the Task of each call; on a hit its ``async def`` returns the Task's result. ``async_lru`` is the
library as it is. The others share ``Cache``, which does what the library does around an entry
(key, loop, counters, order, eviction) and leaves to each how it is handed out. A miss calls the
cached function, which waits the least that asyncio can, and evicts the oldest entry.
"""

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from functools import _make_key, partial
from typing import NamedTuple

from async_lru import alru_cache

from harness import Params, Scenario, ValueTask, main, sync_pattern

WARM = 4  # keys that stay in the cache


class Cache:
    """What async-lru keeps: the Task of each call, the one that was used longest ago first."""

    def __init__(self, size: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.size, self.hits, self.misses, self.closed = size, 0, 0, False
        self.entries: OrderedDict[Hashable, asyncio.Task[int]] = OrderedDict()

    def entry(self, *args: int, **kwargs: int) -> asyncio.Task[int]:
        """Return the Task that is kept for these arguments, or start it."""
        if self.closed or self.loop is not asyncio.get_running_loop():
            raise RuntimeError("the cache is closed, or another loop's")
        key = _make_key(args, kwargs, typed=False)
        if (task := self.entries.get(key)) is not None:
            self.hits += 1
            self.entries.move_to_end(key)
            return task
        self.misses += 1
        task = self.entries[key] = self.loop.create_task(fetch(*args))
        task.add_done_callback(partial(self.drop_failed, key))
        if len(self.entries) > self.size:
            self.entries.popitem(last=False)
        return task

    def drop_failed(self, key: Hashable, task: asyncio.Task[int]) -> None:
        if task.cancelled() or task.exception():
            self.entries.pop(key, None)


class Lookups(NamedTuple):
    """The function under the library's decorator, and the cache of ours."""

    library: Callable[[int], Awaitable[int]]
    cache: Cache


def async_lru(lookups: Lookups, key: int) -> Awaitable[int]:
    """Call the function that the library decorated."""
    return lookups.library(key)


async def coroutine(lookups: Lookups, key: int) -> int:
    """Return the entry's result, or wait for it: what the library does."""
    entry = lookups.cache.entry(key)
    return entry.result() if entry.done() else await asyncio.shield(entry)


def task(lookups: Lookups, key: int) -> asyncio.Task[int]:
    """Start a Task, hit or miss: what a TaskGroup or gather() makes of each call."""
    return asyncio.create_task(coroutine(lookups, key))


def cached_future(lookups: Lookups, key: int) -> asyncio.Future[int]:
    """Hand out the kept Task itself, or a future that cannot cancel it."""
    entry = lookups.cache.entry(key)
    return entry if entry.done() else asyncio.shield(entry)


def value_task(lookups: Lookups, key: int) -> ValueTask[int]:
    """Wrap the entry's result, or the future that waits for it."""
    entry = lookups.cache.entry(key)
    waits = not entry.done()
    return ValueTask.from_future(asyncio.shield(entry)) if waits else ValueTask(entry.result())


async def fetch(key: int) -> int:
    """Be the function under the decorator."""
    await asyncio.sleep(0)
    return key


@asynccontextmanager
async def open_caches(params: Params) -> AsyncIterator[Lookups]:
    """Make both caches as large as it takes that no warm key is evicted."""
    size = WARM * (1 + sync_pattern(params).count(False))
    cached = alru_cache(maxsize=size)(fetch)
    yield Lookups(cached, Cache(size))
    await cached.cache_close()


def keys(_: Lookups, params: Params) -> list[int]:
    """Return one cycle, so long that a cold key is evicted before it comes round again."""
    warm, cold = itertools.cycle(range(WARM)), itertools.count(WARM)
    return [next(warm if hit else cold) for hit in sync_pattern(params) * 2 * WARM]


SCENARIO = Scenario[Lookups, int, int](
    title="async-lru: a cached function",
    setup=open_caches,
    requests=keys,
    variants=(async_lru, coroutine, task, cached_future, value_task),
    sweep={"sync_ratio": (0.0, 0.9, 1.0)},
)

if __name__ == "__main__":
    main(SCENARIO)
