"""What the page says, before it is drawn: sections, panels and tables from a run.

Everything that comes from a run goes through :func:`visible`; the templates escape it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from harness.analysis.costs import cost_models
from harness.analysis.findings import run_findings
from harness.analysis.knobs import other_parameters
from harness.analysis.sentences import TYPICAL_SHARE, summary_sentences
from harness.plan import format_params
from harness.record import RunStatus
from harness.report.anchors import group_anchor, scenario_anchor
from harness.report.budget import charted
from harness.report.cases_table import CaseLine, case_lines, case_table
from harness.report.claims import Claim, set_apart
from harness.report.costs import make_costs
from harness.report.evidence import Evidence, evidence
from harness.report.figures import time_text, visible
from harness.report.method import exactness, measured_in, method_lines, plural, share_text
from harness.report.on_runtimes import (
    ScenarioOnRuntimes,
    SettingOnRuntimes,
    fastest_on,
    runtimes_pictures,
    settings_of,
)
from harness.report.overview import overview
from harness.report.palette import palette
from harness.report.panels import Chart, case_charts, share_charts
from harness.report.proof import proof_lines, proof_verdict
from harness.report.runtimes import changes_from_first, median_table, runtime_tables
from harness.report.table import blocks, common_reason
from harness.report.why import Reasons
from harness.strategy import strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.analysis.costs import CostModel
    from harness.analysis.rows import CaseRow
    from harness.analysis.runtimes import RuntimeChange
    from harness.analysis.sentences import Sentence
    from harness.plan import Group
    from harness.record import Finding, Run
    from harness.report.costs import Costs, CostTable
    from harness.report.flamegraphs import Flamegraphs
    from harness.report.overview import Overview, OverviewRow
    from harness.report.palette import Mark
    from harness.report.runtimes import RuntimeTable
    from harness.report.table import Block
    from harness.report.why import Why

__all__ = ["Page", "make_page"]

_STATUS = {
    RunStatus.RUNNING: "This run has not ended; what follows is what was measured so far.",
    RunStatus.FAILED: "Some cases of this run failed; what was measured of the others follows.",
    RunStatus.INTERRUPTED: "This run was interrupted; what follows was measured before.",
}


# From this many on, opening all panels of a page would take a browser seconds.
_MANY_PANELS = 150


@dataclass(frozen=True)
class Panel:
    """One group: its charts and its table; *opened* if the page shows it from the start.

    The page's filter finds it by its *words*, as it does a section. *undrawn* if there would be
    charts, and the page leaves them out.
    """

    anchor: str
    words: str
    heading: str
    digest: str
    opened: bool
    charts: tuple[Chart, ...]
    evidence: tuple[Evidence, ...]
    undrawn: bool
    headers: tuple[str, ...]
    lines: tuple[CaseLine, ...]
    reason: str
    why: Why | None

    @property
    def with_interval(self) -> int:
        """How many of the first columns leave room for half-widths: time and ratio."""
        return sum(header.startswith(("time", "ratio")) for header in self.headers)


@dataclass(frozen=True)
class _Drawn:
    """The groups whose charts are drawn, and the cost models that mark crossovers on them."""

    groups: set[Group]
    models: tuple[CostModel, ...]


@dataclass(frozen=True)
class Section:
    """One scenario on one runtime."""

    anchor: str
    words: str
    name: str
    title: str
    runtime: str
    claims: tuple[Claim, ...]
    costs: tuple[CostTable, ...]
    shares: tuple[Chart, ...]
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Page:
    """The whole page."""

    name: str
    title: str
    lede: str
    exactness: str
    status: str
    costs: Costs
    sections: tuple[Section, ...]
    overview: Overview | None
    runtimes: RuntimeTable | None
    on_runtimes: tuple[ScenarioOnRuntimes, ...]
    panels: dict[tuple[str, str, str, str], str]
    marks: dict[str, Mark]
    baseline: str
    target: str
    threshold: str
    method: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    verdict: str
    proof: tuple[tuple[str, str], ...]

    @property
    def claimed(self) -> bool:
        """Whether there is anything to say in short."""
        return bool(self.costs.story)

    @property
    def several_runtimes(self) -> bool:
        """Whether a scenario's name alone leaves its runtime open."""
        return len({section.runtime for section in self.sections}) > 1

    @property
    def large(self) -> bool:
        """Whether a browser had better lay out only what is in sight."""
        return sum(len(section.panels) for section in self.sections) > _MANY_PANELS

    @property
    def overview_groups(self) -> list[tuple[tuple[str, str, str], list[OverviewRow]]]:
        """The rows of the overview by scenario, Python version and event loop."""
        rows = self.overview.rows if self.overview else ()
        return [
            (key, list(several))
            for key, several in groupby(rows, key=lambda row: (row.scenario, row.python, row.loop))
        ]

    def panel_of(self, row: OverviewRow) -> str:
        """Return the anchor of the panel that shows what *row* of the overview does in short."""
        return self.panels[row.scenario, row.setting, row.python, row.loop]

    def section_of(self, row: OverviewRow) -> str:
        """Return the anchor of the section that *row* of the overview belongs to."""
        return self.panel_of(row).rpartition("/")[0] + "/"


