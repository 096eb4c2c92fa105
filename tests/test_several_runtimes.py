"""Several runtimes in one run: measured side by side, and what happens where one is not there."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import cli
from harness.analysis.runtimes import runtime_changes
from harness.catalog import Entry
from harness.command.interpreters import out_of_reach
from harness.command.runtimes import choose_runtimes
from harness.environments.environment import Environment
from harness.environments.kept import CACHE
from harness.environments.python import this_python
from harness.errors import InputError
from harness.measure.equal import SCENARIO
from harness.pipeline import pending_settings
from harness.plan import PRESETS, Preset, Runtime
from harness.record import RunStatus
from harness.store import RunFolder
from tests.environments.test_finding import says
from tests.runs import make_run

if TYPE_CHECKING:
    from collections.abc import Callable

PROBE = "harness.measure.environment.probe"
SAID = {
    "python": "3.13.0",
    "implementation": "cpython",
    "memray": "1.20",
    "uvloop": "0.22",
    "without_native": "",
}
needs_uvloop = pytest.mark.skipif(
    importlib.util.find_spec("uvloop") is None, reason="uvloop is not installed"
)


@pytest.fixture
def sample(
    write_scenario: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(PRESETS, "quick", Preset("quick", 0.05, (3, 3), 3))
    return str(write_scenario("sample"))


def run_of(name: str) -> RunFolder:
    return RunFolder(Path("results") / name)


@needs_uvloop
def test_both_loops_are_timed_in_the_same_rounds(
    sample: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "run",
        sample,
        "--loop",
        "asyncio",
        "--loop",
        "uvloop",
        "-v",
        "coroutine",
        "-v",
        "task",
        "-p",
        "sync_ratio=1",
    ]
    assert cli.main([*words, "--name", "both", "--no-report"]) == 0
    run = run_of("both").load()
    assert [record.group.runtime.loop for record in run.groups] == ["asyncio", "uvloop"]
    first, second = run.groups
    assert first.group.setting == second.group.setting
    for variant in ("coroutine", "task"):
        assert first.timings[variant].rounds.keys() == second.timings[variant].rounds.keys()
        assert len(first.timings[variant].rounds) == 3
    changes = runtime_changes(run)
    assert {change.variant for change in changes} == {"coroutine", "task"}
    assert all(change.time is not None for change in changes)
    out = capsys.readouterr().out
    assert "between runtimes" in out
    # An awaited coroutine allocates once on either; exact counts do not depend on what is beside.
    assert {record.allocations["coroutine"].count for record in run.groups} == {1.0}
    assert cli.main(["show", "both", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)["runtimes"]
    assert [each["runtime"].rpartition(" ")[2] for each in told] == ["uvloop", "uvloop"]


def test_an_interpreter_that_is_not_there_is_told_and_the_others_go_on(
    sample: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", sample, "--python", "/nowhere/python", "--python", sys.executable]
    words += ["-v", "coroutine", "-p", "sync_ratio=1", "--only", "allocations", "--name", "one"]
    words += ["--no-report"]
    assert cli.main(words) == 1
    said = capsys.readouterr().err
    assert "--python /nowhere/python: cannot be run" in said
    run = run_of("one").load()
    assert run.status is RunStatus.DONE
    assert len(run.groups) == 1
    assert any("cannot be run" in finding.message for finding in run.findings)
    assert "/nowhere" not in json.dumps([finding.message for finding in run.findings])


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (says("3.9.18"), "is cpython 3.9.18; awaitbench needs Python 3.11 or later"),
        ("echo broken >&2; exit 3", "is not a Python interpreter (broken)"),
        (says(modules=[]), "there is neither uv nor pip; install uv, or pip: "),
        (
            f"[ $2 = venv ] && {{ echo no venv here >&2; exit 1; }}\n{says(executable='$0')}",
            "no environment can be made for cpython 3.12.1 (pip: no venv here)",
        ),
    ],
    ids=["too old", "broken", "without pip", "without venv"],
)
def test_one_that_cannot_be_used_is_one_line_and_the_others_go_on(
    script: str,
    told: str,
    sample: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))  # without uv
    if "neither" in told:
        bare = replace(this_python(), modules=frozenset())
        monkeypatch.setattr("harness.environments.packages.this_python", lambda: bare)
    other = tmp_path / "other"
    other.write_text(f"#!/bin/sh\n{script.replace('$0', str(other))}\n", encoding="utf-8")
    other.chmod(0o755)
    words = ["run", sample, "--python", str(other), "--python", sys.executable, "--no-report"]
    words += ["-v", "coroutine", "-p", "sync_ratio=1", "--only", "allocations", "--name", "one"]
    assert cli.main(words) == 1
    (line,) = [each for each in capsys.readouterr().err.splitlines() if told in each]
    assert line.startswith("awaitbench: ")
    run = run_of("one").load()
    assert run.status is RunStatus.DONE
    assert len(run.groups) == 1
    assert any(told.partition(":")[0] in finding.message for finding in run.findings)


def test_what_only_an_installed_package_has_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    entry = Entry("json_lookup", SCENARIO, "json", "acme")
    told = out_of_reach(entry, ["cpython 3.12.1"])
    assert told.startswith("json_lookup (of acme): is not in the environment that awaitbench makes")
    assert "for cpython 3.12.1; install acme, pyperf and memray in a virtual" in told
    assert out_of_reach(entry, []) == ""
    assert out_of_reach(replace(entry, distribution=""), ["cpython 3.12.1"]) == ""
    monkeypatch.setenv("PYTHONPATH", str(Path(json.__file__).parents[1]))
    assert out_of_reach(entry, ["cpython 3.12.1"]) == ""


def test_none_that_is_there_is_one_line_of_each(sample: str) -> None:
    with pytest.raises(InputError, match=r"(?s)/nowhere/a.*/nowhere/b"):
        choose_runtimes(["/nowhere/a", "/nowhere/b"], [])


def test_a_loop_that_one_of_them_has_not_is_given_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PROBE, lambda *_: {**SAID, "uvloop": ""})
    runtimes = choose_runtimes(["python"], ["asyncio", "uvloop"])
    with_it, without = runtimes.interpreters
    assert (with_it.loop, with_it.without_loop) == ("asyncio", "")
    assert without.loop == "uvloop"
    assert "not installed" in without.without_loop
    with pytest.raises(InputError, match="uvloop is not installed"):
        choose_runtimes(["python"], ["uvloop"])
    with pytest.raises(InputError, match="expected asyncio or uvloop"):
        choose_runtimes(["python"], ["asyncio", "trio"])


def test_two_that_are_the_same_runtime_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PROBE, lambda *_: SAID)
    monkeypatch.setattr(
        "harness.command.runtimes.environment_of",
        lambda name, _: Environment(this_python(), name),
    )
    with pytest.raises(InputError, match=r"--python other: is cpython 3.13.0, as python is"):
        choose_runtimes(["python", "other"], [])


def test_what_was_measured_beside_a_group_that_failed_is_measured_again() -> None:
    runtimes = (Runtime("3.12.1"), Runtime("3.13.0"))
    run = make_run(runtimes=runtimes, sync_ratios=(0.5, 0.9))
    assert pending_settings(run) == []
    failed = replace(run.groups[3], status=RunStatus.FAILED, error="it raised")
    run = replace(run, groups=(*run.groups[:3], failed))
    assert pending_settings(run) == [run.plan.groups[2:]]


def test_a_run_is_gone_on_with_on_the_same_runtimes_only(
    sample: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PROBE, lambda *_: SAID)
    runtimes = (Runtime("3.12.1"), Runtime("3.13.0"))
    run = make_run(name="first", scenarios=("sample",), runtimes=runtimes, measured=1)
    with RunFolder.create(Path("results"), "first").locked() as folder:
        folder.save(run)
    assert cli.main(["run", sample, "--resume", "first"]) == 2
    assert "was measured on cpython 3.12.1, asyncio" in capsys.readouterr().err
    assert [path.name for path in Path("results").iterdir()] == ["first"]
