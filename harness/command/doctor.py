"""Say what on this machine spoils measurements, and what can measure on it.

What spoils them comes with what to do about it; what can measure are the interpreters that are
found, and the environments that are kept for them.

With --aa, prove that it can tell equal from different: equal variants under different names are
measured, and one that is slower by a known amount.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from harness.command import proof
from harness.command.common import console
from harness.command.interpreters import environment_of, print_interpreters, probed
from harness.measure.environment import allocation_findings, describe, value_task_findings
from harness.measure.machine import machine_findings

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["add_arguments", "execute"]

_STYLE = {"error": "bold red", "warning": "yellow", "hint": "cyan"}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "--python",
        metavar="EXE",
        help="the interpreter that is to measure: a path, a command, or a version as 3.13 "
        "(default: this one)",
    )
    parser.add_argument(
        "--aa",
        action="store_true",
        help="measure equal variants: are they told from different ones?",
    )
    proof.add_arguments(parser)


def execute(args: Namespace) -> int:
    """Run the command and return its exit code."""
    if args.aa:
        return proof.execute(args)
    out = console()
    environment = environment_of(args.python)
    _, said = probed(environment)
    machine = Table.grid(padding=(0, 2))
    machine.add_column(style="dim")
    for label, text in describe(said, "asyncio").items():
        machine.add_row(label, escape(text))
    out.print(machine)
    out.print()
    print_interpreters(out)
    out.print()
    spoils = machine_findings(said)
    if not spoils:
        out.print("Nothing was found that spoils measurements.")
    told = Table.grid(padding=(0, 2))
    for finding in (*spoils, *value_task_findings(said), *allocation_findings(None, [said])):
        style = _STYLE[finding.severity]
        told.add_row(f"[{style}]{finding.severity}[/]", escape(finding.message))
        if finding.advice:
            told.add_row("", f"[dim]{escape(finding.advice)}[/]")
    if told.rows:
        out.print(told)
    return 0
