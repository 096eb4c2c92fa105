"""What a page about two runs says, before it is drawn: story, charts, tables, and what to believe.

Everything that comes from a run goes through :func:`visible`; the templates escape it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from harness.analysis.change_story import (
    allocation_statements,
    belief_lines,
    cases,
    is_claimed,
    longer,
    moved_together,
    presence_lines,
    time_statements,
    trust_lines,
    verdict,
    verdict_line,
)
from harness.analysis.comparison import Means, Presence
from harness.analysis.findings import run_findings
from harness.analysis.places import Places
from harness.record import Severity
from harness.report.anchors import Distinct, case_anchor, row_anchor, section_anchor
from harness.report.claims import ToldChange
from harness.report.compared import change_words
from harness.report.comparison import half_of, signed_bytes, signed_count
from harness.report.figures import count_text, ratio_parts, time_text, time_unit, visible
from harness.report.interval_chart import Interval, interval_chart, reach_of
from harness.report.palette import palette
from harness.report.picture import Picture
from harness.report.run_facts import run_facts
from harness.report.svg import inline_svg

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.analysis.comparison import Change, Comparison
    from harness.analysis.gate import Regression
    from harness.record import Finding, Run
    from harness.report.figures import Unit
    from harness.report.palette import Mark

__all__ = ["ComparisonPage", "make_comparison_page", "shaky", "statements"]

_MOST_TIMES, _MOST_COUNTS = 5, 3
_MOST_CHARTS = 60  # on a page: then only settings in which something changed have one
_MOST_OPEN = 300  # rows that a page shows without being asked


@dataclass(frozen=True)
class Row:
    """One row of the table of changes. *word* is the verdict, *mark* how it is coloured.

    The page's filter finds it by its *words*.
    """

    anchor: str
    words: str
    variant: str
    colour: str
    is_baseline: bool
    setting: str
    base: str
    new: str
    ratio: str
    half: str
    word: str
    mark: str
    allocations: str
    more: str
    bytes: str
    reason: str


@dataclass(frozen=True)
class Section:
    """One scenario on one runtime; *opened* if its table shows from the start.

    The page's filter finds it by its *words*.
    """

    anchor: str
    words: str
    name: str
    title: str
    runtime: str
    digest: str
    opened: bool
    charts: tuple[Picture, ...]
    left_out: int
    unit: str
    has_times: bool
    has_counts: bool
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class ComparisonPage:
    """The whole page; *gate* is None where no gate looked, *changed* if anything did."""

    base: str
    new: str
    verdict: str
    gate: tuple[ToldChange, ...] | None
    told: tuple[ToldChange, ...]
    further: str
    lines: tuple[str, ...]
    changed: bool
    trust: tuple[str, ...]
    sections: tuple[Section, ...]
    marks: dict[str, Mark]
    belief: tuple[str, ...]
    facts: tuple[tuple[str, str, str, bool], ...]
    shaky: tuple[tuple[str, Finding], ...]

    @property
    def several_runtimes(self) -> bool:
        """Whether a scenario's name alone leaves its runtime open."""
        return len({section.runtime for section in self.sections}) > 1


def make_comparison_page(
    comparison: Comparison, base: Run, new: Run, regressions: Sequence[Regression] | None = None
) -> ComparisonPage:
    """Return the page of *comparison*, its charts drawn, with what a gate found of it."""
    changes = comparison.changes
    places = Places(change.row for change in changes)
    marks = palette(change.row.variant for change in changes)
    groups = [
        list(several)
        for _, several in groupby(changes, key=lambda c: (c.row.scenario, c.row.python, c.row.loop))
    ]
    several_runtimes = len({(change.row.python, change.row.loop) for change in changes}) > 1
    distinct = Distinct()
    anchors = {}
    for each in groups:
        for change in each:
            panel = row_anchor(change.row, with_runtime=several_runtimes)
            anchors[id(change)] = distinct(case_anchor(panel, change.row.variant))
    charted = _charted(groups, places)
    folded = len(changes) > _MOST_OPEN
    titles = {**base.titles, **new.titles}
    told, further = statements(comparison, places, anchors)
    found = tuple(shaky([base, new]))
    return ComparisonPage(
        base=visible(comparison.base),
        new=visible(comparison.new),
        verdict=visible(verdict_line(comparison)),
        gate=None
        if regressions is None
        else tuple(_regression(each, places, anchors) for each in regressions),
        told=told,
        further=further,
        lines=tuple(map(visible, _lines(comparison, places))),
        changed=any(map(_is_worth_a_look, changes)),
        trust=tuple(map(visible, trust_lines(comparison, len(found)))),
        sections=tuple(
            _section(
                f"s{number}",
                distinct(section_anchor(each[0].row, with_runtime=several_runtimes)),
                each,
                comparison,
                marks,
                places,
                charted,
                titles,
                anchors,
                folded=folded,
            )
            for number, each in enumerate(groups, 1)
        ),
        marks=marks,
        belief=tuple(map(visible, belief_lines(comparison))),
        facts=tuple(_facts(comparison, base, new)),
        shaky=found,
    )


