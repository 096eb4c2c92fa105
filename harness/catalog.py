"""Catalog: finds scenarios, in the package ``scenarios`` or in a file."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import InputError, UnknownNameError, told
from harness.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

__all__ = ["Entry", "choose", "find", "load", "shipped"]

_PACKAGE = "scenarios"


@dataclass(frozen=True)
class Entry:
    """A scenario that was found: *source* is a module's dotted name or a file's path."""

    name: str
    scenario: Scenario[Any, Any, Any]
    source: str


def shipped() -> dict[str, Entry]:
    """Return the scenarios of the package ``scenarios`` by name, in alphabetical order."""
    package = importlib.import_module(_PACKAGE)
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return {name: load(f"{_PACKAGE}.{name}") for name in names if not name.startswith("_")}


def find(names: tuple[str, ...]) -> tuple[dict[str, Entry], tuple[str, ...]]:
    """Return the known scenarios and the names that *names* selects among them.

    A name that ends in ``.py`` is a file: its scenario is loaded and joins the known ones, or
    takes the place of the shipped one of its name. InputError for two files of one name.
    """
    entries = shipped()
    files: dict[str, Path] = {}
    chosen = []
    for name in names:
        if name.endswith(".py"):
            entry = load(name)
            path = Path(name).resolve()
            if files.setdefault(entry.name, path) != path:
                raise InputError(
                    f"{name}: another file given is called {entry.name}.py too; rename one of them"
                )
            entries[entry.name] = entry
            chosen.append(entry.name)
        else:
            chosen.append(name)
    return entries, tuple(chosen)


def choose(entries: Mapping[str, Entry], name: str) -> Entry:
    """Return the scenario of that name; UnknownNameError with the nearest ones."""
    if name not in entries:
        raise UnknownNameError("scenario", name, entries)
    return entries[name]


def load(source: str) -> Entry:
    """Import the module or file *source* and return its ``SCENARIO``.

    InputError when the file does not exist, cannot be imported, or declares none.
    """
    module = _load_file(Path(source)) if source.endswith(".py") else _load_module(source)
    scenario = getattr(module, "SCENARIO", None)
    if not isinstance(scenario, Scenario):
        raise InputError(f"{source}: expected a value SCENARIO = Scenario(...) at the end of it")
    name = Path(source).stem if source.endswith(".py") else source.rpartition(".")[2]
    return Entry(name, scenario, source)


def _load_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise InputError(f"{name}: cannot be imported: {told(error)}") from error


def _load_file(path: Path) -> ModuleType:
    """Import a file under its own name, its folder first on the path as Python does it."""
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
    sys.path.insert(0, str(path.parent.resolve()))
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
