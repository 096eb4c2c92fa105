"""Runtimes: the interpreters and event loops of a run, as the command line names them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.command.interpreters import environment_of, probed
from harness.errors import InputError
from harness.measure.environment import runtime_of
from harness.measure.lacking import check_counts, without
from harness.plan import DEFAULT_LOOP, LOOPS

if TYPE_CHECKING:
    from argparse import ArgumentParser, _ArgumentGroup
    from collections.abc import Mapping, Sequence

    from harness.measure.crew import Interpreter
    from harness.plan import Runtime

__all__ = ["Runtimes", "add_runtimes", "choose_runtimes"]


@dataclass(frozen=True)
class Runtimes:
    """Where a run is measured.

    interpreters
        That of each runtime, in the order in which they were named: interpreter by interpreter.
    said
        What each says of itself, see :func:`harness.measure.environment.probe`.
    start
        Seconds in which all interpreters start, one after the other.
    problems
        Why others cannot be used, a line each.
    own
        The names of those that measure in an environment of awaitbench's own: no package that the
        user has installed is there.
    """

    interpreters: Mapping[Runtime, Interpreter]
    said: Mapping[Runtime, Mapping[str, str | bool]]
    start: float
    problems: tuple[str, ...] = ()
    own: tuple[str, ...] = ()

    def reading(self, sources: Mapping[str, str]) -> Runtimes:
        """Return the same, with *sources* of scenarios by name."""
        found = {
            runtime: replace(interpreter, sources=sources)
            for runtime, interpreter in self.interpreters.items()
        }
        return replace(self, interpreters=found)


def add_runtimes(parser: ArgumentParser | _ArgumentGroup) -> None:
    """Declare on what a run is measured."""
    parser.add_argument(
        "--loop",
        action="append",
        default=[],
        metavar="LOOP",
        help="asyncio (default) or uvloop; repeat it to measure on both, side by side",
    )
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="EXE",
        help="measure under this interpreter: a path, a command, or a version as 3.13 (default: "
        "this one); repeat it to measure under several, side by side",
    )


def choose_runtimes(
    pythons: Sequence[str],
    loops: Sequence[str],
    files: Sequence[str] = (),
    *,
    only: str | None = None,
) -> Runtimes:
    """Return the runtimes of each interpreter with each event loop, to measure scenario *files*.

    Without *pythons*, of the interpreter that runs this. InputError where none is left; where one
    of several cannot be used, be it that it cannot measure what *only* names, the others are.
    """
    names: list[str | None] = [*dict.fromkeys(pythons)]
    loops = list(dict.fromkeys(loops)) or [DEFAULT_LOOP]
    interpreters: dict[Runtime, Interpreter] = {}
    said: dict[Runtime, Mapping[str, str | bool]] = {}
    problems: list[str] = []
    own: list[str] = []
    start = 0.0
    for name in names or [None]:
        try:
            environment = environment_of(name, files)
            began = time.monotonic()
            interpreter, answer = probed(environment)
            start += time.monotonic() - began
            check_counts(only, environment.python.name, interpreter.without_memray)
        except InputError as error:
            if len(names) < 2:
                raise
            problems.append(str(error))
            continue
        if environment.own:
            own.append(environment.python.name)
        for runtime in _runtimes_of(answer, loops):
            if runtime in interpreters:
                raise InputError(
                    f"--python {name}: is {runtime.implementation} {runtime.python}, as "
                    f"{interpreters[runtime].executable} is; name one of them"
                )
            interpreters[runtime], said[runtime] = interpreter, answer
    if not interpreters:
        raise InputError("; ".join(problems))
    return Runtimes(interpreters, said, start, tuple(problems), tuple(own))


def _runtimes_of(said: Mapping[str, str | bool], loops: Sequence[str]) -> list[Runtime]:
    """Return the runtimes of one interpreter, those that lack their event loop marked as such."""
    found = []
    for loop in loops:
        try:
            found.append(runtime_of(said, loop))
        except InputError:
            if len(loops) == 1 or loop not in LOOPS:
                raise
            reason = f"needs {loop}, which {without(said, loop)}"
            found.append(replace(runtime_of(said, DEFAULT_LOOP), loop=loop, without_loop=reason))
    return found
