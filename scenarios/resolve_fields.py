"""Fields of an object, resolved as in GraphQL: plain values, rows that are cached, rows to load.

An executor resolves each field, then waits for what is not there, like ``execute_fields`` of
graphql-core (graphql/execution/execute.py, from 3.3 on executor.py). What is no plain value comes
from a loader of batches, like ``DataLoader.load`` in aiodataloader/__init__.py and in
strawberry/dataloader.py: it hands out the future of a cached row, or else collects keys for one
query of a real SQLite database, in the next turn of the loop. A request is an object of
``fields`` fields, and figures are per field. ``plain`` of them are plain values, and ``cached``
of the others are in the loader: 0.8, and 0.5 of the rest, make a ``sync_ratio`` of 0.9. What a
batch loads is not kept, so that the next object has as much to load. For ``cached_future`` the
loader was primed with the plain values, too.

What it means: write no ``async def`` for a field that has its value. Gathered, each costs a Task,
and an object of plain values takes tens of times as long as with resolvers that return values,
where only what is awaitable is gathered. ValueTasks are one type for both; native ones take about
as long as those, pure ones longer. A cached row is a future that is done: ask it, gather the rest.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from harness import Parameter, Params, Scenario, ValueTask, main
from harness.valuetask import gather
from scenarios._futures import completed, results
from scenarios._loader import Loader
from scenarios._users import table_of_users

Fields = Sequence[tuple[int, str | None]]  # of an object: a key for the loader, a plain value


async def coroutine(loader: Loader, fields: Fields) -> list[str]:
    """Gather coroutines, the calls of an ``async def`` resolver: each gets a Task."""
    return await asyncio.gather(*[resolve(loader, *field) for field in fields])


def task(loader: Loader, fields: Fields) -> asyncio.Future[list[str]]:
    """Gather Tasks."""
    return asyncio.gather(*[asyncio.create_task(resolve(loader, *field)) for field in fields])


def cached_future(loader: Loader, fields: Fields) -> Coroutine[Any, Any, list[str]]:
    """Gather futures that are not done; those of plain values are kept."""
    return results([loader.load(key) for key, _ in fields])


def ready_future(loader: Loader, fields: Fields) -> Coroutine[Any, Any, list[str]]:
    """Gather futures that are not done; those of plain values are new."""
    return results([completed(value) if value else loader.load(key) for key, value in fields])


def value_task(loader: Loader, fields: Fields) -> ValueTask[list[str]]:
    """Gather ValueTasks: of plain values, and of the loader's futures."""
    over = ValueTask.from_future
    return gather(*[ValueTask(value) if value else over(loader.load(key)) for key, value in fields])


async def plain_or_awaitable(loader: Loader, fields: Fields) -> list[str]:
    """Gather only what is awaitable: in graphql-core a resolver may return a plain value."""
    resolved: list[Any] = [value or loader.load(key) for key, value in fields]
    places = [place for place, each in enumerate(resolved) if hasattr(each, "__await__")]
    if places:
        names = await asyncio.gather(*[resolved[place] for place in places])
        for place, name in zip(places, names, strict=True):
            resolved[place] = name
    return resolved


def synchronous(loader: Loader, fields: Fields) -> list[str]:
    """Read what is there; no plain call can wait for a batch."""
    return [value or loader.load(key).result() for key, value in fields]


async def resolve(loader: Loader, key: int, value: str | None) -> str:
    """Return the plain value, or await the loader."""
    return value or await loader.load(key)


def counts(params: Params) -> tuple[int, int]:
    """Return how many fields of an object are plain, and how many plain or cached."""
    plain = round(params.plain * params.fields)
    return plain, plain + round(params.cached * (params.fields - plain))


@asynccontextmanager
async def open_loader(params: Params) -> AsyncIterator[Loader]:
    """Open a database that has a row for each field, and cache what is there."""
    with table_of_users(params.fields) as connection:
        yield Loader(connection, range(1, counts(params)[1] + 1))


def objects(_: Loader, params: Params) -> list[Fields]:
    """Return two objects or more, of about 100 fields in all, in another order each."""
    plain, _there = counts(params)
    keys, rng = range(1, params.fields + 1), random.Random(params.seed)
    fields = [(key, f"user {key}" if key <= plain else None) for key in keys]
    return [rng.sample(fields, len(fields)) for _ in range(max(2, 100 // params.fields))]


SCENARIO = Scenario[Loader, Fields, list[str]](
    title="Fields resolved in a batch",
    setup=open_loader,
    requests=objects,
    variants=(coroutine, task, cached_future, ready_future, value_task, plain_or_awaitable),
    synchronous=synchronous,
    parameters={
        "fields": Parameter(20, 1, 1000, help="fields of an object"),
        "plain": Parameter(0.8, 0, 1, help="share of fields that are plain values"),
        "cached": Parameter(0.5, 0, 1, help="share of the other fields that are cached"),
    },
    sweep={"plain": (0.0, 0.8, 1.0)},
    sync_ratio=lambda params: counts(params)[1] / params.fields,
    operations=lambda params: params.fields,
)

if __name__ == "__main__":
    main(SCENARIO)
