"""List the scenarios with their variants and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from harness import catalog
from harness.command.common import console
from harness.measure.environment import this_runtime
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
    for name in names or entries:
        _print(catalog.choose(entries, name))
    return 0


def _print(entry: Entry) -> None:
    out = console()
    scenario = entry.scenario
    out.print(f"[bold]{escape(entry.name)}[/]  {escape(scenario.title)}", highlight=False)
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_row("  variants", ", ".join(functions(scenario)))
    here = this_runtime()
    for name in functions(scenario):
        if reason := strategy(name).unavailable(here):
            table.add_row("", f"{name} is not available: {reason}")
    for name, parameter in scenario.declared.items():
        measured = scenario.sweep.get(name, (parameter.default,))
        told = f"{parameter.help}: {parameter.expected}" if parameter.help else parameter.expected
        table.add_row(f"  {escape(name)}", escape(f"{told}; measured at {_values(measured)}"))
    out.print(table)
    out.print()


def _values(values: Iterable[ParamValue]) -> str:
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
