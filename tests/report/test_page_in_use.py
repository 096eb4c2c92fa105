"""The page as readers use it: sorting, filtering, copying, links, keys, paper, a phone."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pytest

from harness.record import Finding, Severity
from harness.report.html import write_report
from tests.report.browser import DESKTOP, PHONE, SCHEMES
from tests.report.test_browser import hostile_run
from tests.report.test_html import HOSTILE
from tests.runs import make_run

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.report.browser import Browsing, Scheme, Visit

# What a page on a clipboard would be, and a browser that has none for pages from disk.
CLIPBOARD = """
  Object.defineProperty(navigator, "clipboard", {
    value: { writeText: async (text) => { window.copied = text; } },
  });
"""
NO_CLIPBOARD = 'Object.defineProperty(navigator, "clipboard", { value: undefined });'
SHIFTS = """
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) {
      if (!each.hadRecentInput) {
        window.shifts.push(each.value);
      }
    }
  }).observe({ type: "layout-shift", buffered: true });
"""


RUN = make_run(
    scenarios=("lookup", "reader"),
    sync_ratios=(0.0, 0.9, 0.99),
    variants=("task", "coroutine", "value_task", "=cmd()|x"),
    unavailable=(("eager_task", "needs Python 3.12"),),
    noise=0.02,
    findings=(Finding(Severity.WARNING, "The machine swapped.", "Close *it*."),),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenarios at three shares; a variant is not available, and something is shaky."""
    path = tmp_path_factory.mktemp("page") / "index.html"
    write_report(RUN, path)
    return path


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same page as if it had many panels."""
    monkeypatch.setattr("harness.report.page._MANY_PANELS", 2)
    large = tmp_path / "large.html"
    write_report(RUN, large)
    return large


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve variants, with names as long and as hostile as they come."""
    path = tmp_path_factory.mktemp("page") / "hostile.html"
    write_report(hostile_run(), path)
    return path


def case(page: Page, anchor: str) -> Locator:
    return page.locator(f'tr[id="{anchor}"]')


def column(page: Page, anchor: str, place: int = 0) -> list[str]:
    """Return the texts of a column of the table in the panel at *anchor*, without half-widths."""
    cells = page.locator(f'[id="{anchor}"] tbody tr:visible > :nth-child({place + 1})')
    return [re.sub(r"\s*(±.*|#|baseline.*)", "", text) for text in cells.all_text_contents()]


def shown_variants(page: Page) -> set[str]:
    """Return the variants whose marks the charts of the first section show in full."""
    marks = page.locator("section.scenario").first.locator(".wide svg [data-variant]")
    full = "marks.filter((mark) => getComputedStyle(mark).opacity === '1')"
    return set(marks.evaluate_all(f"marks => {full}.map((mark) => mark.dataset.variant)"))


# Accessible


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("window", [DESKTOP, PHONE])
def test_axe_finds_nothing(
    path: Path, visit: Browsing, scheme: Scheme, window: tuple[int, int]
) -> None:
    opened = visit(path, scheme=scheme, window=window)
    opened.page.get_by_role("button", name="time").first.press("Enter")
    opened.page.get_by_text("Variants", exact=True).first.click()
    assert opened.violations() == []


def test_axe_finds_nothing_in_names_as_long_as_they_come(hostile: Path, visit: Browsing) -> None:
    opened = visit(hostile, window=PHONE)
    open_all(opened)
    assert opened.violations() == []


def test_axe_finds_nothing_where_no_scripts_run(path: Path, visit: Browsing) -> None:
    """Axe is a script itself: the page's own are kept from running by taking them out."""
    bare = path.with_name("bare.html")
    text = path.read_text(encoding="utf-8")
    bare.write_text(re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL), encoding="utf-8")
    assert visit(bare).violations() == []


def test_what_counts_is_announced(path: Path, visit: Browsing) -> None:
    page = visit(path, before=CLIPBOARD).page
    # How many cases are shown, what the calculator says, and what was done.
    assert page.get_by_role("status").count() == 3
    page.get_by_role("button", name="Copy as CSV").first.click()
    page.get_by_text("Table copied as CSV").wait_for()


def test_tables_have_captions_and_the_page_its_landmarks(path: Path, visit: Browsing) -> None:
    page = visit(path).page
    assert page.locator("table:not(:has(> caption))").count() == 0
    for role in ("banner", "navigation", "search", "main", "contentinfo"):
        assert page.locator("body").get_by_role(role).count() == 1


# Sorting


