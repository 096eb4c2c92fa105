"""Work that is usually done already: the classic example of an async method.

A method asks whether the work is done: if so it returns the result at once, else it awaits a
delay first. So does the ``DoWorkAsync`` of the C# ValueTask tutorials, ``asyncio.Event.wait()``
and ``asyncio.Queue.get()``. At ``delay`` 0 the smallest suspension that asyncio has stands for
the wait: ``asyncio.sleep(0)``, a bare yield to the loop.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harness import Parameter, Params, Scenario, ValueTask, main, sync_pattern
from harness import value_task as as_value_task


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
    return complete_later(worker, work) if work.finished is None else work.finished


def ready_future(worker: Worker, work: Work) -> asyncio.Future[int]:
    """Make a completed future for each answer."""
    if not work.done:
        return complete_later(worker, work)
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


def complete_later(worker: Worker, work: Work) -> asyncio.Future[int]:
    """Return a future that is completed after the delay, as ``asyncio.sleep`` does it."""
    future: asyncio.Future[int] = worker.loop.create_future()
    if worker.delay:
        worker.loop.call_later(worker.delay, complete, future, work.result)
    else:
        # A bare yield has no future. A callback in the next turn of the loop is the least
        # that completes one later; an inner Task would cost what `task` is there to show.
        worker.loop.call_soon(complete, future, work.result)
    return future


def complete(future: asyncio.Future[int], result: int) -> None:
    """Set the result, unless whoever waited was cancelled."""
    if not future.done():
        future.set_result(result)


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
