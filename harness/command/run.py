"""Measure scenarios, store the run, print its table and write its report."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.markup import escape

from harness import catalog
from harness.analysis.forecast import forecast
from harness.command.common import (
    RESULTS,
    add_flamegraphs,
    add_folders,
    add_selection,
    add_threshold,
    asked_params,
    console,
    error_console,
    say,
    write_report_of,
)
from harness.command.interpreters import importable, out_of_reach
from harness.command.runtimes import Runtimes, add_runtimes, choose_runtimes
from harness.digest import changed_files, source_digest
from harness.errors import InputError, StoreError, UnknownNameError, without_paths
from harness.function import Call, call_options
from harness.measure.environment import allocation_findings, describe_all
from harness.measure.machine import findings_beside
from harness.measure.share import observed_share
from harness.pipeline import measure_run, now
from harness.plan import (
    DEFAULT_BASELINE,
    DEFAULT_PRESET,
    DEFAULT_THRESHOLD,
    Selection,
    make_plan,
)
from harness.record import Finding, Run, RunStatus, Severity
from harness.store import RunFolder, check_name, earlier_durations, find_run
from harness.strategy import functions, strategy

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Mapping, Sequence

    from harness.catalog import Entry
    from harness.plan import Group, Plan

__all__ = ["add_arguments", "execute"]

_NOT_MEASURED = "not measured: "


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "scenarios",
        nargs="*",
        metavar="SCENARIO",
        help="a scenario's name, or the path of a scenario file (FILE.py); all unless given",
    )
    parser.add_argument(
        "--callable",
        metavar="MODULE:FUNCTION",
        help="measure an async def as it is, with no scenario: package.module:function, or "
        "path/to/file.py:function",
    )
    parser.add_argument(
        "--args",
        metavar="TEXT",
        help="what stands between the parentheses of its call: literals, as '\"key\", retries=2'",
    )
    add_selection(parser)
    parser.add_argument(
        "--baseline",
        metavar="NAME",
        help=f"the variant that ratios are taken against (default: {DEFAULT_BASELINE})",
    )
    add_threshold(parser)
    add_runtimes(parser)
    parser.add_argument("--only", metavar="INSTRUMENT", help="time or allocations (default: both)")
    parser.add_argument(
        "--profile",
        action="store_true",
        help="also find the lines at which each variant allocates, and show them in the report",
    )
    add_flamegraphs(parser, "; finds the lines too")
    parser.add_argument("--name", metavar="RUN", help="the run's name (default: date and preset)")
    add_folders(parser, reports=True)
    parser.add_argument("--no-report", action="store_true", help="write no HTML report")
    parser.add_argument(
        "--seed", type=int, metavar="N", help="seed of requests and sweep order (default: 0)"
    )
    parser.add_argument("--resume", metavar="RUN", help="go on with a run that was interrupted")


def execute(args: Namespace) -> int:
    """Run the command and return its exit code."""
    _check_callable(args)
    with ExitStack() as stack:
        stack.enter_context(importable(_files(args)))
        prepared = _resumed(args, stack) if args.resume else _new(args, stack)
        run = _measured(prepared, args)
    return _show(run, prepared.folder, args)


def _measured(prepared: _Prepared, args: Namespace) -> Run:
    from harness.report.progress import ProgressDisplay

    try:
        with ProgressDisplay(error_console(), prepared.forecast) as display:
            return measure_run(
                prepared.run, prepared.folder, prepared.runtimes.interpreters, display
            )
    except StoreError as error:
        if not (prepared.folder.path / "run.json").is_file():
            raise
        to_do = f"what was stored before is kept, go on with: {_to_go_on(prepared.run, args)}"
        raise StoreError(f"{error}; {to_do}") from error


@dataclass(frozen=True)
class _Prepared:
    """A run that can begin or go on."""

    run: Run
    folder: RunFolder
    runtimes: Runtimes

    def forecast(self, groups: Sequence[Group]) -> float:
        """Return the seconds that measuring *groups* is going to take."""
        plan = self.run.plan
        earlier = earlier_durations(self.folder.path.parent, plan)
        start = self.runtimes.start / len(self.runtimes.interpreters)
        return forecast(groups, plan.preset, plan.instruments, start, earlier)


def _check_callable(args: Namespace) -> None:
    """InputError for what does not go with ``--callable``, or without it."""
    if args.callable is None:
        if args.args is not None:
            raise InputError("--args: the arguments of which function? give --callable too")
    elif args.scenarios:
        raise InputError(
            f"--callable {args.callable}: measured alone; leave out {', '.join(args.scenarios)}"
        )
    elif args.param:
        raise InputError(f"--callable {args.callable}: it has no parameters; leave out --param")


def _new(args: Namespace, stack: ExitStack) -> _Prepared:
    """Plan a new run and make its folder; InputError before anything is measured."""
    entries, names, problems = _chosen(args)
    runtimes = choose_runtimes(args.python, args.loop, _files(args), only=args.only)
    entries, gone = _within_reach(entries, names, runtimes)
    problems = (*problems, *gone)
    runtimes = runtimes.reading(_read_from(entries))
    selection = Selection(
        scenarios=names,
        variants=tuple(args.variant),
        params=asked_params(args.param),
        baseline=args.baseline,
        preset=args.preset or DEFAULT_PRESET,
        only=args.only,
        seed=args.seed or 0,
        threshold=DEFAULT_THRESHOLD if args.threshold is None else args.threshold,
        lines=args.profile or args.flamegraphs,
    )
    plan = make_plan(selection, entries, *runtimes.interpreters)
    started = now()
    name = args.name or f"{started[:19].replace(':', '').replace('T', '-')}-{plan.preset.name}"
    check_name(name)
    if args.callable is not None:
        entries = _observed(args, runtimes)
        runtimes = runtimes.reading(_read_from(entries))
        plan = make_plan(selection, entries, *runtimes.interpreters)
    for problem in (*problems, *runtimes.problems):
        say(f"awaitbench: {problem}")
    problems = (*problems, *map(without_paths, runtimes.problems))
    found = findings_beside(runtimes.said.values())
    run = Run(
        name=name,
        status=RunStatus.RUNNING,
        started=started,
        plan=plan,
        environment=describe_all(runtimes.said),
        findings=(
            *found,
            *allocation_findings(plan, runtimes.said.values()),
            *map(_not_measured, problems),
        ),
        titles={group.scenario: entries[group.scenario].scenario.title for group in plan.groups},
        sources=_sources(plan, entries),
    )
    folder = stack.enter_context(RunFolder.create(args.results, name).locked())
    _warn(found)
    return _Prepared(run, folder, runtimes)


def _warn(found: Iterable[Finding]) -> None:
    """Say what spoils, or may spoil, the figures while it can still be changed."""
    for finding in found:
        if finding.severity is not Severity.HINT:
            say(f"{finding.severity}: {finding.message}")
            say(f"  {finding.advice}")


def _chosen(
    args: Namespace,
) -> tuple[Mapping[str, Entry], tuple[str, ...], tuple[str, ...]]:
    """Return the scenarios, the names that are to be measured, and what cannot be, a line each."""
    if args.callable is not None:
        call = Call(args.callable, args.args or "", share=0.0)  # observed once all else is checked
        return {call.name: catalog.load(call.source)}, (call.name,), ()
    entries, names = catalog.find(tuple(args.scenarios))
    if names:
        for name in names:
            if name in entries.left_out:
                say(f"awaitbench: {entries.left_out[name]}")
        return entries, names, ()
    names, problems = entries.usable()
    if problems and not names:
        raise InputError(f"no scenario is left to measure: {'; '.join(problems)}")
    # Not by their names: what only some of them have may be asked for then.
    return {name: entries[name] for name in names}, (), tuple(map(without_paths, problems))


def _within_reach(
    entries: Mapping[str, Entry], names: Sequence[str], runtimes: Runtimes
) -> tuple[Mapping[str, Entry], tuple[str, ...]]:
    """Return the scenarios that all interpreters can import, and why others are left out.

    InputError where one of them was asked for by its name.
    """
    if not runtimes.own:
        return entries, ()
    chosen = {name: catalog.choose(entries, name) for name in names or entries}
    reasons = {name: out_of_reach(entry, runtimes.own) for name, entry in chosen.items()}
    gone = tuple(filter(None, reasons.values()))
    if gone and (names or len(gone) == len(reasons)):
        raise InputError(gone[0])
    return entries if names else {n: chosen[n] for n, reason in reasons.items() if not reason}, gone


def _not_measured(problem: str) -> Finding:
    return Finding(
        Severity.ERROR,
        f"{_NOT_MEASURED}{problem}",
        "Repair it, or name what is to be measured without it.",
    )


def _observed(args: Namespace, runtimes: Runtimes) -> dict[str, Entry]:
    """Return the call as a scenario, at the share that it has on the first runtime."""
    call = Call(args.callable, args.args or "")
    runtime, interpreter = next(iter(runtimes.interpreters.items()))
    with error_console().status(f"observing {escape(call.title)}"):
        share = observed_share(call, interpreter, runtime, args.seed or 0)
    say(f"{call.title}: {share * 100:g} % of its calls complete without suspending")
    return {call.name: catalog.load(replace(call, share=share).source)}


def _resumed(args: Namespace, stack: ExitStack) -> _Prepared:
    """Load the run to go on with; InputError where it cannot be the same run any more.

    Its folder is locked before, until *stack* ends: another process may be measuring it.
    """
    _refuse_another_plan(args)
    folder = stack.enter_context(find_run(args.results, args.resume).locked())
    run = folder.load()
    if run.pair:
        raise InputError(
            f"--resume {args.resume}: it is one of two versions that were measured in the same "
            "rounds, which one alone cannot go on with; measure both again with check --against"
        )
    entries, names = _known_again(run, args)
    planned = {group.scenario: None for group in run.plan.groups}
    for name in names:
        if name not in planned:
            raise UnknownNameError(f"scenario of the run {args.resume!r}", name, planned)
    for name in planned:
        if name not in entries:
            raise InputError(
                f"--resume {args.resume}: it measures {name!r}, which is not known "
                "here; name its file again on the command line"
            )
        catalog.choose(entries, name)  # InputError where it cannot be imported any more
    runtimes = _same_again(run, args).reading(_read_from(entries))
    _check_still_there(run, runtimes, args)
    _check_unchanged(run, entries, args)
    if {each.group for each in run.groups if each.status is RunStatus.DONE} != {*run.plan.groups}:
        uncounted = allocation_findings(run.plan, runtimes.said.values())
        findings = tuple(dict.fromkeys((*run.findings, *uncounted)))
        run = replace(run, resumed=(*run.resumed, now()), findings=findings)
    return _Prepared(run, folder, runtimes)


def _same_again(run: Run, args: Namespace) -> Runtimes:
    """Return the runtimes on which *run* was measured; InputError where one is not there now."""
    wanted = dict.fromkeys(group.runtime for group in run.plan.groups)
    loops = [runtime.loop for runtime in wanted]
    runtimes = choose_runtimes(args.python, loops, _files(args))
    for runtime in wanted:
        if runtime not in runtimes.interpreters:
            there = ", ".join(
                dict.fromkeys(f"{r.implementation} {r.python}" for r in runtimes.interpreters)
            )
            here = "this interpreter is" if len(args.python) < 2 else "these interpreters are"
            raise InputError(
                f"--resume {args.resume}: it was measured on {runtime}, {here} {there}; give "
                "the same with --python"
            )
    return runtimes


def _sources(plan: Plan, entries: Mapping[str, Entry]) -> dict[str, str]:
    """Return the digest of each planned scenario's code."""
    return {
        name: source_digest(*catalog.place_of(entries[name].source))
        for name in dict.fromkeys(group.scenario for group in plan.groups)
    }


