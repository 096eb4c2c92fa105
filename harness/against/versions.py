"""Versions: the user's code at a commit and as it is now, measured in the same rounds."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness import catalog
from harness.against.checkouts import BASE, HEAD, open_checkouts
from harness.against.contents import contents
from harness.against.installation import is_awaitbench
from harness.against.measuring import Side, measure_sides
from harness.against.repository import Repository
from harness.analysis.forecast import forecast
from harness.analysis.gate import DEFAULT_LIMITS, Limits
from harness.environments.environment import environment_of
from harness.errors import InputError, UnknownNameError
from harness.measure.environment import allocation_findings, describe_all, probed, runtime_of
from harness.measure.lacking import check_counts
from harness.measure.machine import findings_beside
from harness.pipeline import now
from harness.plan import (
    DEFAULT_BASELINE,
    DEFAULT_LOOP,
    INSTRUMENTS,
    PRESETS,
    Plan,
    Selection,
    check_names,
)
from harness.record import Run, RunStatus
from harness.store import RunFolder, check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from harness.against.checkouts import Checkout
    from harness.against.contents import Contents
    from harness.environments.environment import Environment
    from harness.measure.crew import Interpreter
    from harness.pipeline import Listener
    from harness.plan import Group, Runtime

    Forecast = Callable[[Sequence[Group]], float]

__all__ = ["Measured", "Request", "measure_against"]


@dataclass(frozen=True)
class Request:
    """What is to be measured against the commit *ref*.

    scenarios
        Scenario files, or names that the user's package registers.
    selection
        Variants, parameters, preset, instruments and seed; its *scenarios* are not looked at.
    loops, pythons
        Event loops, and interpreters as ``--python`` names them: that which runs this unless given.
        Each version is measured on all of them, and held against itself.
    name
        What both runs are called, but for ``-base`` and ``-head``; by the date unless given.
    install
        Whether a version that can be installed is; else it is imported from its checkout.
    limits
        What is slower than this lets it be is measured twice.
    """

    ref: str
    scenarios: tuple[str, ...]
    selection: Selection = field(default_factory=Selection)
    loops: tuple[str, ...] = (DEFAULT_LOOP,)
    pythons: tuple[str, ...] = ()
    name: str | None = None
    results: Path = Path("results")
    install: bool = True
    limits: Limits = DEFAULT_LIMITS


class Measured(NamedTuple):
    """Both runs as they are stored, and where. They are a pair: see :class:`Run`."""

    base: Run
    head: Run
    base_folder: RunFolder
    head_folder: RunFolder


def measure_against(
    request: Request,
    say: Callable[[str], None],
    show: Callable[[Forecast], AbstractContextManager[Listener]],
) -> Measured:
    """Measure the working tree and the commit *request.ref*, interleaved, and store both runs.

    *say* is given what the user has to know before, line by line. *show* is given a forecast
    (groups of one version -> seconds for both) and opens what is told how it goes on. InputError
    before anything is measured: no repository, no such commit, a version that cannot be
    installed, nothing in common. Ctrl-C while measuring leaves two runs that are INTERRUPTED.
    """
    began = time.monotonic()
    repository = Repository.around(Path.cwd(), request.ref)
    commit = repository.commit(request.ref)
    files = _check(request, repository.top)
    environments = _environments(request, say)
    for folder in repository.submodules(commit):
        say(f"{folder}: a submodule; submodules are checked out in neither version")
    if is_awaitbench(repository.top):
        say("awaitbench itself is not compared: this harness measures both versions")
    with open_checkouts(
        repository,
        commit,
        environments,
        installed=request.install,
        left_out=(request.results,),
    ) as checkouts:
        base_about, head_about = (checkout.about for checkout in checkouts)
        if head_about == f"working tree at {base_about}":
            say("both versions are the same code: what differs is noise")
        for file in files.values():
            _provide(file, repository.top, checkouts, say)
        began_to_start = time.monotonic()
        runtimes = [_runtimes(request, checkout, environments) for checkout in checkouts]
        start = (time.monotonic() - began_to_start) / len(checkouts) / len(environments)
        found = _found(request, files, repository.top, checkouts, runtimes, say)
        base, head = _sides(request, checkouts, found, runtimes)
        say(f"{base_about} against the {head_about}: ready after {time.monotonic() - began:.0f} s")
        with show(_forecast(head.run.plan, start)) as listener:
            measure_sides(base, head, listener, limits=request.limits)
    return Measured(base.run, head.run, base.folder, head.folder)


def _check(request: Request, top: Path) -> dict[str, Path]:
    """Return the scenario files by name, within *top*; InputError for what cannot be measured."""
    if request.selection.preset not in PRESETS:
        raise UnknownNameError("preset", request.selection.preset, PRESETS)
    if request.selection.only is not None and request.selection.only not in INSTRUMENTS:
        raise UnknownNameError("instrument", request.selection.only, INSTRUMENTS)
    for name in _run_names(request):
        if (request.results / name).exists():
            raise InputError(
                f"{request.results / name}: there is a run of this name already; choose another "
                "--name"
            )
    if not request.scenarios:
        raise InputError(
            f"--against {request.ref}: name the scenario files that are to be measured"
        )
    files: dict[str, Path] = {}
    shipped = catalog.shipped()
    for given in request.scenarios:
        if not given.endswith(".py"):
            if given in shipped:
                raise InputError(
                    f"--against {request.ref}: {given} comes with awaitbench and is not your code; "
                    "give a scenario file of your repository"
                )
            continue
        path = Path(os.path.realpath(Path(given).parent)) / Path(given).name
        if not path.is_relative_to(top):
            raise InputError(f"{given}: is not in the git repository of the working directory")
        if not path.is_file():
            raise InputError(f"{given}: no such file; give the path of a scenario file")
        if files.setdefault(path.stem, path.relative_to(top)) != path.relative_to(top):
            raise InputError(
                f"{given}: another file given is called {path.name} too; rename one of them"
            )
    return files


def _environments(request: Request, say: Callable[[str], None]) -> list[Environment]:
    """Return where each interpreter measures; InputError where one cannot.

    A gate leaves none out.
    """
    files = [each for each in request.scenarios if each.endswith(".py")]
    found: dict[str, Environment] = {}
    for text in dict.fromkeys(request.pythons or (None,)):
        environment = environment_of(text, files, say)
        name = environment.python.name
        if name in found:
            raise InputError(
                f"--python {text}: is {name}, as {found[name].executable} is; name one of them"
            )
        found[name] = environment
    return [*found.values()]


class _Runtimes(NamedTuple):
    """What measures one version on each runtime, and what that says of itself."""

    interpreters: dict[Runtime, Interpreter]
    said: dict[Runtime, Mapping[str, str | bool]]


def _runtimes(
    request: Request, checkout: Checkout, environments: Sequence[Environment]
) -> _Runtimes:
    """Return the runtimes of a version; InputError where one lacks what is asked for."""
    found = _Runtimes({}, {})
    for each, environment in zip(checkout.interpreters, environments, strict=True):
        interpreter, said = probed(each, environment.lacking)
        check_counts(request.selection.only, environment.python.name, interpreter.without_memray)
        for loop in dict.fromkeys(request.loops):
            runtime = runtime_of(said, loop)
            found.interpreters[runtime], found.said[runtime] = interpreter, said
    return found


def _provide(
    file: Path, top: Path, checkouts: Sequence[Checkout], say: Callable[[str], None]
) -> None:
    """Have a version that does not have the scenario file use today's, with what is beside it."""
    for checkout in checkouts:
        if (checkout.folder / file).is_file():
            continue
        if checkout.label == BASE:
            say(
                f"{file}: {checkout.about} does not have it; today's is measured with both versions"
            )
        (checkout.folder / file).parent.mkdir(parents=True, exist_ok=True)
        for path in {top / file, *(top / file).parent.glob("*.py")}:
            copy = checkout.folder / path.relative_to(top)
            if path.is_file() and not copy.exists():
                shutil.copy2(path, copy)


