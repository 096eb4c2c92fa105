from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain, combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.analysis.recommend import Advice, recommendations, requirement
from harness.plan import Runtime
from harness.record import RunStatus
from harness.strategy import strategy
from tests.runs import COSTS, SYNC_RATIOS, Cost, make_run, timing_of

if TYPE_CHECKING:
    from harness.analysis.recommend import Recommendation
    from harness.record import Run

KNOWN = tuple(COSTS)


def only(run: Run) -> Recommendation:
    (found,) = recommendations(run)
    return found


def with_times(times: dict[float, dict[str, float]]) -> Run:
    """Return a run whose variants take these nanoseconds, share by share."""
    names = tuple(next(iter(times.values())))
    run = make_run(sync_ratios=tuple(times), variants=names, instruments=("time",))
    return replace(
        run,
        groups=tuple(
            replace(
                record,
                timings={
                    name: timing_of([[ns * 1e-9 * f] for f in (0.999, 1, 1.001, 1.0005)])
                    for name, ns in times[float(dict(record.group.params)["sync_ratio"])].items()
                },
            )
            for record in run.groups
        ),
    )


def test_who_may_have_no_c_extension_is_told_what_to_use() -> None:
    times = {"coroutine": 100.0, "value_task_native": 40.0, "value_task": 80.0, "task": 900.0}
    found = only(with_times({0.5: times, 1.0: times}))
    assert found.chosen == ("value_task_native",)
    assert re.match(
        r"Without the C part: at \d+ % use value_task, .*; it takes 20[.\d]* % .*less time than "
        r"coroutine\.",
        found.more,
    ), found.more
    assert "value_task" in found.variants
    times["value_task"] = 120.0
    assert only(with_times({1.0: times})).more == ("Without the C part: at 100 % keep coroutine.")
    del times["value_task_native"]
    assert "C part" not in only(with_times({1.0: times})).more


def test_what_needs_the_c_part_is_replaced_where_it_is_advised() -> None:
    low = {"coroutine": 100.0, "value_task_native": 60.0, "value_task": 90.0, "cached_future": 99.0}
    high = {**low, "value_task_native": 80.0, "value_task": 95.0, "cached_future": 10.0}
    found = only(with_times({0.5: low, 1.0: high}))
    assert found.chosen == ("value_task_native", "cached_future")
    assert found.more.startswith("Without the C part: at 50 % use value_task, ")
    assert found.without_native == ("value_task",)


def test_advice_that_changes_once_has_the_crossover_as_its_condition() -> None:
    found = only(make_run(sync_ratios=SYNC_RATIOS, variants=("coroutine", "task", "cached_future")))
    assert found.advice is Advice.CHANGE
    assert re.fullmatch(
        r"Below 8\d % \[[78]\d, [89]\d\] synchronous completions keep coroutine; above it use "
        r"cached_future, if results may be shared between awaiters, and kept\. At 100 % "
        r"cached_future takes 2\d % \[2\d, 2\d\] less time than coroutine\.",
        found.text,
    ), found.text
    assert found.variants[:2] == ("coroutine", "cached_future")
    assert dict(found.group.params)["sync_ratio"] == 1.0


def test_where_nothing_is_really_faster_the_baseline_stays() -> None:
    found = only(make_run(sync_ratios=(0.0, 0.5), variants=("coroutine", "task", "value_task")))
    assert found.advice is Advice.KEEP
    assert found.text == (
        "Keep coroutine: no other variant is really faster at any share that was measured, "
        "0 to 50 %."
    )


def test_a_gain_below_the_threshold_is_none() -> None:
    times = {p: {"coroutine": 100.0, "cached_future": 98.5} for p in (0.0, 1.0)}
    assert only(with_times(times)).advice is Advice.KEEP


def test_one_share_is_told_as_the_only_one() -> None:
    found = only(with_times({0.9: {"coroutine": 100.0, "value_task": 50.0}}))
    assert found.text == (
        "Use value_task, if each is awaited once, at 90 %, the only share that was measured. "
        "At 90 % value_task is 2.00 [2.00, 2.00] times as fast as coroutine."
    )


def test_of_variants_that_are_as_fast_the_simplest_is_recommended() -> None:
    times = {
        p: {"coroutine": 100.0, "value_task_native": 49.9, "cached_future": 50.0}
        for p in (0.0, 1.0)
    }
    assert only(with_times(times)).variants[0] == "cached_future"


def test_a_simpler_variant_that_is_really_slower_is_not() -> None:
    times = {
        p: {"coroutine": 100.0, "value_task_native": 40.0, "cached_future": 50.0}
        for p in (0.0, 1.0)
    }
    assert only(with_times(times)).variants[0] == "value_task_native"


def test_a_variant_that_is_good_everywhere_is_not_given_up_for_one_that_ties_with_it() -> None:
    times = {
        0.0: {"coroutine": 100.0, "value_task": 50.0, "cached_future": 90.0},
        1.0: {"coroutine": 100.0, "value_task": 50.0, "cached_future": 50.0},
    }
    assert only(with_times(times)).text.startswith(
        "Use value_task, if each is awaited once, at any"
    )


