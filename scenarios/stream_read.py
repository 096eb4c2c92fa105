"""Records read from a TCP connection: most are here already, for some the reader waits.

So do ``StreamReader.readexactly`` (CPython, Lib/asyncio/streams.py), redis-py for a reply
(redis/_parsers/base.py: _AsyncRESPBase._read), aiokafka for a message (aiokafka/consumer/
fetcher.py: Fetcher.next_record): the network delivers chunks, the caller asks for records. A dry
reader asks for a chunk by writing a byte; the server's turn, in the same loop, is part of a wait.
Ten records in a chunk make a ``sync_ratio`` of 0.9; chunks differ in size where the share needs
it. At 1 what came at setup is read over and over. Records are of few kinds, like
acknowledgements, so that ``cached_future`` has something to hand out again.

What it means: a wait for the network hides what a strategy costs, but for a Task for each record.
So have many records in a buffer: the more, the nearer this is to ``do_work``. Hand them out by a
coroutine, or by a native ValueTask, which saves an allocation for each.
"""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from harness import Parameter, Params, Scenario, ValueTask, main, sync_pattern
from scenarios._futures import completed
from scenarios._loopback import HEADER, Peer, connected, framed

KINDS = 8  # of records; the first byte says which


class Reader(Peer):
    """The client's end of the connection, and the records that have arrived."""

    def __init__(self, kinds: list[bytes]) -> None:
        self.loop = asyncio.get_running_loop()
        self.size = len(kinds[0])
        self.arriving = bytearray()
        self.records: Iterator[bytes] = iter(())
        self.futures = [completed(record) for record in kinds]

    def more(self) -> asyncio.Future[bytes]:
        """Ask for a chunk; the future holds its first record when it is here."""
        self.waiter: asyncio.Future[bytes] = self.loop.create_future()
        self.transport.write(b"\n")
        return self.waiter

    def data_received(self, data: bytes) -> None:
        """Split a chunk into records once it is complete: TCP may deliver it in pieces."""
        self.arriving += data
        if len(self.arriving) == HEADER + int.from_bytes(self.arriving[:HEADER], "big"):
            chunk = bytes(self.arriving)
            starts = range(HEADER, len(chunk), self.size)
            self.records = iter([chunk[start : start + self.size] for start in starts])
            self.arriving.clear()
            if not self.waiter.done():
                self.waiter.set_result(next(self.records))


async def coroutine(reader: Reader, _: None) -> bytes:
    """Return the next record, or wait for it."""
    record = next(reader.records, None)
    return await reader.more() if record is None else record


def task(reader: Reader, _: None) -> asyncio.Task[bytes]:
    """Start a Task, dry or not."""
    return asyncio.create_task(coroutine(reader, None))


def cached_future(reader: Reader, _: None) -> asyncio.Future[bytes]:
    """Hand out the future that is kept for this kind of record."""
    record = next(reader.records, None)
    return reader.more() if record is None else reader.futures[record[0]]


def ready_future(reader: Reader, _: None) -> asyncio.Future[bytes]:
    """Make a completed future for each record."""
    record = next(reader.records, None)
    if record is None:
        return reader.more()
    future: asyncio.Future[bytes] = reader.loop.create_future()
    future.set_result(record)
    return future


def value_task(reader: Reader, _: None) -> ValueTask[bytes]:
    """Wrap the next record, or the future that waits for it."""
    record = next(reader.records, None)
    return ValueTask.from_future(reader.more()) if record is None else ValueTask(record)


def synchronous(reader: Reader, _: None) -> bytes:
    """Return the next record; no plain call can wait for the loop."""
    return next(reader.records)


@asynccontextmanager
async def open_stream(params: Params) -> AsyncIterator[Reader]:
    """Connect a reader to a server that sends one cycle of records over and over."""
    rng, flags = random.Random(params.seed), sync_pattern(params)
    kinds = [bytes([kind]) + rng.randbytes(params.record_size - 1) for kind in range(KINDS)]
    chunks = framed(rng.choices(kinds, k=len(flags)), max(1, flags.count(False)))
    async with connected(Reader(kinds), list(chunks)) as reader:
        if all(flags):
            reader.records = itertools.cycle([await reader.more(), *reader.records])
        yield reader


SCENARIO = Scenario[Reader, None, bytes](
    title="Buffered stream of records",
    setup=open_stream,
    requests=lambda _, params: [None] * len(sync_pattern(params)),  # each for the next record
    variants=(coroutine, task, cached_future, ready_future, value_task),
    synchronous=synchronous,
    parameters={"record_size": Parameter(64, 1, 65_536, help="bytes in a record")},
)

if __name__ == "__main__":
    main(SCENARIO)
