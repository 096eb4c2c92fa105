"""``doctor --aa``: prove that this machine can tell equal from different."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from harness.analysis.forecast import forecast
from harness.analysis.proof import proof_findings
from harness.command.common import add_folders, console, error_console, share
from harness.command.interpreters import environment_of, probed
from harness.errors import InputError, UnknownNameError
from harness.measure.environment import runtime_of
from harness.plan import DEFAULT_LOOP, DEFAULT_PRESET, PRESETS
from harness.proving import prove
from harness.record import Severity
from harness.store import find_run

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from harness.plan import Group
    from harness.record import Proof

__all__ = ["add_arguments", "execute"]

_GROUPS = 20
_SLOWDOWN = 0.05
_SECONDS_TO_START = 0.15


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the proof takes, beside ``--aa``."""
    group = parser.add_argument_group("with --aa")
    group.add_argument(
        "--groups",
        type=int,
        default=_GROUPS,
        metavar="N",
        help=f"measure so many groups (default: {_GROUPS})",
    )
    group.add_argument("--preset", help=f"how exact (default: {DEFAULT_PRESET})")
    group.add_argument(
        "--slowdown",
        type=share,
        default=_SLOWDOWN,
        metavar="SHARE",
        help=f"how much slower the slower variant is (default: {_SLOWDOWN * 100:g}%%)",
    )
    group.add_argument("--loop", default=DEFAULT_LOOP, help="asyncio (default) or uvloop")
    group.add_argument("--seed", type=int, default=0, metavar="N", help="seed (default: 0)")
    group.add_argument(
        "--keep", metavar="RUN", help="keep it beside this run, whose report shows it then"
    )
    group.add_argument(
        "--format", choices=("table", "json"), default="table", help="table (default) or json"
    )
    add_folders(group)


def execute(args: Namespace) -> int:
    """Measure, show what is proved, and return the exit code: 1 where intervals are wrong."""
    from harness.report.progress import ProgressDisplay

    preset_name = args.preset or DEFAULT_PRESET
    if preset_name not in PRESETS:
        raise UnknownNameError("preset", preset_name, PRESETS)
    if not 1 <= args.groups <= 10_000:
        raise InputError(f"--groups {args.groups}: expected an integer from 1 to 10000")
    if not 0.001 <= args.slowdown <= 1:
        raise InputError(f"--slowdown {args.slowdown:g}: expected from 0.1% to 100%")
    folder = find_run(args.results, args.keep) if args.keep else None
    environment = environment_of(args.python)
    interpreter, said = probed(environment)
    runtime = runtime_of(said, args.loop)
    preset = PRESETS[preset_name]

    def expected(groups: Sequence[Group]) -> float:
        return forecast(groups, preset, ("time",), _SECONDS_TO_START, {})

    with ProgressDisplay(error_console(), expected) as display:
        proof, complete = prove(
            interpreter,
            runtime,
            preset,
            groups=args.groups,
            slowdown=args.slowdown,
            seed=args.seed,
            listener=display,
        )
    if folder is not None:
        folder.keep_proof(proof)
        told = f"kept beside {folder.path.name}; awaitbench report {folder.path.name} shows it"
        error_console().print(told, highlight=False, markup=False, soft_wrap=True)
    if args.format == "json":
        console().out(json.dumps(asdict(proof), indent=1), highlight=False)
    else:
        _print(proof)
    if not complete:
        return 130
    spoilt = any(found.severity is Severity.ERROR for found in proof_findings(proof))
    return 1 if spoilt else 0


def _print(proof: Proof) -> None:
    from harness.report.proof import proof_lines, proof_verdict

    out = console()
    told = Table.grid(padding=(0, 2))
    told.add_column(style="dim")
    for label, text in proof_lines(proof):
        told.add_row(label, escape(text))
    out.print(told)
    out.print()
    out.print(proof_verdict(proof), highlight=False)
    for finding in proof_findings(proof):
        style = "bold red" if finding.severity is Severity.ERROR else "yellow"
        line = f"[{style}]{finding.severity}[/] {escape(finding.message)}. {escape(finding.advice)}"
        out.print(line, highlight=False)
