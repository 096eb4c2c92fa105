"""The table of cases, before it is drawn: blocks of rows and the columns they have. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from harness.analysis.rows import case_rows
from harness.report.figures import (
    ABSENT,
    align,
    byte_text,
    count_text,
    ratio_parts,
    time_text,
    time_unit,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.analysis.rows import CaseRow
    from harness.plan import Group
    from harness.record import GroupRecord, Run

__all__ = [
    "Block",
    "Column",
    "blocks",
    "columns",
    "common_reason",
    "describe",
    "in_a_thousand",
    "misses_target",
    "ratio_of",
]


@dataclass(frozen=True)
class Block:
    """One group, its rows, and what was measured of it, if it was."""

    group: Group
    rows: tuple[CaseRow, ...]
    record: GroupRecord | None = None


@dataclass(frozen=True)
class Column:
    """A header and one cell per row, padded so that the decimal points are aligned."""

    name: str
    header: str
    cells: tuple[str, ...]

    @property
    def width(self) -> int:
        """Characters of the widest of header and cells."""
        return max(len(self.header), *(len(cell) for cell in self.cells))


def blocks(run: Run) -> tuple[Block, ...]:
    """Return the groups of the plan, each with its rows, in the order of the plan.

    But those of one scenario on one runtime stand together.
    """
    rows = iter(case_rows(run))
    records = {record.group: record for record in run.groups}
    together: dict[object, list[Block]] = {}
    for group in run.plan.groups:
        block = Block(
            group,
            tuple(islice(rows, len(group.variants) + len(group.unavailable))),
            records.get(group),
        )
        together.setdefault((group.scenario, group.runtime), []).append(block)
    return tuple(block for several in together.values() for block in several)


def misses_target(row: CaseRow, target: float) -> bool:
    """Tell whether the ratio's interval is wider than *target*, a relative half-width."""
    half = row.ratio_half_width
    return half is not None and row.ratio is not None and half / row.ratio > target


def common_reason(rows: Sequence[CaseRow]) -> str | None:
    """Return why none of *rows* has a single figure, if it is the same for all that could."""
    attempted = [row for row in rows if row.status != "unavailable"]
    told = {describe(row) for row in attempted}
    if len(attempted) > 1 and len(told) == 1 and not any(map(_has_figures, attempted)):
        return told.pop()
    return None


def describe(row: CaseRow) -> str:
    """Return why *row* is not whole, as one phrase; empty if it is."""
    if row.status == "ok":
        return ""
    if row.status == "missing":
        return row.reason or "not measured"
    return f"{row.status}: {row.reason}" if row.reason else row.status


def columns(rows: Sequence[CaseRow], target: float) -> tuple[Column, ...]:
    """Return the columns that *rows* have figures for; ``*`` marks a missed target."""
    unit = time_unit(row.time_ns for row in rows)
    candidates = (
        ("time", f"{unit.symbol}/op", [time_text(row.time_ns, unit) for row in rows]),
        ("allocations", "allocs", [count_text(row.allocations) for row in rows]),
        ("bytes", "bytes", [byte_text(row.bytes) for row in rows]),
        ("suspensions", "susp.", [count_text(row.suspensions) for row in rows]),
        ("tasks", "tasks", [count_text(row.tasks) for row in rows]),
        ("turns", "turns/1k", in_a_thousand([row.turns for row in rows])),
        ("collections", "gc/1k", in_a_thousand([row.collections for row in rows])),
    )
    made = [
        Column(name, header, tuple(align(cells)))
        for name, header, cells in candidates
        if any(cell != ABSENT for cell in cells)
    ]
    if any(row.ratio is not None for row in rows):
        made.insert(1, _ratio_column(rows, target))
    return tuple(made)


def in_a_thousand(figures: Sequence[float | None]) -> list[str]:
    """Write what happens in a thousand operations; nothing where it never happens."""
    shown = figures if any(figures) else [None] * len(figures)
    return [ABSENT if each is None else count_text(1000 * each) for each in shown]


def ratio_of(row: CaseRow) -> tuple[str, str]:
    """Return ratio and half-width; the baseline's is 1 by definition and has no interval."""
    if row.is_baseline and row.ratio is not None:
        return "1", ""
    return ratio_parts(row.ratio, row.ratio_half_width)


def _ratio_column(rows: Sequence[CaseRow], target: float) -> Column:
    """Return ``0.92 ± 0.02``, aligned on both points."""
    parts = [ratio_of(row) for row in rows]
    marks = ["*" if misses_target(row, target) else "" for row in rows]
    values = align([value for value, _ in parts])
    halves = align([half for _, half in parts])
    cells = [
        f"{value} ± {half.rstrip()}{mark}" if half.strip() else value
        for value, half, mark in zip(values, halves, marks, strict=True)
    ]
    width = max(map(len, cells))
    return Column("ratio", "ratio", tuple(cell.ljust(width) for cell in cells))


def _has_figures(row: CaseRow) -> bool:
    return row.time_ns is not None or row.allocations is not None or row.suspensions is not None
