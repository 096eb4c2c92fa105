"""A short fuzzing session: the long one is ``python -m tests.store.fuzz --inputs 100000``."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from harness.errors import StoreError
from tests.store import fuzz

if TYPE_CHECKING:
    from harness.record import Run


@pytest.mark.parametrize("part", range(4))
def test_damaged_and_hostile_runs_are_read_or_refused_in_one_line(part: int) -> None:
    outcome = fuzz.fuzz(range(75 * part, 75 * (part + 1)), seed=1, html=0.1)
    assert outcome.failures == {}
    assert outcome.read > 10  # and that is not because all are refused
    assert outcome.refused > 10


def test_the_same_seed_gives_the_same_inputs() -> None:
    made = [fuzz.mutated(random.Random("0 7"))[1] for _ in range(2)]
    assert made[0] == made[1]
    assert made[0] != fuzz.mutated(random.Random("0 8"))[1]


def test_a_reader_that_cannot_take_a_run_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def divides(run: Run) -> None:
        _ = 1 / 0

    monkeypatch.setattr(fuzz, "READERS", [divides])
    outcome = fuzz.fuzz(range(20), seed=1, html=0)
    assert outcome.failures.keys()
    assert all("ZeroDivisionError" in told for told in outcome.failures.values())


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "<img src=x>", "<p onclick=x>"])
def test_markup_in_a_report_is_found(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "render_report", lambda _: f"<html>{text}")
    with pytest.raises(fuzz.Unfit):
        fuzz.read_report(fuzz.valid_runs()[0])


def test_valid_runs_are_read() -> None:
    for run, files in fuzz.stored_files():
        assert set(files) <= set(fuzz.FILES)
        try:
            for reader in (*fuzz.READERS, *fuzz.SLOW_READERS):
                reader(run)
        except StoreError as error:  # pragma: no cover
            pytest.fail(str(error))
