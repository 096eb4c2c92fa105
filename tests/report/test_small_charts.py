"""Charts of pages about several runs, and trends of text, whatever the figures are."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.analysis.estimate import Estimate
from harness.report.drawing import MUTED, Areas, Dot, Told, Words, all_words
from harness.report.interval_chart import Interval, interval_chart, reach_of
from harness.report.spark import sparkline
from harness.report.svg import inline_svg
from harness.report.trend_chart import Break, Trend, TrendPoint, trend_chart
from tests.report.test_html import LONG
from tests.report.test_layout import collisions, outside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.report.drawing import Drawing, Part

positive = st.floats(1e-200, 1e200)


def an_interval(value: float, low: float | None, high: float | None) -> Interval:
    return Interval("task", "#123456", Estimate(value, low, high), is_claimed=False, note="slower")


def drawn(drawing: Drawing) -> list[float]:
    """Return every coordinate of the picture; it is well-formed XML."""
    root = ET.fromstring(inline_svg(drawing))
    numbers = []
    for element in root.iter():
        for key in ("x", "y", "cx", "cy", "d"):
            numbers += [float(n) for n in re.findall(r"-?\d+\.?\d*", element.get(key, ""))]
    return numbers


@settings(deadline=None)
@given(st.lists(st.tuples(positive, positive, positive), min_size=1, max_size=12))
def test_every_ratio_is_drawn_within_the_picture(rows: list[tuple[float, float, float]]) -> None:
    intervals = [an_interval(sorted(row)[1], min(row), max(row)) for row in rows]
    drawing = interval_chart(intervals, 0.02, reach_of(intervals, 0.02), "n", "title")
    assert all(0 <= number <= max(drawing.width, drawing.height) for number in drawn(drawing))


def test_an_axis_of_ratios_has_one_in_its_middle_and_shows_the_band() -> None:
    rows = [an_interval(1.1, 1.05, 1.15), an_interval(0.98, 0.97, 0.99)]
    drawing = interval_chart(rows, 0.02, reach_of(rows, 0.02), "n", "title")
    assert isinstance(drawing.parts[0], Areas)
    ticks = [words.text for words in all_words(drawing.parts) if words.colour == MUTED]
    assert "1" in ticks
    assert ticks == sorted(ticks, key=float)


def test_what_is_direct_does_not_stretch_the_axis() -> None:
    wide = Interval("c", "#123456", Estimate(1.0, 0.3, 3.0), False, "not shown", is_direct=True)
    rows = [an_interval(1.1, 1.05, 1.15), wide]
    assert reach_of(rows, 0.02) == reach_of(rows[:1], 0.02)
    narrow = [an_interval(1.0, 0.99, 1.01)]
    assert reach_of([wide], 0.02) > reach_of(narrow, 0.02)


@settings(deadline=None)
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
    drawing = trend_chart(
        [Trend("task", "#123456", points, "1 ± 0.1", "told")],
        places,
        [Break(len(values) // 2, "cpython", "cpython", parts=True)],
        str,
        "n",
        "title",
        logarithmic=logarithmic,
    )
    assert all(-5 <= number <= 445 for number in drawn(drawing))
    rings = [part for part in parts_of(drawing.parts) if isinstance(part, Dot) and part.hollow]
    assert len(rings) == sum(marked for _, marked in values)


def parts_of(parts: Sequence[Part]) -> Iterator[Part]:
    """Yield all *parts*, also those inside of others."""
    for part in parts:
        yield part
        if isinstance(part, Told):
            yield from parts_of(part.parts)


def test_a_claimed_difference_is_filled_and_bold_and_each_row_is_of_its_variant() -> None:
    rows = [
        Interval("task", "#123456", Estimate(1.2, 1.1, 1.3), is_claimed=True, note="slower"),
        an_interval(1.0, 0.99, 1.01),
    ]
    drawing = interval_chart(rows, 0.02, reach_of(rows, 0.02), "n", "title")
    told = [part for part in drawing.parts if isinstance(part, Told)]
    assert [(each.of, each.text) for each in told] == [
        ("task", "task: 1.20 ± 0.10, slower"),
        ("task", "task: 1.000 ± 0.010, slower"),
    ]
    dots = [part for part in parts_of(told) if isinstance(part, Dot)]
    assert [dot.hollow for dot in dots] == [False, True]
    bold = [part.bold for part in parts_of(told) if isinstance(part, Words)]
    assert bold == [True, True, False, False]


def test_long_names_and_figures_lie_over_nothing() -> None:
    names = (LONG, "x" * 80, "価値" * 30, "task")
    rows = [
        Interval(name, "#123456", Estimate(value, value / 2, value * 2), is_claimed=True, note="")
        for name, value in zip(names, (123456.789, 1.0, 1.3e-7, 0.5), strict=True)
    ]
    points = tuple(TrendPoint(place, 1e-5 * place + 1, 0.9, 1.4) for place in range(12))
    trends = [Trend(name, "#123456", points, "123456.789 ± 0.001", "told") for name in names]
    breaks = [Break(place, f"cpython 3.{place}.0", "", parts=True) for place in (1, 3, 11)]
    places = [f"night-{place}" for place in range(12)]
    for drawing in (
        interval_chart(rows, 0.02, reach_of(rows, 0.02), "n", "title"),
        trend_chart(trends, places, breaks, "{:.9g} µs".format, "n", "title", logarithmic=True),
        trend_chart(trends, places[:2], [], str, "n", "title", logarithmic=False),
    ):
        assert collisions(drawing) == []
        assert outside(drawing) == []


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
