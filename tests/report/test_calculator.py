"""The calculator: the script in a browser says what the reference in Python does."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.costs import cost_models
from harness.analysis.load import loads
from harness.report.calculator import load_lines, load_notes, make_calculator, summary
from harness.report.html import render_report, write_report
from harness.report.palette import palette
from tests.report.browser import PHONE
from tests.runs import SYNC_RATIOS, make_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from playwright.sync_api import Page

    from harness.analysis.costs import CostModel
    from harness.record import Run
    from harness.report.calculator import Calculator
    from tests.report.browser import Browsing

HOSTILE = "</script><script>alert(1)</script><!--"


def run_of(**options: object) -> Run:
    return make_run(
        sync_ratios=(0.5, 0.9, 1.0),
        variants=("coroutine", "task", "cached_future", "value_task", "own"),
        extra={"size": (1, 64)},
        **options,  # type: ignore[arg-type]
    )


@cache
def page_of_run() -> str:
    return render_report(run_of())


def written(folder: Path) -> Path:
    """Write the report of :func:`run_of`, which is drawn once."""
    path = folder / "index.html"
    path.write_text(page_of_run(), encoding="utf-8")
    return path


def calculator_of(run: Run) -> Calculator:
    marks = palette(name for group in run.plan.groups for name in group.variants)
    made = make_calculator(cost_models(run), run.titles, marks)
    assert made is not None
    return made


def expected(model: CostModel, share: float, rate: float) -> tuple[list[list[str]], str, list[str]]:
    found = loads(model, share, rate)
    lines = load_lines(model, found, palette(model.variants))
    return (
        [
            [
                line.variant + (" baseline" if line.is_baseline else ""),
                line.time,
                line.core,
                line.ratio,
                line.allocations,
                line.bytes,
            ]
            for line in lines
        ],
        summary(model, found),
        list(load_notes(model, share)),
    )


def shown(page: Page) -> tuple[list[list[str]], str, list[str]]:
    rows = page.eval_on_selector_all(
        "#calculator tbody tr",
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))",
    )
    notes = page.locator("#calculator .notes p").all_inner_texts()
    return rows, page.locator("#calculator output").inner_text(), notes


def enter(page: Page, **values: str) -> None:
    for name, value in values.items():
        page.fill(f"#calculator [name={name}]", value)


def alike(one: Sequence[Sequence[str]], other: Sequence[Sequence[str]]) -> bool:
    """Whether two tables are, but for a last digit that was rounded the other way."""
    if len(one) != len(other):
        return False
    numbers = re.compile(r"\d[\d,]*\.?\d*")
    for first, second in zip(one, other, strict=True):
        for a, b in zip(first, second, strict=True):
            if numbers.sub("", a) != numbers.sub("", b):
                return False
            pairs = zip(numbers.findall(a), numbers.findall(b), strict=True)
            if not all(
                math.isclose(float(x.replace(",", "")), float(y.replace(",", "")), rel_tol=0.02)
                for x, y in pairs
            ):
                return False
    return True


@pytest.mark.parametrize("rounds", [1, 3, 60])
def test_the_script_says_what_python_does(tmp_path: Path, visit: Browsing, rounds: int) -> None:
    run = run_of(rounds=rounds, noise=0.02)
    # A value that fails in one group, so that fits are not of the same shares.
    first = run.groups[0]
    run = replace(run, groups=(replace(first, failures={"own": "crashed"}), *run.groups[1:]))
    path = tmp_path / "index.html"
    write_report(run, path)
    page = visit(path).page
    same = total = 0
    for index, model in enumerate(cost_models(run)):
        page.select_option("#calculator select", str(index))
        for share, rate in (("90", "10000"), ("37.3", "123457.1"), ("0", "1"), ("100", "4.1e7")):
            enter(page, share=share, rate=rate)
            rows, said, notes = expected(model, float(share) / 100, float(rate))
            found = shown(page)
            assert found[1:] == (said, notes)
            assert alike(found[0], rows), (found[0], rows)
            same += sum(a == b for a, b in zip(found[0], rows, strict=True))
            total += len(rows)
    assert same > 0.95 * total


def test_without_a_script_the_table_is_that_of_a_typical_load(
    tmp_path: Path, visit: Browsing
) -> None:
    page = visit(written(tmp_path), scripts=False).page
    rows, said, notes = expected(cost_models(run_of())[0], 0.9, 10_000)
    assert shown(page) == (rows, said, notes)
    assert not page.locator("#calculator form").is_visible()
    assert "at 90 % synchronous completions and 10,000 calls per second" in (
        page.locator("#calculator noscript").inner_text()
    )


def test_with_a_script_nothing_moves_until_something_is_entered(
    tmp_path: Path, visit: Browsing
) -> None:
    page = visit(written(tmp_path)).page
    calculator = page.locator("#calculator")
    before = shown(page), calculator.evaluate("e => [e.offsetLeft, e.offsetTop, e.offsetHeight]")
    enter(page, share="50")
    enter(page, share="90")
    after = shown(page), calculator.evaluate("e => [e.offsetLeft, e.offsetTop, e.offsetHeight]")
    assert after == before


def test_it_is_used_by_keyboard_and_by_slider(tmp_path: Path, visit: Browsing) -> None:
    page = visit(written(tmp_path), window=PHONE).page
    page.get_by_label("Scenario", exact=True).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("75")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.type("2000")
    page.keyboard.press("Enter")
    assert page.input_value("#calculator [name=share]") == "76"
    rows, said, _ = expected(cost_models(run_of())[1], 0.76, 2000)
    assert shown(page)[:2] == (rows, said)


@pytest.mark.parametrize(
    ("entered", "told"),
    [
        ({"share": "101"}, "Enter a share from 0 to 100 %."),
        ({"share": ""}, "Enter a share from 0 to 100 %."),
        ({"rate": "-1"}, "Enter how many calls there are per second, 0 or more."),
    ],
)
def test_what_cannot_be_computed_is_told_and_the_table_stays(
    tmp_path: Path, visit: Browsing, entered: dict[str, str], told: str
) -> None:
    page = visit(written(tmp_path)).page
    before = shown(page)
    enter(page, **entered)
    assert (shown(page)[0], shown(page)[1]) == (before[0], told)


def test_a_run_without_times_has_a_calculator_of_allocations(
    tmp_path: Path, visit: Browsing
) -> None:
    run = run_of(instruments=("allocations",))
    path = tmp_path / "index.html"
    write_report(run, path)
    page = visit(path).page
    enter(page, share="60", rate="77")
    rows, said, notes = expected(cost_models(run)[0], 0.6, 77)
    assert shown(page) == (rows, said, notes)
    assert said == ""


def test_hostile_names_are_text_in_the_data(tmp_path: Path, visit: Browsing) -> None:
    run = make_run(
        scenarios=(HOSTILE,),
        titles={HOSTILE: HOSTILE},
        sync_ratios=(0.0, 1.0),
        variants=("coroutine", HOSTILE),
    )
    path = tmp_path / "index.html"
    write_report(run, path)
    page = visit(path).page
    enter(page, share="10")
    rows, said, notes = expected(cost_models(run)[0], 0.1, 10_000)
    assert shown(page) == (rows, said, notes)


@given(st.text(max_size=30))
def test_no_name_ends_the_data(name: str) -> None:
    run = make_run(sync_ratios=(0.0, 1.0), variants=("coroutine", name), rounds=2)
    data = calculator_of(run).data
    assert not {"<", ">", "&"} & {*data}
    assert len(json.loads(data)["models"][0]["variants"]) == len({"coroutine", name})


def test_the_first_setting_whose_lines_hold_is_the_example() -> None:
    run = run_of(noise=0.001)
    groups = []
    for record in run.groups:
        timings = record.timings
        if dict(record.group.params) == {"sync_ratio": 0.9, "size": 1}:
            slow = {
                index: tuple(3 * value for value in values)
                for index, values in timings["task"].rounds.items()
            }
            timings = {**timings, "task": replace(timings["task"], rounds=slow)}
        groups.append(replace(record, timings=timings))
    made = calculator_of(replace(run, groups=tuple(groups)))
    assert made.options[made.chosen] == "The lookup workload, size=64"
    assert made.notes == ()


def test_a_run_at_one_share_has_no_calculator() -> None:
    assert 'id="calculator"' not in render_report(make_run(sync_ratios=(0.9,)))


@given(st.floats(0, 1), st.floats(0, 1e9))
def test_loads_are_sorted_and_in_proportion_to_the_rate(share: float, rate: float) -> None:
    (model,) = cost_models(make_run(sync_ratios=SYNC_RATIOS))
    found = loads(model, share, rate)
    once = {load.variant: load for load in loads(model, share, 1.0)}
    times = [load.time.value for load in found if load.time]
    assert times == sorted(times)
    for load in found:
        assert load.time is not None
        assert load.time.low is not None
        assert load.time.high is not None
        assert load.time.low <= load.time.value <= load.time.high
        single = once[load.variant]
        assert single.time is not None
        assert load.time.value == pytest.approx(rate * single.time.value)
        assert load.allocations == pytest.approx(rate * (single.allocations or 0))


def test_the_ratio_of_a_load_is_known_better_than_its_time() -> None:
    (model,) = cost_models(make_run(sync_ratios=(0.0, 1.0), noise=0.002))
    for load in loads(model, 1.0, 1000):
        if load.variant != model.baseline:
            assert load.time is not None
            assert load.ratio is not None
            widths = [
                ((each.high or 0) - (each.low or 0)) / each.value
                for each in (load.ratio, load.time)
            ]
            assert widths[0] < widths[1]
