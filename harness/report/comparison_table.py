"""A comparison of two runs on the terminal: a block per group, readable at 80 columns."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.text import Text

from harness.analysis.change_story import verdict
from harness.analysis.comparison import Means, Presence
from harness.report.comparison import half_of, signed_bytes, signed_count, summary
from harness.report.figures import (
    ABSENT,
    align,
    count_text,
    ratio_parts,
    time_text,
    time_unit,
    visible,
)
from harness.report.terminal import heading, print_line, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console

    from harness.analysis.comparison import Change, Comparison
    from harness.analysis.gate import Regression
    from harness.analysis.rows import CaseRow

__all__ = ["print_comparison", "print_regressions"]

_NARROWEST = 40
_STYLE = {"slower": "red", "faster": "green", "failed": "bold red"}
_SHORT = {"no difference shown": "same"}
# What goes first when the terminal is too narrow.
_DISPENSABLE = ("base", "bytes", "new,")


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print every case of both runs, what the words mean, and what differs around them."""
    width = max(console.width, _NARROWEST)
    for line in _lines(comparison, width):
        print_line(console, line)


def print_regressions(regressions: Sequence[Regression], console: Console) -> None:
    """Print what a gate does not let pass, a line each."""
    width = max(console.width, _NARROWEST)
    for found in regressions:
        row = found.change.row
        told = f"regression: {row.scenario} {row.params} {row.variant}: {found.told}"
        for line in wrapped(told, width, hang=2, style="bold red"):
            print_line(console, line)
    if not regressions:
        print_line(console, Text("no regression", style="green"))


def _lines(comparison: Comparison, width: int) -> Iterator[Text]:
    for (scenario, params, runtime), several in groupby(
        comparison.changes,
        key=lambda change: (change.row.scenario, change.row.params, change.row.runtime),
    ):
        yield heading((scenario, params), runtime, width)
        yield from _block(list(several), width)
        yield Text()
    yield from _legend(comparison, width)


def _block(changes: Sequence[Change], width: int) -> Iterator[Text]:
    columns = _columns(changes)
    names = [visible(change.row.variant) for change in changes]
    verdicts = [_verdict(change) for change in changes]
    first = max(len("variant"), *map(len, names))
    last = max(map(len, verdicts))

    def used() -> int:
        widths = [max(len(name), *map(len, cells)) for name, cells in columns.items()]
        return 2 + first + sum(2 + each for each in widths) + 2 + last

    for name in [name for start in _DISPENSABLE for name in columns if name.startswith(start)]:
        if used() > width:
            del columns[name]
    header = f"  {'variant'.ljust(first)}"
    for name, cells in columns.items():
        header += "  " + name.rjust(max(map(len, (name, *cells))))
    yield Text(header.rstrip(), style="dim")
    for index, (name, told) in enumerate(zip(names, verdicts, strict=True)):
        line = Text(f"  {name.ljust(first)}")
        for column, cells in columns.items():
            line.append("  " + cells[index].rjust(max(map(len, (column, *cells)))))
        style = _STYLE.get(verdict(changes[index]), "")
        line.append("  ").append(told, style)
        line.rstrip()
        yield line
        reason = changes[index].row.reason
        if changes[index].presence is Presence.FAILED and reason:
            yield from wrapped(reason, width, indent=4, style="yellow")


def _columns(changes: Sequence[Change]) -> dict[str, list[str]]:
    """Return header -> cells, of those columns that have anything to show."""
    rows = [row for change in changes for row in (change.base, change.new) if row]
    unit = time_unit(row.time_ns for row in rows)

    def times(rows: Iterable[CaseRow | None]) -> list[str]:
        return align([time_text(row.time_ns, unit) if row else ABSENT for row in rows])

    columns = {
        f"base, {unit.symbol}": times(change.base for change in changes),
        f"new, {unit.symbol}": times(change.new for change in changes),
        "new/base": _ratios(changes),
        "allocs": align([count_text(change.row.allocations) for change in changes]),
        "more": [
            signed_count(change.allocations, differs=True) if change.counts_differ else ""
            for change in changes
        ],
        "bytes": [signed_bytes(change.bytes) for change in changes],
    }
    return {name: cells for name, cells in columns.items() if any(c.strip(" -0") for c in cells)}


def _ratios(changes: Sequence[Change]) -> list[str]:
    parts = [
        ratio_parts(ratio.value, half_of(ratio)) if (ratio := change.ratio) else (ABSENT, "")
        for change in changes
    ]
    values, halves = align([value for value, _ in parts]), align([half for _, half in parts])
    return [
        f"{value} ± {half}" if half.strip() else value
        for value, half in zip(values, halves, strict=True)
    ]


def _verdict(change: Change) -> str:
    told = verdict(change)
    told = _SHORT.get(told, told)
    return f"{told} (direct)" if change.means is Means.DIRECT else told


def _legend(comparison: Comparison, width: int) -> Iterator[Text]:
    means = {change.means for change in comparison.changes}
    base, new = visible(comparison.base), visible(comparison.new)
    told = [f"{new} against {base}: {summary(comparison)}"]
    if any(change.effect for change in comparison.changes):
        told.append(
            "new/base: time of the one / time of the other, ± half of its 95 % interval; same: no "
            f"difference that is sure and larger than {comparison.threshold * 100:g} %"
        )
    if Means.PAIRED in means:
        told.append("both were measured interleaved, and are compared sweep by sweep")
    if Means.BRIDGED in means:
        told.append(
            f"times are bridged by {visible(comparison.baseline)}, measured in both runs: what "
            "slowed everything down between them cancels"
        )
    if Means.DIRECT in means:
        told.append("direct: what the machine did between the two runs is in it; no gate looks")
    if any(change.allocations is not None for change in comparison.changes):
        told.append("allocs: per operation, of the newer one; more, and bytes: than the other one")
    for index, line in enumerate(told):
        yield from wrapped(line, width, style="" if index == 0 else "dim")
    if comparison.unlike:
        line = f"times are not compared: {comparison.unlike}; --allow-unlike does"
        yield from wrapped(line, width, style="yellow")
    for label, before, after in comparison.differences:
        yield from wrapped(f"{label}: {before or '-'} / {after or '-'}", width, hang=2, style="dim")