def test_a_header_sorts_up_then_down_then_as_it_was(path: Path, visit: Browsing) -> None:
    page = visit(path).page
    before = column(page, "lookup/0.9")
    header = page.locator('[id="lookup/0.9"] th', has_text="time, ns")
    ordered = ["coroutine", "value_task", "=cmd()|x", "task", "eager_task"]
    seen = []
    for _ in range(3):
        header.get_by_role("button").press("Enter")
        seen.append((header.get_attribute("aria-sort"), column(page, "lookup/0.9")))
    assert seen == [
        ("ascending", ordered),
        ("descending", [*reversed(ordered[:-1]), ordered[-1]]),
        (None, before),
    ]
    assert page.locator('[id="lookup/0"] th[aria-sort]').count() == 0


@pytest.mark.parametrize("name", ["ratio", "allocations", "bytes", "suspensions"])
def test_every_column_of_figures_is_sorted_as_numbers(
    path: Path, visit: Browsing, name: str
) -> None:
    page = visit(path).page
    headers = page.locator('[id="lookup/0.9"] thead th')
    place = [text.strip() for text in headers.all_text_contents()].index(name)
    headers.nth(place).get_by_role("button").click()
    found = [float(text.replace(",", "")) for text in column(page, "lookup/0.9", place)]
    assert found == sorted(found)
    assert len(set(found)) > 1


def test_names_are_sorted_as_words(path: Path, visit: Browsing) -> None:
    page = visit(path).page
    page.locator('[id="lookup/0.9"]').get_by_role("button", name="variant").click()
    names = column(page, "lookup/0.9")
    assert names[1:] == sorted(names[1:])
    assert len(names) == 5


def test_a_scenario_of_the_overview_stays_together(path: Path, visit: Browsing) -> None:
    page = visit(path).page
    table = page.locator("#overview table")
    table.get_by_role("button", name="task", exact=True).click()
    rows = [text.split()[0] for text in table.locator("tbody tr").all_text_contents()]
    for number, name in enumerate(("lookup", "reader")):
        own = rows[number * 4 : number * 4 + 4]
        assert own[0] == name
        assert own[1:] == ["sync_ratio=0", "sync_ratio=0.9", "sync_ratio=0.99"]
    table.get_by_role("button", name="task", exact=True).click()
    (first,) = table.locator("tbody").first.locator("tr:nth-child(2)").all_text_contents()
    assert first.split()[0] == "sync_ratio=0.99"


# Filtering


def test_the_filter_reaches_tables_overview_and_charts(path: Path, visit: Browsing) -> None:
    page = visit(path).page
    assert page.locator("#count").text_content() == "30 cases"
    page.locator("#filter").fill("lookup 0.9 value")
    page.get_by_text("1 of 30 cases").wait_for()
    assert column(page, "lookup/0.9") == ["value_task"]
    assert page.locator("details.card:visible").count() == 1
    assert page.locator("section.scenario:visible").count() == 1
    assert shown_variants(page) == {"value_task"}
    overview = page.locator("#overview table")
    assert overview.locator("tbody tr:visible").count() == 2
    assert overview.locator("thead th:visible").count() == 2
    assert page.locator(".advice li:visible").count() == 1


def test_a_number_is_looked_for_as_a_whole(path: Path, visit: Browsing) -> None:
    page = visit(path).page
    for text, cases in (("0.9", 10), ("0.99", 10), ("99", 10), ("0", 10)):
        page.locator("#filter").fill(text)
        page.get_by_text(f"{cases} of 30 cases", exact=True).wait_for()


def test_unticked_variants_are_gone_everywhere(path: Path, visit: Browsing) -> None:
    page = visit(path).page
    page.get_by_text("Variants", exact=True).first.click()
    page.get_by_label("task", exact=True).uncheck()
    page.get_by_text("24 of 30 cases").wait_for()
    assert "task" not in column(page, "lookup/0.9")
    assert shown_variants(page) == {"coroutine", "value_task", "=cmd()|x"}
    page.get_by_role("button", name="only value_task", exact=True).click()
    page.get_by_text("6 of 30 cases").wait_for()
    assert page.get_by_text("Variants 1 of 5").count() == 1
    page.get_by_role("button", name="Show all").click()
    page.get_by_text("30 cases", exact=True).wait_for()
    assert shown_variants(page) == {"task", "coroutine", "value_task", "=cmd()|x"}


