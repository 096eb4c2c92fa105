"""The buffered stream: chunks, what TCP does to them, and who asks for the next one."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.drive import open_driver
from scenarios import stream_read
from scenarios._loopback import HEADER, framed
from scenarios.stream_read import Reader
from tests.scenarios.watching import LOOPS, SCENARIOS, parameters, skip_unless_there, watch


class Silent:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data


def reader_of(kinds: list[bytes]) -> Reader:
    reader = Reader(kinds)
    transport: Any = Silent()
    reader.connection_made(transport)
    return reader


@given(records=st.lists(st.binary(min_size=3, max_size=3), min_size=1, max_size=50), data=st.data())
def test_records_are_spread_evenly_over_chunks(records: list[bytes], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(records)))
    chunks = list(framed(records, count))
    sizes = [(len(chunk) - HEADER) // 3 for chunk in chunks]
    assert b"".join(chunk[HEADER:] for chunk in chunks) == b"".join(records)
    assert len(sizes) == count
    assert max(sizes) - min(sizes) <= 1
    assert [int.from_bytes(chunk[:HEADER], "big") // 3 for chunk in chunks] == sizes


@given(cuts=st.sets(st.integers(1, 33)), size=st.sampled_from([1, 3, 10, 30]))
def test_a_chunk_in_pieces_is_read_when_it_is_complete(cuts: set[int], size: int) -> None:
    body = bytes(range(30))
    (chunk,) = framed([body], 1)
    bounds = [0, *sorted(cuts), len(chunk)]

    async def receive() -> list[bytes | None]:
        reader = reader_of([body[:size]])
        first = reader.more()
        for start, end in itertools.pairwise(bounds):
            assert not first.done()
            reader.data_received(chunk[start:end])
        return [await first, *reader.records]

    expected = [body[start : start + size] for start in range(0, 30, size)]
    assert asyncio.run(receive()) == expected


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize(
    ("ratio", "suspensions"),
    [
        (0.0, [1] * 20),
        (0.5, [1, 0] * 10),
        (0.9, [1, *[0] * 9] * 2),
        (0.99, [1, *[0] * 99]),
        (0.35, [1, 1, 0] * 6 + [1, 0]),
        (1.0, [0] * 20),
    ],
)
def test_the_first_record_of_a_chunk_is_waited_for(
    ratio: float, suspensions: list[int], loop_name: str
) -> None:
    skip_unless_there(loop_name)
    for cycle in watch("stream_read", "coroutine", loop_name, sync_ratio=ratio):
        assert cycle.suspensions == suspensions


@settings(deadline=None, max_examples=50)  # each example opens event loops
@given(seed=st.integers(0, 2**32), twentieths=st.integers(0, 20))
def test_each_cycle_reads_the_same_records(seed: int, twentieths: int) -> None:
    ratio = twentieths / 20
    first, second, third = watch("stream_read", "value_task", "asyncio", 3, seed, sync_ratio=ratio)
    assert first.answers == second.answers == third.answers
    assert first.synchronous_share == ratio


@pytest.mark.parametrize("loop_name", LOOPS)
def test_a_chunk_larger_than_a_socket_buffer_arrives(loop_name: str) -> None:
    skip_unless_there(loop_name)
    seen = watch("stream_read", "coroutine", loop_name, 2, sync_ratio=0.99, record_size=65_536)
    assert {len(answer) for cycle in seen for answer in cycle.answers} == {65_536}
    assert [cycle.suspensions.count(1) for cycle in seen] == [1, 1]


@pytest.mark.parametrize("loop_name", LOOPS)
def test_a_cycle_ends_with_nothing_left_to_read(loop_name: str) -> None:
    skip_unless_there(loop_name)
    params = parameters("stream_read", sync_ratio=0.35)
    with open_driver(SCENARIOS["stream_read"], "coroutine", params, loop_name) as driver:
        for cycles in (1, 2, 5):
            driver.drive(cycles)
            assert next(driver.state.records, None) is None
            assert not driver.state.arriving


def test_a_reader_that_is_not_dry_asks_for_nothing() -> None:
    async def read() -> bytes:
        reader = reader_of([b"a"])
        (chunk,) = framed([b"a", b"b"], 1)
        waiting = asyncio.create_task(stream_read.coroutine(reader, None))
        await asyncio.sleep(0)
        reader.data_received(chunk)
        assert (await waiting, await stream_read.coroutine(reader, None)) == (b"a", b"b")
        transport: Any = reader.transport
        written: bytes = transport.written
        return written

    assert asyncio.run(read()) == b"\n"


@pytest.mark.parametrize("variant", stream_read.SCENARIO.variants, ids=lambda v: v.__name__)
def test_a_record_whose_reader_was_cancelled_is_read_by_the_next_one(variant: Any) -> None:
    async def cancel_and_read() -> list[bytes]:
        reader = reader_of([b"a"])
        (chunk,) = framed([b"a", b"b"], 1)

        async def read() -> Any:
            return await variant(reader, None)

        waiting = asyncio.create_task(read())
        for _ in range(3):
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        reader.data_received(chunk)
        return list(reader.records)

    assert asyncio.run(cancel_and_read()) == [b"a", b"b"]


def test_records_of_one_kind_share_a_kept_future() -> None:
    async def futures() -> list[asyncio.Future[bytes]]:
        reader = reader_of([b"\0", b"\1"])
        reader.records = iter([b"\1", b"\0", b"\1"])
        return [stream_read.cached_future(reader, None) for _ in range(3)]

    one, other, again = asyncio.run(futures())
    assert one is again is not other
    assert [one.result(), other.result()] == [b"\1", b"\0"]
