"""Pipeline: stored after each group, interrupted without a loss, gone on with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import StoreError
from harness.pipeline import now, run_groups
from harness.record import GroupRecord, RunStatus
from harness.store import RunFolder
from tests.runs import make_record, make_run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harness.measure.group import OnStage
    from harness.plan import Group, Plan
    from harness.record import Run


class ScriptedMeasure:
    """Measures without measuring: a group's script is done, an error, or an exception."""

    def __init__(self, plan: Plan, script: Mapping[Group, str | BaseException] | None = None):
        self.plan = plan
        self.script = script or {}
        self.measured: list[Group] = []

    def __call__(self, groups: Sequence[Group], on_stage: OnStage) -> list[GroupRecord]:
        return [self._measured(group, on_stage) for group in groups]

    def _measured(self, group: Group, on_stage: OnStage) -> GroupRecord:
        self.measured.append(group)
        on_stage("verifying", 0, 1)
        on_stage("timing, round", 1, 6)
        scripted = self.script.get(group)
        if isinstance(scripted, BaseException):
            raise scripted
        if scripted is not None:
            return GroupRecord(group, RunStatus.FAILED, error=scripted)
        return make_record(group, self.plan, rounds=2)


class Heard:
    """A listener that writes down what it is told, and what was stored by then."""

    def __init__(self, folder: RunFolder) -> None:
        self.told: list[str] = []
        self.stored: list[int] = []
        self._folder = folder

    def run_started(self, settings: Sequence[Sequence[Group]]) -> None:
        self.told.append(f"run of {len(settings)}")

    def setting_started(self, groups: Sequence[Group]) -> None:
        self.told.append(f"{dict(groups[0].params)['sync_ratio']:g} started")
        self.stored.append(len(self._folder.load().groups))

    def stage(self, stage: str, step: int, steps: int) -> None:
        self.told.append(f"{stage} {step}/{steps}")

    def setting_ended(self, records: Sequence[GroupRecord]) -> None:
        statuses = " ".join(record.status for record in records)
        self.told.append(f"{dict(records[0].group.params)['sync_ratio']:g} {statuses}")
        self.stored.append(len(self._folder.load().groups))


@pytest.fixture
def planned() -> Run:
    """Give a run of three groups that nobody has measured yet."""
    return replace(make_run(sync_ratios=(0.0, 0.5, 1.0), measured=0), status=RunStatus.RUNNING)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path, "run")


def go(
    run: Run, folder: RunFolder, script: Mapping[int, str | BaseException] | None = None
) -> tuple[Run, ScriptedMeasure, Heard]:
    """Measure *run*; the script says what its groups do by their index in the plan."""
    groups = run.plan.groups
    measure = ScriptedMeasure(run.plan, {groups[i]: does for i, does in (script or {}).items()})
    heard = Heard(folder)
    return run_groups(run, folder, measure, heard), measure, heard


def test_all_groups_are_measured_in_the_order_of_the_plan(planned: Run, folder: RunFolder) -> None:
    run, measure, _ = go(planned, folder)
    assert run.status is RunStatus.DONE
    assert tuple(measure.measured) == planned.plan.groups
    assert tuple(record.group for record in run.groups) == planned.plan.groups
    assert run.ended is not None


def test_what_is_stored_is_what_is_returned(planned: Run, folder: RunFolder) -> None:
    run, _, _ = go(planned, folder, {1: "it raised"})
    assert folder.load() == run


def test_each_group_is_stored_when_it_ends(planned: Run, folder: RunFolder) -> None:
    _, _, heard = go(planned, folder)
    assert heard.stored == [0, 1, 1, 2, 2, 3]


def test_the_listener_hears_what_happens_in_order(planned: Run, folder: RunFolder) -> None:
    _, _, heard = go(planned, folder, {1: "it raised"})
    stages = ["verifying 0/1", "timing, round 1/6"]
    assert heard.told == [
        "run of 3",
        *["0 started", *stages, "0 done"],
        *["0.5 started", *stages, "0.5 failed"],
        *["1 started", *stages, "1 done"],
    ]


def test_it_is_running_until_it_ends(planned: Run, folder: RunFolder) -> None:
    go(planned, folder, {1: KeyboardInterrupt()})
    states: list[RunStatus] = []

    class Watching(Heard):
        def setting_ended(self, records: Sequence[GroupRecord]) -> None:
            states.append(folder.load().status)

    run_groups(folder.load(), folder, ScriptedMeasure(planned.plan), Watching(folder))
    assert states == [RunStatus.RUNNING] * 2
    assert folder.load().status is RunStatus.DONE


