"""Contents: which variants and settings a version's scenarios have, as its own interpreter says.

``python -m harness.against.contents`` is run by the interpreter of the version: it imports the
scenarios there and answers on the last line of its output. :func:`contents` asks it.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import catalog
from harness.errors import InputError, UnknownNameError
from harness.plan import DEFAULT_PRESET, Group, Runtime, Selection, make_plan
from harness.program import run_program
from harness.strategy import functions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.measure.crew import Interpreter

__all__ = ["Contents", "contents"]

# What a checkout has beside packages that are imported.
_NO_MODULES = frozenset({"setup", "conftest", "harness", "scenarios"})
_INSTALLED = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True)
class Contents:
    """What a version has of one scenario; *problem* says why it has nothing.

    *variants* and *parameters* are all names that it knows, *groups* what of it is selected.
    """

    source: str = ""
    title: str = ""
    variants: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    problem: str = ""


def contents(
    interpreter: Interpreter,
    asked: Mapping[str, str],
    selection: Selection,
    runtime: Runtime,
    checkout: Path,
    elsewhere: Iterable[Path],
) -> dict[str, Contents]:
    """Return what the version in *checkout* has of the scenarios *asked*: name -> file or name.

    *elsewhere* are folders of which nothing may be imported there: those of other versions.
    InputError where the interpreter does not answer, and where what is measured would not be
    that version.
    """
    question = {
        "asked": dict(asked),
        "selection": asdict(selection),
        "runtime": asdict(runtime),
        "checkout": str(checkout),
        "elsewhere": [str(each) for each in elsewhere],
    }
    ended = run_program(
        [interpreter.executable, "-m", "harness.against.contents"],
        folder=interpreter.folder,
        environment=interpreter.environment(),
        given=json.dumps(question),
        patience=interpreter.patience,
    )
    try:
        said = json.loads(ended.output.strip().splitlines()[-1])
        found = {name: _read(entry, runtime) for name, entry in said["scenarios"].items()}
        strangers = said["strangers"]
    except (ValueError, IndexError, KeyError, TypeError):
        last = next(reversed(ended.errors.strip().splitlines()), "it says nothing")
        raise InputError(
            f"--against: the scenarios of {checkout.name} cannot be imported ({last})"
        ) from None
    if strangers:
        raise InputError(
            f"--against: {checkout.name} imports {strangers[0]}, which is not that version's own; "
            "have the package installed by its pyproject.toml, or try --no-install"
        )
    return found


def _read(entry: dict[str, Any], runtime: Runtime) -> Contents:
    groups = tuple(
        Group(
            each["scenario"],
            tuple((name, value) for name, value in each["params"]),
            tuple(each["variants"]),
            runtime,
            tuple((name, reason) for name, reason in each["unavailable"]),
        )
        for each in entry.get("groups", ())
    )
    return Contents(
        source=entry.get("source", ""),
        title=entry.get("title", ""),
        variants=tuple(entry.get("variants", ())),
        parameters=tuple(entry.get("parameters", ())),
        groups=groups,
        problem=entry.get("problem", ""),
    )


def main() -> None:
    """Answer the question on standard input, on the last line of standard output."""
    question = json.loads(sys.stdin.read())
    runtime = Runtime(**question["runtime"])
    asked = question["selection"]
    params = tuple((name, tuple(values)) for name, values in asked["params"])
    selection = Selection(**{**asked, "params": params})
    checkout = Path(question["checkout"])
    found = {
        name: _described(name, source, selection, runtime, checkout)
        for name, source in question["asked"].items()
    }
    elsewhere = [Path(each) for each in question["elsewhere"]]
    strangers = [*_strangers(checkout, elsewhere)]
    sys.stdout.write(f"\n{json.dumps({'scenarios': found, 'strangers': strangers})}\n")


def _described(
    name: str, source: str, selection: Selection, runtime: Runtime, checkout: Path
) -> dict[str, Any]:
    """Return what there is of one scenario, or why there is nothing."""
    try:
        if not source.endswith(".py"):
            source = _registered(name)
        entry = replace(catalog.load(source), name=name)
        scenario = entry.scenario
        variants, parameters = [*functions(scenario)], ["sync_ratio", *scenario.declared]
        mine = _known_here(selection, variants, parameters)
        if selection.variants and not mine.variants:
            groups: tuple[Group, ...] = ()
        else:
            groups = make_plan(replace(mine, scenarios=(name,)), {name: entry}, runtime).groups
    except InputError as error:
        return {"problem": str(error).replace(f"{checkout}{os.sep}", "")}
    if not _is_in(catalog.file_of(source), checkout):
        return {"problem": f"{name}: is no scenario of this repository; --against compares those"}
    return {
        "source": source,
        "title": scenario.title,
        "variants": variants,
        "parameters": parameters,
        "groups": [
            {
                "scenario": group.scenario,
                "params": group.params,
                "variants": group.variants,
                "unavailable": group.unavailable,
            }
            for group in groups
        ],
    }


def _registered(name: str) -> str:
    """Return the module of a scenario that an installed package registers."""
    entries = catalog.known()
    if name not in entries:
        raise UnknownNameError("scenario", name, entries)
    return entries.sources[name]


def _known_here(selection: Selection, variants: list[str], parameters: list[str]) -> Selection:
    """Return *selection* without the names that this version does not have."""
    return replace(
        selection,
        preset=DEFAULT_PRESET,  # how it is measured is not decided here
        only=None,
        variants=tuple(each for each in selection.variants if each in variants),
        params=tuple((name, values) for name, values in selection.params if name in parameters),
        baseline=selection.baseline if selection.baseline in variants else None,
    )


def _strangers(checkout: Path, elsewhere: list[Path]) -> Iterable[str]:
    """Yield what was imported, and is that of another version: by its folder, or by its name."""
    offered = {
        path.stem
        for folder in (checkout, checkout / "src")
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    offered -= sys.stdlib_module_names | _NO_MODULES
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or _is_in(file, checkout):
            continue
        if name == "__main__" or name.partition(".")[0] == "harness":  # this file, and the rest
            continue
        # An environment may be inside of the repository, but what it has is installed.
        installed = not _INSTALLED.isdisjoint(Path(file).parts)
        if name in offered or (not installed and any(_is_in(file, each) for each in elsewhere)):
            yield f"{name} from {file}"


def _is_in(file: str, folder: Path) -> bool:
    return Path(os.path.realpath(file)).is_relative_to(folder)


if __name__ == "__main__":
    main()
