"""The option ``--html``: which page it makes, and where that goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.command.common import console, say
from harness.errors import InputError
from harness.printable import printable
from harness.store import check_name

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from harness.store import RunFolder

__all__ = ["add_html", "page_path", "several_name", "tells_more_than"]

_LONGEST = 120  # characters of a page's name; file systems take 255 bytes
_BY_DEFAULT = Path()


def add_html(parser: ArgumentParser, default: str) -> None:
    """Declare ``--html [FILE]``; *default* says where the page goes without FILE."""
    parser.add_argument(
        "--html",
        nargs="?",
        type=Path,
        const=_BY_DEFAULT,
        metavar="FILE.html",
        help=f"write one HTML page (default: {default})",
    )


def page_path(args: Namespace, name: str) -> Path:
    """Return where the page goes: the file that was asked for, else *name* among the reports.

    InputError for a file that is not called like a page: a run's name after ``--html`` is none.
    """
    asked: Path = args.html
    if asked == _BY_DEFAULT:
        return Path(args.reports) / f"{name}.html"
    if asked.suffix.lower() not in {".html", ".htm"}:
        raise InputError(
            f"--html {asked}: expected a file that ends with .html; name the runs before --html"
        )
    return asked


def several_name(folders: Sequence[RunFolder]) -> str:
    """Return what a page about these runs is called: like their folders, the first one first."""
    names = [check_name(folder.path.resolve().name) for folder in folders]
    whole = "..".join(names)
    if len(whole) <= _LONGEST or len(names) == 2:
        return whole
    return f"{names[0]}..{len(names) - 1}-runs..{names[-1]}"


def tells_more_than(path: Path | None, args: Namespace) -> bool:
    """Say where a page is, if there is one, and tell whether anything else was asked for.

    On standard output, for people and scripts, where that has nothing else to say.
    """
    if path is None:
        return True
    if args.format is None:
        console().out(printable(str(path)), highlight=False)
        return False
    say(f"report:  {path}")
    return True