def test_advice_that_changes_back_and_forth_is_told_share_by_share() -> None:
    times = {
        0.0: {"coroutine": 100.0, "value_task": 120.0},
        0.5: {"coroutine": 100.0, "value_task": 80.0},
        1.0: {"coroutine": 100.0, "value_task": 120.0},
    }
    assert only(with_times(times)).text == (
        "At 0 % keep coroutine; at 50 % use value_task, if each is awaited once; at 100 % again "
        "coroutine. It changes back and forth, so measure at the share that you have. "
        "At 50 % value_task takes 20.0 % [19.8, 20.2] less time than coroutine."
    ).replace("20.0 % [19.8, 20.2]", re.search(r"20\S* % \[.*?\]", only(with_times(times)).text)[0])  # type: ignore[index]


def test_where_the_line_does_not_hold_the_change_lies_between_two_shares() -> None:
    times = {
        0.0: {"coroutine": 1000.0, "value_task": 1900.0},
        0.5: {"coroutine": 1000.0, "value_task": 1900.0},
        0.9: {"coroutine": 1000.0, "value_task": 400.0},
        1.0: {"coroutine": 1000.0, "value_task": 400.0},
    }
    assert only(with_times(times)).text.startswith(
        "Up to 50 % synchronous completions keep coroutine; at 90 % and more use value_task, if "
        "each is awaited once. Where it changes between them is not known."
    )


def test_the_floor_is_never_recommended() -> None:
    run = make_run(sync_ratios=(0.5, 1.0), variants=("coroutine", "task", "synchronous"))
    found = only(run)
    assert found.advice is Advice.KEEP
    assert "synchronous" not in found.variants


def test_what_failed_is_not_recommended() -> None:
    run = with_times({p: {"coroutine": 100.0, "value_task": 50.0} for p in (0.0, 1.0)})
    groups = [
        replace(r, failures={"value_task": "crashed"}, status=RunStatus.FAILED) for r in run.groups
    ]
    found = only(replace(run, groups=tuple(groups)))
    assert found.text == ("No recommendation: no other variant was measured beside coroutine.")


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (make_run(instruments=("allocations",)), "time was not measured"),
        (make_run(variants=("task", "value_task")), "the baseline, coroutine, was not measured"),
        (make_run(variants=("coroutine",)), "no other variant was measured beside coroutine"),
        (make_run(measured=0), "nothing was measured"),
        (make_run(rounds=1), "one round is too few to tell variants apart in time"),
    ],
)
def test_where_the_data_does_not_allow_a_recommendation_it_says_why(run: Run, reason: str) -> None:
    found = only(run)
    assert found.advice is Advice.NONE
    assert found.text == f"No recommendation: {reason}."


def test_fewer_allocations_than_the_recommended_variant_are_told() -> None:
    costs = {"coroutine": Cost(50, 50, 3, 3), "value_task": Cost(60, 60, 1, 1)}
    run = make_run(sync_ratios=(0.9,), variants=("coroutine", "value_task"), costs=costs)
    assert (
        only(run).more
        == "value_task allocates the least at 90 %: 1 allocation per call, coroutine 3."
    )


def test_each_setting_and_runtime_has_one() -> None:
    one = make_run(sync_ratios=(0.0, 1.0), extra={"size": (1, 2)}, scenarios=("a", "b"))
    two = make_run(sync_ratios=(0.0, 1.0), runtime=Runtime("3.12.1"))
    plan = replace(one.plan, groups=(*one.plan.groups, *two.plan.groups))
    found = recommendations(replace(one, plan=plan, groups=(*one.groups, *two.groups)))
    assert [(each.model.scenario, dict(each.model.setting).get("size")) for each in found] == [
        ("a", 1),
        ("a", 2),
        ("b", 1),
        ("b", 2),
        ("lookup", None),
    ]
    assert all(each.group.scenario == each.model.scenario for each in found)


def test_every_known_strategy_says_what_it_requires() -> None:
    for name in KNOWN:
        if not strategy(name).only_synchronous:
            assert "scenario's own" not in requirement(name)
    assert "scenario's own" in requirement("sequential")


subsets = st.sampled_from(
    sorted(chain.from_iterable(combinations((*KNOWN, "own"), size) for size in (1, 2, 4, 7)))
)


@settings(max_examples=40, deadline=None)
@given(
    subsets,
    st.lists(st.sampled_from((0.0, 0.3, 0.5, 0.9, 1.0)), min_size=1, max_size=4, unique=True),
    st.sampled_from((1, 2, 4)),
    st.floats(0.0005, 0.1),
)
def test_any_run_has_a_sentence_and_names_what_it_recommends(
    variants: tuple[str, ...], shares: list[float], rounds: int, noise: float
) -> None:
    run = make_run(sync_ratios=sorted(shares), variants=variants, rounds=rounds, noise=noise)
    for found in recommendations(run):
        assert found.text.endswith(".")
        assert found.text[0].isupper()
        assert not re.search(r"\b(nan|inf|None)\b", f"{found.text} {found.more}")
        assert found.group in run.plan.groups
        if found.advice is Advice.CHANGE:
            assert any(name in found.text and name != "coroutine" for name in variants)
