"""Profiles of whole runs: made on request, kept with the run, never a reason to fail a case."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import cli
from harness.analysis.lines import allocating_lines
from harness.plan import LINES
from harness.record import RunStatus, Severity
from harness.store import RunFolder
from tests.report.pages import read

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.record import GroupRecord


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_variant_is_profiled_and_agrees_with_what_was_counted(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    stages: list[str] = []
    record = measure(
        write_scenario(),
        instruments=("allocations", LINES),
        on_stage=lambda stage, *_: stages.append(stage),
    )
    assert (record.status, record.findings) == (RunStatus.DONE, ())
    assert record.profiles.keys() == {"coroutine", "task", "mine"}
    for variant, profile in record.profiles.items():
        seen = profile.attribution
        assert seen.operations >= 100
        counted = record.allocations[variant].count
        assert seen.allocations / seen.operations == pytest.approx(counted, rel=0.15)
        assert all(not line.frame.file.startswith("/") for line in allocating_lines(seen))
        assert profile.capture.started.tzinfo is not None
    assert list(dict.fromkeys(stages)) == [
        "verifying",
        "counting allocations",
        "finding allocating lines",
    ]


def test_nothing_is_profiled_unless_it_is_asked_for(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    assert measure(write_scenario(), instruments=("allocations",)).profiles == {}


def test_a_variant_whose_profiling_dies_twice_keeps_its_figures_and_is_told(
    write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    path = write_scenario(mine="if within('attribute'): os.abort()")
    record = measure(path, instruments=("allocations", LINES))
    assert (record.status, record.failures) == (RunStatus.DONE, {})
    assert record.allocations.keys() == {"coroutine", "task", "mine"}
    assert record.profiles.keys() == {"coroutine", "task"}
    (finding,) = record.findings
    assert finding.severity is Severity.WARNING
    assert finding.message.startswith("the lines at which mine allocates were not found (mine: ")
    assert "its process died during 'attribute'" in finding.message


def test_a_crash_that_is_not_repeated_is_not_told(
    here: Path, write_scenario: Callable[..., Path], measure: Callable[..., GroupRecord]
) -> None:
    crashed = here / "crashed"
    once = f"os.path.exists({str(crashed)!r}) or (open({str(crashed)!r}, 'x'), os.abort())"
    path = write_scenario(mine=f"if within('attribute'): {once}")
    record = measure(path, instruments=("allocations", LINES))
    assert crashed.exists()
    assert record.findings == ()
    assert record.profiles.keys() == {"coroutine", "task", "mine"}


def test_a_run_keeps_its_lines_and_its_report_links_flamegraphs(
    here: Path, write_scenario: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write_scenario()
    words = ["run", "sample.py", "-p", "sync_ratio=0.5", "-v", "coroutine", "-v", "task"]
    words += ["--only", "allocations", "--name", "mine", "--flamegraphs"]
    assert cli.main(words) == 0, capsys.readouterr().err
    run = RunFolder(here / "results/mine").load()
    assert run.plan.instruments == ("allocations", LINES)
    page = Path("reports/mine/index.html").read_text(encoding="utf-8")
    links = [link for link in read(page).links if not link.startswith("#")]
    assert len(links) == 2
    assert all((here / "reports/mine" / link).is_file() for link in links)
    text = Path("results/mine/lines.json").read_text(encoding="utf-8")
    for path in (str(here), sys.prefix, sys.base_prefix):
        assert path not in text
        assert path not in page
    for case in json.loads(text)["cases"]:
        assert all(not file.startswith("/") for file, *_ in case["frames"])
    assert not (here / "results/mine/captures").exists()

    # The page alone has no links: what is drawn beside it may be of another run by then.
    assert cli.main(["report", "mine"]) == 0
    again = Path("reports/mine/index.html").read_text(encoding="utf-8")
    assert all(link.startswith("#") for link in read(again).links)
    assert cli.main(["report", "mine", "--flamegraphs"]) == 0
    assert Path("reports/mine/index.html").read_text(encoding="utf-8") == page


def test_flamegraphs_of_a_run_without_lines_are_refused_in_one_line(
    here: Path, write_scenario: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write_scenario()
    words = ["run", "sample.py", "-p", "sync_ratio=1", "-v", "coroutine"]
    words += ["--only", "allocations", "--name", "mine", "--no-report"]
    assert cli.main(words) == 0
    capsys.readouterr()
    assert cli.main(["report", "mine", "--flamegraphs"]) == 2
    told = capsys.readouterr().err
    assert re.match(r"awaitbench: mine has no flamegraphs: measure again with .*--profile", told)
    assert len(told.splitlines()) == 1
    assert not (here / "reports").exists()


def test_a_run_that_goes_on_keeps_to_its_plan(
    here: Path, write_scenario: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write_scenario()
    assert cli.main(["run", "sample.py", "--resume", "mine", "--profile"]) == 2
    assert "leave out --profile" in capsys.readouterr().err
