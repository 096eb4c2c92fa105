"""Pages about several runs: whole, needing nothing, saying what is true of hostile runs too."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from harness.analysis.comparison import compare_runs
from harness.analysis.gate import regressions
from harness.analysis.series import Against, trace
from harness.plan import INSTRUMENTS, Runtime
from harness.record import Finding, RunStatus, Severity
from harness.report.comparison_html import render_comparison, render_series
from harness.report.scripts import COMPARISON_SCRIPTS, read_script
from tests.analysis.test_comparison import a_run, allocating, slower
from tests.report.pages import read
from tests.report.test_html import HOSTILE, LONG
from tests.runs import COSTS, SYNC_RATIOS, make_run, repeated

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.record import Run


def hostile() -> Run:
    run = make_run(
        name=HOSTILE,
        scenarios=(HOSTILE,),
        sync_ratios=(0.0, 1.0),
        extra={"size": (HOSTILE, "\u202eturned")},
        variants=("coroutine", HOSTILE, "task"),
        baseline="coroutine",
        findings=(Finding(Severity.WARNING, HOSTILE, HOSTILE),),
    )
    return replace(run, environment={HOSTILE: HOSTILE}, started=HOSTILE, sources={HOSTILE: "a"})


def changed_hostile() -> Run:
    run = allocating(slower(hostile(), HOSTILE, 1.5), HOSTILE, 1)
    return replace(run, environment={HOSTILE: LONG, "processor": HOSTILE}, sources={HOSTILE: "b"})


def two(base: Run, new: Run, *, gate: bool = False, allow_unlike: bool = False) -> str:
    comparison = compare_runs(base, new, allow_unlike=allow_unlike)
    return render_comparison(comparison, base, new, regressions(comparison) if gate else None)


def everything(name: str = "base") -> Run:
    return make_run(
        name=name,
        scenarios=("lookup", "reader"),
        sync_ratios=SYNC_RATIOS,
        variants=(*COSTS, LONG, "x" * 80),
    )


def without_task() -> Run:
    return make_run(variants=("coroutine", "value_task", "cached_future"))


def failed() -> Run:
    run = a_run()
    record = replace(run.groups[0], failures={"task": "it died"}, timings={})
    return replace(run, groups=(record,), status=RunStatus.FAILED)


def nights(
    number: int, runtime: Runtime | None = None, instruments: tuple[str, ...] = INSTRUMENTS
) -> list[Run]:
    first = a_run(sync_ratios=(0.0, 0.9), runtime=runtime, instruments=instruments)
    return [repeated(first, f"night-{n}", n + 1, noise=0.004) for n in range(number)]


def other_interpreter() -> list[Run]:
    return [*nights(2), *nights(2, runtime=Runtime("3.14.0"))]


PAGES: dict[str, Callable[[], str]] = {
    "two": lambda: two(everything(), slower(everything("new"), "task", 1.2)),
    "two with a gate": lambda: two(a_run(), slower(a_run("new"), "task", 1.5), gate=True),
    "two with a gate that passes": lambda: two(a_run(), a_run("new"), gate=True),
    "two that are hostile": lambda: two(hostile(), changed_hostile(), gate=True, allow_unlike=True),
    "two of unlike machines": lambda: two(hostile(), changed_hostile()),
    "two with removed cases": lambda: two(a_run(), without_task()),
    "two of which one failed": lambda: two(a_run(), failed(), gate=True),
    "two without times": lambda: two(
        a_run(instruments=("allocations",)), a_run("new", instruments=("allocations",))
    ),
    "two without allocations": lambda: two(
        a_run(instruments=("time",)), a_run("new", instruments=("time",))
    ),
    "two of one round": lambda: two(a_run(rounds=1), a_run("new", rounds=1)),
    "two without a baseline": lambda: two(
        make_run(variants=("task", "value_task")), make_run(variants=("task", "value_task"))
    ),
    "three": lambda: render_series(trace(nights(3), Against.FIRST)),
    "three of unlike interpreters": lambda: render_series(
        trace(other_interpreter(), Against.FIRST)
    ),
    "three that are hostile": lambda: render_series(
        trace([hostile(), changed_hostile(), hostile()], Against.FIRST)
    ),
    "history": lambda: render_series(
        trace([*nights(4), slower(nights(5)[4], "task", 1.5)], Against.PREVIOUS)
    ),
    "history over interpreters": lambda: render_series(
        trace(other_interpreter(), Against.PREVIOUS)
    ),
    "history that is hostile": lambda: render_series(
        trace([hostile(), changed_hostile(), hostile()], Against.PREVIOUS, allow_unlike=True)
    ),
    "history with gaps": lambda: render_series(
        trace([a_run(), without_task(), failed(), a_run()], Against.PREVIOUS)
    ),
    "history of a hundred": lambda: render_series(trace(nights(100), Against.PREVIOUS)),
    "history without times": lambda: render_series(
        trace(nights(3, instruments=("allocations",)), Against.PREVIOUS)
    ),
    "history without allocations": lambda: render_series(
        trace(nights(3, instruments=("time",)), Against.PREVIOUS)
    ),
}


@cache
def page_of(name: str) -> str:
    return PAGES[name]()


def text_of(page: str) -> str:
    """Return what is written on *page*, without tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", page.partition("<body>")[2]).split())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_well_formed_needs_nothing_and_describes_its_pictures(name: str) -> None:
    page = page_of(name)
    reading = read(page)
    assert reading.unbalanced == []
    assert [each for each, count in Counter(reading.ids).items() if count > 1] == []
    assert all(link.startswith("#") for link in reading.links)
    assert {link[1:].partition("?")[0] for link in reading.links} <= {*reading.ids}
    assert not {"link", "img", "iframe", "object"} & {*reading.tags}
    assert reading.handlers == []
    own = [read_script(name).text for name in COMPARISON_SCRIPTS]
    assert re.findall(r"<script type=\"module\">(.*?)</script>", page, re.DOTALL) == own
    assert page.count("<script") == len(own)
    for picture in reading.pictures:
        assert picture["role"] == "img"
        labels = (picture["aria-labelledby"] or "").split()
        assert len(labels) == 2
        assert {*labels} <= {*reading.ids}
    assert not re.search(r">[^<]*\b(nan|inf|None)\b", page.partition("<body>")[2])
    assert not re.search(r'(?:d|cx|cy|x|y)="[^"]*(?:nan|inf)', page)
    assert not [char for char in {*page} - {"\n"} if not char.isprintable()]


