"""Items taken from a channel: most are there already, for some the consumer waits.

It is ``asyncio.Queue.get`` (CPython, Lib/asyncio/queues.py), and ``receive`` of memory channels
(anyio, src/anyio/streams/memory.py; trio, src/trio/_channel.py). An operation passes one item
through: its producer puts it before the get (``sync_ratio`` of them), or else in the next turn
of the loop, and the get waits. There are few different items, as with ticks or kinds of jobs,
so that ``cached_future`` has something to hand out again.

What it means: write ``get`` as a coroutine. A Task for each takes several times as long where most
find an item, an eager one still about three times; the native ValueTask takes about as long and
saves an allocation for each item found. asyncio's queue, which also counts what is unfinished,
takes twice as long at 1: what a get does besides matters more than how it answers. A getter
cancelled in the turn in which it is served loses the item if it was handed a future.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from harness import Params, Scenario, ValueTask, main, sync_pattern
from harness import value_task as as_value_task
from scenarios._line import Store

KINDS = 8  # of items
Delivery = tuple[int, bool]  # an item, and whether it comes before the get


class Channel(Store[int]):
    """A channel with a kept future for each kind of item; beside it, a queue of asyncio's."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = [self.completed(item) for item in range(KINDS)]
        self.queue: asyncio.Queue[int] = asyncio.Queue()


async def coroutine(channel: Channel, delivery: Delivery | None) -> int:
    """Take the first item, or wait for one."""
    produce(channel, delivery)
    if channel.items:
        return channel.items.popleft()
    getter = channel.join()
    try:
        return await getter
    except asyncio.CancelledError:
        channel.leave(getter)
        raise


def task(channel: Channel, delivery: Delivery) -> asyncio.Task[int]:
    """Start a Task, item or not."""
    return asyncio.create_task(coroutine(channel, delivery))


def cached_future(channel: Channel, delivery: Delivery) -> asyncio.Future[int]:
    """Hand out the future that is kept for this kind of item."""
    produce(channel, delivery)
    return channel.kept[channel.items.popleft()] if channel.items else channel.join()


def ready_future(channel: Channel, delivery: Delivery) -> asyncio.Future[int]:
    """Make a completed future for each item."""
    produce(channel, delivery)
    return channel.completed(channel.items.popleft()) if channel.items else channel.join()


def value_task(channel: Channel, delivery: Delivery) -> ValueTask[int]:
    """Wrap the first item, or else the coroutine's body where it suspended."""
    produce(channel, delivery)
    return ValueTask(channel.items.popleft()) if channel.items else suspended(channel, None)


def synchronous(channel: Channel, delivery: Delivery) -> int:
    """Take the first item: ``get_nowait``."""
    produce(channel, delivery)
    return channel.items.popleft()


def asyncio_queue(channel: Channel, delivery: Delivery) -> Coroutine[Any, Any, int]:
    """Do it with asyncio's own queue, whose ``get`` is a coroutine."""
    produce(channel.queue, delivery)
    return channel.queue.get()


def produce(channel: Channel | asyncio.Queue[int], delivery: Delivery | None) -> None:
    """Have the producer put its item, now or in the next turn; None: it has done so already."""
    if delivery is not None:
        item, early = delivery
        if early:
            channel.put_nowait(item)
        else:
            asyncio.get_running_loop().call_soon(channel.put_nowait, item)


@asynccontextmanager
async def open_channel(_: Params) -> AsyncIterator[Channel]:
    """Give an empty channel."""
    yield Channel()


suspended = as_value_task(coroutine)

SCENARIO = Scenario[Channel, Delivery, int](
    title="Channel of items",
    setup=open_channel,
    requests=lambda _, params: [(i % KINDS, early) for i, early in enumerate(sync_pattern(params))],
    variants=(coroutine, task, cached_future, ready_future, value_task, asyncio_queue),
    synchronous=synchronous,
    sweep={"sync_ratio": (0.0, 0.9, 1.0)},
)

if __name__ == "__main__":
    main(SCENARIO)
