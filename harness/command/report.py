"""Make the HTML report of a stored run again, and its charts as files if asked to.

With --charts every chart becomes an SVG and a PNG that stand alone in a talk or a paper, named
after the scenario, the parameters and what is shown: cache_lookup-sync_ratio-0.9-time.svg. Charts
that awaitbench made before are replaced; another file of such a name is never overwritten.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.command.common import (
    add_flamegraphs,
    add_folders,
    console,
    error_console,
    write_report_of,
)
from harness.errors import InputError
from harness.printable import printable
from harness.store import find_run

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from harness.record import Run

__all__ = ["add_arguments", "execute"]


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("run", metavar="RUN", help="a run's name or path; latest is the newest")
    add_folders(parser, reports=True)
    add_flamegraphs(parser, ", of a run that was measured with --profile")
    parser.add_argument(
        "--charts",
        type=Path,
        metavar="DIR",
        help="write every chart into this folder too, as SVG and PNG files",
    )


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
    if args.charts is not None:
        _write_charts(run, args.charts)
    return 0


def _write_charts(run: Run, folder: Path) -> None:
    from harness.report.chart_files import write_charts

    with error_console().status("drawing charts"):
        written = write_charts(run, folder)
    console().out(printable(f"{folder} ({len(written)} files)"), highlight=False)
