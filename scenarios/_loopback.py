"""A server on the loopback interface that sends the next chunk for each byte it receives."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from typing import TypeVar, cast

HEADER = 4  # bytes in front of a chunk that say how long it is

Client = TypeVar("Client", bound="Peer")


def framed(records: Sequence[bytes], count: int) -> Iterator[bytes]:
    """Spread *records* over *count* chunks as evenly as it goes, and frame each one."""
    bounds = [len(records) * i // count for i in range(count + 1)]
    for start, end in itertools.pairwise(bounds):
        body = b"".join(records[start:end])
        yield len(body).to_bytes(HEADER, "big") + body


class Peer(asyncio.Protocol):
    """An end of a connection."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        self.transport = cast("asyncio.Transport", transport)


@asynccontextmanager
async def connected(client: Client, chunks: Sequence[bytes]) -> AsyncIterator[Client]:
    """Connect *client* to a server of *chunks*, which come round again after the last one.

    When it ends, both ends of the connection are closed, and so is the server.
    """
    loop = asyncio.get_running_loop()
    sender = _Sender(chunks)
    async with await loop.create_server(lambda: sender, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        transport, _ = await loop.create_connection(lambda: client, host, port)
        with closing(transport):
            await sender.opened.wait()
            yield client
        # asyncio would drop a connection that is still open when the loop closes, and warn.
        await sender.closed.wait()


class _Sender(Peer):
    def __init__(self, chunks: Sequence[bytes]) -> None:
        self.chunks = itertools.cycle(chunks)
        self.opened, self.closed = asyncio.Event(), asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.opened.set()

    def data_received(self, data: bytes) -> None:
        for _ in data:
            self.transport.write(next(self.chunks))

    def connection_lost(self, error: Exception | None) -> None:
        self.closed.set()
