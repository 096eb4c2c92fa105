from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.costs import cost_models
from harness.analysis.fitting import fit_counts, fit_times, margin, straight
from harness.analysis.rows import case_rows
from harness.plan import Runtime
from harness.record import RunStatus
from tests.runs import COSTS, SYNC_RATIOS, make_run

cost = st.floats(10, 1e6)
some_shares = st.lists(
    st.integers(0, 100).map(lambda percent: percent / 100), min_size=2, max_size=6, unique=True
)


def rounds(value: float, *errors: float) -> dict[int, float]:
    return {index: math.log(value) + error for index, error in enumerate(errors)}


@given(cost, cost, some_shares)
def test_times_on_a_line_give_both_costs_back(done: float, waited: float, at: list[float]) -> None:
    times = {p: rounds(p * done + (1 - p) * waited, 0.0, 0.0) for p in at}
    fit = fit_times(times)
    for p in (*at, 0.0, 1.0):
        # Far outside of the measured shares a rounding error grows.
        reach = 1e-9 / (max(at) - min(at)) * (done + waited)
        assert fit.at(p) == pytest.approx(p * done + (1 - p) * waited, abs=reach)
    assert fit.holds


@given(cost, cost, some_shares, st.floats(0.5, 20))
def test_the_unit_of_time_does_not_matter(
    done: float, waited: float, at: list[float], scale: float
) -> None:
    times = {p: rounds(p * done + (1 - p) * waited, 0.01, -0.02, 0.005) for p in at}
    scaled = {p: {i: log + math.log(scale) for i, log in logs.items()} for p, logs in times.items()}
    fit, other = fit_times(times), fit_times(scaled)
    for p in at:
        one, two = fit.interval(p), other.interval(p)
        assert two.value == pytest.approx(one.value * scale)
        assert one.high is not None
        assert two.high == pytest.approx(one.high * scale)


@given(st.lists(st.tuples(st.floats(0, 1), cost), min_size=2, max_size=6, unique_by=lambda t: t[0]))
def test_costs_are_never_negative(points: list[tuple[float, float]]) -> None:
    at = {share: rounds(value, 0.0, 0.01) for share, value in points}
    if max(at) - min(at) > 0.01:
        fit = fit_times(at)
        assert min(fit.synchronous, fit.asynchronous) >= 0


def test_a_share_that_is_off_the_line_is_named_with_how_far() -> None:
    times = {p: rounds(100 * p + 1000 * (1 - p), 0.01, -0.01, 0.0) for p in (0.0, 0.5, 0.9, 1.0)}
    times[0.9] = rounds(190 * 1.5, 0.01, -0.01, 0.0)
    fit = fit_times(times)
    assert not fit.holds
    assert fit.deviation is not None
    assert fit.deviation.share == 0.9
    assert fit.deviation.relative == pytest.approx(0.4, abs=0.15)
    assert fit.deviation.intervals is not None
    assert fit.deviation.intervals > 1
    assert fit.r_squared is not None
    assert fit.r_squared < 0.99


def test_a_large_deviation_that_may_be_noise_is_no_warning() -> None:
    times = {p: rounds(100 * p + 1000 * (1 - p), 0.4, -0.4, 0.0) for p in (0.0, 0.5, 1.0)}
    times[0.5] = rounds(550 * 1.3, 0.4, -0.4, 0.0)
    assert fit_times(times).holds


def test_two_shares_leave_nothing_to_judge_the_line_by() -> None:
    fit = fit_times({0.0: rounds(100, 0, 0), 1.0: rounds(10, 0, 0)})
    assert fit.r_squared is None
    assert fit.deviation is None
    assert fit.holds


def test_one_round_gives_no_interval() -> None:
    fit = fit_times({0.0: rounds(100, 0), 1.0: rounds(10, 0)})
    assert fit.interval(0.5).low is None
    assert fit.interval(0.5).value == pytest.approx(55)


def test_one_share_is_no_line() -> None:
    with pytest.raises(ValueError, match="two different shares"):
        fit_times({0.5: rounds(100, 0)})


def test_counts_on_a_line_are_exact_and_one_that_is_off_is_not() -> None:
    fit = fit_counts({0.0: 6.0, 0.5: 3.5, 1.0: 1.0})
    assert (fit.synchronous, fit.asynchronous, fit.is_exact) == (1.0, 6.0, True)
    bent = fit_counts({0.0: 6.0, 0.5: 5.0, 1.0: 1.0})
    assert not bent.is_exact
    assert not bent.holds


def test_nothing_allocated_is_exactly_nothing() -> None:
    fit = fit_counts({0.0: 0.3, 0.9: 0.03, 1.0: 0.0})
    assert fit.synchronous == 0
    assert fit.is_exact


def test_differences_may_be_negative() -> None:
    assert straight({0.0: -5.0, 0.5: -1.0, 1.0: 3.0}) == pytest.approx((-5, 3))
    assert straight({0.0: -5.0, 0.5: 0.0, 1.0: 3.0}) is None


