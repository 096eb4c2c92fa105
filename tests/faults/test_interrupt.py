"""Ctrl-C, and worse, in the middle of a run: what was measured is kept, and can be gone on with.

Here a run waits while it times, counts or imports; in ``test_runs.py`` while it verifies.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.analysis.findings import run_findings
from harness.record import RunStatus
from harness.store import RunFolder
from tests.faults.injection import PACKAGE, PATIENCE, PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture
def scenario(write_scenario: Callable[..., Path]) -> Path:
    """Write a scenario that waits in its second group, the first time, when it is to be timed.

    It makes the folder ``waits`` when it is there.
    """
    wait = "os.mkdir('waits'); await asyncio.sleep(1000)"
    there = "params.sync_ratio == 0.5 and within('_prepare') and not os.path.exists('waits')"
    return write_scenario(setup=f"if {there}: {wait}")


def start(folder: Path, *arguments: object) -> subprocess.Popen[str]:
    """Start ``awaitbench run`` as a shell does: in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "run", *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(PACKAGE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
        # A shell that starts tests in the background has them ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    )


def wait_until_it_waits(folder: Path, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + PATIENCE
    while not (folder / "waits").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)


def gone(folder: Path) -> None:
    """Wait until *folder* is empty."""
    until = time.monotonic() + PATIENCE
    while (left := list(folder.iterdir())) and time.monotonic() < until:
        time.sleep(0.02)
    assert left == []


CHOSEN = ("-p", "sync_ratio=1,0.5,0", "-v", "mine", "-v", "coroutine")


def test_ctrl_c_keeps_what_was_measured_and_it_can_be_gone_on_with(
    scenario: Path, tmp_path: Path
) -> None:
    named = ("--name", "mine", "--results", "else where")
    asked = (scenario, *CHOSEN, "--only", "time", "--no-report", *named)
    with start(tmp_path, *asked) as process:
        wait_until_it_waits(tmp_path, process)
        os.killpg(process.pid, signal.SIGINT)
        pressed = time.monotonic()
        out, err = process.communicate(timeout=PATIENCE)
        assert time.monotonic() - pressed < 20  # a few seconds, on a busy machine
    assert process.returncode == 130
    assert "Traceback" not in err
    (told,) = [line for line in err.splitlines() if line.startswith("interrupted: ")]
    assert told.startswith("interrupted: 1 of 3 groups are kept; go on with: awaitbench run ")
    assert "sync_ratio=1;size=64" in out

    folder = RunFolder(tmp_path / "else where" / "mine")
    before = folder.load()
    assert before.status is RunStatus.INTERRUPTED
    assert [record.status for record in before.groups] == [RunStatus.DONE]
    assert {each.name for each in folder.path.iterdir()} == {
        *("run.json", "timing.json", "allocations.json", "summary.csv")
    }

    command = shlex.split(told.partition("awaitbench run ")[2])
    with start(tmp_path, *command, "--no-report") as process:
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    after = folder.load()
    assert after.status is RunStatus.DONE
    assert after.plan == before.plan
    assert len(after.resumed) == 1
    assert any("gone on with at" in each.message for each in run_findings(after))
    assert replace(after, resumed=(), ended=None, groups=()) == replace(
        before, resumed=(), ended=None, groups=(), status=RunStatus.DONE
    )
    assert after.groups[0] == before.groups[0]
    assert tuple(record.group for record in after.groups) == after.plan.groups


@pytest.mark.parametrize("loops", [("asyncio",), ("asyncio", "uvloop")])
def test_ctrl_c_does_not_wait_for_a_count_that_hangs(
    loops: tuple[str, ...], write_scenario: Callable[..., Path], tmp_path: Path
) -> None:
    if "uvloop" in loops:
        pytest.importorskip("uvloop")
    hangs = "(os.path.exists('waits') or os.mkdir('waits')); await asyncio.sleep(1000)"
    path = write_scenario(setup=f"if within('_prepare') and 'memray' in sys.modules: {hangs}")
    words = [word for loop in loops for word in ("--loop", loop)]
    with start(tmp_path, path, *CHOSEN, *words, "--no-report") as process:
        wait_until_it_waits(tmp_path, process)
        os.killpg(process.pid, signal.SIGINT)
        pressed = time.monotonic()
        _, err = process.communicate(timeout=PATIENCE)
        assert time.monotonic() - pressed < 20  # a few seconds, on a busy machine
    assert process.returncode == 130, err
    assert "Traceback" not in err


def test_a_kill_ends_even_children_that_hang_while_they_import(
    write_scenario: Callable[..., Path], tmp_path: Path
) -> None:
    hangs = "os.mkdir('waits')\n    import time; time.sleep(1000)"
    there = "getattr(sys.modules['__main__'].__spec__, 'name', '') == 'harness.measure.child'"
    path = write_scenario(end=f"if {there}:\n    {hangs}")
    with start(tmp_path, path, *CHOSEN, "--no-report", "--name", "mine") as process:
        wait_until_it_waits(tmp_path, process)
        process.kill()
    gone(tmp_path / "temporary")  # and `nothing_left` looks for processes
