"""No text of a chart lies over another or leaves the picture, with many variants and long names."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.analysis.costs import cost_models
from harness.report.drawing import Drawing, Words, all_words
from harness.report.evidence import evidence
from harness.report.heatmap import heat_maps
from harness.report.labels import Box, beside_points
from harness.report.lettering import ASCENT, DESCENT, fitted, width_of
from harness.report.overview import overview
from harness.report.palette import palette
from harness.report.panels import Chart, case_charts, share_charts
from harness.report.standalone import Caption, on_sheet, wrapped
from harness.report.table import blocks
from tests.report.test_html import LONG
from tests.runs import COSTS, SYNC_RATIOS, Cost, make_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.record import Run

TWELVE = (*COSTS, LONG, LONG + "_again", "価値" * 20)
ALIKE = dict.fromkeys(TWELVE, Cost(100, 3000, 2, 9))
CROSSING = {
    "coroutine": Cost(200, 1000, 2, 3),
    "cached_future": Cost(100, 1100, 1, 5),
    "task": Cost(20, 1500, 0, 9),
}
RUNS = {
    "twelve": make_run(sync_ratios=SYNC_RATIOS, variants=TWELVE, noise=0.2),
    "alike": make_run(sync_ratios=(0.5, 0.9), variants=TWELVE, costs=ALIKE),
    "crossing": make_run(
        sync_ratios=SYNC_RATIOS, variants=tuple(CROSSING), costs=CROSSING, noise=0.001, rounds=6
    ),
    "long values": make_run(
        sync_ratios=(0.0, 0.9), variants=TWELVE, extra={"a_long_name": ("v" * 60, "w" * 60)}
    ),
    "one round": make_run(sync_ratios=(0.0, 1.0), rounds=1),
    "sixty rounds": make_run(sync_ratios=(0.9,), rounds=60),
    "only time": make_run(instruments=("time",), sync_ratios=(0.0, 1.0), rounds=2),
}


def charts_of(run: Run) -> Iterator[Chart]:
    found = blocks(run)
    marks = palette(row.variant for block in found for row in block.rows)
    yield from share_charts(found, marks, "a", cost_models(run))
    for block in found:
        yield from case_charts(block, marks, "a", "")
        for each in evidence(block, marks, "a", ""):
            yield from each.charts


def box_of(words: Words) -> Box:
    """Return the box that letters fill; a tenth of a pixel less, for what merely touches."""
    width = width_of(words.text, words.size, bold=words.bold)
    left = words.x - {"start": 0.0, "middle": width / 2, "end": width}[words.anchor]
    top, bottom = words.y - ASCENT * words.size, words.y + DESCENT * words.size
    return Box(left + 0.1, top + 0.1, left + width - 0.1, bottom - 0.1)


def collisions(drawing: Drawing) -> list[tuple[str, str]]:
    words = [w for w in all_words(drawing.parts) if w.text and not w.angle]
    boxes = [(w.text, box_of(w)) for w in words]
    return [
        (one, other)
        for (one, box), (other, second) in itertools.combinations(boxes, 2)
        if box.meets(second)
    ]


def outside(drawing: Drawing) -> list[str]:
    picture = Box(-0.5, -0.5, drawing.width + 0.5, drawing.height + 0.5)
    words = [w for w in all_words(drawing.parts) if not w.angle]
    return [w.text for w in words if not picture.holds(box_of(w))]


@pytest.mark.parametrize("width", [None, 640.0])
@pytest.mark.parametrize("name", RUNS)
def test_no_text_lies_over_another_or_leaves_the_picture(name: str, width: float | None) -> None:
    drawn = 0
    for chart in charts_of(RUNS[name]):
        drawing = chart.draw() if width is None else chart.draw(width=width)
        assert collisions(drawing) == [], chart.kind
        assert outside(drawing) == [], chart.kind
        drawn += 1
    assert drawn > 0


@pytest.mark.parametrize("name", RUNS)
def test_the_heat_map_and_a_sheet_have_room_for_their_texts(name: str) -> None:
    run = RUNS[name]
    rows = [row for block in blocks(run) for row in block.rows]
    table = overview(rows)
    assert table is not None
    for drawing in heat_maps(table, palette(TWELVE), "t", several_runtimes=True):
        caption = Caption("title " * 40, LONG * 9, "note " * 90, "source " * 30)
        sheet = on_sheet(drawing, caption)
        assert collisions(sheet) == []
        assert outside(sheet) == []


def test_the_check_itself_sees_text_over_text_and_text_that_is_cut_off() -> None:
    words = (Words(0, 20, "one"), Words(5, 22, "two"), Words(90, 60, "out of it"))
    drawing = Drawing("n", "t", "d", 100, 70, words)
    assert collisions(drawing) == [("one", "two")]
    assert outside(drawing) == ["out of it"]


def test_a_crossover_is_marked_at_its_share_and_told() -> None:
    (chart, *_) = charts_of(RUNS["crossing"])
    drawing = chart.draw()
    labels = [w.text for w in all_words(drawing.parts) if w.bold]
    assert labels
    assert all(label.endswith("%") for label in labels)
    assert "cached_future takes over from coroutine" in drawing.description
    assert "the fastest" in chart.note


def test_every_variant_is_named_on_the_scatter_even_where_all_are_alike() -> None:
    for name in ("twelve", "alike"):
        for chart in charts_of(RUNS[name]):
            if chart.kind == "scatter":
                texts = [w.text for w in all_words(chart.draw().parts)]
                assert not any("without room" in text for text in texts)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(20, 380), st.floats(20, 280)), max_size=14),
    st.floats(10, 140),
    st.booleans(),
)
def test_labels_beside_points_never_meet(
    points: list[tuple[float, float]], width: float, across: bool
) -> None:
    inside = Box(0, 0, 400, 300)
    found = beside_points(points, [(width, 14)] * len(points), inside, across=across)
    boxes = [box for box in found if box is not None]
    assert len(found) == len(points)
    assert all(inside.holds(box) for box in boxes)
    assert not any(one.meets(other) for one, other in itertools.combinations(boxes, 2))


@settings(deadline=None)
@given(st.text(max_size=60), st.floats(20, 300))
def test_a_text_is_fitted_to_a_width(text: str, width: float) -> None:
    made = fitted(text, width)
    assert width_of(made) <= max(width, width_of("…"))
    assert made == text or len(made) <= len(text)


@settings(deadline=None)
@given(st.text(max_size=200), st.floats(60, 300))
def test_wrapped_lines_fit_and_keep_the_words(text: str, width: float) -> None:
    lines = list(wrapped(text, width))
    assert all(width_of(line) <= width or len(line) == 1 for line in lines)
    short = [word for word in text.split() if width_of(word) <= width]
    assert all(any(word in line for line in lines) for word in short)


def test_more_rounds_than_pixels_are_still_drawn_in_the_picture() -> None:
    run = RUNS["sixty rounds"]
    (record,) = run.groups
    timings = {
        name: replace(timing, rounds=dict(enumerate([*timing.rounds.values()] * 10)))
        for name, timing in record.timings.items()
    }
    run = replace(run, groups=(replace(record, timings=timings),))
    for chart in charts_of(run):
        assert math.isfinite(chart.draw().height)
