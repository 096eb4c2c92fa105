"""List the scenarios with their variants and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from harness import catalog
from harness.command.common import console
from harness.measure.environment import this_runtime
from harness.plan import Selection, settings
from harness.strategy import functions, strategy

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable

    from harness.catalog import Entry
    from harness.scenario import ParamValue

__all__ = ["add_arguments", "execute"]


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "scenarios",
        nargs="*",
        metavar="SCENARIO",
        help="only these: names, or paths of scenario files",
    )


def execute(args: Namespace) -> int:
    """Run the command and return its exit code."""
    entries, names = catalog.find(tuple(args.scenarios))
    if names:
        for name in names:
            _print(catalog.choose(entries, name), entries.distribution(name))
        return 0
    usable, problems = entries.usable()
    for name in usable:
        _print(entries[name], entries.distribution(name))
    for problem in problems:
        console().print(f"[red]not usable[/]  {escape(problem)}", highlight=False, soft_wrap=True)
    return 0


def _print(entry: Entry, distribution: str) -> None:
    """Print one scenario, and who registers it unless it is a shipped one or a file."""
    out = console()
    scenario = entry.scenario
    origin = f"  [dim](of {escape(distribution)})[/]" if distribution else ""
    title = f"[bold]{escape(entry.name)}[/]  {escape(scenario.title)}{origin}"
    out.print(title, highlight=False, soft_wrap=True)
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_row("  variants", ", ".join(functions(scenario)))
    here = this_runtime()
    for name in functions(scenario):
        if reason := strategy(name).unavailable(here):
            table.add_row("", f"{name} is not available: {reason}")
    if scenario.sync_ratio is not None:
        shares = _values(values["sync_ratio"] for values in settings(scenario, Selection()))
        told = f"follows from {', '.join(scenario.parameters) or 'nothing'}: {shares}"
        table.add_row("  sync_ratio", escape(told))
    for name, parameter in scenario.declared.items():
        measured = scenario.sweep.get(name, (parameter.default,))
        told = f"{parameter.help}: {parameter.expected}" if parameter.help else parameter.expected
        table.add_row(f"  {escape(name)}", escape(f"{told}; measured at {_values(measured)}"))
    out.print(table)
    out.print()


def _values(values: Iterable[ParamValue]) -> str:
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
