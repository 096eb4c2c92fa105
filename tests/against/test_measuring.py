"""Measuring two versions: their groups in pairs, stored after each, and kept when interrupted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.against.measuring import Side, measure_sides
from harness.analysis.comparison import compare_runs
from harness.analysis.gate import Limits, regressions
from harness.measure.crew import Interpreter
from harness.plan import Runtime
from harness.record import GroupRecord, RunStatus
from harness.store import RunFolder
from tests.runs import make_record, make_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.measure.group import OnStage
    from harness.measure.rounds import Version
    from harness.plan import Group, Plan


class Heard:
    """A listener that writes down which groups it is told of."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def run_started(self, settings: Sequence[Sequence[Group]]) -> None:
        self.told.append(f"{len(settings)} settings")

    def setting_started(self, groups: Sequence[Group]) -> None:
        self.told.append(f"{dict(groups[0].params)['sync_ratio']:g}")

    def stage(self, stage: str, step: int, steps: int) -> None:
        raise AssertionError("nothing is measured here")

    def setting_ended(self, records: Sequence[GroupRecord]) -> None:
        (record,) = records
        self.told.append(f"{dict(record.group.params)['sync_ratio']:g} {record.status}")


class Scripted:
    """Measures without measuring; what is in *fails* fails, or interrupts."""

    def __init__(self, fails: dict[tuple[str, float], str | BaseException] | None = None) -> None:
        self.fails = fails or {}
        self.measured: list[list[tuple[str, float]]] = []

    def __call__(
        self, versions: Sequence[Version], plan: Plan, on_stage: OnStage
    ) -> list[GroupRecord]:
        cases = [
            (version.label, float(dict(version.group.params)["sync_ratio"])) for version in versions
        ]
        self.measured.append(cases)
        records = []
        for case, version in zip(cases, versions, strict=True):
            fails = self.fails.get(case)
            if isinstance(fails, BaseException):
                raise fails
            record = make_record(version.group, plan, rounds=2)
            if fails:
                record = replace(record, status=RunStatus.FAILED, error=fails)
            records.append(record)
        return records


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Side, Side]:
    """Give a base that lacks the share 1, and a head that lacks the share 0."""
    base, head = (
        Side(
            label,
            replace(make_run(name=label, sync_ratios=shares, measured=0), pair="token"),
            RunFolder.create(tmp_path, label),
            {Runtime("3.13.0"): Interpreter()},
        )
        for label, shares in (("base", (0.0, 0.5)), ("head", (0.5, 1.0)))
    )
    return base, head


def test_what_both_have_is_measured_together_and_the_rest_alone(sides: tuple[Side, Side]) -> None:
    measure, heard = Scripted(), Heard()
    measure_sides(*sides, heard, measure)
    assert measure.measured == [
        [("base", 0.0)],
        [("base", 0.5), ("head", 0.5)],
        [("head", 1.0)],
    ]
    assert heard.told == ["3 settings", "0", "0 done", "0.5", "0.5 done", "1", "1 done"]


def test_both_are_stored_as_they_are_returned_in_the_order_of_their_plans(
    sides: tuple[Side, Side],
) -> None:
    measure_sides(*sides, Heard(), Scripted())
    for side in sides:
        assert side.folder.load() == side.run
        assert side.run.status is RunStatus.DONE
        assert side.run.ended is not None
        assert tuple(record.group for record in side.run.groups) == side.run.plan.groups
        assert side.run.pair == "token"


def test_a_version_that_fails_fails_its_own_run_only_and_is_told_of(
    sides: tuple[Side, Side],
) -> None:
    heard = Heard()
    measure_sides(*sides, heard, Scripted({("base", 0.5): "it died"}))
    base, head = sides
    assert (base.run.status, head.run.status) == (RunStatus.FAILED, RunStatus.DONE)
    assert "0.5 failed" in heard.told


@pytest.mark.parametrize("case", [("base", 0.0), ("head", 0.5), ("head", 1.0)])
def test_an_interruption_keeps_what_was_measured_of_both(
    case: tuple[str, float], sides: tuple[Side, Side]
) -> None:
    measure = Scripted({case: KeyboardInterrupt()})
    measure_sides(*sides, Heard(), measure)
    kept = [each for measured in measure.measured[:-1] for each in measured]
    for side in sides:
        assert side.run.status is RunStatus.INTERRUPTED
        assert side.folder.load() == side.run
        shares = [float(dict(each.group.params)["sync_ratio"]) for each in side.run.groups]
        assert [(side.label, share) for share in shares] == [
            each for each in kept if each[0] == side.label
        ]


class Slower(Scripted):
    """Measures a head that is twice as slow as the base, so many times; then equal ones."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def __call__(
        self, versions: Sequence[Version], plan: Plan, on_stage: OnStage
    ) -> list[GroupRecord]:
        super().__call__(versions, plan, on_stage)
        if len(versions) == 2:
            self.times -= 1
        factors = (1.0, 2.0 if self.times >= 0 else 1.0)
        records = []
        for version, factor in zip(versions, factors, strict=False):
            record = make_record(version.group, plan, rounds=5)
            timings = {
                variant: replace(
                    timing,
                    rounds={
                        # The same machine for both, which scatters from round to round a little.
                        index: tuple(value * factor * (1 + index / 1000) for value in values)
                        for index, values in timing.rounds.items()
                    },
                )
                for variant, timing in record.timings.items()
            }
            records.append(replace(record, timings=timings))
        return records


def regressions_of(sides: tuple[Side, Side]) -> int:
    base, head = sides
    return len(regressions(compare_runs(base.run, head.run)))


def test_what_is_slower_in_a_bad_moment_only_is_no_regression(sides: tuple[Side, Side]) -> None:
    measure = Slower(times=1)
    measure_sides(*sides, Heard(), measure)
    assert [len(cases) for cases in measure.measured] == [1, 2, 2, 1]
    assert regressions_of(sides) == 0
    for side in sides:
        assert side.folder.load() == side.run
        (twice,) = (each for each in side.run.groups if each.findings)
        assert "measured twice" in twice.findings[0].message


def test_what_is_slower_twice_is_one_and_is_not_measured_a_third_time(
    sides: tuple[Side, Side],
) -> None:
    measure = Slower(times=9)
    measure_sides(*sides, Heard(), measure)
    assert [len(cases) for cases in measure.measured] == [1, 2, 2, 1]
    assert regressions_of(sides) > 0


def test_what_is_allowed_is_measured_once(sides: tuple[Side, Side]) -> None:
    measure = Slower(times=9)
    measure_sides(*sides, Heard(), measure, limits=Limits(slowdown=1.5))
    assert [len(cases) for cases in measure.measured] == [1, 2, 1]
