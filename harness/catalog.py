"""Catalog: finds scenarios, in the package ``scenarios``, in installed packages, or in a file.

A package registers its scenarios by entry points of the group ``awaitbench.scenarios``: the name
is the scenario's, the value ``package.module`` or ``package.module:ATTRIBUTE``. What there is,
is known without importing it; only what is asked for is imported.
"""

from __future__ import annotations

import functools
import importlib.util
import pkgutil
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import function
from harness.errors import InputError, UnknownNameError
from harness.importing import import_source
from harness.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib import metadata

__all__ = [
    "GROUP",
    "Catalog",
    "Entry",
    "choose",
    "file_of",
    "find",
    "known",
    "load",
    "place_of",
    "shipped",
]

GROUP = "awaitbench.scenarios"
_PACKAGE = "scenarios"
_ATTRIBUTE = "SCENARIO"
_EXPECTED = "a value SCENARIO = Scenario(...) at the end of it"
_VALUE = re.compile(r"[\w.]+(:[\w.]+)?")


@dataclass(frozen=True)
class Entry:
    """A scenario that was found.

    *source* says where, to this process and to those that measure: a module's dotted name, the
    same with ``:ATTRIBUTE``, a file's path, or the call of a function. *distribution* is the
    installed package that registers it; empty if none does.
    """

    name: str
    scenario: Scenario[Any, Any, Any]
    source: str
    distribution: str = ""


@dataclass(frozen=True)
class _Place:
    """Where a scenario is declared, and the distribution that registers it, if one does.

    *problem* says why it cannot be taken, as far as that is known without importing it.
    """

    source: str
    distribution: str = ""
    problem: str = ""

    def load(self) -> Entry:
        if self.problem:
            raise InputError(self.problem)
        return load(self.source)


class Catalog(Mapping[str, Entry]):
    """The scenarios that are known, by name; each is imported when it is first looked up.

    A look-up raises InputError for one that cannot be imported. *left_out* says which others
    there are that have no name of their own, one line each.
    """

    def __init__(self, places: Mapping[str, _Place], left_out: Mapping[str, str]) -> None:
        self._places = dict(places)
        self._entries: dict[str, Entry] = {}
        self.left_out = left_out

    def __getitem__(self, name: str) -> Entry:
        place = self._places[name]
        if name not in self._entries:
            try:
                entry = replace(place.load(), name=name, distribution=place.distribution)
                self._entries[name] = entry
            except InputError as error:
                origin = f" (of {place.distribution})" if place.distribution else ""
                raise InputError(f"{name}{origin}: {error}") from error
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def add(self, entry: Entry) -> None:
        """Have *entry* be the scenario of its name."""
        self._places[entry.name] = _Place(entry.source)
        self._entries[entry.name] = entry

    def distribution(self, name: str) -> str:
        """Return the distribution that registers that scenario; empty if none does."""
        return self._places[name].distribution

    @property
    def sources(self) -> dict[str, str]:
        """The source of each scenario by name; none is imported for it."""
        return {name: place.source for name, place in self._places.items()}

    def usable(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Import all; return the names of the scenarios, and why others are none, a line each."""
        names, problems = [], [*self.left_out.values()]
        for name in self:
            try:
                names.append(self[name].name)
            except InputError as error:
                problems.append(str(error))
        return tuple(names), tuple(problems)


def shipped() -> Catalog:
    """Return the scenarios of the package ``scenarios``, in alphabetical order."""
    return Catalog(_shipped(), {})


def known() -> Catalog:
    """Return the shipped scenarios and those of installed packages, in alphabetical order.

    A package takes nobody's place: the name of a shipped scenario stays that one's, and a name
    that two packages give is neither's.
    """
    ours, installed = _shipped(), _installed()
    left_out = {
        name: f"{name} (of {place.distribution}): left out, awaitbench ships a scenario of this "
        f"name; rename its entry point in the group {GROUP}"
        for name, place in installed.items()
        if name in ours
    }
    return Catalog(dict(sorted({**installed, **ours}.items())), left_out)


def find(names: tuple[str, ...]) -> tuple[Catalog, tuple[str, ...]]:
    """Return the known scenarios and the names that *names* selects among them.

    A name that ends in ``.py`` is a file: its scenario is loaded and joins the known ones, or
    takes the place of the one of its name. InputError for two files of one name.
    """
    entries = known()
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
            entries.add(entry)
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
    """Import what *source* names and return the scenario that it declares.

    InputError when the module or file does not exist, cannot be imported, or declares none.
    """
    if (call := function.read_source(source)) is not None:
        return Entry(call.name, call.scenario(), source)
    place, attribute = _split(source)
    scenario: Any = import_source(place)
    try:
        scenario = functools.reduce(getattr, (attribute or _ATTRIBUTE).split("."), scenario)
    except AttributeError:
        scenario = None
    if not isinstance(scenario, Scenario):
        expected = f"a Scenario called {attribute}" if attribute else _EXPECTED
        raise InputError(f"{place}: expected {expected}")
    name = Path(place).stem if place.endswith(".py") else place.rpartition(".")[2]
    return Entry(name, scenario, source)


def file_of(source: str) -> str:
    """Return the file of the module that *source* names; it has been loaded."""
    if (call := function.read_source(source)) is not None:
        return call.file
    place, _ = _split(source)
    return place if place.endswith(".py") else str(sys.modules[place].__file__)


def place_of(source: str) -> tuple[Path, str]:
    """Return the file that declares what *source* names, and its module; it has been loaded.

    A file by itself has no module: the name is empty.
    """
    call = function.read_source(source)
    place = _split(source)[0] if call is None else call.place
    return Path(file_of(source)), "" if place.endswith(".py") else place


def _split(source: str) -> tuple[str, str]:
    """Return the module or file, and the attribute of it, if one is named."""
    if source.endswith(".py"):
        return source, ""
    module, _, attribute = source.partition(":")
    return module, attribute


def _shipped() -> dict[str, _Place]:
    spec = importlib.util.find_spec(_PACKAGE)
    folders = [] if spec is None else spec.submodule_search_locations
    names = sorted(module.name for module in pkgutil.iter_modules(folders))
    return {name: _Place(f"{_PACKAGE}.{name}") for name in names if not name.startswith("_")}


def _installed() -> dict[str, _Place]:
    """Return what the entry points of installed packages register, by name."""
    from importlib import metadata  # it takes as long as all of this module

    registered: dict[str, list[_Place]] = {}
    for entry_point in metadata.entry_points(group=GROUP):
        registered.setdefault(entry_point.name, []).append(_registered(entry_point))
    return {name: _one_of(places) for name, places in sorted(registered.items())}


def _registered(entry_point: metadata.EntryPoint) -> _Place:
    by = entry_point.dist.name if entry_point.dist else "an installed package"
    if not entry_point.name.isprintable() or entry_point.name.endswith(".py"):
        problem = "its name cannot be that of a scenario"
    elif not _VALUE.fullmatch(value := entry_point.value.partition("[")[0].replace(" ", "")):
        problem = f"its entry point {value!r} is not package.module or package.module:ATTRIBUTE"
    else:
        return _Place(value, by)
    return _Place("", by, problem)


def _one_of(places: Sequence[_Place]) -> _Place:
    """Return the only one of *places*; of several, one that says that there are several."""
    if len(places) == 1:
        return places[0]
    distributions = sorted({place.distribution for place in places})
    return _Place(
        "",
        " and ".join(distributions),
        "they register a scenario of the same name; uninstall one of them, or have it renamed",
    )