@pytest.mark.parametrize("name", ["two", "three", "history"])
def test_the_same_runs_give_the_same_bytes(name: str) -> None:
    assert PAGES[name]() == page_of(name)


@pytest.mark.parametrize("name", ["two", "three", "history"])
def test_tables_can_be_sorted_and_rows_belong_to_a_variant(name: str) -> None:
    page = page_of(name)
    assert "<table data-sortable>" in page
    assert 'data-case data-variant="task"' in page


class TestTwo:
    """A page about two runs."""

    def test_the_slower_variant_is_told_and_no_other(self) -> None:
        page = two(a_run(), slower(a_run("new"), "task", 1.5))
        told = re.findall(r'<li class="(?:loss|gain)"[^>]*><code>(.*?)</code>', page)
        assert told == ["task"]
        text = text_of(page)
        assert "Of 2 cases with comparable times, 1 takes longer and none less time" in text
        assert "takes 50 % longer" in text or "takes 50.0 % longer" in text
        assert len(re.findall(r"<circle [^>]*stroke:var\(--card\)", page)) == 1

    def test_where_nothing_changed_it_says_so(self) -> None:
        text = text_of(two(a_run(), a_run("new")))
        assert "No case really changed, in time or in allocations." in text

    def test_a_gate_stands_above_everything(self) -> None:
        assert "1 regression. The gate does not let this pass." in text_of(
            page_of("two with a gate")
        )
        assert "No regression." in text_of(page_of("two with a gate that passes"))
        assert "regression" not in text_of(page_of("two"))

    def test_a_change_of_the_baseline_is_explained(self) -> None:
        variants = ("coroutine", "task", "value_task", "cached_future")
        base = make_run(variants=variants, noise=0.002)
        new = slower(repeated(base, "new", 2, noise=0.002), "coroutine", 1.3)
        assert "most likely coroutine alone changed" in text_of(two(base, new))

    def test_what_differs_around_them_is_told(self) -> None:
        base = a_run()
        new = replace(a_run("new"), environment={**base.environment, "memray": "9.9"})
        new = replace(new, sources={"lookup": "lookup.py=1"})
        page = two(replace(base, sources={"lookup": "lookup.py=0"}), new)
        rows = re.findall(r'<tr class="differs"><th[^>]*>(.*?)</th>', page)
        assert rows == ["code of lookup", "memray"]

    def test_why_times_are_not_compared_is_told_and_counts_are(self) -> None:
        base = a_run()
        new = allocating(a_run("new"), "task", 2)
        new = replace(new, environment={**base.environment, "cores": "64"})
        text = text_of(two(base, new))
        assert (
            "Times are not compared: they were measured on unlike machines (cores differ)" in text
        )
        assert "task makes 2 more allocations per operation" in text

    def test_removed_and_failed_cases_are_told(self) -> None:
        assert "1 case is not in the newer run any more: task" in text_of(
            page_of("two with removed cases")
        )
        text = text_of(page_of("two of which one failed"))
        assert "1 case failed in the newer run: task" in text
        assert "failed: it died" in text

    def test_what_is_shaky_about_either_run_is_told(self) -> None:
        warned = replace(a_run("new"), findings=(Finding(Severity.WARNING, "the load was 3", ""),))
        assert "warning: new: the load was 3" in text_of(two(a_run(), warned))

    def test_of_many_settings_those_that_changed_have_charts(self) -> None:
        def run(name: str) -> Run:
            return make_run(
                name=name,
                variants=("coroutine", "task"),
                sync_ratios=(0.9,),
                extra={"size": tuple(range(100))},
                noise=0.002,
                rounds=3,
            )

        base, new = run("base"), run("new")
        record = slower(new, "task", 1.5).groups[99]
        page = two(base, replace(new, groups=(*new.groups[:99], record)))
        assert page.count('role="img"') == 60
        assert "size=99</strong>" in page
        assert "40 settings without a change have no chart" in text_of(page)
        assert page.count(" data-case ") == 200