def test_what_is_found_in_a_closed_panel_is_opened_while_it_is_filtered(
    path: Path, visit: Browsing
) -> None:
    page = visit(path).page
    opened = page.locator("details.card[open]")
    before = opened.count()
    page.locator("#filter").fill("reader 0.99")
    case(page, "reader/0.99/task").wait_for(state="visible")
    page.keyboard.press("Escape")
    page.get_by_text("30 cases", exact=True).wait_for()
    assert opened.count() == before


def test_a_cell_of_the_overview_goes_where_its_case_does(tmp_path: Path, visit: Browsing) -> None:
    path = tmp_path / "index.html"
    write_report(
        make_run(scenarios=("coroutine_pool", "reader"), variants=("task", "coroutine")), path
    )
    page = visit(path, "#?text=coroutine").page
    cells = page.locator("#overview td")
    seen = cells.evaluate_all("cells => cells.map((cell) => getComputedStyle(cell).visibility)")
    assert seen == ["visible", "visible", "hidden", "visible"]


def test_a_filtered_view_can_be_linked(path: Path, visit: Browsing) -> None:
    page = visit(path, "#overview").page
    page.get_by_text("Variants", exact=True).first.click()
    page.get_by_label("=cmd()|x", exact=True).uncheck()
    page.locator("#filter").fill("reader & ?")
    page.get_by_text("0 of 30 cases").wait_for()
    page.locator("#filter").fill("reader")
    page.get_by_text("12 of 30 cases").wait_for()
    fragment = page.url.partition("#")[2]
    assert fragment == "overview?text=reader&without=%3Dcmd%28%29%7Cx"
    again = visit(path, f"#{fragment}").page
    assert again.locator("#count").text_content() == "12 of 30 cases"
    assert again.locator("#filter").input_value() == "reader"
    again.evaluate("location.hash = '#method'")
    again.wait_for_function("location.hash.startsWith('#method?')")
    assert again.locator("#count").text_content() == "12 of 30 cases"


def test_a_link_to_what_is_filtered_away_shows_everything(path: Path, visit: Browsing) -> None:
    for fragment in ("#?text=reader", "#?without=task"):
        page = visit(path, fragment).page
        page.evaluate("location.hash = '#lookup/0/task'")
        case(page, "lookup/0/task").wait_for(state="visible")
        assert page.locator("#count").text_content() == "30 cases"


def test_the_filter_takes_any_name_and_any_address(hostile: Path, visit: Browsing) -> None:
    page = visit(hostile, "#%E0%A4%A?text=%E0%A4%A&without=nothing&without").page
    page.locator("#filter").fill(HOSTILE)
    found = page.locator("tr[data-case]:visible")
    found.first.wait_for()
    assert page.locator("[data-variant]").count() > 100


# Copying


def copied(page: Page) -> str:
    page.wait_for_function("window.copied")
    text: str = page.evaluate("window.copied")
    return text


def test_a_table_is_copied_as_markdown(path: Path, visit: Browsing) -> None:
    page = visit(path, before=CLIPBOARD).page
    page.locator('[id="lookup/0.9"]').get_by_role("button", name="Copy as Markdown").click()
    lines = copied(page).splitlines()
    assert lines[0].startswith("| variant | time, ns | ratio | scatter | allocations |")
    assert lines[1].startswith("| --- | ---: |")
    assert [line.split(" | ")[0] for line in lines[2:]] == [
        "| task",
        "| coroutine baseline",
        "| value_task",
        r"| =cmd()\|x",
        "| eager_task",
    ]
    assert len({re.sub(r"\\.", "", line).count("|") for line in lines}) == 1
    assert re.search(r"\| value_task \| [\d.]+ ± [\d.]+ \| ", lines[4])


def test_a_table_is_copied_as_csv_that_no_spreadsheet_runs(path: Path, visit: Browsing) -> None:
    page = visit(path, before=CLIPBOARD).page
    table = page.locator('[id="lookup/0.9"]')
    table.get_by_role("button", name="allocations").click()
    table.get_by_role("button", name="Copy as CSV").click()
    rows = list(csv.DictReader(io.StringIO(copied(page))))
    assert [row["variant"] for row in rows] == [
        "coroutine",
        "value_task",
        "'=cmd()|x",
        "task",
        "eager_task",
    ]
    assert float(rows[3]["time, ns"]) > 1000
    assert float(rows[3]["time, ns ±"]) > 0
    assert rows[4]["time, ns"] == "unavailable: needs Python 3.12"