def statements(
    comparison: Comparison, places: Places, anchors: dict[int, str]
) -> tuple[tuple[ToldChange, ...], str]:
    """Return the changes that matter most as sentences, and how many there are beside them."""
    times = time_statements(comparison, places)
    counts = allocation_statements(comparison, places)
    shown = [*times[:_MOST_TIMES], *counts[:_MOST_COUNTS]]
    rest = len(times) + len(counts) - len(shown)
    further = f"and {rest} more {'variant' if rest == 1 else 'variants'}" if rest else ""
    return tuple(
        ToldChange(
            visible(each.variant),
            visible(each.text),
            anchors[id(each.change)],
            str(each.tone),
            "cases" if " cases" in each.text else "case",
        )
        for each in shown
    ), further


def _regression(found: Regression, places: Places, anchors: dict[int, str]) -> ToldChange:
    row = found.change.row
    text = f"in {places.of(row)}: {found.told}"
    return ToldChange(
        visible(row.variant), visible(text), anchors[id(found.change)], "loss", "case"
    )


def _lines(comparison: Comparison, places: Places) -> Iterator[str]:
    """Yield what is said beside the single changes."""
    for moved in moved_together(comparison):
        percent = abs(moved.others - 1) * 100
        yield (
            f"In {places.of(moved.row)} all {moved.count} other variants seem "
            f"{percent:.0f} % {'slower' if moved.others > 1 else 'faster'}, while "
            f"{moved.row.variant}, by which they are compared, {longer(moved.ratio)}: most likely "
            f"{moved.row.variant} alone changed."
        )
    yield from presence_lines(comparison)


def _charted(groups: Sequence[Sequence[Change]], places: Places) -> set[tuple[str, str]]:
    """Return the scenarios and settings that have a chart: of many, those with a change first."""
    wanted: dict[tuple[str, str], bool] = {}
    for change in (change for each in groups for change in each if change.ratio):
        key = change.row.scenario, places.setting(change.row)
        wanted[key] = wanted.get(key, False) or change.is_real
    ordered = sorted(wanted, key=lambda key: not wanted[key])
    return set(ordered[:_MOST_CHARTS])


def _section(
    name: str,
    anchor: str,
    several: Sequence[Change],
    comparison: Comparison,
    marks: dict[str, Mark],
    places: Places,
    charted: set[tuple[str, str]],
    titles: dict[str, str],
    anchors: dict[int, str],
    *,
    folded: bool,
) -> Section:
    """Return one section; the ids of its charts begin with *name*."""
    first = several[0].row
    title = titles.get(first.scenario, first.scenario)
    runtime = first.runtime
    settings = {
        setting: list(changes)
        for setting, changes in groupby(several, key=lambda change: places.setting(change.row))
    }
    drawn = {
        setting: rows
        for setting, changes in settings.items()
        if (rows := _intervals(changes, marks)) and (first.scenario, setting) in charted
    }
    timed = sum(any(change.ratio for change in changes) for changes in settings.values())
    reach = reach_of([row for rows in drawn.values() for row in rows], comparison.threshold)
    unit = time_unit(
        row.time_ns for change in several for row in (change.base, change.new) if row is not None
    )
    return Section(
        anchor=anchor,
        words=visible(f"{first.scenario} {title} {runtime}"),
        name=visible(first.scenario),
        title=visible(title),
        runtime=visible(runtime),
        digest=_digest(several),
        opened=not folded or any(map(_is_worth_a_look, several)),
        charts=tuple(
            Picture(
                visible(setting),
                _note(settings[setting]),
                inline_svg(
                    interval_chart(
                        rows,
                        comparison.threshold,
                        reach,
                        f"{name}-{place}",
                        f"New time / base time: {first.scenario}, {setting}",
                    )
                ),
                visible(_words(settings[setting], places)),
            )
            for place, (setting, rows) in enumerate(drawn.items(), 1)
        ),
        left_out=timed - len(drawn),
        unit=unit.symbol,
        has_times=any(
            row.time_ns is not None for c in several for row in (c.base, c.new) if row is not None
        ),
        has_counts=any(
            row.allocations is not None
            for c in several
            for row in (c.base, c.new)
            if row is not None
        ),
        rows=tuple(_row(change, anchors[id(change)], marks, places, unit) for change in several),
    )


