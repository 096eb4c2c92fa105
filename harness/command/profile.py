"""Show which lines of a variant allocate, as a table and as memray's flamegraph.

Of two variants: both, and where one allocates and the other does not. The capture is kept
under the run, where memray's own commands open it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness import catalog
from harness.analysis.lines import differences_csv, lines_csv
from harness.command.common import add_folders, console, error_console
from harness.command.interpreters import environment_of, importable, out_of_reach, probed
from harness.errors import InputError, StoreError
from harness.measure.environment import runtime_of
from harness.measure.profiling import profile_variant
from harness.pipeline import now
from harness.plan import Selection, format_params, make_plan
from harness.report.files import file_name, group_name, write_whole
from harness.store import check_name

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable
    from pathlib import Path

    from harness.measure.crew import Interpreter
    from harness.plan import Group
    from harness.record import Attribution
    from harness.scenario import Scenario

__all__ = ["add_arguments", "execute"]

_OPERATIONS = 1000
_MOST_OPERATIONS = 20_000  # a capture holds each allocation: 1,000 tasks are about 1 MB


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "scenario",
        metavar="SCENARIO",
        help="a scenario's name, or the path of a scenario file (FILE.py)",
    )
    parser.add_argument("variant", metavar="VARIANT", help="the variant to profile")
    parser.add_argument(
        "other", nargs="?", metavar="VARIANT", help="a second one, to show where they differ"
    )
    parser.add_argument(
        "-p",
        "--param",
        action="append",
        default=[],
        metavar="NAME=V",
        help="profile at this value of a parameter; repeat for several (default: its default)",
    )
    parser.add_argument("--loop", default="asyncio", help="asyncio (default) or uvloop")
    parser.add_argument(
        "--python",
        metavar="EXE",
        help="profile under this interpreter: a path, a command, or a version as 3.13 "
        "(default: this one)",
    )
    parser.add_argument(
        "--name",
        metavar="RUN",
        help="the run to add to, or the name of a new one (default: date and profile)",
    )
    add_folders(parser, reports=True)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the requests")
    parser.add_argument(
        "--operations",
        type=int,
        default=_OPERATIONS,
        metavar="N",
        help=f"drive so many operations, or a whole cycle of requests (default: {_OPERATIONS})",
    )


def execute(args: Namespace) -> int:
    """Run the command and return its exit code."""
    from harness.report.lines import print_differences

    group, interpreter = _planned(args)
    run = check_name(args.name or f"{now()[:19].replace(':', '').replace('T', '-')}-profile")
    captures, reports = args.results / run / "captures", args.reports / run
    case = file_name(group_name(group))
    files = [_Files.of(f"{case}-{variant}", captures, reports) for variant in _variants(args)]
    between = captures / f"{case}-{'-'.join(_variants(args))}.difference.csv"
    written = [path for each in files for path in (each.capture, each.lines, each.flamegraph)]
    _check_new([*written, between])
    _check_own(captures.parent, captures, reports)
    _make_folders(captures, reports)
    try:
        seen = [
            _profiled(group, variant, interpreter, args, its)
            for variant, its in zip(_variants(args), files, strict=True)
        ]
    finally:
        _remove_if_empty(captures, captures.parent, reports)
    if args.other:
        first, second = seen
        names = (args.variant, args.other)
        write_whole(between, differences_csv(first, second, names))
        print_differences(first, second, names, console())
        _tell("difference", between)
    return 0


def _planned(args: Namespace) -> tuple[Group, Interpreter]:
    """Return the one group that is meant; InputError before anything is profiled."""
    if not 1 <= args.operations <= _MOST_OPERATIONS:
        raise InputError(
            f"--operations {args.operations}: expected an integer from 1 to {_MOST_OPERATIONS}"
        )
    if args.variant == args.other:
        raise InputError(f"{args.variant} twice: name two variants that differ, or one")
    files = [args.scenario] if args.scenario.endswith(".py") else []
    with importable(files):
        entries, (name,) = catalog.find((args.scenario,))
        entry = catalog.choose(entries, name)
    environment = environment_of(args.python, files)
    if reason := out_of_reach(entry, [environment.python.name] if environment.own else []):
        raise InputError(reason)
    interpreter, said = probed(environment)
    if reason := interpreter.without_memray:
        raise InputError(
            f"{environment.python.name} cannot be profiled: memray {reason}; profile under "
            "another interpreter, with --python"
        )
    interpreter = replace(interpreter, sources={name: entry.source})
    selection = Selection(
        scenarios=(name,),
        variants=_variants(args),
        params=_params(args.param, entry.scenario),
        seed=args.seed,
    )
    runtime = runtime_of(said, args.loop)
    (group,) = make_plan(selection, entries, runtime).groups
    for variant, reason in group.unavailable:
        raise InputError(f"{variant} cannot be profiled: it {reason}")
    for variant in _variants(args):
        if variant not in group.variants:
            raise InputError(
                f"{variant} cannot be profiled: it does the work only where nothing waits; "
                "add -p sync_ratio=1"
            )
    return group, interpreter


def _variants(args: Namespace) -> tuple[str, ...]:
    return (args.variant, args.other) if args.other else (args.variant,)


def _params(
    texts: Iterable[str], scenario: Scenario[Any, Any, Any]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return one value for each parameter: the one asked for, else the default."""
    asked: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise InputError(f"--param {text}: expected NAME=VALUE")
        if name in asked or "," in value:
            raise InputError(f"--param {text}: expected one value of {name}, profile takes no more")
        asked[name] = value
    defaults = {name: str(parameter.default) for name, parameter in scenario.declared.items()}
    return tuple((name, (value,)) for name, value in (defaults | asked).items())


