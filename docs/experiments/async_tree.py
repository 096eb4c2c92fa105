"""Does awaitbench measure of ``async_tree`` what pyperformance's own benchmarks measure?

``python docs/experiments/async_tree.py [--json FILE] [--rounds 5]``; needs an interpreter that can
start tasks eagerly (3.12 and later), and takes about 15 minutes. Installs pyperformance from PyPI
into an environment that is removed again. Both have trees of 6 levels of 6 branches, and leaves
that wait 0.05 s; the rounds of both alternate, so that the machine's mood is the same for both.
Then ``async_tree_collector.py`` runs both trees alike, to tell what makes a difference.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyperf

from harness.analysis.estimate import estimate_ratio, estimate_time
from harness.measure import conductor
from harness.measure.crew import Interpreter
from harness.measure.rounds import rounds_of
from harness.plan import Group, Preset, Runtime
from harness.record import Timing
from scenarios.async_tree import SCENARIO

if TYPE_CHECKING:
    from harness.scenario import ParamValue

# The kinds of leaves, and what pyperformance calls them with lazy and with eager tasks.
KINDS = {
    "none": ("none", "eager"),
    "memoized": ("memoization", "eager_memoization"),
    "io": ("io", "eager_io"),
    "cpu_io_mixed": ("cpu_io_mixed", "eager_cpu_io_mixed"),
}
SIZE: dict[str, ParamValue] = {"branches": 6, "levels": 6, "delay": 0.05}
LEAVES = 6**6
LAZY, EAGER = "task", "eager_task"
VALUES = 3  # trees in a round of a variant, after one to warm up
PROCESSES = 3  # of each tree, to see what the collector does

FIND = "import pyperformance; print(pyperformance.__path__[0])"
BENCHMARK = "data-files/benchmarks/bm_async_tree/run_benchmark.py"
COLLECTOR = Path(__file__).with_name("async_tree_collector.py")
PYTHON = platform.python_version()


class CannotInstallError(Exception):
    """pyperformance cannot be had here."""


class Theirs:
    """pyperformance's benchmarks, in an environment of their own."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self.python = str(folder / "bin" / "python")
        self.run("-m", "pip", "--disable-pip-version-check", "install", "--quiet", "pyperformance")
        told = self.run("-m", "pip", "show", "pyperformance")
        self.version = told.partition("\nVersion: ")[2].partition("\n")[0]
        self.script = str(Path(self.run("-c", FIND).strip()) / BENCHMARK)

    def run(self, *words: str) -> str:
        """Run that environment's interpreter and return what it wrote."""
        command = [self.python, *words]
        ended = subprocess.run(command, check=False, capture_output=True, text=True)
        if ended.returncode:
            last = ended.stderr.strip().rpartition("\n")[2]
            raise CannotInstallError(f"pyperformance cannot be installed or run: {last}")
        return ended.stdout

    def measure(self, benchmark: str) -> tuple[float, ...]:
        """Return the seconds of some trees, in one worker process of pyperf."""
        with tempfile.TemporaryDirectory() as folder:
            out = f"{folder}/out.json"
            options = ["--processes=1", "--warmups=1", "--loops=1", f"--values={VALUES}"]
            self.run(self.script, benchmark, *options, "--quiet", "-o", out)
            return tuple(pyperf.Benchmark.load(out).get_values())


def compare(theirs: Theirs, kind: str, rounds: int) -> dict[str, Any]:
    """Measure both in turn; return seconds per tree, and the ratio of lazy to eager tasks."""
    measured: dict[str, dict[int, tuple[float, ...]]] = {LAZY: {}, EAGER: {}}
    rng = random.Random(0)

    def measure_theirs(index: int) -> None:
        order = list(zip((LAZY, EAGER), KINDS[kind], strict=True))
        rng.shuffle(order)
        for variant, benchmark in order:
            measured[variant][index] = theirs.measure(benchmark)
        print(f"{kind} {index + 1}/{rounds}", file=sys.stderr, flush=True)

    values: dict[str, ParamValue] = {"kind": kind, **SIZE}
    values = {"sync_ratio": SCENARIO.share_of(values), **values}
    group = Group("async_tree", tuple(values.items()), (LAZY, EAGER), Runtime(PYTHON))
    ours = conductor.time_group(
        (LAZY, EAGER),
        {LAZY: LAZY, EAGER: LAZY},
        Preset("one", target=0, rounds=(rounds, rounds), values=VALUES),
        rounds_of(group, Interpreter(), seed=0),
        rng,
        on_round=measure_theirs,
    )
    if ours.failures:
        raise SystemExit(f"async_tree: {ours.failures}")
    per_tree = {name: Timing(rounds=each, operations=1) for name, each in measured.items()}
    return {"kind": kind, "ours": told(ours.timings, LEAVES), "theirs": told(per_tree)}


def told(timings: dict[str, Timing], operations: int = 1) -> dict[str, Any]:
    """Return seconds per tree, and lazy / eager with half of its interval over rounds."""
    ratio = estimate_ratio(timings[LAZY], timings[EAGER])
    lazy, eager = estimate_time(timings[LAZY]), estimate_time(timings[EAGER])
    if ratio is None or lazy is None or eager is None:
        raise SystemExit("async_tree: a round has no values")
    return {
        "lazy": lazy.value * operations,
        "eager": eager.value * operations,
        "ratio": ratio.value,
        "half_width": ratio.half_width,
    }


def by_one_program(theirs: Theirs, kind: str) -> dict[str, Any]:
    """Return what both trees take by what the collector does; a few processes of each, in turn."""
    trees = list(itertools.product(("theirs", "ours"), ("lazy", "eager")))
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for collector in ("on", "frozen", "off"):
        ran: dict[tuple[str, str], list[dict[str, Any]]] = {tree: [] for tree in trees}
        for _ in range(PROCESSES):
            for which, tasks in trees:
                words = [sys.executable, str(COLLECTOR), kind, which, tasks, collector]
                words.append(theirs.script)
                ended = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
                ran[which, tasks].append(json.loads(ended.stdout))
        found[collector] = {"theirs": {}, "ours": {}}
        for (which, tasks), each in ran.items():
            found[collector][which][tasks] = {
                "seconds": statistics.median(s for one in each for s in one["seconds"]),
                "collections": statistics.fmean(one["collections"] for one in each),
            }
    return {"kind": kind, "collector": found}


def measure(kinds: list[str], rounds: int) -> dict[str, Any]:
    """Return what both measure of each kind, or why they do not."""
    if not hasattr(asyncio, "eager_task_factory"):
        return {"python": PYTHON, "skipped": "it cannot start tasks eagerly"}
    with tempfile.TemporaryDirectory() as folder:
        try:
            theirs = Theirs(Path(folder))
        except CannotInstallError as error:
            return {"python": PYTHON, "skipped": str(error)}
        return {
            "python": PYTHON,
            "pyperformance": theirs.version,
            "kinds": [compare(theirs, kind, rounds) for kind in kinds],
            "by one program": [by_one_program(theirs, kind) for kind in kinds],
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this one; repeats")
    given = parser.parse_args()
    text = json.dumps(measure(given.kind or list(KINDS), given.rounds), indent=1)
    print(text)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
