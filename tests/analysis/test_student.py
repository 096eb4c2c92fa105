from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.student import cumulative, quantile

# Abramowitz and Stegun, table 26.10; the same as in every textbook.
PUBLISHED = [
    (0.975, 1, 12.706),
    (0.975, 2, 4.303),
    (0.975, 3, 3.182),
    (0.975, 4, 2.776),
    (0.975, 5, 2.571),
    (0.975, 9, 2.262),
    (0.975, 30, 2.042),
    (0.975, 120, 1.980),
    (0.95, 7, 1.895),
    (0.995, 10, 3.169),
    (0.9995, 2, 31.599),
]


@pytest.mark.parametrize(("probability", "degrees", "published"), PUBLISHED)
def test_quantiles_are_those_of_the_published_table(
    probability: float, degrees: int, published: float
) -> None:
    assert quantile(probability, degrees) == pytest.approx(published, abs=0.0006)


@given(st.floats(0.001, 0.999), st.integers(1, 60))
def test_quantile_is_the_inverse_of_the_distribution(probability: float, degrees: int) -> None:
    assert cumulative(quantile(probability, degrees), degrees) == pytest.approx(
        probability, abs=1e-9
    )


@given(st.floats(0.501, 0.999), st.integers(1, 60))
def test_distribution_is_symmetric(probability: float, degrees: int) -> None:
    assert quantile(1 - probability, degrees) == pytest.approx(
        -quantile(probability, degrees), abs=1e-6, rel=1e-6
    )


@given(st.integers(1, 80))
def test_more_degrees_of_freedom_narrow_the_interval(degrees: int) -> None:
    assert quantile(0.975, degrees + 1) < quantile(0.975, degrees)


@pytest.mark.parametrize("probability", [0, 1, -0.1, 1.1])
def test_a_probability_that_is_none_is_refused(probability: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile(probability, 3)


def test_no_degrees_of_freedom_are_refused() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        cumulative(1.0, 0)
