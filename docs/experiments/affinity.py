"""Affinity: does it help to time a variant on one and the same CPU?

``python docs/experiments/affinity.py [--json FILE]``; takes some minutes. Rounds that are pinned
and rounds that are not are measured in turn, so that the machine's mood is the same for both;
then again beside a process that keeps one core busy.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import random
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.analysis.estimate import round_logs
from harness.measure import conductor
from harness.measure.crew import Interpreter
from harness.measure.rounds import rounds_of
from harness.plan import PRESETS, Group, Preset, Runtime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.record import Conditions

VARIANTS = ("coroutine", "task", "cached_future", "value_task")
# cache_lookup asks a database on a thread of its own for what is missing.
CASES = (("do_work", 1.0), ("do_work", 0.9), ("cache_lookup", 1.0), ("cache_lookup", 0.9))
PARAMS = {"do_work": (("delay", 0.0),), "cache_lookup": (("size", 64),)}
WAYS = {"pinned": True, "free": False}


@contextmanager
def competitor(cores: int) -> Iterator[None]:
    """Keep *cores* cores busy, by a process for each, as long as this lasts."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


class Way:
    """The rounds of one case that were measured in one way."""

    def __init__(self, group: Group, *, pinned: bool) -> None:
        self._conditions: list[Conditions] = []
        self._open = rounds_of(
            group,
            Interpreter(),
            0,
            on_conditions=lambda _, seen: self._conditions.append(seen),
            pinned=pinned,
        )
        self._logs: dict[str, list[float]] = {variant: [] for variant in VARIANTS[1:]}
        self._nanoseconds: list[float] = []
        self._seconds = 0.0

    def measure(self, rng: random.Random) -> None:
        """Add one round."""
        started = time.monotonic()
        preset = Preset("one", target=0, rounds=(1, 1), values=PRESETS["standard"].values)
        references = dict.fromkeys(VARIANTS, "coroutine")
        timed = conductor.time_group(VARIANTS, references, preset, self._open, rng)
        self._seconds += time.monotonic() - started
        for variant, logs in self._logs.items():
            logs.extend(round_logs(timed.timings[variant], timed.timings["coroutine"]))
        (values,) = timed.timings["coroutine"].rounds.values()
        self._nanoseconds.append(1e9 * statistics.median(values))

    def told(self) -> dict[str, object]:
        """Return the figures; the deviation is of a round's ratio, root mean square."""
        rounds = len(self._nanoseconds)
        return {
            "seconds": self._seconds / rounds,
            "deviation": math.sqrt(
                statistics.fmean(statistics.variance(logs) for logs in self._logs.values())
            ),
            "time_deviation": statistics.stdev(map(math.log, self._nanoseconds)),
            "coroutine_ns": statistics.median(self._nanoseconds),
            "ratios": {
                variant: [math.exp(statistics.fmean(logs)), statistics.stdev(logs) / rounds**0.5]
                for variant, logs in self._logs.items()
            },
            "others": statistics.fmean(seen.others or 0.0 for seen in self._conditions),
            "stolen": statistics.fmean(seen.stolen or 0.0 for seen in self._conditions),
        }


def measure(scenario: str, share: float, cores: int, rounds: int) -> dict[str, object]:
    """Return what both ways gave of one case, beside *cores* that others keep busy."""
    params = (("sync_ratio", share), *PARAMS[scenario])
    group = Group(scenario, params, VARIANTS, Runtime(platform.python_version()))
    ways = {name: Way(group, pinned=pinned) for name, pinned in WAYS.items()}
    rng = random.Random(0)
    with competitor(cores):
        for _ in range(rounds):
            for way in rng.sample([*ways.values()], len(ways)):
                way.measure(rng)
    told = {name: way.told() for name, way in ways.items()}
    return {"scenario": scenario, "sync_ratio": share, "competitors": cores, **told}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rounds", type=int, default=16)
    given = parser.parse_args()
    found = [measure(*case, cores, given.rounds) for cores in (0, 1) for case in CASES]
    text = json.dumps(found, indent=1)
    print(text)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
