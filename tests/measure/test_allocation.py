"""The counting pass, on allocations that are known beforehand."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from harness.measure.allocation import Schedule
from tests.allocator.independent import count
from tests.allocator.known import BLOCK

if TYPE_CHECKING:
    from collections.abc import Mapping

KNOWN = "tests/allocator/known.py"
LOOPS = ("asyncio", "uvloop")
BUFFER = BLOCK + 1  # a bytearray ends with a zero byte that it does not show


@cache
def counts(loop: str, hash_seed: int) -> Mapping[str, Mapping[str, Any]]:
    return count(KNOWN, {"sync_ratio": 1.0}, loop, hash_seed=hash_seed)


def counted(variant: str, loop: str = "asyncio", hash_seed: int = 0) -> Mapping[str, Any]:
    """Return the Allocations of *variant* of the known scenario, or its error."""
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    answer = counts(loop, hash_seed)[variant]
    found: Mapping[str, Any] = answer.get("memray", answer)
    return found


def of_size(allocations: Mapping[str, Any], size: int) -> float:
    counts: list[float] = [k["count"] for k in allocations["kinds"] if k["size"] == size]
    return sum(counts)


@pytest.mark.parametrize("loop", LOOPS)
def test_the_driving_loop_itself_allocates_nothing(loop: str) -> None:
    allocations = counted("synchronous", loop)
    assert (allocations["count"], allocations["requested_bytes"]) == (0, 0)
    assert (allocations["peak_bytes"], allocations["kinds"]) == (0, [])


@pytest.mark.parametrize("loop", LOOPS)
def test_an_awaited_coroutine_is_one_allocation(loop: str) -> None:
    allocations = counted("coroutine", loop)
    assert allocations["count"] == 1
    assert allocations["peak_bytes"] == allocations["requested_bytes"]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_block_is_found_with_its_size(loop: str) -> None:
    allocations, without = counted("block", loop), counted("coroutine", loop)
    assert of_size(allocations, BUFFER) == 1
    assert allocations["count"] == without["count"] + 2
    assert BUFFER < allocations["requested_bytes"] - without["requested_bytes"] < BUFFER + 100


def test_a_reallocation_is_one_allocation() -> None:
    assert counted("grown")["count"] == counted("block")["count"] + 1
    assert (of_size(counted("grown"), BUFFER), of_size(counted("grown"), 2 * BLOCK + 1)) == (1, 1)


def test_kinds_add_up() -> None:
    allocations = counted("task")
    kinds = allocations["kinds"]
    assert sum(kind["count"] for kind in kinds) == pytest.approx(allocations["count"])
    total = sum(kind["count"] * kind["size"] for kind in kinds)
    assert total == pytest.approx(allocations["requested_bytes"])
    assert [kind["count"] for kind in kinds] == sorted((k["count"] for k in kinds), reverse=True)


def test_the_peak_is_what_one_operation_holds_where_each_lets_go() -> None:
    assert counted("block")["peak_bytes"] == counted("block")["requested_bytes"]


def test_the_peak_grows_with_what_operations_keep() -> None:
    assert counted("kept")["peak_bytes"] > 50 * BUFFER


def test_a_library_s_own_blocks_are_counted_under_its_allocator() -> None:
    kinds = counted("library")["kinds"]
    own = [k for k in kinds if not k["allocator"].startswith("PYMALLOC_")]
    assert [(k["allocator"], k["count"]) for k in own if k["size"] >= BLOCK] == [("MALLOC", 1)]


@pytest.mark.parametrize("loop", LOOPS)
def test_what_a_running_thread_allocates_is_counted(loop: str) -> None:
    assert of_size(counted("thread", loop), BUFFER) == 1


def test_what_a_new_thread_allocates_is_counted() -> None:
    assert of_size(counted("new_thread"), BUFFER) == 1


@pytest.mark.parametrize("loop", LOOPS)
def test_code_that_enters_python_from_an_extension_is_counted_without_the_stack_hook(
    loop: str,
) -> None:
    assert counted("extension", loop)["count"] == counted("coroutine", loop)["count"]


def test_a_count_that_audit_events_spoil_is_not_reported() -> None:
    assert "audit event 'sys._getframe'" in counted("audited", "uvloop")["error"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a thread runs: the veto is needed")
def test_audit_events_spoil_nothing_where_no_veto_is_needed() -> None:
    assert counted("audited")["count"] == 2  # the coroutine, the frame


def test_a_count_that_does_not_settle_is_not_reported() -> None:
    assert "do not settle" in counted("growing")["error"]


@pytest.mark.parametrize("loop", LOOPS)
def test_counts_are_the_same_under_every_hash_seed(loop: str) -> None:
    for variant in ("coroutine", "task", "cached_future", "ready_future", "block"):
        first, *others = (counted(variant, loop, seed) for seed in (0, 1, 2))
        assert all(other == first for other in others), variant


def test_a_count_with_the_stack_hook_on_is_not_reported() -> None:
    program = """
import sys
from harness.errors import MeasureError
from harness.measure import allocation
from harness.measure.drive import open_driver
from harness.scenario import Params
from tests.allocator.known import SCENARIO

class Powerless(allocation.Veto):
    def _audit(self, event, arguments):
        pass

allocation.Veto = Powerless
with open_driver(SCENARIO, "coroutine", Params({"sync_ratio": 1.0}), "uvloop") as driver:
    try:
        allocation.count_allocations(driver)
    except MeasureError as error:
        sys.exit(str(error))
"""
    pytest.importorskip("uvloop")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "stack hook came back" in done.stderr


def test_neither_pandas_nor_matplotlib_is_imported_for_it() -> None:
    program = (
        "import sys, harness.measure.allocation; "
        "sys.exit(', '.join({'pandas', 'matplotlib', 'pyperf'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.strip() == ""


class Recorded:
    """A driver that only notes what it is asked for."""

    def __init__(self, length: int) -> None:
        self.cycle = (None,) * length
        self.operations = length
        self.asked: list[tuple[str, int]] = []

    def drive(self, cycles: int) -> None:
        self.asked.append(("operations", cycles))

    def drive_nothing(self, cycles: int) -> None:
        self.asked.append(("nothing", cycles))


@pytest.mark.parametrize("length", [1, 7, 20, 100, 1000])
def test_both_stretches_drive_the_same_lengths_but_for_one(length: int) -> None:
    driver: Any = Recorded(length)
    schedule = Schedule(driver, operations=300)
    schedule.drive(schedule.short)
    short = driver.asked.copy()
    driver.asked.clear()
    schedule.drive(schedule.long)
    assert sorted(n for _, n in short) == sorted(n for _, n in driver.asked)
    assert ("operations", schedule.short) in short
    assert ("operations", schedule.long) in driver.asked
    assert schedule.operations == (schedule.long - schedule.short) * length >= 300


@pytest.mark.parametrize("operations", [1, 59, 60, 1000])
def test_a_stretch_has_a_first_request_and_a_last(operations: int) -> None:
    """What one request holds is looked for between the two."""
    driver: Any = Recorded(operations)
    driver.cycle = (None,)
    assert Schedule(driver).short >= 2


def test_one_request_of_many_operations_is_counted() -> None:
    found = count("scenarios.fan_out", {"sync_ratio": 1.0, "leaves": 1000}, "asyncio", hash_seed=0)
    assert found["sequential"]["memray"]["count"] == pytest.approx(1, abs=0.1)
    assert found["task"]["memray"]["peak_bytes"] > 1000 * found["task"]["memray"]["count"]
