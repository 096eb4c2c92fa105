from __future__ import annotations

import base64
import hashlib
import html
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.plan import Runtime
from harness.record import Finding, RunStatus, Severity
from harness.report.html import render_report, write_report
from harness.report.method import method_lines
from harness.report.scripts import PAGE_SCRIPTS, read_script
from tests.report.pages import read
from tests.runs import COSTS, SYNC_RATIOS, Cost, make_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.record import Run

LONG = "a_variant_whose_author_likes_names_that_say_it_all_really"
HOSTILE = "<script>alert('x')</script><img src=http://x.example/ onerror=alert(1)> & \"$x^2$\" ]]>"


SCRIPTS = [read_script(name) for name in PAGE_SCRIPTS]


@cache
def page_of(name: str) -> str:
    return render_report(RUNS[name]())


def everything() -> Run:
    return make_run(
        scenarios=("lookup", "reader", "pool"), sync_ratios=SYNC_RATIOS, variants=tuple(COSTS)[:7]
    )


def several_runtimes() -> Run:
    one, two = make_run(), make_run(runtime=Runtime("3.12.1", loop="uvloop"))
    plan = replace(one.plan, groups=(*one.plan.groups, *two.plan.groups))
    return replace(one, plan=plan, groups=(*one.groups, *two.groups))


def with_failures() -> Run:
    run = make_run(sync_ratios=(0.5, 1.0), variants=("coroutine", "task", "value_task"))
    first, second = run.groups
    failed = replace(first, failures={"task": "crashed"}, timings={}, status=RunStatus.FAILED)
    lost = replace(
        second,
        status=RunStatus.FAILED,
        error="they disagree",
        timings={},
        allocations={},
        observations={},
    )
    return replace(run, groups=(failed, lost), status=RunStatus.FAILED)


