"""Two runs, case by case: what is compared how, and what is refused."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.comparison import (
    Comparison,
    Effect,
    Means,
    Presence,
    compare_runs,
    count_resolution,
)
from harness.analysis.gate import Limits, regressions
from harness.errors import InputError
from harness.plan import Runtime
from harness.record import RunStatus, Timing
from harness.shared_text import together
from tests.runs import make_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.analysis.comparison import Change
    from harness.record import Run

VARIANTS = ("coroutine", "task", "value_task")


def a_run(name: str = "base", **given: object) -> Run:
    return make_run(name=name, variants=VARIANTS, **given)  # type: ignore[arg-type]


def timed(run: Run, change: Callable[[str, float], float]) -> Run:
    """Return *run* with every value of every variant passed through *change*."""
    groups = tuple(
        replace(
            record,
            timings={
                variant: replace(
                    timing,
                    rounds={
                        index: tuple(change(variant, value) for value in values)
                        for index, values in timing.rounds.items()
                    },
                )
                for variant, timing in record.timings.items()
            },
        )
        for record in run.groups
    )
    return replace(run, groups=groups)


def slower(run: Run, variant: str, by: float) -> Run:
    return timed(run, lambda name, value: value * by if name == variant else value)


def allocating(run: Run, variant: str, more: float) -> Run:
    """Return *run* in which *variant* makes so many allocations more."""
    record = run.groups[0]
    counted = record.allocations[variant]
    changed = {**record.allocations, variant: replace(counted, count=counted.count + more)}
    return replace(run, groups=(replace(record, allocations=changed), *run.groups[1:]))


def changes_of(comparison: Comparison) -> dict[str, Change]:
    return {change.row.variant: change for change in comparison.changes}


def test_a_run_is_like_itself() -> None:
    for change in compare_runs(a_run(), a_run("new")).changes:
        assert change.ratio is not None
        assert change.ratio.value == pytest.approx(1)
        assert not change.is_real
        assert (change.allocations, change.bytes) == (0, 0)


def test_a_machine_that_is_slower_on_one_day_cancels() -> None:
    base = a_run()
    new = timed(base, lambda _, value: value * 1.7)
    seen = changes_of(compare_runs(base, new))
    for variant in ("task", "value_task"):
        ratio = seen[variant].ratio
        assert seen[variant].means is Means.BRIDGED
        assert ratio is not None
        assert ratio.value == pytest.approx(1)
    direct = seen["coroutine"].ratio
    assert seen["coroutine"].means is Means.DIRECT
    assert direct is not None
    assert direct.value == pytest.approx(1.7)


def test_a_variant_that_became_slower_is_told() -> None:
    base = a_run()
    change = changes_of(compare_runs(base, slower(base, "task", 1.2)))["task"]
    assert change.ratio is not None
    assert change.ratio.value == pytest.approx(1.2)
    assert change.is_real


def test_runs_of_one_pair_are_compared_sweep_by_sweep() -> None:
    """A machine that is wild from sweep to sweep, and for both at once, does not matter."""
    rng = random.Random(5)
    moods = [[math.exp(rng.gauss(0, 1)) for _ in range(9)] for _ in range(4)]

    def of(name: str, factor: float) -> Run:
        run = replace(a_run(name), pair="token")
        wild = Timing(
            {i: tuple(1e-6 * factor * m for m in mood) for i, mood in enumerate(moods)}, 1
        )
        (record,) = run.groups
        return replace(run, groups=(replace(record, timings=dict.fromkeys(VARIANTS, wild)),))

    for change in compare_runs(of("base", 1.0), of("new", 1.04)).changes:
        assert change.means is Means.PAIRED
        assert change.ratio is not None
        assert change.ratio.value == pytest.approx(1.04)
        assert change.is_real


def test_without_a_common_baseline_times_are_held_against_each_other_directly() -> None:
    base, new = a_run(), a_run("new")
    new = replace(new, plan=replace(new.plan, baseline="task"))
    assert {change.means for change in compare_runs(base, new).changes} == {Means.DIRECT}


def test_cases_that_only_one_has_are_told() -> None:
    base = make_run(variants=("coroutine", "task"))
    new = make_run(variants=("coroutine", "value_task"))
    seen = changes_of(compare_runs(base, new))
    assert {name: change.presence for name, change in seen.items()} == {
        "coroutine": Presence.BOTH,
        "task": Presence.REMOVED,
        "value_task": Presence.ADDED,
    }


def test_a_case_that_is_not_measured_any_more_is_told_from_one_that_is_not_planned() -> None:
    base = a_run()
    (record,) = base.groups
    failed = replace(record, status=RunStatus.FAILED, failures={"task": "it hangs"})
    new = replace(base, groups=(failed,))
    comparison = compare_runs(base, new)
    assert changes_of(comparison)["task"].presence is Presence.FAILED
    (found,) = regressions(comparison)
    assert found.told == "it was measured, and is not any more: it hangs"


def test_nothing_in_common_is_refused() -> None:
    with pytest.raises(InputError, match="no case in common"):
        compare_runs(make_run(scenarios=("one",)), make_run(scenarios=("other",)))


def test_unlike_interpreters_are_refused_unless_told() -> None:
    base, new = a_run(), a_run("new", runtime=Runtime("3.12.1"))
    with pytest.raises(InputError, match=r"cpython 3\.13\.0, new on cpython 3\.12\.1") as refused:
        compare_runs(base, new)
    assert "--allow-unlike" in str(refused.value)
    comparison = compare_runs(base, new, allow_unlike=True)
    assert all(change.effect for change in comparison.common)
    assert len(comparison.common) == len(VARIANTS)


def test_the_same_version_of_another_build_is_another_interpreter() -> None:
    base, new = a_run(), a_run("new")
    new = replace(new, environment={**new.environment, "compiler": "Clang 18"})
    with pytest.raises(InputError, match="by Clang 18"):
        compare_runs(base, new)


def test_of_unlike_machines_only_allocations_are_compared() -> None:
    base, new = a_run(), a_run("new")
    new = replace(new, environment={**new.environment, "processor": "another"})
    comparison = compare_runs(base, new)
    assert "processor" in comparison.unlike
    assert all(change.effect is None for change in comparison.changes)
    assert all(change.allocations == 0 for change in comparison.changes)
    assert ("processor", "Example CPU @ 2.60GHz", "another") in comparison.differences
    assert all(change.effect for change in compare_runs(base, new, allow_unlike=True).changes)


@given(st.floats(0.5, 2), st.floats(0.001, 0.1), st.integers(1, 60))
def test_turned_around_a_change_is_its_inverse(ratio: float, error: float, degrees: int) -> None:
    there = Effect(math.log(ratio), error, degrees).estimate()
    back = Effect(-math.log(ratio), error, degrees).estimate()
    assert back.value == pytest.approx(1 / there.value)
    assert back.low == pytest.approx(1 / (there.high or 0))
    assert back.p == pytest.approx(there.p)


def test_intervals_of_bridged_changes_cover_the_truth_about_95_times_in_100() -> None:
    rng = random.Random(6)
    covered, tries = 0, 600
    plain = a_run()
    (record,) = plain.groups

    def noisy(rounds: int, spread: float, truth: float) -> Run:
        def timing(level: float) -> Timing:
            values = [1e-6 * level * math.exp(rng.gauss(0, spread)) for _ in range(rounds)]
            return Timing({index: (value,) * 3 for index, value in enumerate(values)}, 1)

        timings = {"coroutine": timing(1.0), "task": timing(truth)}
        return replace(plain, groups=(replace(record, timings=timings),))

    for _ in range(tries):
        comparison = compare_runs(noisy(5, 0.02, 3.0), noisy(9, 0.05, 3.3))
        ratio = changes_of(comparison)["task"].ratio
        assert ratio is not None
        covered += (ratio.low or math.inf) <= 1.1 <= (ratio.high or 0)
    assert 0.925 <= covered / tries <= 0.985


class TestSeveralRuntimes:
    OLD, NEW, NEXT = Runtime("3.11.7"), Runtime("3.13.0"), Runtime("3.14.0")

    def test_each_is_held_against_itself(self) -> None:
        base = a_run(runtimes=(self.OLD, self.NEW))
        first, second = base.groups
        (slow,) = slower(replace(base, groups=(second,)), "task", 1.5).groups
        comparison = compare_runs(base, replace(base, name="new", groups=(first, slow)))
        assert len(comparison.common) == 2 * len(VARIANTS)
        for change in comparison.changes:
            assert change.base is not None
            assert change.base.python == change.row.python
            truth = 1.5 if (change.row.python, change.row.variant) == ("3.13.0", "task") else 1
            assert change.ratio is not None
            assert change.ratio.value == pytest.approx(truth)
            direct = change.row.variant == "coroutine"
            assert change.means is (Means.DIRECT if direct else Means.BRIDGED)
        (found,) = regressions(comparison)
        assert (found.change.row.python, found.change.row.variant) == ("3.13.0", "task")

    @pytest.mark.parametrize("allow_unlike", [False, True])
    def test_what_only_one_run_has_is_added_or_removed(self, allow_unlike: bool) -> None:
        base = a_run(runtimes=(self.OLD, self.NEW))
        new = a_run("new", runtimes=(self.NEW, self.NEXT))
        comparison = compare_runs(base, new, allow_unlike=allow_unlike)
        presence = {change.row.python: change.presence for change in comparison.changes}
        assert presence == {
            "3.11.7": Presence.REMOVED,
            "3.13.0": Presence.BOTH,
            "3.14.0": Presence.ADDED,
        }
        assert comparison.unlike == ""
        assert all(change.effect for change in comparison.common)

    def test_none_in_common_is_refused_and_else_they_stand_for_each_other_in_order(self) -> None:
        base = a_run(runtimes=(self.OLD, self.NEW))
        new = a_run("new", runtime=self.NEXT)
        told = r"cpython 3\.11\.7, cpython 3\.13\.0, new on cpython 3\.14\.0"
        with pytest.raises(InputError, match=told):
            compare_runs(base, new)
        comparison = compare_runs(base, new, allow_unlike=True)
        pairs = {(c.base.python, c.row.python) for c in comparison.common if c.base}
        assert pairs == {("3.11.7", "3.14.0")}
        assert len(comparison.common) == len(VARIANTS)

    def test_a_free_threaded_build_and_another_implementation_are_others(self) -> None:
        kinds = (self.NEW, Runtime("3.13.0t"), Runtime("3.13.0", "pypy"))
        comparison = compare_runs(a_run(runtimes=kinds), a_run("new", runtimes=kinds))
        pythons = dict.fromkeys(change.row.python for change in comparison.common)
        assert [*pythons] == ["3.13.0", "3.13.0t", "pypy 3.13.0"]
        assert len(comparison.common) == 3 * len(VARIANTS)

    def test_of_another_build_is_told_for_each_interpreter(self) -> None:
        base, new = (a_run(name, runtimes=(self.OLD, self.NEW)) for name in ("base", "new"))
        compilers = together([("3.11.7", "GCC 13.2.0"), ("3.13.0", "Clang 18")])
        new = replace(new, environment={**new.environment, "compiler": compilers})
        comparison = compare_runs(base, new)
        assert {change.row.python for change in comparison.common} == {"3.11.7"}
        others = {c.presence for c in comparison.changes if c.row.python == "3.13.0"}
        assert others == {Presence.ADDED, Presence.REMOVED}
        both = compare_runs(base, new, allow_unlike=True)
        assert len(both.common) == 2 * len(VARIANTS)

    def test_an_event_loop_that_only_one_has_is_added(self) -> None:
        base, new = a_run(), a_run("new", runtimes=(self.NEW, Runtime("3.13.0", loop="uvloop")))
        presence = {c.row.loop: c.presence for c in compare_runs(base, new).changes}
        assert presence == {"asyncio": Presence.BOTH, "uvloop": Presence.ADDED}


class TestGate:
    @pytest.mark.parametrize(("more", "allowed", "found"), [(1, 0, 1), (1, 1, 0), (0.25, 0, 1)])
    def test_an_allocation_more_than_allowed_is_a_regression(
        self, more: float, allowed: float, found: int
    ) -> None:
        base = a_run()
        comparison = compare_runs(base, allocating(base, "task", more))
        assert len(regressions(comparison, Limits(0.05, allowed))) == found

    def test_what_counting_cannot_tell_apart_is_none(self) -> None:
        base = a_run()
        resolution = count_resolution(base.groups[0].allocations["task"].count)
        comparison = compare_runs(base, allocating(base, "task", resolution * 0.9))
        assert regressions(comparison) == ()

    def test_fewer_allocations_are_welcome(self) -> None:
        base = a_run()
        assert regressions(compare_runs(base, allocating(base, "task", -3))) == ()

    @pytest.mark.parametrize(("by", "found"), [(1.04, 0), (1.3, 1), (0.7, 0)])
    def test_a_time_has_to_be_beyond_the_threshold_with_its_interval(
        self, by: float, found: int
    ) -> None:
        base = a_run()
        assert len(regressions(compare_runs(base, slower(base, "task", by)))) == found

    def test_a_time_that_may_be_within_the_threshold_is_none(self) -> None:
        base = a_run(noise=0.08)
        comparison = compare_runs(base, slower(base, "task", 1.08))
        ratio = changes_of(comparison)["task"].ratio
        assert ratio is not None
        assert (ratio.low or 0) < 1.05 < ratio.value
        assert regressions(comparison) == ()

    def test_the_time_of_a_direct_comparison_is_not_looked_at(self) -> None:
        base = a_run()
        comparison = compare_runs(base, slower(base, "coroutine", 3.0))
        direct = changes_of(comparison)["coroutine"]
        assert direct.is_real
        assert all(found.change is not direct for found in regressions(comparison))

    def test_many_unchanged_cases_raise_few_false_alarms_even_at_the_threshold(self) -> None:
        """As slow as is just allowed, 24 cases to a gate: 2.5 % of gates, at the most."""
        alarms = 0
        for seed in range(120):
            rng = random.Random(seed)
            base = make_run(scenarios=[f"s{i}" for i in range(12)], variants=VARIANTS)

            def noisy(run: Run, by: float, rng: random.Random = rng) -> Run:
                groups = []
                for record in run.groups:
                    timings = {
                        variant: Timing(
                            {
                                index: (1e-6 * level * math.exp(rng.gauss(0, 0.02)),)
                                for index in range(5)
                            },
                            1,
                        )
                        for variant in VARIANTS
                        for level in [1.0 if variant == "coroutine" else by]
                    }
                    groups.append(replace(record, timings=timings))
                return replace(run, groups=tuple(groups))

            comparison = compare_runs(noisy(base, 1.0), noisy(base, 1.05))
            alarms += bool(regressions(comparison))
        assert alarms <= 8  # of 120: 3 expected at the most; 8 is three deviations above
