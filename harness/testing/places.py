"""Places: the lines that a test's operation allocates at, for the message of a gate that fails.

A line of the user's own is named, the nearest to the allocation: one that is neither Python's
nor an installed package's.
"""

from __future__ import annotations

import itertools
import linecache
import os
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import harness
from harness.measure.attribution import follow, short_name
from harness.testing import counting

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.measure.attribution import Followed
    from harness.measure.hook_veto import Veto
    from harness.testing.limits import Counts

__all__ = ["Place", "find_places"]

_NOTICEABLE = 0.05  # per operation: below it is what happens now and then, or once
_PYTHON = tuple(sysconfig.get_paths()[name] + os.sep for name in ("stdlib", "platstdlib"))
_PACKAGES = tuple(sysconfig.get_paths()[name] + os.sep for name in ("purelib", "platlib"))
_HARNESS = str(Path(harness.__file__).parent) + os.sep
_TESTING = str(Path(__file__).parent) + os.sep
_PYTEST = tuple(f"{os.sep}{name}{os.sep}" for name in ("_pytest", "pluggy", "pytest_asyncio"))

_Element = tuple[str, str, int]  # function, file, line

# What the turns of the loop allocate, and no line of the user's: a task's steps, its callbacks.
_EVENT_LOOP = ("", "asyncio's event loop", 0)


@dataclass(frozen=True)
class Place:
    """A line of a function, and what an operation allocates there."""

    file: str
    line: int
    function: str
    text: str
    allocations: float
    bytes: float


def find_places(
    drive: Callable[[], object], operations: int, counts: Counts, root: str, veto: Veto | None
) -> list[Place]:
    """Call *drive*, so many operations, and return the lines that allocate, most first.

    *counts* are those of the counting pass.
    """
    with tempfile.TemporaryDirectory(prefix="awaitbench-") as folder:
        seen = follow(drive, str(Path(folder, "capture.bin")), "test", veto)
    return _places(seen, operations, counts, root)


def _places(seen: Followed, operations: int, counts: Counts, root: str) -> list[Place]:
    roots = (os.path.realpath(root), *(os.path.realpath(entry) for entry in sys.path if entry))
    lines = {
        element: (count / operations, size / operations)
        for element, (count, size) in _by_line(seen).items()
    }
    if _EVENT_LOOP in lines:
        # Starting and ending the loop is in it too, once: there is no more than is left.
        count, size = lines.pop(_EVENT_LOOP)
        left = counts.allocations - sum(count for count, _ in lines.values())
        left_bytes = counts.bytes - sum(size for _, size in lines.values())
        lines[_EVENT_LOOP] = min(count, left), max(0.0, min(size, left_bytes))
    places = [
        _place(element, count, size, roots)
        for element, (count, size) in lines.items()
        if count >= _NOTICEABLE
    ]
    return sorted(places, key=lambda place: (-place.allocations, -place.bytes, place.file))


def _by_line(seen: Followed) -> dict[_Element | None, tuple[int, int]]:
    """Return allocations and bytes by the line that a person would look at."""
    has_turns = any(_is_turn(element) for stack in seen.elements.values() for element in stack)
    found: dict[_Element | None, tuple[int, int]] = {}
    for number, (count, size) in seen.counts.items():
        stack = seen.elements[number]
        inner = list(itertools.takewhile(_is_inside, stack))
        if len(inner) < len(stack):
            if not inner:
                continue  # the test's own coroutine, or what starts the loop
            function, file, _ = stack[len(inner)]
            repeats = file == counting.__file__ and function in counting.REPEATING
            if not repeats and has_turns and not any(map(_is_turn, inner)):
                continue  # the event loop is made, or closed
        nearest = _nearest(inner)
        known = found.get(nearest, (0, 0))
        found[nearest] = known[0] + count, known[1] + size
    return found


def _is_inside(element: _Element) -> bool:
    """Whether this frame runs in the operation, or in the event loop for it."""
    return not element[1].startswith(_TESTING) and not any(name in element[1] for name in _PYTEST)


def _is_turn(element: _Element) -> bool:
    """Whether this frame is a turn of asyncio's event loop."""
    return element[0] == "_run_once" and element[1].endswith("base_events.py")


def _nearest(stack: list[_Element]) -> _Element | None:
    """Return the innermost frame of the user's own, else of a package, else of all."""
    for is_wanted in (_is_own, _is_not_python):
        for element in stack:
            if is_wanted(element[1]):
                return element
    if any(map(_is_turn, stack)):
        return _EVENT_LOOP
    return stack[0] if stack else None


def _is_own(file: str) -> bool:
    return _is_not_python(file) and not file.startswith((*_PACKAGES, _HARNESS))


def _is_not_python(file: str) -> bool:
    # Packages may lie in a folder of Python's own.
    return file.startswith(_PACKAGES) or not file.startswith((*_PYTHON, "<"))


def _place(
    element: _Element | None, allocations: float, size: float, roots: tuple[str, ...]
) -> Place:
    if element is None:
        return Place("<no Python frame>", 0, "", "", allocations, size)
    function, file, line = element
    if element is _EVENT_LOOP:
        return Place(file, line, function, "", allocations, size)
    text = linecache.getline(file, line).strip()
    inside = os.path.realpath(file).startswith(roots[0] + os.sep)
    name = short_name(file, roots[:1] if inside else roots)
    return Place(Path(name).as_posix(), line, function, text, allocations, size)
