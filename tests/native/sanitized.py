"""Runs ValueTask's tests with the extension built under the compiler's sanitizers.

``python -m tests.native.sanitized [pytest's arguments]``; `make sanitize` runs it. The first
read of freed memory, write past an end or undefined operation ends the process, and its report
is shown. Warnings of the compiler are errors, and the C code's assertions are on. After the
tests each path of ``paths.py`` is used; then all of it is done again without the free lists,
which hide from the sanitizers what is dead.

The tests run in a copy of the project: the one that is measured stays as it is. Python itself
is not built with the sanitizers: their libraries are loaded before it, and its objects are
allocated by malloc, which they watch. CPython does not free everything at its exit, so that
leaks are looked for elsewhere (``leaks.py``).
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from tests.native.copied import EXTENSION, ROOT, build_extension, copy_project

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__: list[str] = []

# Pytest must not take what the process says when it ends: it would not come to show it.
PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "--capture=sys")
BUILDS = {"with-free-lists": "", "without-free-lists": " -DFREE_LIST_SIZE=0"}
# Those that run C code: a test of both implementations has the name of its one in brackets.
# Types are mypy's to find.
TESTS = (
    *("-k", "native", "tests/valuetask", "--ignore=tests/valuetask/test_typing.py"),
    "tests/native/test_interpreters.py",
)
PATHS = ("-m", "tests.native.leaks", "--uses", "300")

# -UNDEBUG: Python's own flags switch assert() off.
COMPILE = (
    "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g -O1 "
    "-UNDEBUG -Wall -Wextra -Werror"
)


class CannotSanitizeError(Exception):
    """The extension, or the sanitizers' libraries, cannot be had here."""


def build(folder: Path, compile_with: str) -> None:
    """Build the extension in a copy of the project at *folder*."""
    copy_project(folder, "scenarios", "tests", "docs")
    built = build_extension(folder, CFLAGS=compile_with, LDFLAGS="-fsanitize=address,undefined")
    if built.returncode or not (folder / EXTENSION).is_file():  # which is optional
        raise CannotSanitizeError(f"the extension was not built:\n{built.stdout}")


def environment(reports: Path) -> dict[str, str]:
    """Return the environment in which a process ends at the first error.

    Errors of memory are told in *reports*, also those of processes whose output nobody reads;
    undefined operations on standard error, because libubsan knows no other place here.
    """
    return {
        **os.environ,
        "LD_PRELOAD": " ".join(map(_library, ("asan", "ubsan"))),
        "ASAN_OPTIONS": f"detect_leaks=0:halt_on_error=1:log_path={reports}/report",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        "PYTHONMALLOC": "malloc",
    }


def run(folder: Path, command: Sequence[str]) -> tuple[int, str]:
    """Run Python with *command* in the copy *folder*; return its status and the reports."""
    reports = folder / "sanitizers"
    reports.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment(reports), check=False
    )
    texts = [path.read_text(errors="replace") for path in sorted(reports.iterdir())]
    return done.returncode, "\n".join(texts)


def _library(name: str) -> str:
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    try:
        told = subprocess.run(
            [compiler, f"-print-file-name=lib{name}.so"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotSanitizeError(f"{compiler} does not say where lib{name} is: {error}") from None
    if not (path := Path(told.stdout.strip())).is_absolute():
        raise CannotSanitizeError(f"{compiler} has no lib{name}.so: this needs Linux and gcc")
    return str(path.resolve())


def _main(arguments: list[str]) -> str | int:
    for name, macro in BUILDS.items():
        folder = ROOT / "build" / "sanitized" / f"{sys.implementation.cache_tag}-{name}"
        _say(f"sanitize: {name}")
        try:
            build(folder, COMPILE + macro)
            status, reports = run(folder, [*PYTEST, *(arguments or TESTS)])
            if not (status or reports or arguments):
                status, reports = run(folder, PATHS)
        except CannotSanitizeError as error:
            return f"sanitize: {error}"
        if reports:
            return f"sanitize: the sanitizers found\n{reports}"
        if status:
            return status
    return 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
