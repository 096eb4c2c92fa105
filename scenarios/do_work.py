"""Work that is usually done already: the classic example of an async method.

A method asks whether the work is done: if so it returns the result at once, else it awaits a
delay first. So do the ``DoWorkAsync`` of the C# ValueTask tutorials, ``Event.wait`` (CPython,
Lib/asyncio/locks.py), and a body that is read once and kept: ``Request.body`` (Starlette,
starlette/requests.py), ``BaseRequest.read`` (aiohttp, aiohttp/web_request.py). At ``delay`` 0 the
smallest suspension of asyncio stands for the wait: ``asyncio.sleep(0)``, a bare yield to the loop.

What it means: there is nothing here but the strategy, so the differences are as large as they get.
Do not start a Task to ask for what is there: that takes tens of times as long as a coroutine, and
twice as long or more where nothing is there. A new future for each answer is the next to avoid.
A coroutine costs one allocation; a native ValueTask saves it, in about the same time. The pure
one takes longer than a coroutine at every share: use it for its ``done()`` and ``result()``.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harness import Parameter, Params, Scenario, ValueTask, main, sync_pattern
from harness import value_task as as_value_task
from scenarios._futures import completed_later


@dataclass(frozen=True, slots=True)
class Worker:
    """Where the work is done: an event loop, and the seconds that unfinished work takes."""

    loop: asyncio.AbstractEventLoop
    delay: float


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work; *finished* is the completed future that it keeps once it is done."""

    done: bool
    result: int
    finished: asyncio.Future[int] | None


async def coroutine(worker: Worker, work: Work) -> int:
    """Return the result, or sleep first."""
    if not work.done:
        await asyncio.sleep(worker.delay)
    return work.result


def task(worker: Worker, work: Work) -> asyncio.Task[int]:
    """Start a Task, done or not."""
    return asyncio.create_task(coroutine(worker, work))


def cached_future(worker: Worker, work: Work) -> asyncio.Future[int]:
    """Hand out the future that the work keeps."""
    if work.finished is None:
        return completed_later(work.result, worker.delay)
    return work.finished


def ready_future(worker: Worker, work: Work) -> asyncio.Future[int]:
    """Make a completed future for each answer."""
    if not work.done:
        return completed_later(work.result, worker.delay)
    future: asyncio.Future[int] = worker.loop.create_future()
    future.set_result(work.result)
    return future


def value_task(worker: Worker, work: Work) -> ValueTask[int]:
    """Wrap the result, or else the coroutine's body where it suspended."""
    return ValueTask(work.result) if work.done else suspended(worker, work)


def synchronous(worker: Worker, work: Work) -> int:
    """Return the result, or block first."""
    if not work.done:
        time.sleep(worker.delay)
    return work.result


suspended = as_value_task(coroutine)


@asynccontextmanager
async def open_worker(params: Params) -> AsyncIterator[Worker]:
    """Give the worker of the running loop."""
    yield Worker(asyncio.get_running_loop(), params.delay)


def all_work(worker: Worker, params: Params) -> list[Work]:
    """Return one cycle of work: what is done and what is not, shuffled."""
    flags = sync_pattern(params)
    futures: list[asyncio.Future[int]] = [worker.loop.create_future() for _ in flags]
    for result, future in enumerate(futures):
        future.set_result(result)
    return [Work(done, i, futures[i] if done else None) for i, done in enumerate(flags)]


SCENARIO = Scenario[Worker, Work, int](
    title="Work that is usually done already",
    setup=open_worker,
    requests=all_work,
    variants=(coroutine, task, cached_future, ready_future, value_task),
    synchronous=synchronous,
    parameters={"delay": Parameter(0.0, 0.0, help="seconds that unfinished work takes")},
)

if __name__ == "__main__":
    main(SCENARIO)
