"""Show the table of a stored run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.command.common import add_folders, console
from harness.store import find_run

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["add_arguments", "execute"]


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("run", metavar="RUN", help="a run's name or path; latest is the newest")
    parser.add_argument(
        "--format",
        choices=("table", "markdown", "summary", "csv", "json"),
        default="table",
        help="table (default), markdown, summary (25 lines of Markdown at most), csv or json",
    )
    add_folders(parser)


def execute(args: Namespace) -> int:
    """Run the command and return its exit code."""
    run = find_run(args.results, args.run).load()
    if args.format == "table":
        from harness.report.terminal import print_table

        print_table(run, console())
    elif args.format == "summary":
        from harness.report.summary import run_summary

        console().out(run_summary(run), end="", highlight=False)
    else:
        from harness.report.text import format_run

        console().out(format_run(run, args.format), end="", highlight=False)
    return 0
