"""Slices: how long one value should last, when the wall time of a round is given.

``python docs/experiments/slices.py [--json FILE]``; takes a minute. Rounds of each length are
measured in turn, so that the machine's mood is the same for all.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import random
import statistics
import time
from pathlib import Path

from harness.analysis.estimate import round_logs
from harness.measure.conductor import time_group
from harness.measure.crew import Interpreter
from harness.measure.rounds import rounds_of
from harness.plan import Group, Preset, Runtime

VARIANTS = ("coroutine", "task", "cached_future", "ready_future", "value_task")
LENGTHS = ((0.006, 16), (0.003, 30), (0.0015, 53), (0.00075, 85), (0.0005, 110))
ROUNDS = 12


def measure() -> list[dict[str, float]]:
    """Return the deviation of a round's ratio for each length, and what a round takes."""
    params = (("sync_ratio", 1.0), ("delay", 0.0))
    group = Group("do_work", params, VARIANTS, Runtime(platform.python_version()))
    open_round = rounds_of(group, Interpreter(), seed=0)
    rng = random.Random(0)
    seconds = dict.fromkeys(LENGTHS, 0.0)
    logs: dict[tuple[float, int], dict[str, list[float]]] = {length: {} for length in LENGTHS}
    for _ in range(ROUNDS):
        for length in LENGTHS:
            values = length[1]
            started = time.monotonic()
            preset = Preset("one", target=0, rounds=(1, 1), values=values)
            timed = time_group(
                VARIANTS,
                dict.fromkeys(VARIANTS, "coroutine"),
                preset,
                open_round,
                rng,
                value=length[0],
            )
            seconds[length] += time.monotonic() - started
            for variant in VARIANTS[1:]:
                found = round_logs(timed.timings[variant], timed.timings["coroutine"])
                logs[length].setdefault(variant, []).extend(found)
    return [
        {
            "milliseconds": 1000 * length[0],
            "values": length[1],
            "seconds": seconds[length] / ROUNDS,
            "deviation": math.sqrt(
                statistics.fmean(statistics.variance(each) for each in logs[length].values())
            ),
        }
        for length in LENGTHS
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    out = parser.parse_args().json
    text = json.dumps(measure(), indent=1)
    print(text)
    if out:
        out.write_text(text + "\n", encoding="utf-8")
