"""A comparison of two runs as text for other tools: Markdown, CSV and JSON. Pure.

The JSON document (``schema`` 1) has these keys::

    schema       1
    base, new    names of the runs
    baseline     the variant by which the times of two runs are bridged
    threshold    a smaller difference in time, as a share, is not claimed
    unlike       why times are not compared; empty where they are
    differences  of the environments: {label, base, new}
    changes      one object per case: the columns of the CSV; what was not measured is null
    regressions  of a gate: {scenario, params, variant, python, loop, told}; of compare, null
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from harness.analysis.change_story import cases, verdict
from harness.analysis.comparison import Means, Presence
from harness.analysis.summary import csv_cell
from harness.report.figures import byte_text, count_text, ratio_parts, time_text
from harness.report.text import escape_markdown, finite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.comparison import Change, Comparison
    from harness.analysis.estimate import Estimate
    from harness.analysis.gate import Regression

__all__ = [
    "FORMATS",
    "format_comparison",
    "half_of",
    "signed_bytes",
    "signed_count",
    "summary",
]

FORMATS = ("table", "markdown", "summary", "csv", "json")
_SCHEMA = 1
_COLUMNS = (
    "scenario",
    "params",
    "variant",
    "python",
    "loop",
    "presence",
    "means",
    "base_time_ns",
    "new_time_ns",
    "ratio",
    "ratio_low",
    "ratio_high",
    "is_real",
    "base_allocations",
    "new_allocations",
    "more_allocations",
    "base_bytes",
    "new_bytes",
    "more_bytes",
)


def format_comparison(
    comparison: Comparison,
    format: str,  # noqa: A002  # the option's name
    regressions: Sequence[Regression] | None = None,
) -> str:
    """Return *comparison* as ``markdown``, ``csv`` or ``json``, with what a gate found of it."""
    if format == "csv":
        return _csv(comparison)
    if format == "json":
        return _json(comparison, regressions)
    return "\n".join(_markdown_lines(comparison, regressions)) + "\n"


def summary(comparison: Comparison) -> str:
    """Return in one sentence what changed."""
    common = comparison.common
    told = [f"{cases(len(common))} in both runs"]
    if any(change.effect for change in common):
        verdicts = [verdict(change) for change in common]
        slower, faster = verdicts.count("slower"), verdicts.count("faster")
        told.append(f"{slower or 'none'} slower, {faster or 'none'} faster")
    if any(change.allocations is not None for change in common):
        counts = [change.allocations or 0 for change in common if change.counts_differ]
        more, fewer = sum(count > 0 for count in counts), sum(count < 0 for count in counts)
        told.append(f"{more or 'none'} with more allocations, {fewer or 'none'} with fewer")
    presences = [change.presence for change in comparison.changes]
    told += [
        f"{presences.count(each)} {each}"
        for each in (Presence.ADDED, Presence.REMOVED, Presence.FAILED)
        if each in presences
    ]
    return "; ".join(told)


def signed_count(more: float | None, *, differs: bool) -> str:
    """Write how many allocations more, or fewer: ``+1``, ``-0.5``, ``0``."""
    if more is None:
        return ""
    return f"{'+' if more > 0 else '-'}{count_text(abs(more))}" if differs else "0"


def signed_bytes(more: float | None) -> str:
    """Write how many bytes more, or fewer."""
    if more is None:
        return ""
    text = byte_text(abs(more))
    return text if text == "0" else f"{'+' if more > 0 else '-'}{text}"


def _record(change: Change) -> dict[str, Any]:
    row, base, new, ratio = change.row, change.base, change.new, change.ratio
    return {
        "scenario": row.scenario,
        "params": row.params,
        "variant": row.variant,
        "python": row.python,
        "loop": row.loop,
        "presence": str(change.presence),
        "means": change.means and str(change.means),
        "base_time_ns": base and base.time_ns,
        "new_time_ns": new and new.time_ns,
        "ratio": ratio and ratio.value,
        "ratio_low": ratio and ratio.low,
        "ratio_high": ratio and ratio.high,
        "is_real": change.is_real if ratio else None,
        "base_allocations": base and base.allocations,
        "new_allocations": new and new.allocations,
        "more_allocations": change.allocations,
        "base_bytes": base and base.bytes,
        "new_bytes": new and new.bytes,
        "more_bytes": change.bytes,
    }


def _csv(comparison: Comparison) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for change in comparison.changes:
        record = _record(change)
        writer.writerow([csv_cell(record[column]) for column in _COLUMNS])
    return text.getvalue()


def _json(comparison: Comparison, regressions: Sequence[Regression] | None) -> str:
    document = {
        "schema": _SCHEMA,
        "base": comparison.base,
        "new": comparison.new,
        "baseline": comparison.baseline,
        "threshold": comparison.threshold,
        "unlike": comparison.unlike,
        "differences": [
            {"label": label, "base": base, "new": new}
            for label, base, new in comparison.differences
        ],
        "changes": [_record(change) for change in comparison.changes],
        "regressions": None
        if regressions is None
        else [
            {name: getattr(found.change.row, name) for name in _COLUMNS[:5]} | {"told": found.told}
            for found in regressions
        ],
    }
    return json.dumps(finite(document), indent=2, allow_nan=False) + "\n"


def _markdown_lines(
    comparison: Comparison, regressions: Sequence[Regression] | None
) -> Iterator[str]:
    """Yield what a reviewer wants to know first; everything else is folded away."""
    yield f"## awaitbench: {escape_markdown(comparison.new)} against {_base(comparison)}"
    yield ""
    if regressions is not None:
        yield f"**{len(regressions) or 'No'} regression{'' if len(regressions) == 1 else 's'}.**"
        yield ""
        for found in regressions:
            yield f"- {_case(found.change)}: {escape_markdown(found.told)}"
        if regressions:
            yield ""
    yield f"{escape_markdown(summary(comparison))}."
    if comparison.unlike:
        yield ""
        yield f"Times are not compared: {escape_markdown(comparison.unlike)}."
    changed = [change for change in comparison.changes if _is_worth_a_look(change)]
    if changed:
        yield ""
        yield from _markdown_table(changed)
    rest = [change for change in comparison.changes if change not in changed]
    if rest:
        yield ""
        yield f"<details><summary>{cases(len(rest))} without a change</summary>"
        yield ""
        yield from _markdown_table(rest)
        yield ""
        yield "</details>"
    if comparison.differences:
        yield ""
        yield "<details><summary>What differs between the environments</summary>"
        yield ""
        for label, base, new in comparison.differences:
            told = f"{label}: {base or '-'} / {new or '-'}"
            yield f"- {escape_markdown(told)}"
        yield ""
        yield "</details>"


def _base(comparison: Comparison) -> str:
    return escape_markdown(comparison.base)


def _is_worth_a_look(change: Change) -> bool:
    return change.is_real or change.counts_differ or change.presence is not Presence.BOTH


def _case(change: Change) -> str:
    row = change.row
    return escape_markdown(f"{row.scenario} {row.params} {row.variant}")


def _markdown_table(changes: Sequence[Change]) -> Iterator[str]:
    yield "| case | time | new / base | | allocations | | bytes |"
    yield "|---|---:|---:|---|---:|---:|---:|"
    for change in changes:
        seen, ratio = _record(change), change.ratio
        cells = (
            _from_to(time_text(seen["base_time_ns"]), time_text(seen["new_time_ns"])),
            " ± ".join(filter(None, ratio_parts(ratio.value, half_of(ratio)))) if ratio else "",
            verdict(change) + (", direct" if change.means is Means.DIRECT else ""),
            _from_to(count_text(seen["base_allocations"]), count_text(seen["new_allocations"])),
            signed_count(change.allocations, differs=change.counts_differ),
            signed_bytes(change.bytes),
        )
        shown = [cell.replace("<", "&lt;") for cell in cells]
        yield f"| {' | '.join((_case(change), *shown))} |"


def half_of(ratio: Estimate) -> float | None:
    """Return half of the interval, in units of the ratio."""
    return None if ratio.low is None or ratio.high is None else (ratio.high - ratio.low) / 2


def _from_to(base: str, new: str) -> str:
    return base if base == new else f"{base} → {new}"
