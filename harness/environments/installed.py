"""Installed: which of the packages that a scenario file declares an interpreter lacks."""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

from harness.environments.kept import cache_folder
from harness.errors import InputError
from harness.program import plain, run_program, telling

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.environments.python import Python

__all__ = ["lacking"]

_QUESTION = """
import json, sys
from importlib import metadata
found = {}
for name in json.loads(sys.argv[1]):
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def lacking(python: Python, requirements: Sequence[str]) -> list[str]:
    """Return those of *requirements* that are not met by what *python* has installed.

    What these need themselves is not looked at, nor where a package comes from.
    """
    wanted = [
        requirement
        for requirement in map(Requirement, requirements)
        if requirement.marker is None or requirement.marker.evaluate(_markers(python))
    ]
    names = [requirement.name for requirement in wanted]
    found = (_here(names) if python.is_this else _there(python, names)) if names else {}
    return [
        str(requirement)
        for requirement in wanted
        if requirement.name not in found
        or not requirement.specifier.contains(found[requirement.name], prereleases=True)
    ]


def _markers(python: Python) -> dict[str, str]:
    """Return what tells in a marker that interpreter from this one, on the same machine."""
    names = {"cpython": "CPython", "pypy": "PyPy"}
    return {
        "python_version": ".".join(python.version.split(".")[:2]),
        "python_full_version": python.version.rstrip("+"),
        "implementation_name": python.implementation,
        "platform_python_implementation": names.get(python.implementation, python.implementation),
    }


def _here(names: Iterable[str]) -> dict[str, str]:
    # Not what is on the path for a while only, from an environment that is kept.
    path = [each for each in sys.path if not Path(each).is_relative_to(cache_folder())]
    found = (
        (name, next(iter(metadata.distributions(name=name, path=path)), None)) for name in names
    )
    return {name: distribution.version for name, distribution in found if distribution is not None}


def _there(python: Python, names: Iterable[str]) -> dict[str, Any]:
    command = [python.executable, "-P", "-c", _QUESTION, json.dumps([*names])]
    ended = run_program(command, environment=plain(), patience=60)
    try:
        found = json.loads(ended.output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise InputError(
            f"{python.name}: cannot say which packages it has ({telling(ended.errors)})"
        ) from None
    return dict(found)
