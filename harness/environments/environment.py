"""Environment: what is to be started for an interpreter to measure, and where it finds modules."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import harness
from harness.environments.code import kept_code
from harness.environments.finding import find_python
from harness.environments.inline import declared_by
from harness.environments.installed import lacking
from harness.environments.packages import kept_packages
from harness.environments.python import this_python
from harness.errors import InputError
from harness.measure.crew import told_to_look
from harness.measure.implementation import BECAUSE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from harness.environments.kept import Kept
    from harness.environments.python import Python

__all__ = ["Environment", "environment_for", "environment_of"]


@dataclass(frozen=True)
class Environment:
    """Where *python* measures.

    executable
        The interpreter that is to be started.
    paths
        Where it is to look for modules first, this harness included; empty for the interpreter
        that runs this process, which finds it as this process does.
    own
        Whether it is one that awaitbench has made and keeps: it holds nothing of anybody else.
    reused, seconds
        Whether all of it was there before, and how long it took to find or to make.
    lacking
        Why it is without ``memray``, ``uvloop`` or ``native``, the ValueTask in C, by name.
    packages
        The folder of its packages where it is kept.
    """

    python: Python
    executable: str
    paths: tuple[str, ...] = ()
    own: bool = False
    reused: bool = True
    seconds: float = 0.0
    lacking: Mapping[str, str] = field(default_factory=dict)
    packages: Path | None = None

    @property
    def harness(self) -> Path:
        """The folder of the harness that measures there."""
        return Path(self.paths[0], "harness") if self.paths else Path(harness.__file__).parent

    @contextmanager
    def importable(self) -> Iterator[None]:
        """Have this process find its packages, before its own; for the same interpreter only."""
        if self.packages is None:
            yield
            return
        place = str(self.packages)
        sys.path.insert(0, place)
        try:
            yield
        finally:
            with suppress(ValueError):  # a scenario may have changed the path
                sys.path.remove(place)


def environment_of(
    text: str | None, files: Sequence[str] = (), say: Callable[[str], None] = lambda _: None
) -> Environment:
    """Return where the interpreter that ``--python`` *text* means measures these scenario files.

    None is the interpreter that runs this; *say* as for :func:`environment_for`. InputError where
    it is not found, is none that the files are for, or its environment cannot be made.
    """
    declared = declared_by(files)
    python = this_python() if text is None else find_python(text)
    if reason := declared.excludes(python.version):
        raise InputError(f"{reason}; give another one with --python")
    return environment_for(python, declared.requirements, say)


def environment_for(
    python: Python, requirements: Sequence[str] = (), say: Callable[[str], None] = lambda _: None
) -> Environment:
    """Return where *python* measures what needs *requirements*, made now unless it is kept.

    - The interpreter that runs this process is used as it is.
    - So is one of a virtual environment, and one that has pyperf and memray: somebody has
      installed there what is to be measured.
    - For every other an environment is made and kept; also for these, but that of a virtual
      environment, where they lack one of *requirements*.

    *say* is told, line by line, what takes long. InputError, one line, where it cannot be made.
    """
    began = time.monotonic()
    as_it_is = python.is_this or python.in_environment or {"pyperf", "memray"} <= python.modules
    missing = lacking(python, requirements) if as_it_is else []
    if python.is_this and not missing:
        return Environment(python, python.executable)
    if python.in_environment and not python.is_this and missing:
        raise InputError(
            f"--python {python.executable}: its virtual environment lacks {', '.join(missing)}, "
            "which the scenario file declares; install it there, or give an interpreter outside "
            "of one, for which awaitbench makes an environment"
        )
    progress = _Progress(python, say)
    executable, packages = python.executable, None
    kept: list[Kept] = []
    reasons: dict[str, str] = {}
    if missing or not as_it_is:
        found = kept_packages(python, requirements, progress)
        kept.append(found)
        executable = str(found.folder / "bin" / "python")
        packages = next(found.folder.glob("lib/*/site-packages"), None)
        reasons |= found.holds["lacking"]
    code = kept_code(python, progress)
    if reason := code.holds["without_native"]:
        reasons["native"] = f"{BECAUSE}{reason}"
    reused = code.reused and all(each.reused for each in kept)
    seconds = time.monotonic() - began
    if progress.is_said:
        say(f"environment for {python.name}: took {seconds:.0f} s")
    return Environment(
        python,
        executable,
        paths=(str(code.folder), *told_to_look()),
        own=bool(kept),
        reused=reused,
        seconds=seconds,
        lacking=reasons,
        packages=packages,
    )


@dataclass
class _Progress:
    """Says what takes long, and each only once."""

    python: Python
    say: Callable[[str], None]
    is_said: bool = False

    def making(self) -> None:
        """Say that something is made."""
        if not self.is_said:
            self.say(f"making an environment for {self.python.name} (once)")
        self.is_said = True

    def waiting(self) -> None:
        """Say that another process is making it."""
        self.say(f"another process is making an environment for {self.python.name}; waiting for it")
