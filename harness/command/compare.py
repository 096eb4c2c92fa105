"""Compare two stored runs, case by case, with intervals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.analysis.comparison import compare_runs
from harness.command.common import add_folders, add_threshold, console
from harness.report.comparison import FORMATS, format_comparison
from harness.store import find_run

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from harness.analysis.comparison import Comparison
    from harness.record import Run

__all__ = [
    "add_arguments",
    "add_comparison_arguments",
    "compare_loaded",
    "compare_stored",
    "execute",
]


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("base", metavar="BASE", help="the older run: a name, a path or latest")
    parser.add_argument("new", metavar="NEW", help="the newer run")
    add_comparison_arguments(parser)
    add_folders(parser)


def add_comparison_arguments(parser: ArgumentParser) -> None:
    """Declare how two runs are held against each other, and shown."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="table",
        help="table (default), markdown (fit for a pull request), csv or json",
    )
    add_threshold(parser)
    parser.add_argument(
        "--allow-unlike",
        action="store_true",
        help="compare also what was measured on unlike machines or interpreters",
    )


def execute(args: Namespace) -> int:
    """Run the command and return its exit code."""
    comparison = compare_stored(args, args.base, args.new)
    if args.format == "table":
        from harness.report.comparison_table import print_comparison

        print_comparison(comparison, console())
    else:
        text = format_comparison(comparison, args.format)
        console().out(text, end="", highlight=False)
    return 0


def compare_stored(args: Namespace, base: str, new: str) -> Comparison:
    """Return the comparison of two stored runs; InputError where they cannot be compared."""
    older, newer = (find_run(args.results, name).load() for name in (base, new))
    return compare_loaded(args, older, newer)


def compare_loaded(args: Namespace, base: Run, new: Run) -> Comparison:
    """Return the comparison as the command line asks for it."""
    if args.threshold is not None:
        new = replace(new, plan=replace(new.plan, threshold=args.threshold))
    return compare_runs(base, new, allow_unlike=args.allow_unlike)
