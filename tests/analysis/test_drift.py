from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.drift import kendall, trends
from tests.runs import timing_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.record import Timing

VALUES = 40


@given(st.lists(st.integers(-5, 5), max_size=12))
def test_kendall_is_rising_less_falling_pairs(series: list[int]) -> None:
    pairs = [(a, b) for i, a in enumerate(series) for b in series[i + 1 :]]
    rising = sum((b > a) - (b < a) for a, b in pairs)
    assert kendall(series) == pytest.approx(rising / len(pairs) if pairs else 0)


def simulated(
    rng: random.Random, trend: Callable[[float], float], rounds: int = 6, variants: int = 5
) -> dict[str, Timing]:
    """Return a group on a machine that drifts and has moods; ``mine`` follows *trend* as well.

    *trend*: from 0, the first sweep, to 1, the last, to a log of the time.
    """
    names = [*(f"v{index}" for index in range(variants - 1)), "mine"]
    found: dict[str, list[list[float]]] = {name: [] for name in names}
    for _ in range(rounds):
        slope, level, machine = rng.gauss(0, 0.1), 0.0, []
        for sweep in range(VALUES):
            level = 0.8 * level + rng.gauss(0, 0.03)
            machine.append(slope * sweep / VALUES + level)
        for name, values in found.items():
            own = trend if name == "mine" else lambda _: 0.0
            values.append(
                [
                    1e-6 * math.exp(mood + own(sweep / VALUES) + rng.gauss(0, 0.01))
                    for sweep, mood in enumerate(machine)
                ]
            )
    return {name: timing_of(values) for name, values in found.items()}


def test_a_variant_that_slows_down_is_told_from_a_machine_that_does() -> None:
    rng = random.Random(1)
    for _ in range(20):
        found = trends(simulated(rng, lambda at: 0.06 * at))
        assert found["mine"].p < 0.01
        assert found["mine"].change == pytest.approx(0.04, abs=0.015)


def test_a_warm_up_that_has_not_ended_falls() -> None:
    rng = random.Random(2)
    for _ in range(20):
        found = trends(simulated(rng, lambda at: 0.2 * math.exp(-at / 0.2)))
        assert found["mine"].p < 0.01
        assert found["mine"].change < -0.03


def test_without_a_trend_five_in_a_hundred_have_a_p_below_five_percent() -> None:
    rng = random.Random(3)
    ps = [each.p for _ in range(100) for each in trends(simulated(rng, lambda _: 0.0)).values()]
    assert sum(p < 0.05 for p in ps) / len(ps) <= 0.07


def test_too_little_says_nothing() -> None:
    rng = random.Random(4)
    assert trends(simulated(rng, lambda at: at, rounds=2)) == {}
    assert trends({"one": timing_of([[1e-6] * 8] * 5)}) == {}
    assert trends({}) == {}


def test_a_variant_alone_is_looked_at_as_it_is() -> None:
    rising = timing_of([[1e-6 * (1 + sweep / 100) for sweep in range(30)]] * 4)
    found = trends({"one": rising})["one"]
    assert found.change == pytest.approx(0.19, abs=0.02)
    assert found.p == 0
