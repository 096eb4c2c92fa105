"""The report: one HTML file that needs nothing else, from a run alone."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness._version import __version__
from harness.errors import InputError
from harness.printable import printable
from harness.report.figures import visible
from harness.report.page import make_page
from harness.report.scripts import PAGE_SCRIPTS, read_script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.record import Run
    from harness.report.flamegraphs import Flamegraphs

__all__ = ["render_report", "render_template", "write_page", "write_report"]


def write_report(run: Run, path: Path, flamegraphs: Flamegraphs | None = None) -> None:
    """Write the report of *run* to *path*, whole or not at all; folders are made.

    *flamegraphs* are those that it links to. InputError if it cannot be written there.
    """
    write_page(render_report(run, flamegraphs), path)


def write_page(text: str, path: Path) -> None:
    """Write a page to *path*, whole or not at all; folders are made.

    InputError if it cannot be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text)
    except OSError as error:
        raise InputError(
            f"the report cannot be written to {path}: {error.strerror or error}; "
            "choose another folder with --reports"
        ) from None


def render_report(run: Run, flamegraphs: Flamegraphs | None = None) -> str:
    """Return the report as HTML: the same run gives the same bytes."""
    return render_template("report.html.j2", page=make_page(run, flamegraphs or {}))


def render_template(name: str, *, scripts: Sequence[str] = PAGE_SCRIPTS, **context: object) -> str:
    """Return the page that the template *name* makes of *context*, with these scripts in it."""
    # Everything in a run is somebody else's text, so autoescape is on for every template.
    environment = Environment(
        loader=PackageLoader("harness.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"visible": visible, "breakable": _breakable}
    return environment.get_template(name).render(
        version=__version__,
        scripts=[read_script(each) for each in scripts],
        **context,
    )


def _shown(value: object) -> object:
    """Return what a template writes, so that no text of a run turns or hides what is around it."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _breakable(name: str, after: str = "_") -> Markup:
    """Return *name* escaped, with places where a narrow column may break it."""
    return Markup(f"{after}<wbr>").join(visible(name).split(after))


def _replace(path: Path, text: str) -> None:
    """Write beside *path*, then rename: a reader sees the old page or the new one."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
