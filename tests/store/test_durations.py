"""What earlier runs took, as the store tells it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.plan import PRESETS
from harness.record import RunStatus
from harness.store import RunFolder, earlier_durations
from tests.runs import make_run

if TYPE_CHECKING:
    from pathlib import Path

    from harness.record import Run


def stored(results: Path, name: str, started: str, seconds: float) -> Run:
    run = make_run(variants=("coroutine", "task"))
    groups = tuple(replace(record, duration=seconds) for record in run.groups)
    run = replace(run, name=name, started=started, groups=groups)
    RunFolder.create(results, name).save(run)
    return run


def test_the_newest_run_says_what_a_group_takes(tmp_path: Path) -> None:
    stored(tmp_path, "b", "2026-01-01T00:00:00+00:00", 7.0)
    run = stored(tmp_path, "a", "2026-01-02T00:00:00+00:00", 3.0)
    assert earlier_durations(tmp_path, run.plan) == dict.fromkeys(run.plan.groups, 3.0)


def test_a_run_of_another_preset_says_nothing(tmp_path: Path) -> None:
    run = stored(tmp_path, "a", "2026-01-02T00:00:00+00:00", 3.0)
    other = replace(run.plan, preset=PRESETS["rigorous"])
    assert other.preset != run.plan.preset
    assert earlier_durations(tmp_path, other) == {}


def test_a_group_that_failed_says_nothing(tmp_path: Path) -> None:
    run = make_run()
    failed = tuple(replace(record, status=RunStatus.FAILED) for record in run.groups)
    RunFolder.create(tmp_path, run.name).save(replace(run, groups=failed))
    assert earlier_durations(tmp_path, run.plan) == {}


def test_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    run = stored(tmp_path, "a", "2026-01-02T00:00:00+00:00", 3.0)
    stored(tmp_path, "b", "2026-01-03T00:00:00+00:00", 5.0)
    damaged = (tmp_path / "b" / "run.json").read_text(encoding="utf-8").replace('"plan"', '"plam"')
    (tmp_path / "b" / "run.json").write_text(damaged, encoding="utf-8")
    assert set(earlier_durations(tmp_path, run.plan).values()) == {3.0}


def test_where_nothing_was_measured_nothing_is_known(tmp_path: Path) -> None:
    assert earlier_durations(tmp_path / "absent", make_run().plan) == {}
