"""Requests that keep to a rate: a burst passes as far as the bucket holds it, the rest waits.

It is ``AsyncLimiter.acquire`` (aiolimiter, src/aiolimiter/leakybucket.py): each request pours a
drop into the bucket, one drop leaks out in each second, and who finds it full waits for that. A
client sends bursts of ``burst`` requests, after pauses in which the bucket runs empty: of each
burst ``capacity`` pass at once, which is ``sync_ratio``. Each request says how long after the one
before it comes, so that time is the client's and a run is the same each time; the next turn of
the loop stands for the second until there is room. The answer is how many more would pass.

What it means: a Task for each costs about what it costs a coroutine to wait, even where all pass
at once, which undoes a large capacity. A kept future takes less time than the coroutine on
Python 3.11 where most pass, and more on later ones, where awaiting it makes a StopIteration.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness import Parameter, Params, Scenario, ValueTask, main
from harness import value_task as as_value_task
from scenarios._line import Line


class Bucket(Line[int]):
    """A leaky bucket, with a kept future for each number of drops that may still fit."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity, self.level = capacity, 0.0
        self.kept = [self.completed(left) for left in range(capacity)]

    def pour(self, elapsed: float) -> int:
        """Let it leak, and add a drop: return how many more fit, or -1 where it does not."""
        self.level = max(self.level - elapsed, 0.0)
        if self.level + 1 > self.capacity:
            return -1
        self.level += 1
        return int(self.capacity - self.level)

    def tick(self) -> None:
        """Let a second pass, and in with the first of the line."""
        if (left := self.pour(1.0)) >= 0:
            self.pass_on(left)

    def pass_on(self, value: int) -> None:
        """Let the first of the line in, or else take the drop out again."""
        if not self.serve(value):
            self.level = max(self.level - 1, 0.0)  # it may have leaked meanwhile

    def room(self) -> asyncio.Future[int]:
        """Join the line, for the room that there is in a second."""
        self.loop.call_soon(self.tick)
        return self.join()


async def coroutine(bucket: Bucket, elapsed: float) -> int:
    """Add a drop, or wait until it fits."""
    left = bucket.pour(elapsed)
    if left >= 0:
        return left
    waiter = bucket.room()
    try:
        return await waiter
    except asyncio.CancelledError:
        bucket.leave(waiter)
        raise


def task(bucket: Bucket, elapsed: float) -> asyncio.Task[int]:
    """Start a Task, full or not."""
    return asyncio.create_task(coroutine(bucket, elapsed))


def cached_future(bucket: Bucket, elapsed: float) -> asyncio.Future[int]:
    """Hand out the future that is kept for this number."""
    left = bucket.pour(elapsed)
    return bucket.room() if left < 0 else bucket.kept[left]


def ready_future(bucket: Bucket, elapsed: float) -> asyncio.Future[int]:
    """Make a completed future for each drop that fits."""
    left = bucket.pour(elapsed)
    return bucket.room() if left < 0 else bucket.completed(left)


def value_task(bucket: Bucket, elapsed: float) -> ValueTask[int]:
    """Wrap the number, or else the coroutine's body where it suspended; no time has passed."""
    left = bucket.pour(elapsed)
    return suspended(bucket, 0.0) if left < 0 else ValueTask(left)


def synchronous(bucket: Bucket, elapsed: float) -> int:
    """Add a drop; -1 is for who would have to wait."""
    return bucket.pour(elapsed)


@asynccontextmanager
async def open_bucket(params: Params) -> AsyncIterator[Bucket]:
    """Give an empty bucket."""
    yield Bucket(params.capacity)


suspended = as_value_task(coroutine)

SCENARIO = Scenario[Bucket, float, int](
    title="Rate limit",
    setup=open_bucket,
    requests=lambda _, params: [float(params.capacity)] + [0.0] * (params.burst - 1),
    variants=(coroutine, task, cached_future, ready_future, value_task),
    synchronous=synchronous,
    parameters={
        "capacity": Parameter(18, 1, 1000, help="drops that the bucket holds"),
        "burst": Parameter(20, 1, 1000, help="requests in a burst"),
    },
    sync_ratio=lambda params: min(1.0, params.capacity / params.burst),
    sweep={"capacity": (1, 18, 20)},
)

if __name__ == "__main__":
    main(SCENARIO)
