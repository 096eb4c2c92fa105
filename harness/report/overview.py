"""The overview: every case at a glance, groups down, variants across. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pandas as pd

from harness.report.figures import ABSENT, count_text, significant, time_text
from harness.report.heat import heat_step

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from harness.analysis.rows import CaseRow

__all__ = ["Cell", "Overview", "OverviewRow", "overview"]

_KEYS = ["scenario", "params", "python", "loop"]
_FIGURES = ("ratio", "time_ns", "allocations")


@dataclass(frozen=True)
class Cell:
    """What one case shows: its text, and a step of the heat scale from -5 to 5 (slowest)."""

    text: str
    heat: int

    @property
    def word(self) -> bool:
        """Whether it says why there is no figure."""
        return self.text.isalpha()


@dataclass(frozen=True)
class OverviewRow:
    """One group: its scenario, the parameters that vary, its runtime, and a cell per variant.

    *setting* has all its parameters, as a row of a result table does.
    """

    scenario: str
    params: str
    setting: str
    python: str
    loop: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Overview:
    """A table; *figure* says what its cells hold: ``ratio``, ``time_ns`` or ``allocations``."""

    figure: str
    variants: tuple[str, ...]
    rows: tuple[OverviewRow, ...]


def overview(rows: Sequence[CaseRow]) -> Overview | None:
    """Return the ratios of all cases; without a baseline their times, else their allocations.

    None where there is nothing to hold against anything.
    """
    if len({row.variant for row in rows}) < 2:
        return None
    frame = pd.DataFrame([asdict(row) for row in rows])
    figure = next((name for name in _FIGURES if frame[name].notna().any()), None)
    if figure is None:
        return None
    frame["place"] = range(len(rows))
    cases = frame.drop_duplicates([*_KEYS, "variant"]).set_index([*_KEYS, "variant"])["place"]
    table = cases.unstack("variant", fill_value=-1, sort=False)
    varying = _varying({(row.scenario, row.params) for row in rows})
    cells = [*(_cell(row, figure) for row in rows), Cell("", 0)]  # the last one: no such case
    return Overview(
        figure=figure,
        variants=tuple(map(str, table.columns)),
        rows=tuple(
            OverviewRow(
                scenario,
                varying[scenario, params],
                params,
                python,
                loop,
                tuple(cells[place] for place in places),
            )
            for (scenario, params, python, loop), places in zip(
                table.index, table.to_numpy().tolist(), strict=True
            )
        ),
    )


def _varying(settings: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the parameters of each setting of a scenario that its others do not have alike."""
    common: dict[str, set[str]] = {}
    for scenario, params in settings:
        words = {*params.split(";")}
        common[scenario] = common.get(scenario, words) & words
    return {
        (scenario, params): ";".join(
            word
            for word in params.split(";")
            if word not in common[scenario] or word.startswith("sync_ratio=")
        )
        for scenario, params in settings
    }


def _cell(row: CaseRow, figure: str) -> Cell:
    if getattr(row, figure) is None:
        return Cell(ABSENT if row.status == "ok" else row.status, 0)
    if figure == "allocations":
        return Cell(count_text(row.allocations), 0)
    if row.ratio is None:
        return Cell(time_text(row.time_ns), 0)
    if row.is_baseline:
        return Cell("1", 0)
    digits = 3 if 1 <= row.ratio < 2 else 2
    return Cell(significant(row.ratio, digits), _heat(row))


def _heat(row: CaseRow) -> int:
    """Return the step of the heat scale; 0 where the run cannot show a difference."""
    return 0 if row.ratio is None or not row.is_real else heat_step(row.ratio)
