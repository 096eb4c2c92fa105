"""A fan-out over leaves of which most are cached: the members of a page, gathered.

It is ``load_many`` (aiodataloader, aiodataloader/__init__.py), which gathers what its cache keeps:
futures; ``execute_fields`` (graphql-core, src/graphql/execution/execute.py); and whoever gathers
``[fetch(x) for x in xs]`` above a cached ``fetch``. A request asks for ``leaves`` members. Of all
that a cycle asks for ``sync_ratio`` are cached; the others wait for one turn of the loop.

What it means: ``asyncio.gather`` over coroutines makes a Task for each leaf, cached or not, and
so does a TaskGroup: most of what a warm fan-out costs is Tasks with nothing to wait for. Tasks
that start eagerly take about half of that away, without another change. Kept futures need no Task.
ValueTasks need one for each leaf that waits: where all wait they cost more than coroutines, where
none does next to nothing. So does a loop of awaits, which waits for one leaf after the other.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harness import Parameter, Params, Scenario, ValueTask, main, sync_pattern
from harness import value_task as as_value_task
from harness.valuetask import gather
from scenarios._futures import completed, completed_later

Page = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Members:
    """The names of all members, and two caches of some by key: names, or futures of names."""

    stored: list[str]
    names: dict[int, str]
    futures: dict[int, asyncio.Future[str]]


async def coroutine(members: Members, page: Page) -> list[str]:
    """Gather coroutines, as it is usually written: ``gather`` makes a Task of each."""
    return await asyncio.gather(*[fetch(members, key) for key in page])


async def task(members: Members, page: Page) -> list[str]:
    """Start a Task for each leaf, in a group."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(fetch(members, key)) for key in page]
    return [each.result() for each in tasks]


def eager_gather(members: Members, page: Page) -> Awaitable[list[str]]:
    """Gather coroutines on a loop that starts tasks eagerly."""
    return coroutine(members, page)


def cached_future(members: Members, page: Page) -> asyncio.Future[list[str]]:
    """Gather futures: those that are kept, and new ones of what is not here yet."""
    kept, names = members.futures, members.stored
    return asyncio.gather(*[kept.get(key) or completed_later(names[key]) for key in page])


def value_task(members: Members, page: Page) -> ValueTask[list[str]]:
    """Gather ValueTasks: done at once where all leaves are."""
    return gather(*[fetch_value_task(members, key) for key in page])


async def sequential(members: Members, page: Page) -> list[str]:
    """Await one leaf after the other."""
    return [await fetch(members, key) for key in page]


def synchronous(members: Members, page: Page) -> list[str]:
    """Look all of them up; no plain call can wait for the loop."""
    return [members.names[key] for key in page]


async def fetch(members: Members, key: int) -> str:
    """Return a cached name, or wait for it; it stays uncached."""
    name = members.names.get(key)
    return await asyncio.sleep(0, members.stored[key]) if name is None else name


def fetch_value_task(members: Members, key: int) -> ValueTask[str]:
    """Wrap a cached name, or else the coroutine's body where it suspended."""
    name = members.names.get(key)
    return suspended(members, key) if name is None else ValueTask(name)


suspended = as_value_task(fetch)


@asynccontextmanager
async def open_members(params: Params) -> AsyncIterator[Members]:
    """Store two members for each leaf of a page, and cache one of them."""
    stored = [f"member {key}" for key in range(2 * params.leaves)]
    names = dict(enumerate(stored[: params.leaves]))
    yield Members(stored, names, {key: completed(name) for key, name in names.items()})


def pages(_: Members, params: Params) -> list[Page]:
    """Return the fewest pages that have the share in all: a hit for its place, or a miss."""
    flags, leaves = sync_pattern(params), params.leaves
    hits = flags * (leaves // math.gcd(leaves, len(flags)))
    keys = [i % leaves + leaves * (not hit) for i, hit in enumerate(hits)]
    return [tuple(keys[i : i + leaves]) for i in range(0, len(keys), leaves)]


SCENARIO = Scenario[Members, Page, list[str]](
    title="Fan-out over leaves of which most are cached",
    setup=open_members,
    requests=pages,
    variants=(coroutine, task, eager_gather, cached_future, value_task, sequential),
    synchronous=synchronous,
    parameters={"leaves": Parameter(20, 1, 1000, help="leaves that one request gathers")},
    sweep={"sync_ratio": (0.0, 0.9, 1.0)},
    operations=lambda params: params.leaves,
)

if __name__ == "__main__":
    main(SCENARIO)