def _check_unchanged(run: Run, entries: Mapping[str, Entry], args: Namespace) -> None:
    """InputError where the code of a scenario is not that which was measured before.

    Half of the figures would be of the one, half of the other.
    """
    for name, digest in _sources(run.plan, entries).items():
        before = run.sources.get(name)
        if before is None:
            say(
                f"awaitbench: {args.resume} does not say of which code {name} was: whether it is "
                "the same now, nobody knows"
            )
        elif before != digest:
            files = ", ".join(changed_files(before, digest)) or "its code"
            raise InputError(
                f"--resume {args.resume}: the code of {name!r} has changed since ({files}); "
                "put it back as it was, or begin a new run"
            )
        variants = functions(entries[name].scenario)
        for group in run.plan.groups:
            gone = [each for each in group.variants if each not in variants]
            if group.scenario == name and gone:
                raise InputError(
                    f"--resume {args.resume}: it measures {name}'s {gone[0]}, which the scenario "
                    "does not have any more; begin a new run"
                )


def _known_again(run: Run, args: Namespace) -> tuple[Mapping[str, Entry], tuple[str, ...]]:
    """Return the scenarios to go on with: a call is measured at the share that it had."""
    title = next(iter(run.titles.values()), "")
    if args.callable is None:
        if (words := call_options(title)) and len(run.titles) == 1:
            raise InputError(
                f"--resume {args.resume}: it measures a call, {title}; say so again: "
                f"awaitbench run {shlex.join(words)} --resume {args.resume}"
            )
        return catalog.find(tuple(args.scenarios))
    call = Call(args.callable, args.args or "")
    if {call.name: call.title} != run.titles:
        raise InputError(
            f"--resume {args.resume}: it measures {title or 'nothing'}, not {call.title}; "
            "begin a new run for that"
        )
    share = float(dict(run.plan.groups[0].params)["sync_ratio"])
    return {call.name: catalog.load(replace(call, share=share).source)}, ()