def test_what_is_filtered_away_is_not_copied(path: Path, visit: Browsing) -> None:
    page = visit(path, "#?text=reader+0.9", before=CLIPBOARD).page
    page.locator("#overview").get_by_role("button", name="Copy as CSV").click()
    rows = list(csv.reader(io.StringIO(copied(page))))
    assert rows[0] == [
        "scenario",
        "setting",
        "task",
        "coroutine",
        "value_task",
        "'=cmd()|x",
        *rows[0][6:],
    ]
    assert [row[:2] for row in rows[1:]] == [["reader", "sync_ratio=0.9"]]


def test_without_a_clipboard_the_text_is_there_to_be_copied(path: Path, visit: Browsing) -> None:
    page = visit(path, "#?text=lookup", before=NO_CLIPBOARD).page
    page.locator('[id="lookup/0.9"]').get_by_role("button", name="Copy as CSV").click()
    area = page.get_by_role("textbox", name="Text to copy")
    area.wait_for()
    assert area.input_value().startswith("variant,")
    assert page.evaluate("getSelection().toString()").startswith("variant,")
    page.keyboard.press("Escape")
    area.wait_for(state="detached")
    assert page.locator("#filter").input_value() == "lookup"


def test_every_case_has_a_link_that_is_seen_when_it_is_wanted(path: Path, visit: Browsing) -> None:
    page = visit(path, before=CLIPBOARD).page
    row = case(page, "lookup/0.9/value_task")
    link = row.get_by_role("link", name="Link to value_task, 90 % synchronous")
    assert link.evaluate("link => getComputedStyle(link).opacity") == "0"
    link.focus()
    assert link.evaluate("link => getComputedStyle(link).opacity") == "1"
    row.hover()
    link.click()
    assert copied(page) == f"{path.resolve().as_uri()}#lookup/0.9/value_task"
    page.get_by_text("Link copied").wait_for()


def test_a_link_to_a_case_opens_its_panel(path: Path, visit: Browsing) -> None:
    for fragment in ("#lookup/0/task", "#lookup/0/task?text=lookup"):
        row = case(visit(path, fragment).page, "lookup/0/task")
        row.wait_for(state="visible")
        assert row.evaluate("row => row.getBoundingClientRect().top") < DESKTOP[1]
        assert row.evaluate("row => row.getBoundingClientRect().top") > 40


@pytest.mark.parametrize("window", [DESKTOP, PHONE])
@pytest.mark.parametrize("fragment", ["#reader/", "#reader/?text=task", "#method"])
def test_the_bar_covers_nothing_that_a_link_leads_to(
    path: Path, visit: Browsing, window: tuple[int, int], fragment: str
) -> None:
    page = visit(path, fragment, window=window).page
    heading = page.locator(f'[id="{fragment[1:].partition("?")[0]}"] h2')
    page.wait_for_function("scrollY > 0")
    bar = page.locator(".bar").evaluate("bar => bar.getBoundingClientRect().bottom")
    assert bar <= heading.evaluate("heading => heading.getBoundingClientRect().top")


def test_a_link_into_a_large_page_leads_to_its_case(large: Path, visit: Browsing) -> None:
    page = visit(large, "#reader/0.99/coroutine").page
    assert page.locator("body.large").count() == 1
    row = case(page, "reader/0.99/coroutine")
    row.wait_for(state="visible")
    assert 40 < row.evaluate("row => row.getBoundingClientRect().top") < DESKTOP[1]


# Keys


