"""What holds for each scenario that awaitbench ships, in each of its variants."""

from __future__ import annotations

import gc
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import scenarios
from harness.measure.drive import open_driver
from harness.measure.observe import observe
from harness.plan import format_params
from harness.strategy import strategy
from harness.verify import compare
from tests.scenarios.watching import (
    LOOPS,
    SCENARIOS,
    parameters,
    settings,
    skip_unless_there,
    variants,
    watch,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = sorted(Path(scenarios.__path__[0]).glob("*.py"))

CASES = [
    pytest.param(name, variant, values, id=f"{name}-{variant}-{format_params(values.items())}")
    for name in SCENARIOS
    for values in settings(name)
    for variant in variants(name, parameters(name, **values).sync_ratio)
]
# What else may change neither answers nor share: values that the sweeps do not have.
OTHER_VALUES: dict[str, dict[str, Any]] = {
    "async_iterate": {"rows_per_page": 7},
    "async_tree": {"branches": 3, "levels": 3, "delay": 0.0005},
    "cache_lookup": {"size": 1},
    "deep_chain": {"depth": 100},
    "do_work": {"delay": 0.0005},
    "fan_out": {"leaves": 7},
    "pool_acquire": {"borrowers": 7},
    "rate_limit": {"burst": 7},
    "resolve_fields": {"fields": 150, "cached": 0.3},
    "stream_read": {"record_size": 1000},
}
# Tasks per operation of the variant `task`, where it is not one.
TASKS = {"deep_chain": 5}  # one in each layer


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files, threads and what warns when it is collected: all of it is gone at the end."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    threads = threading.active_count()
    gc.freeze()  # what thousands of tests before have left need not be looked at
    yield
    gc.collect()
    gc.unfreeze()
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == threads


@cache
def answers_of_the_coroutine(name: str, values: tuple[tuple[str, Any], ...]) -> list[list[Any]]:
    return [cycle.answers for cycle in watch(name, "coroutine", "asyncio", **dict(values))]


def expected_share(name: str, variant: str, **values: Any) -> float:
    possible = strategy(variant).can_complete_synchronously is not False
    return parameters(name, **values).sync_ratio if possible else 0.0


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize(("name", "variant", "values"), CASES)
def test_a_variant_does_the_work_of_the_coroutine(
    name: str, variant: str, values: dict[str, Any], loop_name: str
) -> None:
    skip_unless_there(loop_name)
    seen = watch(name, variant, loop_name, **values)
    assert [cycle.answers for cycle in seen] == answers_of_the_coroutine(
        name, tuple(values.items())
    )
    if SCENARIOS[name].operations is None:
        share = expected_share(name, variant, **values)
        assert [cycle.synchronous_share for cycle in seen] == [pytest.approx(share, abs=1e-4)] * 3
        assert {count for cycle in seen for count in cycle.suspensions} <= {0, 1}


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("setting", [0, -1])
def test_other_parameter_values_change_neither_answers_nor_share(
    name: str, setting: int, loop_name: str
) -> None:
    skip_unless_there(loop_name)
    values = settings(name)[setting] | OTHER_VALUES.get(name, {})
    expected = None
    for variant in variants(name, parameters(name, **values).sync_ratio):
        seen = watch(name, variant, loop_name, seed=7, **values)
        expected = expected or [cycle.answers for cycle in seen]
        assert [cycle.answers for cycle in seen] == expected
        if SCENARIOS[name].operations is None:
            share = pytest.approx(expected_share(name, variant, **values), abs=1e-4)
            assert [cycle.synchronous_share for cycle in seen] == [share] * len(seen)


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_harness_finds_no_disagreement_and_no_hidden_task(name: str, loop_name: str) -> None:
    skip_unless_there(loop_name)
    values = settings(name)[len(settings(name)) // 2]
    params = parameters(name, **values)
    observed = {}
    for variant in variants(name, params.sync_ratio):
        with open_driver(SCENARIOS[name], variant, params, loop_name) as driver:
            observed[variant] = observe(driver)
    operations = SCENARIOS[name].operations_of(params)
    tasks = {
        variant: seen.tasks
        for variant, seen in compare(
            observed, SCENARIOS[name].awaited_share(params), operations
        ).items()
    }
    if operations == 1:
        assert tasks["coroutine"] == tasks["value_task"] == tasks["value_task_checked"] == 0
        expected = TASKS.get(name, 1)
        assert tasks["task"] == tasks.get("eager_task", expected) == expected
        # A future of what a coroutine gives, where the answer is not there, is a Task.
        waiting = pytest.approx(1 - params.sync_ratio, abs=1e-3)
        assert all(tasks[name] in (0, waiting) for name in tasks if name.endswith("_future"))


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("setting", [0, -1])
@pytest.mark.parametrize("name", SCENARIOS)
def test_it_closes_before_anything_was_asked(name: str, setting: int, loop_name: str) -> None:
    skip_unless_there(loop_name)
    params = parameters(name, **settings(name)[setting])
    with open_driver(SCENARIOS[name], "coroutine", params, loop_name):
        pass


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_it_closes_when_the_measuring_fails(name: str, loop_name: str) -> None:
    skip_unless_there(loop_name)
    params = parameters(name, **settings(name)[len(settings(name)) // 2])

    def fail() -> None:
        with open_driver(SCENARIOS[name], "coroutine", params, loop_name) as driver:
            driver.drive(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_fits_in_120_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 120
