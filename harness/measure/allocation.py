"""Counting pass: how many allocations one operation makes, of which sizes, and the high water.

It runs in a throw-away child, on a driver that is set up, and imports nothing but memray. The
driver runs under a tracker whose stack hook is off (see :mod:`harness.measure.hook_veto`), a
short stretch of operations and a long one. What the long one has more, divided by the number of
operations that it has more, is the count per operation: what each ``drive()`` allocates for
itself cancels.

All stretches are in one capture, and their bounds are marks in it: ``bytes`` objects, whose
address in the capture is their ``id``. What memray counts is every call of CPython's three
allocator domains (``PYMALLOC_*``) and every ``malloc`` of a C library; never both for one block,
as memray looks away while CPython's allocator calls the one below (``hooks.cpp``).
"""

from __future__ import annotations

import copy
import itertools
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memray import AllocatorType, FileDestination, FileReader, Tracker

from harness.errors import MeasureError
from harness.measure.collector import collector_off
from harness.measure.hook_veto import Veto, needs_veto, tracking
from harness.record import AllocationKind, Allocations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.measure.drive import Driver

__all__ = ["OPERATIONS", "Schedule", "count_allocations"]

# What happens now and then, a dict that is rebuilt, may fall on either side of a bound. It is two
# allocations more or less, of this many operations: less than the 0.01 that the count is good
# for. More operations would cost time: reading the capture takes 2 us for each allocation.
OPERATIONS = 300

_SHORT = 60  # operations of the short stretch, or one cycle

# At each step of a task asyncio enters it in a dict of the running tasks, and deletes it after.
# Such a dict is rebuilt at every fifth insertion (USABLE_FRACTION in Objects/dictobject.c), and
# each drive() is a task. With five drives to each stretch, all but one of them empty, this
# cancels for operations that start no task.
_DRIVES = 5

# Tables that outlive the operations grow once in a while, by chance of their hashes.
_CHANCES = 2

_PASSES = 3
_MARK = 100_003  # bytes: no size that a scenario is likely to ask for
_MARK_BLOCK = sys.getsizeof(bytes(_MARK))
_FREES = frozenset({AllocatorType.FREE, AllocatorType.MUNMAP, AllocatorType.PYMALLOC_FREE})