class TestSeveral:
    """Runs beside each other, and a history."""

    def test_unlike_interpreters_have_counts_and_no_ratio(self) -> None:
        page = page_of("three of unlike interpreters")
        text = text_of(page)
        assert "not comparable" in text
        assert "unlike interpreters (cpython 3.13.0 / cpython 3.14.0)" in text
        (cell,) = {*re.findall(r'<a href="#run3">(.*?)</a>', page)}
        assert cell == "not comparable"

    def test_a_change_is_ringed_in_its_run_and_told(self) -> None:
        page = page_of("history")
        told = re.findall(r'<li class="loss"[^>]*>(.*?): <code>(.*?)</code>', page)
        assert told == [("night-4", "task")]
        rings = re.findall(r"<g><title>(task: night.*?)</title>", page)
        assert len(rings) == 2
        assert all(ring.startswith("task: night-4: takes ") for ring in rings)

    def test_lines_are_broken_where_times_cannot_be_compared(self) -> None:
        def pieces(page: str) -> list[int]:
            return [path.count("M") for path in re.findall(r'd="([^"]*)"[^>]*:1\.6"', page)]

        assert {*pieces(page_of("history"))} == {1}
        assert {*pieces(page_of("history over interpreters"))} == {2}
        told = "<g><title>cpython 3.14.0</title>"
        assert told not in page_of("history")
        assert told in page_of("history over interpreters")

    def test_a_hundred_runs_stay_small_and_quiet(self) -> None:
        page = page_of("history of a hundred")
        assert "Nothing really changed in any of the 100 runs." in text_of(page)
        assert len(page) < 400_000
