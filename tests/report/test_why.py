"""Why, on the page: sentences, sizes and lines; how to find the lines; links to flamegraphs."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from harness.plan import LINES
from harness.record import Frame, Stack
from harness.report import why
from harness.report.html import render_report
from harness.report.page import make_page
from harness.report.table import in_a_thousand
from harness.report.text import format_run
from tests.profiles import profile_of, with_profiles, with_upkeep
from tests.report.pages import read
from tests.report.test_html import HOSTILE
from tests.runs import make_run

VARIANTS = ("coroutine", "task", "value_task")


def headers(page: str) -> list[str]:
    return re.findall(r'<th scope="col">([^<]*)</th>', page)


def test_turns_and_collections_have_columns_where_there_is_something_to_show() -> None:
    run = make_run(variants=VARIANTS)
    assert not {"turns per 1000", "collections per 1000"} & {*headers(render_report(run))}
    page = render_report(with_upkeep(run))
    assert {"turns per 1000", "collections per 1000"} <= {*headers(page)}
    assert "<td>3,000</td>" in page  # of a task: two, and one for its suspension
    never = with_upkeep(make_run(variants=("coroutine", "value_task")))
    assert "collections per 1000" not in headers(render_report(never))


@pytest.mark.parametrize(
    ("figures", "shown"),
    [([2.0, 0.0], ["2,000", "0"]), ([0.0, 0.0], ["-", "-"]), ([None, 0.0004], ["-", "0.4"])],
)
def test_in_a_thousand(figures: list[float | None], shown: list[str]) -> None:
    assert in_a_thousand(figures) == shown


def test_the_json_of_a_run_has_turns_and_collections_and_its_csv_has_no_column_more() -> None:
    run = make_run(variants=VARIANTS)
    text = format_run(with_upkeep(run), "json")
    assert '"turns": 3.0' in text
    assert '"collections": 0.0004' in text
    assert format_run(with_upkeep(run), "csv") == format_run(run, "csv")


def test_every_group_says_why_and_how_to_find_the_lines_where_they_are_not_known() -> None:
    page = render_report(make_run(sync_ratios=(0.5, 1.0), variants=VARIANTS))
    assert page.count('<details class="why">') == 2
    assert "<h4>Why: what it does</h4>" in page
    assert "awaitbench run with --profile finds them for all variants" in page
    assert "Where each allocates" not in page


def test_lines_that_were_asked_for_and_not_found_are_said_to_be_shaky() -> None:
    run = make_run(variants=VARIANTS)
    run = replace(run, plan=replace(run.plan, instruments=(*run.plan.instruments, LINES)))
    assert "see what is shaky about this run" in render_report(run)


def test_with_lines_there_is_a_table_for_each_variant_and_what_each_pair_does_not_share() -> None:
    page = render_report(with_profiles(make_run(variants=VARIANTS)))
    assert "<h4>Why: what it does, and where it allocates</h4>" in page
    assert page.count("<h5>Where each allocates</h5>") == 1
    assert page.count("reached from line") == 3
    assert "<caption>Where task allocates more than coroutine</caption>" in page
    assert "<caption>Where task allocates less than coroutine</caption>" not in page
    assert "return loop.create_task(body())" in page
    assert "Attributed, with memray&#39;s stack hook on" in page
    reading = read(page)
    assert reading.unbalanced == []
    assert all(link.startswith("#") for link in reading.links)


def test_flamegraphs_are_linked_where_there_are_some() -> None:
    run = with_profiles(make_run(variants=VARIANTS))
    group = run.plan.groups[0]
    page = render_report(run, {(group, "task"): "flamegraphs/01-task.html"})
    links = [link for link in read(page).links if not link.startswith("#")]
    assert links == ["flamegraphs/01-task.html"]


def test_many_lines_and_sizes_are_cut_and_it_is_said_of_how_many() -> None:
    stacks = tuple(Stack((Frame("x.py", "f", line),), 10, 80) for line in range(1, 41))
    run = with_profiles(make_run(variants=("coroutine", "task")))
    (record,) = run.groups
    profile = profile_of("task")
    many = replace(profile, attribution=replace(profile.attribution, stacks=stacks))
    run = replace(run, groups=(replace(record, profiles={**record.profiles, "task": many}),))
    page = render_report(run)
    assert "and 34 more lines, 85 %" in page
    assert "and 35 more lines" in page


def test_nothing_of_a_profile_is_markup() -> None:
    run = with_profiles(make_run(variants=("coroutine", HOSTILE)))
    (record,) = run.groups
    profile = profile_of("task")
    frame = Frame(HOSTILE, HOSTILE, 3)
    hostile = replace(
        profile,
        attribution=replace(
            profile.attribution,
            stacks=(Stack((frame,), 5, 5),),
            sources={frame: HOSTILE},
            scenario_file=HOSTILE,
        ),
    )
    run = replace(run, groups=(replace(record, profiles={HOSTILE: hostile}),))
    page = render_report(run)
    reading = read(page)
    assert reading.unbalanced == []
    assert "img" not in reading.tags
    assert "<script>alert" not in page
    assert reading.handlers == []


def test_a_page_of_very_many_cases_says_why_in_its_open_panels_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = make_run(sync_ratios=(0.0, 0.5, 0.9), variants=VARIANTS)
    monkeypatch.setattr(why, "_MOST_CASES", 9)
    (section,) = make_page(run).sections
    assert all(panel.why for panel in section.panels)
    monkeypatch.setattr(why, "_MOST_CASES", 8)
    (section,) = make_page(run).sections
    assert [bool(panel.why) for panel in section.panels] == [
        panel.opened for panel in section.panels
    ]


def test_a_group_that_failed_has_no_reasons() -> None:
    run = make_run(variants=VARIANTS)
    (record,) = run.groups
    failed = replace(record, observations={}, allocations={}, timings={}, error="it raised")
    assert '<details class="why">' not in render_report(replace(run, groups=(failed,)))
