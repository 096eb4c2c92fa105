"""Between: how far the ratios from one interpreter or event loop to another scatter over runs.

``python docs/experiments/between.py [--json FILE] [--runs 5] [--preset NAME] [--share SHARE …]
[PYTHON …]``; takes some minutes. Each run has another seed, and times every variant of ``do_work``
at each share of synchronous completions on all runtimes.
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
from typing import Any

from harness.analysis.runtimes import runtime_changes, short_name
from harness.store import RunFolder

SCENARIO, SHARES = "do_work", ("1", "0")
PYTHONS = ("3.11", "3.12", "3.13")
LOOPS = ("asyncio", "uvloop")

Key = tuple[str, str, str, str, str]  # scenario, share, variant, from which runtime, to which


def ratios(folder: Path, share: str, given: argparse.Namespace, seed: int) -> Any:
    """Measure one setting on all runtimes; return each ratio between two, and its half-width."""
    name = f"{SCENARIO}-{share}"
    words = ["-m", "harness", "run", SCENARIO, "-p", f"sync_ratio={share}", "--only", "time"]
    words += ["--preset", given.preset, "--results", str(folder), "--name", name]
    words += ["--no-report", "--seed", str(seed)]
    words += [word for each in given.pythons for word in ("--python", each)]
    words += [word for each in LOOPS for word in ("--loop", each)]
    # Exit code 1: some runtime lacks something, such as eager tasks; the others are measured.
    ended = subprocess.run([sys.executable, *words], check=False, capture_output=True, text=True)
    if ended.returncode not in (0, 1):
        print(ended.stderr, file=sys.stderr)
    return {
        (
            SCENARIO,
            share,
            change.variant,
            short_name(change.base),
            short_name(change.group.runtime),
        ): change.time
        for change in runtime_changes(RunFolder(folder / name).load())
        if change.time
    }


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Repeat; return for each ratio its values, and how far they are from their median."""
    found: dict[Key, list[Any]] = {}
    seconds = []
    for run in range(given.runs):
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            for share in given.share or SHARES:
                for key, estimate in ratios(Path(folder), share, given, run).items():
                    found.setdefault(key, []).append(estimate)
        seconds.append(time.monotonic() - started)
        print(f"{run + 1}/{given.runs}: {seconds[-1]:.0f} s", file=sys.stderr, flush=True)
    return {
        "runs": given.runs,
        "preset": given.preset,
        "shares": given.share or SHARES,
        "seconds": statistics.fmean(seconds),
        "ratios": [
            {
                "case": list(key),
                "values": [each.value for each in estimates],
                "half_width": statistics.median(each.half_width for each in estimates),
            }
            for key, estimates in found.items()
            # One without an interval, of a single round, is no ratio to be judged by.
            if sum(each.half_width is not None for each in estimates) == given.runs
        ],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--share", action="append", choices=SHARES)
    parser.add_argument("pythons", nargs="*", default=PYTHONS)
    given = parser.parse_args()
    text = json.dumps(measure(given), indent=1)
    print(text)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
