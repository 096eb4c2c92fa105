"""Runtimes side by side: one picture a setting, what is the same said once, each by itself."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from harness.plan import Runtime
from harness.report.chart_files import write_charts
from harness.report.drawing import Dot, Drawing, Strokes, Told, Words
from harness.report.html import render_report
from harness.report.multiples import RuntimePanel, runtime_panels
from harness.report.on_runtimes import panels_of, runtimes_chart, settings_of
from harness.report.page import make_page
from harness.report.palette import palette
from harness.report.panels import time_tick
from harness.report.table import blocks
from tests.report.pages import read
from tests.runs import SYNC_RATIOS, make_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.record import Run
    from harness.report.drawing import Part
    from harness.report.palette import Mark

SIX = tuple(
    Runtime(python, loop=loop)
    for python in ("3.11.7", "3.12.1", "3.13.0")
    for loop in ("asyncio", "uvloop")
)


@cache
def on_six() -> Run:
    """Return a run on three interpreters and two loops; the oldest lacks a variant."""
    run = make_run(scenarios=("lookup", "reader"), sync_ratios=(0.0, 0.9), runtimes=SIX)
    groups = []
    for record in run.groups:
        group = record.group
        if group.runtime.python == "3.11.7":
            group = replace(
                group,
                variants=tuple(name for name in group.variants if name != "eager_task"),
                unavailable=(("eager_task", "needs Python 3.12"),),
            )
            timings = {n: t for n, t in record.timings.items() if n != "eager_task"}
            counts = {n: c for n, c in record.allocations.items() if n != "eager_task"}
            record = replace(record, group=group, timings=timings, allocations=counts)
        groups.append(record)
    plan = replace(run.plan, groups=tuple(record.group for record in groups))
    return replace(run, plan=plan, groups=tuple(groups))


def marks_of(run: Run) -> dict[str, Mark]:
    return palette(row.variant for block in blocks(run) for row in block.rows)


def panels(run: Run) -> list[RuntimePanel]:
    return panels_of(settings_of(blocks(run))[0], marks_of(run))


def drawn(parts: tuple[Part, ...]) -> Iterator[Part]:
    for part in parts:
        yield part
        if isinstance(part, Told):
            yield from drawn(part.parts)


def axis(drawing: Drawing) -> set[tuple[str, float]]:
    return {
        (part.text, part.x)
        for part in drawn(drawing.parts)
        if isinstance(part, Words) and re.fullmatch(r"[\d.]+ [nµm]s", part.text)
    }


def test_all_panels_have_the_same_rows_in_the_order_of_the_page() -> None:
    run = on_six()
    found = panels(run)
    assert [panel.heading for panel in found] == [
        f"{python} {loop}"
        for loop in ("asyncio", "uvloop")
        for python in ("3.11.7", "3.12.1", "3.13.0")
    ]
    marks = marks_of(run)
    for panel in found:
        assert [row.name for row in panel.rows] == list(marks)
        assert [row.mark for row in panel.rows] == list(marks.values())
    lacking = {row.name: row.note for row in found[0].rows if row.value is None}
    assert lacking == {"eager_task": "unavailable"}
    assert not any(row.value is None for row in found[1].rows)


def test_all_panels_are_on_one_axis_of_times() -> None:
    drawings = runtime_panels(panels(on_six()), "x", "Time", time_tick)
    assert len(drawings) == 6
    axes = [axis(drawing) for drawing in drawings]
    assert axes[0]
    assert all(each == axes[0] for each in axes)


def test_a_row_has_its_mark_its_interval_and_its_exact_allocations() -> None:
    run = on_six()
    panel = panels(run)[1]
    drawing = runtime_panels([panel], "x", "Time", time_tick)[0]
    told = {part.of: part for part in drawing.parts if isinstance(part, Told) and part.text}
    task = told["task"]
    assert re.fullmatch(r"task: [\d.,]+ µs, 27.6 allocations", task.text)
    assert [type(part) for part in task.parts] == [Strokes, Dot, Words]
    counted = task.parts[2]
    assert isinstance(counted, Words)
    assert (counted.text, counted.anchor) == ("27.6", "end")
    assert "task: " in drawing.description
    assert "27.6 allocations" in drawing.description


@pytest.mark.parametrize("width", [300.0, 340.0])
def test_nothing_leaves_its_panel(width: float) -> None:
    for drawing in runtime_panels(panels(on_six()), "x", "Time", time_tick, width):
        for part in drawn(drawing.parts):
            if isinstance(part, Dot):
                assert part.x - part.size / 2 >= 0
                assert part.x + part.size / 2 <= width
                assert 0 <= part.y <= drawing.height


def test_one_picture_has_them_all_with_the_names_once_a_row() -> None:
    run = on_six()
    chart = runtimes_chart(settings_of(blocks(run))[0], marks_of(run), "x")
    assert chart is not None
    drawing = chart.draw(width=960)
    words = [part.text for part in drawn(drawing.parts) if isinstance(part, Words)]
    assert words.count("value_task") == 2  # a row of panels for each event loop
    assert [text for text in words if text.startswith("3.1")] == [p.heading for p in panels(run)]
    assert sum(isinstance(part, Dot) for part in drawn(drawing.parts)) == 6 * 7 - 2
    assert all(
        0 <= part.x <= drawing.width for part in drawn(drawing.parts) if isinstance(part, Dot)
    )


def test_where_nothing_was_timed_there_is_no_picture() -> None:
    run = make_run(runtimes=SIX[:2], instruments=("allocations",))
    assert panels(run) == []
    assert runtimes_chart(settings_of(blocks(run))[0], marks_of(run), "x") is None
    assert read(render_report(run)).unbalanced == []


def test_a_page_has_a_section_a_scenario_and_in_it_each_runtime() -> None:
    page = make_page(on_six())
    assert [each.name for each in page.on_runtimes] == ["lookup", "reader"]
    for scenario in page.on_runtimes:
        assert len(scenario.sections) == 6
        assert [setting.opened for setting in scenario.settings] == [False, True]
        assert [len(row) for row in scenario.settings[0].pictures] == [3, 3]
        assert scenario.settings[0].table is not None
    assert make_page(make_run()).on_runtimes == ()


def test_links_lead_to_the_setting_and_to_each_runtime_of_it() -> None:
    page = render_report(on_six())
    reading = read(page)
    assert reading.unbalanced == []
    assert {"lookup/", "lookup/0.9", "lookup/cpython-3.12.1-uvloop/0.9"} <= set(reading.ids)
    assert {link.removeprefix("#") for link in reading.links} <= set(reading.ids)
    assert page.index('id="runtimes"') < page.index('id="in-short"')


def test_what_all_runtimes_agree_on_is_said_once_on_the_page() -> None:
    page = make_page(on_six())
    told = [str(claim.text) for claim in page.on_runtimes[0].claims]
    once = [text for text in told if "all 6 runtimes" in text]
    assert any("times as fast as <code>task</code>" in text for text in once)
    assert len(told) < 6 * 5
    assert all(section.claims == () for section in page.sections)


def test_recommendations_that_are_the_same_are_one() -> None:
    page = make_page(make_run(sync_ratios=SYNC_RATIOS, runtimes=SIX, noise=0.001))
    assert len(page.costs.advice) < 6
    assert any("runtimes" in advised.setting for advised in page.costs.advice)
    assert "Figures of cpython 3.13.0, uvloop." in " ".join(
        str(advised.more) for advised in page.costs.advice
    )


def test_the_picture_is_a_file_too(tmp_path: Path) -> None:
    run = make_run(sync_ratios=(1.0,), variants=("coroutine", "task"), runtimes=SIX)
    names = {path.name for path in write_charts(run, tmp_path)}
    assert {
        "lookup-sync_ratio-1-runtimes.svg",
        "lookup-sync_ratio-1-runtimes.png",
    } <= names
    text = (tmp_path / "lookup-sync_ratio-1-runtimes.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)
    assert root.attrib["role"] == "img"
    for runtime in SIX:
        assert f"{runtime.python} {runtime.loop}" in text
    told = " ".join(element.text or "" for element in root.iter() if element.tag.endswith("text"))
    assert "Intervals are 95 % Student t intervals over 4 rounds." in told
