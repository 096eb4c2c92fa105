from __future__ import annotations

import itertools
import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.distribution import common_course, distributions, percentile
from tests.runs import make_run, timing_of

if TYPE_CHECKING:
    from harness.record import GroupRecord

VALUES = st.floats(1e-8, 1e-3)


def record_of(**timings: list[list[float]]) -> GroupRecord:
    (record,) = make_run(variants=("coroutine",)).groups
    return replace(record, timings={name: timing_of(rounds) for name, rounds in timings.items()})


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.floats(0, 1))
def test_a_percentile_lies_between_the_ends_and_rises(values: list[float], share: float) -> None:
    ordered = sorted(values)
    assert ordered[0] - 1e-6 <= percentile(ordered, share) <= ordered[-1] + 1e-6
    assert percentile(ordered, share) >= percentile(ordered, share / 2) - 1e-6
    assert percentile(ordered, 0.5) == pytest.approx(statistics.median(ordered))


@given(st.lists(st.lists(VALUES, min_size=1, max_size=30), min_size=1, max_size=6))
def test_the_parts_of_a_round_are_in_order(rounds: list[list[float]]) -> None:
    for found in distributions(record_of(coroutine=rounds), "coroutine"):
        assert len(found.rounds) == len(rounds)
        assert len(found.values) == sum(map(len, rounds))
        for part in found.rounds:
            assert part.ends[0] <= part.middle[0] <= part.middle[1] <= part.ends[1]
            assert 1 <= len(part.course) <= 4


def test_ratios_are_free_of_what_the_machine_did() -> None:
    base = [[1.0, 2.0, 4.0, 1.0], [8.0, 1.0, 1.0, 2.0]]
    record = record_of(coroutine=base, task=[[3 * v for v in values] for values in base])
    own, ratio = distributions(record, "coroutine")
    assert not own.is_ratio
    assert ratio.is_ratio
    assert ratio.value == pytest.approx(3)
    assert all(value == pytest.approx(0) for value in ratio.values)
    assert max(own.values) > 1


def test_a_variant_that_was_never_beside_the_baseline_is_told_by_its_times() -> None:
    record = record_of(coroutine=[[]], task=[[2.0, 2.0]])
    (found,) = distributions(record, "coroutine")
    assert found.variant == "task"
    assert not found.is_ratio
    assert found.value == pytest.approx(2)


def test_the_common_course_is_what_all_variants_share() -> None:
    drift = [[1.0] * 8 + [2.0] * 8, [1.0] * 16]
    several = {
        name: [[cost * v for v in values] for values in drift]
        for name, cost in (("coroutine", 1.0), ("task", 10.0), ("value_task", 3.0))
    }
    first, second = common_course(record_of(**several))
    assert len(first) == len(second) == 8
    assert first[0] < first[-1]
    assert (1 + first[-1]) / (1 + first[0]) == pytest.approx(2)
    assert all(one == pytest.approx(other) for one, other in itertools.pairwise(second))


def test_nothing_timed_has_no_distribution_and_no_course() -> None:
    record = record_of()
    assert list(distributions(record, "coroutine")) == []
    assert common_course(record) == ()
