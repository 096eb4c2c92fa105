"""Lines on the terminal: where a variant allocates, what causes it, and where two differ."""

from __future__ import annotations

import textwrap
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from harness.analysis.lines import Cause, allocating_lines, causing_lines, differences
from harness.report.figures import align, byte_text, count_text, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from harness.analysis.lines import Difference, Line
    from harness.record import Attribution, Frame

__all__ = ["caption", "print_differences", "print_lines"]

_MOST_LINES = 15
_MOST_CAUSES = 10
_MOST_DIFFERENCES = 10
_MANY = 0.01
_WIDEST = 120  # beyond it a line's text is too far from its figures
_EXACT = "For exact counts per operation use awaitbench run."
_OUTSIDE = "(none: the driver, the event loop, other threads)"


def print_lines(seen: Attribution, title: Sequence[str], console: Console) -> None:
    """Print the allocating lines, then what lines of the scenario's own file cause them.

    *title* is the scenario, its parameters, the variant and the runtime.
    """
    scenario, *rest = map(visible, title)
    _print(console, Text.assemble((scenario, "bold"), "  ", "  ".join(rest)))
    lines = allocating_lines(seen)
    if lines:
        _print_table(console, _line_table(lines))
        if any(line.caused_by for line in lines):
            own = visible(seen.scenario_file)
            _print_dim(console, f"from: the line of {own} that it was reached from, + others")
        _print(console, Text())
        _print(console, Text(f"caused by the lines of {visible(seen.scenario_file)}", "bold"))
        _print_table(console, _cause_table(causing_lines(seen)))
    else:
        _print(console, Text(f"no allocation in {seen.operations:,} operations"))
    _print(console, Text())
    _print_dim(console, caption(seen))


def caption(seen: Attribution, exact: str = _EXACT) -> str:
    """Return the sentences that say what the attributed counts are, and are not.

    *exact* says where exact ones are.
    """
    told = f"Attributed, with memray's stack hook on: shares of {seen.allocations:,} allocations"
    told += f" in {seen.operations:,} operations"
    if seen.hook is None:
        told += ", among them the hook's own, which could not be told apart."
    else:
        told += f"; {seen.hook:,} that the hook made itself are left out."
    if seen.unplaced > _MANY * seen.allocations:
        told += f" {seen.unplaced:,} more, seen without the hook, have no line."
    return f"{told} {exact}"


def print_differences(
    first: Attribution, second: Attribution, names: tuple[str, str], console: Console
) -> None:
    """Print at which lines each of the variants *names* allocates more than the other."""
    more, less = differences(first, second)
    one, other = map(visible, names)
    for heading, lines, sign in (
        (f"{one} allocates here, {other} does not or less", more, 1),
        (f"{other} allocates here, {one} does not or less", less, -1),
    ):
        _print(console, Text(heading, "bold"))
        if lines:
            _print_table(console, _difference_table(lines, sign, (one, other)))
        else:
            _print(console, Text("  nowhere"))
        _print(console, Text())
    _print_dim(
        console,
        "Allocations per operation, attributed: they show where the two differ. By how much "
        "exactly, awaitbench run counts.",
    )


def _line_table(lines: Sequence[Line]) -> Table:
    table = _table("share", "allocs", "bytes", "line", "from")
    for line in lines[:_MOST_LINES]:
        table.add_row(*_figures(line), _where(line.frame), _from(line))
    _add_rest(table, lines[_MOST_LINES:])
    return table


def _cause_table(causes: Sequence[Cause]) -> Table:
    table = _table("share", "allocs", "bytes", "at", "text")
    own = [cause for cause in causes if cause.frame is not None]
    for cause in own[:_MOST_CAUSES]:
        assert cause.frame is not None
        table.add_row(*_figures(cause), str(cause.frame.line), _text(cause.text))
    _add_rest(table, own[_MOST_CAUSES:])
    for cause in causes[len(own) :]:
        table.add_row(*_figures(cause), "", _text(_OUTSIDE))
    return table


def _difference_table(lines: Sequence[Difference], sign: int, names: tuple[str, str]) -> Table:
    table = _table("more", *names, "more bytes", "line")
    shown, rest = lines[:_MOST_DIFFERENCES], lines[_MOST_DIFFERENCES:]
    more = [sign * line.more for line in shown]
    more_bytes = [sign * line.more_bytes for line in shown]
    if rest:
        more.append(sum(sign * line.more for line in rest))
        more_bytes.append(sum(sign * line.more_bytes for line in rest))
    columns = (
        align([count_text(count) for count in more]),
        align([count_text(line.first) for line in shown]),
        align([count_text(line.second) for line in shown]),
        [f"-{byte_text(-size)}" if size < 0 else byte_text(size) for size in more_bytes],
        [*(_where(line.frame) for line in shown), *([_others(len(rest))] if rest else [])],
    )
    for row in zip_longest(*columns, fillvalue=""):
        table.add_row(*row)
    return table


def _table(*headers: str) -> Table:
    """Return a table of figures, and of texts that give way where it is too wide."""
    table = Table(box=None, padding=(0, 0, 0, 2), header_style="dim")
    for header in headers:
        is_text = header in ("line", "text")
        table.add_column(header, justify="left" if is_text else "right", no_wrap=not is_text)
    return table


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style, no_wrap=True, overflow="crop")


def _figures(shown: Line | Cause) -> tuple[str, str, str]:
    return f"{shown.share:.1%}", f"{shown.allocations:,}", byte_text(shown.bytes)


def _add_rest(table: Table, rest: Sequence[Line] | Sequence[Cause]) -> None:
    if rest:
        table.add_row(
            f"{sum(line.share for line in rest):.1%}",
            f"{sum(line.allocations for line in rest):,}",
            byte_text(sum(line.bytes for line in rest)),
            *([""] if isinstance(rest[0], Cause) else []),
            _others(len(rest)),
        )


def _others(count: int) -> Text:
    return _text("1 other line" if count == 1 else f"{count} other lines", "dim")


def _where(frame: Frame) -> Text:
    return _text(f"{frame.file}:{frame.line} {frame.function}" if frame.line else frame.file)


def _from(line: Line) -> str:
    if not line.caused_by:
        return ""
    return f"{line.caused_by[0]}{'+' if len(line.caused_by) > 1 else ''}"


def _print_table(console: Console, table: Table) -> None:
    console.print(table, width=min(console.width, _WIDEST), crop=False)


def _print_dim(console: Console, text: str) -> None:
    for line in textwrap.wrap(text, min(console.width, _WIDEST)):
        _print(console, Text(line, "dim"))


def _print(console: Console, line: Text) -> None:
    console.print(line, soft_wrap=True, highlight=False)
