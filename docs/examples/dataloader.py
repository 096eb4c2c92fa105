"""aiodataloader's load(), and other ways to hand out what a loader has loaded before.

Needs ``pip install aiodataloader``. ``DataLoader.load`` (aiodataloader/__init__.py) is no
coroutine: it hands out the future that it keeps for a key. ``aiodataloader`` is that call; the
other variants stand on it, as a resolver's author would write them. Where the answer is not
there, the key is cleared first, as after a mutation: the loader then starts a batch, in two
Tasks of its own; the batch waits the smallest wait that asyncio has.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiodataloader import DataLoader

from harness import Params, Scenario, ValueTask, main, sync_pattern

Loader = DataLoader[int, str]


@dataclass(frozen=True, slots=True)
class Load:
    """The key of a row, and whether it was changed since it was loaded."""

    key: int
    changed: bool


def aiodataloader(loader: Loader, load: Load) -> asyncio.Future[str]:
    """Return what the library gives: the future that it keeps."""
    if load.changed:
        loader.clear(load.key)
    return loader.load(load.key)


async def coroutine(loader: Loader, load: Load) -> str:
    """Await that future in a resolver that is an ``async def``."""
    return await aiodataloader(loader, load)


def task(loader: Loader, load: Load) -> asyncio.Task[str]:
    """Start a Task for such a resolver, as gather() over the fields of an object does."""
    return asyncio.create_task(coroutine(loader, load))


def value_task(loader: Loader, load: Load) -> ValueTask[str]:
    """Wrap the row, or the future that waits for it."""
    future = aiodataloader(loader, load)
    return ValueTask(future.result()) if future.done() else ValueTask.from_future(future)


async def load_batch(keys: list[int]) -> list[str]:
    """Load the rows of *keys*: one query for all of them."""
    await asyncio.sleep(0)
    return [f"row {key}" for key in keys]


@asynccontextmanager
async def open_loader(params: Params) -> AsyncIterator[Loader]:
    """Load every row once."""
    loader: Loader = DataLoader(load_batch, loop=asyncio.get_running_loop())
    await loader.load_many(range(len(sync_pattern(params))))
    yield loader


def loads(_: Loader, params: Params) -> list[Load]:
    """Return one cycle: each row once, those that were changed shuffled among the others."""
    return [Load(key, not there) for key, there in enumerate(sync_pattern(params))]


SCENARIO = Scenario[Loader, Load, str](
    title="aiodataloader: one key",
    setup=open_loader,
    requests=loads,
    variants=(aiodataloader, coroutine, task, value_task),
    sweep={"sync_ratio": (0.0, 0.9, 1.0)},
)

if __name__ == "__main__":
    main(SCENARIO)
