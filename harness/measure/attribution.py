"""Attribution pass: which lines allocate. In the child, with memray's stack hook on.

The hook is what knows the lines, and it makes CPython allocate: a frame object for each Python
call, and integers and method objects from 3.12 on. So the same operations are driven three
times. With the hook: the capture that is kept. With a profile function of our own, which tells
the frame objects (:mod:`harness.measure.hook_frames`). And under memray without its hook: of
what is left, this tells which are the operations' own (:mod:`harness.analysis.alignment`). The
capture is read here, by the memray that wrote it, which need not be the parent's.
"""

from __future__ import annotations

import linecache
import os
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memray import FileDestination, FileReader, Tracker

from harness.analysis.alignment import align
from harness.catalog import file_of
from harness.measure.collector import collector_off
from harness.measure.hook_frames import FrameObjects, frame_objects
from harness.measure.hook_veto import Veto, needs_veto, tracking
from harness.measure.stretches import FREES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from harness.measure.drive import Driver

__all__ = ["Followed", "attribute", "follow", "short_name"]

_MOST_STACKS = 5000
# With less of the operations' allocations found in the capture, the two are not the same work,
# and what is left over is not the hook's.
_ALIGNED = 0.9
_AS_MANY = 1.01  # what happens now and then is not the same in two drives
_DRIVING = "harness/measure/drive.py"

_Element = tuple[str, str, int]  # as memray has it: function, file, line


@dataclass
class _Thread:
    """What one thread allocated, in order: what kind, and the number of the stack."""

    kinds: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    stacks: list[int] = field(default_factory=list)


