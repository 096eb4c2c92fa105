"""Checkouts: two versions of the user's code on disk, each in an environment of its own.

Both are made in the same way, in folders whose names are equally long, so that nothing but the
code differs. All of it is temporary, and removed in every case.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.against.installation import (
    install,
    is_awaitbench,
    is_installable,
    surroundings,
)
from harness.importing import added_folders
from harness.measure.crew import Interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.against.installation import Surroundings
    from harness.against.repository import Repository
    from harness.environments.environment import Environment

__all__ = ["BASE", "HEAD", "Checkout", "open_checkouts"]

# Of the same length: where modules are found must not cost one version more than the other.
BASE, HEAD = "base", "head"
_LONGEST_DEATH = 5.0  # seconds


@dataclass(frozen=True)
class Checkout:
    """One version on disk. *about* says for people which one it is.

    *interpreters* has one for each of the environments that were asked for, in their order.
    """

    label: str
    folder: Path
    about: str
    interpreters: tuple[Interpreter, ...]


@contextmanager
def open_checkouts(
    repository: Repository,
    commit: str,
    environments: Sequence[Environment],
    *,
    installed: bool,
    left_out: Sequence[Path] = (),
) -> Iterator[tuple[Checkout, Checkout]]:
    """Check out *commit* and the working tree as it is, and make environments for each.

    That is one for each of *environments*, of which it sees all that is there. Where not
    *installed*, and where a version cannot be, its folder and its ``src`` are on the path. Folders
    that are *left_out* are no part of the working tree. Everything is gone at the end.
    InputError for a version that cannot be checked out or installed.
    """
    around = [surroundings(each.executable) for each in environments]
    at = repository.short(repository.head())
    left_out = [Path(os.path.realpath(each)) for each in left_out]
    left_out += [each.prefix for each in around]
    changed = ", changed" if repository.is_changed(left_out) else ""
    abouts = {BASE: repository.short(commit), HEAD: f"working tree at {at}{changed}"}
    with _temporary(repository) as folder:
        repository.check_out(commit, folder / BASE)
        repository.check_out_changed(folder / HEAD, left_out)
        for number, each in enumerate(environments):
            # A folder that holds the harness alone: where it is installed, the user's package may
            # be too, and must not be found there.
            links = folder / f"harness-{number}"
            links.mkdir()
            (links / "harness").symlink_to(each.harness.resolve())
        base, head = (
            Checkout(
                label,
                folder / label,
                about,
                tuple(
                    _made(label, about, folder, repository.top, each, number, installed=installed)
                    for number, each in enumerate(around)
                ),
            )
            for label, about in abouts.items()
        )
        yield base, head


def _made(
    label: str,
    about: str,
    folder: Path,
    top: Path,
    around: Surroundings,
    number: int,
    *,
    installed: bool,
) -> Interpreter:
    """Make an environment of the version that is checked out, and say where it looks."""
    checkout = folder / label
    project = _project(checkout, top)
    can_be = installed and is_installable(project) and not is_awaitbench(project)
    executable = install(
        project if can_be else None, folder / f"{label}-environment-{number}", around, top, about
    )
    paths = [folder / f"harness-{number}"]
    if not can_be:
        paths += [project / "src", project, checkout]
    paths += [_moved(path, top, checkout, around) for path in _told_to_look(around, top)]
    here = _moved(Path.cwd().resolve(), top, checkout, around)
    return Interpreter(
        str(executable),
        paths=tuple(map(str, dict.fromkeys(paths))),
        folder=str(here if here.is_dir() else checkout),
    )


def _project(checkout: Path, top: Path) -> Path:
    """Return the innermost folder around the working directory that can be installed."""
    here = checkout / Path.cwd().resolve().relative_to(top)
    for folder in (here, *here.parents):
        if folder == checkout or is_installable(folder):
            return folder
    return checkout


def _told_to_look(around: Surroundings, top: Path) -> list[Path]:
    """Return where this process was told to look for modules, beside installed packages."""
    told = [
        Path(each).resolve() for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each
    ]
    here = str(Path.cwd())
    # As an interpreter that measures a run does: see Interpreter.
    beside = [Path(here).resolve()] if {"", here} & ({*sys.path} - added_folders()) else []
    return [*told, *around.inside(top), *beside]


def _moved(path: Path, top: Path, checkout: Path, around: Surroundings) -> Path:
    """Return the place in the checkout of what is in the user's repository."""
    return checkout / path.relative_to(top) if around.is_source(path, top) else path


@contextmanager
def _temporary(repository: Repository) -> Iterator[Path]:
    """Give a folder for worktrees; both are removed, also where this process is to end."""
    with _interrupted_by_a_server():
        folder = Path(tempfile.mkdtemp(prefix="awaitbench-")).resolve()
        try:
            yield folder
        finally:
            with _not_interrupted():
                for label in (BASE, HEAD):
                    repository.remove(folder / label)
                _remove(folder)


def _remove(folder: Path) -> None:
    """Remove *folder*, into which a process that was killed may still write for a moment."""
    until = time.monotonic() + _LONGEST_DEATH
    shutil.rmtree(folder, ignore_errors=True)
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.05)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _interrupted_by_a_server() -> Iterator[None]:
    """Have SIGTERM, by which a build server cancels, do what Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with _handling(signal.SIGTERM, interrupt):
        yield


@contextmanager
def _not_interrupted() -> Iterator[None]:
    with _handling(signal.SIGINT, signal.SIG_IGN), _handling(signal.SIGTERM, signal.SIG_IGN):
        yield


@contextmanager
def _handling(number: signal.Signals, handler: signal.Handlers | object) -> Iterator[None]:
    """Handle a signal meanwhile; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(number, handler)  # type: ignore[arg-type]
    try:
        yield
    finally:
        signal.signal(number, before)
