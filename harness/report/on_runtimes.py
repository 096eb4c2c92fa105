"""On runtimes: a setting on all runtimes of a run, as pictures and as a table. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.runtimes import short_name
from harness.report.figures import count_text, time_text, visible
from harness.report.multiples import MultipleRow, RuntimePanel, runtime_panels, side_by_side
from harness.report.panels import Chart, time_tick
from harness.report.svg import inline_svg
from harness.strategy import strategy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from markupsafe import Markup

    from harness.analysis.rows import CaseRow
    from harness.report.claims import Claim
    from harness.report.drawing import Drawing
    from harness.report.page import Section
    from harness.report.palette import Mark
    from harness.report.runtimes import RuntimeTable
    from harness.report.table import Block

__all__ = [
    "ScenarioOnRuntimes",
    "SettingOnRuntimes",
    "fastest_on",
    "panels_of",
    "runtimes_chart",
    "runtimes_pictures",
    "settings_of",
]

_TITLE = "Time and allocations per operation, by runtime"
_NOTE = (
    "times on one axis for all runtimes, in logarithms, with 95 % intervals; the dotted line is "
    "the baseline's; the number on the right is that of allocations, exact"
)
_WIDE, _MOST_COLUMNS = 900.0, 4


@dataclass(frozen=True)
class SettingOnRuntimes:
    """One setting on all runtimes; *pictures* has a row for each event loop."""

    anchor: str
    words: str
    heading: str
    digest: str
    opened: bool
    pictures: tuple[tuple[Markup, ...], ...]
    table: RuntimeTable | None
    title: str = _TITLE
    note: str = _NOTE


@dataclass(frozen=True)
class ScenarioOnRuntimes:
    """One scenario: what holds on which runtimes, its settings, then each runtime by itself."""

    anchor: str
    words: str
    name: str
    title: str
    claims: tuple[Claim, ...]
    settings: tuple[SettingOnRuntimes, ...]
    sections: tuple[Section, ...]


def settings_of(found: Iterable[Block]) -> list[list[Block]]:
    """Return the blocks of each setting together, event loop by event loop."""
    settings: dict[object, list[Block]] = {}
    for block in found:
        settings.setdefault(block.group.setting, []).append(block)
    return [
        [block for loop in _loops(several) for block in several if block.group.runtime.loop == loop]
        for several in settings.values()
    ]


def panels_of(together: Sequence[Block], marks: Mapping[str, Mark]) -> list[RuntimePanel]:
    """Return the panels of one setting, all with the same rows; none where nothing was timed.

    Rows stand in the order of *marks*, as everywhere on a page.
    """
    found = [({row.variant: row for row in block.rows}, block.group.runtime) for block in together]
    if not any(row.time_ns for rows, _ in found for row in rows.values()):
        return []
    named = [variant for variant in marks if any(variant in rows for rows, _ in found)]
    baselines = {row.baseline for rows, _ in found for row in rows.values()}
    return [
        RuntimePanel(
            visible(short_name(runtime)),
            tuple(
                _row(variant, rows.get(variant), marks[variant], variant in baselines)
                for variant in named
            ),
        )
        for rows, runtime in found
    ]


def _row(variant: str, row: CaseRow | None, mark: Mark, is_baseline: bool) -> MultipleRow:
    name = visible(variant)
    if row is None:
        return MultipleRow(name, mark, None, "", "", note="not measured")
    timed = row.time_ns is not None
    return MultipleRow(
        name,
        mark,
        row.time_ns,
        time_text(row.time_ns) if timed else "",
        count_text(row.allocations) if row.allocations is not None else "",
        row.time_ns_low,
        row.time_ns_high,
        note="" if timed else row.status if row.status != "ok" else "not measured",
        is_baseline=is_baseline,
    )


def runtimes_pictures(
    together: Sequence[Block], marks: Mapping[str, Mark], anchor: str, about: str
) -> tuple[tuple[Markup, ...], ...]:
    """Return a picture for each runtime of a setting, a row for each event loop."""
    panels = panels_of(together, marks)
    if not panels:
        return ()
    drawn = iter(runtime_panels(panels, anchor, f"{_TITLE}: {about}", time_tick))
    return tuple(
        tuple(inline_svg(next(drawn)) for _ in range(count))
        for count in Counter(block.group.runtime.loop for block in together).values()
    )


def runtimes_chart(
    together: Sequence[Block], marks: Mapping[str, Mark], anchor: str
) -> Chart | None:
    """Return the same in one chart, for a file; None where nothing was timed."""
    panels = panels_of(together, marks)
    if not panels:
        return None
    columns = min(_MOST_COLUMNS, max(Counter(b.group.runtime.loop for b in together).values()))

    def draw(width: float = _WIDE) -> Drawing:
        return side_by_side(panels, columns, anchor, _TITLE, time_tick, width)

    return Chart(_TITLE, _NOTE, "runtimes", together[0].group.params, draw)


def fastest_on(together: Sequence[Block]) -> str:
    """Return on how many runtimes which variant is the fastest, for the line that opens a panel.

    What cannot wait for an answer is none of the choices.
    """
    timed = [
        [
            (row.time_ns, row.variant)
            for row in block.rows
            if row.time_ns is not None and not strategy(row.variant).only_synchronous
        ]
        for block in together
    ]
    fastest = Counter(min(times)[1] for times in timed if times)
    if len(fastest) == 1:
        return f"fastest on each: {visible(next(iter(fastest)))}"
    told = [f"{visible(name)} on {count}" for name, count in fastest.most_common()]
    return f"fastest: {', '.join(told)}" if told else ""


def _loops(together: Iterable[Block]) -> list[str]:
    return list(dict.fromkeys(block.group.runtime.loop for block in together))
