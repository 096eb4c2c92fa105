"""A series of runs as text for other tools: Markdown, CSV and JSON. Pure.

The JSON document (``schema`` 1) has these keys::

    schema     1
    against    what each run is held against: previous or first
    baseline   the variant by which the times of two runs are bridged
    threshold  a smaller difference in time, as a share, is not claimed
    since      index of the run that the last one is held against as a whole
    runs       {name, started, interpreter, loop, preset, unlike, differences: [{label, base, new}]}
    cases      {scenario, params, variant, runs, overall}: *runs* has one object a run, or null:
               the columns of the CSV from ``python`` on; *overall* the columns from ``means`` on
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from harness.analysis.change_story import cases
from harness.analysis.comparison import Means
from harness.analysis.places import Places
from harness.analysis.series import Against
from harness.analysis.series_story import environment_changes, events, headline
from harness.analysis.summary import csv_cell
from harness.report.comparison import half_of, signed_count
from harness.report.figures import ABSENT, count_text, ratio_parts, time_text
from harness.report.spark import sparkline
from harness.report.text import escape_markdown, finite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.comparison import Change
    from harness.analysis.rows import CaseRow
    from harness.analysis.series import Series, Track

__all__ = ["compared_text", "format_series", "own_text", "summary_lines"]

_SCHEMA = 1
_MOST_EVENTS, _MOST_LINES = 8, 25
_SPARK = 24
_OWN = (
    "python",
    "loop",
    "status",
    "time_ns",
    "time_ns_low",
    "time_ns_high",
    "ratio",
    "ratio_low",
    "ratio_high",
    "allocations",
    "bytes",
)
_CHANGE = (
    "means",
    "change",
    "change_low",
    "change_high",
    "is_real",
    "more_allocations",
    "more_bytes",
)
_COLUMNS = ("run", "started", "scenario", "params", "variant", *_OWN, *_CHANGE)


def format_series(series: Series, format: str) -> str:  # noqa: A002  # the option's name
    """Return *series* as ``markdown``, ``csv``, ``json`` or ``summary``."""
    if format == "csv":
        return _csv(series)
    if format == "json":
        return _json(series)
    lines = summary_lines(series) if format == "summary" else _markdown_lines(series)
    return "\n".join(lines) + "\n"


def own_text(row: CaseRow) -> str:
    """Write what a case is in its run: its ratio to the baseline, else its time."""
    if row.ratio is not None and not row.is_baseline:
        return " ± ".join(filter(None, ratio_parts(row.ratio, row.ratio_half_width)))
    return time_text(row.time_ns)


def compared_text(step: Change | None, unlike: str = "") -> str:
    """Write how a case differs in time from what it is held against, or that it cannot be."""
    if step is None or step.ratio is None:
        return "not comparable" if unlike else ""
    told = " ± ".join(filter(None, ratio_parts(step.ratio.value, half_of(step.ratio))))
    if step.means is Means.DIRECT:
        return f"{told} direct"
    if not step.is_real:
        return told
    return f"{told} {'slower' if step.ratio.value > 1 else 'faster'}"


def _change_record(step: Change | None) -> dict[str, Any]:
    ratio = step.ratio if step else None
    return {
        "means": str(step.means) if step and step.means else None,
        "change": ratio and ratio.value,
        "change_low": ratio and ratio.low,
        "change_high": ratio and ratio.high,
        "is_real": step.is_real if step and ratio else None,
        "more_allocations": step and step.allocations,
        "more_bytes": step and step.bytes,
    }


def _own_record(row: CaseRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _OWN}


def _csv(series: Series) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for track in series.tracks:
        for stop, row, step in zip(series.stops, track.rows, track.steps, strict=True):
            if row is not None:
                record = {
                    "run": stop.name,
                    "started": stop.started,
                    "scenario": row.scenario,
                    "params": row.params,
                    "variant": row.variant,
                    **_own_record(row),
                    **_change_record(step),
                }
                writer.writerow([csv_cell(record[column]) for column in _COLUMNS])
    return text.getvalue()


def _json(series: Series) -> str:
    document = {
        "schema": _SCHEMA,
        "against": str(series.against),
        "baseline": series.baseline,
        "threshold": series.threshold,
        "since": series.since,
        "runs": [
            {
                "name": stop.name,
                "started": stop.started,
                "interpreter": stop.interpreter,
                "loop": stop.loop,
                "preset": stop.preset,
                "unlike": stop.unlike,
                "differences": [
                    {"label": label, "base": base, "new": new}
                    for label, base, new in stop.differences
                ],
            }
            for stop in series.stops
        ],
        "cases": [
            {
                "scenario": track.row.scenario,
                "params": track.row.params,
                "variant": track.row.variant,
                "runs": [
                    row and {**_own_record(row), **_change_record(step)}
                    for row, step in zip(track.rows, track.steps, strict=True)
                ],
                "overall": track.overall and _change_record(track.overall),
            }
            for track in series.tracks
        ],
    }
    return json.dumps(finite(document), indent=2, allow_nan=False) + "\n"


def summary_lines(series: Series) -> Iterator[str]:
    """Yield what a CI job's page has room for: what changed, and which environment did."""
    number = len(series.stops)
    what = "history of" if series.against is Against.PREVIOUS else "comparison of"
    first, last = (escape_markdown(series.stops[place].name) for place in (0, -1))
    yield f"## awaitbench: {what} {number} runs, {first} to {last}"
    yield ""
    yield f"**{escape_markdown(headline(series))}**"
    yield ""
    made = events(series, Places(track.row for track in series.tracks))
    for event in made[:_MOST_EVENTS]:
        told = f"{series.stops[event.place].name}: {event.variant} {event.text}"
        yield f"- {escape_markdown(told)}"
    if len(made) > _MOST_EVENTS:
        yield f"- and {len(made) - _MOST_EVENTS} more"
    changed = [stop for stop in series.stops if stop.differences]
    if changed:
        yield ""
        yield "<details><summary>Where the environment is not the same</summary>"
        yield ""
        room = _MOST_LINES - 10 - min(len(made), _MOST_EVENTS + 1)
        for stop in changed[:room]:
            told = f"{stop.name}: {environment_changes(stop)}"
            parted = ". Times are not compared over that" if stop.unlike else ""
            yield f"- {escape_markdown(told + parted)}"
        if len(changed) > room:
            yield f"- and {len(changed) - room} more"
        yield ""
        yield "</details>"


