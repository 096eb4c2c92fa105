"""A small repository of a user: a package, and a scenario file that imports it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = """\
[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"

[project]
name = "mycache"
version = "1"

[tool.setuptools]
packages = ["mycache"]
{where}
[project.entry-points."awaitbench.scenarios"]
registered = "mycache.registered"
"""

PACKAGE = '''\
"""A cache, all of which is there."""


async def get(key):
    {first}
    return key
'''

SCENARIO = '''\
"""A read of the cache."""

import asyncio
from contextlib import asynccontextmanager

from harness import Parameter, Scenario, sync_pattern

import mycache


@asynccontextmanager
async def setup(params):
    yield None


async def coroutine(state, request):
    return await mycache.get(request)


def task(state, request):
    return asyncio.create_task(mycache.get(request))


SCENARIO = Scenario(
    title="A read of the cache",
    setup=setup,
    requests=lambda state, params: sync_pattern(params),
    variants=(coroutine, task),
    sweep={"sync_ratio": (1.0,)},
)
'''


class Project:
    """A git repository at *top*, with the package ``mycache`` and ``bench/lookup.py``."""

    def __init__(self, top: Path, package: str = "src/mycache") -> None:
        self.top = top
        self.package = package

    def git(self, *words: str) -> str:
        """Call git in it, as somebody, and return what it says."""
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        return subprocess.run(
            ["git", *who, *words], cwd=self.top, check=True, capture_output=True, text=True
        ).stdout.strip()

    def write(self, name: str, text: str) -> Path:
        """Write a file of it."""
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def write_package(self, first: str = "pass") -> None:
        """Write the package; *first* is done in each operation."""
        self.write(f"{self.package}/__init__.py", PACKAGE.format(first=first))

    def commit(self, message: str = "A commit") -> str:
        """Commit all of it, and return the hash."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def worktrees(self) -> list[str]:
        """Return the worktrees that git knows of."""
        return self.git("worktree", "list", "--porcelain").split("\n\n")


def make_project(top: Path, package: str = "src/mycache") -> Project:
    """Make the repository, with one commit."""
    top.mkdir()
    project = Project(top, package)
    project.git("init", "--quiet", "--initial-branch=main", ".")
    where = 'package-dir = { "" = "src" }' if package.startswith("src/") else ""
    project.write("pyproject.toml", PYPROJECT.format(where=where))
    project.write(".gitignore", "__pycache__\nresults\n*.egg-info\nignored*\n")
    project.write_package()
    project.write("bench/lookup.py", SCENARIO)
    project.commit("The first one")
    return project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Give the repository as the working directory, with one commit and nothing changed."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    made = make_project(tmp_path / "project")
    monkeypatch.chdir(made.top)
    return made
