"""Runs beside each other: what a case is in each of them, a cell a run. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.compared import Compared, compared
from harness.report.comparison import signed_count
from harness.report.figures import count_text, time_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.analysis.comparison import Change
    from harness.analysis.rows import CaseRow
    from harness.analysis.series import Series, Track

__all__ = ["RunCell", "run_cells"]


@dataclass(frozen=True)
class RunCell:
    """What a case is in one run, against the first one; *also* its own figures.

    *href* leads to why it is not comparable, where it is not.
    """

    compared: Compared
    also: str = ""
    href: str = ""


def run_cells(track: Track, series: Series) -> Iterator[RunCell]:
    """Yield what the case of *track* is, run by run."""
    for place, (row, step) in enumerate(zip(track.rows, track.steps, strict=True)):
        if row is None:
            yield RunCell(Compared(word="not measured"))
            continue
        also = ", ".join(_figures(row, step))
        if place == 0:
            yield RunCell(Compared(), also)
            continue
        cell = compared(step, series.stops[place].unlike)
        href = f"#run{place + 1}" if cell.word == "not comparable" else ""
        yield RunCell(cell, also, href)


def _figures(row: CaseRow, step: Change | None) -> Iterator[str]:
    if row.status != "ok":
        yield row.status
    if row.time_ns is not None:
        yield time_text(row.time_ns)
    if row.allocations is not None:
        more = ""
        if step and step.counts_differ:
            more = f" ({signed_count(step.allocations, differs=True)})"
        yield f"{count_text(row.allocations)} alloc.{more}"
