"""What several commands share: folders, consoles, and finding a stored run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from harness.errors import StoreError
from harness.store import check_name

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from harness.record import Run
    from harness.store import RunFolder

__all__ = ["RESULTS", "add_folders", "console", "error_console", "write_report_of"]

RESULTS = Path("results")


def add_folders(parser: ArgumentParser, *, reports: bool = False) -> None:
    """Declare where runs, and reports, are kept."""
    parser.add_argument(
        "--results",
        type=Path,
        default=RESULTS,
        metavar="DIR",
        help="the folder of runs (default: results)",
    )
    if reports:
        parser.add_argument(
            "--reports",
            type=Path,
            default=Path("reports"),
            metavar="DIR",
            help="the folder of HTML reports (default: reports)",
        )


class _Output(Console):
    """Leaves it to the command line what is done when nobody reads any more."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console() -> Console:
    """Return the console for results: standard output."""
    return _Output()


def error_console() -> Console:
    """Return the console for progress and messages: standard error."""
    return Console(stderr=True)


def write_report_of(run: Run, reports: Path, folder: RunFolder | None = None) -> Path:
    """Write the HTML report of *run* into its folder under *reports* and return its path.

    It is called like the *folder* that the run was read from, whatever name stands in its files:
    that may be another run's, whose report is not overwritten.
    """
    from harness.report.html import write_report

    name = run.name if folder is None else folder.path.resolve().name
    path = reports / check_name(name) / "index.html"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_report(run, path)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written ({error.strerror}); give another folder with --reports"
        ) from error
    return path
