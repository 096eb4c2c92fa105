"""Overhead: what the driving loop costs, beside a coroutine that it awaits.

``python docs/experiments/overhead.py [--json FILE]``
"""

from __future__ import annotations

import argparse
import json
import platform
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness import Params, Scenario
from harness.measure.calibration import calibrate, floor, warm_up
from harness.measure.drive import open_driver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REPEATS = 200
GOAL_NS = 15.0


async def coroutine(state: int, request: int) -> int:
    """Return an answer that is already there."""
    return state + request


@asynccontextmanager
async def setup(params: Params) -> AsyncIterator[int]:
    """Give the state."""
    yield 1


SCENARIO = Scenario[int, int, int](
    title="Nothing but an await",
    setup=setup,
    requests=lambda state, params: range(20),
    variants=(coroutine,),
)


def measure() -> dict[str, float | str]:
    """Return the fastest of many values of both, in ns per operation."""
    with open_driver(SCENARIO, "coroutine", Params({"sync_ratio": 1.0}), "asyncio") as driver:
        warm_up(driver)
        cycles, _ = calibrate(driver, 0.003)
        operations = cycles * driver.operations
        awaited = min(driver.drive(cycles) for _ in range(REPEATS)) / operations
        return {
            "python": platform.python_version(),
            "loop_ns": floor(driver) * 1e9,
            "coroutine_ns": awaited * 1e9,
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
    raise SystemExit(float(found["loop_ns"]) >= GOAL_NS)
