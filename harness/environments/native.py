"""Native: the ValueTask in C, compiled for another interpreter as setuptools would compile it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import InputError, without_paths
from harness.program import plain, run_program, telling

if TYPE_CHECKING:
    from harness.environments.python import Python

__all__ = ["FLAGS", "Compiler", "compile_native", "compiler_for"]

FLAGS = ("-Wall", "-Wextra", "-fvisibility=hidden")  # as in setup.py: a test compares
_QUESTION = """
import json, os, sysconfig
told = {name: sysconfig.get_config_var(name) or "" for name in
        ("CC", "CFLAGS", "CCSHARED", "LDSHARED")}
paths = sysconfig.get_paths()
told["include"] = [paths["include"], paths["platinclude"]]
print(json.dumps(told))
"""


@dataclass(frozen=True)
class Compiler:
    """The command that compiles an extension module for one interpreter.

    *lacking* says why there is none; empty where there is.
    """

    command: tuple[str, ...] = ()
    lacking: str = ""


def compiler_for(python: Python) -> Compiler:
    """Return what compiles for *python*: its own compiler unless the variable ``CC`` names one.

    ``CFLAGS`` and ``LDFLAGS`` add to its own.
    """
    ended = run_program(
        [python.executable, "-E", "-P", "-c", _QUESTION], environment=plain(), patience=60
    )
    try:
        told = json.loads(ended.output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return Compiler(lacking=f"it does not say how it was built ({telling(ended.errors)})")
    link = shlex.split(told["LDSHARED"])
    if not link:
        return Compiler(lacking="it does not say how extension modules are linked")
    asked = shlex.split(os.environ.get("CC", ""))
    wanted = [asked] if asked else [shlex.split(told["CC"]) or ["cc"], ["cc"]]
    found = next((each for each in wanted if shutil.which(each[0])), None)
    if found is None:
        return Compiler(lacking=f"there is no C compiler: {wanted[0][0]} is not installed")
    headers = [Path(each) for each in told["include"]]
    if not any((each / "Python.h").is_file() for each in headers):
        return Compiler(lacking="Python.h is not there: its headers are not installed")
    own = shlex.split(told["CC"])
    link = link[len(own) :] if own and link[: len(own)] == own else link[1:]
    flags = [told["CFLAGS"], os.environ.get("CFLAGS", ""), told["CCSHARED"]]
    command = [*found, *link, *shlex.split(os.environ.get("LDFLAGS", ""))]
    command += [word for text in flags for word in shlex.split(text)]
    command += [f"-I{each}" for each in dict.fromkeys(headers)]
    return Compiler((*command, *FLAGS))


def compile_native(compiler: Compiler, sources: Path, target: Path) -> str:
    """Compile the C files in *sources* to *target*; return why that failed, empty if it did not."""
    if compiler.lacking:
        return compiler.lacking
    files = sorted(str(path) for path in sources.glob("*.c"))
    try:
        ended = run_program([*compiler.command, *files, "-o", target], environment=plain())
    except InputError as error:
        return without_paths(str(error))
    if ended.code != 0 or not target.is_file():
        target.unlink(missing_ok=True)
        errors = [line for line in ended.errors.splitlines() if "error" in line.lower()]
        told = errors[0] if errors else telling(ended.errors)
        name = Path(compiler.command[0]).name
        return without_paths(f"{name} fails with exit code {ended.code}: {told}")
    return ""
