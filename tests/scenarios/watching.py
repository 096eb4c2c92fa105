"""Runs a variant of a scenario cycle by cycle and notes what its awaiter sees."""

from __future__ import annotations

import asyncio
import itertools
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import scenarios
from harness import Params, catalog
from harness.measure.drive import open_driver
from harness.measure.environment import this_runtime
from harness.strategy import Reading, functions, strategy

if TYPE_CHECKING:
    from collections.abc import Generator

    from harness import Scenario
    from harness.measure.drive import Driver

SCENARIOS: dict[str, Scenario[Any, Any, Any]] = {
    module.name: catalog.load(f"scenarios.{module.name}").scenario
    for module in pkgutil.iter_modules(scenarios.__path__)
    if not module.name.startswith("_")
}
LOOPS = ("asyncio", "uvloop")
RATIOS = (0.0, 0.25, 0.5, 0.9, 0.99, 1.0)


@dataclass
class Cycle:
    """The answers of one cycle, and how often each request suspended its awaiter."""

    answers: list[Any]
    suspensions: list[int]

    @property
    def synchronous_share(self) -> float:
        return self.suspensions.count(0) / len(self.suspensions)


class Suspending:
    """Awaits in the place of *awaitable*, and counts how often it suspends."""

    def __init__(self, awaitable: Any) -> None:
        self.awaitable = awaitable
        self.count = 0

    def __await__(self) -> Generator[Any, None, Any]:
        steps = self.awaitable.__await__()
        while True:
            try:
                waited_for = next(steps)
            except StopIteration as stop:
                return stop.value
            self.count += 1
            yield waited_for


async def one_cycle(driver: Driver[Any, Any, Any]) -> Cycle:
    """Answer each request of a cycle, one after the other."""
    seen = Cycle([], [])
    for request in driver.cycle:
        answer = driver.function(driver.state, request)
        if strategy(driver.variant).reading is Reading.CALL:
            seen.answers.append(answer)
            seen.suspensions.append(0)
        else:
            awaited = Suspending(answer)
            seen.answers.append(await awaited)
            seen.suspensions.append(awaited.count)
    return seen


def watch(
    name: str, variant: str, loop_name: str, cycles: int = 3, seed: int = 0, **values: Any
) -> list[Cycle]:
    """Return what was seen in *cycles* cycles; no task may be left when they are over."""
    params = parameters(name, seed, **values)
    with open_driver(SCENARIOS[name], variant, params, loop_name) as driver:
        tasks = asyncio.all_tasks(driver.loop)
        seen = []
        for _ in range(cycles):
            seen.append(driver.loop.run_until_complete(one_cycle(driver)))
            assert asyncio.all_tasks(driver.loop) == tasks
        driver.drive(2)
        assert asyncio.all_tasks(driver.loop) == tasks
    return seen


def settings(name: str) -> list[dict[str, Any]]:
    """Return the parameter values at which a scenario is looked at: its shares, else its sweep."""
    scenario = SCENARIOS[name]
    if scenario.sync_ratio is None:
        return [{"sync_ratio": ratio} for ratio in RATIOS]
    axes = [[(knob, value) for value in values] for knob, values in scenario.sweep.items()]
    return [dict(values) for values in itertools.product(*axes)]


def parameters(name: str, seed: int = 0, **values: Any) -> Params:
    """Return the parameters of a scenario: *values*, and the defaults of the others."""
    scenario = SCENARIOS[name]
    declared = scenario.declared
    checked = {key: declared[key].check(key, value) for key, value in values.items()}
    known = {key: parameter.default for key, parameter in declared.items()} | checked
    return Params({"sync_ratio": scenario.share_of(known), **known}, seed)


def variants(name: str, ratio: float) -> list[str]:
    """Return the variants that this interpreter has for a scenario at a ratio."""
    here = this_runtime()
    known = (strategy(variant) for variant in functions(SCENARIOS[name]))
    return [
        variant.name
        for variant in known
        if not variant.unavailable(here) and (ratio == 1 or not variant.only_synchronous)
    ]


def skip_unless_there(loop_name: str) -> None:
    """Skip the test where the loop is missing."""
    if loop_name == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop is not installed for this interpreter")
