"""Neighbours: what it does to ratios that the variants of a runtime are neighbours in a sweep.

``python docs/experiments/neighbours.py [--json FILE] [PYTHON …]``; takes some minutes. Rounds of
each kind are measured in turn, so that the machine's mood is the same for all; and in each turn a
round on every runtime by itself, to see how far ratios are from those.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.analysis.estimate import round_logs
from harness.command.runtimes import choose_runtimes
from harness.measure.conductor import time_group
from harness.measure.rounds import Rounds, Version
from harness.plan import Group, Preset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.plan import Runtime
    from harness.record import Timing

PYTHONS = ("3.11", "3.12", "3.13")
LOOPS = ("asyncio", "uvloop")
# All but those that a runtime may lack.
VARIANTS = (
    "coroutine",
    "task",
    "cached_future",
    "ready_future",
    "value_task",
    "value_task_checked",
)
BASELINE = VARIANTS[0]
VALUES, FEWER_VALUES = 25, 20
ROUNDS = 16


@dataclass
class Kind:
    """A kind of round, and the logs of its ratios: in each runtime, and to the first one."""

    sweep: str
    values: int
    families: Mapping[str, Runtime]
    seconds: float = 0.0
    within: dict[str, list[float]] = field(default_factory=dict)
    between: dict[str, list[float]] = field(default_factory=dict)


def measure(pythons: Sequence[str]) -> dict[str, Any]:
    """Return for each kind of sweep how far a round's ratios are from their mean."""
    interpreters = choose_runtimes(pythons, LOOPS).interpreters
    params = (("sync_ratio", 1.0), ("delay", 0.0))
    versions = [
        Version(Group("do_work", params, VARIANTS, runtime), interpreter, str(runtime))
        for runtime, interpreter in interpreters.items()
    ]
    runtimes = {
        version.member(variant): version.group.runtime
        for version in versions
        for variant in VARIANTS
    }
    kinds = [
        Kind("pell-mell", VALUES, {}),
        Kind("neighbours", VALUES, runtimes),
        Kind("neighbours", FEWER_VALUES, runtimes),
    ]
    alone: dict[str, list[float]] = {}
    rng = random.Random(0)
    for seed in range(ROUNDS):
        for kind in kinds:
            started = time.monotonic()
            timings = one_round(versions, kind.values, kind.families, seed, rng)
            kind.seconds += (time.monotonic() - started) / ROUNDS
            for version in versions:
                add_ratios(kind.within, timings, version, version.member(BASELINE))
                for variant in VARIANTS:
                    add(kind.between, timings, version.member(variant), versions[0].member(variant))
        for version in versions:
            timings = one_round([version], VALUES, {}, seed, rng)
            add_ratios(alone, timings, version, version.member(BASELINE))
    return {
        "runtimes": len(versions),
        "rounds": ROUNDS,
        "kinds": [
            {
                "sweep": kind.sweep,
                "values": kind.values,
                "seconds": kind.seconds,
                "within": deviation(kind.within),
                "between": deviation(kind.between),
                "off": statistics.median(
                    abs(statistics.fmean(logs) - statistics.fmean(alone[name]))
                    for name, logs in kind.within.items()
                ),
            }
            for kind in kinds
        ],
    }


def one_round(
    versions: Sequence[Version],
    values: int,
    families: Mapping[str, Runtime],
    seed: int,
    rng: random.Random,
) -> Mapping[str, Timing]:
    """Measure one round of *versions* together."""
    references = {
        version.member(variant): version.member(BASELINE)
        for version in versions
        for variant in VARIANTS
    }
    preset = Preset("one", 0, (1, 1), values)
    with Rounds(versions, seed) as rounds:
        return time_group(
            tuple(references), references, preset, rounds, rng, families=families
        ).timings


def add_ratios(
    logs: dict[str, list[float]], timings: Mapping[str, Timing], version: Version, reference: str
) -> None:
    """Add the ratio of each variant of *version* to *reference*."""
    for variant in VARIANTS:
        add(logs, timings, version.member(variant), reference)


def add(
    logs: dict[str, list[float]], timings: Mapping[str, Timing], name: str, reference: str
) -> None:
    """Add the ratio of *name* to *reference*, if these are two."""
    if name != reference:
        logs.setdefault(name, []).extend(round_logs(timings[name], timings[reference]))


def deviation(logs: Mapping[str, Sequence[float]]) -> float:
    """Return the standard deviation over rounds, the root mean square of all ratios."""
    return math.sqrt(statistics.fmean(statistics.variance(each) for each in logs.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("pythons", nargs="*", default=PYTHONS)
    given = parser.parse_args()
    text = json.dumps(measure(given.pythons), indent=1)
    print(text)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
