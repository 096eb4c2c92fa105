from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.analysis.costs import cost_models
from harness.analysis.crossovers import allocation_crossovers, crossovers
from tests.runs import Cost, make_run, timing_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.analysis.costs import CostModel
    from harness.analysis.crossovers import Crossover

SHARES = (0.0, 0.5, 0.9, 1.0)
# Alike at 60 %: 100 p + 1000 (1 - p) = 220 p + 820 (1 - p).
ONE, OTHER, TRUTH = Cost(89, 989, 1, 9), Cost(209, 809, 2, 6), 0.6


def modelled(
    times: Callable[[str, float], float],
    *,
    shares: Sequence[float] = SHARES,
    names: Sequence[str] = ("coroutine", "other"),
    rounds: int = 4,
    noise: float = 0.002,
    seed: int = 1,
) -> CostModel:
    """Return the model of variants whose rounds scatter by *noise* about what *times* says."""
    rng = random.Random(seed)
    run = make_run(sync_ratios=shares, variants=tuple(names), instruments=("time",))
    records = []
    for record in run.groups:
        share = float(dict(record.group.params)["sync_ratio"])
        machine = [[rng.gauss(0, 0.05) for _ in range(3)] for _ in range(rounds)]
        timings = {}
        for name in names:
            values = []
            for sweeps in machine:
                own = rng.gauss(0, noise)
                values.append([times(name, share) * 1e-9 * math.exp(each + own) for each in sweeps])
            timings[name] = timing_of(values)
        records.append(replace(record, timings=timings))
    (model,) = cost_models(replace(run, groups=tuple(records)))
    return model


def line(name: str, share: float) -> float:
    if name == "coroutine":
        return 100 * share + 1000 * (1 - share)
    return 220 * share + 820 * (1 - share)


def only(found: tuple[Crossover, ...]) -> Crossover:
    (crossover,) = found
    return crossover


def test_a_crossover_says_who_is_cheaper_below_and_above_it() -> None:
    crossover = only(crossovers(modelled(line)))
    assert (crossover.below, crossover.above) == ("other", "coroutine")
    assert crossover.share == pytest.approx(TRUTH, abs=0.03)
    assert crossover.low < crossover.share < crossover.high
    assert not crossover.extrapolated
    assert not crossover.bracketed


def test_the_order_of_the_variants_does_not_matter() -> None:
    one = only(crossovers(modelled(line, noise=0)))
    two = only(crossovers(modelled(line, noise=0, names=("other", "coroutine"))))
    assert (two.below, two.above) == (one.below, one.above)
    assert two.share == pytest.approx(one.share)


def test_a_variant_that_is_cheaper_throughout_has_none() -> None:
    assert (
        crossovers(modelled(lambda name, p: line("coroutine", p) * (1 + (name == "other")))) == ()
    )


def test_equal_variants_have_none() -> None:
    for seed in range(50):
        assert crossovers(modelled(lambda _, p: line("other", p), seed=seed)) == ()


def test_variants_that_differ_at_one_end_only_have_none() -> None:
    """They meet at 100 %, and noise decides on which side of it."""
    alike = {"coroutine": 1000.0, "other": 700.0}
    found = [
        crossovers(modelled(lambda n, p: 100 * p + alike[n] * (1 - p), seed=seed))
        for seed in range(100)
    ]
    assert sum(map(bool, found)) <= 5


def test_one_round_is_too_few() -> None:
    assert crossovers(modelled(line, rounds=1)) == ()


def test_a_crossover_outside_of_the_measured_shares_is_extrapolated() -> None:
    crossover = only(crossovers(modelled(line, shares=(0.8, 0.9, 1.0), noise=0.0005)))
    assert crossover.extrapolated
    assert crossover.low <= TRUTH <= crossover.high


def test_where_the_line_does_not_hold_it_lies_between_two_measured_shares() -> None:
    def stepped(name: str, share: float) -> float:
        return line("coroutine", share) * (
            1 if name == "coroutine" else 1.4 if share < 0.9 else 0.6
        )

    crossover = only(crossovers(modelled(stepped)))
    assert crossover.bracketed
    assert (crossover.low, crossover.high) == (0.5, 0.9)
    assert crossover.low < crossover.share < crossover.high
    assert (crossover.below, crossover.above) == ("coroutine", "other")


def test_where_the_cheaper_one_changes_twice_none_is_stated() -> None:
    def bumpy(name: str, share: float) -> float:
        return line("coroutine", share) * (
            1 if name == "coroutine" else 1.5 if share == 0.9 else 0.6
        )

    assert crossovers(modelled(bumpy)) == ()


@pytest.mark.parametrize(
    ("shares", "rounds", "noise"),
    [((0.0, 1.0), 5, 0.012), (SHARES, 4, 0.004), ((0.0, 0.5, 0.9, 0.99, 1.0), 8, 0.012)],
)
def test_intervals_cover_the_true_crossover_about_95_times_in_100(
    shares: tuple[float, ...], rounds: int, noise: float
) -> None:
    """Simulated groups of a machine whose sweeps differ by 5 %, and whose processes by *noise*."""
    found = [
        crossover
        for seed in range(500)
        for crossover in crossovers(
            modelled(line, shares=shares, rounds=rounds, noise=noise, seed=seed * 7919 + rounds)
        )
    ]
    assert len(found) == 500
    covered = sum(crossover.low <= TRUTH <= crossover.high for crossover in found)
    assert 0.925 <= covered / 500 <= 0.975


def test_allocations_cross_where_their_lines_do() -> None:
    run = make_run(
        sync_ratios=SHARES,
        variants=("coroutine", "other"),
        costs={"coroutine": ONE, "other": OTHER},
        instruments=("allocations",),
    )
    (model,) = cost_models(run)
    crossover = only(allocation_crossovers(model))
    # 1 p + 9 (1 - p) = 2 p + 6 (1 - p)
    assert crossover.share == crossover.low == crossover.high == pytest.approx(0.75)
    assert (crossover.below, crossover.above) == ("other", "coroutine")


def test_as_many_allocations_at_one_end_are_no_crossover() -> None:
    run = make_run(
        sync_ratios=SHARES,
        variants=("coroutine", "other"),
        costs={"coroutine": Cost(1, 1, 1, 9), "other": Cost(1, 1, 1, 6)},
        instruments=("allocations",),
    )
    (model,) = cost_models(run)
    assert allocation_crossovers(model) == ()


def test_allocations_off_the_line_cross_between_two_measured_shares() -> None:
    run = make_run(sync_ratios=SHARES, variants=("coroutine", "task"), instruments=("allocations",))
    counts = {0.0: (9, 5), 0.5: (9, 7), 0.9: (1, 8), 1.0: (1, 8)}
    groups = []
    for record in run.groups:
        pair = counts[float(dict(record.group.params)["sync_ratio"])]
        counted = {
            name: replace(record.allocations[name], count=count)
            for name, count in zip(("coroutine", "task"), pair, strict=True)
        }
        groups.append(replace(record, allocations=counted))
    (model,) = cost_models(replace(run, groups=tuple(groups)))
    crossover = only(allocation_crossovers(model))
    assert (crossover.low, crossover.high, crossover.bracketed) == (0.5, 0.9, True)
    assert (crossover.below, crossover.above) == ("task", "coroutine")


def test_crossovers_rise() -> None:
    (model,) = cost_models(make_run(sync_ratios=SHARES, noise=0.001))
    found = crossovers(model)
    assert len(found) > 1
    assert all(a.share <= b.share for a, b in itertools.pairwise(found))
