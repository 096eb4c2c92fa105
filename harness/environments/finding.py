"""Finding: the interpreter that a user means by a path, a command or a version."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from harness.environments.python import OLDEST, ask_python, this_python
from harness.errors import InputError
from harness.program import run_program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.environments.python import Python

__all__ = ["find_python", "found_pythons"]

_VERSION = re.compile(r"(\d+(?:\.\d+){0,2}(?:(?:a|b|rc)\d+)?)(t?)")  # t: without the GIL
_COMMAND = re.compile(r"python(\d+\.\d+t?)")
_NEWEST = 30  # python3.29 is the last command that is looked for
_PATIENCE = 30.0  # seconds
_OLDEST = ".".join(map(str, OLDEST))


def find_python(text: str) -> Python:
    """Return the interpreter that *text* means: a path, a command, or a version as ``3.13``.

    For a version these are asked, in this order: the interpreter that runs this, the command
    ``python3.13``, pyenv's versions, the newest first, and those that uv keeps.
    InputError, one line, where none is found, or it is no Python 3.11 or later.
    """
    if os.sep in text:
        path = Path(text).expanduser()
        if path.is_dir():
            raise InputError(f"--python {text}: is a folder; give the interpreter in it")
        # Not resolved: the interpreter of a virtual environment is a link.
        return ask_python(str(Path.cwd() / path), text)
    if _VERSION.fullmatch(text):
        return _of_version(text, text)
    version = _COMMAND.fullmatch(text)
    if command := shutil.which(text):
        try:
            return ask_python(command, text)
        except InputError:
            # pyenv has a command for each of its versions, which works for some of them only.
            if version is None:
                raise
    if version is not None:
        return _of_version(version[1], text)
    for folder in _kept_by_pyenv():
        if folder.name == text:
            return ask_python(str(folder / "bin" / "python"), text)
    raise InputError(f"--python {text}: there is no such command; {_what_is_there()}")


def found_pythons() -> tuple[Python, ...]:
    """Return the interpreters of Python 3.11 or later that are found, this one first."""
    found = {_key(this_python()): this_python()}
    for path in _candidates():
        try:
            python = ask_python(str(path), str(path))
        except InputError:
            continue
        found.setdefault(_key(python), python)
    return tuple(found.values())


def _key(python: Python) -> tuple[str, str]:
    return python.base, python.prefix if python.in_environment else ""


def _of_version(version: str, text: str) -> Python:
    """Return the newest CPython of that version; *text* is what the user wrote."""
    if _is_too_old(version):
        raise InputError(f"--python {text}: awaitbench needs Python {_OLDEST} or later")
    if _is_of(this_python(), version):
        return this_python()
    for path in _of_that_version(version):
        try:
            python = ask_python(str(path), text)
        except InputError:
            continue
        if _is_of(python, version):
            return python
    raise InputError(
        f"--python {text}: no Python {version} is found, neither as python{version} on PATH nor "
        f"among the versions of pyenv or uv; {_what_is_there()}"
    )


def _is_of(python: Python, version: str) -> bool:
    """Tell whether *python* is a CPython of that version."""
    return (
        python.implementation == "cpython"
        and _begins(python.version, version)
        and python.free_threaded is version.endswith("t")
    )


def _is_too_old(version: str) -> bool:
    numbers = tuple(int(each) for each in re.findall(r"\d+", version)[:2])
    return _VERSION.fullmatch(version) is not None and numbers < OLDEST[: len(numbers)]


def _is_version(text: str, version: str) -> bool:
    return _VERSION.fullmatch(text) is not None and _begins(text, version)


def _begins(whole: str, version: str) -> bool:
    """Tell whether *whole* is that *version*, or one of its patches."""
    whole, version = whole.rstrip("t+"), version.rstrip("t")
    return whole == version or whole.startswith(f"{version}.")


def _of_that_version(version: str) -> Iterator[Path]:
    """Yield where an interpreter of that version may be."""
    short = ".".join(version.rstrip("t").split(".")[:2]) + ("t" if version.endswith("t") else "")
    yield from _on_path(*dict.fromkeys((f"python{version}", f"python{short}")), version=version)
    if uv := shutil.which("uv"):
        try:
            ended = run_program(
                [uv, "python", "find", "--no-project", "--system", version],
                environment={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
                patience=_PATIENCE,
            )
        except InputError:
            return
        if ended.code == 0 and ended.output.strip():
            yield Path(ended.output.strip())


def _on_path(*names: str, version: str = "") -> Iterator[Path]:
    """Yield where these commands are, and pyenv's versions that are, or begin with, *version*.

    Where PATH has pyenv's commands its versions take their place: a command of pyenv takes long
    to find one of them, and may find none. Without them on PATH the versions come last.
    """
    shims = os.path.realpath(_pyenv() / "shims")
    versions = [
        folder / "bin" / "python"
        for folder in _kept_by_pyenv()
        if (_is_version(folder.name, version) if version else not _is_too_old(folder.name))
    ]
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if os.path.realpath(folder) == shims:
            yield from versions
            versions = []
        else:
            found = (shutil.which(name, path=folder) for name in names if folder)
            yield from (Path(each) for each in found if each is not None)
    yield from versions


def _pyenv() -> Path:
    root = os.environ.get("PYENV_ROOT")
    return Path(root) if root else Path.home() / ".pyenv"


def _kept_by_pyenv() -> list[Path]:
    """Return the folders of pyenv's versions, the newest first."""
    try:
        versions = [*(_pyenv() / "versions").iterdir()]
    except OSError:
        return []
    return sorted(
        (path for path in versions if (path / "bin" / "python").exists()),
        key=_by_version,
        reverse=True,
    )


def _by_version(folder: Path) -> tuple[bool, list[int], str]:
    numbers = [int(each) for each in re.findall(r"\d+", folder.name)]
    return _VERSION.fullmatch(folder.name) is not None, numbers, folder.name


def _kept_by_uv() -> list[Path]:
    """Return the folders of the interpreters that uv has installed."""
    uv = shutil.which("uv")
    if uv is None:
        return []
    try:
        ended = run_program([uv, "python", "dir"], patience=_PATIENCE)
        return sorted(path for path in Path(ended.output.strip()).iterdir() if path.is_dir())
    except (InputError, OSError):
        return []


def _candidates() -> Iterator[Path]:
    """Yield where interpreters of Python 3.11 or later may be."""
    minors = (f"python3.{minor}" for minor in range(OLDEST[1], _NEWEST))
    yield from _on_path("python3", *minors, "pypy3")
    for folder in _kept_by_uv():
        if (python := folder / "bin" / "python3").exists():
            yield python


def _what_is_there() -> str:
    found = dict.fromkeys(python.name.removeprefix("cpython ") for python in found_pythons())
    return f"found are {', '.join(found)}: install another one, or give its path"
