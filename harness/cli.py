"""Command line: ``awaitbench COMMAND``, the same as ``python -m harness COMMAND``."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from harness._version import __version__
from harness.errors import AwaitbenchError
from harness.importing import make_importable
from harness.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from harness.scenario import Scenario

__all__ = ["COMMANDS", "entry", "main", "run_scenario"]

COMMANDS = (
    "list",
    "new",
    "run",
    "show",
    "report",
    "compare",
    "history",
    "check",
    "profile",
    "doctor",
)
_INTERRUPTED = 130
_BROKEN_PIPE = 141


class _Parser(argparse.ArgumentParser):
    """Answers bad usage with one line instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        told = " ".join(message.splitlines())
        self.exit(2, f"{self.prog}: {told}; see {self.prog} --help\n")


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return what reads *arguments*: only the command that they name is imported, all for help."""
    parser = _Parser(
        prog="awaitbench",
        description="What a sync-or-async call costs in asyncio, in time and in allocations, "
        "by the strategy that hands its answer over.",
    )
    parser.add_argument("--version", action="version", version=f"awaitbench {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    named = arguments[0] if arguments and arguments[0] in COMMANDS else None
    for name in COMMANDS:
        if named not in (name, None):
            commands.add_parser(name)
            continue
        command: Any = import_module(f"harness.command.{name}")
        told = (command.__doc__ or "").strip()
        child = commands.add_parser(name, help=told.splitlines()[0].rstrip("."), description=told)
        command.add_arguments(child)
        child.set_defaults(execute=command.execute)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; every error is one line on standard error."""
    if sys.platform == "win32":
        return _told("Windows has no fork(), by which awaitbench measures; use Linux, macOS or WSL")
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        args = _parser(arguments).parse_args(arguments)
        code: int = args.execute(args)
        sys.stdout.flush()
    except AwaitbenchError as error:
        _told(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _told("interrupted")
        return _INTERRUPTED
    except BrokenPipeError:  # the reader, say `head`, had enough
        _drop_output()
        return _BROKEN_PIPE
    except OSError as error:  # the table has nowhere to go: what was measured is stored by now
        _drop_output()
        return _told(f"standard output cannot be written, or another file not used ({error})")
    return code


def run_scenario(scenario: Scenario[Any, Any, Any]) -> NoReturn:
    """Be the command line of one scenario file: ``python FILE.py …`` measures just it."""
    module: ModuleType = sys.modules["__main__"]
    program = Path(str(module.__file__))
    spec = getattr(module, "__spec__", None)
    package, _, name = ("", "", "") if spec is None else spec.name.rpartition(".")
    source = name if package == "scenarios" else str(program)
    if source == str(program):
        # Python has put its folder first: from now on, a file there hides no module of Python's.
        if sys.path[:1] == [str(program.parent)]:
            del sys.path[0]
        make_importable(program.parent, program.stem)
    raise SystemExit(main(["run", source, *sys.argv[1:]]))


def entry() -> NoReturn:
    """Be the console command ``awaitbench``."""
    raise SystemExit(main())


def _drop_output() -> None:
    """Keep Python from writing at its exit what could not be written now.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(message: str) -> int:
    # What it names may be anybody's: a scenario's, or a stored run's.
    sys.stderr.write(f"awaitbench: {printable(message)}\n")
    return 2
