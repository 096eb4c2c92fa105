"""Compare two stored runs, or several with the first, case by case, with intervals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.analysis.comparison import compare_runs
from harness.analysis.series import Against, trace
from harness.command.common import add_folders, add_threshold, console
from harness.command.pages import add_html, page_path, several_name, tells_more_than
from harness.errors import InputError
from harness.report.comparison import FORMATS, format_comparison
from harness.store import find_run

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from pathlib import Path

    from harness.analysis.comparison import Comparison
    from harness.analysis.gate import Regression
    from harness.analysis.series import Series
    from harness.record import Run
    from harness.store import RunFolder

__all__ = [
    "add_arguments",
    "add_comparison_arguments",
    "add_format",
    "compare_loaded",
    "execute",
    "show_comparison",
    "show_series",
    "with_threshold",
    "write_comparison",
    "write_series",
]


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("base", metavar="BASE", help="the older run: a name, a path or latest")
    parser.add_argument(
        "new", nargs="+", metavar="NEW", help="the newer run, or several: each against BASE"
    )
    add_comparison_arguments(parser)
    add_folders(parser, reports=True)


def add_comparison_arguments(parser: ArgumentParser) -> None:
    """Declare how runs are held against each other, and shown."""
    add_format(parser)
    add_html(parser, "BASE..NEW.html in the folder of reports")
    add_threshold(parser)
    parser.add_argument(
        "--allow-unlike",
        action="store_true",
        help="compare also what was measured on unlike machines, interpreters or event loops",
    )


def add_format(parser: ArgumentParser) -> None:
    """Declare in which form a comparison is shown."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="table (default), markdown (fit for a pull request), summary (25 lines of Markdown "
        "at most), csv or json",
    )


def execute(args: Namespace) -> int:
    """Run the command and return its exit code."""
    folders = [find_run(args.results, name) for name in (args.base, *args.new)]
    path = page_path(args, several_name(folders)) if args.html else None
    if len(folders) == 2:
        base, new = (folder.load() for folder in folders)
        comparison = compare_loaded(args, base, new)
        if path:
            write_comparison(path, comparison, base, new)
        if tells_more_than(path, args):
            show_comparison(args, comparison, page=path)
        return 0
    series = _beside(args, folders)
    if path:
        write_series(path, series)
    if tells_more_than(path, args):
        show_series(args, series)
    return 0


def _beside(args: Namespace, folders: Sequence[RunFolder]) -> Series:
    """Return all runs held against the first; InputError where none has a case of it."""
    series = trace(
        (with_threshold(args, folder.load()) for folder in folders),
        Against.FIRST,
        allow_unlike=args.allow_unlike,
    )
    if not any(step for track in series.tracks for step in track.steps):
        raise InputError(
            f"{series.stops[0].name} has no case in common with any of the others; measure the "
            "same scenarios, parameters and variants in all of them"
        )
    return series


def compare_loaded(args: Namespace, base: Run, new: Run) -> Comparison:
    """Return the comparison as the command line asks for it."""
    return compare_runs(base, with_threshold(args, new), allow_unlike=args.allow_unlike)


def with_threshold(args: Namespace, run: Run) -> Run:
    """Return *run* as what is claimed of it is asked for."""
    if args.threshold is None:
        return run
    return replace(run, plan=replace(run.plan, threshold=args.threshold))


def show_comparison(
    args: Namespace,
    comparison: Comparison,
    regressions: Sequence[Regression] | None = None,
    page: Path | None = None,
) -> None:
    """Print *comparison*, with what a gate found of it, in the format that is asked for."""
    if args.format in {None, "table"}:
        from harness.report.comparison_table import print_comparison, print_regressions

        print_comparison(comparison, console())
        if regressions is not None:
            print_regressions(regressions, console())
    elif args.format == "summary":
        from harness.report.summary import comparison_summary

        text = comparison_summary(comparison, regressions, str(page or ""))
        console().out(text, end="", highlight=False)
    else:
        text = format_comparison(comparison, args.format, regressions)
        console().out(text, end="", highlight=False)


def show_series(args: Namespace, series: Series) -> None:
    """Print *series* in the format that is asked for."""
    if args.format in {None, "table"}:
        from harness.report.series_table import print_series

        print_series(series, console())
    else:
        from harness.report.series_text import format_series

        console().out(format_series(series, args.format), end="", highlight=False)


def write_comparison(
    path: Path,
    comparison: Comparison,
    base: Run,
    new: Run,
    regressions: Sequence[Regression] | None = None,
) -> None:
    """Write the page about two runs; InputError if it cannot be written there."""
    from harness.report.comparison_html import render_comparison
    from harness.report.html import write_page

    write_page(render_comparison(comparison, base, new, regressions), path)


def write_series(path: Path, series: Series) -> None:
    """Write the page about several runs; InputError if it cannot be written there."""
    from harness.report.comparison_html import render_series
    from harness.report.html import write_page

    write_page(render_series(series), path)
