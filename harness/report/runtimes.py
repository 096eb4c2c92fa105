"""Runtimes beside each other: a table of what changes from the first of a run to the others."""

from __future__ import annotations

import statistics
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from harness.analysis.runtimes import runtime_changes, short_name
from harness.report.figures import ABSENT, align, count_text, ratio_parts, significant, visible
from harness.report.heat import heat_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.runtimes import RuntimeChange
    from harness.plan import Group, Runtime
    from harness.record import Run

__all__ = [
    "RuntimeCell",
    "RuntimeTable",
    "changes_from_first",
    "median_table",
    "runtime_lines",
    "runtime_tables",
]


@dataclass(frozen=True)
class RuntimeCell:
    """What one variant shows on one runtime.

    *ratio* and *half_width* are of its time to that on the first runtime, *allocations* the
    difference, signed; *heat* is a step from -5 to 5 (slowest) where that may be claimed, else 0:
    of a median, where it may in more than half of the settings.
    """

    ratio: str
    half_width: str
    allocations: str
    heat: int


@dataclass(frozen=True)
class RuntimeTable:
    """A row per variant, a cell per runtime but the first; None: not measured.

    *settings* is of how many the cells are medians.
    """

    group: Group
    settings: int
    base: str
    runtimes: tuple[str, ...]
    rows: tuple[tuple[str, tuple[RuntimeCell | None, ...]], ...]


def runtime_tables(
    run: Run, changes: Sequence[RuntimeChange] | None = None
) -> tuple[RuntimeTable, ...]:
    """Return a table for each setting; none where the run has one runtime.

    *changes* are those of :func:`changes_from_first`, where the caller has them.
    """
    settings: dict[object, list[RuntimeChange]] = {}
    for change in changes_from_first(run) if changes is None else changes:
        settings.setdefault(change.group.setting, []).append(change)
    return tuple(_table(changes, run.plan.runtimes) for changes in settings.values())


def median_table(run: Run, changes: Sequence[RuntimeChange] | None = None) -> RuntimeTable | None:
    """Return one table of medians over all settings; None where the run has one runtime.

    *changes* as for :func:`runtime_tables`.
    """
    changes = changes_from_first(run) if changes is None else changes
    return _table(changes, run.plan.runtimes) if changes else None


def changes_from_first(run: Run) -> list[RuntimeChange]:
    """Return what changes from the first runtime of *run*, of what was measured there."""
    first = next(iter(run.plan.runtimes), None)
    return [change for change in runtime_changes(run) if change.base == first]


def _table(changes: Sequence[RuntimeChange], runtimes: Sequence[Runtime]) -> RuntimeTable:
    first, *later = runtimes
    found: dict[tuple[str, Runtime], list[RuntimeChange]] = {}
    for change in changes:
        found.setdefault((change.variant, change.group.runtime), []).append(change)
    variants = dict.fromkeys(change.variant for change in changes)
    return RuntimeTable(
        group=changes[0].group,
        settings=len({change.group.setting for change in changes}),
        base=visible(short_name(first)),
        runtimes=tuple(visible(short_name(runtime)) for runtime in later),
        rows=tuple(
            (variant, tuple(_cell(found.get((variant, runtime), ())) for runtime in later))
            for variant in variants
        ),
    )


def _cell(changes: Sequence[RuntimeChange]) -> RuntimeCell | None:
    """Return what one variant shows on one runtime, in the median where *changes* are several."""
    if not changes:
        return None
    times = [change.time for change in changes if change.time]
    counts = [change.allocations for change in changes if change.allocations is not None]
    allocations = _signed(statistics.median(counts) if counts else None)
    if not times:
        return RuntimeCell(ABSENT, "", allocations, 0)
    ratio, half = statistics.median(time.value for time in times), None
    if len(times) == 1 and times[0].half_width is not None:
        half = times[0].half_width * ratio
    real = [change.time.value for change in changes if change.is_real and change.time]
    alike = sum((value > 1) == (ratio > 1) for value in real)
    text, width = ratio_parts(ratio, half)
    return RuntimeCell(
        text if len(times) == 1 else significant(ratio),
        width.strip(ABSENT),
        allocations,
        heat_step(ratio) if 2 * alike > len(changes) else 0,
    )


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
    table = median_table(run)
    if table is None:
        return
    over = f" (median of {table.settings} settings)" if table.settings > 1 else ""
    yield Text("between runtimes", "bold")
    cells = [cell for _, several in table.rows for cell in several if cell]
    told = f"time / time on {table.base}{over}; then allocations more or less"
    if all(cell.ratio == ABSENT for cell in cells):
        told = f"allocations more or less than on {table.base}{over}"
    for part in textwrap.wrap(told, width - 2):
        yield Text(f"  {part}", "dim")
    columns: Sequence[_Column] = [
        _Column.of(name, [several[place] for _, several in table.rows])
        for place, name in enumerate(table.runtimes)
    ]
    names = [visible(variant) for variant, _ in table.rows]
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
    def of(cls, header: str, found: Sequence[RuntimeCell | None]) -> _Column:
        ratios = align([_ratio(cell) if cell else ABSENT for cell in found])
        counts = align([cell.allocations if cell else ABSENT for cell in found])
        cells = [f"{ratio} {count}" for ratio, count in zip(ratios, counts, strict=True)]
        if all(cell is None or cell.ratio == ABSENT for cell in found):
            cells = counts
        styles = [
            "red" if cell and cell.heat > 0 else "green" if cell and cell.heat < 0 else ""
            for cell in found
        ]
        return cls(header, tuple(cells), tuple(styles))


def _ratio(cell: RuntimeCell) -> str:
    return f"{cell.ratio} ± {cell.half_width}" if cell.half_width else cell.ratio


def _fitting(columns: Sequence[_Column], width: int) -> Sequence[_Column]:
    """Return as many of the first columns as there is room for, one at least."""
    used = 0
    for number, column in enumerate(columns):
        used += 2 + column.width
        if used > width:
            return columns[: max(1, number)]
    return columns
