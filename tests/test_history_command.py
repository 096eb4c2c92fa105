"""``history``, and ``compare`` of several runs and as a page: files, exit codes, one clear line."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.cli import main
from harness.plan import Runtime
from harness.store import RunFolder, stored_plans
from tests.analysis.test_comparison import a_run, allocating, slower
from tests.report.test_comparison_pages import hostile, nights
from tests.runs import make_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.record import Run


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Store runs by name in the results of an empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def stored(*runs: Run, **named: Run) -> None:
        for run in (*runs, *(replace(run, name=name) for name, run in named.items())):
            RunFolder.create(tmp_path / "results", run.name).save(run)

    return stored


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def given(*arguments: str) -> str:
        assert main(arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert len(err.splitlines()) == 1, err
        assert not Path("reports").exists()
        return err

    return given


def test_a_page_about_two_runs_goes_among_the_reports(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    store(old=a_run(), new=slower(a_run(), "task", 1.5))
    assert main(["compare", "old", "new", "--html"]) == 0
    assert capsys.readouterr().out == "reports/old..new.html\n"
    assert "new against old" in Path("reports/old..new.html").read_text(encoding="utf-8")


def test_a_page_goes_where_it_is_told_to(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    store(old=a_run(), new=a_run())
    assert main(["compare", "old", "new", "--html", "made/here.html", "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    assert err == "report:  made/here.html\n"
    assert out.startswith("scenario,params,variant")
    assert [path.name for path in Path("made").iterdir()] == ["here.html"]
    assert main(["compare", "old", "new", "--html", "--reports", "elsewhere"]) == 0
    assert Path("elsewhere/old..new.html").is_file()


def test_a_page_is_called_like_folders_whatever_stands_in_their_files(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    store(old=a_run(), new=a_run())
    path = Path("results/new/run.json")
    content = json.loads(path.read_bytes()) | {"name": "../../outside"}
    path.write_text(json.dumps(content), encoding="utf-8")
    assert main(["compare", "old", "new", "--html"]) in (0, 2)
    capsys.readouterr()
    assert not list(Path.cwd().parent.glob("outside*"))


def test_a_check_writes_its_page_also_where_it_fails(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    store(old=a_run(), new=allocating(a_run(), "task", 1))
    assert main(["check", "old", "new", "--html", "--format", "summary"]) == 1
    out, err = capsys.readouterr()
    assert "**1 regression.**" in out
    assert "the page is reports/old..new.html" in out
    assert err == "report:  reports/old..new.html\n"
    assert "The gate does not let this pass" in Path("reports/old..new.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("table", "3: c"),
        ("markdown", "| case | a | b | c |"),
        ("summary", "## awaitbench: comparison of 3 runs, a to c"),
        ("csv", "run,started,scenario"),
        ("json", '"against": "first"'),
    ],
)
def test_several_runs_have_every_format(
    form: str, told: str, store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    store(a=a_run(), b=a_run(), c=slower(a_run(), "task", 1.5))
    assert main(["compare", "a", "b", "c", "--format", form]) == 0
    assert told in capsys.readouterr().out


def test_several_runs_have_a_page(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    store(a=a_run(), b=a_run(runtime=Runtime("3.12.1")), c=slower(a_run(), "task", 1.5))
    assert main(["compare", "a", "b", "c", "--html"]) == 0
    assert capsys.readouterr().out == "reports/a..b..c.html\n"
    page = Path("reports/a..b..c.html").read_text(encoding="utf-8")
    assert "not comparable" in page
    assert main(["compare", "a", "b", "c", "--html", "--allow-unlike"]) == 0
    assert "not comparable" not in Path("reports/a..b..c.html").read_text(encoding="utf-8")


def test_a_page_of_many_runs_has_a_name_that_a_file_can_have(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"{'n' * 60}{number}" for number in range(5)]
    store(**dict.fromkeys(names, a_run()))
    assert main(["compare", *names, "--html"]) == 0
    assert capsys.readouterr().out == f"reports/{names[0]}..4-runs..{names[-1]}.html\n"


@pytest.mark.parametrize("form", ["table", "markdown", "summary", "csv", "json"])
def test_a_history_has_every_format(
    form: str, store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    store(*nights(3))
    assert main(["history", "--format", form]) == 0
    assert "night-2" in capsys.readouterr().out


def test_a_history_takes_all_runs_of_the_plan_of_the_latest_by_their_start(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    one, two, three = nights(3)
    other = replace(make_run(name="other"), started="2025-01-01T13:00:00+00:00")
    store(three, one, other, two)
    assert main(["history", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [run["name"] for run in document["runs"]] == ["night-0", "night-1", "night-2"]
    assert main(["history", "night-2", "night-0", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [run["name"] for run in document["runs"]] == ["night-2", "night-0"]


def test_a_history_has_a_page(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    *before, last = nights(4)
    store(*before, slower(last, "task", 1.5))
    assert main(["history", "--html"]) == 0
    assert capsys.readouterr().out == "reports/history.html\n"
    assert "History of 4 runs" in Path("reports/history.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["run.json", "timing.json"])
def test_a_damaged_run_among_many_is_told_and_left_out(
    name: str, store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    store(*nights(4))
    path = Path("results/night-1") / name
    path.write_text('{"schema": 2, "started": "2025-01-01"}', encoding="utf-8")
    assert main(["history", "--format", "json"]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)["runs"]) == 3
    assert "left out" in err
    assert "night-1" in err


def test_what_cannot_be_a_history_is_one_line(
    store: Callable[..., None], refused: Callable[..., str]
) -> None:
    assert "no run in results/ yet" in refused("history")
    store(*nights(1))
    assert "night-0 is the only run of its plan in results/" in refused("history")
    assert "expected two runs or more, got night-0 alone" in refused("history", "night-0")
    assert "no run 'nowhere'" in refused("history", "night-0", "nowhere")
    store(other=make_run(sync_ratios=(0.0,)))
    told = refused("history", "night-0", "other", "--html")
    assert "other is of another plan than night-0: it lacks lookup sync_ratio=0.9" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["compare", "--html", "a", "b"], "the following arguments are required: NEW"),
        (["compare", "--html", "a", "b", "c"], "--html a: expected a file that ends with .html"),
        (["compare", "a", "b", "--html", "page.txt"], "expected a file that ends with .html"),
        (["history", "--html", "a"], "--html a: expected a file that ends with .html"),
        (["compare", "a", "b", "nothing"], "no run 'nothing'"),
        (["compare", "a", "apart", "apart"], "a has no case in common with any of the others"),
        (["compare", "a", "b", "--html", "full/x.html"], "the report cannot be written to full"),
        (["compare", "a", "b", "c", "--html", "full/x.html"], "the report cannot be written"),
        (["history", "a", "b", "--html", "full/x.html"], "the report cannot be written"),
    ],
)
def test_what_cannot_be_written_or_compared_is_one_line(
    arguments: list[str], told: str, store: Callable[..., None], refused: Callable[..., str]
) -> None:
    store(a=a_run(), b=a_run(), c=a_run(), apart=make_run(scenarios=("another",)))
    Path("full").write_text("not a folder", encoding="utf-8")
    if arguments[:2] == ["compare", "--html"] and len(arguments) == 4:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
        return
    assert told in refused(*arguments)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_one_line(
    store: Callable[..., None], refused: Callable[..., str]
) -> None:
    store(a=a_run(), b=a_run())
    Path("reports").mkdir(mode=0o500)
    assert "the report cannot be written to reports" in refused("compare", "a", "b", "--html")


def test_an_old_page_stays_whole_where_a_new_one_cannot_be_written(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store(a=a_run(), b=a_run())
    path = Path("reports/a..b.html")
    path.parent.mkdir()
    path.write_text("old", encoding="utf-8")

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full_disk)
    assert main(["compare", "a", "b", "--html"]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "old"
    assert [each.name for each in path.parent.iterdir()] == ["a..b.html"]


def test_show_has_a_summary(store: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    store(a=a_run())
    assert main(["show", "a", "--format", "summary"]) == 0
    assert capsys.readouterr().out.startswith("## awaitbench: a\n\n**3 cases measured.**")


def test_plans_are_read_without_their_figures(store: Callable[..., None], tmp_path: Path) -> None:
    one, two = nights(2)
    store(two, one)
    for name in ("timing.json", "allocations.json"):
        (tmp_path / "results" / "night-0" / name).unlink()
    (tmp_path / "results" / "night-1" / "run.json").write_text(
        '{"schema": 2, "started": "2025"}', encoding="utf-8"
    )
    plans, unreadable = stored_plans(tmp_path / "results")
    assert plans == {"night-0": one.plan}
    assert unreadable == ("night-1",)


def test_hostile_names_reach_no_terminal(
    store: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b", "c"):
        RunFolder.create(Path("results"), name).save(replace(hostile(), name=name))
    for arguments in (
        ["compare", "a", "b"],
        ["compare", "a", "b", "c"],
        ["history"],
        ["compare", "a", "b", "--format", "summary"],
        ["show", "a", "--format", "summary"],
    ):
        assert main(arguments) == 0
        out = capsys.readouterr().out
        assert not [char for char in {*out} - {"\n"} if not char.isprintable()]
