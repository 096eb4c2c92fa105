"""A group, measured for real: by real children, pyperf and memray, as briefly as can be."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.measure import group as groups
from harness.measure.conductor import GroupTiming, time_group
from harness.measure.crew import Interpreter
from harness.measure.group import measure_group, measure_runtimes, measure_versions
from harness.measure.implementation import missing
from harness.measure.pairing import on_other_runtimes
from harness.measure.rounds import Version
from harness.measure.worker import PyperfWorker
from harness.plan import Group, Plan, Preset, Runtime
from harness.record import GroupRecord, Observation, RunStatus
from tests.runs import make_run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

pytestmark = pytest.mark.usefixtures("nothing_left")


class TestTiming:
    @pytest.fixture
    def record(
        self, write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
    ) -> GroupRecord:
        return measure(write_scenario())

    def test_it_is_done_without_failures(self, record: GroupRecord) -> None:
        assert (record.status, record.error, record.failures) == (RunStatus.DONE, None, {})
        assert record.target_met is not None
        assert record.duration > 0
        assert record.loop_overhead is not None
        assert record.loop_overhead > 0
        assert record.allocations == {}

    def test_suspensions_tasks_and_turns_are_seen(self, record: GroupRecord) -> None:
        seen = {
            variant: replace(each, collections=()) for variant, each in record.observations.items()
        }
        assert seen == {
            "coroutine": Observation(synchronous_share=0.5, suspensions=0.5, tasks=0.0, turns=0.5),
            "task": Observation(synchronous_share=0.0, suspensions=1.0, tasks=1.0, turns=2.5),
            "mine": Observation(synchronous_share=0.5, suspensions=0.5, tasks=0.0, turns=0.5),
        }

    def test_every_variant_has_the_values_of_every_round(self, record: GroupRecord) -> None:
        assert record.timings.keys() == {"coroutine", "task", "mine"}
        for timing in record.timings.values():
            assert timing.rounds.keys() == {0, 1}
            assert all(len(values) == 2 for values in timing.rounds.values())
            assert all(value > 0 for values in timing.rounds.values() for value in values)
            assert all(len(warmups) == 1 for warmups in timing.warmups.values())
            assert timing.operations % 20 == 0  # whole cycles of requests

    def test_every_round_is_an_interpreter_with_a_hash_seed_of_its_own(
        self, record: GroupRecord
    ) -> None:
        for timing in record.timings.values():
            seeds = [metadata["python_hash_seed"] for metadata in timing.metadata.values()]
            assert len({*seeds}) == 2

    def test_what_else_the_machine_did_is_told_of_every_round(self, record: GroupRecord) -> None:
        assert record.conditions.keys() == {0, 1}
        assert all(0 < seen.seconds < record.duration for seen in record.conditions.values())
        if sys.platform == "linux":
            cores = os.cpu_count() or 1
            for seen in record.conditions.values():
                assert seen.others is not None
                assert seen.stolen is not None
                assert 0 <= seen.others + seen.stolen < cores + 0.2

    def test_what_is_stored_of_it_names_neither_host_nor_a_path(self, record: GroupRecord) -> None:
        text = json.dumps([timing.metadata for timing in record.timings.values()], default=dict)
        for name in (socket.gethostname(), sys.prefix, str(Path.home()), str(Path.cwd())):
            assert name not in text


def test_rounds_beside_a_busy_process_say_so(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        record = measure(write_scenario(), variants=("coroutine", "mine"))
    finally:
        busy.kill()
        busy.wait()
    assert record.conditions.keys() == {0, 1}
    assert all((seen.others or 0) > 0.3 for seen in record.conditions.values())


def test_a_round_that_was_given_up_is_told_as_it_was_when_it_was_measured_again(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    hangs = "import time; time.sleep(60) if within('time_values') else None"
    record = measure(write_scenario(mine=hangs), variants=("coroutine", "mine"), patience=5.0)
    assert record.failures.keys() == {"mine"}
    assert record.conditions.keys() == {0, 1}
    # The first attempt at the first round waited for what hangs; the second one did not.
    assert record.conditions[0].seconds < 5.0 < record.duration


def test_rounds_in_which_nothing_was_timed_have_no_conditions(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    fails = "assert not within('time_values')"
    record = measure(write_scenario(mine=fails), variants=("mine",))
    assert record.failures.keys() == {"mine"}
    assert record.timings == {}
    assert record.conditions == {}


def test_stages_are_told_in_order(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    heard: list[tuple[str, int, int]] = []
    measure(
        write_scenario(),
        variants=("coroutine", "mine"),
        instruments=("time", "allocations"),
        on_stage=lambda *told: heard.append(told),
    )
    assert heard == [
        ("verifying", 0, 1),
        ("counting allocations", 0, 2),
        ("counting allocations", 1, 2),
        ("timing, round", 0, 2),
        ("timing, round", 1, 2),
    ]


def test_allocations_alone_are_counted_without_any_timing(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    record = measure(write_scenario(), sync_ratio=1.0, instruments=("allocations",))
    assert (record.status, record.failures) == (RunStatus.DONE, {})
    assert record.timings == {}
    assert record.target_met is None
    assert record.allocations["coroutine"].count == pytest.approx(1, abs=0.01)
    assert record.allocations["mine"].count == pytest.approx(1, abs=0.01)
    assert record.allocations["task"].count > 5


def test_the_floor_and_eager_tasks_are_measured_where_they_exist(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    variants = (
        "coroutine",
        "synchronous",
        *(("eager_task",) if sys.version_info >= (3, 12) else ()),
    )
    record = measure(write_scenario(), sync_ratio=1.0, variants=variants)
    assert (record.status, record.failures) == (RunStatus.DONE, {})
    assert record.timings.keys() == {*variants}
    assert all(seen.suspensions == 0 for seen in record.observations.values())


VALUE_TASKS = """
import asyncio
from contextlib import asynccontextmanager

