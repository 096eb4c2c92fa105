"""Runs pytest over a written file and reads what it says, and what it stores for each test."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Session", "run_pytest"]

ROOT = Path(__file__).parents[2]

# What else is installed here has no part in a session, unless it is tried.
_ALONE = (
    *("no:randomly", "no:asyncio", "no:anyio", "no:xdist", "no:cov", "no:hypothesispytest"),
    "no:cacheprovider",
)


@dataclass(frozen=True)
class Session:
    """How a session ended: what was printed, and by test its outcome, text and properties."""

    code: int
    text: str
    outcomes: Mapping[str, str]
    said: Mapping[str, str]
    properties: Mapping[str, Mapping[str, str]]

    def count(self, test: str) -> float:
        """Return the allocations per operation of *test*."""
        return float(self.properties[test]["allocations_per_op"])

    def size(self, test: str) -> float:
        """Return the bytes per operation of *test*."""
        return float(self.properties[test]["allocated_bytes_per_op"])

    @property
    def counts(self) -> dict[str, tuple[str, str]]:
        """Allocations and bytes per operation as they were stored, by test."""
        return {
            test: (found["allocations_per_op"], found["allocated_bytes_per_op"])
            for test, found in self.properties.items()
            if "allocations_per_op" in found
        }


def run_pytest(
    folder: Path, *words: str, using: tuple[str, ...] = (), environment: Mapping[str, str] = {}
) -> Session:
    """Run pytest in *folder*, with the plugins *using* beside awaitbench's."""
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    plugins = [f"-p{name}" for name in _ALONE if name.removeprefix("no:") not in using]
    given = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--rootdir=.", "--strict-markers"),
            *(*plugins, f"--junitxml={report}", *words),
        ],
        cwd=folder,
        env={**given, "COLUMNS": "100", "COV_CORE_SOURCE": "", **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    text = done.stdout + done.stderr
    if not report.exists():
        return Session(done.returncode, text, {}, {}, {})
    outcomes, said, properties = {}, {}, {}
    for case in ET.parse(report).iter("testcase"):
        name = case.get("name", "")
        ends = [each for each in case if each.tag in ("failure", "error", "skipped")]
        outcomes[name] = " ".join(each.tag for each in ends) or "passed"
        said[name] = "\n".join(each.text or "" for each in ends)
        properties[name] = {
            each.get("name", ""): each.get("value", "") for each in case.iter("property")
        }
    return Session(done.returncode, text, outcomes, said, properties)
