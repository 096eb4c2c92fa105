"""A run, or a comparison, in at most 25 lines of Markdown: for a pull request or a CI job's page.

The verdict is first, then what is real, then what may spoil it; details are folded. Pure.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from harness.analysis.change_story import (
    allocation_statements,
    cases,
    means_line,
    moved_together,
    presence_lines,
    time_statements,
    verdict_line,
)
from harness.analysis.findings import run_findings
from harness.analysis.places import Places
from harness.analysis.rows import case_rows
from harness.analysis.sentences import TYPICAL_SHARE, summary_sentences
from harness.record import RunStatus, Severity
from harness.report.figures import count_text, time_text
from harness.report.table import ratio_of
from harness.report.text import escape_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.comparison import Comparison
    from harness.analysis.gate import Regression
    from harness.analysis.rows import CaseRow
    from harness.record import Run

__all__ = ["comparison_summary", "run_summary"]

# How many of each there is room for.
_SENTENCES, _FINDINGS, _SCENARIOS = 4, 2, 5
_REGRESSIONS, _TIMES, _COUNTS, _FURTHER, _DIFFERENCES = 5, 3, 2, 2, 3
_LONGEST = 300  # characters of a line: somebody else wrote parts of it


def run_summary(run: Run) -> str:
    """Return what a run says in short."""
    return "\n".join(_run_lines(run)) + "\n"


def comparison_summary(
    comparison: Comparison, regressions: Sequence[Regression] | None = None, page: str = ""
) -> str:
    """Return what changed between two runs, and what a gate found of it; *page* is its HTML."""
    return "\n".join(_comparison_lines(comparison, regressions, page)) + "\n"


def _run_lines(run: Run) -> Iterator[str]:
    rows = case_rows(run)
    yield f"## awaitbench: {_shown(run.name)}"
    yield ""
    yield f"**{_state(run, rows)}**"
    sentences = _sentences(run)
    if sentences:
        yield ""
    for sentence in sentences[:_SENTENCES]:
        yield f"- {_shown(sentence)}"
    troubles = [each for each in run_findings(run) if each.severity is not Severity.HINT]
    if troubles:
        yield ""
    for finding in troubles[:_FINDINGS]:
        yield f"- **{finding.severity}:** {_shown(finding.message)}"
    yield ""
    yield "<details><summary>The fastest, and what allocates least</summary>"
    yield ""
    yield from _best(rows)
    yield ""
    yield "</details>"
    yield ""
    name = _shown(run.name)
    yield f"All of it: awaitbench show {name}, or as a page: awaitbench report {name}"


def _sentences(run: Run) -> list[str]:
    """Return what the run says; of several scenarios what is said first of each, by its name."""
    scenarios: dict[str, list[str]] = {}
    for sentence in summary_sentences(run):
        scenarios.setdefault(sentence.group.scenario, []).append(sentence.text)
    if len(scenarios) == 1:
        return next(iter(scenarios.values()))
    return [f"{scenario}: {texts[0]}" for scenario, texts in scenarios.items()]


def _state(run: Run, rows: Sequence[CaseRow]) -> str:
    failed = sum(row.status == "failed" for row in rows)
    measured = sum(row.status == "ok" for row in rows)
    told = f"{cases(measured)} measured"
    if failed:
        told += f", {failed} failed"
    if run.status in {RunStatus.INTERRUPTED, RunStatus.RUNNING}:
        ended = "was interrupted" if run.status is RunStatus.INTERRUPTED else "has not ended"
        told += f"; the run {ended}"
    return f"{told}."


def _best(rows: Sequence[CaseRow]) -> Iterator[str]:
    """Yield a table: by scenario, at the share nearest to typical, the best in time and counts."""
    yield "| scenario | fastest | time | ratio | fewest allocations | |"
    yield "|---|---|---:|---:|---|---:|"
    groups = [list(each) for _, each in groupby(rows, key=lambda r: (r.scenario, r.python, r.loop))]
    for several in groups[:_SCENARIOS]:
        nearest = min(several, key=lambda row: abs(row.sync_ratio - TYPICAL_SHARE)).params
        here = [row for row in several if row.params == nearest]
        timed = [row for row in here if row.time_ns is not None]
        counted = [row for row in here if row.allocations is not None]
        fastest = min(timed, key=lambda row: row.time_ns or 0, default=None)
        leanest = min(counted, key=lambda row: row.allocations or 0, default=None)
        cells = [
            _shown(f"{here[0].scenario} {nearest}"),
            _shown(fastest.variant) if fastest else "",
            time_text(fastest.time_ns) if fastest else "",
            " ± ".join(filter(None, ratio_of(fastest))) if fastest else "",
            _shown(leanest.variant) if leanest else "",
            count_text(leanest.allocations).replace("<", "&lt;") if leanest else "",
        ]
        yield f"| {' | '.join(cells)} |"


def _comparison_lines(
    comparison: Comparison, regressions: Sequence[Regression] | None, page: str
) -> Iterator[str]:
    places = Places(change.row for change in comparison.changes)
    base, new = _shown(comparison.base), _shown(comparison.new)
    yield f"## awaitbench: {new} against {base}"
    yield ""
    if regressions is not None:
        number = len(regressions)
        yield f"**{number or 'No'} regression{'' if number == 1 else 's'}.** " + _shown(
            verdict_line(comparison)
        )
    else:
        yield f"**{_shown(verdict_line(comparison))}**"
    told = [*_changes(comparison, regressions or (), places)]
    if told:
        yield ""
        yield from told
    yield ""
    yield _shown(means_line(comparison))
    if comparison.differences:
        yield ""
        number = len(comparison.differences)
        noun = "thing differs" if number == 1 else "things differ"
        yield f"<details><summary>{number} {noun} of the environments</summary>"
        yield ""
        for label, before, after in comparison.differences[:_DIFFERENCES]:
            difference = f"{label}: {before or '-'} / {after or '-'}"
            yield f"- {_shown(difference)}"
        yield ""
        yield "</details>"
    yield ""
    where = f"; the page is {_shown(page)}" if page else ", or --html for a page"
    yield f"All of it: awaitbench compare {base} {new}{where}"


def _changes(
    comparison: Comparison, regressions: Sequence[Regression], places: Places
) -> Iterator[str]:
    """Yield a line each: what the gate found, else what really changed, the largest first."""
    for found in regressions[:_REGRESSIONS]:
        row = found.change.row
        yield f"- {_shown(f'{row.variant} in {places.of(row)}: {found.told}')}"
    if len(regressions) > _REGRESSIONS:
        yield f"- and {len(regressions) - _REGRESSIONS} more regressions"
    named = {found.change.row.variant for found in regressions}
    for statements, most in (
        (time_statements(comparison, places), _TIMES),
        (allocation_statements(comparison, places), _COUNTS),
    ):
        further = [each for each in statements if each.variant not in named]
        for statement in further[:most]:
            yield f"- {_shown(f'{statement.variant} {statement.text}')}"
        if len(further) > most:
            yield f"- and {len(further) - most} more variants"
    notes = [
        *(
            f"In {places.of(moved.row)} it is most likely {moved.row.variant}, by which the others "
            "are compared, that changed"
            for moved in moved_together(comparison)
        ),
        *presence_lines(comparison),
    ]
    for note in notes[:_FURTHER]:
        yield f"- {_shown(note)}"


def _shown(text: str) -> str:
    """Return *text* escaped, cut where somebody made it endless."""
    return escape_markdown(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