import harness.valuetask
from harness import Scenario, ValueTask, sync_pattern
from harness import value_task as as_value_task
from harness.valuetask import {wanted} as wanted


@asynccontextmanager
async def setup(params):
    check()
    yield None


def check():
    assert ValueTask is harness.ValueTask is wanted.ValueTask
    assert harness.valuetask.IMPLEMENTATION == "{wanted}"
    assert type(made()) is ValueTask


@as_value_task
async def made():
    pass


@as_value_task
async def slowly(request):
    await asyncio.sleep(0)
    return request


def value_task(state, request):
    check()
    return ValueTask(request) if request else slowly(request)


SCENARIO = Scenario(
    "Sample", setup, lambda state, params: sync_pattern(params), (value_task,)
)
"""


@pytest.mark.parametrize(
    ("variant", "wanted"),
    [("value_task", "python"), ("value_task_checked", "python"), ("value_task_native", "native")],
)
def test_a_value_task_is_verified_counted_and_timed_in_the_implementation_of_its_variant(
    variant: str, wanted: str, tmp_path: Path, measure: Callable[..., GroupRecord]
) -> None:
    if reason := missing(wanted):
        pytest.skip(f"the C type is not there: {reason}")
    path = tmp_path / "sample.py"
    path.write_text(VALUE_TASKS.format(wanted=wanted), encoding="utf-8")
    record = measure(path, variants=(variant,), instruments=("time", "allocations"))
    assert (record.status, record.error, record.failures) == (RunStatus.DONE, None, {})
    seen = record.observations[variant]
    assert (seen.synchronous_share, seen.suspensions, seen.tasks) == (0.5, 0.5, 0.0)
    assert record.timings.keys() == record.allocations.keys() == {variant}


@pytest.mark.skipif(find_spec("uvloop") is None, reason="uvloop is not installed")
def test_under_uvloop_operations_run_on_it(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    path = write_scenario(mine="assert 'uvloop' in type(asyncio.get_running_loop()).__module__")
    record = measure(path, loop="uvloop")
    assert (record.status, record.error, record.failures) == (RunStatus.DONE, None, {})


@pytest.mark.parametrize(
    ("instrument", "heavy"),
    [
        ("time", {"pandas", "numpy", "matplotlib", "rich", "msgspec", "jinja2", "memray"}),
        ("allocations", {"pandas", "numpy", "matplotlib", "msgspec", "jinja2"}),  # memray: rich
    ],
)
def test_a_measuring_child_imports_nothing_that_it_does_not_need(
    instrument: str,
    heavy: set[str],
    write_scenario: Callable[..., Path],
    measure: Callable[..., GroupRecord],
) -> None:
    path = write_scenario(mine=f"assert not {heavy} & sys.modules.keys()")
    record = measure(path, variants=("mine",), instruments=(instrument,))
    assert (record.status, record.error, record.failures) == (RunStatus.DONE, None, {})


def test_a_folder_called_harness_where_one_stands_is_not_ours(
    write_scenario: Callable[..., Path],
    measure: Callable[..., GroupRecord],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness" / "__init__.py").write_text("raise SystemExit(1)", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    record = measure(write_scenario(), variants=("mine",))
    assert (record.status, record.error) == (RunStatus.DONE, None)


def test_a_group_of_which_nothing_exists_here_is_not_a_failure() -> None:
    group = Group(
        "sample", (("sync_ratio", 0.5),), (), Runtime("3.11.7"), (("eager_task", "needs 3.12"),)
    )
    plan = Plan((group,), "coroutine", Preset("tiny", 0.05, (2, 2), 2), seed=0)
    record = measure_group(group, plan, Interpreter("no-such-python"), lambda *_: None)
    assert record == GroupRecord(group, RunStatus.DONE)


@pytest.mark.parametrize("error", [OSError(11, "Resource temporarily unavailable"), OSError("x")])
def test_processes_that_cannot_be_started_fail_the_group(
    error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("subprocess.Popen", refused)
    run = make_run(measured=0)
    record = measure_group(run.plan.groups[0], run.plan, Interpreter(), lambda *_: None)
    assert record.status is RunStatus.FAILED
    assert record.error == f"its processes cannot be started ({error.strerror or error})"


def test_an_interpreter_that_has_gone_fails_the_group() -> None:
    run = make_run(measured=0)
    record = measure_group(
        run.plan.groups[0], run.plan, Interpreter("no-such-python"), lambda *_: None
    )
    assert record.error == "its processes cannot be started (No such file or directory)"


def test_what_cannot_be_counted_at_all_is_timed(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    path = write_scenario(end="sys.modules['memray'] = None  # which no import passes")
    record = measure(path, variants=("coroutine", "mine"), instruments=("time", "allocations"))
    assert (record.status, record.error, record.allocations) == (RunStatus.FAILED, None, {})
    assert record.failures.keys() == record.timings.keys() == {"coroutine", "mine"}
    assert all("memray" in told for told in record.failures.values())


def test_last_words_are_of_those_that_were_at_work(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    says = "print('verified', flush=True) if within('_serve_verification') else None"
    dies = "os._exit(1) if within('count_allocations') else None"
    record = measure(
        write_scenario(mine=f"{says}; {dies}"), variants=("mine",), instruments=("allocations",)
    )
    assert record.failures == {"mine": "mine: its process died during 'count'"}


class TestEventLoops:
    """One interpreter measures on both, where both are there."""

    @pytest.fixture(autouse=True)
    def _both(self) -> None:
        pytest.importorskip("uvloop")

    def measured(self, path: Path) -> tuple[GroupRecord, ...]:
        runtimes = [
            Runtime(platform.python_version(), sys.implementation.name, loop)
            for loop in ("asyncio", "uvloop")
        ]
        params = (("sync_ratio", 1.0), ("size", 64))
        groups = [Group("sample", params, ("coroutine", "mine"), runtime) for runtime in runtimes]
        interpreter = Interpreter(sources={"sample": str(path)})
        versions = [Version(group, interpreter, str(group.runtime)) for group in groups]
        plan = Plan(tuple(groups), "coroutine", Preset("tiny", 0.05, (2, 2), 2), seed=0)
        return measure_runtimes(versions, plan, lambda *_: None)

    def test_they_share_its_processes(
        self, write_scenario: Callable[..., Path], tmp_path: Path
    ) -> None:
        told = tmp_path / "told"
        seen = "'verified' if within('_serve_verification') else 'memray' in sys.modules"
        line = f"os.getppid(), {seen}, type(asyncio.get_running_loop()).__module__"
        path = write_scenario(setup=f"print({line}, file=open({str(told)!r}, 'a'))")
        records = self.measured(path)
        assert {(record.status, record.error) for record in records} == {(RunStatus.DONE, None)}

        lines = [line.split() for line in told.read_text(encoding="utf-8").splitlines()]
        by_process: dict[str, set[tuple[str, str]]] = {}
        for process, what, loop in lines:
            by_process.setdefault(process, set()).add((what, loop))
        loops = ("asyncio.unix_events", "uvloop")
        first, *rounds = by_process.values()
        assert first == {(what, loop) for what in ("verified", "True") for loop in loops}
        assert rounds == [{("False", loop) for loop in loops}] * 2

    def test_the_variants_of_each_come_together_in_every_sweep(
        self, write_scenario: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken: list[str] = []
        measure = PyperfWorker.measure

        def noted(worker: PyperfWorker) -> None:
            taken.append(worker._name)
            measure(worker)

        monkeypatch.setattr(PyperfWorker, "measure", noted)
        self.measured(write_scenario())
        loops = [name.rpartition("(")[2] for name in taken]
        assert len(loops) == 2 * 3 * 4  # rounds, sweeps, children
        pairs = list(zip(loops[::2], loops[1::2], strict=True))
        assert all(first == second for first, second in pairs)
        assert all({*sweep} == {*pairs} for sweep in zip(pairs[::2], pairs[1::2], strict=True))

    def test_each_variant_is_held_against_itself_on_the_first(
        self, write_scenario: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[Mapping[str, str]] = []

        def noted(*given: Any, **options: Any) -> GroupTiming:
            asked.extend(options["counterparts"])
            return time_group(*given, **options)

        monkeypatch.setattr(groups, "time_group", noted)
        runtimes = [record.group.runtime for record in self.measured(write_scenario())]
        on_first = {
            f"{variant} ({runtime})": f"{variant} ({runtimes[0]})"
            for variant in ("coroutine", "mine")
            for runtime in runtimes
        }
        assert asked == [on_first, on_first]

    @pytest.mark.parametrize("stage", ["_serve_verification", "count_allocations", "time_values"])
    def test_what_fails_on_one_of_them_fails_there_alone(
        self, stage: str, write_scenario: Callable[..., Path]
    ) -> None:
        there = f"within({stage!r}) and 'uvloop' in type(asyncio.get_running_loop()).__module__"
        first, second = self.measured(write_scenario(mine=f"assert not ({there})"))
        assert (first.status, first.error, first.failures) == (RunStatus.DONE, None, {})
        assert first.timings.keys() == first.allocations.keys() == {"coroutine", "mine"}
        assert second.status is RunStatus.FAILED
        if stage == "_serve_verification":
            assert "AssertionError" in str(second.error)
            assert second.timings == {}
        else:
            assert second.failures.keys() == {"mine"}
            assert "coroutine" in second.timings.keys() & second.allocations.keys()


def test_what_each_child_is_held_against_on_other_runtimes() -> None:
    lacking = {"3.11": ("task",), "3.13": ("task", "eager_task")}
    versions = [
        Version(
            Group("sample", (), variants, Runtime(python, loop=loop)),
            Interpreter(),
            f"{python} {loop}",
        )
        for python, variants in lacking.items()
        for loop in ("asyncio", "uvloop")
    ]
    to_first, to_first_loop = on_other_runtimes(versions)
    tasks = [f"task ({version.label})" for version in versions]
    eager = [f"eager_task ({version.label})" for version in versions[2:]]
    assert to_first == {**dict.fromkeys(tasks, tasks[0]), **dict.fromkeys(eager, eager[0])}
    assert to_first_loop == {
        **dict.fromkeys(tasks[:2], tasks[0]),
        **dict.fromkeys(tasks[2:], tasks[2]),
        **dict.fromkeys(eager, eager[0]),
    }


class TestVersions:
    """Two scenario files stand for two versions of one."""

    def measured(
        self,
        paths: Sequence[Path],
        variants: Sequence[tuple[str, ...]] = (("coroutine", "mine"),) * 2,
        instruments: tuple[str, ...] = ("time", "allocations"),
    ) -> tuple[GroupRecord, ...]:
        params = (("sync_ratio", 1.0), ("size", 64))
        runtime = Runtime(platform.python_version(), sys.implementation.name)
        groups = [Group("sample", params, names, runtime) for names in variants]
        versions = [
            Version(group, Interpreter(sources={"sample": str(path)}), label)
            for group, path, label in zip(groups, paths, ("base", "head"), strict=True)
        ]
        preset = Preset("tiny", 0.05, (2, 2), 2)
        plan = Plan(tuple(groups), "coroutine", preset, seed=0, instruments=instruments)
        return measure_versions(versions, plan, lambda *_: None)

    def test_each_is_counted_and_timed_by_its_own_code(
        self, write_scenario: Callable[..., Path]
    ) -> None:
        paths = [write_scenario("base/sample"), write_scenario("head/sample", mine="extra = [1]")]
        base, head = self.measured(paths)
        assert (base.status, head.status) == (RunStatus.DONE, RunStatus.DONE)
        assert head.allocations["mine"].count == base.allocations["mine"].count + 1
        assert head.allocations["coroutine"] == base.allocations["coroutine"]
        assert base.observations == head.observations
        for record in (base, head):
            assert {variant: [*timing.rounds] for variant, timing in record.timings.items()} == {
                "coroutine": [0, 1],
                "mine": [0, 1],
            }

    def test_a_version_that_cannot_be_verified_leaves_the_other_to_be_measured(
        self, write_scenario: Callable[..., Path]
    ) -> None:
        paths = [write_scenario("base/sample"), write_scenario("head/sample", setup="1 / 0")]
        base, head = self.measured(paths)
        assert (base.status, base.error) == (RunStatus.DONE, None)
        assert base.timings.keys() == {"coroutine", "mine"}
        assert head.status is RunStatus.FAILED
        assert "ZeroDivisionError" in str(head.error)
        assert head.timings == {}

    def test_a_variant_that_dies_in_one_version_fails_there_alone(
        self, write_scenario: Callable[..., Path]
    ) -> None:
        dies = "import os; within('time_values') and os._exit(1)"
        paths = [write_scenario("base/sample"), write_scenario("head/sample", mine=dies)]
        base, head = self.measured(paths, instruments=("time",))
        assert (base.status, base.failures) == (RunStatus.DONE, {})
        assert head.status is RunStatus.FAILED
        assert "died" in head.failures["mine"]
        assert [*base.timings["mine"].rounds] == [*head.timings["coroutine"].rounds] == [0, 1]

    def test_a_variant_of_one_version_only_is_measured_there(
        self, write_scenario: Callable[..., Path]
    ) -> None:
        paths = [write_scenario("base/sample"), write_scenario("head/sample")]
        variants = (("coroutine",), ("coroutine", "mine"))
        base, head = self.measured(paths, variants)
        assert base.timings.keys() == base.allocations.keys() == {"coroutine"}
        assert head.timings.keys() == head.allocations.keys() == {"coroutine", "mine"}

    def test_a_count_that_was_higher_by_chance_is_taken_again_and_the_smallest_kept(
        self, write_scenario: Callable[..., Path], tmp_path: Path
    ) -> None:
        """Its first count makes an allocation more; what is told of is from a later one."""
        told = tmp_path / "counted"
        first = (
            f"import pathlib; global often; told = pathlib.Path({str(told)!r}); "
            "often = 1 + (len(told.read_text()) if told.exists() else 0); "
            "within('_prepare') and told.write_text('x' * often)"
        )
        once = "extra = [1] if often < 3 else None"
        paths = [
            write_scenario("base/sample"),
            write_scenario("head/sample", setup=first, mine=once, end="often = 0"),
        ]
        base, head = self.measured(paths, (("mine",),) * 2, instruments=("allocations",))
        assert head.allocations["mine"].count == base.allocations["mine"].count
        assert len(told.read_text()) == 3
