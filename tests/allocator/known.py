"""A scenario whose allocations are known beforehand, for the tests of the counting pass."""

import asyncio
import ctypes
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from harness import Params, Scenario, sync_pattern

BLOCK = 1000
PADDING = b" " * BLOCK


@dataclass
class Parts:
    done: asyncio.Future[int]
    pool: ThreadPoolExecutor
    database: sqlite3.Connection
    kept: list[bytearray] = field(default_factory=list)


async def coroutine(parts: Parts, ready: bool) -> int:
    if not ready:
        await asyncio.sleep(0)
    return 1


def task(parts: Parts, ready: bool) -> asyncio.Task[int]:
    return asyncio.get_running_loop().create_task(coroutine(parts, ready))


def cached_future(parts: Parts, ready: bool) -> asyncio.Future[int]:
    return parts.done if ready else ready_future(parts, ready)


def ready_future(parts: Parts, ready: bool) -> asyncio.Future[int]:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[int] = loop.create_future()
    if ready:
        future.set_result(1)
    else:
        loop.call_soon(future.set_result, 1)
    return future


async def block(parts: Parts, ready: bool) -> int:
    """One coroutine, one bytearray, and its buffer of BLOCK bytes and a terminator."""
    bytearray(BLOCK)
    return 1


async def grown(parts: Parts, ready: bool) -> int:
    """As ``block``, and one reallocation."""
    buffer = bytearray(BLOCK)
    buffer += PADDING
    return 1


async def kept(parts: Parts, ready: bool) -> int:
    """As ``block``, and the block stays alive."""
    parts.kept.append(bytearray(BLOCK))
    return 1


async def library(parts: Parts, ready: bool) -> int:
    """SQLite allocates BLOCK bytes and more for itself, by malloc."""
    parts.database.execute(f"SELECT length(randomblob({BLOCK}))").fetchone()
    return 1


async def thread(parts: Parts, ready: bool) -> int:
    """A thread that has long been running allocates the block."""
    await asyncio.get_running_loop().run_in_executor(parts.pool, bytearray, BLOCK)
    return 1


async def new_thread(parts: Parts, ready: bool) -> int:
    """A thread that is started by the operation allocates the block."""
    started = threading.Thread(target=bytearray, args=(BLOCK,))
    started.start()
    started.join()
    return 1


async def extension(parts: Parts, ready: bool) -> int:
    """C code enters Python, where memray installs its stack hook again."""
    return int(from_c())


async def audited(parts: Parts, ready: bool) -> int:
    """An audit event in each operation."""
    sys._getframe()
    return 1


async def growing(parts: Parts, ready: bool) -> int:
    """Each operation allocates more than the last one."""
    parts.kept.append(bytearray())
    for _ in range(0, len(parts.kept), 20):
        bytearray(BLOCK)
    return 1


def synchronous(parts: Parts, ready: bool) -> int:
    return 1


def one() -> int:
    return 1


from_c = ctypes.CFUNCTYPE(ctypes.c_int)(one)


@asynccontextmanager
async def open_parts(params: Params) -> AsyncIterator[Parts]:
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    done.set_result(1)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(bytearray).result()
        database = sqlite3.connect(":memory:")
        yield Parts(done, pool, database)
        database.close()


def pattern(parts: Parts, params: Params) -> tuple[bool, ...]:
    return sync_pattern(params)


SCENARIO = Scenario[Parts, bool, int](
    title="Known allocations",
    setup=open_parts,
    requests=pattern,
    variants=(
        coroutine,
        task,
        cached_future,
        ready_future,
        block,
        grown,
        kept,
        library,
        thread,
        new_thread,
        extension,
        audited,
        growing,
    ),
    synchronous=synchronous,
)
