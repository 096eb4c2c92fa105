"""Write a commented scenario file to start from; it runs as it is."""

from __future__ import annotations

import importlib.util
import keyword
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.command.common import console
from harness.errors import InputError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["TEMPLATE", "add_arguments", "execute"]

TEMPLATE = Path(__file__).with_name("template.py")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "name", metavar="NAME", help="the scenario's name, or the path of its file (dir/NAME.py)"
    )


def execute(args: Namespace) -> int:
    """Run the command and return its exit code."""
    path = Path(args.name if args.name.endswith(".py") else f"{args.name}.py")
    _check(path)
    text = TEMPLATE.read_text(encoding="utf-8").replace("NAME", path.stem)
    # Elsewhere harness is one installed package among others, which linters do not set apart.
    text = text.replace("\n\nfrom harness", "\nfrom harness")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        told = "there already, and not overwritten; choose another name"
        raise InputError(f"{path}: {told}") from None
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); choose another folder or name"
        ) from error
    out = console()
    for line in (f"written: {path}", f"next:    awaitbench run {shlex.quote(str(path))}"):
        out.print(line, highlight=False, markup=False, soft_wrap=True)
    return 0


def _check(path: Path) -> None:
    """InputError for a name that Python, or who reads the results, would stumble over."""
    name = path.stem
    if not name.isidentifier() or keyword.iskeyword(name):
        raise InputError(
            f"{name!r}: expected a name that a module can have: letters, digits and _, not a digit "
            "first, such as user_lookup"
        )
    if name in sys.stdlib_module_names or _is_installed(name):
        raise InputError(
            f"{name}: there is a module of this name, which {path.name} would hide where it is run "
            f"by python; choose another name, such as {name}_scenario"
        )


def _is_installed(name: str) -> bool:
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:  # __main__
        return True
    return spec is not None and spec.loader is not None
