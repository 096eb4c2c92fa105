"""Importing: a module by its name, or a file anywhere as Python runs it: its folder comes first."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import InputError, told

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["added_folders", "import_source", "make_importable"]


def import_source(source: str) -> ModuleType:
    """Import the module, or the file where *source* ends in ``.py``.

    InputError when the file does not exist, or either cannot be imported.
    """
    return _import_file(Path(source)) if source.endswith(".py") else _import_module(source)


def make_importable(folder: Path, stem: str = "") -> None:
    """Put *folder* first on the path, as Python does with that of a program *stem*.

    Unlike there, nothing in it takes the place of a module of Python's own, and the program none
    of an installed package: a scenario is often called like what it measures.
    """
    place = os.path.realpath(folder)
    guard = _guard()
    if place not in map(os.path.realpath, sys.path):
        guard.added.add(place)
    if sys.path[:1] != [place]:
        sys.path.insert(0, place)
    guard.folders.add(place)
    guard.programs.add(stem)


def added_folders() -> frozenset[str]:
    """Return the folders that are on the path by :func:`make_importable` alone."""
    return frozenset(_guard().added)


class _Guard:
    """A finder that is asked first, and looks for some names in other folders first."""

    def __init__(self) -> None:
        self.folders: set[str] = set()
        self.added: set[str] = set()
        self.programs: set[str] = set()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return where another folder has a module of Python's name, or of a program's."""
        if path is not None or not (name in sys.stdlib_module_names or name in self.programs):
            return None
        elsewhere = [entry for entry in sys.path if os.path.realpath(entry) not in self.folders]
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                where = elsewhere if finder is PathFinder else None
                spec: ModuleSpec | None = finder.find_spec(name, where, target)
                if spec is not None and spec.loader is not None:  # None: only a folder
                    return spec
        return None


def _guard() -> _Guard:
    for finder in sys.meta_path:
        if isinstance(finder, _Guard):
            return finder
    guard = _Guard()
    sys.meta_path.insert(0, guard)
    return guard


def _import_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise InputError(f"{name}: cannot be imported: {told(error)}") from error


def _import_file(path: Path) -> ModuleType:
    if not _is_file(path):
        raise InputError(f"{path}: no such file; give the path of a scenario file")
    if not path.stem.isprintable() or path.stem != path.stem.strip():
        raise InputError(f"{str(path)!r}: expected a file name without spaces around it")
    # Not the bare stem: a file called json.py must not become everybody's `json`.
    name = f"scenario_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    make_importable(path.parent, path.stem)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise InputError(f"{path}: cannot be imported: {told(error)}") from error
    return module


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False
