"""What several commands share: folders, consoles, and options that are read in one way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from harness.errors import InputError, StoreError
from harness.plan import DEFAULT_THRESHOLD
from harness.printable import printable
from harness.store import check_name

if TYPE_CHECKING:
    from argparse import ArgumentParser, _ArgumentGroup
    from collections.abc import Iterable

    from harness.record import Run
    from harness.store import RunFolder

__all__ = [
    "RESULTS",
    "add_flamegraphs",
    "add_folders",
    "add_selection",
    "add_threshold",
    "asked_params",
    "console",
    "error_console",
    "say",
    "share",
    "write_report_of",
]

RESULTS = Path("results")


def add_folders(parser: ArgumentParser | _ArgumentGroup, *, reports: bool = False) -> None:
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


def add_flamegraphs(parser: ArgumentParser, note: str) -> None:
    """Declare that flamegraphs are drawn; *note* says of what."""
    parser.add_argument(
        "--flamegraphs",
        action="store_true",
        help=f"draw memray's flamegraph of each case beside the report{note}",
    )


def add_selection(parser: ArgumentParser | _ArgumentGroup) -> None:
    """Declare what is measured of a scenario, and how exactly."""
    parser.add_argument(
        "-v",
        "--variant",
        action="append",
        default=[],
        metavar="NAME",
        help="measure this variant; repeat for several (default: all)",
    )
    parser.add_argument(
        "-p",
        "--param",
        action="append",
        default=[],
        metavar="NAME=V1,V2",
        help="measure at these values of a parameter; repeat for several (default: the sweep)",
    )
    parser.add_argument(
        "--preset",
        help="how exact: quick, standard or rigorous aim at 5, 2 or 1 %% (default: quick)",
    )


def add_threshold(parser: ArgumentParser) -> None:
    """Declare which differences in time are too small to be claimed."""
    parser.add_argument(
        "--threshold",
        type=share,
        metavar="SHARE",
        help="claim no difference in time that is smaller "
        f"(default: {DEFAULT_THRESHOLD * 100:g}%%)",
    )


def share(text: str) -> float:
    """Read ``5%`` or ``0.05``; InputError for what is neither, or not from 0 to 10."""
    number, percent, rest = text.partition("%")
    try:
        value = float(number) / (100 if percent else 1)
    except ValueError:
        value = -1.0
    if rest or not 0 <= value <= 10:
        raise InputError(f"{text!r}: expected a share such as 5% or 0.05, from 0 to 1000%")
    return value


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


def say(line: str) -> None:
    """Write a line for people on standard error, as it is."""
    error_console().print(printable(line), highlight=False, markup=False, soft_wrap=True)


def asked_params(texts: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Read ``NAME=V1,V2``; the values of a name that is repeated are joined."""
    asked: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or not name or not all(values.split(",")):
            raise InputError(f"--param {text}: expected NAME=VALUE or NAME=V1,V2")
        asked[name] = (*asked.get(name, ()), *values.split(","))
    return tuple(asked.items())


def write_report_of(
    run: Run, reports: Path, folder: RunFolder | None = None, *, flamegraphs: bool = False
) -> Path:
    """Write the HTML report of *run* into its folder under *reports* and return its path.

    It is called like the *folder* that the run was read from, whatever name stands in its files:
    that may be another run's, whose report is not overwritten. Of what was profiled it has the
    *flamegraphs* beside it, if wanted.
    """
    from harness.report.flamegraphs import write_flamegraphs
    from harness.report.html import write_report

    name = run.name if folder is None else folder.path.resolve().name
    path = reports / check_name(name) / "index.html"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        links = write_flamegraphs(run, path.parent) if flamegraphs else {}
        write_report(run, path, links)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written ({error.strerror}); give another folder with --reports"
        ) from error
    return path
