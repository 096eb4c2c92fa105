"""Repeatability: how far the ratios of five repeats scatter, ours and sequential pyperf's.

``python docs/experiments/repeatability.py [--json FILE]``; takes about 20 minutes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyperf

from harness.analysis.rows import case_rows
from harness.store import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable

SCENARIO, RATIO = "do_work", "0.9"
REPEATS = 5

Ratios = dict[str, float]


def ours(folder: Path, preset: str, seed: int) -> tuple[Ratios, float]:
    """Measure once with awaitbench; return each ratio to coroutine, and the wall time.

    Each repeat has another seed: other requests, sweeps and hash seeds, as pyperf's have.
    """
    words = ["-m", "harness", "run", SCENARIO, "-p", f"sync_ratio={RATIO}", "--only", "time"]
    words += ["--preset", preset, "--results", str(folder), "--name", "run", "--no-report"]
    words += ["--seed", str(seed)]
    started = time.monotonic()
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    taken = time.monotonic() - started
    rows = case_rows(RunFolder(folder / "run").load())
    return {row.variant: row.ratio for row in rows if row.ratio and not row.is_baseline}, taken


def sequential(folder: Path) -> tuple[Ratios, float]:
    """Measure once with ``pyperf --fast``, one variant after the other."""
    script = str(Path(__file__).with_name("sequential.py"))
    out = folder / "pyperf.json"
    started = time.monotonic()
    words = [script, SCENARIO, RATIO, "--fast", "--quiet", "-o", str(out)]
    words += ["--inherit-environ", "PYTHONPATH"]
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    taken = time.monotonic() - started
    means = {
        benchmark.get_name(): benchmark.mean()
        for benchmark in pyperf.BenchmarkSuite.load(str(out)).get_benchmarks()
    }
    baseline = means.pop("coroutine")
    return {variant: mean / baseline for variant, mean in means.items()}, taken


def scatter(repeats: list[Ratios]) -> Ratios:
    """Return standard deviation / mean of each variant's ratio."""
    return {
        variant: statistics.stdev(values) / statistics.fmean(values)
        for variant in repeats[0]
        for values in [[repeat[variant] for repeat in repeats]]
    }


def measure() -> dict[str, object]:
    """Repeat all of them in turn, so that the machine's mood is the same for all."""
    engines: dict[str, Callable[[Path, int], tuple[Ratios, float]]] = {
        "awaitbench quick": lambda folder, seed: ours(folder, "quick", seed),
        "awaitbench standard": lambda folder, seed: ours(folder, "standard", seed),
        "pyperf --fast": lambda folder, _: sequential(folder),
    }
    ratios: dict[str, list[Ratios]] = {engine: [] for engine in engines}
    seconds: dict[str, list[float]] = {engine: [] for engine in engines}
    for repeat in range(REPEATS):
        for engine, run in engines.items():
            with tempfile.TemporaryDirectory() as folder:
                found, taken = run(Path(folder), repeat)
            ratios[engine].append(found)
            seconds[engine].append(taken)
            print(f"{repeat + 1}/{REPEATS} {engine}: {taken:.1f} s", file=sys.stderr, flush=True)
    return {
        engine: {
            "scatter": scatter(ratios[engine]),
            "worst": max(scatter(ratios[engine]).values()),
            "median": statistics.median(scatter(ratios[engine]).values()),
            "seconds": statistics.fmean(seconds[engine]),
            "ratios": ratios[engine],
        }
        for engine in engines
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    out = parser.parse_args().json
    found = measure()
    text = json.dumps(found, indent=1)
    print(text)
    if out:
        out.write_text(text + "\n", encoding="utf-8")
