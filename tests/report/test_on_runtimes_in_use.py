"""A page about several runtimes in a real browser: filtered, linked to, narrow, read aloud."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.plan import Runtime
from harness.report.html import write_report
from tests.report.browser import DESKTOP, PHONE, SCHEMES
from tests.report.test_html import HOSTILE, LONG
from tests.report.test_on_runtimes import on_six
from tests.runs import make_run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.report.browser import Browsing, Scheme, Visit

OPEN_ALL = "document.querySelectorAll('main details').forEach(panel => panel.open = true)"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenarios at two shares on six runtimes."""
    path = tmp_path_factory.mktemp("page") / "index.html"
    write_report(on_six(), path)
    return path


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("window", [DESKTOP, PHONE])
def test_axe_finds_nothing(
    path: Path, visit: Browsing, scheme: Scheme, window: tuple[int, int]
) -> None:
    assert visit(path, scheme=scheme, window=window).violations() == []


def test_pictures_stand_beside_each_other_and_on_a_phone_below(path: Path, visit: Browsing) -> None:
    def places(opened: Visit) -> list[tuple[float, float, float]]:
        """Return where the pictures are, and how wide."""
        pictures = opened.page.locator('[id="lookup/0.9"] > .charts svg')
        boxes = [picture.bounding_box() for picture in pictures.all()]
        return [(box["x"], box["y"], box["width"]) for box in boxes if box]

    wide = places(visit(path, window=DESKTOP))
    assert len(wide) == 6
    assert len({x for x, _, _ in wide}) == 3
    assert len({y for _, y, _ in wide}) == 2
    narrow = places(visit(path, window=PHONE))
    assert len({x for x, _, _ in narrow}) == 1
    assert len({y for _, y, _ in narrow}) == 6
    assert min(width for _, _, width in narrow) > 280  # so that what is written can be read


def test_names_as_long_as_they_come_fit_a_phone(tmp_path: Path, visit: Browsing) -> None:
    run = make_run(
        scenarios=(HOSTILE,),
        sync_ratios=(0.0, 1.0),
        variants=("coroutine", LONG, "x" * 80),
        runtimes=(Runtime("3.12.1"), Runtime("3.13.0" + "b" * 60, "c" * 40)),
        noise=0.2,
    )
    path = tmp_path / "index.html"
    write_report(replace(run, titles={HOSTILE: HOSTILE}), path)
    opened = visit(path, window=PHONE)
    opened.page.evaluate(OPEN_ALL)
    assert opened.overflow == 0


def test_the_filter_reaches_the_pictures_and_each_runtime(path: Path, visit: Browsing) -> None:
    page = visit(path).page
    assert page.locator("#count").text_content() == "168 cases"
    page.locator("#filter").fill("lookup 0.9 3.12.1 uvloop task")
    page.get_by_text("4 of 168 cases").wait_for()
    assert page.locator("section.scenario:visible").count() == 1
    # The setting's own panel, the runtime's, and in that the setting's.
    assert page.locator("details.card:visible").count() == 3
    page.locator("#filter").fill("reader")
    page.get_by_text("84 of 168 cases").wait_for()
    assert page.locator('[id="reader/0.9"]').is_visible()
    assert page.locator('[id="lookup/0.9"]').is_hidden()


def test_a_link_opens_the_runtime_and_the_setting(path: Path, visit: Browsing) -> None:
    page = visit(path, "#lookup/cpython-3.12.1-uvloop/0/task").page
    assert page.locator('[id="lookup/cpython-3.12.1-uvloop/0/task"]').is_visible()
    assert page.locator('[id="lookup/cpython-3.13.0-uvloop/"]').is_hidden()
