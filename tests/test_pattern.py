"""Patterns: exactly the share that was asked for, in an order that only the seed decides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.pattern import cycle_length, sync_pattern
from harness.scenario import Params

shares = st.integers(0, 10_000).map(lambda part: part / 10_000)


def params(share: float, seed: int = 0) -> Params:
    return Params({"sync_ratio": share}, seed)


@given(shares, st.integers())
def test_exactly_the_share_is_ready(share: float, seed: int) -> None:
    flags = sync_pattern(params(share, seed))
    assert len(flags) == cycle_length(share)
    assert sum(flags) == pytest.approx(share * len(flags), abs=1e-6)


@given(shares, st.integers())
def test_the_same_seed_gives_the_same_order(share: float, seed: int) -> None:
    assert sync_pattern(params(share, seed)) == sync_pattern(params(share, seed))


def test_another_seed_gives_another_order() -> None:
    assert len({sync_pattern(params(0.5, seed)) for seed in range(10)}) > 1


@pytest.mark.parametrize(
    ("share", "length"),
    [(0, 20), (1, 20), (0.5, 20), (0.95, 20), (0.99, 100), (0.995, 200), (0.998, 500)],
)
def test_the_cycle_is_the_shortest_that_has_the_share(share: float, length: int) -> None:
    assert cycle_length(share) == length


@given(shares)
def test_a_cycle_is_never_shorter_than_20_requests(share: float) -> None:
    assert 20 <= cycle_length(share) <= 10_000


@pytest.mark.parametrize("share", [0.12345, 1 / 3, 0.00001])
def test_a_share_that_no_cycle_has_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="expected at most four digits after the point"):
        cycle_length(share)
