from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.estimate import (
    Estimate,
    estimate_ratio,
    estimate_time,
    scatter,
    target_is_met,
)
from harness.record import Timing
from tests.runs import timing_of

seconds = st.floats(1e-8, 1e-2)
rounds_of_pairs = st.lists(
    st.lists(st.tuples(seconds, seconds), min_size=1, max_size=5), min_size=2, max_size=6
)


def test_ratio_is_the_mean_of_the_rounds_logs_with_a_t_interval() -> None:
    # Logs of the rounds: log 2, log 2 and log 4. Mean (4/3) log 2, standard deviation
    # log 2 / sqrt 3, standard error log 2 / 3, t(0.975, 2) = 4.3027.
    ratio = estimate_ratio(timing_of([[2e-6], [4e-6], [8e-6]]), timing_of([[1e-6], [2e-6], [2e-6]]))
    assert ratio is not None
    assert ratio.value == pytest.approx(2 ** (4 / 3))
    assert ratio.low == pytest.approx(2 ** (4 / 3 - 4.302653 / 3), rel=1e-5)
    assert ratio.high == pytest.approx(2 ** (4 / 3 + 4.302653 / 3), rel=1e-5)


def test_time_is_the_mean_of_the_logs_of_the_rounds_medians() -> None:
    time = estimate_time(timing_of([[1e-6, 1e-6, 9.0], [4e-6]]))
    assert time is not None
    assert time.value == pytest.approx(2e-6)


def test_values_are_compared_within_their_sweep() -> None:
    """A drift that both variants see leaves their ratio alone."""
    drift = [1.0, 3.0, 0.2, 5.0]
    ratio = estimate_ratio(
        timing_of([[2e-6 * d for d in drift]] * 3), timing_of([[1e-6 * d for d in drift]] * 3)
    )
    assert ratio is not None
    assert ratio.value == pytest.approx(2)
    assert ratio.half_width == pytest.approx(0, abs=1e-12)


def test_one_round_has_no_interval() -> None:
    ratio = estimate_ratio(timing_of([[2e-6]]), timing_of([[1e-6]]))
    assert ratio is not None
    assert (ratio.value, ratio.low, ratio.high, ratio.half_width) == (2, None, None, None)


def test_only_rounds_and_sweeps_that_both_have_are_compared() -> None:
    ratio = estimate_ratio(
        Timing({0: (2e-6, 9.0), 1: (3e-6,), 7: (9.0,)}, 1),
        Timing({0: (1e-6,), 1: (1e-6,), 2: ()}, 1),
    )
    assert ratio is not None
    assert ratio.value == pytest.approx(math.sqrt(6))


def test_nothing_in_common_gives_no_estimate() -> None:
    assert estimate_ratio(Timing({0: (1e-6,)}, 1), Timing({1: (1e-6,)}, 1)) is None
    assert estimate_time(Timing({}, 1)) is None
    assert estimate_ratio(Timing({}, 1), Timing({}, 1)) is None


@given(rounds_of_pairs)
def test_swapping_variant_and_baseline_inverts_the_interval(
    rounds: list[list[tuple[float, float]]],
) -> None:
    left = timing_of([[a for a, _ in pairs] for pairs in rounds])
    right = timing_of([[b for _, b in pairs] for pairs in rounds])
    there, back = estimate_ratio(left, right), estimate_ratio(right, left)
    assert there is not None
    assert back is not None
    assert back.value == pytest.approx(1 / there.value, rel=1e-9)
    assert there.high is not None
    assert back.low == pytest.approx(1 / there.high, rel=1e-6)


@given(rounds_of_pairs, st.floats(1e-3, 1e3))
def test_a_faster_machine_leaves_the_ratio_alone(
    rounds: list[list[tuple[float, float]]], speed: float
) -> None:
    plain = estimate_ratio(
        timing_of([[a for a, _ in pairs] for pairs in rounds]),
        timing_of([[b for _, b in pairs] for pairs in rounds]),
    )
    scaled = estimate_ratio(
        timing_of([[a * speed for a, _ in pairs] for pairs in rounds]),
        timing_of([[b * speed for _, b in pairs] for pairs in rounds]),
    )
    assert plain is not None
    assert scaled is not None
    assert scaled.value == pytest.approx(plain.value, rel=1e-9)


@given(rounds_of_pairs)
def test_the_estimate_lies_within_its_interval(rounds: list[list[tuple[float, float]]]) -> None:
    time = estimate_time(timing_of([[a for a, _ in pairs] for pairs in rounds]))
    assert time is not None
    assert time.low is not None
    assert time.high is not None
    assert time.low <= time.value * (1 + 1e-12)
    assert time.value <= time.high * (1 + 1e-12)


def test_intervals_of_95_percent_cover_the_truth_about_95_times_in_100() -> None:
    """1,000 simulated groups of 4 rounds whose values within a round are not independent."""
    generator = random.Random(20250101)
    covered = 0
    for _ in range(1000):
        rounds = []
        for _ in range(4):
            own = generator.gauss(0, 0.02)
            rounds.append([1.5e-6 * math.exp(own + generator.gauss(0, 0.005)) for _ in range(5)])
        ratio = estimate_ratio(timing_of(rounds), timing_of([[1e-6] * 5] * 4))
        assert ratio is not None
        covered += (ratio.low or 0) <= 1.5 <= (ratio.high or 0)
    # Binomial with p = 0.95: 950 plus or minus 4 standard deviations of 6.9.
    assert 922 <= covered <= 978


def test_target_is_met_when_every_ratio_is_exact_enough() -> None:
    base = timing_of([[1e-6], [1e-6], [1e-6]])
    exact = timing_of([[2e-6], [2.001e-6], [1.999e-6]])
    rough = timing_of([[2e-6], [2.5e-6], [1.8e-6]])
    to_base = dict.fromkeys(("base", "exact", "rough"), "base")
    assert target_is_met({"base": base, "exact": exact}, to_base, 0.05)
    assert not target_is_met({"base": base, "exact": exact, "rough": rough}, to_base, 0.05)


def test_without_a_baseline_the_times_have_to_be_exact_enough() -> None:
    assert target_is_met({"a": timing_of([[2e-6], [2.001e-6]])}, {"a": "base"}, 0.05)
    assert not target_is_met({"a": timing_of([[2e-6], [3e-6]])}, {"a": "base"}, 0.05)
    assert not target_is_met({"a": timing_of([[2e-6]])}, {"a": "base"}, 0.05)


@given(st.lists(st.lists(seconds, min_size=1, max_size=5), min_size=1, max_size=4))
def test_scatter_is_the_deviation_of_the_logs_of_single_values(rounds: list[list[float]]) -> None:
    logs = [math.log(value) for values in rounds for value in values]
    found = scatter(timing_of(rounds))
    if len(logs) < 2:
        assert found is None
    else:
        assert found == pytest.approx(statistics.stdev(logs), abs=1e-9)


def test_half_width_is_relative_to_the_estimate() -> None:
    assert Estimate(2.0, 1.9, 2.1).half_width == pytest.approx(0.05)