@dataclass(frozen=True)
class _Files:
    """Where what is seen of one case goes."""

    capture: Path
    lines: Path
    flamegraph: Path

    @classmethod
    def of(cls, case: str, captures: Path, reports: Path) -> _Files:
        return cls(
            capture=captures / f"{case}.bin",
            lines=captures / f"{case}.lines.csv",
            flamegraph=reports / f"{case}.html",
        )


def _check_new(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.exists():
            raise StoreError(
                f"{path}: there already, and not overwritten; choose another --name, or remove it"
            )


def _check_own(*folders: Path) -> None:
    """StoreError where a run's folder leads elsewhere: it may be somebody else's, with links."""
    for folder in folders:
        if folder.is_symlink():
            raise StoreError(
                f"{folder}: is a symbolic link, and nothing is written through it; choose another "
                "--name, or give the folder that it leads to"
            )


def _make_folders(*folders: Path) -> None:
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{folder}: cannot be made ({error.strerror}); give other folders with "
                "--results and --reports"
            ) from error


def _remove_if_empty(*folders: Path) -> None:
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _profiled(
    group: Group, variant: str, interpreter: Interpreter, args: Namespace, files: _Files
) -> Attribution:
    """Profile one case, write its files and print its tables."""
    from harness.report.flamegraph import flamegraph_html
    from harness.report.flamegraphs import DRAWN
    from harness.report.lines import caption, print_lines

    messages = error_console()
    unfinished = files.capture.with_name(f".{files.capture.name}.part").resolve()
    try:
        with messages.status(f"profiling {variant}"):
            profile = profile_variant(
                group,
                variant,
                interpreter,
                seed=args.seed,
                path=unfinished,
                operations=args.operations,
            )
        unfinished.replace(files.capture)
    finally:
        unfinished.unlink(missing_ok=True)
    seen = profile.attribution
    title = (group.scenario, format_params(group.params), variant)
    write_whole(files.lines, lines_csv(seen))
    write_whole(
        files.flamegraph, flamegraph_html(profile, " ".join(title), f"{DRAWN} {caption(seen)}")
    )
    print_lines(seen, (*title, str(group.runtime)), console())
    _tell("capture", files.capture, "open it with: python -m memray stats, table or tree")
    _tell("lines", files.lines)
    _tell("flamegraph", files.flamegraph)
    messages.print()
    return seen


def _tell(what: str, path: Path, advice: str = "") -> None:
    told = f"{what + ':':11} {path}{f'  ({advice})' if advice else ''}"
    error_console().print(told, highlight=False, markup=False, soft_wrap=True)
