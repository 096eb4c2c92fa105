"""A browser for the tests of a module, and pages opened in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.report.browser import Browsing, launched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a module: it is dear to start, and leaves no event loop to the next."""
    with launched() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser) -> Iterator[Browsing]:
    """Open reports from disk; a page that complained or asked for anything fails the test."""
    browsing = Browsing(browser)
    try:
        yield browsing
    finally:
        browsing.close()
    assert [trouble for visit in browsing.visits for trouble in visit.troubles] == []