def _found(
    request: Request,
    files: Mapping[str, Path],
    top: Path,
    checkouts: Sequence[Checkout],
    runtimes: Sequence[_Runtimes],
    say: Callable[[str], None],
) -> tuple[dict[str, Contents], dict[str, Contents]]:
    """Return what each version has; InputError where they have nothing in common."""
    names = [Path(each).stem if each.endswith(".py") else each for each in request.scenarios]
    base, head = (
        _together(
            contents(
                interpreter,
                {n: str(checkout.folder / files[n]) if n in files else "" for n in names},
                request.selection,
                runtime,
                checkout.folder,
                (top, *(other.folder for other in checkouts if other is not checkout)),
            )
            for runtime, interpreter in its.interpreters.items()
        )
        for checkout, its in zip(checkouts, runtimes, strict=True)
    )
    for name in dict.fromkeys(names):
        if problem := head[name].problem:
            raise InputError(problem)
        if problem := base[name].problem:
            say(f"{name}: has nothing to be compared with in {checkouts[0].about}: {problem}")
    known = [*base.values(), *head.values()]
    check_names(
        request.selection,
        (name for each in known for name in each.variants),
        (name for each in known for name in each.parameters),
    )
    if not _cases(base) & _cases(head):
        reasons = "; ".join(dict.fromkeys(each.problem for each in base.values() if each.problem))
        raise InputError(
            f"--against {request.ref}: nothing can be compared: "
            f"{reasons or 'no variant at the same setting is in both versions'}"
        )
    return base, head


