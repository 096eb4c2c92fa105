"""Children that flood, dribble, hang, run out of memory or leave things behind."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import pytest

from harness.measure.allowance import Allowance
from harness.measure.crew import Interpreter
from harness.measure.group import measure_group
from harness.plan import Group, Plan, Preset, Runtime
from harness.record import RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.record import GroupRecord

pytestmark = pytest.mark.usefixtures("nothing_left")

LONGER = 4.0  # seconds
MEGABYTE = 1 << 20
# A hundred megabytes within a second or two, a megabyte at a time; then it hangs.
FLOOD = (
    "import time\n"
    "    for _ in range(100):\n"
    "        os.write({to}, b'x' * (1 << 20)); time.sleep(0.005)\n"
    "    await asyncio.Event().wait()"
)


@pytest.fixture
def largest(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """Give the largest size on disk, in bytes, that a file of what children print ever had."""
    opened: list[int] = []
    sizes = [0]
    whole = tempfile.TemporaryFile

    def noted(*args: Any, **options: Any) -> IO[bytes]:
        file: IO[bytes] = whole(*args, **options)
        opened.append(os.dup(file.fileno()))
        return file

    def watch() -> None:
        while not done.is_set():
            sizes.extend(512 * os.fstat(each).st_blocks for each in list(opened))
            time.sleep(0.005)

    done = threading.Event()
    watching = threading.Thread(target=watch)
    monkeypatch.setattr("harness.measure.crew.tempfile.TemporaryFile", noted)
    watching.start()
    yield lambda: max(sizes)
    done.set()
    watching.join()
    for each in opened:
        os.close(each)


@pytest.mark.parametrize("to", [1, 2])
@pytest.mark.parametrize("stage", ["_serve_verification", "behind_gate"])
def test_what_a_child_prints_while_it_hangs_does_not_fill_the_disk(
    to: int,
    stage: str,
    write_scenario: Callable[..., Path],
    measure: Callable[..., GroupRecord],
    largest: Callable[[], int],
) -> None:
    floods = FLOOD.format(to=to)
    path = write_scenario(mine=f"if not within({stage!r}): return request\n    {floods}")
    record = measure(path, patience=LONGER, sync_ratio=1.0)
    assert record.status is RunStatus.FAILED
    assert "no answer to" in (record.error or record.failures["mine"])
    assert MEGABYTE < largest() < 60 * MEGABYTE  # it printed, and far more than was kept


def test_what_was_said_last_is_known_after_a_flood(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    flood = "os.write(1, b'x' * (1 << 23)); await asyncio.sleep(0.3)"
    record = measure(write_scenario(mine=f"{flood}; print('last words', flush=True); os._exit(3)"))
    assert (record.error or "").endswith("last words")


def test_what_dribbles_into_the_channel_is_not_waited_for_for_ever(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    dribbles = (
        "while True:\n"
        "        for number in range(3, 64):\n"
        "            try: os.write(number, b'x')\n"
        "            except OSError: pass\n"
        "        await asyncio.sleep(0.01)"
    )
    began = time.monotonic()
    record = measure(write_scenario(mine=dribbles), patience=LONGER)
    assert time.monotonic() - began < 60
    assert "no answer to 'verify' within 4 s" in (record.error or "")


def test_a_reason_without_end_is_cut_short(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    record = measure(write_scenario(mine="raise ValueError('begin' + 'x' * 1_000_000 + 'end')"))
    assert record.error is not None
    assert "begin" in record.error
    assert "end" in record.error
    assert len(record.error) < 5000


@pytest.mark.parametrize(
    ("stage", "instrument"), [("behind_gate", "time"), ("count_allocations", "allocations")]
)
@pytest.mark.parametrize(
    ("goes_wrong", "reason"),
    [
        ("os.closerange(3, 256)", "mine: its process died during"),
        ("os.closerange(0, 256)", "mine: its process died during"),
        ("import resource; resource.setrlimit(resource.RLIMIT_AS, (1, 1)); bytearray(1 << 30)", ""),
        ("x = []\n    while within('drive'): x.append(bytearray(1 << 30))", ""),
    ],
)
def test_closed_pipes_and_spent_memory_are_the_failure_of_one(
    goes_wrong: str,
    reason: str,
    stage: str,
    instrument: str,
    write_scenario: Callable[..., Path],
    measure: Callable[..., GroupRecord],
) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))"
    path = write_scenario(
        mine=f"if not within({stage!r}): return request\n    {goes_wrong}",
        end=limit if "while" in goes_wrong else "",
    )
    record = measure(path, instruments=(instrument,), patience=20.0, sync_ratio=1.0)
    assert record.status is RunStatus.FAILED
    assert record.failures.keys() == {"mine"}
    told = record.failures["mine"]
    assert told.startswith(reason or "mine: ")
    assert len(told.splitlines()) == 1
    measured = record.timings if instrument == "time" else record.allocations
    assert measured.keys() == {"coroutine", "task"}


@contextmanager
def killing(path: Path) -> Iterator[None]:
    """Kill each process whose number is written to *path*."""
    done = threading.Event()

    def kill() -> None:
        killed = set()
        while not done.is_set():
            if path.exists():
                for number in path.read_text(encoding="utf-8").split():
                    if number not in killed:
                        os.kill(int(number), signal.SIGKILL)
                        killed.add(number)
            time.sleep(0.01)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize(
    ("stage", "instrument"), [("behind_gate", "time"), ("count_allocations", "allocations")]
)
def test_one_that_the_system_kills_fails_alone(
    stage: str,
    instrument: str,
    write_scenario: Callable[..., Path],
    measure: Callable[..., GroupRecord],
    tmp_path: Path,
) -> None:
    told = tmp_path / "numbers"
    tells = f"open({str(told)!r}, 'a').write(str(os.getpid()) + chr(10)); await asyncio.sleep(100)"
    path = write_scenario(mine=f"if within({stage!r}): {tells}")
    with killing(told):
        record = measure(path, instruments=(instrument,))
    assert record.failures.keys() == {"mine"}
    assert "its process died during" in record.failures["mine"]


@pytest.mark.parametrize(
    "leaves",
    [
        "import threading; threading.Thread(target=threading.Event().wait).start()",
        "asyncio.ensure_future(asyncio.sleep(1000)).add_done_callback(print)",
        "asyncio.get_running_loop().run_in_executor(None, __import__('time').sleep, 1000)",
        "import subprocess; subprocess.Popen(['sleep', '1000'])",
    ],
)
@pytest.mark.parametrize("stage", ["_serve_verification", "_prepare"])
def test_threads_tasks_and_processes_that_are_left_behind_hold_nothing_up(
    leaves: str,
    stage: str,
    write_scenario: Callable[..., Path],
    measure: Callable[..., GroupRecord],
) -> None:
    path = write_scenario(teardown=f"if within({stage!r}): {leaves}", setup=f"{leaves}")
    record = measure(path, patience=20.0)
    assert (record.status, record.error, record.failures) == (RunStatus.DONE, None, {})


def test_a_group_that_takes_far_too_long_ends_with_what_it_has(
    write_scenario: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Allowance, "seconds", property(lambda self: 6.0 if self._expected else 1e9))
    path = write_scenario()
    group = Group(
        "sample", (("sync_ratio", 0.5), ("size", 64)), ("coroutine", "mine"), Runtime("3")
    )
    preset = Preset("many", target=0, rounds=(500, 500), values=2)
    plan = Plan((group,), "coroutine", preset, seed=0, instruments=("time",))
    interpreter = Interpreter(sources={"sample": str(path)})
    record = measure_group(group, plan, interpreter, lambda *_: None)
    assert record.status is RunStatus.FAILED
    assert (record.error or "").startswith("the group has taken more than 6 s")
    assert record.failures == {}
    assert 1 <= len(record.timings["coroutine"].rounds) < 100
    assert record.timings.keys() == {"coroutine", "mine"}


def test_what_hangs_behind_the_gate_is_not_given_as_long_as_a_set_up(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    path = write_scenario(mine="if within('behind_gate'): await asyncio.Event().wait()")
    record = measure(path, patience=600.0)  # longer than this test may take
    assert record.failures.keys() == {"mine"}
    assert "mine: no answer to 'go' within 10" in record.failures["mine"]
    assert record.timings.keys() == {"coroutine", "task"}
