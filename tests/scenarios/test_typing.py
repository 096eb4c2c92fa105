"""A type checker holds the variants of a scenario to one type of answer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import harness

pytest.importorskip("mypy", reason="mypy is not installed")

SCENARIO = """
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from harness import Params, Scenario

@asynccontextmanager
async def setup(params: Params) -> AsyncIterator[None]:
    yield None

def requests(state: None, params: Params) -> list[bool]:
    return [True]

async def coroutine(state: None, request: bool) -> int:
    return 1

async def other(state: None, request: bool) -> {answer}:
    return {value}

SCENARIO = Scenario[None, bool, int](
    title="", setup=setup, requests=requests, variants=(coroutine, other)
)
"""


def check(tmp_path: Path, answer: str, value: str) -> str:
    """Run mypy in a process of its own: its heap would slow down every later collection."""
    file = tmp_path / "snippet.py"
    file.write_text(SCENARIO.format(answer=answer, value=value), encoding="utf-8")
    options = ["--strict", "--config-file=", "--follow-imports=silent"]
    ended = subprocess.run(
        [sys.executable, "-m", "mypy", *options, f"--cache-dir={tmp_path / 'cache'}", file],
        capture_output=True,
        check=False,
        text=True,
        env=os.environ | {"MYPYPATH": str(Path(harness.__path__[0]).parent)},
    )
    assert ended.stderr == ""
    return ended.stdout


def test_variants_that_answer_alike_are_accepted(tmp_path: Path) -> None:
    assert "Success" in check(tmp_path, "int", "2")


def test_a_variant_with_another_type_of_answer_is_rejected(tmp_path: Path) -> None:
    output = check(tmp_path, "str", "'two'")
    assert "Found 1 error" in output
    assert 'Argument "variants"' in output
