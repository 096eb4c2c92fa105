"""One real environment for all tests, made by pip of wheels that are packed here."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from harness.environments.environment import environment_for
from harness.environments.kept import CACHE
from harness.environments.packages import NEEDED, WISHED
from harness.environments.python import Python, ask_python, this_python
from tests.environments.wheels import pack, pack_module

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.environments.environment import Environment

# A package that is nowhere else, as a scenario file would declare it.
MODULE = "declared_by_a_scenario"


@dataclass(frozen=True)
class Real:
    """An environment that was made for real, what was said meanwhile, and where it is kept."""

    environment: Environment
    said: tuple[str, ...]
    cache: Path
    variables: dict[str, str]
    requirement: str


def bare(python: Python) -> Python:
    """Return *python* as if it were in no virtual environment, and had nothing installed."""
    return replace(
        python,
        prefix="/nowhere",
        in_environment=False,
        modules=python.modules - {"pyperf", "memray"},
    )


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Real:
    """Make an environment for this very version of Python, with a requirement of a scenario's."""
    folder = tmp_path_factory.mktemp("real")
    wheels, cache = folder / "wheels", folder / "cache"
    wheels.mkdir()
    pack(filter(_is_here, (*NEEDED, *WISHED)), wheels)
    requirement = f"{MODULE} @ {pack_module(MODULE, 'ANSWER = 42', wheels).as_uri()}"
    variables = {
        CACHE: str(cache),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PATH": f"{folder}{os.pathsep}{os.defpath}",  # without uv, which has its own settings
        "PIP_CONFIG_FILE": os.devnull,
    }
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        python = bare(ask_python(this_python().base, "the base"))
        environment = environment_for(python, [requirement], said.append)
    return Real(environment, tuple(said), cache, variables, requirement)


def _is_here(requirement: str) -> bool:
    from importlib import metadata

    try:
        return bool(metadata.version(requirement.partition(">")[0]))
    except metadata.PackageNotFoundError:
        return False


@pytest.fixture
def in_cache(real: Real, monkeypatch: pytest.MonkeyPatch) -> Real:
    """Have this test use the cache in which the real environment is kept."""
    for name, value in real.variables.items():
        monkeypatch.setenv(name, value)
    return real


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have this test use an empty cache of its own."""
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str, str], str]:
    """Write an executable that does what a shell script says, and return its path."""

    def write(name: str, script: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return write