RUNS: dict[str, Callable[[], Run]] = {
    "everything": everything,
    "one variant": lambda: make_run(variants=("value_task",)),
    "no baseline": lambda: make_run(variants=("task", "value_task"), sync_ratios=(0.0, 1.0)),
    "only allocations": lambda: make_run(instruments=("allocations",), sync_ratios=(0.0, 1.0)),
    "only time": lambda: make_run(instruments=("time",), sync_ratios=(0.0, 1.0)),
    "no allocations made": lambda: make_run(
        variants=("coroutine", "synchronous"),
        sync_ratios=(0.5, 1.0),
        costs={"coroutine": Cost(80, 90, 0, 0, 0)},
    ),
    "another parameter": lambda: make_run(sync_ratios=(0.0, 1.0), extra={"delay": (0, 0.5, 5)}),
    "twelve long names": lambda: make_run(
        sync_ratios=(0.5, 1.0), variants=(*COSTS, LONG, LONG + "_again", "x" * 80), noise=0.2
    ),
    "not the same variants everywhere": lambda: make_run(
        sync_ratios=(0.0, 1.0), variants=("synchronous", "coroutine"), rounds=1
    ),
    "unavailable": lambda: make_run(
        variants=("coroutine", "task"), unavailable=(("eager_task", "needs Python 3.12"),)
    ),
    "failures": with_failures,
    "several runtimes": several_runtimes,
    "nothing measured": lambda: make_run(measured=0),
    "only an unavailable variant": lambda: make_run(variants=(), unavailable=(("a", "b"),)),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_page_is_well_formed_needs_nothing_and_describes_its_pictures(name: str) -> None:
    page = page_of(name)
    reading = read(page)
    assert reading.unbalanced == []
    assert [i for i, count in Counter(reading.ids).items() if count > 1] == []
    assert all(link.startswith("#") for link in reading.links)
    assert {link.removeprefix("#") for link in reading.links} <= set(reading.ids)
    assert not {"link", "img", "iframe", "object"} & set(reading.tags)
    assert reading.scripts == [script.text for script in SCRIPTS]
    assert reading.handlers == []
    for picture in reading.pictures:
        assert picture["role"] == "img"
        labels = (picture["aria-labelledby"] or "").split()
        assert len(labels) == 2
        assert set(labels) <= set(reading.ids)
    assert not re.search(r">[^<]*\b(nan|inf|None)\b", page.partition("<body>")[2])
    assert "url(" not in page
    assert "@import" not in page


def test_a_browser_may_run_the_scripts_of_the_page_and_nothing_else() -> None:
    page = page_of("one variant")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    (allowed,) = re.findall(r"script-src ([^;]*)", html.unescape(policy))
    assert allowed.split() == [
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in read(page).scripts
    ]


def test_a_page_of_three_scenarios_stays_small() -> None:
    assert len(page_of("everything").encode()) < 900_000


def test_the_same_run_gives_the_same_bytes() -> None:
    run = make_run(sync_ratios=(0.0, 1.0))
    assert render_report(run) == render_report(run)


def test_sentences_link_to_the_panel_of_their_case() -> None:
    page = render_report(make_run(sync_ratios=(0.0, 0.9), noise=0.002))
    assert (
        "At 90 % synchronous completions <code>value_task</code> is 9.2 times as fast as "
        "<code>task</code> and makes 22 fewer allocations per call. "
        '<a class="see" href="#lookup/0.9">'
    ) in page
    assert re.search(r'<details [^>]* open>[^§]*?<div class="inside" id="lookup/0.9">', page)
    assert '<div class="inside" id="lookup/0">' in page


def test_the_floor_of_the_driving_loop_is_stated() -> None:
    assert "11 ns per operation when it drives nothing" in render_report(make_run())


def test_the_implementations_of_value_task_that_were_measured_are_stated() -> None:
    run = make_run(variants=("task", "value_task", "value_task_native", "value_task_checked"))
    assert (
        "ValueTask was measured in pure Python (value_task, value_task_checked) and in C "
        "(value_task_native)."
    ) in " ".join(method_lines(run))
    assert "in pure Python (value_task)." in " ".join(
        method_lines(make_run(variants=["value_task"]))
    )
    assert "ValueTask" not in " ".join(method_lines(make_run(variants=["task"])))


def test_figures_stand_in_the_text_alternative_of_a_chart() -> None:
    page = render_report(make_run(instruments=("allocations",), variants=("coroutine", "task")))
    assert '<desc id="s1-1-allocations-desc">coroutine: 1.5; task: 24.9</desc>' in page


def test_a_line_chart_is_drawn_for_each_value_of_another_parameter() -> None:
    reading = read(page_of("another parameter"))
    assert sum(i.endswith("-time-title") and "over" in i for i in reading.ids) == 3


def test_one_share_has_no_line_chart() -> None:
    assert "over1" not in render_report(make_run(sync_ratios=(0.9,)))


def test_findings_and_the_state_of_the_run_are_told() -> None:
    finding = Finding(Severity.ERROR, "debug mode", "Unset it.")
    page = render_report(make_run(sync_ratios=(0.0, 1.0), measured=1, findings=(finding,)))
    assert "This run was interrupted" in page
    assert '<span class="severity">error:</span>debug mode' in page
    assert "1 of 2 groups was not measured" in page


def test_markup_from_a_run_is_text_on_the_page() -> None:
    run = make_run(
        name=HOSTILE,
        scenarios=(HOSTILE,),
        sync_ratios=(0.0, 1.0),
        extra={"size": (HOSTILE,)},
        variants=("coroutine", HOSTILE),
        unavailable=((HOSTILE + "2", HOSTILE),),
        findings=(Finding(Severity.HINT, HOSTILE, HOSTILE),),
    )
    run = replace(run, environment={HOSTILE: HOSTILE}, started=HOSTILE)
    page = render_report(run)
    reading = read(page)
    assert "img" not in reading.tags
    assert reading.scripts == [script.text for script in SCRIPTS]
    assert reading.handlers == []
    assert reading.unbalanced == []
    assert all(link.startswith("#") for link in reading.links)
    assert page.count("<script") == len(SCRIPTS) + len(reading.data)


@settings(max_examples=10, deadline=None)
@given(st.text(min_size=1, max_size=20))
def test_any_name_can_be_drawn(name: str) -> None:
    run = make_run(
        scenarios=(name,), sync_ratios=(0.0, 1.0), variants=("coroutine", name), rounds=2
    )
    assert read(render_report(run)).unbalanced == []


def test_a_report_is_written_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "reports" / "run" / "index.html"
    run = make_run(variants=("coroutine",))
    write_report(run, path)
    write_report(run, path)
    assert path.read_text(encoding="utf-8") == render_report(run)
    assert [entry.name for entry in path.parent.iterdir()] == ["index.html"]


def test_a_report_that_fails_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "index.html"
    path.write_text("old", encoding="utf-8")

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full_disk)
    with pytest.raises(InputError, match="No space left on device; choose another folder"):
        write_report(make_run(variants=("coroutine",)), path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["index.html"]


def test_a_path_that_cannot_be_a_folder_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="the report cannot be written to"):
        write_report(make_run(variants=("coroutine",)), tmp_path / "file" / "index.html")