class Schedule:
    """What is driven to be counted, the same whatever counts it.

    short, long
        Cycles of the two stretches.
    operations
        How many operations the long stretch has more than the short one.
    """

    def __init__(self, driver: Driver[Any, Any, Any], operations: int = OPERATIONS) -> None:
        length = driver.operations
        more = -(-operations // length)
        self.driver = driver
        self.short = -(-_SHORT // length)
        self.long = self.short + more
        self.operations = more * length

    def drive(self, cycles: int) -> None:
        """Drive a stretch, *cycles* being one of its two lengths."""
        self.driver.drive(cycles)
        # Both lengths in every stretch: the larger one may be an int that must be allocated.
        self.driver.drive_nothing(self.short + self.long - cycles)
        for _ in range(_DRIVES - 2):
            self.driver.drive_nothing(self.short)


@dataclass
class _Stretch:
    """What happened between two marks; *peak* is in bytes above the level at the first."""

    allocations: dict[tuple[int, int], int] = field(default_factory=dict)
    peak: int = 0
    hooked: bool = False

    @property
    def count(self) -> int:
        return sum(self.allocations.values())


@dataclass
class _Pass:
    """The stretches of one capture: a short one twice, the long one, and two inner ones.

    An inner stretch is a short one from the first call of the variant's function to the last.
    """

    first: _Stretch
    second: _Stretch
    long: _Stretch
    inner: tuple[_Stretch, _Stretch]

    @property
    def all(self) -> tuple[_Stretch, ...]:
        return self.first, self.second, self.long, *self.inner

    @property
    def hooked(self) -> bool:
        return any(each.hooked for each in self.all)

    @property
    def settled(self) -> bool:
        return abs(self.second.count - self.first.count) <= 2 + 0.01 * self.second.count


def count_allocations(driver: Driver[Any, Any, Any], operations: int = OPERATIONS) -> Allocations:
    """Count what *driver* allocates per operation, over *operations* of them or more.

    MeasureError if memray's stack hook came back, if an audit event spoils the count, or if
    the count does not settle.
    """
    schedule = Schedule(driver, operations)
    veto = Veto() if needs_veto(driver.loop) else None
    schedule.drive(schedule.long)  # as often on each machine: no warm-up that looks at a clock
    with collector_off():
        for _ in range(_PASSES):
            counted = _count(schedule, veto)
            if not counted.hooked and counted.settled:
                return _per_operation(counted, schedule.operations)
            if counted.hooked:
                # An extension entered Python, though the loop is none.
                veto = veto or Veto()
    if counted.hooked:
        raise MeasureError(
            "memray's stack hook came back while allocations were counted, "
            "which makes the counts too high; they are not reported"
        )
    raise MeasureError(
        f"the allocations do not settle: {counted.first.count}, then "
        f"{counted.second.count} for the same requests; does the scenario's state grow with each?"
    )


def _count(schedule: Schedule, veto: Veto | None) -> _Pass:
    marks = _Marks(veto)
    inner = [_marked_from_first_to_last(schedule, marks) for _ in range(2)]
    with tempfile.TemporaryDirectory(prefix="awaitbench-") as folder:
        capture = Path(folder, "capture.bin")
        tracker = Tracker(
            destination=FileDestination(capture, overwrite=True, compress_on_exit=False),
            trace_python_allocators=True,
        )
        with tracking(tracker, veto):
            schedule.drive(schedule.short)  # the tracker's start emptied free lists
            for cycles in (schedule.short, schedule.short, schedule.long):
                marks.add()
                schedule.drive(cycles)
            marks.add()
            for driver in inner:
                driver.drive(schedule.short)
        first, second, long, _, one, _, other, _ = _read(capture, marks)
    marks.check(schedule.driver.variant)
    return _Pass(first, second, long, (one, other))


class _Marks:
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

    def check(self, variant: str) -> None:
        """Raise MeasureError if the operations raised audit events under the veto."""
        if self._veto is None:
            return
        _, second, long, end, *_ = self._events
        if end - long > long - second:
            names = self._veto.names
            frequent = max(names, key=lambda name: names[name])
            raise MeasureError(
                f"the operations raise the audit event {frequent!r}, for which CPython "
                "allocates where a hook listens, as it must here; count them with --loop asyncio, "
                "on Python 3.12 or later"
            )


def _marked_from_first_to_last(schedule: Schedule, marks: _Marks) -> Driver[Any, Any, Any]:
    """Return the driver with a function that sets a mark at its first call, and at its last.

    The level at the first call is that of the driving loop at work. What ``drive()`` needs to
    start and to end is larger than what many an operation holds, and would hide it.
    """
    between = copy.copy(schedule.driver)
    function = between.function
    last = schedule.short * len(between.cycle) - 1
    # Neither a generator nor a counter: this chain allocates nothing when it is advanced.
    ends = itertools.chain((True,), itertools.repeat(False, last - 1), (True,))

    def marked(state: Any, request: Any) -> Any:
        if next(ends):
            marks.add()
        return function(state, request)

    between.function = marked
    return between


def _read(path: Path, marks: _Marks) -> Iterator[_Stretch]:
    """Read the stretches between *marks*, in order, and what came after the last mark."""
    bounds = marks.addresses
    live: dict[int, int] = {}
    level = start = 0
    stretch: _Stretch | None = None
    with FileReader(path) as reader:
        for record in reader.get_allocation_records():
            if record.allocator in _FREES:
                # Nothing is known of blocks that are older than the capture.
                level -= live.pop(record.address, 0)
                continue
            size, address = record.size, record.address
            if size == _MARK_BLOCK and address in bounds:
                if stretch is not None:
                    yield stretch
                stretch, start = _Stretch(), level
                continue
            level += size
            live[address] = size
            if stretch is not None:
                kind = record.allocator, size
                stretch.allocations[kind] = stretch.allocations.get(kind, 0) + 1
                if level - start > stretch.peak:
                    stretch.peak = level - start
                # Without the hook memray has no stack to give: its number is 0.
                # sys.getprofile() would not tell, as memray sets a function but no object.
                if record.stack_id:
                    stretch.hooked = True
    if stretch is not None:
        yield stretch


def _per_operation(counted: _Pass, operations: int) -> Allocations:
    """Return what the long stretch has more than the short one, for each of *operations*."""
    longer, shorter = counted.long.allocations, counted.second.allocations
    more = {
        kind: number
        for kind in (longer.keys() | shorter.keys()) - _chances(counted)
        if (number := longer.get(kind, 0) - shorter.get(kind, 0))
    }
    kinds = [
        AllocationKind(AllocatorType(allocator).name, size, number / operations)
        for (allocator, size), number in more.items()
    ]
    return Allocations(
        count=sum(more.values()) / operations,
        requested_bytes=sum(size * number for (_, size), number in more.items()) / operations,
        # Where one table grew in one of the two, the other tells what the operations hold.
        peak_bytes=min(stretch.peak for stretch in counted.inner),
        operations=operations,
        kinds=tuple(sorted(kinds, key=lambda kind: (-kind.count, kind.allocator, kind.size))),
    )


def _chances(counted: _Pass) -> set[tuple[int, int]]:
    """Return the kinds that were seen once in all: no operation's, if they are few."""
    times = Counter[tuple[int, int]]()
    for stretch in counted.all:
        times.update(stretch.allocations)
    once = {kind for kind, number in times.items() if number == 1}
    return once if len(once) <= _CHANCES else set()
