"""Affinity: each variant is timed on one CPU, and nobody is less free afterwards."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from harness.measure.affinity import cpu_to_measure_on, how_pinned, kept_off, pin_this_thread
from harness.measure.crew import Interpreter
from harness.measure.rounds import rounds_of
from harness.plan import Group, Runtime
from tests.measure.machines import CPUS, machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs a system with affinity, and two CPUs",
)

GROUP = Group("sample", (("sync_ratio", 1.0), ("size", 1)), ("task", "mine"), Runtime("3.13.0"))


@pytest.fixture(autouse=True)
def usable() -> Iterator[set[int]]:
    """Give the CPUs that may be used, which are the same after the test."""
    before = os.sched_getaffinity(0)
    yield before
    assert os.sched_getaffinity(0) == before


class TestChoice:
    def test_it_is_an_isolated_one(self, usable: set[int], tmp_path: Path) -> None:
        files = machine(tmp_path, {f"{CPUS}/isolated": f"{min(usable)}\n"})
        assert cpu_to_measure_on(files) == cpu_to_measure_on(files, shared=True) == min(usable)
        assert how_pinned(files) == f"pinned to CPU {min(usable)}, which is isolated"

    def test_where_none_is_isolated_it_is_the_last_and_only_for_those_who_share_it(
        self, usable: set[int], tmp_path: Path
    ) -> None:
        files = machine(tmp_path, {f"{CPUS}/isolated": "\n"})
        assert cpu_to_measure_on(files, shared=True) == max(usable)
        assert cpu_to_measure_on(files) is None
        assert how_pinned(files) == "not pinned"

    def test_an_isolated_one_that_is_forbidden_is_passed_over(self, tmp_path: Path) -> None:
        assert cpu_to_measure_on(machine(tmp_path, {f"{CPUS}/isolated": "60000\n"})) is None

    def test_a_single_cpu_is_left_to_all(self, usable: set[int], tmp_path: Path) -> None:
        files = machine(tmp_path, {f"{CPUS}/isolated": f"{min(usable)}\n"})
        os.sched_setaffinity(0, {min(usable)})
        try:
            assert cpu_to_measure_on(files, shared=True) is None
        finally:
            os.sched_setaffinity(0, usable)

    def test_a_system_without_affinity_has_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patch:
            patch.delattr(os, "sched_setaffinity")
            assert cpu_to_measure_on(shared=True) is None
            assert how_pinned() == "not pinned"


class TestKeptOff:
    def test_every_thread_of_this_process_keeps_off(self, usable: set[int]) -> None:
        cpu = max(usable)
        ask, stop = threading.Event(), threading.Event()
        seen: list[set[int]] = []

        def other() -> None:
            ask.wait(10)
            seen.append(os.sched_getaffinity(0))
            stop.wait(10)
            seen.append(os.sched_getaffinity(0))

        thread = threading.Thread(target=other)
        thread.start()
        with kept_off(cpu):
            assert os.sched_getaffinity(0) == usable - {cpu}
            late = threading.Thread(target=stop.wait, args=(10,))
            late.start()
            ask.set()
            while not seen:
                stop.wait(0.001)
        assert os.sched_getaffinity(late.native_id or 0) == usable
        stop.set()
        thread.join()
        late.join()
        assert seen == [usable - {cpu}, usable]

    def test_all_is_as_before_when_it_ends_by_an_exception(self, usable: set[int]) -> None:
        with pytest.raises(KeyboardInterrupt), kept_off(max(usable)):
            raise KeyboardInterrupt
        assert os.sched_getaffinity(0) == usable

    def test_one_within_another_leaves_the_outer_one_in_force(self, usable: set[int]) -> None:
        with kept_off(max(usable)):
            with kept_off(max(usable)):
                pass
            assert os.sched_getaffinity(0) == usable - {max(usable)}

    def test_off_no_cpu_changes_nothing(self, usable: set[int]) -> None:
        with kept_off(None):
            assert os.sched_getaffinity(0) == usable

    def test_the_last_cpu_is_not_taken_away(self, usable: set[int]) -> None:
        pin_this_thread(max(usable))
        try:
            with kept_off(max(usable)):
                assert os.sched_getaffinity(0) == {max(usable)}
        finally:
            os.sched_setaffinity(0, usable)


def test_a_thread_that_may_not_be_pinned_runs_on(usable: set[int]) -> None:
    pin_this_thread(60_000)
    pin_this_thread(None)
    assert os.sched_getaffinity(0) == usable


# A thread that was there before the values begin, and where it may run.
_SETUP = "threading.Thread(target=time.sleep, args=(60,), daemon=True, name='early').start()"
_MINE = """
    if within('time_values'):
        here = os.sched_getaffinity(0)
        (early,) = [t for t in threading.enumerate() if t.name == 'early']
        free = os.sched_getaffinity(early.native_id)
        assert (here, free) == ({here}, {free}), (here, free)
"""


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("pinned", [True, False, None])
def test_a_round_times_on_one_cpu_what_may_use_threads_of_its_own(
    pinned: bool | None, usable: set[int], write_scenario: Callable[..., Path]
) -> None:
    cpu = None if pinned is False else cpu_to_measure_on(shared=pinned is True)
    assert (cpu is not None) or not pinned
    here = usable if cpu is None else {cpu}
    path = write_scenario(
        setup="import threading, time; " + _SETUP,
        mine="import threading"
        + _MINE.replace("{here}", repr(here)).replace("{free}", repr(usable)),
    )
    interpreter = Interpreter(sources={"sample": str(path)})
    open_round = rounds_of(GROUP, interpreter, 0, pinned=pinned)
    with open_round(0, ("mine",)) as workers:
        assert os.sched_getaffinity(0) == usable - {cpu}
        worker = workers["mine"]
        worker.prepare()
        worker.prepared()
        worker.begin(loops=1, values=1, warmups=0, expected=0.001)
        worker.begun()
        worker.measure()
        worker.end()
        told = worker.ended().metadata
    if cpu is not None:
        assert told["cpu_affinity"] == str(cpu)
    else:
        assert "cpu_affinity" not in told
    assert os.sched_getaffinity(0) == usable
