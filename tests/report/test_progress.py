"""Progress: what is said of a run before and while it is measured."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from harness.pipeline import pending_settings
from harness.report.progress import ProgressDisplay
from tests.runs import make_run


def said_of(seconds: float, **run: object) -> str:
    out = io.StringIO()
    planned = make_run(**run)  # type: ignore[arg-type]
    with ProgressDisplay(Console(file=out, width=80), lambda _: seconds) as display:
        display.run_started(pending_settings(replace(planned, groups=())))
    return out.getvalue().strip()


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.2, "1 s"),
        (8.4, "8 s"),
        (52.0, "50 s"),
        (99.0, "100 s"),
        (120.0, "2 min"),
        (168.0, "2 min 50 s"),
        (299.0, "5 min"),
        (700.0, "12 min"),
    ],
)
def test_how_long_a_run_will_take_is_said_before_it_starts(seconds: float, told: str) -> None:
    said = said_of(seconds, scenarios=("one", "two"), sync_ratios=(0.0, 1.0))
    assert said == f"measuring 2 scenarios at 4 settings: about {told}"


def test_one_of_each_is_said_in_the_singular() -> None:
    assert said_of(3.0) == "measuring 1 scenario at 1 setting: about 3 s"


def test_nothing_is_said_where_nothing_is_left_to_measure() -> None:
    out = io.StringIO()
    with ProgressDisplay(Console(file=out), lambda _: 1 / 0) as display:
        display.run_started(())
    assert out.getvalue().strip() == ""
