"""Follow runs of the same plan through time: trends with intervals, and what really changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.series import Against, another_plan, trace
from harness.command.common import add_folders, add_threshold, error_console, say
from harness.command.compare import add_format, show_series, with_threshold, write_series
from harness.command.pages import add_html, page_path, tells_more_than
from harness.errors import InputError, StoreError
from harness.store import RunFolder, find_run, latest_name, stored_plans

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from harness.record import Run

__all__ = ["add_arguments", "execute"]

_NAMED = 3  # runs that cannot be read, before the rest is counted


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "runs",
        nargs="*",
        metavar="RUN",
        help="runs of one plan, the oldest first (default: all of the same plan as latest)",
    )
    add_format(parser)
    add_html(parser, "history.html in the folder of reports")
    add_threshold(parser)
    parser.add_argument(
        "--allow-unlike",
        action="store_true",
        help="compare times also over a change of the machine or the interpreter",
    )
    add_folders(parser, reports=True)


def execute(args: Namespace) -> int:
    """Run the command and return its exit code."""
    path = page_path(args, "history") if args.html else None
    folders = _named(args) if args.runs else _of_latest(args)
    with error_console().status(f"reading {len(folders)} runs"):
        series = trace(_loaded(args, folders), Against.PREVIOUS, allow_unlike=args.allow_unlike)
    if len(series.stops) < 2:
        raise InputError(
            f"history: {series.stops[0].name} is the only run of its plan that can be read; a "
            "history takes two or more"
        )
    if path:
        write_series(path, series)
    if tells_more_than(path, args):
        show_series(args, series)
    return 0


def _named(args: Namespace) -> list[RunFolder]:
    """Return the folders of the runs that are named; InputError for one, or for unlike plans."""
    folders = [find_run(args.results, name) for name in args.runs]
    if len(folders) < 2:
        raise InputError(
            f"history: expected two runs or more, got {args.runs[0]} alone; name others of the "
            "same plan, or none for all that there are"
        )
    first, *others = [folder.plan() for folder in folders]
    for name, plan in zip(args.runs[1:], others, strict=True):
        if told := another_plan(first, plan):
            raise InputError(
                f"history: {name} is of another plan than {args.runs[0]}: {told}; name runs of "
                "one plan, or hold them against each other with awaitbench compare"
            )
    return folders


def _of_latest(args: Namespace) -> list[RunFolder]:
    """Return the folders of all runs with the plan of the latest; InputError for it alone."""
    latest = latest_name(args.results)
    wanted = RunFolder(args.results / latest).plan()
    plans, unreadable = stored_plans(args.results)
    if unreadable:
        rest = f" and {len(unreadable) - _NAMED} more" if len(unreadable) > _NAMED else ""
        say(f"left out, because it cannot be read: {', '.join(unreadable[:_NAMED])}{rest}")
    names = [name for name, plan in plans.items() if not another_plan(wanted, plan)]
    if len(names) < 2:
        raise InputError(
            f"history: {latest} is the only run of its plan in {args.results}/; a history takes "
            "two or more: measure the same again, or name the runs"
        )
    return [RunFolder(args.results / name) for name in names]


def _loaded(args: Namespace, folders: list[RunFolder]) -> Iterator[Run]:
    """Yield the runs; among those that nobody named, one that is damaged is told and left out."""
    for folder in folders:
        try:
            run = folder.load()
        except StoreError as error:
            if args.runs or folder is folders[-1]:
                raise
            say(f"left out: {error}")
            continue
        yield with_threshold(args, run)
