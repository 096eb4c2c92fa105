"""Lines: at which lines a variant allocates, and where two variants differ. Pure.

All counts are *attributed*: they say which share of the allocations a line has. The figures
per operation that may be quoted are those of the counting pass.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.record import Frame

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.record import Attribution, Stack

__all__ = [
    "Cause",
    "Difference",
    "Line",
    "allocating_lines",
    "causing_lines",
    "differences",
    "differences_csv",
    "lines_csv",
]

# Attributed allocations per operation: a difference below it is what happens now and then.
_NOTICEABLE = 0.005


@dataclass(frozen=True)
class Line:
    """A line that allocates. *share* is of all allocations, 0 to 1.

    *caused_by* are the lines of the scenario's own file that it was reached from, the one with
    most allocations first; empty where the event loop or the driver reached it.
    """

    frame: Frame
    allocations: int
    bytes: int
    share: float
    caused_by: tuple[int, ...]


@dataclass(frozen=True)
class Cause:
    """All that one line of the scenario's own file causes; *frame* None: what no line of it does.

    A line's allocations are those for which it is the innermost line of that file.
    """

    frame: Frame | None
    allocations: int
    bytes: int
    share: float
    text: str = ""


@dataclass(frozen=True)
class Difference:
    """A line at which one variant allocates more than the other, per operation attributed."""

    frame: Frame
    first: float
    second: float
    first_bytes: float
    second_bytes: float

    @property
    def more(self) -> float:
        """How many allocations per operation the first has more."""
        return self.first - self.second

    @property
    def more_bytes(self) -> float:
        """How many bytes per operation the first has more."""
        return self.first_bytes - self.second_bytes


# What has no Python frame: a thread of an extension, say.
_NOWHERE = Frame("<no Python frame>", "", 0)


def allocating_lines(seen: Attribution) -> tuple[Line, ...]:
    """Return every line that allocates, the one with most allocations first."""
    total = seen.allocations
    counts, sizes = _by_line(seen)
    causes: dict[Frame, Counter[int]] = {}
    for stack in seen.stacks:
        cause = seen.cause(stack)
        if cause is not None:
            causes.setdefault(_innermost(stack), Counter())[cause.line] += stack.allocations
    lines = [
        Line(
            frame=frame,
            allocations=count,
            bytes=sizes[frame],
            share=count / total,
            caused_by=tuple(line for line, _ in causes.get(frame, Counter()).most_common()),
        )
        for frame, count in counts.items()
    ]
    return tuple(sorted(lines, key=lambda line: (-line.allocations, -line.bytes, line.frame)))


def causing_lines(seen: Attribution) -> tuple[Cause, ...]:
    """Return the lines of the scenario's own file by what they cause, and the rest, last."""
    total = seen.allocations
    counts: Counter[Frame | None] = Counter()
    sizes: Counter[Frame | None] = Counter()
    for stack in seen.stacks:
        counts[seen.cause(stack)] += stack.allocations
        sizes[seen.cause(stack)] += stack.bytes
    found = [
        Cause(frame, count, sizes[frame], count / total, seen.sources.get(frame, ""))
        for frame, count in counts.items()
        if frame is not None
    ]
    found.sort(key=lambda cause: (-cause.allocations, -cause.bytes, cause.frame or _NOWHERE))
    if counts[None]:
        found.append(Cause(None, counts[None], sizes[None], counts[None] / total))
    return tuple(found)


def differences(
    first: Attribution, second: Attribution
) -> tuple[tuple[Difference, ...], tuple[Difference, ...]]:
    """Return where *first* allocates more than *second*, then where it allocates less.

    The largest difference is first in each; both hold the difference as first minus second.
    """
    (counts, sizes), (other_counts, other_sizes) = _by_line(first), _by_line(second)
    found = [
        Difference(
            frame=frame,
            first=counts[frame] / first.operations,
            second=other_counts[frame] / second.operations,
            first_bytes=sizes[frame] / first.operations,
            second_bytes=other_sizes[frame] / second.operations,
        )
        for frame in counts.keys() | other_counts.keys()
    ]
    found.sort(key=lambda line: (-abs(line.more), -abs(line.more_bytes), line.frame))
    return (
        tuple(line for line in found if line.more >= _NOTICEABLE),
        tuple(line for line in found if line.more <= -_NOTICEABLE),
    )


def lines_csv(seen: Attribution) -> str:
    """Return the table of allocating lines; *caused_by* is of the scenario's own file."""
    rows = (
        (
            *line.frame,
            ";".join(f"{seen.scenario_file}:{number}" for number in line.caused_by),
            line.allocations,
            line.bytes,
            f"{line.share:.6f}",
        )
        for line in allocating_lines(seen)
    )
    header = ("file", "function", "line", "caused_by", "allocations", "bytes", "share")
    return _csv(header, rows)


def differences_csv(first: Attribution, second: Attribution, names: tuple[str, str]) -> str:
    """Return where the two variants *names* differ, allocations and bytes per operation."""
    rows = (
        (
            *line.frame,
            *(f"{figure:.6g}" for figure in (line.first, line.second, line.more)),
            *(f"{figure:.6g}" for figure in (line.first_bytes, line.second_bytes)),
            f"{line.more_bytes:.6g}",
        )
        for direction in differences(first, second)
        for line in direction
    )
    one, other = names
    header = (
        *("file", "function", "line"),
        *(f"{one}_allocations", f"{other}_allocations", "more_allocations"),
        *(f"{one}_bytes", f"{other}_bytes", "more_bytes"),
    )
    return _csv(header, rows)


def _csv(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _by_line(seen: Attribution) -> tuple[Counter[Frame], Counter[Frame]]:
    """Return allocations and bytes by innermost frame."""
    counts: Counter[Frame] = Counter()
    sizes: Counter[Frame] = Counter()
    for stack in seen.stacks:
        counts[_innermost(stack)] += stack.allocations
        sizes[_innermost(stack)] += stack.bytes
    return counts, sizes


def _innermost(stack: Stack) -> Frame:
    return stack.frames[0] if stack.frames else _NOWHERE
