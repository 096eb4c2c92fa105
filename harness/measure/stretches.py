"""Stretches: what is allocated between marks in one memray capture, its stack hook off.

Marks are ``bytes`` objects, whose address in the capture is their ``id``. What memray counts is
every call of CPython's three allocator domains (``PYMALLOC_*``) and every ``malloc`` of a C
library; never both for one block, as memray looks away while CPython's allocator calls the one
below (``hooks.cpp``).

What is done under the tracker is given as steps, and handed out to be run: by a call where it
is a function's (:func:`driven`), by an await where it is a coroutine's, in the task that counts.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from memray import AllocatorType, FileDestination, FileReader, Tracker

from harness.errors import MeasureError
from harness.measure.collector import collector_off
from harness.measure.hook_veto import Veto, tracking

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

__all__ = [
    "FREES",
    "MMAP",
    "Kinds",
    "Marks",
    "Step",
    "Steps",
    "Stretch",
    "awaited",
    "capture",
    "chances",
    "difference",
    "driven",
    "settle",
]

FREES = frozenset({AllocatorType.FREE, AllocatorType.MUNMAP, AllocatorType.PYMALLOC_FREE})

MMAP = AllocatorType.MMAP

# Tables that outlive the operations grow once in a while, by chance of their hashes.
_CHANCES = 2

_PASSES = 3
_MARK = 100_003  # bytes: no size that a scenario is likely to ask for
_MARK_BLOCK = sys.getsizeof(bytes(_MARK))

Result = TypeVar("Result")
Kinds: TypeAlias = dict[tuple[int, int], int]  # how many, by allocator and size
Step: TypeAlias = "Callable[[], Any]"
Steps: TypeAlias = "Generator[Step, None, Result]"


@dataclass
class Stretch:
    """What happened between two marks; *peak* is in bytes above the level at the first."""

    allocations: Kinds = field(default_factory=dict)
    peak: int = 0
    hooked: bool = False

    @property
    def count(self) -> int:
        """How many allocations there were."""
        return sum(self.allocations.values())


class Pass(Protocol):
    """What one capture holds: a short stretch of operations twice, and what else was driven."""

    @property
    def first(self) -> Stretch:
        """The short stretch."""

    @property
    def second(self) -> Stretch:
        """The same again: it must count the same."""

    @property
    def all(self) -> tuple[Stretch, ...]:
        """Every stretch of the capture."""


Counted = TypeVar("Counted", bound=Pass)


def driven(steps: Steps[Result]) -> Result:
    """Call every step and return the result."""
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            step()


async def awaited(steps: Steps[Result]) -> Result:
    """Await every step, in the task that runs, and return the result."""
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            await step()


def settle(count: Callable[[Veto | None], Steps[Counted]], veto: Veto | None) -> Steps[Counted]:
    """Do *count* until two short stretches of it are alike, with the collector off.

    MeasureError if memray's stack hook came back, or if the count does not settle.
    """
    with collector_off():
        for _ in range(_PASSES):
            counted = yield from count(veto)
            first, second = counted.first.count, counted.second.count
            hooked = any(stretch.hooked for stretch in counted.all)
            if hooked:
                # An extension entered Python, though the loop is none.
                veto = veto or Veto()
            elif abs(second - first) <= 2 + 0.01 * second:
                return counted
    if hooked:
        raise MeasureError(
            "memray's stack hook came back while allocations were counted, "
            "which makes the counts too high; they are not reported"
        )
    raise MeasureError(
        f"the allocations do not settle: {first}, then {second} for the same operations; "
        "does what they work on grow with each?"
    )


def capture(steps: Iterable[Step], marks: Marks, veto: Veto | None) -> Steps[list[Stretch]]:
    """Have *steps* run under memray, and return the stretches that *marks* bound."""
    with tempfile.TemporaryDirectory(prefix="awaitbench-") as folder:
        path = Path(folder, "capture.bin")
        tracker = Tracker(
            destination=FileDestination(path, overwrite=True, compress_on_exit=False),
            trace_python_allocators=True,
        )
        with tracking(tracker, veto):
            yield from steps
        return list(_read(path, marks))


class Marks:
    """Bounds of stretches: blocks that stay alive, and so have addresses of their own."""

    def __init__(self, veto: Veto | None) -> None:
        # The lists have their full length before: one that grows would allocate in a stretch.
        self._blocks = [b""] * 8
        self._events = [0] * 8
        self._places = iter(range(8))
        self._veto = veto

    def add(self) -> None:
        """Set the next mark."""
        place = next(self._places)
        self._blocks[place] = bytes(_MARK)
        if self._veto is not None:
            self._events[place] = self._veto.events

    @property
    def addresses(self) -> set[int]:
        """Where the marks are."""
        return {id(block) for block in self._blocks}

    def check(self) -> None:
        """Raise MeasureError if the operations raised audit events under the veto.

        Marks 1 and 2 bound the second short stretch of them, 2 and 3 the long one.
        """
        if self._veto is None:
            return
        _, second, long, end, *_ = self._events
        if end - long > long - second:
            names = self._veto.names
            frequent = max(names, key=lambda name: names[name])
            raise MeasureError(
                f"the operations raise the audit event {frequent!r}, for which CPython "
                "allocates where a hook listens, as it must here; count them on asyncio's own "
                "loop (--loop asyncio), on Python 3.12 or later"
            )


def _read(path: Path, marks: Marks) -> Iterator[Stretch]:
    """Read the stretches between *marks*, in order, and what came after the last mark."""
    bounds = marks.addresses
    # Records come by the hundred thousand: plain numbers and local names are faster here than
    # members of an enumeration and attributes.
    frees = frozenset(map(int, FREES))
    live: dict[int, int] = {}
    freed = live.pop
    level = start = peak = 0
    kinds: defaultdict[tuple[int, int], int] | None = None
    hooked = False
    with FileReader(path) as reader:
        for record in reader.get_allocation_records():
            allocator = record.allocator
            if allocator in frees:
                # Nothing is known of blocks that are older than the capture.
                level -= freed(record.address, 0)
                continue
            size, address = record.size, record.address
            if size == _MARK_BLOCK and address in bounds:
                if kinds is not None:
                    yield Stretch(dict(kinds), peak - start, hooked)
                kinds, start, peak, hooked = defaultdict(int), level, level, False
                continue
            level += size
            live[address] = size
            if kinds is not None:
                kinds[allocator, size] += 1
                if level > peak:
                    peak = level
                # Without the hook memray has no stack to give: its number is 0.
                # sys.getprofile() would not tell, as memray sets a function but no object.
                if record.stack_id:
                    hooked = True
    if kinds is not None:
        yield Stretch(dict(kinds), peak - start, hooked)


def difference(more: Kinds, less: Kinds, without: Iterable[tuple[int, int]] = ()) -> Kinds:
    """Return how many of each kind the one has more than the other."""
    return {
        kind: number
        for kind in (more.keys() | less.keys()) - set(without)
        if (number := more.get(kind, 0) - less.get(kind, 0))
    }


def chances(stretches: Iterable[Stretch]) -> set[tuple[int, int]]:
    """Return the kinds that were seen once in all: no operation's, if they are few."""
    times = Counter[tuple[int, int]]()
    for stretch in stretches:
        times.update(stretch.allocations)
    once = {kind for kind, number in times.items() if number == 1}
    return once if len(once) <= _CHANCES else set()
