from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.analysis.findings import run_findings
from harness.plan import Runtime
from harness.record import Conditions, Finding, RunStatus, Severity
from tests.runs import make_run, timing_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.record import Run, Timing

    Rounds = Mapping[str, Sequence[float]]

QUIET = ("coroutine", "task")
RUNTIMES = (Runtime("3.11.7"), Runtime("3.13.0", loop="uvloop"))


def messages(run: Run) -> list[str]:
    return [f"{finding.severity}: {finding.message}" for finding in run_findings(run)]


def quiet(**changes: object) -> Run:
    """Return a run that nothing is wrong with, but for *changes* to its only record."""
    run = make_run(variants=QUIET, rounds=5, noise=0.002)
    return replace(run, groups=(replace(run.groups[0], **changes),))  # type: ignore[arg-type]


def timings(rounds: Rounds) -> dict[str, Timing]:
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


def test_a_ratio_between_runtimes_may_be_the_widest() -> None:
    run = make_run(variants=QUIET, runtimes=RUNTIMES, rounds=5, noise=0.002)
    first, second = run.groups
    # Both variants alike in each round: only beside the first runtime do they scatter.
    scattered: Rounds = {
        "coroutine": [500.0, 560, 530, 590, 540],
        "task": [600.0, 672, 636, 708, 648],
    }
    groups = (
        replace(first, target_met=False),
        replace(second, timings=timings(scattered), target_met=False),
    )
    (message,) = [text for text in messages(replace(run, groups=groups)) if "target" in text]
    assert message.startswith("warning: the target of ± 5 % was not reached in 2 of 2 groups; the ")
    assert "from 3.11.7 asyncio to 3.13.0 uvloop in lookup sync_ratio=0.9 with ±" in message


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


def disturbed(**conditions: Sequence[float | None]) -> Run:
    """Return a quiet run whose rounds had these conditions."""
    names = [*conditions]
    rounds = zip(*conditions.values(), strict=True)
    seen = {
        i: Conditions(0.6, **dict(zip(names, each, strict=True))) for i, each in enumerate(rounds)
    }
    return quiet(conditions=seen)


def test_other_work_is_told_with_the_rounds_that_it_ran_in_and_the_most_of_it() -> None:
    (finding,) = run_findings(disturbed(others=[0.1, 0.3, 0.0, 0.82, 0.2]))
    assert finding.severity is Severity.WARNING
    assert finding.message == (
        "other work ran during 2 of 5 rounds (up to 0.8 of a core; lookup sync_ratio=0.9)"
    )
    assert finding.advice


def test_the_rounds_of_all_groups_are_told_in_one_sentence() -> None:
    run = make_run(variants=QUIET, sync_ratios=(0.0, 0.5), rounds=5, noise=0.002)
    others = {"0": 0.5, "0.5": 1.4}
    run = replace(
        run,
        groups=tuple(
            replace(each, conditions=dict.fromkeys(range(5), Conditions(0.6, amount, 0.0)))
            for each, amount in zip(run.groups, others.values(), strict=True)
        ),
    )
    assert messages(run) == [
        "warning: other work ran during 10 of 10 rounds (up to 1.4 cores; lookup sync_ratio=0.5)"
    ]


def test_stolen_time_is_told_the_same_way() -> None:
    assert messages(disturbed(stolen=[0.0, 0.04, 0.2, 1.0])) == [
        "warning: other virtual machines took time during 2 of 4 rounds "
        "(up to one core; lookup sync_ratio=0.9)"
    ]


def test_rounds_of_which_nothing_is_known_are_not_counted() -> None:
    assert run_findings(disturbed(others=[None] * 4, stolen=[None] * 4)) == ()
    (text,) = messages(disturbed(others=[None, 0.5, None, 0.0]))
    assert text.startswith("warning: other work ran during 1 of 2 rounds")


def test_a_quiet_machine_is_not_told_of() -> None:
    assert run_findings(disturbed(others=[0.2] * 4, stolen=[0.02] * 4)) == ()


@pytest.mark.parametrize(
    ("cores", "found"), [("1", 1), ("2", 1), ("8", 0), ("64", 0), ("many", 1), ("\u0663", 1)]
)
def test_what_is_bearable_grows_with_the_cores_that_are_free(cores: str, found: int) -> None:
    run = disturbed(others=[1.0] * 4)
    run = replace(run, environment={**run.environment, "cores": cores})
    assert len(run_findings(run)) == found


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
