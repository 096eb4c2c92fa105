"""Summaries for a job's page: short, the verdict first, and safe whatever a run is called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.analysis.comparison import compare_runs
from harness.analysis.gate import regressions
from harness.analysis.series import Against, trace
from harness.record import Finding, RunStatus, Severity
from harness.report.series_text import format_series
from harness.report.summary import comparison_summary, run_summary
from tests.analysis.test_comparison import a_run, allocating, slower
from tests.report.test_comparison_pages import changed_hostile, failed, hostile, nights
from tests.runs import COSTS, SYNC_RATIOS, make_run, repeated

LINES = 25
BIG = make_run(
    scenarios=tuple(f"scenario_{number}" for number in range(8)),
    sync_ratios=SYNC_RATIOS,
    variants=tuple(COSTS),
    findings=tuple(Finding(Severity.WARNING, f"trouble {n}", "") for n in range(9)),
)
WORSE = replace(
    slower(
        slower(slower(repeated(BIG, "new", 2), "task", 1.5), "value_task", 0.7), "eager_task", 2
    ),
    environment={label: f"{text} new" for label, text in BIG.environment.items() if "c" in label},
)


def test_a_large_run_fits() -> None:
    text = run_summary(BIG)
    assert len(text.splitlines()) <= LINES
    assert text.startswith("## awaitbench: 2025-01-01-example\n\n**328 cases measured.**\n")
    assert "scenario_0: At 90 % synchronous completions" in text
    assert "- **warning:** trouble 0" in text
    assert "All of it: awaitbench show 2025-01-01-example" in text


@pytest.mark.parametrize("gate", [False, True])
def test_a_large_comparison_fits_and_has_what_is_real_first(gate: bool) -> None:
    comparison = compare_runs(BIG, WORSE, allow_unlike=True)
    found = regressions(comparison) if gate else None
    text = comparison_summary(comparison, found, "reports/a.html")
    lines = text.splitlines()
    assert len(lines) <= LINES
    assert lines[2].startswith(f"**{len(found)} regressions.** Of" if found else "**Of 288 cases")
    assert "takes 2 times as long" in text or gate
    assert "and 75 more regressions" in text or not gate
    assert "<details><summary>" in text
    assert lines[-1].endswith("the page is reports/a.html")


def test_an_unchanged_comparison_is_short() -> None:
    text = comparison_summary(compare_runs(a_run(), a_run("new")), ())
    assert text.splitlines()[2].startswith("**No regressions.** Of 2 cases with comparable times, ")
    assert "\n- " not in text
    assert len(text.splitlines()) < 8


def test_a_regression_names_its_case_and_its_limit() -> None:
    comparison = compare_runs(a_run(), allocating(a_run("new"), "task", 1))
    text = comparison_summary(comparison, regressions(comparison))
    assert "**1 regression.**" in text
    assert "- task in lookup at 90 % synchronous: 1 more allocation per operation" in text
    assert text.count("\n- ") == 1


def test_what_failed_or_was_interrupted_is_the_verdict() -> None:
    assert "**2 cases measured, 1 failed.**" in run_summary(failed())
    stopped = replace(a_run(), status=RunStatus.INTERRUPTED)
    assert "**3 cases measured; the run was interrupted.**" in run_summary(stopped)
    assert "1 case failed in the newer run: task" in comparison_summary(
        compare_runs(a_run(), failed())
    )


@pytest.mark.parametrize("instruments", [("time",), ("allocations",)])
def test_a_run_of_one_instrument_has_a_summary(instruments: tuple[str, ...]) -> None:
    text = run_summary(a_run(instruments=instruments))
    assert text.count("| lookup sync_ratio=0.9 |") == 1


@pytest.mark.parametrize("against", Against)
def test_a_series_fits(against: Against) -> None:
    runs = [slower(run, "task", 1 + n % 3) for n, run in enumerate(nights(40))]
    runs = [replace(run, environment={"memray": str(n)}) for n, run in enumerate(runs)]
    text = format_series(trace(runs, against), "summary")
    assert len(text.splitlines()) <= LINES
    assert text.splitlines()[2].startswith("**")


def test_nothing_hostile_is_markup() -> None:
    comparison = compare_runs(hostile(), changed_hostile(), allow_unlike=True)
    texts = [
        run_summary(hostile()),
        comparison_summary(comparison, regressions(comparison)),
        *(
            format_series(trace([hostile(), changed_hostile()], Against.FIRST), each)
            for each in ("summary", "markdown")
        ),
    ]
    for text in texts:
        left = text.replace("<details>", "").replace("</details>", "")
        left = left.replace("<summary>", "").replace("</summary>", "")
        assert "<" not in left.replace("\\<", "")
        assert "[" not in left.replace("\\[", "")
        assert not [char for char in {*text} - {"\n"} if not char.isprintable()]
