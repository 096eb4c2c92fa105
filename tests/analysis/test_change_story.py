"""What changed between two runs, in sentences: the truth that was put in, and nothing else."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.change_story import (
    allocation_statements,
    belief_lines,
    longer,
    means_line,
    moved_together,
    presence_lines,
    time_statements,
    trust_lines,
    verdict_line,
)
from harness.analysis.comparison import Comparison, compare_runs
from harness.analysis.estimate import Estimate
from harness.analysis.places import Places
from harness.analysis.rows import case_rows
from harness.analysis.sentences import Tone
from harness.plan import INSTRUMENTS, Runtime
from tests.analysis.test_comparison import a_run, allocating, slower
from tests.runs import make_run, repeated

if TYPE_CHECKING:
    from harness.record import Run

SHARES = (0.0, 0.9, 1.0)


def again(instruments: tuple[str, ...] = INSTRUMENTS) -> tuple[Run, Run]:
    base = a_run(sync_ratios=SHARES, noise=0.004, instruments=instruments)
    return base, repeated(base, "new", 2, noise=0.004)


def told_of(comparison: Comparison) -> list[str]:
    places = Places(change.row for change in comparison.changes)
    return [
        f"{each.variant} {each.text}"
        for find in (time_statements, allocation_statements)
        for each in find(comparison, places)
    ]


def test_nothing_is_told_of_a_run_measured_again() -> None:
    comparison = compare_runs(*again())
    assert told_of(comparison) == []
    assert verdict_line(comparison) == (
        "Of 6 cases with comparable times, none takes longer and none less time; all 9 make "
        "exactly as many allocations as before."
    )


def test_one_variant_that_became_slower_is_told_and_no_other() -> None:
    base, new = again()
    comparison = compare_runs(base, slower(new, "task", 1.2))
    (told,) = told_of(comparison)
    assert told.startswith("task takes ")
    assert " longer in all 3 cases, most in lookup at " in told
    assert verdict_line(comparison).startswith("Of 6 cases with comparable times, 3 take longer")


def test_the_largest_change_is_told_first_and_gains_and_losses_apart() -> None:
    base, new = again()
    new = slower(slower(new, "task", 1.2), "value_task", 0.5)
    places = Places(case_rows(base))
    told = time_statements(compare_runs(base, new), places)
    assert [(each.variant, each.tone) for each in told] == [
        ("value_task", Tone.GAIN),
        ("task", Tone.LOSS),
    ]


def test_allocations_are_told_exactly() -> None:
    base, new = again()
    comparison = compare_runs(base, allocating(new, "value_task", 1))
    assert told_of(comparison) == [
        "value_task makes 1 more allocation per operation in lookup at 0 % synchronous (9 → 10)"
    ]
    assert "1 of 9 makes more allocations and none fewer" in verdict_line(comparison)
    comparison = compare_runs(base, allocating(new, "task", -0.5))
    assert "makes 0.5 fewer allocations per operation in lookup" in told_of(comparison)[0]


def test_a_change_of_the_baseline_is_not_taken_for_one_of_all_others() -> None:
    variants = ("coroutine", "task", "value_task", "cached_future")
    base = make_run(variants=variants, noise=0.002)
    new = slower(repeated(base, "new", 2, noise=0.002), "coroutine", 1.3)
    (moved,) = moved_together(compare_runs(base, new))
    assert (moved.row.variant, moved.count) == ("coroutine", 3)
    assert moved.ratio.value == pytest.approx(1.3, rel=0.1)
    assert moved.others == pytest.approx(1 / 1.3, rel=0.05)


@pytest.mark.parametrize("factor", [1.0, 1.3])
def test_one_variant_that_moved_is_no_change_of_the_baseline(factor: float) -> None:
    base = make_run(variants=("coroutine", "task", "value_task", "cached_future"), noise=0.002)
    new = slower(repeated(base, "new", 2, noise=0.002), "task", factor)
    assert moved_together(compare_runs(base, new)) == []


def test_how_they_were_compared_is_a_sentence() -> None:
    base, new = again()
    assert "measured at different times. coroutine was measured in both" in means_line(
        compare_runs(base, new)
    )
    pair = [replace(run, pair="token") for run in (base, new)]
    assert "measured interleaved" in means_line(compare_runs(*pair))
    alone = [make_run(variants=("task",), name=name) for name in ("base", "new")]
    assert "held against each other directly" in " ".join(means_line(compare_runs(*alone)).split())
    other = replace(new, environment={**new.environment, "cores": "64"})
    assert means_line(compare_runs(base, other)) == (
        "Times are not compared: they were measured on unlike machines (cores differ)."
    )
    counted = [a_run(name, instruments=("allocations",)) for name in ("base", "new")]
    assert means_line(compare_runs(*counted)) == "No time was measured in both runs."
    assert next(iter(belief_lines(compare_runs(*counted)))) == "No time was measured in both runs."


def test_what_allocates_differently_is_told_to_be_the_code() -> None:
    base, new = again()
    more = tuple(
        replace(
            record,
            allocations={
                **record.allocations,
                "task": replace(record.allocations["task"], count=99.0),
            },
        )
        for record in new.groups
    )
    comparison = compare_runs(base, replace(new, groups=more))
    assert "other code ran, not that the machine was slower" in next(
        iter(trust_lines(comparison, 0))
    )
    (told,) = told_of(comparison)
    assert "in all 3 cases, most in lookup at " in told
    alike = tuple(
        replace(
            record,
            allocations={
                name: replace(each, count=each.count + 3 * (name == "task"))
                for name, each in record.allocations.items()
            },
        )
        for record in new.groups
    )
    (told,) = told_of(compare_runs(base, replace(new, groups=alike)))
    assert told.startswith("task makes 3 more allocations per operation in all 3 cases, such as ")


def test_whether_to_believe_it_is_told_in_short() -> None:
    base, new = again()
    means, widths, around = trust_lines(compare_runs(base, new), 0)
    assert means == means_line(compare_runs(base, new))
    assert widths.startswith("The 95 % intervals are ± ")
    assert around == "Machine, interpreter and versions are the same in both."
    other = dict.fromkeys(("memray", "pyperf", "compiler", "operating system"), "9")
    changed = replace(new, environment={**new.environment, **other})
    *_, around, shaky = trust_lines(compare_runs(base, changed, allow_unlike=True), 2)
    assert around.startswith("Not the same around them: ")
    assert around.endswith(" and 1 more.")
    assert shaky == "2 things were shaky while they were measured."


def test_runs_without_allocations_say_nothing_of_them() -> None:
    base, new = again(instruments=("time",))
    comparison = compare_runs(base, new)
    assert "allocations" not in verdict_line(comparison)
    assert not any("Allocations" in line for line in belief_lines(comparison))


def test_cases_that_are_gone_failed_or_new_are_named() -> None:
    base = make_run(variants=("coroutine", "task", "ready_future"))
    new = make_run(variants=("coroutine", "value_task", "ready_future"))
    failed = replace(new.groups[0], failures={"ready_future": "it died"})
    comparison = compare_runs(base, replace(new, groups=(failed,)))
    assert list(presence_lines(comparison)) == [
        "1 case failed in the newer run: ready_future in lookup.",
        "1 case is not in the newer run any more: task in lookup.",
        "1 case is new in the newer run: value_task in lookup.",
    ]


def test_without_a_case_in_common_it_says_so() -> None:
    base, new = make_run(variants=("task",)), make_run(variants=("coroutine",))
    assert verdict_line(compare_runs(base, new, partly=True)) == (
        "No case was measured in both runs."
    )


@pytest.mark.parametrize(
    ("ratio", "told"),
    [
        (Estimate(1.5, 1.48, 1.52), "takes 50.0 % longer [48.0 %, 52.0 %]"),
        (Estimate(1.5, 1.3, 1.7), "takes 50 % longer [30 %, 70 %]"),
        (Estimate(0.6, 0.59, 0.61), "takes 40.0 % less time [39.0 %, 41.0 %]"),
        (Estimate(3.1, 3.0, 3.2), "takes 3.1 times as long [3, 3.2]"),
        (Estimate(0.25, None, None), "takes 0.25 times as long"),
        (Estimate(1.25, None, None), "takes 25 % longer"),
    ],
)
def test_a_ratio_of_times_in_words(ratio: Estimate, told: str) -> None:
    assert longer(ratio) == told


@given(st.floats(-600, 600), st.floats(0, 500))
def test_any_ratio_has_words(log: float, margin: float) -> None:
    low, high = (math.exp(max(-700.0, min(700.0, log + each))) for each in (-margin, margin))
    assert longer(Estimate(math.exp(log), low, high)).startswith("takes ")


def test_a_place_names_what_varies_and_the_share() -> None:
    run = make_run(sync_ratios=(0.0, 0.9), extra={"size": (1, 64), "mode": ("a",)})
    rows = case_rows(run)
    assert Places(rows).of(rows[0]) == "lookup at 0 % synchronous, size=1"
    alone = [row for row in rows if row.params == rows[0].params]
    assert Places(alone).of(rows[0]) == "lookup at 0 % synchronous"
    other = case_rows(make_run(runtime=Runtime("3.12.1", loop="uvloop")))
    assert Places([*rows, *other]).setting(other[0]) == "90 % synchronous, python 3.12.1, uvloop"
