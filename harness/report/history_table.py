"""A history: what a case was in the first run and is in the last, and where it changed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.compared import Compared, compared
from harness.report.comparison import signed_count
from harness.report.figures import ABSENT, count_text
from harness.report.series_text import own_text

if TYPE_CHECKING:
    from harness.analysis.series import Series, Track

__all__ = ["HistoryFigures", "history_figures"]


@dataclass(frozen=True)
class HistoryFigures:
    """What stands in a row: *changed* are the numbers of the runs in which it really did."""

    first: str
    last: str
    overall: Compared
    allocations: str
    more: str
    changed: tuple[int, ...]


def history_figures(track: Track, series: Series) -> HistoryFigures:
    """Return what the case of *track* did, since the run that the last one is held against."""
    first, last = track.rows[series.since], track.rows[-1]
    before, after = (count_text(each.allocations) if each else ABSENT for each in (first, last))
    overall = track.overall
    return HistoryFigures(
        first=own_text(first) if first else ABSENT,
        last=own_text(last) if last else ABSENT,
        overall=compared(overall),
        allocations=before if before == after else f"{before} → {after}",
        more=signed_count(overall.allocations, differs=overall.counts_differ) if overall else "",
        changed=tuple(place + 1 for place in track.changed),
    )
