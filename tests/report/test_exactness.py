"""What the report says above all else: how exact its figures are."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.analysis.rows import case_rows
from harness.plan import Runtime
from harness.report.html import render_report
from harness.report.method import exactness, method_lines
from tests.report.pages import read
from tests.runs import make_run

if TYPE_CHECKING:
    from harness.record import Run

VARIANTS = ("coroutine", "task", "value_task")
COUNTED = "Allocations are counted, not sampled."


def told(run: Run) -> str:
    return exactness(run, case_rows(run))


def test_it_has_the_widths_of_ratios_and_the_groups_that_met_the_target() -> None:
    run = make_run(sync_ratios=(0.0, 1.0), variants=VARIANTS, noise=0.002)
    width = r"[\d.]+ %"
    assert re.fullmatch(
        rf"95 % intervals of ratios are ± {width} in the median and ± {width} at the widest; "
        rf"2 of 2 groups are as exact as the preset wants \(± 5 %\)\. {COUNTED}",
        told(run),
    ), told(run)
    noisy = make_run(sync_ratios=(0.0, 1.0), variants=VARIANTS, noise=0.1)
    assert "; none of 2 groups is as exact" in told(noisy)


def test_on_several_runtimes_it_says_which_ratios_are_meant() -> None:
    runtimes = (Runtime("3.11.7"), Runtime("3.13.0"))
    run = make_run(variants=VARIANTS, runtimes=runtimes, noise=0.002)
    assert told(run).startswith("95 % intervals of ratios to coroutine are ±")
    # The versions of a pair are measured on one runtime after the other.
    assert told(replace(run, pair="token")).startswith("95 % intervals of ratios are ±")
    assert told(run).partition(";")[2].startswith(" 2 of 2 groups are within ± 5 %.")


@pytest.mark.parametrize(
    ("runtimes", "between"),
    [
        ([("3.11.7", "asyncio"), ("3.13.0", "asyncio")], "to the others"),
        ([("3.13.0", "asyncio"), ("3.13.0", "uvloop")], "to the others"),
        (
            [(python, loop) for python in ("3.11.7", "3.13.0") for loop in ("asyncio", "uvloop")],
            "to the others and from loop to loop",
        ),
    ],
)
def test_the_method_says_what_the_target_is_about(
    runtimes: list[tuple[str, str]], between: str
) -> None:
    run = make_run(
        variants=VARIANTS, runtimes=[Runtime(each, loop=loop) for each, loop in runtimes]
    )
    told = " ".join(method_lines(run))
    assert f"± 5 %, those from the first runtime {between} included. A * marks a ratio to " in told
    assert "in a fresh random order, runtime by runtime: values of one sweep are what is" in told
    pair = " ".join(method_lines(replace(run, pair="token")))
    assert "± 5 %. A * marks a ratio to coroutine" in pair
    assert "in a fresh random order: neighbours in time are what is compared" in pair


def test_one_group_is_not_counted() -> None:
    assert ": as exact as the preset wants" in told(make_run(variants=VARIANTS, noise=0.002))
    assert ": not as exact as the preset wants" in told(make_run(variants=VARIANTS, noise=0.1))


def test_without_a_baseline_it_is_about_times() -> None:
    run = make_run(variants=("task", "value_task"), noise=0.002)
    assert re.match(r"95 % intervals of times are ± [^;:]*\. Allocations", told(run)), told(run)


def test_without_times_intervals_or_figures() -> None:
    assert told(make_run(variants=VARIANTS, instruments=("allocations",))) == COUNTED
    one = make_run(variants=VARIANTS)
    first = tuple(
        replace(
            record,
            timings={
                name: replace(each, rounds={0: each.rounds[0]})
                for name, each in record.timings.items()
            },
        )
        for record in one.groups
    )
    assert told(replace(one, groups=first)).startswith("One round was measured: times have no int")
    assert told(replace(one, groups=())) == ""


def test_the_page_says_it_and_leads_to_what_is_shaky() -> None:
    run = make_run(variants=VARIANTS, noise=0.1)
    page = render_report(run)
    header = page.partition("</header>")[0]
    assert told(run) in header
    assert 'href="#shaky"' in header
    assert 'href="#method"' in header
    assert {"shaky", "method"} <= {*read(page).ids}


def test_the_floor_is_not_the_fastest_of_a_group() -> None:
    page = render_report(make_run(sync_ratios=(1.0,), variants=("synchronous", *VARIANTS)))
    assert "fastest: synchronous" not in page
    assert "fastest: " in page


def test_another_implementation_is_named_once() -> None:
    rows = {
        row.runtime
        for runtime in (Runtime("3.11.11", "pypy"), Runtime("3.13.0", loop="uvloop"))
        for row in case_rows(make_run(variants=VARIANTS, runtimes=(runtime,)))
    }
    assert rows == {"pypy 3.11.11, asyncio", "python 3.13.0, uvloop"}
