"""What --python means: an interpreter that is found, and where it measures scenario files."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from harness import catalog
from harness.command.common import say
from harness.environments import environment as environments
from harness.environments.finding import found_pythons
from harness.environments.inline import declared_by
from harness.environments.kept import cache_folder, kept_folders
from harness.environments.python import this_python
from harness.measure import environment as asking
from harness.measure.crew import Interpreter, told_to_look
from harness.measure.lacking import PACKAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console

    from harness.catalog import Entry
    from harness.environments.environment import Environment
    from harness.environments.kept import Kept
    from harness.environments.python import Python

__all__ = ["environment_of", "importable", "out_of_reach", "print_interpreters", "probed"]


def environment_of(text: str | None, files: Sequence[str] = ()) -> Environment:
    """Return where that interpreter measures, and tell the user what takes long.

    See :func:`harness.environments.environment.environment_of`.
    """
    return environments.environment_of(text, files, say)


def probed(environment: Environment) -> tuple[Interpreter, Mapping[str, str | bool]]:
    """Return what measures there, and what it says of itself; InputError where it cannot."""
    interpreter = Interpreter(environment.executable, paths=environment.paths)
    return asking.probed(interpreter, environment.lacking)


def out_of_reach(entry: Entry, pythons: Sequence[str]) -> str:
    """Return why a scenario cannot be measured in awaitbench's own environments; empty if it can.

    *pythons* are the interpreters that measure in one. Packages that register scenarios are not
    there, but what PYTHONPATH names is found.
    """
    if not entry.distribution or not pythons:
        return ""
    looked = [Path(each).resolve() for path in told_to_look() for each in path.split(os.pathsep)]
    file = Path(catalog.file_of(entry.source)).resolve()
    if any(file.is_relative_to(folder) for folder in looked):
        return ""
    return (
        f"{entry.name} (of {entry.distribution}): is not in the environment that awaitbench makes "
        f"for {', '.join(pythons)}; install {entry.distribution}, pyperf and memray in a virtual "
        "environment of that interpreter, and give the path of its python with --python"
    )


@contextmanager
def importable(files: Sequence[str]) -> Iterator[None]:
    """Have this process find what these scenario files need, to read what they declare."""
    requirements = declared_by(files).requirements
    if not requirements:
        yield
        return
    with environments.environment_for(this_python(), requirements, say).importable():
        yield


def print_interpreters(out: Console) -> None:
    """List the interpreters that can measure, and the environments that are kept."""
    found = Table.grid(padding=(0, 2))
    for python in found_pythons():
        found.add_row(
            escape(python.name),
            escape(python.executable),
            f"[dim]{_which(python)}[/]",
        )
    out.print("Interpreters, for --python", highlight=False)
    out.print(found)
    out.print()
    kept = Table.grid(padding=(0, 2))
    for name, size, used, holds in _environments():
        kept.add_row(escape(name), f"{size / 1e6:.0f} MB", f"[dim]used {used}[/]", escape(holds))
    folder = str(cache_folder())
    if not kept.rows:
        out.print(f"No environments are kept in {escape(folder)} yet.", highlight=False)
        return
    out.print(f"Environments, in {escape(folder)}", highlight=False)
    out.print(kept)


def _which(python: Python) -> str:
    if python.is_this:
        return "this one"
    return "a virtual environment" if python.in_environment else ""


def _environments() -> Iterator[tuple[str, int, str, str]]:
    """Yield of each what it is for, its bytes, the day of its last use, and what it holds."""
    folders = kept_folders()
    codes = [each for each in folders if "native" in each.holds]
    for each in folders:
        if "packages" in each.holds:
            own = [code for code in codes if code.holds["for"] == each.holds["for"]]
            codes = [code for code in codes if code not in own]
            yield _environment(each.holds["python"], [each, *own])
    for code in codes:
        yield _environment(code.holds["python"], [code])


def _environment(python: str, folders: Sequence[Kept]) -> tuple[str, int, str, str]:
    told: list[str] = []
    for each in folders:
        packages, lacking = each.holds.get("packages", {}), each.holds.get("lacking", {})
        told += [
            f"no {name} ({lacking[name]})" if name in lacking else f"{name} {packages[name]}"
            for name in ("pyperf", *PACKAGES)
            if name in lacking or name in packages
        ]
        told += each.holds.get("requirements", [])
    if len(told) == 0:
        told.append("your own packages")
    codes = sorted(
        (each for each in folders if "native" in each.holds), key=lambda code: code.last_used
    )
    if codes:
        reason = codes[-1].holds["without_native"]
        told.append(
            f"ValueTask in Python only ({reason})" if reason else "ValueTask in Python and C"
        )
    used = max(each.last_used for each in folders)
    day = time.strftime("%Y-%m-%d", time.localtime(used))
    return python, sum(each.size for each in folders), day, ", ".join(told)
