"""Counting pass: how many allocations one operation makes, of which sizes, and the high water.

It runs in a throw-away child, on a driver that is set up, and imports nothing but memray. The
driver runs under a tracker whose stack hook is off (see :mod:`harness.measure.hook_veto`), a
stretch of n operations, then one of 2n. What the second has more than the first, divided by n,
is the count per operation: what each ``drive()`` allocates for itself cancels.

All stretches are in one capture, and their bounds are marks in it: ``bytes`` objects, whose
address in the capture is their ``id``. What memray counts is every call of CPython's three
allocator domains (``PYMALLOC_*``) and every ``malloc`` of a C library; never both for one block,
as memray looks away while CPython's allocator calls the one below (``hooks.cpp``).
"""

from __future__ import annotations

import copy
import gc
import itertools
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memray import AllocatorType, FileDestination, FileReader, Tracker

from harness.errors import MeasureError
from harness.measure.hook_veto import Veto, needs_veto, tracking
from harness.record import AllocationKind, Allocations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.measure.drive import Driver

__all__ = ["OPERATIONS", "count_allocations"]

# n is the fewest whole cycles with as many operations. What happens now and then may fall on
# either side of a bound: that error is 1/n, and must stay below the 0.01 that the count is good
# for. Above 256, so that the number of operations is an int that has to be allocated in every
# stretch, and cancels.
OPERATIONS = 300

# asyncio keeps a WeakSet of tasks, of which CPython rebuilds the table at every fifth task or
# so (set_add_entry in Objects/setobject.c). Each drive() is a task. With five drives to each
# stretch, of which all but one are empty, the rebuilding cancels too.
_DRIVES = 5

_PASSES = 3
_MARK = 100_003  # bytes: no size that a scenario is likely to ask for
_FREES = frozenset({AllocatorType.FREE, AllocatorType.MUNMAP, AllocatorType.PYMALLOC_FREE})


@dataclass
class _Stretch:
    """What happened between two marks; *peak* is in bytes above the level at the first."""

    allocations: dict[tuple[int, int], int] = field(default_factory=dict)
    peak: int = 0
    hooked: bool = False

    @property
    def count(self) -> int:
        return sum(self.allocations.values())


def count_allocations(driver: Driver[Any, Any, Any], operations: int = OPERATIONS) -> Allocations:
    """Count what *driver* allocates per operation, over *operations* of them or more.

    MeasureError if memray's stack hook came back, or if the count does not settle.
    """
    cycles = -(-operations // len(driver.cycle))
    counted = cycles * len(driver.cycle)
    veto = Veto() if needs_veto(driver.loop) else None
    driver.drive(cycles)
    with _collector_off():
        for _ in range(_PASSES):
            first, second, last, held = _counting_pass(driver, cycles, veto)
            if abs(second.count - first.count) <= 1 + 0.001 * second.count:
                return _per_operation(counted, second, last, held)
    raise MeasureError(
        f"{driver.variant}: the allocations do not settle: {first.count}, then {second.count} "
        f"for the same {counted} operations"
    )


def _counting_pass(
    driver: Driver[Any, Any, Any], cycles: int, veto: Veto | None
) -> tuple[_Stretch, ...]:
    """Return four stretches: n operations twice, 2n, and n from the first to the last call."""

    def drive(cycles: int) -> None:
        driver.drive(cycles)
        for _ in range(_DRIVES - 1):
            driver.drive_nothing(cycles)

    marks = _Marks()
    between = _marked_from_first_to_last(driver, cycles, marks)
    with tempfile.TemporaryDirectory(prefix="awaitbench-") as folder:
        capture = Path(folder, "capture.bin")
        tracker = Tracker(
            destination=FileDestination(capture, overwrite=True, compress_on_exit=False),
            trace_python_allocators=True,
        )
        with tracking(tracker, veto):
            drive(1)  # the tracker's start emptied free lists
            marks.add()
            drive(cycles)
            marks.add()
            drive(cycles)
            marks.add()
            drive(2 * cycles)
            marks.add()
            between.drive(cycles)
        first, second, last, _, held, _ = _read(capture, marks)
    for stretch in (first, second, last, held):
        if stretch.hooked:
            raise MeasureError(
                f"{driver.variant}: memray's stack hook came back while allocations were "
                "counted, which makes the counts too high; they are not reported"
            )
    return first, second, last, held


class _Marks:
    """Bounds of stretches: blocks that stay alive, and so have addresses of their own."""

    def __init__(self) -> None:
        # The list has its full length before: one that grows would allocate between the marks.
        self._blocks = [b""] * 6
        self._places = iter(range(6))

    def add(self) -> None:
        """Set the next mark."""
        self._blocks[next(self._places)] = bytes(_MARK)

    @property
    def addresses(self) -> set[int]:
        """Where the marks are."""
        return {id(block) for block in self._blocks}


def _marked_from_first_to_last(
    driver: Driver[Any, Any, Any], cycles: int, marks: _Marks
) -> Driver[Any, Any, Any]:
    """Return *driver* with a function that sets a mark at its first call, and at its last.

    The level at the first call is that of the driving loop at work. What ``drive()`` needs to
    start and to end is larger than what many an operation holds, and would hide it.
    """
    function = driver.function
    last = cycles * len(driver.cycle) - 1
    # Neither a generator nor a counter: this chain allocates nothing when it is advanced.
    ends = itertools.chain((True,), itertools.repeat(False, last - 1), (True,))

    def marked(state: Any, request: Any) -> Any:
        if next(ends):
            marks.add()
        return function(state, request)

    between = copy.copy(driver)
    between.function = marked
    return between


def _read(path: Path, marks: _Marks) -> Iterator[_Stretch]:
    """Read the stretches between *marks*, in order, and that after the last one."""
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
            if size > _MARK and address in bounds:
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
                if record.stack_id:
                    stretch.hooked = True
    if stretch is not None:
        yield stretch


def _per_operation(
    operations: int, shorter: _Stretch, longer: _Stretch, held: _Stretch
) -> Allocations:
    """Return what *longer*, of 2n operations, has more than *shorter*, of n, for each of n."""
    kinds = []
    for allocator, size in longer.allocations.keys() | shorter.allocations.keys():
        kind = allocator, size
        more = longer.allocations.get(kind, 0) - shorter.allocations.get(kind, 0)
        kinds.append(AllocationKind(AllocatorType(allocator).name, size, more / operations))
    kinds.sort(key=lambda kind: (-kind.count, kind.allocator, kind.size))
    return Allocations(
        count=(longer.count - shorter.count) / operations,
        requested_bytes=sum(kind.size * kind.count for kind in kinds),
        peak_bytes=held.peak,
        operations=operations,
        kinds=tuple(kind for kind in kinds if kind.count),
    )


@contextmanager
def _collector_off() -> Iterator[None]:
    gc.collect()
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
