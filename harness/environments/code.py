"""Code: what a measuring child runs of this harness, copied, with the ValueTask in C beside it.

A copy, not the package that drives: that one may lie among packages of another version of Python,
and lacks an extension module that this interpreter loads.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import harness
from harness.environments.kept import Make, keep, kept_folders, key_of
from harness.environments.native import compile_native, compiler_for
from harness.measure.implementation import BECAUSE, NOT_BUILT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.environments.kept import Kept, Progress
    from harness.environments.native import Compiler
    from harness.environments.python import Python

__all__ = ["kept_code"]

_PACKAGE = "harness"
# What a child imports: the modules of the package itself, and these packages of it.
_PARTS = ("against", "analysis", "measure", "valuetask")
_NATIVE = "valuetask/native"
_SCENARIOS = "scenarios"


def kept_code(python: Python, progress: Progress) -> Kept:
    """Return the folder in which *python* finds this harness and the shipped scenarios.

    Its stamp has under ``without_native`` why the ValueTask in C is not there, empty where it is.
    Where it could not be compiled, that is tried again once the compiler, or the headers, are
    others.
    """
    files = {path.relative_to(_root()).as_posix(): path.read_bytes() for path in _sources()}
    scenarios = _scenarios()
    native = key_of(python.identity, _digest(files, _NATIVE))
    key = key_of(python.identity, _digest(files), scenarios)

    def fill(folder: Path) -> dict[str, Any]:
        for name, content in files.items():
            path = folder / _PACKAGE / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if scenarios:
            # A link: a scenario is measured as it is now, whoever has changed it since.
            (folder / _SCENARIOS).symlink_to(scenarios)
        compiler, reason = _native(python, folder / _PACKAGE / "valuetask", native, progress)
        return {
            "python": python.name,
            "for": key_of(python.identity),
            "native": native,
            "without_native": reason,
            "compiler": compiler,
        }

    def is_good(holds: Mapping[str, Any]) -> bool:
        return not holds["without_native"] or holds["compiler"] == _told(compiler_for(python))

    what = f"the code that measures cannot be copied for {python.name}"
    return keep(f"code-{key}", Make(fill, progress.waiting, what), is_good=is_good)


def _native(python: Python, folder: Path, key: str, progress: Progress) -> tuple[str, str]:
    """Put the extension into *folder*; return what compiled it, and why it is not there."""
    target = folder / f"_native{python.abi}"
    for other in kept_folders():
        built = other.folder / _PACKAGE / "valuetask" / target.name
        if other.holds.get("native") == key and built.is_file():
            shutil.copy(built, target)
            return "", ""
    compiler = compiler_for(python)
    progress.making()
    reason = compile_native(compiler, folder / "native", target)
    if reason:
        (folder / NOT_BUILT).write_text(f"{BECAUSE}{reason}\n", encoding="utf-8")
    return _told(compiler), reason


def _told(compiler: Compiler) -> str:
    return key_of(compiler.command, compiler.lacking)


def _root() -> Path:
    return Path(harness.__file__).resolve().parent


def _sources() -> Iterator[Path]:
    root = _root()
    yield from sorted(root.glob("*.py"))
    for part in _PARTS:
        yield from sorted((root / part).glob("*.py"))
    yield from sorted(path for path in (root / _NATIVE).glob("*.[ch]"))


def _digest(files: Mapping[str, bytes], folder: str = "") -> str:
    digest = hashlib.sha256()
    for name, content in files.items():
        if name.startswith(folder):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _scenarios() -> str:
    """Return the folder of the shipped scenarios; empty where there is none."""
    spec = importlib.util.find_spec(_SCENARIOS)
    folders = None if spec is None else spec.submodule_search_locations
    return str(Path(next(iter(folders))).resolve()) if folders else ""
