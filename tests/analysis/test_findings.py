from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.analysis.findings import run_findings
from harness.record import Finding, RunStatus, Severity
from tests.runs import make_run, timing_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.record import Run

    Rounds = Mapping[str, Sequence[float]]

QUIET = ("coroutine", "task")


def messages(run: Run) -> list[str]:
    return [f"{finding.severity}: {finding.message}" for finding in run_findings(run)]


def quiet(**changes: object) -> Run:
    """Return a run that nothing is wrong with, but for *changes* to its only record."""
    run = make_run(variants=QUIET, rounds=5, noise=0.002)
    return replace(run, groups=(replace(run.groups[0], **changes),))  # type: ignore[arg-type]


def timings(rounds: Rounds) -> dict[str, object]:
    return {name: timing_of([[v * 1e-9] * 3 for v in values]) for name, values in rounds.items()}


def test_a_good_run_has_nothing_to_tell() -> None:
    assert run_findings(quiet()) == ()


def test_a_group_that_failed_is_an_error() -> None:
    run = quiet(status=RunStatus.FAILED, error="task answered 1, coroutine 2", timings={})
    assert messages(run) == [
        "error: lookup sync_ratio=0.9 was not measured: task answered 1, coroutine 2"
    ]


def test_a_variant_that_failed_is_an_error() -> None:
    assert messages(quiet(failures={"task": "memray crashed twice"})) == [
        "error: lookup sync_ratio=0.9, task: memray crashed twice"
    ]


def test_missing_groups_are_counted_and_the_way_on_is_told() -> None:
    run = make_run(variants=QUIET, sync_ratios=(0.0, 0.5, 0.9), measured=1, rounds=5, noise=0.002)
    (finding,) = run_findings(run)
    assert finding == Finding(
        Severity.WARNING,
        "2 of 3 groups were not measured",
        "To go on from here: awaitbench run --resume 2025-01-01-example.",
    )


def test_a_missed_target_names_the_widest_ratio_and_what_to_try() -> None:
    rounds: Rounds = {"coroutine": [500.0] * 5, "task": [600, 660, 630, 690, 640]}
    (finding,) = run_findings(quiet(timings=timings(rounds), target_met=False))
    assert finding.message == (
        "the target of ± 5 % was not reached in 1 of 1 group; "
        "the widest is task in lookup sync_ratio=0.9 with ± 6.5 %"
    )
    assert finding.advice == "Use --preset standard, or let awaitbench doctor name what disturbs."


def test_the_advice_depends_on_what_was_tried() -> None:
    run = make_run(variants=QUIET, preset="rigorous", rounds=10, noise=0.002)
    run = replace(run, groups=(replace(run.groups[0], target_met=False),))
    (finding,) = run_findings(run)
    assert "--preset" not in finding.advice


def test_few_rounds_are_a_warning() -> None:
    (text,) = messages(make_run(variants=QUIET, rounds=2, noise=0.001))
    assert text.startswith("warning: only 2 rounds in lookup sync_ratio=0.9: ")


def test_a_round_that_stands_out_is_told_with_its_size() -> None:
    rounds = {"coroutine": [500, 505, 650, 500, 495], "task": [600, 601, 790, 602, 600]}
    found = messages(quiet(timings=timings(rounds)))
    assert (
        "hint: a round stands out from the others: "
        "number 3 of lookup sync_ratio=0.9 was 30 % slower"
    ) in found


def test_large_scatter_between_rounds_is_a_warning() -> None:
    rounds: Rounds = {"coroutine": [500.0] * 5, "task": [400, 800, 500, 700, 600]}
    (text,) = messages(quiet(timings=timings(rounds)))
    assert text == (
        "warning: times scatter between rounds by more than 10 %: "
        "task in lookup sync_ratio=0.9 (27 %)"
    )


def test_a_notable_driving_loop_is_a_hint() -> None:
    (text,) = messages(make_run(variants=QUIET, sync_ratios=(1.0,), rounds=5, noise=0.002))
    assert text == (
        "hint: the driving loop takes 11 ns per operation, 12 % of the fastest time "
        "(coroutine in lookup sync_ratio=1)"
    )


def test_what_was_found_while_measuring_is_passed_on_worst_first() -> None:
    hint = Finding(Severity.HINT, "a virtual machine")
    error = Finding(Severity.ERROR, "debug mode", "Unset it.")
    run = replace(quiet(findings=(error,)), findings=(hint, hint))
    assert run_findings(run) == (
        Finding(Severity.ERROR, "lookup sync_ratio=0.9: debug mode", "Unset it."),
        hint,
    )


def test_a_long_list_names_three_and_counts_the_rest() -> None:
    finding = Finding(Severity.WARNING, "swapped")
    run = make_run(variants=QUIET, sync_ratios=(0.0, 0.2, 0.4, 0.5, 0.6), rounds=5, noise=0.002)
    run = replace(run, groups=tuple(replace(r, findings=(finding,)) for r in run.groups))
    assert messages(run) == [
        "warning: lookup sync_ratio=0, lookup sync_ratio=0.2, lookup sync_ratio=0.4 and 2 more: "
        "swapped"
    ]


def test_without_times_no_time_is_judged() -> None:
    assert run_findings(make_run(variants=QUIET, instruments=("allocations",))) == ()
