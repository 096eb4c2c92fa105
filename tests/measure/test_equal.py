"""``doctor --aa`` for real: equal variants, a slower one, and what is kept of it."""

from __future__ import annotations

import dis
import inspect
import json
from typing import TYPE_CHECKING

import pytest

from harness import catalog
from harness.cli import main
from harness.measure.equal import EQUAL, SLOWED
from harness.plan import PRESETS, Preset
from harness.store import RunFolder
from harness.strategy import functions
from tests.runs import make_run

if TYPE_CHECKING:
    from pathlib import Path


def test_equal_variants_have_the_same_code_and_the_slower_one_the_same_instructions() -> None:
    found = functions(catalog.load("harness.measure.equal").scenario)
    codes = {found[name].__code__ for name in EQUAL}
    assert len(codes) == 1
    (code,) = codes
    instructions = [
        [each.opname for each in dis.get_instructions(f)] for f in (code, found[SLOWED])
    ]
    assert instructions[0] == instructions[1]
    assert all(inspect.iscoroutinefunction(function) for function in found.values())


def test_it_is_measured_shown_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(PRESETS, "quick", Preset("quick", 0.05, (5, 5), 8))
    folder = RunFolder.create(tmp_path / "results", "mine")
    folder.save(make_run(name="mine"))
    before = folder.load()
    code = main(
        [
            "doctor",
            "--aa",
            "--groups",
            "2",
            "--slowdown",
            "100%",
            "--keep",
            "mine",
            "--format",
            "json",
        ]
    )
    shown = json.loads(capsys.readouterr().out)
    assert code in {0, 1}  # ten pairs, on any machine: chance may have it
    assert (shown["groups"], shown["pairs"], shown["tries"]) == (2, 10, 2)
    assert shown["found"] >= 1  # one group may fall into a bad moment of the machine
    assert 0.5 < shown["seen"] < 2
    kept = folder.load()
    assert kept.proof is not None
    assert kept.proof.pairs == 10
    assert before.proof is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--groups", "0"], "--groups 0: expected an integer from 1"),
        (["--preset", "standart"], "did you mean standard?"),
        (["--slowdown", "0"], "expected from 0.1% to 100%"),
        (["--keep", "none"], "no run 'none'"),
        (["--python", "/nowhere/python"], "cannot be run"),
    ],
)
def test_unusable_input_is_one_line_before_anything_is_measured(
    arguments: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "--aa", *arguments]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert len(err.splitlines()) == 1