def test_the_first_key_leads_past_the_bar(path: Path, visit: Browsing) -> None:
    page = visit(path).page
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    assert skip.evaluate("link => link === document.activeElement")
    assert skip.evaluate("link => link.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_a_slash_leads_to_the_filter_but_not_while_typing(path: Path, visit: Browsing) -> None:
    page = visit(path).page
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "filter"
    page.keyboard.type("a/b")
    assert page.locator("#filter").input_value() == "a/b"


def test_escape_closes_a_menu_first_and_then_clears_the_filter(path: Path, visit: Browsing) -> None:
    page = visit(path, "#?text=reader").page
    page.get_by_text("Contents", exact=True).click()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert page.locator(".menu[open]").count() == 0
    assert page.locator("#filter").input_value() == "reader"
    page.keyboard.press("Escape")
    assert page.locator("#filter").input_value() == ""
    assert "?" not in page.url


def test_a_menu_closes_behind_who_leaves_it(path: Path, visit: Browsing) -> None:
    page = visit(path).page
    page.get_by_text("Variants", exact=True).first.click()
    page.locator("#filter").focus()
    assert page.locator(".menu[open]").count() == 0
    page.get_by_text("Contents", exact=True).click()
    page.get_by_role("navigation").get_by_role("link", name="How it was measured").click()
    assert page.locator(".menu[open]").count() == 0
    assert page.url.endswith("#method")


def test_the_focus_is_seen(path: Path, visit: Browsing) -> None:
    page = visit(path).page
    unseen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        style = "const s = getComputedStyle(document.activeElement); return s.outlineStyle"
        if page.evaluate(f"(() => {{ {style}; }})()") == "none":
            unseen.append(page.evaluate("document.activeElement.outerHTML"))
    assert unseen == []


# The page as it is shown


def test_nothing_moves_while_the_page_loads_or_is_used(path: Path, visit: Browsing) -> None:
    page = visit(path, before=SHIFTS).page
    page.wait_for_timeout(200)
    page.locator('[id="lookup/0.9"]').get_by_role("button", name="time").click()
    page.keyboard.press("/")
    page.keyboard.type("reader")
    page.get_by_text("15 of 30 cases").wait_for()
    page.wait_for_timeout(100)
    assert page.evaluate("window.shifts") == []


def test_the_check_itself_sees_what_moves(tmp_path: Path, visit: Browsing) -> None:
    path = tmp_path / "index.html"
    path.write_text(
        '<!DOCTYPE html><div id="a"></div><p>moves</p><script>setTimeout(() => '
        "{ document.querySelector('#a').style.height = '300px'; }, 100)</script>",
        encoding="utf-8",
    )
    page = visit(path, before=SHIFTS).page
    page.wait_for_function("window.shifts.length > 0")


@pytest.mark.parametrize("width", [PHONE[0], 640, DESKTOP[0]])
@pytest.mark.parametrize("name", ["path", "hostile"])
def test_no_page_is_wider_than_its_window(
    name: str, width: int, visit: Browsing, request: pytest.FixtureRequest
) -> None:
    opened = visit(request.getfixturevalue(name), window=(width, 800))
    open_all(opened)
    for menu in opened.page.locator(".menu > summary").all():
        menu.click()
        assert opened.overflow == 0


def test_everything_can_be_read_without_scripts(path: Path, visit: Browsing) -> None:
    page = visit(path, "#lookup/0/task", scripts=False).page
    assert case(page, "lookup/0/task").is_visible()
    assert page.locator("section.scenario svg").first.is_visible()
    assert page.locator("#overview table").is_visible()
    assert page.get_by_text("Contents", exact=True).is_visible()
    for control in ("#filter", ".tools >> nth=0", "[data-panels] >> nth=0"):
        assert not page.locator(control).is_visible()
    assert page.locator("th button").count() == 0


def test_all_panels_open_and_close(path: Path, visit: Browsing) -> None:
    opened = visit(path)
    panels = opened.page.locator("main details.card[open]")
    open_all(opened)
    assert panels.count() == opened.page.locator("main details.card").count() > 5
    opened.page.get_by_role("button", name="Close all").click()
    assert panels.count() == 0


def test_paper_shows_what_is_in_closed_panels_and_no_controls(path: Path, visit: Browsing) -> None:
    page = visit(path, printed=True, scheme="dark").page
    assert page.locator("details.card:not([open])").count() == 4
    tables = page.locator("details.card .tabled table").all()  # where it allocates is for a screen
    assert len(tables) > 4
    for table in tables:
        assert table.evaluate("table => table.checkVisibility({ contentVisibilityAuto: true })")
        assert table.bounding_box() is not None
    for control in (".bar", ".tools >> nth=0", ".link >> nth=0", ".skip"):
        assert not page.locator(control).is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_paper_tells_what_it_is_filtered_by(path: Path, visit: Browsing) -> None:
    told = "getComputedStyle(document.querySelector('main'), '::before').content"
    filtered = visit(path, "#?text=reader&without=task", printed=True).page
    said = filtered.evaluate("document.querySelector('main').dataset.filtered")
    assert said == "12 of 30 cases. With: reader. Without: task."
    assert filtered.evaluate(told) != "none"
    filtered.keyboard.press("Escape")
    assert filtered.evaluate(told) == "none"


def test_where_paper_does_not_open_panels_the_page_does_for_a_while(
    path: Path, visit: Browsing
) -> None:
    page = visit(path).page
    before = page.locator("details.card[open]").count()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.card:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.card[open]").count() == before


def open_all(opened: Visit) -> None:
    opened.page.get_by_role("button", name="Open all").click()