def _markdown_lines(series: Series) -> Iterator[str]:
    yield from summary_lines(series)
    for title, tracks in (
        ("with a change", [track for track in series.tracks if track.changed]),
        ("without a change", [track for track in series.tracks if not track.changed]),
    ):
        if tracks:
            yield ""
            yield f"<details><summary>{cases(len(tracks))} {title}</summary>"
            yield ""
            yield from _markdown_table(series, tracks)
            yield ""
            yield "</details>"


def _markdown_table(series: Series, tracks: Sequence[Track]) -> Iterator[str]:
    if series.against is Against.PREVIOUS:
        head = ["case", f"run {series.since + 1}", "last run", "last / first", "allocations"]
        head.append("trend")
    else:
        head = ["case", *(escape_markdown(stop.name) for stop in series.stops)]
    yield f"| {' | '.join(head)} |"
    yield f"|---|{'---:|' * (len(head) - 1)}"
    for track in tracks:
        row = track.row
        cells = [cell.replace("<", "&lt;") for cell in _markdown_cells(series, track)]
        case = escape_markdown(f"{row.scenario} {row.params} {row.variant}")
        yield f"| {' | '.join((case, *cells))} |"


def _markdown_cells(series: Series, track: Track) -> list[str]:
    if series.against is Against.PREVIOUS:
        first, last = track.rows[series.since], track.rows[-1]
        before, after = (count_text(row.allocations) if row else ABSENT for row in (first, last))
        return [
            own_text(first) if first else ABSENT,
            own_text(last) if last else ABSENT,
            compared_text(track.overall),
            before if before == after else f"{before} → {after}",
            sparkline([row.ratio if row else None for row in track.rows], _SPARK),
        ]
    found = []
    for place, (row, step) in enumerate(zip(track.rows, track.steps, strict=True)):
        if row is None:
            found.append(ABSENT)
            continue
        unlike = series.stops[place].unlike
        told = [compared_text(step, unlike) if place else time_text(row.time_ns)]
        if row.allocations is not None:
            more = signed_count(step.allocations, differs=True) if step else ""
            differs = f" ({more})" if step and step.counts_differ else ""
            told.append(f"{count_text(row.allocations)} alloc.{differs}")
        found.append(", ".join(filter(None, told)))
    return found
