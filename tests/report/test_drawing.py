"""Drawings, what is made of them, and which of them a page has."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from harness.record import AllocationKind
from harness.report.budget import charted
from harness.report.drawing import Areas, Dot, Drawing, Strokes, Told, Words, moved
from harness.report.html import render_report
from harness.report.page import make_page
from harness.report.palette import Mark, palette
from harness.report.scale import Scale, round_ticks, shorten
from harness.report.scatter import Spot, frontier
from harness.report.sizes import Holding
from harness.report.svg import inline_svg
from harness.report.table import blocks
from tests.report.pages import read
from tests.runs import COSTS, SYNC_RATIOS, make_run

if TYPE_CHECKING:
    import pytest

MARK = Mark("#123456", "o")
POSITIVE = st.floats(1e-6, 1e9)
EVERY_PART = (
    Strokes((((0, 0), (10, 0)), ((10, 5), (10, 20))), "#123456", 2, (1, 2)),
    Areas((((0, 0), (4, 0), (4, 4)),), "#654321", 0.5),
    Dot(5, 6, "o", "#123456", 8),
    Told("a tip", (Words(1, 12, "text & <more>"),), "coroutine"),
)


def drawing(*parts: object) -> Drawing:
    return Drawing("n", "a title", "described", 100, 50, parts)  # type: ignore[arg-type]


def test_a_drawing_is_painted_small_and_where_it_says() -> None:
    svg = inline_svg(drawing(*EVERY_PART))
    assert re.search(r'<path d="M0 0H10M10 5V20" style="fill:none;[^"]*stroke:#123456;', svg)
    assert "stroke-dasharray:1,2" in svg
    assert '<circle cx="5" cy="6" r="4" style="fill:#123456;stroke:var(--card)' in svg
    assert '<g data-variant="coroutine"><title>a tip</title><text x="1" y="12">' in svg
    assert "text &amp; &lt;more&gt;</text>" in svg


def test_a_hollow_dot_is_paper_with_an_edge_in_its_colour() -> None:
    svg = inline_svg(drawing(Dot(5, 6, "o", "#123456", 8, hollow=True)))
    assert '<circle cx="5" cy="6" r="4" style="fill:var(--card);stroke:#123456' in svg


def test_moved_parts_are_where_they_were_and_so_much_further() -> None:
    there = inline_svg(drawing(*moved(EVERY_PART, 20, 7)))
    assert '<path d="M20 7H30M30 12V27"' in there
    assert '<circle cx="25" cy="13"' in there
    assert '<text x="21" y="19">' in there


@given(st.text(max_size=30))
def test_any_text_is_well_formed_and_shown(text: str) -> None:
    ET.fromstring(inline_svg(drawing(Told(text, (Words(1, 12, text),), text))))


@given(st.lists(POSITIVE, min_size=1, max_size=12), st.booleans())
def test_a_scale_keeps_the_order_and_what_is_on_it_inside(
    values: list[float], counts: bool
) -> None:
    if counts:
        values = [0.0, *values]
    for scale in (
        Scale.of(values, 10, 200),
        Scale.of_counts(values, 10, 200),
        *([] if counts else [Scale.log(values, 10, 200)]),
    ):
        places = [scale(value) for value in sorted(values)]
        assert places == sorted(places)
        assert all(10 - 1e-6 <= place <= 200 + 1e-6 for place in places)
        assert all(10 - 1e-6 <= scale(tick) <= 200 + 1e-6 for tick in scale.ticks)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(1, 9))
def test_round_ticks_are_inside_and_few(low: float, span: float, most: int) -> None:
    ticks = round_ticks(low, low + span, most)
    assert len(ticks) <= most
    assert all(low - span / 1e3 <= tick <= low + span * 1.001 for tick in ticks)


@given(st.text(max_size=40), st.integers(1, 40))
def test_a_short_text_is_as_short_as_asked(text: str, most: int) -> None:
    assert len(shorten(text, most)) <= max(1, most)


def test_counts_of_zero_and_many_are_on_one_axis() -> None:
    scale = Scale.of_counts([0, 1, 24.4], 0, 100)
    assert scale(0) == 0
    assert 10 < scale(1) < 40 < scale(24.4)


def spot(name: str, allocations: float, time_ns: float) -> Spot:
    return Spot(name, MARK, allocations, time_ns, "")


def test_the_frontier_has_those_that_none_beats_in_both() -> None:
    spots = [spot("a", 0, 90), spot("b", 1, 50), spot("c", 1, 60), spot("d", 9, 10)]
    spots += [spot("e", 9, 90), spot("twin", 1, 50)]
    assert [each.name for each in frontier(spots)] == ["a", "b", "twin", "d"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=12))
def test_whoever_is_off_the_frontier_is_beaten_by_one_on_it(pairs: list[tuple[int, int]]) -> None:
    spots = [spot(str(index), *pair) for index, pair in enumerate(pairs)]
    best = frontier(spots)
    assert best
    for each in spots:
        if each not in best:
            assert any(
                b.allocations <= each.allocations and b.time_ns <= each.time_ns for b in best
            )


def test_sizes_are_added_up_over_allocators_and_the_most_frequent_is_told_first() -> None:
    kinds = [
        AllocationKind("MALLOC", 48, 2),
        AllocationKind("PYMALLOC_MALLOC", 48, 1.5),
        AllocationKind("MALLOC", 640, 1),
        AllocationKind("MALLOC", 12, -0.01),
    ]
    holding = Holding.of("task", MARK, kinds)
    assert [*holding.counts] == [(48, 3.5), (640, 1)]
    assert holding.label == "3.5 \N{MULTIPLICATION SIGN} 48 B, 1 \N{MULTIPLICATION SIGN} 640 B"
    assert Holding.of("task", MARK, []).label == "nothing"


def test_more_variants_than_colours_differ_by_their_markers() -> None:
    marks = palette([*COSTS, *(f"variant_{number}" for number in range(9))])
    assert len(set(marks.values())) == len(marks)


def test_charts_of_a_group_stand_in_the_order_in_which_they_are_asked_for() -> None:
    (section,) = make_page(make_run(sync_ratios=(0.9,))).sections
    (panel,) = section.panels
    assert [chart.kind for chart in panel.charts] == ["time", "allocations", "bytes", "scatter"]
    assert [(each.heading, [chart.kind for chart in each.charts]) for each in panel.evidence] == [
        ("Distribution and drift", ["rounds", "drift"]),
        ("What is allocated", ["sizes"]),
    ]


def test_what_is_drawn_first_is_what_is_nearest_to_the_typical_share() -> None:
    found = blocks(make_run(scenarios=("a", "b"), sync_ratios=SYNC_RATIOS, measured=9))
    drawn = charted(found, most=3)
    shares = {(group.scenario, dict(group.params)["sync_ratio"]) for group in drawn}
    assert shares == {("a", 0.9), ("b", 0.9), ("a", 0.99)}
    assert len(charted(found)) == 9  # what was not measured has no charts


def test_a_run_too_large_for_one_page_says_where_its_charts_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = make_run(sync_ratios=SYNC_RATIOS, variants=("coroutine", "task"))
    whole = render_report(run)
    monkeypatch.setattr("harness.report.page.charted", lambda found: charted(found, most=2))
    page = render_report(run)
    assert "too large" not in whole
    assert page.count("This run is too large for all of its charts to be on one page") == 3
    assert f"awaitbench report {run.name} --charts DIR" in page
    assert whole.count("<svg") - page.count("<svg") == 3 * 7
    assert read(page).unbalanced == []


def test_a_group_takes_less_than_a_sixtieth_of_what_a_page_may_have() -> None:
    """Of 9 variants, 10 rounds and 40 values: 60 groups are to be within 6 MB, with their text."""
    several = ("lookup", "other")
    one, two = (
        make_run(
            scenarios=several[:count],
            sync_ratios=(0.9,),
            variants=(*tuple(COSTS)[:8], "more"),
            rounds=10,
            values=40,
        )
        for count in (1, 2)
    )
    assert len(render_report(two).encode()) - len(render_report(one).encode()) < 6_000_000 / 60


def test_a_chart_has_no_more_than_a_page_needs() -> None:
    page = render_report(make_run(sync_ratios=(0.0, 0.9)))
    svgs = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    assert len(svgs) == 2 + 2 * 7
    assert not re.search(r"\d\.\d\d", "".join(re.findall(r' d="([^"]*)"', "".join(svgs))))
    assert "<metadata" not in page
    assert "xmlns" not in page