def _together(found: Iterable[dict[str, Contents]]) -> dict[str, Contents]:
    """Return what a version has on all runtimes, the groups of each setting one after the other.

    What one of them has a problem with is a problem.
    """
    first, *others = found
    whole = {}
    for name, its in first.items():
        several = [its, *(other[name] for other in others)]
        settings: dict[object, list[Group]] = {}
        for group in (group for each in several for group in each.groups):
            settings.setdefault(group.setting, []).append(group)
        broken = next((each for each in several if each.problem), None)
        whole[name] = broken or replace(
            its, groups=tuple(group for groups in settings.values() for group in groups)
        )
    return whole


def _cases(found: Mapping[str, Contents]) -> set[tuple[object, str]]:
    return {
        ((group.scenario, group.params), variant)
        for each in found.values()
        for group in each.groups
        for variant in group.variants
    }


def _sides(
    request: Request,
    checkouts: Sequence[Checkout],
    found: Sequence[Mapping[str, Contents]],
    runtimes: Sequence[_Runtimes],
) -> tuple[Side, Side]:
    """Return both runs as they begin, each with a folder of its own."""
    token = secrets.token_hex(8)
    sides: list[Side] = []
    try:
        for checkout, there, its, name in zip(
            checkouts, found, runtimes, _run_names(request), strict=True
        ):
            plan = _plan(request.selection, there)
            run = Run(
                name=name,
                status=RunStatus.RUNNING,
                started=now(),
                plan=plan,
                environment={"version": checkout.about, **describe_all(its.said)},
                findings=(
                    *findings_beside(its.said.values()),
                    *allocation_findings(plan, its.said.values()),
                ),
                titles={scenario: each.title for scenario, each in there.items() if each.groups},
                pair=token,
            )
            sources = {scenario: each.source for scenario, each in there.items()}
            interpreters = {
                runtime: replace(interpreter, sources=sources)
                for runtime, interpreter in its.interpreters.items()
            }
            folder = RunFolder.create(request.results, name)
            sides.append(Side(checkout.label, run, folder, interpreters))
    except BaseException:
        for side in sides:
            with suppress(OSError):
                side.folder.path.rmdir()
        raise
    base, head = sides
    return base, head


def _plan(selection: Selection, there: Mapping[str, Contents]) -> Plan:
    return Plan(
        groups=tuple(group for each in there.values() for group in each.groups),
        baseline=selection.baseline or DEFAULT_BASELINE,
        preset=PRESETS[selection.preset],  # each runtime is measured by itself
        seed=selection.seed,
        instruments=INSTRUMENTS if selection.only is None else (selection.only,),
    )


def _run_names(request: Request) -> tuple[str, str]:
    name = request.name or f"{now()[:19].replace(':', '').replace('T', '-')}-against"
    return check_name(f"{name}-{BASE}"), check_name(f"{name}-{HEAD}")


def _forecast(plan: Plan, start: float) -> Forecast:
    def seconds(groups: Sequence[Group]) -> float:
        return 2 * forecast(groups, plan.preset, plan.instruments, start, {}, versions=2)

    return seconds
