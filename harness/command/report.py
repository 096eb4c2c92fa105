"""Make the HTML report of a stored run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.command.common import add_flamegraphs, add_folders, console, write_report_of
from harness.errors import InputError
from harness.printable import printable
from harness.store import find_run

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["add_arguments", "execute"]


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("run", metavar="RUN", help="a run's name or path; latest is the newest")
    add_folders(parser, reports=True)
    add_flamegraphs(parser, ", of a run that was measured with --profile")


def execute(args: Namespace) -> int:
    """Run the command and return its exit code."""
    folder = find_run(args.results, args.run)
    run = folder.load()
    if args.flamegraphs and not any(record.profiles for record in run.groups):
        raise InputError(
            f"{args.run} has no flamegraphs: measure again with awaitbench run --profile, or see "
            "one case with awaitbench profile SCENARIO VARIANT"
        )
    path = write_report_of(run, args.reports, folder, flamegraphs=args.flamegraphs)
    console().out(printable(str(path)), highlight=False)
    return 0
