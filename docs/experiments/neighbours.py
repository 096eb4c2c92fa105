"""Neighbours: what it does to ratios that the variants of a runtime are neighbours in a sweep.

``python docs/experiments/neighbours.py [--json FILE] [PYTHON …]``; takes some minutes. Rounds of
each kind are measured in turn, so that the machine's mood is the same for all.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.analysis.estimate import round_logs
from harness.command.runtimes import choose_runtimes
from harness.measure.conductor import time_group
from harness.measure.rounds import Rounds, Version
from harness.plan import PRESETS, Group, Preset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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
ROUNDS = 16


def measure(pythons: Sequence[str]) -> dict[str, Any]:
    """Return for each kind of sweep how far a round's ratios are from their mean."""
    interpreters = choose_runtimes(pythons, LOOPS).interpreters
    params = (("sync_ratio", 1.0), ("delay", 0.0))
    versions = [
        Version(Group("do_work", params, VARIANTS, runtime), interpreter, str(runtime))
        for runtime, interpreter in interpreters.items()
    ]
    references = {
        version.member(variant): version.member(BASELINE)
        for version in versions
        for variant in VARIANTS
    }
    quick = PRESETS["quick"]
    kinds: tuple[tuple[str, Callable[[str], object], int], ...] = (
        ("pell-mell", lambda _: None, quick.values),
        ("neighbours", references.__getitem__, quick.values),
        ("neighbours", references.__getitem__, quick.on(len(versions)).values),
    )
    seconds = [0.0 for _ in kinds]
    within: list[dict[str, list[float]]] = [{} for _ in kinds]
    between: list[dict[str, list[float]]] = [{} for _ in kinds]
    rng = random.Random(0)
    for seed in range(ROUNDS):
        for index, (_, family_of, values) in enumerate(kinds):
            started = time.monotonic()
            with Rounds(versions, seed) as open_round:
                timings = time_group(
                    tuple(references),
                    references,
                    Preset("one", 0, (1, 1), values),
                    open_round,
                    rng,
                    family_of=family_of,
                ).timings
            seconds[index] += time.monotonic() - started
            for version in versions:
                for variant in VARIANTS:
                    name, reference = version.member(variant), version.member(BASELINE)
                    _add(within[index], timings, name, reference)
                    _add(between[index], timings, name, versions[0].member(variant))
    return {
        "runtimes": len(versions),
        "rounds": ROUNDS,
        "kinds": [
            {
                "sweep": kind,
                "values": values,
                "seconds": seconds[index] / ROUNDS,
                "within": _deviation(within[index]),
                "between": _deviation(between[index]),
            }
            for index, (kind, _, values) in enumerate(kinds)
        ],
    }


def _add(
    logs: dict[str, list[float]], timings: Mapping[str, Timing], name: str, reference: str
) -> None:
    if name != reference:
        logs.setdefault(name, []).extend(round_logs(timings[name], timings[reference]))


def _deviation(logs: Mapping[str, Sequence[float]]) -> float:
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