def attribute(
    driver: Driver[Any, Any, Any], source: str, capture: str, operations: int
) -> dict[str, Any]:
    """Drive *operations* or more under memray, keep the *capture*, and say where they allocate.

    *source* is the scenario's module or file. The answer is made of what JSON has::

        operations    how many were driven
        scenario_file its short name
        frames        [file, function, line, text of the line] each; files are short names
        stacks        [indices into frames, innermost first; allocations; bytes] each
        hook          allocations of memray's hook, left out; null where it is not known which
        unplaced      allocations that were seen only without the hook
        started, ended, peak_bytes, allocator, memory
                      of the capture, as memray tells them
    """
    cycles = -(-operations // driver.operations)
    veto = Veto() if needs_veto(driver.loop) else None
    seen = follow(partial(driver.drive, cycles), capture, driver.variant, veto)
    return {
        "operations": cycles * driver.operations,
        "hook": seen.hook,
        "unplaced": seen.unplaced,
        **_described(seen, source),
        **seen.metadata,
    }


@dataclass
class Followed:
    """What was seen to be allocated.

    counts
        Allocations and bytes, by the number of the stack.
    elements
        The stacks by number, each from the innermost frame outwards: function, file, line.
    hook
        How many allocations of memray's hook were left out; None where it is not known which.
    unplaced
        How many were seen only without the hook.
    metadata
        What memray tells of the capture.
    """

    counts: dict[int, tuple[int, int]]
    elements: dict[int, tuple[_Element, ...]]
    hook: int | None
    unplaced: int
    metadata: dict[str, Any]


def follow(drive: Callable[[], object], capture: str, name: str, veto: Veto | None) -> Followed:
    """Call *drive* three times, keep the *capture*, and return where it allocates.

    memray knows of what is on the Python stack only the frame that starts it: that one, and not
    a coroutine's or a generator's, must stay until the end.
    """
    with collector_off():
        with _named_command(name):
            tracker = Tracker(
                destination=FileDestination(capture, overwrite=True), trace_python_allocators=True
            )
        with tracker:
            drive()
        with frame_objects() as frames:
            drive()
        hookless = _without_hook(drive, veto)
    reading = _Reading(capture)
    counts, hook, unplaced = reading.own(hookless, frames)
    return Followed(counts, reading.elements, hook, unplaced, reading.metadata)


def _without_hook(drive: Callable[[], object], veto: Veto | None) -> dict[int, _Thread]:
    with tempfile.TemporaryDirectory(prefix="awaitbench-") as folder:
        capture = str(Path(folder, "capture.bin"))
        tracker = Tracker(
            destination=FileDestination(capture, overwrite=True, compress_on_exit=False),
            trace_python_allocators=True,
        )
        with tracking(tracker, veto):
            drive()
        return _Reading(capture).threads


class _Reading:
    """A capture, read: its threads, the Python stacks by number, and what memray tells of it."""

    def __init__(self, capture: str) -> None:
        self.threads: dict[int, _Thread] = {}
        self.elements: dict[int, tuple[_Element, ...]] = {}
        with FileReader(capture) as reader:
            for record in reader.get_allocation_records():
                if record.allocator in FREES:
                    continue
                thread = self.threads.setdefault(record.tid, _Thread())
                thread.kinds.append(record.size << 8 | record.allocator)
                thread.sizes.append(record.size)
                thread.stacks.append(record.stack_id)
                if record.stack_id not in self.elements:
                    self.elements[record.stack_id] = tuple(record.stack_trace())
            told = reader.metadata
            self.metadata = {
                "started": told.start_time.isoformat(),
                "ended": told.end_time.isoformat(),
                "peak_bytes": told.peak_memory,
                "allocator": told.python_allocator,
                "memory": [list(snapshot) for snapshot in reader.get_memory_snapshots()],
            }

    def own(
        self, hookless: dict[int, _Thread], frames: FrameObjects
    ) -> tuple[dict[int, tuple[int, int]], int | None, int]:
        """Return allocations and bytes by stack, how many were the hook's, how many are missing.

        The hook's are left out; where they cannot be told apart nothing is, and they are None.
        """
        theirs = self._frame_objects(frames)
        placed: dict[int, Sequence[int]] = {}
        for tid, thread in self.threads.items():
            others = [
                place
                for place, key in enumerate(zip(thread.stacks, thread.sizes, strict=True))
                if key not in theirs
            ]
            known = hookless.get(tid, _Thread()).kinds
            places = align(known, [thread.kinds[place] for place in others])
            placed[tid] = [others[place] for place in places]
        found = sum(map(len, placed.values()))
        expected = sum(len(thread.kinds) for thread in hookless.values())
        captured = sum(len(thread.kinds) for thread in self.threads.values())
        if found < _ALIGNED * expected:
            everything = {tid: range(len(thread.kinds)) for tid, thread in self.threads.items()}
            return self._by_stack(everything), None, 0
        return self._by_stack(placed), captured - found, expected - found

    def _frame_objects(self, frames: FrameObjects) -> set[tuple[int, int]]:
        """Return the stacks and sizes of which all allocations are frame objects.

        Where a line also allocates something of the size of a frame, it is not decided here.
        """
        lines = {
            number: (stack[0][1], stack[0][2]) for number, stack in self.elements.items() if stack
        }
        captured: FrameObjects = Counter()
        for thread in self.threads.values():
            for number, size in zip(thread.stacks, thread.sizes, strict=True):
                if number in lines:
                    captured[(*lines[number], size)] += 1
        sizes: dict[tuple[str, int], list[int]] = {}
        for key, count in captured.items():
            if key in frames and count <= _AS_MANY * frames[key] + 1:
                sizes.setdefault(key[:2], []).append(key[2])
        return {(number, size) for number, line in lines.items() for size in sizes.get(line, ())}

    def _by_stack(self, chosen: Mapping[int, Sequence[int]]) -> dict[int, tuple[int, int]]:
        counts: Counter[int] = Counter()
        sizes: Counter[int] = Counter()
        for tid, thread in self.threads.items():
            for place in chosen[tid]:
                counts[thread.stacks[place]] += 1
                sizes[thread.stacks[place]] += thread.sizes[place]
        return {stack: (count, sizes[stack]) for stack, count in counts.items()}


def _described(seen: Followed, source: str) -> dict[str, Any]:
    """Return the frames and stacks, with short names, as JSON has them."""
    roots = tuple(os.path.realpath(entry) for entry in sys.path if entry)
    frames: dict[_Element, int] = {}
    stacks: dict[tuple[int, ...], tuple[int, int]] = {}
    for number, (count, size) in seen.counts.items():
        kept = _of_operations(seen.elements[number])
        if kept is None:
            continue
        stack = tuple(frames.setdefault(element, len(frames)) for element in kept)
        known = stacks.get(stack, (0, 0))
        stacks[stack] = known[0] + count, known[1] + size
    most = sorted(stacks.items(), key=lambda item: item[1], reverse=True)[:_MOST_STACKS]
    return {
        "scenario_file": short_name(file_of(source), roots),
        "frames": [
            [short_name(file, roots), function, line, linecache.getline(file, line).strip()]
            for function, file, line in frames
        ],
        "stacks": [[list(stack), count, size] for stack, (count, size) in most],
    }


def _of_operations(stack: tuple[_Element, ...]) -> tuple[_Element, ...] | None:
    """Return the part of *stack* that runs in ``drive()``; None for what is only around it.

    Another thread, and what has no Python frame, is kept whole.
    """
    for place, (function, file, _) in enumerate(stack):
        if function == "drive" and file.endswith(_DRIVING):
            return stack[:place]
    return None if any(file == __file__ for _, file, _ in stack) else stack


def short_name(file: str, roots: tuple[str, ...]) -> str:
    """Return *file* relative to the nearest of *roots*, or the end of it; never absolute.

    What is no file, as ``<frozen importlib._bootstrap>``, stays as it is.
    """
    if file.startswith("<"):
        return file
    path = os.path.realpath(file)
    nearest = max(
        (root for root in roots if root != "/" and path.startswith(root + os.sep)),
        key=len,
        default="",
    )
    if nearest:
        return path[len(nearest) + 1 :]
    return "/".join(Path(path).parts[1:][-2:])


@contextmanager
def _named_command(variant: str) -> Iterator[None]:
    """Have memray note what was run without the path of this file."""
    arguments = sys.argv
    sys.argv = ["awaitbench", "profile", variant]
    try:
        yield
    finally:
        sys.argv = arguments
