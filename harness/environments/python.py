"""Python: an interpreter on this machine, and what it says of itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import Any

from harness.errors import InputError
from harness.program import plain

__all__ = ["OLDEST", "Python", "ask_python", "this_python"]

OLDEST = (3, 11)
_PATIENCE = 30.0  # seconds

# Run by any interpreter, be it one of Python 2: what is too old has to say so. What the working
# directory holds is not what it imports.
_WITHOUT_HERE = "import sys\nsys.path = [each for each in sys.path if each]\n"
_QUESTION = """
import platform, sys
said = {
    "executable": sys.executable,
    "version": platform.python_version(),
    "release": list(sys.version_info[:2]),
    "implementation": platform.python_implementation().lower(),
    "build": " ".join(sys.version.split()),
    "prefix": sys.prefix,
}
if sys.version_info >= (3, 11):
    import importlib.machinery, importlib.util
    said["abi"] = importlib.machinery.EXTENSION_SUFFIXES[0]
    said["base"] = getattr(sys, "_base_executable", None) or sys.executable
    said["in_environment"] = sys.prefix != sys.base_prefix
    said["modules"] = [name for name in ("pyperf", "memray") if importlib.util.find_spec(name)]
    # Not by all finders: to look for pip, setuptools' replaces a distutils that is imported.
    find = importlib.machinery.PathFinder.find_spec
    said["modules"] += [name for name in ("pip", "venv") if find(name)]
"""
_ANSWER = "import json\nprint(json.dumps(said))\n"


@dataclass(frozen=True)
class Python:
    """An interpreter that can measure: CPython, or another, of Python 3.11 or later.

    abi
        The ending of the extension modules that it loads.
    base
        The executable that it is, or that its virtual environment was made from.
    build
        Its version with date and compiler: another build of the same version is another one.
    modules
        Which of pyperf, memray, pip and venv it finds.
    """

    executable: str
    version: str
    implementation: str
    build: str
    abi: str
    base: str
    prefix: str
    in_environment: bool
    modules: frozenset[str]

    @property
    def free_threaded(self) -> bool:
        """Whether it is built to run without the GIL."""
        return re.search(r"cpython-\d+d?t", self.abi) is not None

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.implementation} {self.version}{'t' if self.free_threaded else ''}"

    @property
    def is_this(self) -> bool:
        """Whether it is the one that runs this very process, in the same environment."""
        return (self.base, self.prefix) == (this_python().base, this_python().prefix)

    @property
    def identity(self) -> tuple[str, ...]:
        """What decides which packages and extension modules fit it."""
        return (self.implementation, self.build, self.abi, self.base)


@cache
def this_python() -> Python:
    """Return the interpreter that runs this process."""
    names: dict[str, Any] = {}
    exec(_QUESTION, names)
    return _read(names["said"])


def ask_python(executable: str, asked: str) -> Python:
    """Return what the interpreter *executable* says of itself.

    *asked* is what the user calls it, in an InputError: it cannot be run, is no Python, or too old.
    """
    try:
        done = subprocess.run(
            [executable, "-E", "-s", "-c", _WITHOUT_HERE + _QUESTION + _ANSWER],
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE,
            env=plain(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"--python {asked}: says nothing within {_PATIENCE:g} s") from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise InputError(f"--python {asked}: cannot be run ({reason})") from None
    try:
        # The last line: what sitecustomize prints comes before it.
        said = json.loads(done.stdout.strip().splitlines()[-1])
        release = tuple(map(int, said["release"]))
        name = f"{said['implementation']} {said['version']}"
        python = _read(said) if release >= OLDEST else None
    except (ValueError, IndexError, KeyError, TypeError):
        last = done.stderr.strip().splitlines()[-1:]
        told = f" ({last[0]})" if last else ""
        raise InputError(f"--python {asked}: is not a Python interpreter{told}") from None
    if python is None:
        wanted = ".".join(map(str, OLDEST))
        raise InputError(f"--python {asked}: is {name}; awaitbench needs Python {wanted} or later")
    return python


def _read(said: dict[str, Any]) -> Python:
    return Python(
        executable=str(said["executable"]),
        version=str(said["version"]),
        implementation=str(said["implementation"]),
        build=str(said["build"]),
        abi=str(said["abi"]),
        base=os.path.realpath(said["base"]),
        prefix=os.path.realpath(said["prefix"]),
        in_environment=bool(said["in_environment"]),
        modules=frozenset(said["modules"]),
    )
