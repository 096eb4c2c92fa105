"""Uses of a ValueTask leave nothing behind; `make leaks` shows it of many more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import harness.valuetask.python as pure
from tests.native.leaks import left_behind
from tests.native.paths import PATHS

if TYPE_CHECKING:
    from tests.native.paths import Kit

USES = 1_000


@pytest.mark.parametrize("implementation", ["native", "python"])
def test_each_path_leaves_nothing_behind(implementation: str) -> None:
    if implementation == "native":
        pytest.importorskip("harness.valuetask._native", reason="it was not built here")
    options = ["--uses", str(USES), "--implementation", implementation]
    done = subprocess.run(
        [sys.executable, "-m", "tests.native.leaks", *options],
        cwd=Path(__file__).parents[2],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(PATHS)} paths leave nothing behind" in done.stdout


def test_what_stays_in_memory_is_found() -> None:
    kept: list[object] = []

    async def keeps_an_object(kit: Kit) -> None:
        kept.append([kit])

    left = left_behind(keeps_an_object, pure, USES)
    assert left["blocks"] >= USES


def test_a_reference_that_is_not_given_back_is_found() -> None:
    kept: list[object] = []

    async def keeps_a_reference(kit: Kit) -> None:
        kept.append(kit.answer)
        assert await kit.ValueTask(kit.answer) is kit.answer

    left = left_behind(keeps_a_reference, pure, USES)
    assert left["kit.answer"] == USES
