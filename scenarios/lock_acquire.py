"""A lock that is usually free: who finds it held waits in line.

It is ``asyncio.Lock.acquire`` (CPython, Lib/asyncio/locks.py), anyio's ``Lock`` with
``fast_acquire`` (src/anyio/_backends/_asyncio.py). An operation releases the lock, which the one
before it acquired, and acquires it; at ``contention`` the release comes in the next turn of the
loop, and the acquire waits. ``sync_ratio`` is the rest.

What it means: not by a future: cancelled in the turn in which it is handed the lock, its owner
leaves it held. A coroutine is safe, and so is a ValueTask. asyncio's lock costs what the coroutine
does until it is contended once: each free acquire then makes three allocations more.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from harness import Parameter, Params, Scenario, ValueTask, main, sync_pattern
from harness import value_task as as_value_task
from scenarios._line import Line


class Lock(Line[bool]):
    """A lock with one kept future for all who find it free; beside it, a lock of asyncio's."""

    def __init__(self) -> None:
        super().__init__()
        self.held, self.kept, self.asyncio_lock = False, self.completed(True), asyncio.Lock()

    def take(self) -> bool:
        """Take the lock; whether it was free."""
        free, self.held = not self.held, True
        return free

    def pass_on(self, _: bool = True) -> None:
        """Hand the lock over to the first that waits, or else free it."""
        self.held = self.serve(True)

    release = pass_on


async def coroutine(lock: Lock, contended: bool | None) -> bool:
    """Take the lock, or wait for it."""
    release(lock, contended)
    if lock.take():
        return True
    waiter = lock.join()
    try:
        return await waiter
    except asyncio.CancelledError:
        lock.leave(waiter)
        raise


def task(lock: Lock, contended: bool) -> asyncio.Task[bool]:
    """Start a Task, held or not."""
    return asyncio.create_task(coroutine(lock, contended))


def cached_future(lock: Lock, contended: bool) -> asyncio.Future[bool]:
    """Hand out the one future that says: acquired."""
    release(lock, contended)
    return lock.kept if lock.take() else lock.join()


def ready_future(lock: Lock, contended: bool) -> asyncio.Future[bool]:
    """Make a completed future for each acquire."""
    release(lock, contended)
    return lock.completed(True) if lock.take() else lock.join()


def value_task(lock: Lock, contended: bool) -> ValueTask[bool]:
    """Wrap the answer, or else the coroutine's body where it suspended."""
    release(lock, contended)
    return ValueTask(True) if lock.take() else suspended(lock, None)


def synchronous(lock: Lock, contended: bool) -> bool:
    """Take the lock: ``acquire_nowait``."""
    release(lock, contended)
    return lock.take()


def asyncio_lock(lock: Lock, contended: bool) -> Coroutine[Any, Any, bool]:
    """Do it with asyncio's own lock, whose ``acquire`` is a coroutine."""
    release(lock.asyncio_lock, contended)
    return lock.asyncio_lock.acquire()


def release(lock: Lock | asyncio.Lock, contended: bool | None) -> None:
    """Release the lock, in the next turn where *contended*; None: it is not ours to release."""
    if contended:
        asyncio.get_running_loop().call_soon(lock.release)
    elif contended is not None:
        lock.release()


@asynccontextmanager
async def open_lock(_: Params) -> AsyncIterator[Lock]:
    """Give the locks, acquired."""
    lock = Lock()
    lock.held = await lock.asyncio_lock.acquire()
    yield lock


suspended = as_value_task(coroutine)

SCENARIO = Scenario[Lock, bool, bool](
    title="Lock that is usually free",
    setup=open_lock,
    requests=lambda _, params: [not free for free in sync_pattern(params)],
    variants=(coroutine, task, cached_future, ready_future, value_task, asyncio_lock),
    synchronous=synchronous,
    parameters={"contention": Parameter(0.1, 0.0, 1.0, help="share that find the lock held")},
    sync_ratio=lambda params: 1 - params.contention,
    sweep={"contention": (1.0, 0.1, 0.0)},
)

if __name__ == "__main__":
    main(SCENARIO)
