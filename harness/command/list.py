"""List the scenarios with their variants and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from harness import catalog
from harness.command.common import console
from harness.strategy import functions

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from harness.catalog import Entry

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
    out.print(f"[bold]{escape(entry.name)}[/]  {escape(scenario.title)}", soft_wrap=True)
    out.print(f"  variants    {', '.join(functions(scenario))}", highlight=False)
    for name, parameter in scenario.declared.items():
        swept = scenario.sweep.get(name, (parameter.default,))
        values = ", ".join(
            f"{value:g}" if isinstance(value, float) else str(value) for value in swept
        )
        out.print(
            f"  {name:11} {escape(parameter.help)} ({parameter.expected}); measured at {values}",
            highlight=False,
        )
    out.print()
