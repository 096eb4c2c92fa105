"""asyncio's own StreamReader on a real connection, and the same reader with other answers.

Needs nothing beside awaitbench. ``readexactly`` (asyncio/streams.py: StreamReader) is an
``async def`` that waits only where its buffer holds too little. The server sends ``records`` in
one chunk, so that one read in so many waits: ten make a share of 0.9. The one that finds the
buffer empty asks for the next chunk first, as a client sends its next command. The server runs
in the same loop, and its turn is part of what a wait costs. ``Reader`` is the StreamReader with
a ``take()`` that its author could add. No future can be kept for bytes that differ each time,
so that ``ready_future`` stands where others have ``cached_future``.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, closing

from harness import Parameter, Params, Scenario, ValueTask, main
from harness import value_task as as_value_task

SIZE = 64  # bytes in a record
KINDS = 10  # of records, one after the other


class Reader(asyncio.StreamReader):
    """A StreamReader that tells whether a record is here."""

    _buffer: bytearray
    transport: asyncio.WriteTransport

    def take(self, size: int) -> bytes | None:
        """Return *size* bytes of the buffer, or None where it holds less or the stream failed."""
        if len(self._buffer) < size or self.exception() is not None:
            return None
        taken = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        self._maybe_resume_transport()  # type: ignore[attr-defined]
        return taken

    def ask(self, empty: bool) -> None:
        """Ask for a chunk where this read would find none."""
        if empty:
            self.transport.write(b"\n")


def coroutine(reader: Reader, empty: bool) -> Coroutine[None, None, bytes]:
    """Return what the library gives."""
    reader.ask(empty)
    return reader.readexactly(SIZE)


def task(reader: Reader, empty: bool) -> asyncio.Task[bytes]:
    """Start a Task for it."""
    return asyncio.create_task(coroutine(reader, empty))


def ready_future(reader: Reader, empty: bool) -> asyncio.Future[bytes]:
    """Make a completed future for what is here, a Task where a read waits."""
    reader.ask(empty)
    record = reader.take(SIZE)
    if record is None:
        return asyncio.create_task(reader.readexactly(SIZE))
    future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    future.set_result(record)
    return future


def value_task(reader: Reader, empty: bool) -> ValueTask[bytes]:
    """Wrap what is here, or else the library's coroutine."""
    reader.ask(empty)
    record = reader.take(SIZE)
    return suspended(reader, SIZE) if record is None else ValueTask(record)


suspended = as_value_task(asyncio.StreamReader.readexactly)


@asynccontextmanager
async def open_stream(params: Params) -> AsyncIterator[Reader]:
    """Connect to a server that sends the next chunk for each byte it receives."""
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    kinds = itertools.cycle(range(KINDS))

    async def serve(client: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        with closing(server):
            while await client.read(1):
                server.write(b"".join(bytes([next(kinds)]) * SIZE for _ in range(params.records)))
        gone.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        reader = Reader()
        reader.transport, _ = await loop.create_connection(
            lambda: asyncio.StreamReaderProtocol(reader), *listening.sockets[0].getsockname()
        )
        with closing(reader.transport):
            yield reader
        await gone.wait()


def reads(_: Reader, params: Params) -> list[bool]:
    """Return one cycle: KINDS chunks; the records then begin anew."""
    return [record == 0 for _ in range(KINDS) for record in range(params.records)]


SCENARIO = Scenario[Reader, bool, bytes](
    title="asyncio's StreamReader",
    setup=open_stream,
    requests=reads,
    variants=(coroutine, task, ready_future, value_task),
    parameters={"records": Parameter(10, 1, 1000, help="records that come in one chunk")},
    sync_ratio=lambda params: 1 - 1 / int(params.records),
    sweep={"records": (1, 10, 100)},
)

if __name__ == "__main__":
    main(SCENARIO)
