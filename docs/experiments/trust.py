"""Trust: is equal told from different, with the other core idle, and with it loaded?

``python docs/experiments/trust.py [--json FILE] [--groups N] [--preset NAME]``; takes about
twenty minutes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS = 60  # five equal pairs each, and one that is not


def proof(groups: int, preset: str, seed: int) -> dict[str, Any]:
    """Return what ``doctor --aa`` says."""
    words = ["-m", "harness", "doctor", "--aa", "--format", "json"]
    words += ["--groups", str(groups), "--preset", preset, "--seed", str(seed)]
    done = subprocess.run([sys.executable, *words], check=False, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)  # exit code 1: a finding all the more wanted
    return found


@contextmanager
def competitor() -> Iterator[None]:
    """Have a process compute without end beside us."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield
        finally:
            process.kill()


def measure(groups: int, preset: str) -> list[dict[str, Any]]:
    """Return both proofs, each with what it was measured beside."""
    quiet = proof(groups, preset, seed=1)
    with competitor():
        loaded = proof(groups, preset, seed=2)
    return [{"condition": "nothing", **quiet}, {"condition": "a competing process", **loaded}]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--groups", type=int, default=GROUPS)
    parser.add_argument("--preset", default="standard")
    given = parser.parse_args()
    text = json.dumps(measure(given.groups, given.preset), indent=1)
    print(text)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
