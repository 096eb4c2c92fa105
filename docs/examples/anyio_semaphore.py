"""anyio's Semaphore on asyncio: what it costs to acquire a permit that is free.

Needs ``pip install anyio``. ``Semaphore.acquire`` (anyio/_backends/_asyncio.py) gives every other
task its turn, even where a permit is free: ``anyio_semaphore`` is that default. With
``fast_acquire=True`` it does not: that is ``coroutine``, and what the others are measured
against. They stand on ``acquire_nowait``, the other half of the public interface, and look for a
cancelled scope first, as ``acquire`` does; ``unscoped`` and ``synchronous`` do not, nor does
``asyncio.Semaphore``. An operation gives back the permit that the last one took, and acquires
one. Where it has to wait, somebody else took the permit in between, and gives it back in the next
turn of the loop.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from anyio import Semaphore, current_effective_deadline

from harness import Params, Scenario, ValueTask, main, sync_pattern
from harness import value_task as as_value_task


class Gate:
    """One permit, which the operation before holds; the usual semaphore, and the fast one."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.usual, self.fast = Semaphore(0), Semaphore(0, fast_acquire=True)
        self.acquired: asyncio.Future[None] = self.loop.create_future()
        self.acquired.set_result(None)

    def turn_over(self, semaphore: Semaphore, free: bool) -> None:
        """Give the last permit back; where it is not to be free, somebody else takes it."""
        semaphore.release()
        if not free:
            semaphore.acquire_nowait()
            self.loop.call_soon(semaphore.release)

    def take(self, free: bool, scoped: bool = True) -> bool:
        """Acquire the permit if it can be had at once; say whether it was."""
        self.turn_over(self.fast, free)
        if self.fast.value == 0 or (scoped and current_effective_deadline() == -math.inf):
            return False
        self.fast.acquire_nowait()
        return True


def anyio_semaphore(gate: Gate, free: bool) -> Coroutine[None, None, None]:
    """Acquire as anyio does it unless told otherwise."""
    gate.turn_over(gate.usual, free)
    return gate.usual.acquire()


def coroutine(gate: Gate, free: bool) -> Coroutine[None, None, None]:
    """Acquire with ``fast_acquire=True``."""
    gate.turn_over(gate.fast, free)
    return gate.fast.acquire()


def task(gate: Gate, free: bool) -> asyncio.Task[None]:
    """Start a Task that acquires."""
    return asyncio.create_task(coroutine(gate, free))


def cached_future(gate: Gate, free: bool) -> asyncio.Future[None]:
    """Hand out one completed future for every permit that was free."""
    return gate.acquired if gate.take(free) else asyncio.create_task(gate.fast.acquire())


def value_task(gate: Gate, free: bool) -> ValueTask[None]:
    """Say that it is acquired, or else wrap the library's coroutine."""
    return ValueTask(None) if gate.take(free) else waiting(gate.fast)


def unscoped(gate: Gate, free: bool) -> ValueTask[None]:
    """Do the same, by the ValueTask in C where it is built, and look for no cancelled scope."""
    return ValueTask(None) if gate.take(free, scoped=False) else waiting(gate.fast)


def synchronous(gate: Gate, free: bool) -> None:
    """Acquire without waiting."""
    gate.turn_over(gate.fast, free)
    gate.fast.acquire_nowait()


@as_value_task
async def waiting(semaphore: Semaphore) -> None:
    """Wait for a permit."""
    await semaphore.acquire()


@asynccontextmanager
async def open_gate(params: Params) -> AsyncIterator[Gate]:
    """Make the semaphores; their permits are out."""
    yield Gate()


SCENARIO = Scenario[Gate, bool, None](
    title="anyio: a semaphore that is usually free",
    setup=open_gate,
    requests=lambda _, params: sync_pattern(params),
    variants=(anyio_semaphore, coroutine, task, cached_future, value_task, unscoped),
    synchronous=synchronous,
    sweep={"sync_ratio": (0.0, 0.9, 1.0)},
)

if __name__ == "__main__":
    main(SCENARIO)
