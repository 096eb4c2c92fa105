"""Measure scenarios, store the run, print its table and write its report."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from harness import catalog
from harness.command.common import RESULTS, add_folders, console, error_console, write_report_of
from harness.errors import InputError, UnknownNameError
from harness.measure.crew import Interpreter
from harness.measure.environment import describe, machine_findings, probe, runtime_of
from harness.pipeline import measure_run, now
from harness.plan import (
    DEFAULT_BASELINE,
    DEFAULT_LOOP,
    DEFAULT_PRESET,
    Selection,
    make_plan,
)
from harness.record import Run, RunStatus
from harness.store import RunFolder, check_name, find_run
from harness.strategy import strategy

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Mapping

    from harness.catalog import Entry
    from harness.plan import Runtime

__all__ = ["add_arguments", "execute"]


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "scenarios",
        nargs="*",
        metavar="SCENARIO",
        help="a scenario's name, or the path of a scenario file (FILE.py); all unless given",
    )
    parser.add_argument(
        "-v",
        "--variant",
        action="append",
        default=[],
        metavar="NAME",
        help="measure this variant; repeat for several (default: all)",
    )
    parser.add_argument(
        "-p",
        "--param",
        action="append",
        default=[],
        metavar="NAME=V1,V2",
        help="measure at these values of a parameter; repeat for several (default: the sweep)",
    )
    parser.add_argument(
        "--preset",
        help="how exact: quick, standard or rigorous aim at 5, 2 or 1 %% (default: quick)",
    )
    parser.add_argument(
        "--baseline",
        metavar="NAME",
        help=f"the variant that ratios are taken against (default: {DEFAULT_BASELINE})",
    )
    parser.add_argument("--loop", help="asyncio (default) or uvloop")
    parser.add_argument(
        "--python", metavar="EXE", help="measure under this interpreter (default: this one)"
    )
    parser.add_argument("--only", metavar="INSTRUMENT", help="time or allocations (default: both)")
    parser.add_argument("--name", metavar="RUN", help="the run's name (default: date and preset)")
    add_folders(parser, reports=True)
    parser.add_argument("--no-report", action="store_true", help="write no HTML report")
    parser.add_argument(
        "--seed", type=int, metavar="N", help="seed of requests and sweep order (default: 0)"
    )
    parser.add_argument("--resume", metavar="RUN", help="go on with a run that was interrupted")


def execute(args: Namespace) -> int:
    """Run the command and return its exit code."""
    from harness.report.progress import ProgressDisplay

    run, folder, interpreter = _resumed(args) if args.resume else _new(args)
    with ProgressDisplay(error_console()) as display:
        run = measure_run(run, folder, interpreter, display)
    return _show(run, folder, args)


def _new(args: Namespace) -> tuple[Run, RunFolder, Interpreter]:
    """Plan a new run and make its folder; InputError before anything is measured."""
    entries, names = catalog.find(tuple(args.scenarios))
    interpreter = _interpreter(args, entries)
    said = probe(interpreter)
    selection = Selection(
        scenarios=names,
        variants=tuple(args.variant),
        params=_asked_params(args.param),
        baseline=args.baseline,
        preset=args.preset or DEFAULT_PRESET,
        only=args.only,
        seed=args.seed or 0,
    )
    loop = args.loop or DEFAULT_LOOP
    plan = make_plan(selection, entries, runtime_of(said, loop))
    started = now()
    name = args.name or f"{started[:19].replace(':', '').replace('T', '-')}-{plan.preset.name}"
    run = Run(
        name=check_name(name),
        status=RunStatus.RUNNING,
        started=started,
        plan=plan,
        environment=describe(said, loop),
        findings=machine_findings(said),
        titles={group.scenario: entries[group.scenario].scenario.title for group in plan.groups},
    )
    return run, RunFolder.create(args.results, name), interpreter


def _resumed(args: Namespace) -> tuple[Run, RunFolder, Interpreter]:
    """Load the run to go on with; InputError where it cannot be the same run any more."""
    _refuse_another_plan(args)
    folder = find_run(args.results, args.resume)
    run = folder.load()
    entries, names = catalog.find(tuple(args.scenarios))
    planned = {group.scenario: None for group in run.plan.groups}
    for name in names:
        if name not in planned:
            raise UnknownNameError(f"scenario of the run {args.resume!r}", name, planned)
    for group in run.plan.groups:
        if group.scenario not in entries:
            raise InputError(
                f"--resume {args.resume}: it measures {group.scenario!r}, which is not known "
                "here; name its file again on the command line"
            )
    interpreter = _interpreter(args, entries)
    said = probe(interpreter)
    for runtime in {group.runtime for group in run.plan.groups}:
        if runtime_of(said, runtime.loop) != runtime:
            raise InputError(
                f"--resume {args.resume}: it was measured on {runtime}, this interpreter is "
                f"{said['implementation']} {said['python']}; give the same one with --python"
            )
    _check_still_there(run, runtime_of(said, DEFAULT_LOOP), args)
    return run, folder, interpreter


def _check_still_there(run: Run, runtime: Runtime, args: Namespace) -> None:
    """InputError where the run measures a variant that *runtime* does not have any more."""
    for variant in dict.fromkeys(name for group in run.plan.groups for name in group.variants):
        if reason := strategy(variant).unavailable(runtime):
            raise InputError(f"--resume {args.resume}: it measures {variant}, which {reason}")


def _refuse_another_plan(args: Namespace) -> None:
    """InputError for an option that a run which goes on cannot follow."""
    fixed = {
        "--variant": args.variant,
        "--param": args.param,
        "--preset": args.preset,
        "--baseline": args.baseline,
        "--loop": args.loop,
        "--only": args.only,
        "--name": args.name,
        "--seed": args.seed,
    }
    given = [option for option, value in fixed.items() if value]
    if given:
        raise InputError(
            f"--resume {args.resume} goes on with the plan that is stored; leave out "
            f"{', '.join(given)}, or begin a new run"
        )


def _interpreter(args: Namespace, entries: Mapping[str, Entry]) -> Interpreter:
    sources = {name: entry.source for name, entry in entries.items()}
    return Interpreter(args.python or sys.executable, sources)


def _asked_params(texts: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Read ``NAME=V1,V2``; the values of a name that is repeated are joined."""
    asked: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or not name or not all(values.split(",")):
            raise InputError(f"--param {text}: expected NAME=VALUE or NAME=V1,V2")
        asked[name] = (*asked.get(name, ()), *values.split(","))
    return tuple(asked.items())


def _to_go_on(run: Run, args: Namespace) -> str:
    """Return the command that goes on with *run*, given how it was begun."""
    words = ["awaitbench", "run", *(name for name in args.scenarios if name.endswith(".py"))]
    words += ["--resume", args.resume or run.name]
    if args.results != RESULTS:
        words += ["--results", str(args.results)]
    if args.python:
        words += ["--python", args.python]
    return shlex.join(words)


def _show(run: Run, folder: RunFolder, args: Namespace) -> int:
    from harness.report.terminal import print_table

    print_table(run, console())
    messages = error_console()
    messages.print(f"results: {folder.path}/", highlight=False, markup=False, soft_wrap=True)
    if not args.no_report and run.groups:
        path = write_report_of(run, args.reports)
        messages.print(f"report:  {path}", highlight=False, markup=False, soft_wrap=True)
    if run.status is RunStatus.INTERRUPTED:
        messages.print(
            f"interrupted: {len(run.groups)} of {len(run.plan.groups)} groups are kept; "
            f"go on with: {_to_go_on(run, args)}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        return 130
    return 1 if run.status is RunStatus.FAILED else 0
