"""Counting pass: how many allocations one operation makes, of which sizes, and the high water.

It runs in a throw-away child, on a driver that is set up, and imports nothing but memray. The
driver runs under a tracker whose stack hook is off (see :mod:`harness.measure.hook_veto`), a
short stretch of operations and a long one (see :mod:`harness.measure.stretches`). What the long
one has more, divided by the number of operations that it has more, is the count per operation:
what each ``drive()`` allocates for itself cancels.
"""

from __future__ import annotations

import copy
import itertools
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from memray import AllocatorType

from harness.measure.hook_veto import Veto, needs_veto
from harness.measure.stretches import Marks, capture, chances, difference, driven, settle
from harness.record import AllocationKind, Allocations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.measure.drive import Driver
    from harness.measure.stretches import Step, Steps, Stretch

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
        # Two requests or more: an inner stretch goes from the first call to the last.
        self.short = max(-(-_SHORT // length), 2 if len(driver.cycle) == 1 else 1)
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
class _Pass:
    """The stretches of one capture: a short one twice, the long one, and two inner ones.

    An inner stretch is a short one from the first call of the variant's function to the last.
    """

    first: Stretch
    second: Stretch
    long: Stretch
    inner: tuple[Stretch, Stretch]

    @property
    def all(self) -> tuple[Stretch, ...]:
        return self.first, self.second, self.long, *self.inner


def count_allocations(driver: Driver[Any, Any, Any], operations: int = OPERATIONS) -> Allocations:
    """Count what *driver* allocates per operation, over *operations* of them or more.

    MeasureError if memray's stack hook came back, if an audit event spoils the count, or if
    the count does not settle.
    """
    schedule = Schedule(driver, operations)
    veto = Veto() if needs_veto(driver.loop) else None
    schedule.drive(schedule.long)  # as often on each machine: no warm-up that looks at a clock
    counted = driven(settle(partial(_count, schedule), veto))
    return _per_operation(counted, schedule.operations)


def _count(schedule: Schedule, veto: Veto | None) -> Steps[_Pass]:
    marks = Marks(veto)
    inner = [_marked_from_first_to_last(schedule, marks) for _ in range(2)]

    def steps() -> Iterator[Step]:
        yield partial(schedule.drive, schedule.short)  # the tracker's start emptied free lists
        for cycles in (schedule.short, schedule.short, schedule.long):
            marks.add()
            yield partial(schedule.drive, cycles)
        marks.add()
        for driver in inner:
            yield partial(driver.drive, schedule.short)

    first, second, long, _, one, _, other, _ = yield from capture(steps(), marks, veto)
    marks.check()
    return _Pass(first, second, long, (one, other))


def _marked_from_first_to_last(schedule: Schedule, marks: Marks) -> Driver[Any, Any, Any]:
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


def _per_operation(counted: _Pass, operations: int) -> Allocations:
    """Return what the long stretch has more than the short one, for each of *operations*."""
    more = difference(counted.long.allocations, counted.second.allocations, chances(counted.all))
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
