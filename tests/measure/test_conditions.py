"""Conditions: what other processes did is told apart from what ours did."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import namedtuple
from typing import TYPE_CHECKING

import psutil
import pytest

from harness.measure import conditions
from harness.measure.conditions import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

SPIN = "while True: pass"
# A round of ours in small: a session whose leader forks, and then only waits.
FORKS = "import os\nif os.fork() == 0:\n  while True: pass\nimport time; time.sleep(60)"
# One of its children is waited for by its parent: its time is told by nobody else any more.
WAITED_FOR = """
import os, time
if (pid := os.fork()) == 0:
    while time.process_time() < 0.4: pass
    os._exit(0)
os.waitpid(pid, 0); time.sleep(60)
"""
# And one has ended, but nobody has asked for it.
ZOMBIE = WAITED_FOR.replace("os.waitpid(pid, 0); ", "")


def spend(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.fixture
def started(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """Start the program that the test asks for, in a session of its own or in ours."""
    program, session = request.param
    process = subprocess.Popen([sys.executable, "-c", program], start_new_session=session)
    try:
        yield process
    finally:
        if session:
            os.killpg(process.pid, 9)
        process.kill()
        process.wait()


def others_during(seconds: float) -> tuple[float, float]:
    """Return the cores that others kept busy, and those that all processes did."""
    watch, before = Watch(), psutil.cpu_times()
    time.sleep(seconds)
    seen, after = watch.conditions(), psutil.cpu_times()
    busy = sum(getattr(after, name) - getattr(before, name) for name in ("user", "nice", "system"))
    assert seen.others is not None
    return seen.others, busy / seen.seconds


def test_it_tells_how_long_it_took() -> None:
    watch = Watch()
    time.sleep(0.05)
    assert watch.conditions().seconds >= 0.05


@pytest.mark.parametrize("started", [(SPIN, False)], indirect=True)
@pytest.mark.usefixtures("started")
def test_a_process_that_is_not_of_a_round_is_one_of_the_others() -> None:
    others, _ = others_during(1.0)
    # A whole core, if the machine gives it one; the rest of it may be as busy as it likes.
    assert others > 0.3


@pytest.mark.parametrize("started", [(FORKS, True)], indirect=True)
def test_the_processes_of_a_round_are_not(started: subprocess.Popen[bytes]) -> None:
    time.sleep(0.3)
    (child,) = psutil.Process(started.pid).children()
    seconds = 3.0  # on a busy machine it gets a small part of them
    before = child.cpu_times()
    others, busy = others_during(seconds)
    after = child.cpu_times()
    ours = after.user + after.system - before.user - before.system
    assert ours > 0.2
    # Both are counted in ticks.
    assert others == pytest.approx(max(0.0, busy - ours / seconds), abs=0.15)


@pytest.mark.parametrize("program", [WAITED_FOR, ZOMBIE])
def test_nor_are_those_that_have_ended(program: str) -> None:
    watch, before = Watch(), psutil.cpu_times()
    process = subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
    try:
        time.sleep(1.2)
        seen, after = watch.conditions(), psutil.cpu_times()
    finally:
        os.killpg(process.pid, 9)
        process.wait()
    busy = sum(getattr(after, name) - getattr(before, name) for name in ("user", "nice", "system"))
    assert seen.others is not None
    # Less than all by what its child spent, 0.4 s.
    assert seen.others * seen.seconds < busy - 0.3


def test_what_this_process_does_itself_is_not_of_others() -> None:
    watch, before = Watch(), psutil.cpu_times()
    spend(0.5)
    seen, after = watch.conditions(), psutil.cpu_times()
    busy = sum(getattr(after, name) - getattr(before, name) for name in ("user", "nice", "system"))
    assert seen.others is not None
    assert seen.others * seen.seconds < busy - 0.35


def test_a_round_of_no_length_and_a_system_that_tells_nothing_are_not_guessed_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused() -> None:
        raise PermissionError

    monkeypatch.setattr(psutil, "cpu_times", refused)
    seen = Watch().conditions()
    assert (seen.others, seen.stolen) == (None, None)


def test_counters_that_stand_still_are_no_proof_of_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    still = psutil.cpu_times()
    monkeypatch.setattr(psutil, "cpu_times", lambda: still)
    watch = Watch()
    spend(0.05)
    assert watch.conditions().others is None


def test_a_system_without_stolen_time_tells_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    times = namedtuple("times", ["user", "system", "idle"])
    told = iter([times(0.0, 0.0, 0.0), times(9000.0, 1000.0, 0.0)])
    monkeypatch.setattr(psutil, "cpu_times", lambda: next(told))
    seen = Watch()
    time.sleep(0.01)
    conditions_ = seen.conditions()
    assert conditions_.others is not None
    assert conditions_.others > 1
    assert conditions_.stolen is None


def test_stolen_time_is_told_per_second(monkeypatch: pytest.MonkeyPatch) -> None:
    times = namedtuple("times", ["user", "system", "idle", "steal"])
    told = iter([times(0.0, 0.0, 0.0, 5.0), times(10.0, 0.0, 0.0, 5.5)])
    moments = iter([100.0, 102.0])
    monkeypatch.setattr(psutil, "cpu_times", lambda: next(told))
    monkeypatch.setattr("harness.measure.conditions.time.monotonic", lambda: next(moments))
    watch = Watch()
    assert watch.conditions().stolen == 0.25


def test_without_clocks_of_other_processes_psutil_tells_their_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exact = conditions._cpu_seconds(os.getpid())
    monkeypatch.setattr(conditions, "_CLOCK_OF_ANY_PROCESS", False)
    assert conditions._cpu_seconds(os.getpid()) == pytest.approx(exact, abs=0.1)
