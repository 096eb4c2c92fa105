"""Pages about several runs as readers use them: by the same bar and scripts as a report."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from harness.analysis.comparison import compare_runs
from harness.analysis.gate import regressions
from harness.analysis.series import Against, trace
from harness.report.comparison_html import render_comparison, render_series
from harness.report.html import write_page
from tests.analysis.test_comparison import allocating, slower
from tests.report.browser import DESKTOP, PHONE, SCHEMES
from tests.report.test_comparison_pages import PAGES, page_of
from tests.report.test_page_in_use import CLIPBOARD, SHIFTS, case, copied, open_all
from tests.runs import make_run, repeated

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from harness.record import Run
    from tests.report.browser import Browsing, Scheme

KINDS = ("two", "three", "history")
PANEL = "lookup/0.9"


def night(number: int) -> Run:
    """Return one of several runs; from the third on a variant is slower, and one allocates more."""
    first = make_run(
        scenarios=("lookup", "reader"),
        sync_ratios=(0.0, 0.9),
        variants=("task", "coroutine", "value_task", "=cmd()|x"),
        noise=0.002,
    )
    run = repeated(first, f"night-{number}", number, noise=0.002)
    return allocating(slower(run, "task", 1.3), "value_task", 1) if number > 2 else run


def of_two(base: Run, new: Run) -> str:
    comparison = compare_runs(base, new)
    return render_comparison(comparison, base, new, regressions(comparison))


MADE: dict[str, Callable[[], str]] = {
    "two": lambda: of_two(night(2), night(3)),
    "three": lambda: render_series(trace([night(1), night(2), night(3)], Against.FIRST)),
    "history": lambda: render_series(trace([night(n) for n in range(1, 5)], Against.PREVIOUS)),
}


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each kind: of two runs, of three beside each other, and a history of four."""
    folder = tmp_path_factory.mktemp("pages")
    for kind, make in MADE.items():
        write_page(make(), folder / f"{kind}.html")
    return {kind: folder / f"{kind}.html" for kind in MADE}


def table(page: Page, kind: str) -> Locator:
    """Return the table that has the cases of a scenario at 90 %: of two runs, with the others."""
    return page.locator("section.scenario table").first if kind == "two" else panel(page)


def panel(page: Page) -> Locator:
    return page.locator(f'[id="{PANEL}"] table')


def marks(page: Page, opacity: str) -> set[str]:
    """Return the variants whose marks in visible charts have this *opacity*."""
    found = page.locator("svg:visible g[data-variant]")
    wanted = f"marks.filter((mark) => getComputedStyle(mark).opacity === '{opacity}')"
    return set(found.evaluate_all(f"marks => {wanted}.map((mark) => mark.dataset.variant)"))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("window", [DESKTOP, PHONE])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing(
    paths: dict[str, Path], visit: Browsing, kind: str, scheme: Scheme, window: tuple[int, int]
) -> None:
    opened = visit(paths[kind], scheme=scheme, window=window)
    open_all(opened)
    opened.page.get_by_role("button", name="variant").first.press("Enter")
    opened.page.get_by_text("Variants", exact=True).first.click()
    assert opened.violations() == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_has_its_landmarks_and_its_tables_have_captions(
    paths: dict[str, Path], visit: Browsing, kind: str
) -> None:
    page = visit(paths[kind]).page
    assert page.locator("table:not(:has(> caption))").count() == 0
    for role in ("banner", "navigation", "search", "main", "contentinfo"):
        assert page.locator("body").get_by_role(role).count() == 1


