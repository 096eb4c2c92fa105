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
from harness.command.common import add_folders, say, share
from harness.command.compare import (
    add_comparison_arguments,
    compare_loaded,
    show_comparison,
    write_comparison,
)
from harness.command.pages import page_path, several_name
from harness.errors import InputError
from harness.record import RunStatus
from harness.store import find_run

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import TypeAlias

    from harness.analysis.comparison import Comparison
    from harness.record import Run
    from harness.store import RunFolder

    # How two runs compare, both, and where they are kept.
    _Found: TypeAlias = tuple[Comparison, Run, Run, list[RunFolder]]

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
    add_folders(parser, reports=True)
    add_against_arguments(parser)


def execute(args: Namespace) -> int:
    """Run the command and return its exit code."""
    if args.only not in (None, *_INSTRUMENTS):
        raise InputError(f"--only {args.only}: expected time or allocations")
    limits = Limits(
        slowdown=float("inf") if args.only == "allocations" else args.max_slowdown,
        extra_allocations=float("inf") if args.only == "time" else args.max_extra_allocations,
    )
    found = _measured(args, limits) if args.against else _stored(args)
    if found is None:
        return _INTERRUPTED
    comparison, base, new, folders = found
    _check_comparable(comparison, args)
    worse = regressions(comparison, limits)
    path = page_path(args, several_name(folders)) if args.html else None
    if path:
        write_comparison(path, comparison, base, new, worse)
        say(f"report:  {path}")
    show_comparison(args, comparison, worse, page=path)
    return 1 if worse else 0


def _stored(args: Namespace) -> _Found:
    refuse_without_against(args)
    if len(args.names) != 2:
        raise InputError(
            f"check: expected two runs, BASE and NEW, got {len(args.names)}; or measure two "
            "versions of your code with --against GIT_REF FILE.py"
        )
    folders = [find_run(args.results, name) for name in args.names]
    base, new = (folder.load() for folder in folders)
    return compare_loaded(args, base, new), base, new, folders


def _measured(args: Namespace, limits: Limits) -> _Found | None:
    """Measure both versions; return how they compare, None where that was interrupted."""
    measured = measured_against(args, args.names, limits)
    folders = [measured.base_folder, measured.head_folder]
    for folder in folders:
        say(f"results: {folder.path}/")
    if measured.head.status is RunStatus.INTERRUPTED:
        say("interrupted: what was measured is kept, and no gate looks at half of it")
        return None
    comparison = compare_loaded(args, measured.base, measured.head)
    return comparison, measured.base, measured.head, folders


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
