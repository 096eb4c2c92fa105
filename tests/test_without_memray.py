"""An interpreter that cannot import memray: its times are measured, and it is told what is not."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import cli
from harness.environments.kept import CACHE
from harness.errors import InputError
from harness.measure.crew import Interpreter
from harness.measure.environment import allocation_findings, describe, probe, probed, runtime_of
from harness.measure.lacking import CPYTHON_ONLY, NOT_INSTALLED, unusable
from harness.plan import PRESETS, Preset
from harness.record import RunStatus
from harness.store import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.record import Run

BROKEN = "raise ImportError('there is no wheel of it')"
REASON = "memray cannot be imported: ImportError: there is no wheel of it"
BRIEF = ("-v", "coroutine", "-v", "task", "-p", "sync_ratio=1", "--name", "one")


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give an interpreter that has all that this one has, but a memray that cannot be imported."""
    folder = tmp_path_factory.mktemp("without") / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "all.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    (packages / "memray.py").write_text(BROKEN, encoding="utf-8")
    return str(folder / "bin" / "python")


@pytest.fixture
def sample(
    write_scenario: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    monkeypatch.setenv("CC", "false")  # nothing is compiled for it
    monkeypatch.setitem(PRESETS, "quick", Preset("quick", 0.05, (3, 3), 3))
    return str(write_scenario("sample"))


def load(name: str) -> Run:
    return RunFolder(Path("results") / name).load()


def test_it_is_timed_and_table_json_and_report_say_why_nothing_is_counted(
    sample: str, without: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", sample, "--python", without, *BRIEF, "--profile"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    run = load("one")
    (record,) = run.groups
    runtime = record.group.runtime
    line = f"allocations are not counted on {runtime.implementation} {runtime.python}: {REASON}"
    assert line in told
    assert run.status is RunStatus.DONE
    assert record.timings.keys() == {"coroutine", "task"}
    assert (record.allocations, record.profiles, record.failures) == ({}, {}, {})
    assert run.environment["memray"] == f"none: it {REASON.removeprefix('memray ')}"
    assert cli.main(["show", "one", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["status"] for row in document["rows"]] == ["ok", "ok"]
    assert {row["allocations"] for row in document["rows"]} == {None}
    assert line in {finding["message"] for finding in document["findings"]}
    assert line in Path("reports/one/index.html").read_text(encoding="utf-8")


def test_nothing_but_allocations_is_one_line_and_others_go_on(
    sample: str, without: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", sample, *BRIEF, "--no-report", "--only", "allocations", "--python", without]
    assert cli.main(words) == 2
    err = capsys.readouterr().err.splitlines()[-1]
    assert err.startswith("awaitbench: --only allocations: ")
    assert f"counts none, {REASON}; leave the option out" in err
    assert cli.main([*words, "--python", sys.executable]) == 1
    assert REASON in capsys.readouterr().err
    (record,) = load("one").groups
    assert record.allocations["coroutine"].count == 1.0


def test_it_cannot_profile_which_is_one_line(
    sample: str, without: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["profile", sample, "task", "--python", without]) == 2
    err = capsys.readouterr().err.splitlines()[-1]
    assert f"cannot be profiled: {REASON}; profile under another interpreter" in err


def test_where_the_environment_knows_why_it_is_not_installed_that_is_told(
    without: str, tmp_path: Path
) -> None:
    lacking = {"memray": "cannot be installed: no wheel", "uvloop": "cannot be installed: none"}
    said = probe(Interpreter(without), lacking)
    assert f"memray {said['without_memray']}" == REASON  # it is there, and broken
    bare = {**said, "without_memray": NOT_INSTALLED, "without_uvloop": NOT_INSTALLED}
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\necho '{json.dumps(bare)}'\n", encoding="utf-8")
    path.chmod(0o755)
    known, said = probed(Interpreter(str(path)), lacking)
    assert known.without_memray == "cannot be installed: no wheel"
    with pytest.raises(InputError, match="uvloop cannot be installed: none; install"):
        runtime_of(said, "uvloop")


def test_each_reason_is_a_phrase_that_follows_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unusable("json") == ""
    assert unusable("no_such_package") == NOT_INSTALLED
    monkeypatch.setattr(sys.implementation, "name", "pypy")
    assert unusable("memray") == CPYTHON_ONLY


@pytest.mark.parametrize(
    ("gil", "told"), [(True, ", with its GIL on"), (False, ", without the GIL")]
)
def test_a_free_threaded_build_says_whether_its_gil_is_on(gil: bool, told: str) -> None:
    said: dict[str, str | bool] = {"python": "3.13.0t", "implementation": "cpython", "gil": gil}
    said |= {"compiler": "GCC 12", "pyperf": "2", "memray": "", "uvloop": ""}
    assert describe(said, "asyncio")["interpreter"] == f"cpython 3.13.0t{told}"
    assert describe(said, "asyncio")["memray"] == f"none: it {NOT_INSTALLED}"
    (finding,) = allocation_findings(None, [said, said])
    assert finding.message.startswith("allocations are not counted on cpython 3.13.0t: memray is")