def make_page(run: Run, flamegraphs: Flamegraphs | None = None) -> Page:
    """Return the page of *run*, its charts drawn; it links to *flamegraphs*."""
    found = blocks(run)
    rows = [row for block in found for row in block.rows]
    marks = palette(row.variant for row in rows)
    drawn = _Drawn(charted(found), cost_models(run))
    claims = summary_sentences(run)
    several_runtimes = len(run.plan.runtimes) > 1
    anchors = {
        group: group_anchor(group, with_runtime=several_runtimes) for group in run.plan.groups
    }
    costs = make_costs(run, drawn.models, anchors, marks)
    reasons = Reasons(run, marks, flamegraphs or {})
    told = () if several_runtimes else claims
    changes = changes_from_first(run)
    sections = tuple(
        _section(f"s{number}", list(several), run, marks, told, anchors, costs, reasons, drawn)
        for number, (_, several) in enumerate(
            groupby(found, key=lambda block: (block.group.scenario, block.group.runtime)), start=1
        )
    )
    return Page(
        name=visible(run.name),
        title=_title(run),
        lede=measured_in(run),
        exactness=exactness(run, rows),
        status=_STATUS.get(run.status, ""),
        costs=costs,
        sections=sections,
        runtimes=median_table(run, changes),
        on_runtimes=(
            tuple(_on_runtimes(run, found, claims, marks, sections, changes))
            if several_runtimes
            else ()
        ),
        overview=overview(rows),
        panels={
            (group.scenario, format_params(group.params), runtime.interpreter, runtime.loop): anchor
            for group, anchor in anchors.items()
            for runtime in (group.runtime,)
        },
        marks=marks,
        baseline=visible(run.plan.baseline),
        target=f"± {run.plan.preset.target * 100:g} %",
        threshold=f"{run.plan.threshold * 100:g} %",
        method=tuple(method_lines(run)),
        environment=tuple((visible(k), visible(v)) for k, v in run.environment.items()),
        findings=run_findings(run),
        verdict=proof_verdict(run.proof) if run.proof else "",
        proof=proof_lines(run.proof) if run.proof else (),
    )


def _title(run: Run) -> str:
    """Return what a reader would call the page: its scenario, or how many there are."""
    names = list(dict.fromkeys(group.scenario for group in run.plan.groups))
    if len(names) == 1:
        return visible(run.titles.get(names[0], names[0]))
    return f"What an answer costs in {plural(len(names), 'scenario')}"


def _section(
    name: str,
    several: Sequence[Block],
    run: Run,
    marks: dict[str, Mark],
    claims: Sequence[Sentence],
    anchors: Mapping[Group, str],
    costs: Costs,
    reasons: Reasons,
    drawn: _Drawn,
) -> Section:
    """Return one section; *name* is what the ids of its charts start with."""
    group = several[0].group
    own = {block.group for block in several}
    opened = _opened(several)
    return Section(
        anchor=anchors[group].rpartition("/")[0] + "/",
        words=" ".join(
            map(visible, (group.scenario, run.titles.get(group.scenario, ""), str(group.runtime)))
        ),
        name=visible(group.scenario),
        title=visible(run.titles.get(group.scenario, group.scenario)),
        runtime=str(group.runtime),
        claims=tuple(_claim(c, anchors[c.group]) for c in claims if c.group in own),
        costs=costs.tables.get((group.scenario, group.runtime), ()),
        shares=_shares(several, marks, name, drawn),
        panels=tuple(
            replace(
                _panel(
                    f"{name}-{place}",
                    block,
                    anchors[block.group],
                    block.group in opened,
                    run,
                    marks,
                    drawn,
                ),
                why=reasons.of(block.group, opened=block.group in opened),
            )
            for place, block in enumerate(several, start=1)
        ),
    )