def _check_still_there(run: Run, runtimes: Runtimes, args: Namespace) -> None:
    """InputError where the run measures a variant that a runtime does not have any more."""
    now_there = {runtime: runtime for runtime in runtimes.interpreters}
    for group in run.plan.groups:
        for variant in group.variants:
            if reason := strategy(variant).unavailable(now_there[group.runtime]):
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
        "--threshold": args.threshold,
        "--profile": args.profile,
    }
    given = [option for option, value in fixed.items() if value]
    if given:
        raise InputError(
            f"--resume {args.resume} goes on with the plan that is stored; leave out "
            f"{', '.join(given)}, or begin a new run"
        )


def _read_from(entries: Mapping[str, Entry]) -> dict[str, str]:
    """Return the source of each scenario by name."""
    if isinstance(entries, catalog.Catalog):
        return entries.sources
    return {name: entry.source for name, entry in entries.items()}


def _files(args: Namespace) -> list[str]:
    """Return the files that are to be measured, which may declare what they need."""
    names = args.scenarios if args.callable is None else [args.callable.partition(":")[0]]
    return [name for name in names if name.endswith(".py")]


def _to_go_on(run: Run, args: Namespace) -> str:
    """Return the command that goes on with *run*, given how it was begun."""
    words = ["awaitbench", "run", *(name for name in args.scenarios if name.endswith(".py"))]
    if args.callable is not None:
        words += ["--callable", args.callable, *(("--args", args.args) if args.args else ())]
    words += ["--resume", args.resume or run.name]
    if args.results != RESULTS:
        words += ["--results", str(args.results)]
    for python in args.python:
        words += ["--python", python]
    return shlex.join(words)


def _show(run: Run, folder: RunFolder, args: Namespace) -> int:
    from harness.report.terminal import print_table

    try:
        print_table(run, console())
    finally:  # also where the reader of the table, say `head`, had enough
        say(f"results: {folder.path}/")
        if not args.no_report and run.groups:
            path = write_report_of(run, args.reports, folder, flamegraphs=args.flamegraphs)
            say(f"report:  {path}")
    if args.callable is not None:
        say(
            "a function as it is: what it costs to wrap it; awaitbench new shows what writing it "
            "for another strategy would save"
        )
    if run.status is RunStatus.INTERRUPTED:
        say(
            f"interrupted: {len(run.groups)} of {len(run.plan.groups)} groups are kept; "
            f"go on with: {_to_go_on(run, args)}"
        )
        return 130
    left_out = any(finding.message.startswith(_NOT_MEASURED) for finding in run.findings)
    return 1 if run.status is RunStatus.FAILED or left_out else 0
