"""Children that raise, hang, die or misbehave: their group fails with a reason, alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.measure.rounds import round_hash_seed
from harness.record import RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.record import GroupRecord

pytestmark = pytest.mark.usefixtures("nothing_left")

HANGING = "await asyncio.Event().wait()"
# Seconds. Where the others of the group must not fail, a busy machine needs to be thought of.
SHORT, LONGER = 1.0, 4.0


class TestVerifying:
    """What goes wrong at once fails the group before anything is measured."""

    @pytest.mark.parametrize(
        ("statements", "reason"),
        [
            ({"setup": "raise OSError('no such socket')"}, "OSError: no such socket"),
            ({"setup": "return"}, "RuntimeError: generator didn't yield"),
            ({"teardown": "raise ValueError('not empty')"}, "ValueError: not empty"),
            ({"mine": "raise KeyError('row')"}, "KeyError: 'row'"),
            ({"mine": "raise ValueError('one\\ntwo')"}, "ValueError: one"),
            ({"mine": "raise MemoryError"}, "MemoryError"),
            ({"mine": "raise SystemExit(3)"}, "SystemExit: 3"),
            ({"mine": "raise KeyboardInterrupt"}, "KeyboardInterrupt"),
            ({"mine": "raise asyncio.CancelledError"}, "CancelledError"),
            ({"mine": "await asyncio.wait_for(asyncio.Event().wait(), 0.01)"}, "TimeoutError"),
            ({"mine": "return await mine(state, request)"}, "RecursionError"),
            ({"mine": "return 3 if request else request"}, "mine answers 3 where coroutine answ"),
            ({"mine": "return request"}, "mine completes 100 % of its operations without suspen"),
            ({"end": "SCENARIO = None"}, "expected a value SCENARIO"),
            ({"end": "raise ImportError('no driver')"}, "ImportError: no driver"),
        ],
        ids=lambda value: next(iter(value.values())) if isinstance(value, dict) else "",
    )
    def test_what_raises_or_differs_is_named(
        self,
        statements: dict[str, str],
        reason: str,
        write_scenario: Callable[..., Path],
        measure: Callable[..., GroupRecord],
    ) -> None:
        record = measure(write_scenario(**statements))
        failed_with(record, reason)

    def test_a_wrong_answer_names_the_first_request_that_differs(
        self, write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
    ) -> None:
        path = write_scenario(mine="count.append(1)\n    if len(count) == 8: return 'eighth'")
        path.write_text(f"count = []\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
        record = measure(path, sync_ratio=1.0)
        failed_with(record, "mine answers 'eighth' where coroutine answers True: request 7, True")

    @pytest.mark.parametrize(
        "statements",
        [
            {"setup": HANGING},
            {"mine": HANGING},
            {"mine": "while True: pass"},
            {"teardown": HANGING},
        ],
        ids=str,
    )
    def test_what_hangs_is_not_waited_for(
        self,
        statements: dict[str, str],
        write_scenario: Callable[..., Path],
        measure: Callable[..., GroupRecord],
    ) -> None:
        record = measure(write_scenario(**statements), patience=SHORT)
        failed_with(record, "no answer to 'verify' within 1 s; does an operation wait for")

    @pytest.mark.parametrize(
        "dies",
        [
            "os._exit(0)",
            "os._exit(3)",
            "os.kill(os.getpid(), 9)",
            "os.kill(os.getpid(), 11)",
            "os.abort()",
            "os.closerange(0, 256); os._exit(0)",
        ],
    )
    def test_what_dies_is_told_with_what_it_was_doing(
        self, dies: str, write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
    ) -> None:
        record = measure(write_scenario(mine=dies))
        failed_with(record, "mine: its process died during 'verify'")

    def test_what_it_said_last_is_told(
        self, write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
    ) -> None:
        dies = "print('x' * 100_000, 'first\\nsecond', flush=True); os._exit(3)"
        record = measure(write_scenario(mine=dies))
        failed_with(record, "mine: its process died during 'verify'; it said: second")

    def test_what_writes_into_every_open_file_is_told(
        self, write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
    ) -> None:
        writes = "for number in range(3, 64):\n        try: os.write(number, b'{nonsense\\n')\n"
        record = measure(write_scenario(mine=f"{writes}        except OSError: pass"))
        failed_with(record, "protocol: expected JSON, got b'{nonsense'")


def failed_with(record: GroupRecord, reason: str) -> None:
    """Look that the whole group failed, for that reason, before anything was measured."""
    assert record.status is RunStatus.FAILED
    assert record.error is not None
    assert reason in record.error
    assert len(record.error.splitlines()) == 1
    assert (record.timings, record.allocations, record.target_met) == ({}, {}, None)


class TestTiming:
    """What goes wrong while it is timed leaves the others of the group their figures."""

    @pytest.mark.parametrize(
        ("goes_wrong", "reason"),
        [
            ("raise KeyError('row')", "mine: KeyError: 'row'"),
            ("raise SystemExit", "mine: SystemExit"),
            ("os._exit(3)", "mine: its process died during 'go'"),
            ("os.kill(os.getpid(), 9)", "mine: its process died during 'go'"),
            ("os.kill(os.getpid(), 11)", "mine: its process died during 'go'"),
        ],
    )
    def test_one_that_fails_behind_the_gate_fails_alone(
        self,
        goes_wrong: str,
        reason: str,
        write_scenario: Callable[..., Path],
        measure: Callable[..., GroupRecord],
    ) -> None:
        record = measure(write_scenario(mine=f"if within('behind_gate'): {goes_wrong}"))
        failed_alone(record, reason)

    def test_one_that_hangs_behind_the_gate_fails_alone(
        self, write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
    ) -> None:
        path = write_scenario(mine=f"if within('behind_gate'): {HANGING}")
        record = measure(path, patience=LONGER)
        failed_alone(record, "mine: no answer to 'go' within")

    @pytest.mark.parametrize(
        ("goes_wrong", "reason"),
        [
            ("raise KeyError('row')", "mine: KeyError: 'row'"),
            ("os._exit(3)", "mine: its process died during 'warm_up'"),
            ("await asyncio.Event().wait()", "mine: no answer to 'warm_up' within 4 s"),
        ],
    )
    def test_one_that_fails_while_it_warms_up_fails_alone(
        self,
        goes_wrong: str,
        reason: str,
        write_scenario: Callable[..., Path],
        measure: Callable[..., GroupRecord],
    ) -> None:
        path = write_scenario(mine=f"if within('warm_up'): {goes_wrong}")
        failed_alone(measure(path, patience=LONGER), reason)

    def test_one_that_cannot_close_its_scenario_is_told(
        self, write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
    ) -> None:
        record = measure(write_scenario(teardown="if within('_close'): raise OSError('busy')"))
        assert record.status is RunStatus.FAILED
        assert record.failures.keys() == {"coroutine", "task", "mine"}
        for variant, reason in record.failures.items():
            assert reason.startswith(f"{variant}: OSError: busy (")

    def test_one_that_fails_in_a_later_round_keeps_its_rounds_before(
        self, write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
    ) -> None:
        second = round_hash_seed(0, 1)  # `measure` plans with seed 0
        later = f"if os.environ['PYTHONHASHSEED'] == '{second}' and within('behind_gate')"
        record = measure(write_scenario(mine=f"{later}: os._exit(3)"))
        assert record.failures.keys() == {"mine"}
        assert record.timings["mine"].rounds.keys() == {0}
        assert record.timings["coroutine"].rounds.keys() == {0, 1}


def failed_alone(record: GroupRecord, reason: str) -> None:
    """Look that the variant ``mine`` failed for that reason, and the others were timed."""
    assert record.status is RunStatus.FAILED
    assert record.error is None
    assert record.failures.keys() == {"mine"}
    assert reason in record.failures["mine"]
    assert len(record.failures["mine"].splitlines()) == 1
    assert record.timings.keys() == {"coroutine", "task"}
    for timing in record.timings.values():
        assert [len(values) for values in timing.rounds.values()] == [2, 2]


class TestCounting:
    def test_a_crash_is_tried_once_again(
        self,
        write_scenario: Callable[..., Path],
        measure: Callable[..., GroupRecord],
        tmp_path: Path,
    ) -> None:
        mark = str(tmp_path / "crashed")
        first = f"if within('count_allocations') and not os.path.exists({mark!r}): "
        path = write_scenario(mine=f"{first}os.mkdir({mark!r}); os.kill(os.getpid(), 11)")
        record = measure(path, instruments=("allocations",))
        assert (record.status, record.failures) == (RunStatus.DONE, {})
        assert record.allocations.keys() == {"coroutine", "task", "mine"}

    def test_a_crash_that_comes_again_fails_alone_and_the_times_are_measured(
        self, write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
    ) -> None:
        path = write_scenario(mine="if within('count_allocations'): os._exit(3)")
        record = measure(path, instruments=("time", "allocations"))
        assert record.status is RunStatus.FAILED
        assert record.failures == {"mine": "mine: its process died during 'count'"}
        assert record.allocations.keys() == {"coroutine", "task"}
        assert record.timings.keys() == {"coroutine", "task", "mine"}


class TestHarmless:
    """What is untidy and does the same work is measured all the same."""

    @pytest.mark.parametrize(
        "statements",
        [
            {"mine": "print('x' * 1000)"},
            {"mine": "print('x' * 1000, file=sys.stderr)"},
            {"mine": 'print(\'{"error": "not one"}\', flush=True)'},
            {"setup": "left = asyncio.ensure_future(asyncio.sleep(1000))"},
            {"setup": "import threading; threading.Thread(target=threading.Event().wait).start()"},
            {"setup": "import subprocess; subprocess.Popen(['sleep', '99'])"},
            {"setup": "import tempfile; tempfile.mkdtemp(); tempfile.mkstemp()"},
            {"setup": "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"},
            {"setup": "import warnings; warnings.warn('old')"},
            {"end": "print('imported')"},
        ],
        ids=lambda statements: next(iter(statements.values()))[:40],
    )
    def test_untidy_scenarios_are_measured(
        self,
        statements: dict[str, str],
        write_scenario: Callable[..., Path],
        measure: Callable[..., GroupRecord],
    ) -> None:
        record = measure(write_scenario(**statements), variants=("coroutine", "mine"))
        assert (record.status, record.error, record.failures) == (RunStatus.DONE, None, {})
        assert record.timings.keys() == {"coroutine", "mine"}

    def test_a_task_that_an_operation_leaves_behind_is_counted(
        self, write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
    ) -> None:
        leaves = "asyncio.get_running_loop().create_task(asyncio.sleep(0))"
        record = measure(write_scenario(mine=leaves), sync_ratio=1.0)
        assert (record.status, record.failures) == (RunStatus.DONE, {})
        assert record.observations["mine"].tasks == 1
