"""Packages: a virtual environment with what a measuring child needs, and nothing more.

Made with uv where there is one, else with venv and pip: this interpreter's, or the other's own.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.environments.kept import Make, keep, key_of
from harness.environments.python import this_python
from harness.errors import InputError, without_paths
from harness.measure.lacking import CPYTHON_ONLY, PACKAGES
from harness.program import plain, run_program, telling

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harness.environments.kept import Kept, Progress
    from harness.environments.python import Python

__all__ = ["NEEDED", "WISHED", "kept_packages"]

# As pyproject.toml has them: a test compares. aiosqlite is what shipped scenarios import.
NEEDED = ("pyperf>=2.9", "psutil>=5.9", "aiosqlite>=0.20")
# Without these it measures less: no allocations, no second event loop.
WISHED = ("memray>=1.19", "uvloop>=0.21")

_TIMES = "pyperf"  # without it nothing can be measured
_LAYOUT = 1  # another number has all environments made again
_ADDRESS = re.compile(r"\w+://\S+")
_UNREACHED = "is the package index within reach?"
_NOT_FOUND = re.compile(
    r"no matching distribution|no solution|not found in|not find|fetch|connect|resolve|timed out"
    r"|dns|network",
    re.IGNORECASE,
)
# Asked of the interpreter of the environment: what it holds, and what of it cannot be imported.
_QUESTION = """
import json, sys
from importlib import import_module, metadata
packages = {each.metadata["Name"].lower(): each.version for each in metadata.distributions()}
broken = {}
for name in json.loads(sys.argv[1]):
    try:
        import_module(name)
    except Exception as error:
        broken[name] = f"cannot be imported: {type(error).__name__}: {error}".splitlines()[0]
print(json.dumps([dict(sorted(packages.items())), broken]))
"""


def kept_packages(python: Python, requirements: Sequence[str], progress: Progress) -> Kept:
    """Return the environment for *python* with *requirements*; its interpreter is bin/python.

    Its stamp has under ``packages`` the versions that it holds, under ``lacking`` why it is without
    memray or uvloop. InputError, one line, where it cannot be made.
    """
    key = key_of(_LAYOUT, python.identity, NEEDED, WISHED, sorted(requirements))
    what = f"no environment can be made for {python.name}"

    def fill(folder: Path) -> dict[str, Any]:
        progress.making()
        return _filled(python, [*requirements], folder, what)

    name = f"{python.implementation}-{python.version}-{key}"
    return keep(name, Make(fill, progress.waiting, what))


def _filled(python: Python, requirements: list[str], folder: Path, what: str) -> dict[str, Any]:
    reasons = []
    for installer in _installers(python):
        shutil.rmtree(folder)
        if not (reason := installer.made(folder)):
            lacking, reason = _install(installer, python, requirements, folder)
        if not reason:
            packages, broken = _held(folder)
            if _TIMES not in broken:
                return {
                    "python": python.name,
                    "for": key_of(python.identity),
                    "packages": packages,
                    "lacking": {**broken, **lacking},
                    "requirements": requirements,
                }
            reason = f"{_TIMES} {broken[_TIMES]}"  # not kept: the next run makes it again
        reasons.append(f"{installer.name}: {_shown(reason)}")
    if not reasons:
        raise InputError(
            f"{what}: there is neither uv nor pip; install uv, or pip: "
            f"{python.executable} -m ensurepip"
        )
    hint = f"; {_UNREACHED}" if any(_NOT_FOUND.search(reason) for reason in reasons) else ""
    raise InputError(f"{what} ({'; '.join(reasons)}){hint}")


def _install(
    installer: _Installer, python: Python, requirements: list[str], folder: Path
) -> tuple[dict[str, str], str]:
    """Install all that can be; return what of the wished is lacking, and why nothing could be."""
    lacking = {} if python.implementation == "cpython" else {"memray": CPYTHON_ONLY}
    wished = [each for each in WISHED if _name(each) not in lacking]
    needed = [*NEEDED, *requirements]
    reason = installer.installed(folder, [*needed, *wished])
    if not reason or not any(_name(each) in reason for each in wished):
        return lacking, telling(reason) if reason else ""
    if reason := installer.installed(folder, needed):
        return lacking, telling(reason)
    for each in wished:
        if reason := installer.installed(folder, [*needed, each]):
            lacking[_name(each)] = f"cannot be installed: {_shown(telling(reason))}"
    return lacking, ""


@dataclass(frozen=True)
class _Installer:
    """One way to make an environment, and to install into it.

    make
        The command that makes one, but for its folder.
    install
        The command that installs, but for the interpreter into whose environment, and what
        follows on that.
    """

    name: str
    make: tuple[str, ...]
    install: tuple[str, ...]
    options: tuple[str, ...]

    def made(self, folder: Path) -> str:
        """Make the environment; return why it cannot be, in one line, empty when it is made."""
        ended = run_program([*self.make, str(folder)], environment=plain())
        return "" if ended.code == 0 else telling(ended.errors or ended.output)

    def installed(self, folder: Path, requirements: Sequence[str]) -> str:
        """Install; return all that was said when that failed, empty when it is done."""
        into = [*self.install, str(folder / "bin" / "python"), *self.options]
        # Where there is no wheel of it, nobody waits for it to be built: it is only wished for.
        command = [*into, "--only-binary", "uvloop", *requirements]
        ended = run_program(command, environment=plain())
        return "" if ended.code == 0 else f"{ended.output}\n{ended.errors}".strip() or "it failed"


def _installers(python: Python) -> Iterator[_Installer]:
    if uv := shutil.which("uv"):
        yield _Installer(
            "uv",
            (uv, "venv", "--quiet", "--no-project", "--python", python.executable),
            (uv, "pip", "install", "--python"),
            ("--quiet",),
        )
    with_pip = [each for each in (this_python(), python) if "pip" in each.modules]
    if with_pip:
        yield _Installer(
            "pip",
            (python.executable, "-m", "venv", "--without-pip"),
            (with_pip[0].executable, "-P", "-m", "pip", "--python"),
            ("install", "--quiet", "--no-input", "--disable-pip-version-check"),
        )


def _held(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the versions of what the environment holds, and why packages are of no use there."""
    names = json.dumps([_TIMES, *PACKAGES])
    ended = run_program([folder / "bin" / "python", "-I", "-c", _QUESTION, names], patience=60)
    try:
        packages, broken = json.loads(ended.output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise InputError(
            f"{folder.name}: the interpreter of a new environment says nothing "
            f"({telling(ended.errors)})"
        ) from None
    return packages, broken


def _name(requirement: str) -> str:
    return re.split(r"[<>=!~; \[]", requirement, maxsplit=1)[0]


def _shown(reason: str) -> str:
    """Return *reason* as it may be stored: without addresses and folders."""
    return without_paths(_ADDRESS.sub("…", reason))
