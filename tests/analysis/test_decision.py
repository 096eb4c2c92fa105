from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.decision import discovery_limit, holm, is_large, is_real
from harness.analysis.estimate import from_logs

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_the_limit_is_that_of_benjamini_and_hochberg() -> None:
    # The example of their paper (1995): at 5 %, the first four of fifteen are claimed.
    paper = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
        *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
    ]
    limit = discovery_limit(paper)
    assert [p for p in paper if p <= limit] == paper[:4]


def test_a_single_comparison_has_the_usual_limit() -> None:
    assert discovery_limit([0.3]) == pytest.approx(0.05)
    assert discovery_limit([]) == pytest.approx(0.05)
    assert discovery_limit([None, 0.3]) == pytest.approx(0.05)


@given(p_values)
def test_no_limit_is_stricter_than_bonferroni_or_laxer_than_none(ps: list[float]) -> None:
    assert 0.05 / len(ps) * 0.999 <= discovery_limit(ps) <= 0.05


def test_holm_is_that_of_the_textbook() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(p_values)
def test_holm_keeps_the_order_and_lowers_none(ps: list[float]) -> None:
    adjusted = holm(ps)
    assert all(p <= new <= 1 for p, new in zip(ps, adjusted, strict=True))
    order = sorted(range(len(ps)), key=ps.__getitem__)
    assert [adjusted[i] for i in order] == sorted(adjusted)


def test_up_and_down_are_as_large() -> None:
    assert is_large(1.021, 0.02)
    assert is_large(1 / 1.021, 0.02)
    assert not is_large(1.019, 0.02)
    assert not is_large(1 / 1.019, 0.02)


def test_a_difference_is_real_only_if_it_is_sure_and_large_and_stands_among_all() -> None:
    sure = from_logs([0.05, 0.051, 0.049, 0.05])
    assert is_real(sure, 0.05, 0.02)
    assert not is_real(sure, 0.05, 0.06)
    assert not is_real(sure, 1e-9, 0.02)
    assert not is_real(from_logs([0.3, -0.2, 0.4, -0.1]), 0.05, 0.02)
    assert not is_real(from_logs([0.5]), 0.05, 0.02)
    assert not is_real(None, 0.05, 0.02)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20))
def test_the_p_value_and_the_interval_agree(logs: list[float]) -> None:
    estimate = from_logs(logs)
    assert estimate.p is not None
    assert estimate.low is not None
    assert estimate.high is not None
    if abs(estimate.p - 0.05) > 1e-6 and estimate.low != estimate.high:
        assert (estimate.p < 0.05) == (not estimate.low <= 1 <= estimate.high)
    assert 0 <= estimate.p <= 1
    assert math.isfinite(estimate.p)
