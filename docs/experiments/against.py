"""Against: how often ``check --against`` raises an alarm without a reason, and with one.

``python docs/experiments/against.py [--tries 50] [--json FILE] [OPTION …]``; takes about half a
minute for each try, of which there are twice as many. It makes a small repository in a temporary
folder and calls the command in it at preset quick: as it is, then with one more allocation in
each operation, uncommitted and without a suspension. Other options go to the command, as
``--only time`` does.
"""

from __future__ import annotations

import argparse
import collections
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from trust_page import gate_table

ROOT = Path(__file__).parent.parent.parent

PACKAGE = '''\
"""A cache, all of which is there."""

import asyncio

from harness.valuetask import ValueTask


class Cache:
    def __init__(self, rows):
        self.rows = rows
        loop = asyncio.get_running_loop()
        self.futures = {key: loop.create_future() for key in rows}
        for key, future in self.futures.items():
            future.set_result(rows[key])

    def find(self, rows, key):
        return rows[key]

    async def get(self, key):
        return self.find(self.rows, key)

    def get_value_task(self, key):
        return ValueTask(self.find(self.rows, key))

    def get_future(self, key):
        return self.find(self.futures, key)
'''
EXTRA = "        extra = [key]\n"

SCENARIO = '''\
"""Reads of a cache that holds every key."""

from contextlib import asynccontextmanager

from harness import Scenario

from mycache import Cache

KEYS = [f"key {number}" for number in range(20)]


@asynccontextmanager
async def setup(params):
    yield Cache({key: key.upper() for key in KEYS})


async def coroutine(cache, key):
    return await cache.get(key)


def value_task(cache, key):
    return cache.get_value_task(key)


def cached_future(cache, key):
    return cache.get_future(key)


SCENARIO = Scenario(
    title="Reads of a cache that holds every key",
    setup=setup,
    requests=lambda cache, params: KEYS,
    variants=(coroutine, value_task, cached_future),
    sweep={"sync_ratio": (1.0,)},
)
'''

PYPROJECT = """\
[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"

[project]
name = "mycache"
version = "1"

[tool.setuptools]
packages = ["mycache"]
"""


def make_repository(top: Path) -> None:
    """Write the package and its scenario, and commit them."""
    for name, text in (
        ("pyproject.toml", PYPROJECT),
        ("mycache/__init__.py", PACKAGE),
        ("bench/lookup.py", SCENARIO),
        (".gitignore", "__pycache__\nresults\n*.egg-info\n"),
    ):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for words in (["init", "--quiet", "."], ["add", "--all"], ["commit", "--quiet", "-m", "One"]):
        subprocess.run(["git", *who, *words], cwd=top, check=True)


def attempt(top: Path, name: str, seed: int, options: list[str]) -> dict[str, Any]:
    """Call the command once; return its exit code, and what it took and said."""
    started = time.monotonic()
    words = ["check", "--against", "HEAD", "bench/lookup.py", "--preset", "quick"]
    words += ["--name", name, "--seed", str(seed), *options]
    ended = subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=top,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    if ended.returncode not in (0, 1):
        print(ended.stderr, file=sys.stderr)
    return {
        "code": ended.returncode,
        "seconds": time.monotonic() - started,
        "said": ended.stdout if ended.returncode else "",
    }


def series(top: Path, name: str, tries: int, options: list[str]) -> dict[str, Any]:
    """Return how *tries* calls ended, with the upper end of the alarms' 95 % interval."""
    found = []
    for number in range(tries):
        found.append(attempt(top, f"{name}-{number}", number, options))
        print(f"{name} {number + 1}/{tries}: exit code {found[-1]['code']}", file=sys.stderr)
    codes = collections.Counter(each["code"] for each in found)
    return {
        "tries": tries,
        "alarms": codes[1],
        "passed": codes[0],
        "failed": tries - codes[0] - codes[1],
        # Of none in n, the exact (Clopper-Pearson) bound has this form.
        "most": 1 - math.pow(0.025, 1 / tries) if codes[1] == 0 else None,
        "seconds": statistics.median(each["seconds"] for each in found),
        "said": [each["said"] for each in found if each["code"] and name == "unchanged"],
    }


def measure(tries: int, options: list[str]) -> dict[str, Any]:
    """Return both series."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        make_repository(top)
        unchanged = series(top, "unchanged", tries, options)
        package = top / "mycache" / "__init__.py"
        place = "        return rows[key]\n"
        text = package.read_text(encoding="utf-8")
        package.write_text(text.replace(place, EXTRA + place), encoding="utf-8")
        return {"unchanged": unchanged, "changed": series(top, "changed", tries, options)}


def main() -> int:
    """Measure, print and store; 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=50)
    parser.add_argument("--json", type=Path)
    args, options = parser.parse_known_args()
    found = measure(args.tries, options)
    print("\n".join(gate_table(found)))
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    kept = found["unchanged"]["passed"] == found["changed"]["alarms"] == args.tries
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