def _intervals(changes: Iterable[Change], marks: dict[str, Mark]) -> list[Interval]:
    return [
        Interval(
            name=visible(change.row.variant),
            colour=marks[change.row.variant].colour,
            ratio=ratio,
            is_claimed=is_claimed(change),
            note=verdict(change),
            is_direct=change.means is Means.DIRECT,
        )
        for change in changes
        if (ratio := change.ratio) is not None
    ]


def _note(changes: Sequence[Change]) -> str:
    words = [verdict(change) for change in changes if is_claimed(change)]
    told = [f"{words.count(word)} {word}" for word in ("slower", "faster") if word in words]
    return ", ".join(told) or "no difference shown"


def _digest(several: Sequence[Change]) -> str:
    told = []
    words = [verdict(change) for change in several if is_claimed(change)]
    told += [f"{words.count(word)} {word}" for word in ("slower", "faster") if word in words]
    counts = [change.allocations or 0 for change in several if change.counts_differ]
    more, fewer = sum(count > 0 for count in counts), sum(count < 0 for count in counts)
    told += [f"{more} with more allocations"] if more else []
    told += [f"{fewer} with fewer allocations"] if fewer else []
    presences = [change.presence for change in several]
    told += [
        f"{presences.count(each)} {each}"
        for each in (Presence.ADDED, Presence.REMOVED, Presence.FAILED)
        if each in presences
    ]
    return f"{cases(len(several))}: {', '.join(told) or 'nothing changed'}"


def _is_worth_a_look(change: Change) -> bool:
    return is_claimed(change) or change.counts_differ or change.presence is not Presence.BOTH


def _words(changes: Sequence[Change], places: Places) -> str:
    """Return what the filter finds *changes* of one setting by, or one of them."""
    row = changes[0].row
    words = [word for change in changes for word in change_words(change)]
    return " ".join([places.setting(row), row.params, *dict.fromkeys(words)])


def _row(change: Change, anchor: str, marks: dict[str, Mark], places: Places, unit: Unit) -> Row:
    row, base, new = change.row, change.base, change.new
    ratio = change.ratio
    value, half = ratio_parts(ratio.value, half_of(ratio)) if ratio else ("", "")
    word = verdict(change)
    mark = {"slower": "loss", "faster": "gain", "failed": "loss"}.get(word, "")
    direct = change.means is Means.DIRECT
    if word == "no difference shown":
        word = "not shown"
    before, after = (count_text(each.allocations) if each else "" for each in (base, new))
    return Row(
        anchor=anchor,
        words=visible(_words([change], places)),
        variant=visible(row.variant),
        colour=marks[row.variant].colour,
        is_baseline=row.is_baseline,
        setting=visible(places.setting(row)),
        base=time_text(base.time_ns, unit) if base else "",
        new=time_text(new.time_ns, unit) if new else "",
        ratio=value,
        half=half,
        word=f"{word}, direct" if direct else word,
        mark="" if direct else mark,
        allocations=before if before == after else " → ".join(filter(None, (before, after))),
        more=signed_count(change.allocations, differs=change.counts_differ),
        bytes=signed_bytes(change.bytes),
        reason=visible(row.reason or "") if change.presence is Presence.FAILED else "",
    )


def _facts(comparison: Comparison, base: Run, new: Run) -> Iterator[tuple[str, str, str, bool]]:
    """Yield label, base, new, and whether they differ: what both runs are, then what differs."""
    before, after = run_facts(base), run_facts(new)
    for label in before:
        differs = before[label] != after[label] and label != "measured"
        yield label, before[label], after[label], differs
    for scenario in dict.fromkeys([*base.sources, *new.sources]):
        if base.sources.get(scenario) != new.sources.get(scenario):
            told = [visible(run.sources.get(scenario, "")) for run in (base, new)]
            yield f"code of {visible(scenario)}", told[0], told[1], True
    for label, older, newer in comparison.differences:
        yield visible(label), visible(older), visible(newer), True


def shaky(runs: Iterable[Run]) -> Iterator[tuple[str, Finding]]:
    """Yield the findings of *runs* that may spoil figures, each with the run's name."""
    for run in runs:
        for finding in run_findings(run):
            if finding.severity is not Severity.HINT:
                yield visible(run.name), finding
