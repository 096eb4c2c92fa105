"""aiocache's decorator over its memory cache, and the same with other ways to hand it out.

Needs ``pip install aiocache``. ``cached`` (aiocache/decorators.py) builds a text as the key and
awaits ``get``, which is several coroutines deep and under a timeout (aiocache/base.py: API).
``aiocache`` is the library as it is, ``aiocache_untimed`` the same with ``timeout=0``, which
switches the timeout off. The others do the same look-up in a dictionary, key included. Where the
answer is not there, the caller asks for a fresh one (``cache_read=False``); the cached function
waits the smallest wait that asyncio has.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiocache import cached

from harness import Params, Scenario, ValueTask, main, sync_pattern
from harness import value_task as as_value_task


@dataclass(frozen=True, slots=True)
class Lookups:
    """The function under the library's decorator, twice, and what it keeps, once more."""

    library: Callable[..., Awaitable[str]]
    untimed: Callable[..., Awaitable[str]]
    answers: dict[str, str]
    futures: dict[str, asyncio.Future[str]]


@dataclass(frozen=True, slots=True)
class Lookup:
    """Which answer is asked for, and whether the kept one will do."""

    number: int
    kept: bool


def aiocache(lookups: Lookups, lookup: Lookup) -> Awaitable[str]:
    """Call the function that the library decorated."""
    return lookups.library(lookup.number, cache_read=lookup.kept)


def aiocache_untimed(lookups: Lookups, lookup: Lookup) -> Awaitable[str]:
    """Call the same function over a cache without a timeout."""
    return lookups.untimed(lookup.number, cache_read=lookup.kept)


async def coroutine(lookups: Lookups, lookup: Lookup) -> str:
    """Return the kept answer, or fetch and keep a fresh one."""
    key = key_of(lookup.number)
    if lookup.kept and (answer := lookups.answers.get(key)) is not None:
        return answer
    answer = lookups.answers[key] = await fetch(lookup.number)
    return answer


def task(lookups: Lookups, lookup: Lookup) -> asyncio.Task[str]:
    """Start a Task, kept or not."""
    return asyncio.create_task(coroutine(lookups, lookup))


def cached_future(lookups: Lookups, lookup: Lookup) -> asyncio.Future[str]:
    """Hand out the kept future, or keep the Task that fetches; a library drops one that fails."""
    key = key_of(lookup.number)
    if lookup.kept and (future := lookups.futures.get(key)) is not None:
        return future
    future = lookups.futures[key] = asyncio.create_task(fetch(lookup.number))
    return future


def value_task(lookups: Lookups, lookup: Lookup) -> ValueTask[str]:
    """Wrap the kept answer, or else the rest of the coroutine."""
    key = key_of(lookup.number)
    if lookup.kept and (answer := lookups.answers.get(key)) is not None:
        return ValueTask(answer)
    return refresh(lookups, key, lookup.number)


@as_value_task
async def refresh(lookups: Lookups, key: str, number: int) -> str:
    """Fetch a fresh answer and keep it."""
    answer = lookups.answers[key] = await fetch(number)
    return answer


async def fetch(number: int) -> str:
    """Be the function under the decorator."""
    await asyncio.sleep(0)
    return f"answer {number}"


def key_of(number: int) -> str:
    """Build the key as aiocache does: module, name, arguments."""
    return (fetch.__module__ or "") + fetch.__name__ + str((number,)) + str(sorted({}.items()))


@asynccontextmanager
async def open_caches(params: Params) -> AsyncIterator[Lookups]:
    """Ask for every answer once, in each cache."""
    lookups = Lookups(cached()(fetch), cached(timeout=0)(fetch), {}, {})
    for number in range(len(sync_pattern(params))):
        for ask in (aiocache, aiocache_untimed, coroutine, cached_future):
            await ask(lookups, Lookup(number, kept=False))
    yield lookups


SCENARIO = Scenario[Lookups, Lookup, str](
    title="aiocache: a cached function",
    setup=open_caches,
    requests=lambda _, params: [Lookup(*one) for one in enumerate(sync_pattern(params))],
    variants=(aiocache, aiocache_untimed, coroutine, task, cached_future, value_task),
    sweep={"sync_ratio": (0.0, 0.9, 1.0)},
)

if __name__ == "__main__":
    main(SCENARIO)
