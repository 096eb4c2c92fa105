"""The table on the terminal: a block per group, readable at 80 columns, plain without colour."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from rich.text import Text

from harness.analysis.findings import run_findings
from harness.analysis.recommend import Advice, recommendations
from harness.plan import format_params
from harness.record import Severity
from harness.report.figures import visible
from harness.report.table import Block, blocks, columns, common_reason, describe, misses_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console

    from harness.analysis.rows import CaseRow
    from harness.record import Finding, Run
    from harness.report.table import Column

__all__ = ["heading", "print_line", "print_table", "wrapped"]

_MANY_GROUPS = 15
_NARROWEST = 40
# What goes first when the terminal is too narrow: the figures that only explain the others.
_DISPENSABLE = ("tasks", "suspensions", "bytes")
_SEVERITY_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.HINT: "cyan"}
# Of the same length, so that columns stay where they are.
_ASCII = ((" ± ", "+/-"), ("µ", "u"))


def print_table(run: Run, console: Console) -> None:
    """Print every group of *run*, a legend and the findings; the console decides on colour."""
    width = max(console.width, _NARROWEST)
    for line in _table_lines(run, width):
        print_line(console, line)


def print_line(console: Console, line: Text) -> None:
    """Print one line as it is, in ASCII where the console can no more."""
    if console.options.ascii_only:
        line = _in_ascii(line)
    console.print(line, soft_wrap=True, highlight=False)


def _in_ascii(line: Text) -> Text:
    plain = line.plain
    for character, spelling in _ASCII:
        plain = plain.replace(character, spelling)
    spelled = plain.encode("ascii", "backslashreplace").decode()
    return Text(spelled, line.style, spans=line.spans if len(spelled) == len(plain) else None)


def _table_lines(run: Run, width: int) -> Iterator[Text]:
    target = run.plan.preset.target
    found = blocks(run)
    if len(found) < _MANY_GROUPS:
        for block in found:
            yield _group_header(block, width)
            yield from _figures([block], target, width)
            yield Text()
    else:
        for _, several in groupby(found, key=lambda b: (b.group.scenario, b.group.runtime)):
            together = list(several)
            yield _scenario_header(together[0], width)
            yield from _figures(together, target, width)
            yield Text()
    yield from _legend(run, found, width)
    yield from _advice(run, width)
    yield from _findings(run_findings(run), width)


def _group_header(block: Block, width: int) -> Text:
    group = block.group
    return heading((group.scenario, format_params(group.params)), str(group.runtime), width)


def _scenario_header(block: Block, width: int) -> Text:
    return heading((block.group.scenario,), str(block.group.runtime), width)


def heading(parts: tuple[str, ...], runtime: str, width: int) -> Text:
    """Return a heading of several parts, broken where the console is too narrow."""
    name, *rest = map(visible, (*parts, runtime))
    text = Text(name, style="bold")
    used = len(name)
    for part, gap in zip(rest, ("  ", "   ")[-len(rest) :], strict=True):
        if used + len(gap) + len(part) > width:
            text.append("\n    ")
            used = 4
        else:
            text.append(gap)
            used += len(gap)
        text.append(part, style="not bold")
        used += len(part)
    return text


def _figures(several: Sequence[Block], target: float, width: int) -> Iterator[Text]:
    """Yield the header of the columns, then the rows; several blocks share the columns."""
    rows = [row for block in several for row in block.rows]
    grid = _Grid.of(rows, target, width)
    if grid.columns:
        yield grid.header()
    at = 0
    for block in several:
        reason = common_reason(block.rows)
        if len(several) > 1:
            yield Text(f"  {visible(format_params(block.group.params))}", style="italic")
        if reason is not None:
            yield from wrapped(reason, width, indent=4, style="yellow")
        for index, row in enumerate(block.rows, start=at):
            if reason is None or row.status == "unavailable":
                yield from grid.lines(index, row)
        at += len(block.rows)


@dataclass(frozen=True)
class _Grid:
    """The columns that fit beside the names. A name that is too long has a line of its own."""

    names: Sequence[str]
    columns: Sequence[Column]
    name_width: int
    width: int

    @classmethod
    def of(cls, rows: Sequence[CaseRow], target: float, width: int) -> _Grid:
        names = [_name(row) for row in rows]
        shown = list(columns(rows, target))
        for dispensable in _DISPENSABLE:
            if 4 + _width(shown) <= width:
                break
            shown = [column for column in shown if column.name != dispensable]
        longest = max(map(len, names), default=0)
        return cls(names, shown, max(0, min(longest, width - 2 - _width(shown))), width)

    def header(self) -> Text:
        """Return the line of column headers."""
        name = "variant" if self.name_width >= len("variant") else ""
        line = f"  {name.ljust(self.name_width)}"
        for column in self.columns:
            centred = column.name == "ratio"
            header = column.header
            line += "  " + (header.center if centred else header.rjust)(column.width)
        return Text(line.rstrip(), style="dim")

    def lines(self, index: int, row: CaseRow) -> Iterator[Text]:
        """Yield the row with this index, and beneath it what is wrong with it."""
        cells = [column.cells[index] for column in self.columns]
        name, told = self.names[index], visible(describe(row))
        style = "bold" if row.is_baseline else ""
        line = Text("  ")
        if len(name) > self.name_width:
            yield Text(f"  {name}", style=style)
            name = ""
        line.append(name.ljust(self.name_width), style=style)
        if not any(cell.strip(" -") for cell in cells):
            if len(line) + 2 + len(told) <= self.width:
                line.append(f"  {told}", style="yellow")
                told = ""
        else:
            for column, cell in zip(self.columns, cells, strict=True):
                line.append("  ").append(cell.rjust(column.width), _cell_style(row, column.name))
        line.rstrip()
        if line.plain:
            yield line
        yield from wrapped(told, self.width, indent=4, style="yellow")


def _width(shown: Sequence[Column]) -> int:
    return sum(2 + column.width for column in shown)


def _name(row: CaseRow) -> str:
    return visible(row.variant) + (" (base)" if row.is_baseline else "")


def _cell_style(row: CaseRow, column: str) -> str:
    """Colour a ratio only where the difference may be claimed."""
    if column != "ratio" or not row.is_real or row.ratio is None:
        return ""
    return "green" if row.ratio < 1 else "red"


def _legend(run: Run, found: Sequence[Block], width: int) -> Iterator[Text]:
    rows = [row for block in found for row in block.rows]
    told = []
    if any(row.ratio is not None for row in rows):
        base = visible(run.plan.baseline)
        told.append(f"ratio: time / time of {base} (base), ± half of its 95 % interval")
    if any(misses_target(row, run.plan.preset.target) for row in rows):
        told.append(f"* interval wider than the target of ± {run.plan.preset.target * 100:g} %")
    if any(row.allocations is not None or row.suspensions is not None for row in rows):
        told.append("allocs, bytes, susp. (suspensions of the awaiter), tasks: per operation")
    for line in told:
        yield from wrapped(line, width, style="dim")


def _advice(run: Run, width: int) -> Iterator[Text]:
    """Yield what to use where, of the settings that were measured at several shares."""
    found = [each for each in recommendations(run) if len(each.model.shares) > 1]
    told = [each for each in found if each.advice is not Advice.NONE]
    if told:
        yield Text()
        yield Text("what to use where", style="bold")
    for each in told:
        model = each.model
        same = sum(model.scenario == other.model.scenario for other in found)
        name = model.scenario
        if same > 1:
            params = format_params(model.setting)
            name = ", ".join(filter(None, (name, params, str(model.runtime))))
        lines = list(wrapped(f"{name}: {each.text}", width, hang=2))
        lines[0].stylize("bold", 0, min(len(visible(name)), len(lines[0])))
        yield from lines
    if told:
        yield Text()


def _findings(findings: Iterable[Finding], width: int) -> Iterator[Text]:
    for finding in findings:
        lines = list(wrapped(f"{finding.severity}: {finding.message}", width, hang=2))
        lines[0].stylize(_SEVERITY_STYLE[finding.severity], 0, len(finding.severity) + 1)
        yield from lines
        if finding.advice:
            yield from wrapped(finding.advice, width, indent=2, style="dim")


def wrapped(
    text: str, width: int, *, indent: int = 0, hang: int = 0, style: str = ""
) -> Iterator[Text]:
    """Yield *text* in lines of *width* at most, nothing in it unprintable."""
    for line in textwrap.wrap(
        visible(text),
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hang),
    ):
        yield Text(line, style=style)
