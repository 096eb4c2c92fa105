"""The table of a group's cases: figures, and why a case has none. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.anchors import case_anchor
from harness.report.figures import (
    ABSENT,
    byte_text,
    count_text,
    percent_text,
    ratio_parts,
    time_unit,
    visible,
)
from harness.report.table import describe, in_a_thousand, misses_target, ratio_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.rows import CaseRow
    from harness.report.figures import Unit
    from harness.report.palette import Mark

__all__ = ["CaseLine", "Figure", "case_lines", "case_table"]


@dataclass(frozen=True)
class Figure:
    """One cell of the table of cases: a figure, its half-width, and whether that is too wide."""

    text: str
    half_width: str = ""
    misses_target: bool = False


@dataclass(frozen=True)
class CaseLine:
    """One row of the table of cases; without figures only its *trouble* is shown."""

    anchor: str
    variant: str
    colour: str
    is_baseline: bool
    figures: tuple[Figure, ...]
    trouble: str


def case_table(rows: Sequence[CaseRow], target: float) -> dict[str, list[Figure]]:
    """Return header -> figures, of those columns that have any."""
    unit = time_unit(row.time_ns for row in rows)
    table = {
        f"time, {unit.symbol}": [_time(row, unit) for row in rows],
        "ratio": [Figure(*ratio_of(row), misses_target(row, target)) for row in rows],
        "scatter": [Figure(percent_text(row.scatter)) for row in rows],
        "allocations": [Figure(count_text(row.allocations)) for row in rows],
        "bytes": [Figure(byte_text(row.bytes)) for row in rows],
        "peak bytes": [Figure(byte_text(row.peak_bytes)) for row in rows],
        "suspensions": [Figure(count_text(row.suspensions)) for row in rows],
        "tasks": [Figure(count_text(row.tasks)) for row in rows],
        "turns per 1000": [*map(Figure, in_a_thousand([row.turns for row in rows]))],
        "collections per 1000": [*map(Figure, in_a_thousand([row.collections for row in rows]))],
        "rounds": [Figure(count_text(row.rounds)) for row in rows],
    }
    return {
        header: figures
        for header, figures in table.items()
        if any(figure.text != ABSENT for figure in figures)
    }


def _time(row: CaseRow, unit: Unit) -> Figure:
    if row.time_ns is None:
        return Figure(ABSENT)
    half = row.time_half_width
    return Figure(
        *ratio_parts(
            row.time_ns / unit.nanoseconds, None if half is None else half / unit.nanoseconds
        )
    )


def case_lines(
    anchor: str, rows: Sequence[CaseRow], table: dict[str, list[Figure]], marks: dict[str, Mark]
) -> Iterator[CaseLine]:
    """Give the lines of that table, each with the anchor, colour and trouble of its case."""
    for index, row in enumerate(rows):
        figures = tuple(column[index] for column in table.values())
        yield CaseLine(
            anchor=case_anchor(anchor, row.variant),
            variant=visible(row.variant),
            colour=marks[row.variant].colour,
            is_baseline=row.is_baseline,
            figures=figures if any(figure.text != ABSENT for figure in figures) else (),
            trouble=visible(describe(row)),
        )