def test_variances_add_up_with_their_degrees_of_freedom() -> None:
    assert margin([(1.0, 4)]) == pytest.approx(2.776, abs=1e-3)
    assert margin([(0.5, 4), (0.5, 4)]) == pytest.approx(2.306, abs=1e-3)
    assert margin([(1.0, 4), (0.0, 4)]) == pytest.approx(2.776, abs=1e-3)
    assert margin([(1.0, 4), (None, 0)]) is None
    assert margin([]) == 0.0


def test_the_model_of_a_run_has_the_costs_that_it_was_made_of() -> None:
    (model,) = cost_models(make_run(sync_ratios=SYNC_RATIOS, noise=0.001))
    assert model.reason == ""
    assert model.shares == SYNC_RATIOS
    for name, found in model.variants.items():
        assert found.time is not None
        assert found.allocations is not None
        assert found.time.synchronous == pytest.approx(COSTS[name].done + 11, rel=0.1)
        assert found.time.asynchronous == pytest.approx(COSTS[name].suspended + 11, rel=0.1)
        assert found.allocations.synchronous == pytest.approx(COSTS[name].allocations)
        assert found.allocations.asynchronous == pytest.approx(COSTS[name].suspended_allocations)


def test_a_model_says_of_times_what_the_rows_say_of_ratios() -> None:
    run = make_run(sync_ratios=(0.0, 1.0), noise=0.02)
    (model,) = cost_models(run)
    for row in case_rows(run):
        times = model.times
        modelled = times[row.variant].at(row.sync_ratio) / times["coroutine"].at(row.sync_ratio)
        assert modelled == pytest.approx(row.ratio)


def test_there_is_a_model_for_each_value_of_a_parameter_beside_the_share() -> None:
    run = make_run(sync_ratios=(0.0, 1.0), extra={"size": (1, 64)}, scenarios=("a", "b"))
    assert [(m.scenario, dict(m.setting)) for m in cost_models(run)] == [
        ("a", {"size": 1}),
        ("a", {"size": 64}),
        ("b", {"size": 1}),
        ("b", {"size": 64}),
    ]


def test_a_parameter_that_moves_the_share_is_on_the_line_and_kinds_of_work_are_not() -> None:
    run = make_run(sync_ratios=(0.0, 0.9, 1.0), extra={"rows": (1, 10, 0)})
    kept = [g for g in run.groups if dict(g.group.params) in (
        {"sync_ratio": 0.0, "rows": 1},
        {"sync_ratio": 0.9, "rows": 10},
        {"sync_ratio": 1.0, "rows": 0},
    )]  # fmt: skip
    plan = replace(run.plan, groups=tuple(record.group for record in kept))
    (model,) = cost_models(replace(run, plan=plan, groups=tuple(kept)))
    assert (model.moving, model.reason) == (("rows",), "")

    def named(params: tuple[tuple[str, object], ...]) -> tuple[tuple[str, str | float], ...]:
        return tuple((k, str(v) if k == "rows" else float(str(v))) for k, v in params)

    kinds = [replace(r, group=replace(r.group, params=named(r.group.params))) for r in kept]
    plan = replace(run.plan, groups=tuple(record.group for record in kinds))
    (model,) = cost_models(replace(run, plan=plan, groups=tuple(kinds)))
    assert model.reason.startswith("rows says what kind of work is done")
    assert not model.variants


def test_where_there_is_no_line_the_reason_is_told() -> None:
    (one,) = cost_models(make_run())
    assert one.reason == "only 90 % was measured, and a line needs two shares"
    (none,) = cost_models(make_run(measured=0))
    assert none.reason == "nothing was measured"
    (unlike,) = cost_models(make_run(sync_ratios=(0.5, 1.0), variants=("synchronous",)))
    assert unlike.reason == "only 100 % was measured, and a line needs two shares"


def test_only_what_was_measured_to_its_end_is_modelled() -> None:
    run = make_run(sync_ratios=(0.0, 0.5, 1.0), variants=("coroutine", "task"))
    first, second, third = run.groups
    failed = replace(first, failures={"task": "crashed"}, status=RunStatus.FAILED)
    lost = replace(second, error="they disagree", status=RunStatus.FAILED)
    (model,) = cost_models(replace(run, groups=(failed, lost, third)))
    assert model.shares == (0.0, 1.0)
    assert list(model.variants) == ["coroutine"]


def test_without_a_baseline_or_times_there_is_what_there_is() -> None:
    (model,) = cost_models(make_run(variants=("task", "value_task"), sync_ratios=(0.0, 1.0)))
    assert list(model.times) == ["task", "value_task"]
    (model,) = cost_models(make_run(instruments=("allocations",), sync_ratios=(0.0, 1.0)))
    assert not model.times
    assert all(found.allocations for found in model.variants.values())


def test_runtimes_are_apart() -> None:
    one = make_run(sync_ratios=(0.0, 1.0))
    two = make_run(sync_ratios=(0.0, 1.0), runtime=Runtime("3.12.1", loop="uvloop"))
    plan = replace(one.plan, groups=(*one.plan.groups, *two.plan.groups))
    models = cost_models(replace(one, plan=plan, groups=(*one.groups, *two.groups)))
    assert [str(model.runtime) for model in models] == [
        "cpython 3.13.0, asyncio",
        "cpython 3.12.1, uvloop",
    ]
