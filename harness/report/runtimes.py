"""Runtimes beside each other: a table of what changes from the first of a run to the others."""

from __future__ import annotations

import statistics
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from harness.analysis.runtimes import runtime_changes
from harness.plan import format_params
from harness.report.figures import ABSENT, align, count_text, ratio_parts, significant, visible
from harness.report.heat import heat_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.runtimes import RuntimeChange
    from harness.plan import Group, Runtime
    from harness.record import Run

__all__ = ["RuntimeCell", "RuntimeTable", "runtime_lines", "runtime_tables", "short_name"]


@dataclass(frozen=True)
class RuntimeCell:
    """What one variant shows on one runtime.

    *ratio* and *half_width* are of its time to that on the first runtime, *allocations* the
    difference, signed; *heat* is a step from -5 to 5 (slowest) where that may be claimed, else 0.
    """

    ratio: str
    half_width: str
    allocations: str
    heat: int


@dataclass(frozen=True)
class RuntimeTable:
    """One setting: a row per variant, a cell per runtime but the first; None: not measured."""

    group: Group
    setting: str
    base: str
    runtimes: tuple[str, ...]
    rows: tuple[tuple[str, tuple[RuntimeCell | None, ...]], ...]


def short_name(runtime: Runtime) -> str:
    """Write a runtime as ``3.13.0 uvloop``; the implementation only where it is not CPython."""
    return visible(f"{runtime.interpreter} {runtime.loop}")


def runtime_tables(run: Run) -> tuple[RuntimeTable, ...]:
    """Return a table for each setting; none where the run has one runtime."""
    first, *later = run.plan.runtimes or (None,)
    if first is None or not later:
        return ()
    settings: dict[object, list[RuntimeChange]] = {}
    for change in runtime_changes(run):
        if change.base == first:
            settings.setdefault(change.group.setting, []).append(change)
    return tuple(_table(changes, first, later) for changes in settings.values())


def _table(
    changes: Sequence[RuntimeChange], first: Runtime, later: Sequence[Runtime]
) -> RuntimeTable:
    found = {(change.variant, change.group.runtime): change for change in changes}
    variants = dict.fromkeys(change.variant for change in changes)
    return RuntimeTable(
        group=changes[0].group,
        setting=visible(format_params(changes[0].group.params)),
        base=short_name(first),
        runtimes=tuple(map(short_name, later)),
        rows=tuple(
            (variant, tuple(_cell(found.get((variant, runtime))) for runtime in later))
            for variant in variants
        ),
    )


def _cell(change: RuntimeChange | None) -> RuntimeCell | None:
    if change is None:
        return None
    ratio = half = ABSENT
    if change.time is not None:
        width = change.time.half_width
        ratio, half = ratio_parts(
            change.time.value, None if width is None else width * change.time.value
        )
    heat = heat_step(change.time.value) if change.is_real and change.time else 0
    return RuntimeCell(ratio, half.strip(ABSENT), _signed(change.allocations), heat)


def _signed(difference: float | None) -> str:
    if difference is None:
        return ABSENT
    if abs(difference) < 0.005:
        return "0"
    return f"{'+' if difference > 0 else '-'}{count_text(abs(difference))}"


def runtime_lines(run: Run, width: int) -> Iterator[Text]:
    """Yield for the terminal what changes from runtime to runtime, the median of all settings.

    Nothing where there is one runtime.
    """
    first, *later = run.plan.runtimes or (None,)
    changes = [change for change in runtime_changes(run) if change.base == first]
    if first is None or not changes:
        return
    settings = len({change.group.setting for change in changes})
    over = f" (median of {settings} settings)" if settings > 1 else ""
    yield Text("between runtimes", "bold")
    told = f"time / time on {short_name(first)}{over}; then allocations more or less"
    if not any(change.time for change in changes):
        told = f"allocations more or less than on {short_name(first)}{over}"
    for part in textwrap.wrap(told, width - 2):
        yield Text(f"  {part}", "dim")
    variants = list(dict.fromkeys(change.variant for change in changes))
    by_runtime: dict[Runtime, list[RuntimeChange]] = {}
    for change in changes:
        by_runtime.setdefault(change.group.runtime, []).append(change)
    columns: Sequence[_Column] = [
        _Column.of(short_name(runtime), variants, by_runtime[runtime])
        for runtime in later
        if runtime in by_runtime
    ]
    names = [visible(variant) for variant in variants]
    name_width = max(map(len, names))
    while columns:
        beside = _fitting(columns, width - 2 - name_width)
        header = "  ".join(column.header.rjust(column.width) for column in beside)
        yield Text(f"  {'variant'.ljust(name_width)}  {header}", "dim")
        for row, name in enumerate(names):
            line = Text(f"  {name.ljust(name_width)}")
            for column in beside:
                line.append("  ").append(column.cells[row].rjust(column.width), column.styles[row])
            yield line
        columns = columns[len(beside) :]
    yield Text()


@dataclass(frozen=True)
class _Column:
    """One runtime: a cell per variant, and its style."""

    header: str
    cells: tuple[str, ...]
    styles: tuple[str, ...]

    @property
    def width(self) -> int:
        return max(len(self.header), *map(len, self.cells))

    @classmethod
    def of(cls, header: str, variants: Sequence[str], changes: Sequence[RuntimeChange]) -> _Column:
        found = [_median([each for each in changes if each.variant == name]) for name in variants]
        ratios = align([ratio for ratio, _, _ in found])
        counts = align([count for _, count, _ in found])
        cells = [f"{ratio} {count}" for ratio, count in zip(ratios, counts, strict=True)]
        if all(ratio == ABSENT for ratio, _, _ in found):
            cells = counts
        return cls(header, tuple(cells), tuple(style for _, _, style in found))


def _fitting(columns: Sequence[_Column], width: int) -> Sequence[_Column]:
    """Return as many of the first columns as there is room for, one at least."""
    used = 0
    for number, column in enumerate(columns):
        used += 2 + column.width
        if used > width:
            return columns[: max(1, number)]
    return columns


def _median(changes: Sequence[RuntimeChange]) -> tuple[str, str, str]:
    """Return the ratio of times, the difference of allocations, and the style of the ratio."""
    times = [change.time.value for change in changes if change.time]
    counts = [change.allocations for change in changes if change.allocations is not None]
    if len(changes) == 1 and (cell := _cell(changes[0])):
        ratio = f"{cell.ratio} ± {cell.half_width}" if cell.half_width else cell.ratio
    else:
        ratio = significant(statistics.median(times)) if times else ABSENT
    style = ""
    if times and all(change.is_real for change in changes):
        style = "red" if min(times) > 1 else "green" if max(times) < 1 else ""
    return ratio, _signed(statistics.median(counts)) if counts else ABSENT, style
