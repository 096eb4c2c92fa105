"""The report in a real browser."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.report.html import write_report
from tests.report.browser import PHONE
from tests.report.test_html import HOSTILE, LONG
from tests.runs import COSTS, make_run

if TYPE_CHECKING:
    from pathlib import Path

    from harness.record import Run
    from tests.report.browser import Browsing


def hostile_run() -> Run:
    """Return a run with twelve variants and names as long and as hostile as they come."""
    run = make_run(
        scenarios=("lookup", HOSTILE),
        sync_ratios=(0.0, 0.9, 1.0),
        variants=(*tuple(COSTS)[:8], LONG, "x" * 80),
        extra={"size": ("y" * 80,)},
        unavailable=((HOSTILE, "a reason " * 30 + "z" * 90),),
        noise=0.2,
        measured=5,
    )
    return replace(run, environment={"k" * 60: "v" * 300, HOSTILE: HOSTILE})


def test_a_report_opens_from_disk_without_a_word_and_fits_a_phone(
    tmp_path: Path, visit: Browsing
) -> None:
    path = tmp_path / "index.html"
    write_report(hostile_run(), path)
    opened = visit(path, window=PHONE)
    # What is in closed panels has to fit as well.
    opened.page.evaluate("document.querySelectorAll('details').forEach(panel => panel.open = true)")
    assert opened.overflow == 0


def test_the_browser_draws_every_chart(tmp_path: Path, visit: Browsing) -> None:
    path = tmp_path / "index.html"
    write_report(make_run(sync_ratios=(0.0, 1.0)), path)
    assert visit(path).page.locator("svg[role=img]").count() == 2 + 2 * (4 + 3)


def test_the_check_itself_sees_errors_requests_and_wide_pages(
    tmp_path: Path, visit: Browsing
) -> None:
    """A page that is too wide and says so on the console is noticed: the tests can fail."""
    path = tmp_path / "index.html"
    path.write_text(
        '<!DOCTYPE html><div style="width:700px">x</div><img src="picture.png">'
        '<script>console.error("boo"); throw new Error("thrown")</script>',
        encoding="utf-8",
    )
    opened = visit(path, window=PHONE)
    assert opened.overflow >= 700 - PHONE[0]
    picture = path.with_name("picture.png").as_uri()
    for trouble in ("error: boo", "error: thrown", f"request: {picture}"):
        assert trouble in opened.troubles
    assert any(line.startswith("image-alt: ") for line in opened.violations())
    opened.troubles.clear()


def test_a_link_opens_the_panel_that_it_leads_to(tmp_path: Path, visit: Browsing) -> None:
    path = tmp_path / "index.html"
    write_report(make_run(sync_ratios=(0.0, 0.9)), path)
    assert visit(path).page.locator("details[open]").count() == 1
    assert visit(path, "#lookup/0").page.locator("details[open]").count() == 2
