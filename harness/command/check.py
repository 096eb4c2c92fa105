"""Compare two runs as a gate: exits with 1 on a regression, and says which.

With --against, two versions of your code are measured in the same rounds first: as the working
tree has it, and as it is at another commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.gate import DEFAULT_LIMITS, Limits, regressions
from harness.command.against import (
    add_against_arguments,
    measured_against,
    refuse_without_against,
)
from harness.command.common import add_folders, console, say, share
from harness.command.compare import add_comparison_arguments, compare_loaded, compare_stored
from harness.errors import InputError
from harness.record import RunStatus
from harness.report.comparison import format_comparison

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from harness.analysis.comparison import Comparison

__all__ = ["add_arguments", "execute"]

_INSTRUMENTS = ("time", "allocations")
_INTERRUPTED = 130


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "names",
        nargs="*",
        metavar="RUN or FILE.py",
        help="BASE and NEW: names or paths of runs, or latest; with --against scenario files",
    )
    parser.add_argument(
        "--max-slowdown",
        type=share,
        default=DEFAULT_LIMITS.slowdown,
        metavar="SHARE",
        help=f"how much slower a case may get (default: {DEFAULT_LIMITS.slowdown * 100:g}%%)",
    )
    parser.add_argument(
        "--max-extra-allocations",
        type=_number,
        default=DEFAULT_LIMITS.extra_allocations,
        metavar="N",
        help="how many allocations more an operation may make (default: 0)",
    )
    parser.add_argument(
        "--only", metavar="INSTRUMENT", help="gate time or allocations alone (default: both)"
    )
    add_comparison_arguments(parser)
    add_folders(parser)
    add_against_arguments(parser)


def execute(args: Namespace) -> int:
    """Run the command and return its exit code."""
    if args.only not in (None, *_INSTRUMENTS):
        raise InputError(f"--only {args.only}: expected time or allocations")
    comparison = _measured(args) if args.against else _stored(args)
    if comparison is None:
        return _INTERRUPTED
    _check_comparable(comparison, args)
    limits = Limits(
        slowdown=float("inf") if args.only == "allocations" else args.max_slowdown,
        extra_allocations=float("inf") if args.only == "time" else args.max_extra_allocations,
    )
    found = regressions(comparison, limits)
    if args.format == "table":
        from harness.report.comparison_table import print_comparison, print_regressions

        print_comparison(comparison, console())
        print_regressions(found, console())
    else:
        text = format_comparison(comparison, args.format, found)
        console().out(text, end="", highlight=False)
    return 1 if found else 0


def _stored(args: Namespace) -> Comparison:
    refuse_without_against(args)
    if len(args.names) != 2:
        raise InputError(
            f"check: expected two runs, BASE and NEW, got {len(args.names)}; or measure two "
            "versions of your code with --against GIT_REF FILE.py"
        )
    base, new = args.names
    return compare_stored(args, base, new)


def _measured(args: Namespace) -> Comparison | None:
    """Measure both versions; return how they compare, None where that was interrupted."""
    measured = measured_against(args, args.names)
    for folder in (measured.base_folder, measured.head_folder):
        say(f"results: {folder.path}/")
    if measured.head.status is RunStatus.INTERRUPTED:
        say("interrupted: what was measured is kept, and no gate looks at half of it")
        return None
    return compare_loaded(args, measured.base, measured.head)


def _check_comparable(comparison: Comparison, args: Namespace) -> None:
    """InputError for a gate that would let everything pass, because it cannot look."""
    common = comparison.common
    if args.only != "allocations" and comparison.unlike:
        raise InputError(
            f"times cannot be gated: {comparison.unlike}; gate allocations alone with "
            "--only allocations, or say --allow-unlike"
        )
    timed = any(change.effect for change in common)
    counted = any(change.allocations is not None for change in common)
    if args.only == "time" and not timed:
        raise InputError("--only time: no case has a time in both runs; measure with time")
    if args.only == "allocations" and not counted:
        raise InputError("--only allocations: no case has a count in both runs; measure with them")
    if not timed and not counted:
        raise InputError("nothing to gate: no case has a time, or a count, in both runs")


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise InputError(f"--max-extra-allocations {text}: expected a number of at least 0")
    return value
