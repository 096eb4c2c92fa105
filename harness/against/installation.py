"""Installation: an environment of its own for a checkout, in which its package is installed.

It sees all packages of the environment that it is made from, but not the user's own package
there: that one comes from the checkout.
"""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import InputError
from harness.program import plain, run_program, telling

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Surroundings", "install", "is_awaitbench", "is_installable", "surroundings"]

# Asked of the interpreter that the environments are made from, as it starts without PYTHONPATH.
_QUESTION = """
import importlib.metadata, importlib.util, json, sys
editable = []
for found in importlib.metadata.distributions():
    try:
        where = json.loads(found.read_text("direct_url.json") or "{}")
        if where.get("dir_info", {}).get("editable"):
            lines = [line for file in found.files or () if file.name.endswith(".pth")
                     for line in file.locate().read_text(encoding="utf-8").splitlines()
                     if line.startswith("import ")]
            editable.append([where["url"], lines])
    except (OSError, ValueError, KeyError):
        pass
pip = importlib.util.find_spec("pip") is not None
print(json.dumps({"prefix": sys.prefix, "path": sys.path, "editable": editable, "pip": pip}))
"""
# Python takes .pth files in the order of their names: after those of the checkout's own package,
# which has to be found first.
_PTH = "zzz_awaitbench_surroundings.pth"
# The finder of a package that is installed as editable is asked after the path; the path holds
# the package once more where it is installed in the surroundings as a copy. Only finders of this
# environment: one of the surroundings may know another copy of the harness.
_FINDERS_FIRST = (
    "import sys; sys.meta_path.sort(key=lambda finder: not str(getattr(sys.modules.get("
    "getattr(finder, '__module__', '')), '__file__', '')).startswith(sys.prefix))"
)
# pip says so where the packages that build are not there, or not in the versions wanted.
_NO_BACKEND = ("build dependencies", "Cannot import", "BackendUnavailable", "No module named")


@dataclass(frozen=True)
class Surroundings:
    """What the environment of *python* has: its path, its prefix, and its editable packages.

    *editable* has for each of those the address of its folder, and the lines that make it found;
    *pip* is the interpreter whose pip installs.
    """

    python: str
    prefix: Path
    path: tuple[Path, ...]
    editable: tuple[tuple[str, tuple[str, ...]], ...]
    pip: str

    def inside(self, top: Path) -> tuple[Path, ...]:
        """Return what of its path is in the repository at *top*, and is no environment there."""
        return tuple(each for each in self.path if self.is_source(each, top))

    def is_source(self, path: Path, top: Path) -> bool:
        """Tell whether *path* is in the repository at *top*, and not in an environment there."""
        in_environment = self.prefix.is_relative_to(top) and path.is_relative_to(self.prefix)
        return path.is_relative_to(top) and not in_environment


def surroundings(python: str) -> Surroundings:
    """Ask the interpreter *python* what its environment has; InputError if it cannot say."""
    ended = run_program([python, "-P", "-c", _QUESTION], environment=plain(), patience=60)
    try:
        said: dict[str, Any] = json.loads(ended.output.strip().splitlines()[-1])
        return Surroundings(
            python,
            Path(said["prefix"]).resolve(),
            tuple(Path(each).resolve() for each in said["path"] if each),
            tuple((url, tuple(lines)) for url, lines in said["editable"]),
            # An environment that awaitbench has made has none.
            python if said["pip"] else sys.executable,
        )
    except (ValueError, IndexError, KeyError, TypeError):
        raise InputError(
            f"--python {python}: cannot measure ({telling(ended.errors)}); it needs Python 3.11 "
            "or later"
        ) from None


def is_installable(project: Path) -> bool:
    """Tell whether pip can install the folder *project*."""
    try:
        text = (project / "pyproject.toml").read_text(encoding="utf-8")
        declared = tomllib.loads(text)
    except FileNotFoundError:
        declared = {}
    except (OSError, ValueError):
        return True  # pip says what is wrong with it
    return bool({"build-system", "project"} & {*declared}) or (project / "setup.py").is_file()


def is_awaitbench(project: Path) -> bool:
    """Tell whether *project* has the harness itself, of which there can be only one."""
    return (project / "harness" / "measure" / "child.py").is_file()


def install(project: Path | None, folder: Path, around: Surroundings, top: Path, name: str) -> Path:
    """Make an environment at *folder*, with *project* installed, and return its interpreter.

    *top* is the user's repository, none of whose sources are found there; *name* is what the
    version is called in an error. InputError when it cannot be made or installed.
    """
    python = folder / "bin" / "python"
    # What pip leaves behind when it is killed goes with the environments.
    scratch = folder.with_name(f"{folder.name}-scratch")
    scratch.mkdir()
    environment = {**plain(), "TMPDIR": str(scratch)}
    ended = run_program(
        [around.python, "-m", "venv", "--without-pip", folder], environment=environment
    )
    if ended.code != 0:
        raise InputError(
            f"--against: no environment can be made for {name} "
            f"({telling(ended.errors or ended.output)})"
        )
    where = run_program(
        [python, "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    )
    (Path(where.output.strip()) / _PTH).write_text(_lines(around, top), encoding="utf-8")
    if project is not None:
        _install_editable(project, python, around, name, environment)
    return python


def _lines(around: Surroundings, top: Path) -> str:
    path = [str(each) for each in around.path if not around.is_source(each, top)]
    others = [
        line
        for url, lines in around.editable
        if not Path(url.removeprefix("file://")).is_relative_to(top)
        for line in lines
    ]
    return "\n".join([_FINDERS_FIRST, *path, *others, ""])


def _install_editable(
    project: Path, python: Path, around: Surroundings, name: str, environment: Mapping[str, str]
) -> None:
    """Install without the network where what builds the package is there, else with it."""
    pip: list[str | Path] = [
        around.pip,
        "-P",
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-input",
    ]
    pip += ["--disable-pip-version-check", "--quiet", "--no-deps"]
    options = ["--no-build-isolation", "--check-build-dependencies"]
    ended = run_program([*pip, *options, "--editable", project], environment=environment)
    if ended.code != 0 and any(told in ended.errors + ended.output for told in _NO_BACKEND):
        ended = run_program([*pip, "--editable", project], environment=environment)
    if ended.code != 0:
        raise InputError(
            f"--against: {name} cannot be installed ({telling(ended.errors or ended.output)}); "
            "try: pip install -e . in a checkout of it, or --no-install to import it from there"
        )
