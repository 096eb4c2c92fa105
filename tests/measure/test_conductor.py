"""Conductor: gates, sweeps and rounds, with scripted workers and without a clock."""

from __future__ import annotations

import itertools
import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.analysis.estimate import estimate_ratio
from harness.errors import HungError, MeasureError
from harness.measure.conductor import Calibration, GroupTiming, TimedRound, time_group
from harness.plan import Preset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

VARIANTS = ("coroutine", "task", "value_task")
WARMUPS = 1
# Where all is steady and one ratio is left, two rounds give it an interval, and four looks in a
# row have to find it narrow.
ONE_RATIO = 5
CYCLE = 20


def steady(variant: str, index: int, sweep: int) -> float:
    """Return a time without any noise: every interval is a point from two rounds on."""
    return 1e-6 * (1 + VARIANTS.index(variant))


def noisy(variant: str, index: int, sweep: int) -> float:
    """Return times whose ratios scatter between rounds, and not within them."""
    return 1e-6 * (1 + VARIANTS.index(variant) * (1 + index % 2))


@dataclass
class Stage:
    """Where scripted workers act: writes down who did what, in order."""

    seconds: Callable[[str, int, int], float] = steady
    failing: Mapping[tuple[int, str], str] = field(default_factory=dict)
    """(round, variant) -> the step that fails: prepare, calibrate, begin, a sweep, end."""
    fails_as: type[MeasureError] = MeasureError
    refused: frozenset[int] = frozenset()
    """Rounds that cannot be opened."""
    log: list[tuple[int, str, str]] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    at_once: list[tuple[str, str]] = field(default_factory=list)
    """The variants that do what is not timed, and what that is."""
    opened: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    is_open: bool = False

    @contextmanager
    def open_round(
        self, index: int, variants: tuple[str, ...]
    ) -> Iterator[dict[str, ScriptedWorker]]:
        assert not self.is_open
        if index in self.refused:
            raise MeasureError("no more processes")
        self.opened.append((index, variants))
        self.is_open = True
        yield {variant: ScriptedWorker(self, index, variant) for variant in variants}
        self.is_open = False

    def steps(self, step: str) -> list[tuple[int, str]]:
        return [(index, variant) for index, variant, done in self.log if done == step]

    def sweeps(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the variants of each sweep, with the index of its round."""
        for index, _ in self.opened:
            taken = [variant for number, variant in self.steps("measure") if number == index]
            alive = len({*taken})
            for start in range(0, len(taken), alive):
                yield index, taken[start : start + alive]


class ScriptedWorker:
    """Does what the stage says; fails the test where the conductor breaks a rule."""

    def __init__(self, stage: Stage, index: int, variant: str) -> None:
        self._stage = stage
        self._index = index
        self.variant = variant
        self._measured: list[float] = []
        self._wanted = -1

    @contextmanager
    def _running(self, step: str, *, beside: bool = False) -> Iterator[None]:
        """Run alone: another worker that runs meanwhile would disturb the measurement."""
        assert beside or not self._stage.at_once
        assert self._stage.is_open
        assert not self._stage.running, f"{self.variant} and {self._stage.running} run at once"
        self._stage.running.append(self.variant)
        self._stage.log.append((self._index, self.variant, step))
        try:
            if self._stage.failing.get((self._index, self.variant)) == step:
                raise self._stage.fails_as(f"{self.variant} failed in {step}")
            yield
        finally:
            self._stage.running.remove(self.variant)

    def _start(self, step: str) -> None:
        assert len(self._stage.at_once) < 2, "two cores take no more"
        assert all(other == step for _, other in self._stage.at_once)
        assert not self._stage.running
        self._stage.at_once.append((self.variant, step))

    @contextmanager
    def _ending(self, step: str) -> Iterator[None]:
        self._stage.at_once.remove((self.variant, step))
        with self._running(step, beside=True):
            yield

    def prepare(self) -> None:
        self._start("prepare")

    def prepared(self) -> int:
        with self._ending("prepare"):
            return CYCLE

    def calibrate(self, seconds: float) -> Calibration:
        assert 0 < seconds < 1
        with self._running("calibrate"):
            return Calibration(loops=1 + VARIANTS.index(self.variant), seconds=0.5, overhead=1e-8)

    def begin(self, loops: int, values: int, warmups: int, expected: float) -> None:
        assert (loops, warmups) == (1 + VARIANTS.index(self.variant), WARMUPS)
        assert expected == loops * 0.5
        self._wanted = values + warmups
        self._start("begin")

    def begun(self) -> None:
        with self._ending("begin"):
            pass

    def measure(self) -> None:
        assert len(self._measured) < self._wanted, "measured more often than begun"
        sweep = len(self._measured) - WARMUPS
        with self._running("measure"):
            if self._stage.failing.get((self._index, self.variant)) == f"sweep {sweep}":
                raise self._stage.fails_as(f"{self.variant} failed in sweep {sweep}")
            self._measured.append(self._stage.seconds(self.variant, self._index, sweep))

    def end(self) -> None:
        assert len(self._measured) == self._wanted, "ended before all values were there"
        self._start("end")

    def ended(self) -> TimedRound:
        with self._ending("end"):
            warmups = tuple((1, value) for value in self._measured[:WARMUPS])
            return TimedRound(tuple(self._measured[WARMUPS:]), warmups, {"round": self._index})


def conduct(
    stage: Stage,
    *,
    variants: Sequence[str] = VARIANTS,
    rounds: tuple[int, int] = (3, 6),
    values: int = 5,
    target: float = 0.05,
    baseline: str = "coroutine",
    seed: int = 0,
    families: Mapping[str, object] | None = None,
    counterparts: Sequence[Mapping[str, str]] = (),
) -> GroupTiming:
    preset = Preset("scripted", target, rounds, values)
    references = dict.fromkeys(variants, baseline)
    return time_group(
        tuple(variants),
        references,
        preset,
        stage.open_round,
        random.Random(seed),
        families=families,
        counterparts=counterparts,
    )


class TestGates:
    def test_two_children_never_run_at_once(self) -> None:
        stage = Stage()
        conduct(stage)  # the workers look
        assert stage.running == []
        assert len(stage.steps("measure")) == 3 * (WARMUPS + 5) * len(VARIANTS)

    def test_no_child_does_anything_else_from_the_first_value_to_the_last(self) -> None:
        stage = Stage()
        conduct(stage)
        values = (WARMUPS + 5) * len(VARIANTS)
        for index, _ in stage.opened:
            steps = [step for number, _, step in stage.log if number == index]
            first = steps.index("measure")
            assert steps[first : first + values] == ["measure"] * values
            assert steps[:first].count("begin") == len(VARIANTS)
            assert steps[first + values :] == ["end"] * len(VARIANTS)

    def test_what_is_not_timed_is_done_by_two_at_once(self) -> None:
        most: dict[str, int] = {}

        class Looking(list[tuple[str, str]]):
            def append(self, started: tuple[str, str]) -> None:
                super().append(started)
                most[started[1]] = max(most.get(started[1], 0), len(self))

        conduct(Stage(at_once=Looking()))
        assert most == {"prepare": 2, "begin": 2, "end": 2}


class TestSweeps:
    @given(st.permutations(VARIANTS), st.integers(), st.integers(1, 8))
    @settings(max_examples=30)
    def test_each_takes_every_variant_once(
        self, variants: list[str], seed: int, values: int
    ) -> None:
        stage = Stage()
        conduct(stage, variants=variants, seed=seed, values=values)
        sweeps = list(stage.sweeps())
        assert all(sorted(sweep) == sorted(variants) for _, sweep in sweeps)
        assert len(sweeps) == len(stage.opened) * (WARMUPS + values)

    def test_their_order_is_fresh_each_time(self) -> None:
        stage = Stage()
        conduct(stage, values=20)
        assert {tuple(sweep) for _, sweep in stage.sweeps()} == {*itertools.permutations(VARIANTS)}

    def test_a_family_comes_together_in_any_order(self) -> None:
        stage = Stage()
        conduct(stage, values=40, families=dict.fromkeys(VARIANTS[1:], "both"))
        one, first, second = VARIANTS
        pairs = ((first, second), (second, first))
        assert {tuple(sweep) for _, sweep in stage.sweeps()} == {
            order for pair in pairs for order in ((one, *pair), (*pair, one))
        }

    def test_their_order_is_that_of_the_seed(self) -> None:
        logs = []
        for seed in (1, 1, 2):
            stage = Stage()
            conduct(stage, seed=seed)
            logs.append(stage.log)
        assert logs[0] == logs[1]
        assert logs[0] != logs[2]

    def test_that_of_the_warm_up_is_not_counted(self) -> None:
        def slow_at_first(variant: str, index: int, sweep: int) -> float:
            return 1.0 if sweep < 0 else steady(variant, index, sweep)

        group = conduct(Stage(seconds=slow_at_first), values=5)
        for timing in group.timings.values():
            assert all(len(values) == 5 for values in timing.rounds.values())
            assert max(itertools.chain(*timing.rounds.values())) < 1.0
            assert all(warmups == ((1, 1.0),) for warmups in timing.warmups.values())

    def test_values_of_the_same_sweep_are_at_the_same_place(self) -> None:
        def drifting(variant: str, index: int, sweep: int) -> float:
            return (1 + VARIANTS.index(variant)) * (100.0 * index + sweep + 2)

        group = conduct(Stage(seconds=drifting), values=5)
        for index in range(3):
            for sweep in range(5):
                one, two, three = (group.timings[v].rounds[index][sweep] for v in VARIANTS)
                assert (two / one, three / one) == (2, 3)


class TestRounds:
    def test_the_fewest_are_taken_when_the_target_is_met(self) -> None:
        group = conduct(Stage(), rounds=(3, 6))
        assert (group.rounds, group.target_met) == (3, True)

    def test_the_most_are_taken_when_it_is_not(self) -> None:
        group = conduct(Stage(seconds=noisy), rounds=(3, 6))
        assert (group.rounds, group.target_met) == (6, False)

    def test_they_end_at_the_first_round_that_meets_it(self) -> None:
        def one_outlier(variant: str, index: int, sweep: int) -> float:
            late = 1.1 if index == 0 and variant == "task" else 1.0
            return late * steady(variant, index, sweep)

        group = conduct(Stage(seconds=one_outlier), rounds=(2, 60))
        assert 2 < group.rounds < 60
        assert group.target_met
        baseline = group.timings["coroutine"]
        ratios = [estimate_ratio(group.timings[variant], baseline) for variant in VARIANTS[1:]]
        assert all(ratio and ratio.half_width is not None for ratio in ratios)
        assert all(ratio and (ratio.half_width or 0) <= 0.05 for ratio in ratios)

    @pytest.mark.parametrize("failing", [{}, {(0, "task"): "prepare"}])
    def test_a_counterpart_is_held_against_too_while_it_is_there(
        self, failing: Mapping[tuple[int, str], str]
    ) -> None:
        def opposed(variant: str, index: int, sweep: int) -> float:
            # Each is exact enough beside the baseline, and not beside the other.
            side = {"task": 0.03, "value_task": -0.03}.get(variant, 0.0)
            # That of the machine is in all of them: no time alone is exact enough.
            machine = 1.2 if index % 2 else 1.0
            return steady(variant, index, sweep) * machine * (1 + (side if index % 2 else -side))

        rounds = (6, 60)
        alone = conduct(Stage(seconds=opposed, failing=failing), rounds=rounds)
        assert alone.target_met
        group = conduct(
            Stage(seconds=opposed, failing=failing),
            rounds=rounds,
            counterparts=({}, {"value_task": "task"}, {"value_task": "coroutine"}),
        )
        assert group.target_met
        if failing:
            assert group.rounds == alone.rounds
            return
        assert alone.rounds == 6 < group.rounds < 60
        ratio = estimate_ratio(group.timings["value_task"], group.timings["task"])
        assert ratio
        assert 0.03 < (ratio.half_width or 0) <= 0.05

    def test_a_ratio_that_is_asked_for_twice_is_one(self) -> None:
        group = conduct(
            Stage(),
            variants=("coroutine", "task"),
            counterparts=({"task": "coroutine"},) * 2,
            rounds=(2, 60),
        )
        assert group.rounds == ONE_RATIO

    def test_scatter_within_a_round_does_not_narrow_the_interval(self) -> None:
        # A thousand values of each of two rounds that disagree are still two figures.
        group = conduct(Stage(seconds=noisy), rounds=(2, 2), values=1000)
        assert not group.target_met

    def test_one_round_alone_never_meets_the_target(self) -> None:
        assert not conduct(Stage(), rounds=(1, 1)).target_met

    def test_each_is_opened_once_with_all_variants(self) -> None:
        stage = Stage()
        conduct(stage)
        assert stage.opened == [(index, VARIANTS) for index in range(3)]

    def test_each_has_its_own_values_under_its_number(self) -> None:
        group = conduct(Stage(seconds=noisy), rounds=(4, 4), values=2)
        assert group.timings["task"].rounds == {
            index: (noisy("task", index, 0),) * 2 for index in range(4)
        }
        assert group.timings["task"].metadata == {index: {"round": index} for index in range(4)}

    def test_calibration_is_done_once_per_group(self) -> None:
        stage = Stage()
        group = conduct(stage)
        assert stage.steps("calibrate") == [(0, variant) for variant in VARIANTS]
        assert {variant: found.loops for variant, found in group.calibrations.items()} == {
            "coroutine": 1,
            "task": 2,
            "value_task": 3,
        }

    def test_operations_of_a_value_are_loops_times_the_cycle(self) -> None:
        group = conduct(Stage())
        assert [group.timings[variant].operations for variant in VARIANTS] == [20, 40, 60]

    def test_a_group_of_one_variant_takes_the_fewest(self) -> None:
        group = conduct(Stage(), variants=["coroutine"])
        assert (group.rounds, group.target_met) == (3, True)

    def test_the_listener_hears_of_each_before_it_begins(self) -> None:
        stage = Stage()
        heard: list[tuple[int, int]] = []
        time_group(
            VARIANTS,
            dict.fromkeys(VARIANTS, "coroutine"),
            Preset("scripted", 0.05, (3, 6), 2),
            stage.open_round,
            random.Random(0),
            on_round=lambda index: heard.append((index, len(stage.opened))),
        )
        assert heard == [(0, 0), (1, 1), (2, 2)]


class TestFailures:
    @pytest.mark.parametrize("step", ["prepare", "calibrate", "begin", "measure", "end"])
    def test_one_that_fails_at_once_leaves_the_group_to_the_others(self, step: str) -> None:
        stage = Stage(failing={(0, "task"): step})
        group = conduct(stage)
        assert group.failures == {"task": f"task failed in {step}"}
        assert group.timings.keys() == {"coroutine", "value_task"}
        assert (group.rounds, group.target_met) == (ONE_RATIO, True)
        assert all("task" not in variants for index, variants in stage.opened if index > 0)

    @pytest.mark.parametrize("sweep", range(-1, 5))
    def test_one_that_fails_in_a_sweep_leaves_it_to_the_others(self, sweep: int) -> None:
        stage = Stage(failing={(1, "task"): f"sweep {sweep}"})
        group = conduct(stage, values=5)
        assert group.failures == {"task": f"task failed in sweep {sweep}"}
        for variant in ("coroutine", "value_task"):
            rounds = group.timings[variant].rounds
            assert [len(values) for values in rounds.values()] == [5] * ONE_RATIO

    def test_one_that_fails_keeps_its_rounds_before(self) -> None:
        group = conduct(Stage(failing={(2, "task"): "sweep 3"}))
        assert group.timings["task"].rounds.keys() == {0, 1}

    def test_one_that_fails_is_not_waited_for_to_become_exact(self) -> None:
        # It has one round, hence no interval: all the rounds there are would not give it one.
        group = conduct(Stage(failing={(1, "task"): "sweep 0"}), rounds=(3, 60))
        assert (group.rounds, group.target_met) == (ONE_RATIO, True)

    def test_a_baseline_that_fails_leaves_the_others_their_times(self) -> None:
        group = conduct(Stage(failing={(0, "coroutine"): "prepare"}))
        assert group.timings.keys() == {"task", "value_task"}
        assert (group.rounds, group.target_met) == (3, True)

    def test_all_that_fail_end_the_group(self) -> None:
        stage = Stage(failing={(0, variant): "sweep 2" for variant in VARIANTS})
        group = conduct(stage)
        assert group.failures.keys() == {*VARIANTS}
        assert len(stage.opened) == 1
        assert group.timings == {}

    def test_a_round_in_which_one_hangs_is_measured_again_without_it(self) -> None:
        # It may go on running beside the others: what they measured meanwhile is not kept.
        stage = Stage(failing={(1, "task"): "sweep 2"}, fails_as=HungError)
        group = conduct(stage)
        assert [index for index, _ in stage.opened] == [0, 1, 1, 2, 3, 4]
        assert stage.opened[2] == (1, tuple(name for name in VARIANTS if name != "task"))
        assert group.failures.keys() == {"task"}
        rounds = group.timings["coroutine"].rounds
        assert [len(values) for values in rounds.values()] == [5] * ONE_RATIO

    def test_what_hangs_once_all_is_timed_spoils_no_round(self) -> None:
        stage = Stage(failing={(1, "task"): "end"}, fails_as=HungError)
        group = conduct(stage)
        assert [index for index, _ in stage.opened] == [*range(ONE_RATIO)]
        assert group.failures.keys() == {"task"}
        rounds = group.timings["coroutine"].rounds
        assert [len(values) for values in rounds.values()] == [5] * ONE_RATIO

    def test_a_round_that_cannot_be_opened_keeps_those_before(self) -> None:
        group = conduct(Stage(seconds=noisy, refused=frozenset({2})))
        assert group.failures == dict.fromkeys(VARIANTS, "no more processes")
        assert all(timing.rounds.keys() == {0, 1} for timing in group.timings.values())

    @given(
        st.dictionaries(
            st.tuples(st.integers(0, 3), st.sampled_from(VARIANTS)),
            st.sampled_from(["prepare", "begin", "sweep -1", "sweep 0", "sweep 2", "end"]),
            max_size=4,
        )
    )
    @settings(max_examples=60)
    def test_whatever_fails_the_pairs_stay_pairs(self, failing: dict[tuple[int, str], str]) -> None:
        def telling(variant: str, index: int, sweep: int) -> float:
            return (1 + VARIANTS.index(variant)) * (10.0 * index + sweep + 2)

        group = conduct(Stage(seconds=telling, failing=failing), rounds=(4, 4), values=3)
        for variant, timing in group.timings.items():
            for index, values in timing.rounds.items():
                assert values == tuple(telling(variant, index, sweep) for sweep in range(3))
        for variant in VARIANTS:
            failed = [index for index, name in failing if name == variant]
            expected = {*range(min(failed))} if failed else {*range(4)}
            assert {*(group.timings[variant].rounds if variant in group.timings else ())} == (
                expected
            ), "it measures until it fails, and no longer"
            assert (variant in group.failures) == bool(failed)
