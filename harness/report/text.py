"""A run as text for other tools: Markdown, CSV and JSON. Pure.

The JSON document (``schema`` 1) has no more keys than these, and a later version that
changes the meaning of one has a higher number::

    schema       1
    name         name of the run
    status       running, done, failed or interrupted
    started      ISO 8601, UTC
    ended        the same, or null
    baseline     the variant that ratios are taken against
    preset       {name, target, rounds: [fewest, most], values}
    instruments  what was measured: "time", "allocations"
    seed         integer
    titles       scenario -> title
    environment  key -> text
    threshold    a smaller difference in time, as a share, is not claimed
    rows         one object per case: the columns of summary.csv, and reason, sync_ratio,
                 target_met, is_real (may the difference be claimed?), scatter (of single values,
                 relative); a figure that was not measured is null
    summary      sentences in plain English: {text, scenario, params, variants}
    story        what matters over the whole run, the most important first: the same
    costs        one object per scenario, runtime and setting of the parameters beside the share:
                 {scenario, params, python, loop, sync_ratios, reason, variants, crossovers, advice,
                 recommendation}. reason: why there is no model, else null. variants: name ->
                 {time_ns, allocations, bytes}, each null or {synchronous, asynchronous, r_squared,
                 holds, furthest: {sync_ratio, relative, intervals}}, of time_ns also the ends of
                 95 % intervals (synchronous_low, ...). crossovers: {figure, below, above,
                 sync_ratio, low, high, extrapolated, bracketed}. advice: keep, change or none
    findings     what is shaky: {severity, message, advice}
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.analysis.findings import run_findings
from harness.analysis.rows import case_rows
from harness.analysis.sentences import summary_sentences
from harness.analysis.story import story
from harness.analysis.summary import summary_csv
from harness.errors import UnknownNameError
from harness.plan import format_params
from harness.report.costs_document import cost_documents
from harness.report.figures import byte_text, count_text, time_text, time_unit, visible
from harness.report.table import blocks, describe, misses_target, ratio_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.analysis.sentences import Sentence
    from harness.record import Run
    from harness.report.table import Block

__all__ = ["FORMATS", "escape_markdown", "finite", "format_run", "markdown_table"]

_SCHEMA = 1
# What GitHub-flavoured Markdown takes for markup; an underscore only at the edge of a word.
_MARKUP = re.compile(r"[\\`*\[\]<>&|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def format_run(run: Run, format: str) -> str:  # noqa: A002  # the option's name
    """Return *run* as ``markdown``, ``csv`` or ``json``; UnknownNameError for another name."""
    if format not in _WRITERS:
        raise UnknownNameError("format", format, _WRITERS)
    return _WRITERS[format](run)


def _csv(run: Run) -> str:
    return summary_csv(case_rows(run))


def _json(run: Run) -> str:
    preset = run.plan.preset
    document = {
        "schema": _SCHEMA,
        "name": run.name,
        "status": str(run.status),
        "started": run.started,
        "ended": run.ended,
        "baseline": run.plan.baseline,
        "preset": {
            "name": preset.name,
            "target": preset.target,
            "rounds": list(preset.rounds),
            "values": preset.values,
        },
        "instruments": list(run.plan.instruments),
        "seed": run.plan.seed,
        "threshold": run.plan.threshold,
        "titles": dict(run.titles),
        "environment": dict(run.environment),
        "rows": [asdict(row) for row in case_rows(run)],
        "summary": [_sentence(sentence) for sentence in summary_sentences(run)],
        "story": [_sentence(sentence) for sentence in story(run)],
        "costs": cost_documents(run),
        "findings": [asdict(finding) for finding in run_findings(run)],
    }
    return json.dumps(finite(document), indent=2, allow_nan=False) + "\n"


def _sentence(sentence: Sentence) -> dict[str, Any]:
    return {
        "text": sentence.text,
        "scenario": sentence.group.scenario,
        "params": format_params(sentence.group.params),
        "variants": list(sentence.variants),
    }


def finite(value: Any) -> Any:
    """Return *value* with null for every number that JSON cannot write."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def _markdown(run: Run) -> str:
    return "\n".join(_markdown_lines(run)) + "\n"


def _markdown_lines(run: Run) -> Iterator[str]:
    baseline = escape_markdown(run.plan.baseline)
    yield f"## {escape_markdown(run.name)}"
    yield ""
    for sentence in summary_sentences(run):
        yield f"- {escape_markdown(sentence.text)}"
    for block in blocks(run):
        yield ""
        yield from markdown_table(block, run.plan.preset.target)
    yield ""
    yield f"Ratios are to {baseline}, ± is half of the 95 % interval;"
    yield "allocations, bytes, suspensions and tasks are per operation."
    if findings := run_findings(run):
        yield ""
    for finding in findings:
        told = f"{finding.message} {finding.advice}".strip()
        yield f"- **{finding.severity}:** {escape_markdown(told)}"


def markdown_table(block: Block, target: float) -> Iterator[str]:
    """Yield the lines of one group: a heading and a table; ``*`` misses *target*."""
    group = block.group
    unit = time_unit(row.time_ns for row in block.rows)
    yield (
        f"### {escape_markdown(group.scenario)}: {escape_markdown(format_params(group.params))} "
        f"({escape_markdown(str(group.runtime))})"
    )
    yield ""
    troubled = any(describe(row) for row in block.rows)
    yield f"| variant | {unit.symbol}/op | ratio | allocs | bytes | susp. | tasks |" + (
        " |" if troubled else ""
    )
    yield "|---|---:|---:|---:|---:|---:|---:|" + ("---|" if troubled else "")
    for row in block.rows:
        name = (
            f"**{escape_markdown(row.variant)}**"
            if row.is_baseline
            else escape_markdown(row.variant)
        )
        cells = (
            time_text(row.time_ns, unit),
            " ± ".join(filter(None, ratio_of(row))) + ("*" if misses_target(row, target) else ""),
            count_text(row.allocations),
            byte_text(row.bytes),
            count_text(row.suspensions),
            count_text(row.tasks),
        )
        shown = [cell.replace("<", "&lt;") for cell in cells]
        told = (escape_markdown(describe(row)),) if troubled else ()
        yield f"| {' | '.join((name, *shown, *told))} |"


def escape_markdown(text: str) -> str:
    """Return *text* with nothing in it that Markdown would take for markup."""
    return _MARKUP.sub(r"\\\g<0>", visible(text))


_WRITERS: dict[str, Callable[[Run], str]] = {"markdown": _markdown, "csv": _csv, "json": _json}
FORMATS = tuple(_WRITERS)
