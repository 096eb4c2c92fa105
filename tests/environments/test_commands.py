"""Commands: a file's declared packages are there where it is read and measured; doctor lists."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.environments.conftest import MODULE, Real

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


def awaitbench(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Give a command in *folder*, as a user does who has awaitbench on PYTHONPATH."""
    import os

    return subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def declaring(write_scenario: Callable[..., Path], in_cache: Real) -> Path:
    """Write a scenario that imports a package which it declares, and nobody else has."""
    path = write_scenario(end=f"import {MODULE}\nassert {MODULE}.ANSWER == 42")
    text = path.read_text(encoding="utf-8")
    block = f'# /// script\n# dependencies = ["{in_cache.requirement}"]\n# ///\n'
    path.write_text(block + text, encoding="utf-8")
    return path


def test_what_a_file_declares_is_there_where_it_is_measured(
    declaring: Path, in_cache: Real, tmp_path: Path
) -> None:
    if "memray" in in_cache.environment.lacking:
        pytest.skip("memray is not installed here")
    one_case = ("-v", "coroutine", "-v", "task", "-p", "sync_ratio=1", "--name", "first")
    done = awaitbench(tmp_path, "run", declaring.name, *one_case, "--no-report")
    assert done.returncode == 0, done.stderr
    shown = awaitbench(tmp_path, "show", "first", "--format", "json")
    rows = json.loads(shown.stdout)
    rows = rows["rows"] if isinstance(rows, dict) else rows
    assert {row["status"] for row in rows} == {"ok"}
    stored = (tmp_path / "results" / "first" / "run.json").read_text(encoding="utf-8")
    assert str(in_cache.cache) not in stored
    with_one_line = awaitbench(tmp_path, "run", declaring.name, "--resume", "first", "--no-report")
    assert with_one_line.returncode == 0, with_one_line.stderr


@pytest.mark.parametrize("command", ["run", "profile"])
def test_a_version_that_the_file_is_not_for_is_one_line(
    command: str, write_scenario: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_scenario()
    block = '# /// script\n# requires-python = ">=3.99"\n# ///\n'
    path.write_text(block + path.read_text(encoding="utf-8"), encoding="utf-8")
    words = (path.name, "task") if command == "profile" else (path.name,)
    done = awaitbench(tmp_path, command, *words)
    assert done.returncode == 2
    assert done.stderr.startswith(f"awaitbench: {path.name} needs Python >=3.99 (requires-python)")
    assert done.stderr.endswith("give another one with --python\n")
    assert done.stderr.count("\n") == 1


def test_doctor_lists_interpreters_and_environments(in_cache: Real, tmp_path: Path) -> None:
    done = awaitbench(tmp_path, "doctor")
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert "Interpreters, for --python" in told
    assert "this one" in told
    assert "Environments, in" in told
    name = in_cache.environment.python.name
    assert f"{name} " in told.partition("Environments, in")[2]
    assert "pyperf 2" in told.partition("Environments, in")[2]
    assert "ValueTask in Python" in told
