"""The documents say what is: their examples run, their figures are those of the reference run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness import catalog
from harness.analysis.rows import COLUMNS, case_rows
from harness.cli import COMMANDS
from harness.plan import PRESETS
from harness.record import RunStatus
from harness.store import RunFolder

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_scenario_of_the_readme_is_verified_and_measured(tmp_path: Path) -> None:
    (example,) = re.findall(r"example: begin -->\n```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "greeting.py").write_text(example, encoding="utf-8")
    words = ["run", "greeting.py", "-p", "sync_ratio=0.9", "--name", "tried"]
    words += ["--only", "allocations", "--no-report"]
    subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )
    run = RunFolder(tmp_path / "results" / "tried").load()
    assert run.status is RunStatus.DONE
    assert {row.variant for row in case_rows(run) if row.status == "ok"} >= {
        "coroutine",
        "task",
        "value_task",
    }


def test_the_scenario_of_the_readme_is_typed(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed for this interpreter")
    (example,) = re.findall(r"example: begin -->\n```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "greeting.py").write_text(example, encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(tmp_path / "greeting.py")],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout


def test_the_readme_names_every_column_of_the_summary_in_order() -> None:
    assert ", ".join(COLUMNS) in " ".join(README.split())


def test_the_readme_names_every_command_and_no_other() -> None:
    table = README.split("## Commands")[1].split("\n\n")[2]
    assert tuple(re.findall(r"^\| `(\w+)", table, re.MULTILINE)) == COMMANDS


def test_the_method_states_the_presets_as_they_are() -> None:
    method = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    for preset in PRESETS.values():
        fewest, most = preset.rounds
        assert (
            f"| `{preset.name}` | {preset.target:.0%} | {fewest} to {most} | {preset.values} |"
        ).replace("%", " %") in method
    quick, standard, rigorous = (preset.on(6).values for preset in PRESETS.values())
    assert standard == rigorous
    assert (
        f"six runtimes or more a round has a fifth fewer values, {quick} and {standard}" in method
    )


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_a_link_into_a_page_finds_its_heading(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]*#[^)\s]+)\)", page.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        if "://" not in name and (not name or name.endswith(".md")):
            assert anchor in anchors(page.parent / name if name else page), target


def anchors(page: Path) -> set[str]:
    """Return what links into a page may name, as GitHub makes it of the headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in headings}


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: ((?:.*\\\n)*.*)$", makefile, re.MULTILINE)
    shown = subprocess.run(
        ["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert {*phony.split()} - {"\\"} <= {*re.findall(r"make ([\w-]+)", shown)}


class TestReferenceRun:
    """``results/reference``, which is kept in the repository."""

    def test_every_case_was_measured_and_the_newest_interpreter_is_3_13(self) -> None:
        run = RunFolder(ROOT / "results" / "reference").load()
        # Several runtimes take as many times as long.
        assert run.plan.preset.name == ("quick" if len(run.plan.runtimes) > 1 else "standard")
        rows = case_rows(run)
        lacking = {(row.python[:4], row.variant[:5]) for row in rows if row.status != "ok"}
        assert lacking <= {("3.11", "eager")}
        assert max(runtime.version for runtime in run.plan.runtimes) == (3, 13)
        assert {row.scenario for row in rows} == {*catalog.shipped()}

    def test_its_files_are_no_larger_than_what_can_be_kept_and_opened(self) -> None:
        paths = [*(ROOT / "results" / "reference").rglob("*")]
        assert len(paths) > 3
        for path in paths:
            assert path.is_file()
            assert path.stat().st_size < 7_000_000, path

    def test_it_holds_no_absolute_path(self) -> None:
        for path in (ROOT / "results" / "reference").iterdir():
            text = path.read_text(encoding="utf-8")
            assert not re.search(r'[" =](/[a-z]+){2,}', text), path

    def test_the_readme_shows_its_figures(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(ROOT / "docs")
        import make_readme

        run = RunFolder(ROOT / "results" / "reference").load()
        assert "\n".join(make_readme.part(run)) in README
        assert make_readme.picture(run) == make_readme.PICTURE.read_text(encoding="utf-8")
