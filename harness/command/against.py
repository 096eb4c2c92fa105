"""The options of ``check`` that measure two versions of the user's code, and doing that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.against.versions import Request, measure_against
from harness.command.common import add_selection, asked_params, error_console, say
from harness.command.runtimes import add_runtimes
from harness.errors import InputError
from harness.plan import DEFAULT_LOOP, DEFAULT_PRESET, Selection
from harness.report.progress import ProgressDisplay

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from harness.against.versions import Measured
    from harness.analysis.gate import Limits

__all__ = ["add_against_arguments", "measured_against", "refuse_without_against"]

# What only measuring takes, by its option, with what it is when it is not given.
_ONLY_MEASURING: dict[str, object] = {
    "variant": [],
    "param": [],
    "preset": None,
    "baseline": None,
    "loop": [],
    "python": [],
    "name": None,
    "seed": None,
    "no_install": False,
}


def add_against_arguments(parser: ArgumentParser) -> None:
    """Declare ``--against`` and what goes with it, but for ``--only`` and ``--results``.

    These the command has for stored runs too.
    """
    group = parser.add_argument_group("measuring two versions of your code")
    group.add_argument(
        "--against",
        metavar="GIT_REF",
        help="measure the scenario files that are given, as the working tree has them and as this "
        "commit does, in the same rounds",
    )
    add_selection(group)
    group.add_argument(
        "--baseline", metavar="NAME", help="measure this variant too, and note it as the baseline"
    )
    add_runtimes(group)
    group.add_argument(
        "--name", metavar="RUN", help="store the runs RUN-base and RUN-head (default: the date)"
    )
    group.add_argument(
        "--seed", type=int, metavar="N", help="seed of requests and sweep order (default: 0)"
    )
    group.add_argument(
        "--no-install",
        action="store_true",
        help="import both versions from their checkouts, without installing them",
    )


def measured_against(args: Namespace, scenarios: Sequence[str], limits: Limits) -> Measured:
    """Measure *scenarios* as the command line says, for a gate of *limits*; return both runs."""
    request = Request(
        ref=args.against,
        scenarios=tuple(scenarios),
        selection=Selection(
            variants=tuple(args.variant),
            params=asked_params(args.param),
            baseline=args.baseline,
            preset=args.preset or DEFAULT_PRESET,
            only=args.only,
            seed=args.seed or 0,
        ),
        loops=tuple(args.loop) or (DEFAULT_LOOP,),
        pythons=tuple(args.python),
        name=args.name,
        results=args.results,
        install=not args.no_install,
        limits=limits,
    )
    return measure_against(
        request, say, lambda forecast: ProgressDisplay(error_console(), forecast)
    )


def refuse_without_against(args: Namespace) -> None:
    """InputError for an option that says how to measure where nothing is measured."""
    given = [
        f"--{name.replace('_', '-')}"
        for name, unless in _ONLY_MEASURING.items()
        if getattr(args, name) != unless
    ]
    if given:
        raise InputError(
            f"{', '.join(given)}: for measuring, which only --against does; leave it out to hold "
            "two stored runs against each other"
        )