def _on_runtimes(
    run: Run,
    found: Sequence[Block],
    claims: Sequence[Sentence],
    marks: dict[str, Mark],
    sections: Sequence[Section],
    changes: Sequence[RuntimeChange],
) -> Iterator[ScenarioOnRuntimes]:
    """Yield each scenario with its runtimes beside each other, then each by itself."""
    tables = {table.group.setting: table for table in runtime_tables(run, changes)}
    runtimes = " ".join(map(str, run.plan.runtimes))
    for number, (scenario, several) in enumerate(groupby(found, lambda b: b.group.scenario), 1):
        blocks_of = list(several)
        title = visible(run.titles.get(scenario, scenario))
        opened = {group.setting for group in _opened(blocks_of)}
        yield ScenarioOnRuntimes(
            anchor=scenario_anchor(scenario),
            words=f"{visible(scenario)} {title}",
            name=visible(scenario),
            title=title,
            claims=tuple(
                _claim(claim, group_anchor(claim.group))
                for claim in claims
                if claim.group.scenario == scenario
            ),
            settings=tuple(
                SettingOnRuntimes(
                    anchor=group_anchor(group),
                    words=f"{heading} {visible(format_params(group.params))} {visible(runtimes)}",
                    heading=heading,
                    digest=fastest_on(together),
                    opened=group.setting in opened,
                    pictures=runtimes_pictures(
                        together, marks, f"r{number}-{place}", f"{scenario}, {heading}"
                    ),
                    table=tables.get(group.setting),
                )
                for place, together in enumerate(settings_of(blocks_of), start=1)
                for group in [together[0].group]
                for heading in [_heading(group)]
            ),
            sections=tuple(s for s in sections if s.anchor.startswith(scenario_anchor(scenario))),
        )


def _claim(claim: Sentence, anchor: str) -> Claim:
    return Claim(
        set_apart(claim.text, claim.variants), str(claim.tone), anchor, _heading(claim.group)
    )


def _opened(several: Sequence[Block]) -> set[Group]:
    """Return the groups to show from the start: measured, at the share nearest to typical."""
    measured = [block for block in several if common_reason(block.rows) is None] or several

    def distance(block: Block) -> tuple[float, float]:
        share = block.rows[0].sync_ratio
        return abs(share - TYPICAL_SHARE), -share

    nearest = min(map(distance, measured))
    return {block.group for block in measured if distance(block) == nearest}


def _shares(
    several: Sequence[Block], marks: dict[str, Mark], name: str, drawn: _Drawn
) -> tuple[Chart, ...]:
    if not any(block.group in drawn.groups for block in several):
        return ()
    return tuple(share_charts(several, marks, name, drawn.models))


def _panel(
    name: str,
    block: Block,
    anchor: str,
    opened: bool,
    run: Run,
    marks: dict[str, Mark],
    drawn: _Drawn,
) -> Panel:
    heading = _heading(block.group)
    about = f"{block.group.scenario}, {heading}"
    is_drawn = block.group in drawn.groups
    table = case_table(block.rows, run.plan.preset.target)
    return Panel(
        anchor=anchor,
        words=f"{heading} {visible(format_params(block.group.params))}",
        heading=heading,
        digest=_digest(block.rows),
        opened=opened and (is_drawn or not drawn.groups),
        charts=tuple(case_charts(block, marks, name, about)) if is_drawn else (),
        evidence=tuple(evidence(block, marks, name, about)) if is_drawn else (),
        undrawn=not is_drawn and common_reason(block.rows) is None,
        headers=tuple(table),
        lines=tuple(case_lines(anchor, block.rows, table, marks)),
        reason=visible(common_reason(block.rows) or "").rstrip("."),
        why=None,
    )


def _digest(rows: Sequence[CaseRow]) -> str:
    """Return the extremes of a group in a few words, for the line that opens its panel."""
    timed = [
        (row.time_ns, row.variant)
        for row in rows
        # What only calls a function hands nothing over: it is the floor of the others.
        if row.time_ns is not None and not strategy(row.variant).only_synchronous
    ]
    if len(timed) < 2:
        return ""
    (low, fast), (high, slow) = min(timed), max(timed)
    return (
        f"fastest: {visible(fast)}, {time_text(low)}; slowest: {visible(slow)}, {time_text(high)}"
    )


def _heading(group: Group) -> str:
    others = other_parameters(group)
    text = f"{share_text(group)} synchronous"
    return f"{text}, {visible(format_params(others))}" if others else text
