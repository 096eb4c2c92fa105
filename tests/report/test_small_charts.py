"""Charts written by hand: axes, ticks, trends of text; whatever the figures are."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.estimate import Estimate
from harness.report.interval_chart import Interval, interval_chart, reach_of
from harness.report.spark import sparkline
from harness.report.trend_chart import Break, Trend, TrendPoint, trend_chart
from harness.report.vector import round_ticks

positive = st.floats(1e-200, 1e200)


def an_interval(value: float, low: float | None, high: float | None) -> Interval:
    return Interval("task", "#123456", Estimate(value, low, high), is_claimed=False, note="slower")


def drawn(svg: str) -> list[float]:
    """Return every coordinate of *svg*; it is well-formed XML."""
    root = ET.fromstring(svg)
    numbers = []
    for element in root.iter():
        for key in ("x", "y", "cx", "cy", "d", "width"):
            numbers += [float(n) for n in re.findall(r"-?\d+\.?\d*", element.get(key, ""))]
    return numbers


@given(st.lists(st.tuples(positive, positive, positive), min_size=1, max_size=12))
def test_every_ratio_is_drawn_within_the_picture(rows: list[tuple[float, float, float]]) -> None:
    intervals = [an_interval(sorted(row)[1], min(row), max(row)) for row in rows]
    svg = interval_chart(intervals, 0.02, reach_of(intervals, 0.02), "n", "title")
    assert all(0 <= number <= 400 for number in drawn(svg))


def test_an_axis_of_ratios_has_one_in_its_middle_and_shows_the_band() -> None:
    rows = [an_interval(1.1, 1.05, 1.15), an_interval(0.98, 0.97, 0.99)]
    svg = interval_chart(rows, 0.02, reach_of(rows, 0.02), "n", "title")
    assert '<rect class="v-band"' in svg
    ticks = re.findall(r'class="v v-axis[^>]*>([\d.]+)<', svg)
    assert "1" in ticks
    assert ticks == sorted(ticks, key=float)


def test_what_is_direct_does_not_stretch_the_axis() -> None:
    wide = Interval("c", "#123456", Estimate(1.0, 0.3, 3.0), False, "not shown", is_direct=True)
    rows = [an_interval(1.1, 1.05, 1.15), wide]
    assert reach_of(rows, 0.02) == reach_of(rows[:1], 0.02)
    narrow = [an_interval(1.0, 0.99, 1.01)]
    assert reach_of([wide], 0.02) > reach_of(narrow, 0.02)


@given(
    st.lists(st.tuples(positive, st.booleans()), min_size=1, max_size=120),
    st.booleans(),
)
def test_every_trend_is_drawn_within_the_picture(
    values: list[tuple[float, bool]], logarithmic: bool
) -> None:
    points = tuple(
        TrendPoint(place, value, value * 0.9, value * 1.1, is_marked=marked, tip="changed")
        for place, (value, marked) in enumerate(values)
    )
    places = [str(place) for place in range(len(values))]
    svg = trend_chart(
        [Trend("task", "#123456", points, "1 ± 0.1", "told")],
        places,
        [Break(len(values) // 2, "cpython", "cpython", parts=True)],
        str,
        "n",
        "title",
        logarithmic=logarithmic,
    )
    assert all(-5 <= number <= 430 for number in drawn(svg))
    assert svg.count('class="v-ring"') == sum(marked for _, marked in values)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e9), st.integers(1, 6))
def test_ticks_are_round_inside_and_few(low: float, span: float, most: int) -> None:
    high = low + span
    ticks = round_ticks(low, high, most)
    assert len(ticks) <= most
    assert all(low - span * 1e-6 <= tick <= high + span * 1e-6 for tick in ticks)
    steps = [after - before for before, after in pairwise(ticks)]
    assert all(math.isclose(step, steps[0], rel_tol=1e-3) for step in steps)


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (0.0, math.inf)])
def test_where_there_is_no_stretch_there_is_no_tick(low: float, high: float) -> None:
    assert round_ticks(low, high, 3) == []


@given(st.lists(st.none() | positive, max_size=150), st.integers(1, 30), st.booleans())
def test_a_trend_of_text_has_its_width(
    values: list[float | None], most: int, ascii_only: bool
) -> None:
    line = sparkline(values, most, ascii_only=ascii_only)
    known = any(value is not None for value in values)
    assert len(line) == (min(len(values), most) if known else 0)
    assert line.isascii() or not ascii_only


def test_a_trend_of_text_rises_and_falls() -> None:
    assert sparkline([1, 2, 4, None, 1], 10) == "▁▅█ ▁"
    assert sparkline([1, 1.01, 1], 10) == "▄▅▄"
    assert sparkline([1] * 50 + [2] * 50, 4) == "▁▁██"
    assert sparkline([1, 2], 4, ascii_only=True) == "_#"
