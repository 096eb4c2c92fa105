"""``compare`` and ``check`` on stored runs: exit codes, formats, one clear line."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.cli import main
from harness.plan import Runtime
from harness.store import RunFolder
from tests.analysis.test_comparison import a_run, allocating, slower

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.record import Run


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Store runs by name in the results of an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def stored(**runs: Run) -> None:
        for name, run in runs.items():
            RunFolder.create(tmp_path / "results", name).save(replace(run, name=name))

    return stored


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    return err


def test_compare_shows_a_change_and_is_done(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    store(old=a_run(), new=slower(a_run(), "task", 1.5))
    assert main(["compare", "old", "new"]) == 0
    assert "new against old: 3 cases in both runs; 1 slower" in capsys.readouterr().out


def test_check_of_an_unchanged_run_passes(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    store(old=a_run(), new=a_run())
    assert main(["check", "old", "new"]) == 0
    assert capsys.readouterr().out.endswith("no regression\n")


def test_check_says_which_case_is_a_regression_and_exits_with_1(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    store(old=a_run(), new=allocating(slower(a_run(), "task", 1.5), "value_task", 1))
    assert main(["check", "old", "new", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["regressions"]
    assert [each["variant"] for each in found] == ["task", "value_task"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--only", "time"], 1),
        (["--only", "allocations"], 1),
        (["--only", "time", "--max-slowdown", "60%"], 0),
        (["--only", "allocations", "--max-extra-allocations", "1"], 0),
        (["--max-slowdown", "0.6", "--max-extra-allocations", "1"], 0),
    ],
)
def test_what_is_allowed_passes(options: list[str], code: int, store: Callable[..., None]) -> None:
    store(old=a_run(), new=allocating(slower(a_run(), "task", 1.5), "value_task", 1))
    assert main(["check", "old", "new", *options]) == code


@pytest.mark.parametrize("command", ["compare", "check"])
@pytest.mark.parametrize("name", ["run.json", "allocations.json", "timing.json"])
def test_a_damaged_run_is_one_line(
    command: str,
    name: str,
    store: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    store(old=a_run(), new=a_run())
    (tmp_path / "results" / "old" / name).write_text("{", encoding="utf-8")
    assert f"{name}: damaged" in refused(capsys, command, "old", "new")
    assert "no run 'older'" in refused(capsys, command, "older", "new")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["check", "old"], "expected two runs, BASE and NEW, got 1"),
        (["check", "old", "new", "--max-slowdown", "fast"], "'fast': expected a share"),
        (["check", "old", "new", "--max-slowdown=-5%"], "'-5%': expected a share"),
        (["check", "old", "new", "--max-slowdown", "nan"], "'nan': expected a share"),
        (["check", "old", "new", "--max-extra-allocations", "nan"], "a number of at least 0"),
        (["check", "old", "new", "--only", "bytes"], "expected time or allocations"),
        (["check", "old", "elsewhere"], "neither times nor allocations of unlike interpreters"),
        (["compare", "old", "elsewhere"], "say --allow-unlike"),
        (["check", "old", "other"], "times cannot be gated: they were measured on unlike mach"),
    ],
)
def test_what_cannot_be_compared_or_read_is_one_line(
    arguments: list[str],
    told: str,
    store: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = a_run()
    store(
        old=run,
        new=run,
        elsewhere=a_run(runtime=Runtime("3.12.1")),
        other=replace(run, environment={**run.environment, "processor": "another"}),
    )
    assert told in refused(capsys, *arguments)


def test_runs_of_several_runtimes_are_compared_runtime_by_runtime(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    both = (Runtime("3.11.7"), Runtime("3.13.0"))
    run = a_run(runtimes=both)
    newest, other = a_run(runtime=both[1]), a_run(runtime=Runtime("3.14.0"))
    store(old=run, new=allocating(run, "task", 1), newest=newest, other=other)
    assert main(["check", "old", "new", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["regressions"]
    assert [(each["python"], each["variant"]) for each in found] == [("3.11.7", "task")]
    assert main(["compare", "old", "new"]) == 0
    told = capsys.readouterr().out
    assert "6 cases in both runs" in told
    assert "python 3.11.7, asyncio" in told
    assert main(["check", "old", "newest"]) == 0
    assert "3 cases in both runs" in capsys.readouterr().out
    assert "neither times nor" in refused(capsys, "check", "old", "other")


def test_on_unlike_machines_allocations_alone_can_be_gated(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    run = a_run()
    other = replace(run, environment={**run.environment, "processor": "another"})
    store(old=run, new=allocating(other, "task", 1))
    assert main(["check", "old", "new", "--only", "allocations"]) == 1
    assert "times are not compared" in capsys.readouterr().out
    assert main(["compare", "old", "new"]) == 0


def test_a_gate_that_has_nothing_to_look_at_is_refused(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    counted, timed = a_run(instruments=("allocations",)), a_run(instruments=("time",))
    store(counted=counted, timed=timed)
    assert "no case has a time" in refused(capsys, "check", "counted", "counted", "--only", "time")
    assert "no case has a count" in refused(
        capsys, "check", "timed", "timed", "--only", "allocations"
    )
    assert "nothing to gate" in refused(capsys, "check", "timed", "counted")


def test_one_of_a_pair_cannot_be_gone_on_with(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    store(head=replace(a_run(), pair="token"))
    assert "measure both again with check --against" in refused(capsys, "run", "--resume", "head")
