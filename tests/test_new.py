"""``awaitbench new``: a file that runs as it is, passes the checkers, and overwrites nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from harness import catalog, cli
from harness.command.new import TEMPLATE
from harness.record import RunStatus
from harness.store import RunFolder

ROOT = Path(catalog.__file__).parent.parent


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    return tmp_path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("mine", "mine.py"),
        ("mine.py", "mine.py"),
        ("a b/mine", "a b/mine.py"),
        ("größe", "größe.py"),
    ],
)
def test_it_writes_the_file_and_says_what_to_do_next(
    name: str, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a b").mkdir()
    assert cli.main(["new", name]) == 0
    quoted = f"'{path}'" if path != "mine.py" else path
    assert capsys.readouterr().out == f"written: {path}\nnext:    awaitbench run {quoted}\n"
    assert catalog.load(path).scenario.title == Path(path).stem


def test_what_it_writes_is_measured_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", "mine"]) == 0
    words = ("run", "mine.py", "-p", "sync_ratio=0.9,1", "--only", "allocations", "--name", "tried")
    assert cli.main([*words, "--no-report"]) == 0, capsys.readouterr().err
    run = RunFolder(Path("results/tried")).load()
    assert run.status is RunStatus.DONE
    named = {"coroutine", "task", "cached_future", "value_task", "synchronous"}
    assert named <= {name for record in run.groups for name in record.allocations}


def test_what_it_writes_passes_a_type_checker_and_a_linter(folder: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed for this interpreter")
    assert cli.main(["new", "mine"]) == 0
    for cwd, *words in (
        (ROOT, "mypy", "--strict", "--python-version", "3.11"),
        (folder, "ruff", "check", "--isolated"),
        (folder, "ruff", "format", "--isolated", "--check", "--line-length", "100"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", *map(str, words), str(folder / "mine.py")],
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_it_writes_says_where_to_change_it_and_is_short() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    (parameters,) = catalog.load(str(TEMPLATE)).scenario.parameters.items()
    assert parameters[1].help
    for function in ast.parse(text).body:
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name != "task":
            assert "CHANGE" in (ast.get_docstring(function) or ""), function.name


@pytest.mark.parametrize("name", ["mine", "mine.py"])
def test_a_file_that_is_there_stays_as_it_was(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine.py").write_text("mine\n", encoding="utf-8")
    assert cli.main(["new", name]) == 2
    told = "awaitbench: mine.py: there already, and not overwritten; choose another name\n"
    assert capsys.readouterr() == ("", told)
    assert Path("mine.py").read_text(encoding="utf-8") == "mine\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("two words", "expected a name that a module can have"),
        ("2nd", "expected a name that a module can have"),
        ("class", "expected a name that a module can have"),
        ("mine.txt", "expected a name that a module can have"),
        ("it's", "expected a name that a module can have"),
        ("", "expected a name that a module can have"),
        ("a\nb", "expected a name that a module can have"),
        ("queue", "there is a module of this name"),
        ("aiosqlite", "there is a module of this name"),
        ("harness.py", "there is a module of this name"),
        ("__main__", "there is a module of this name"),
        ("absent/mine", "cannot be written (No such file or directory)"),
        ("m" * 300, "cannot be written (File name too long)"),
    ],
)
def test_a_name_that_will_not_do_is_one_line(
    name: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["new", name]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert said in err
    assert list(folder.iterdir()) == []
