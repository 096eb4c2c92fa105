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
from harness.strategy import strategy
from harness.verify import compare
from tests.scenarios.watching import (
    LOOPS,
    RATIOS,
    SCENARIOS,
    parameters,
    skip_unless_there,
    variants,
    watch,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = sorted(Path(scenarios.__path__[0]).glob("*.py"))

CASES = [
    pytest.param(name, variant, ratio, id=f"{name}-{variant}-{ratio:g}")
    for name in SCENARIOS
    for ratio in RATIOS
    for variant in variants(name, ratio)
]
WHERE_THEY_EXIST = {"eager_task": 1, "value_task_native": 0}  # tasks of one operation
OTHER_VALUES: dict[str, dict[str, Any]] = {
    "cache_lookup": {"size": 1},
    "do_work": {"delay": 0.0005},
    "stream_read": {"record_size": 1000},
}


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files, threads and what warns when it is collected: all of it is gone at the end."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    threads = threading.active_count()
    yield
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == threads


@cache
def answers_of_the_coroutine(name: str, ratio: float) -> list[list[Any]]:
    return [cycle.answers for cycle in watch(name, "coroutine", "asyncio", sync_ratio=ratio)]


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize(("name", "variant", "ratio"), CASES)
def test_a_variant_does_the_work_of_the_coroutine(
    name: str, variant: str, ratio: float, loop_name: str
) -> None:
    skip_unless_there(loop_name)
    seen = watch(name, variant, loop_name, sync_ratio=ratio)
    assert [cycle.answers for cycle in seen] == answers_of_the_coroutine(name, ratio)
    share = ratio if strategy(variant).can_complete_synchronously else 0.0
    assert [cycle.synchronous_share for cycle in seen] == [pytest.approx(share)] * 3
    assert {count for cycle in seen for count in cycle.suspensions} <= {0, 1}


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("ratio", [0.5, 1.0])
def test_other_parameter_values_change_neither_answers_nor_share(
    name: str, ratio: float, loop_name: str
) -> None:
    skip_unless_there(loop_name)
    expected = None
    for variant in variants(name, ratio):
        seen = watch(name, variant, loop_name, seed=7, sync_ratio=ratio, **OTHER_VALUES[name])
        expected = expected or [cycle.answers for cycle in seen]
        assert [cycle.answers for cycle in seen] == expected
        share = ratio if strategy(variant).can_complete_synchronously else 0.0
        assert {cycle.synchronous_share for cycle in seen} == {share}


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_harness_finds_no_disagreement_and_no_hidden_task(name: str, loop_name: str) -> None:
    skip_unless_there(loop_name)
    observed = {}
    for variant in variants(name, 0.9):
        params = parameters(name, sync_ratio=0.9)
        with open_driver(SCENARIOS[name], variant, params, loop_name) as driver:
            observed[variant] = observe(driver)
    # A query of aiosqlite is a coroutine: a future of its row is a Task.
    on_a_miss = pytest.approx(0.1) if name == "cache_lookup" else 0
    here = {name: tasks for name, tasks in WHERE_THEY_EXIST.items() if name in observed}
    assert {variant: seen.tasks for variant, seen in compare(observed, 0.9).items()} == here | {
        "task": 1,
        "coroutine": 0,
        "cached_future": on_a_miss,
        "ready_future": on_a_miss,
        "value_task": 0,
        "value_task_checked": 0,
    }


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("ratio", [0.0, 1.0])
@pytest.mark.parametrize("name", SCENARIOS)
def test_it_closes_before_anything_was_asked(name: str, ratio: float, loop_name: str) -> None:
    skip_unless_there(loop_name)
    params = parameters(name, sync_ratio=ratio)
    with open_driver(SCENARIOS[name], "coroutine", params, loop_name):
        pass


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_it_closes_when_the_measuring_fails(name: str, loop_name: str) -> None:
    skip_unless_there(loop_name)
    params = parameters(name, sync_ratio=0.5)

    def fail() -> None:
        with open_driver(SCENARIOS[name], "coroutine", params, loop_name) as driver:
            driver.drive(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_fits_in_120_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 120