def test_a_group_that_fails_fails_the_run_and_not_the_other_groups(
    planned: Run, folder: RunFolder
) -> None:
    run, _, _ = go(planned, folder, {1: "it raised"})
    assert run.status is RunStatus.FAILED
    assert [record.status for record in run.groups] == ["done", "failed", "done"]
    assert run.groups[1].error == "it raised"


@pytest.mark.parametrize("index", range(3))
def test_an_interruption_keeps_what_was_done(index: int, planned: Run, folder: RunFolder) -> None:
    run, _, _ = go(planned, folder, {index: KeyboardInterrupt()})
    assert run.status is RunStatus.INTERRUPTED
    assert [record.group for record in run.groups] == [*planned.plan.groups[:index]]
    assert run.ended is not None
    assert folder.load() == run


def test_an_interruption_while_a_group_is_stored_keeps_it(
    planned: Run, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = RunFolder.save
    left = [2]

    def interrupted(self: RunFolder, run: Run) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        saved(self, run)

    monkeypatch.setattr(RunFolder, "save", interrupted)
    run, _, _ = go(planned, folder)
    assert run.status is RunStatus.INTERRUPTED
    assert len(run.groups) == 1
    assert folder.load() == run


def test_a_full_disk_ends_the_run_and_keeps_what_was_stored(
    planned: Run, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = RunFolder.save

    def full(self: RunFolder, run: Run) -> None:
        if len(run.groups) == 2:
            raise StoreError("No space left on device")
        saved(self, run)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "save", full)
        with pytest.raises(StoreError, match="No space left"):
            go(planned, folder)
    assert len(folder.load().groups) == 1
    run, measure, _ = go(folder.load(), folder)
    assert tuple(measure.measured) == planned.plan.groups[1:]
    assert run.status is RunStatus.DONE


def test_going_on_measures_only_what_is_missing(planned: Run, folder: RunFolder) -> None:
    before, _, _ = go(planned, folder, {1: KeyboardInterrupt()})
    run, measure, heard = go(folder.load(), folder)
    assert tuple(measure.measured) == planned.plan.groups[1:]
    assert heard.told[0] == "run of 2"
    assert run.groups[0] == before.groups[0]
    assert run.status is RunStatus.DONE


def test_going_on_measures_again_what_failed_and_keeps_the_order(
    planned: Run, folder: RunFolder
) -> None:
    go(planned, folder, {0: "it raised", 1: "it raised"})
    run, measure, _ = go(folder.load(), folder, {1: "it raised again"})
    assert tuple(measure.measured) == planned.plan.groups[:2]
    assert tuple(record.group for record in run.groups) == planned.plan.groups
    assert [record.error for record in run.groups] == [None, "it raised again", None]
    assert run.status is RunStatus.FAILED
    assert folder.load() == run


def test_going_on_with_a_run_that_is_done_measures_nothing(planned: Run, folder: RunFolder) -> None:
    before, _, _ = go(planned, folder)
    run, measure, _ = go(folder.load(), folder)
    assert measure.measured == []
    assert run.groups == before.groups
    assert run.status is RunStatus.DONE


@given(
    st.lists(st.dictionaries(st.integers(0, 2), st.sampled_from(["fails", "Ctrl-C"])), max_size=4)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_however_often_it_ends_early_it_is_complete_in_the_end(
    scripts: list[dict[int, str]],
) -> None:
    run = replace(make_run(sync_ratios=(0.0, 0.5, 1.0), measured=0), status=RunStatus.RUNNING)
    memory = Memory()
    for script in scripts:
        done = {record.group for record in run.groups if record.status is RunStatus.DONE}
        run, measure, _ = go(
            run,
            memory,
            {i: KeyboardInterrupt() if does == "Ctrl-C" else does for i, does in script.items()},
        )
        assert not done & {*measure.measured}
        assert done <= {record.group for record in run.groups}
        indices = [run.plan.groups.index(record.group) for record in run.groups]
        assert indices == sorted(indices)
    run, _, _ = go(run, memory)
    assert run.status is RunStatus.DONE
    assert tuple(record.group for record in run.groups) == run.plan.groups


class Memory(RunFolder):
    """A folder without a disk."""

    def __init__(self) -> None:
        self._run: Run

    def save(self, run: Run) -> None:
        self._run = run

    def is_missing(self) -> bool:
        return False

    def load(self) -> Run:
        return self._run


def test_a_moment_is_written_in_utc_to_the_second() -> None:
    moment = now()
    assert moment.endswith("+00:00")
    assert "." not in moment
    assert moment <= now()