@pytest.mark.parametrize("width", [PHONE[0], 640, DESKTOP[0]])
@pytest.mark.parametrize(
    "name",
    [name for name in PAGES if "hostile" in name or name in {*KINDS, "history of a hundred"}],
)
def test_no_page_is_wider_than_its_window(
    tmp_path: Path, visit: Browsing, name: str, width: int
) -> None:
    path = tmp_path / "page.html"
    write_page(page_of(name), path)
    opened = visit(path, window=(width, 800))
    open_all(opened)
    assert opened.overflow == 0
    for menu in opened.page.locator(".menu > summary:visible").all():
        menu.click()
        assert opened.overflow == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_is_sorted_by_its_figures(
    paths: dict[str, Path], visit: Browsing, kind: str
) -> None:
    page = visit(paths[kind], f"#{PANEL}/task").page
    found = table(page, kind)
    headers = found.locator("thead th")
    name = {"two": "new / base", "three": "3: night-3", "history": "last / first run"}[kind]
    place = [text.strip() for text in headers.all_text_contents()].index(name)
    headers.nth(place).get_by_role("button").click()
    assert headers.nth(place).get_attribute("aria-sort") == "ascending"
    texts = found.locator(f"tbody tr > :nth-child({place + 1})").all_text_contents()
    figures = [float(text.split()[0]) for text in texts]
    assert figures == sorted(figures)
    assert len(figures) == (8 if kind == "two" else 4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_filter_reaches_cases_and_charts(
    paths: dict[str, Path], visit: Browsing, kind: str
) -> None:
    page = visit(paths[kind]).page
    assert page.locator("#count").text_content() == "16 cases"
    page.locator("#filter").fill("lookup 0.9 value")
    page.get_by_text("1 of 16 cases").wait_for()
    case(page, f"{PANEL}/value_task").wait_for(state="visible")
    assert page.locator("tr[data-case]:visible").count() == 1
    assert page.locator("section.scenario:visible").count() == 1
    assert marks(page, "1") == {"value_task"}
    # In a history, coroutine, which all are held against, has times and no ratio.
    assert {"task", "=cmd()|x"} <= marks(page, "0.13") <= {"task", "=cmd()|x", "coroutine"}
    told = page.locator("#in-short li:visible code").all_text_contents()
    assert {*told} == {"value_task"}


@pytest.mark.parametrize("kind", KINDS)
def test_unticked_variants_are_gone(paths: dict[str, Path], visit: Browsing, kind: str) -> None:
    page = visit(paths[kind]).page
    page.get_by_text("Variants", exact=True).first.click()
    page.get_by_label("task", exact=True).uncheck()
    page.get_by_text("12 of 16 cases").wait_for()
    assert page.locator('tr[data-variant="task"]:visible').count() == 0
    assert "task" not in page.locator("#in-short li:visible code").all_text_contents()
    assert marks(page, "0.13") == {"task"}


@pytest.mark.parametrize("kind", KINDS)
def test_what_changed_can_be_shown_alone(
    paths: dict[str, Path], visit: Browsing, kind: str
) -> None:
    page = visit(paths[kind]).page
    page.get_by_role("link", name="Show only what changed").click()
    page.get_by_text("5 of 16 cases").wait_for()
    shown = page.locator("tr[data-case]:visible")
    variants = shown.evaluate_all("rows => rows.map((row) => row.dataset.variant)")
    assert sorted(variants) == ["task"] * 4 + ["value_task"]
    assert page.url.endswith("#in-short?text=changed")


@pytest.mark.parametrize("kind", KINDS)
def test_every_case_has_a_link_that_opens_its_panel(
    paths: dict[str, Path], visit: Browsing, kind: str
) -> None:
    page = visit(paths[kind], before=CLIPBOARD).page
    page.get_by_role("button", name="Close all").click()
    page.evaluate(f"location.hash = '#{PANEL}/value_task'")
    row = case(page, f"{PANEL}/value_task")
    row.wait_for(state="visible")
    assert 40 < row.evaluate("row => row.getBoundingClientRect().top") < DESKTOP[1]
    row.hover()
    row.get_by_role("link", name="Link to value_task, 90 % synchronous").click()
    assert copied(page) == f"{paths[kind].resolve().as_uri()}#{PANEL}/value_task"


def test_the_changes_of_two_runs_are_copied(paths: dict[str, Path], visit: Browsing) -> None:
    page = visit(paths["two"], "#?text=lookup+value_task", before=CLIPBOARD).page
    page.locator("section.scenario").get_by_role("button", name="Copy as CSV").first.click()
    first, second = csv.DictReader(io.StringIO(copied(page)))
    assert (first["variant"], first["setting"]) == ("value_task", "0 % synchronous")
    assert second["setting"] == "90 % synchronous"
    assert float(first["new / base ±"]) > 0
    assert first["difference"] == "not shown"
    assert (first["allocations"], first["more"]) == ("9 → 10", "1")


def test_runs_beside_each_other_are_copied_with_a_column_for_each_figure(
    paths: dict[str, Path], visit: Browsing
) -> None:
    page = visit(paths["three"], f"#{PANEL}", before=CLIPBOARD).page
    buttons = page.locator(f'[id="{PANEL}"]')
    buttons.get_by_role("button", name="Copy as CSV").click()
    row = next(csv.DictReader(io.StringIO(copied(page))))
    assert row["variant"] == "task"
    assert row["1: night-1, base figures"].endswith("alloc.")
    assert float(row["3: night-3"]) == pytest.approx(1.3, rel=0.02)
    assert float(row["3: night-3 ±"]) > 0
    assert row["3: night-3 difference"] == "slower"
    page.evaluate("window.copied = ''")
    buttons.get_by_role("button", name="Copy as Markdown").click()
    header, rule, task, *_ = copied(page).splitlines()
    assert header == "| variant | 1: night-1, base | 2: night-2 | 3: night-3 |"
    assert rule == "| --- | ---: | ---: | ---: |"
    assert " slower " in task


def test_a_history_is_copied_and_its_runs_are(paths: dict[str, Path], visit: Browsing) -> None:
    page = visit(paths["history"], f"#{PANEL}", before=CLIPBOARD).page
    page.locator(f'[id="{PANEL}"]').get_by_role("button", name="Copy as CSV").click()
    row = next(csv.DictReader(io.StringIO(copied(page))))
    assert row["variant"] == "task"
    assert float(row["last / first run"]) == pytest.approx(1.3, rel=0.02)
    assert row["changed in run"] == "3"
    page.evaluate("window.copied = ''")
    page.locator("#runs").get_by_role("button", name="Copy as CSV").click()
    assert [each["run"] for each in csv.DictReader(io.StringIO(copied(page)))] == [
        f"night-{number}" for number in range(1, 5)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_moves_while_the_page_loads_or_is_used(
    paths: dict[str, Path], visit: Browsing, kind: str
) -> None:
    page = visit(paths[kind], before=SHIFTS).page
    page.wait_for_timeout(200)
    page.locator("section.scenario").get_by_role("button", name="variant").first.click()
    page.keyboard.press("/")
    page.keyboard.type("reader")
    page.get_by_text("8 of 16 cases").wait_for()
    page.keyboard.press("Escape")
    page.get_by_text("16 cases", exact=True).wait_for()
    page.wait_for_timeout(100)
    assert page.evaluate("window.shifts") == []


@pytest.mark.parametrize("kind", KINDS)
def test_paper_shows_what_is_in_closed_panels_and_no_controls(
    paths: dict[str, Path], visit: Browsing, kind: str
) -> None:
    page = visit(paths[kind], printed=True, scheme="dark").page
    tables = page.locator(".tabled table").all()
    assert len(tables) == (3 if kind == "two" else 5)
    for each in tables:
        assert each.evaluate("table => table.checkVisibility({ contentVisibilityAuto: true })")
    for control in (".bar", ".tools >> nth=0", ".link >> nth=0", ".skip", ".scripted"):
        assert not page.locator(control).is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("kind", KINDS)
def test_everything_can_be_read_without_scripts(
    paths: dict[str, Path], visit: Browsing, kind: str
) -> None:
    page = visit(paths[kind], f"#{PANEL}/task", scripts=False).page
    assert case(page, f"{PANEL}/task").is_visible()
    assert page.locator("section.scenario svg").first.is_visible()
    assert page.get_by_text("Contents", exact=True).is_visible()
    for control in ("#filter", ".tools >> nth=0", "[data-panels] >> nth=0", ".scripted"):
        assert not page.locator(control).is_visible()


def test_where_there_is_one_variant_none_can_be_hidden(tmp_path: Path, visit: Browsing) -> None:
    path = tmp_path / "page.html"
    run = make_run(variants=("value_task",))
    write_page(of_two(run, run), path)
    page = visit(path).page
    assert page.locator("#count").text_content() == "1 case"
    assert not page.get_by_text("Variants", exact=True).is_visible()
    page.locator("#filter").fill("nothing")
    page.get_by_text("0 of 1 case").wait_for()
    page.keyboard.press("Escape")
    page.get_by_text("1 case", exact=True).wait_for()
    assert page.locator("figure svg").first.is_visible()
