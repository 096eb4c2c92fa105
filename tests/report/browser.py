"""A report in a real browser: opened from disk, with all that it says and asks for written down."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

__all__ = ["DESKTOP", "PHONE", "SCHEMES", "Browsing", "Visit", "launched"]

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
# Width and height of the window in CSS pixels.
DESKTOP, PHONE = (1280, 900), (390, 844)

# The system's browser: none is ever downloaded.
_NAMES = ("chromium", "chromium-browser", "google-chrome")
# WCAG 2.1, levels A and AA, and what axe's authors recommend beyond.
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Visit:
    """A page that is open, and its *troubles*: errors, and requests other than for itself."""

    page: Page
    troubles: list[str] = field(default_factory=list)

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        found: int = self.page.evaluate(_OVERFLOW)
        return found

    def violations(self) -> list[str]:
        """Return what axe-core finds, a line for each element."""
        axe = pytest.importorskip(
            "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
        )
        options = {"runOnly": {"type": "tag", "values": [*_RULES]}, "resultTypes": ["violations"]}
        found: dict[str, Any] = axe.Axe().run(self.page, options=options).response
        return [
            f"{rule['id']}: {node['target']}: {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]


@dataclass
class Browsing:
    """Opens pages, each in a context of its own: no page sees what another one left."""

    browser: Browser
    visits: list[Visit] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(
        self,
        path: Path,
        fragment: str = "",
        *,
        scheme: Scheme = "light",
        window: tuple[int, int] = DESKTOP,
        scripts: bool = True,
        printed: bool = False,
        before: str = "",
    ) -> Visit:
        """Open *path* at *fragment* (``#method``); *before* is a script to run ahead of its own.

        *scripts* says whether the browser runs JavaScript, *printed* that it shows the page as on
        paper.
        """
        context = self.browser.new_context(
            color_scheme=scheme,
            viewport={"width": window[0], "height": window[1]},
            java_script_enabled=scripts,
        )
        self._contexts.append(context)
        page = context.new_page()
        visit = Visit(page)
        self.visits.append(visit)
        address = path.resolve().as_uri()

        def tell(kind: str, text: object) -> None:
            visit.troubles.append(f"{kind}: {text}")

        page.on("console", lambda said: tell(said.type, said.text))
        page.on("pageerror", lambda error: tell("error", error))
        page.on(
            "request",
            lambda request: (
                None if request.url.partition("#")[0] == address else tell("request", request.url)
            ),
        )
        if before:
            page.add_init_script(before)
        if printed:
            page.emulate_media(media="print")
        page.goto(address + fragment)
        return visit

    def close(self) -> None:
        """Close all that was opened."""
        while self._contexts:
            self._contexts.pop().close()


@contextmanager
def launched() -> Iterator[Browser]:
    """Launch the system's Chromium or Chrome; the test is skipped where there is none.

    While it is open, Playwright has an event loop running in this thread: no ``asyncio.run``.
    """
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    executable = next(filter(None, map(shutil.which, _NAMES)), None)
    if executable is None:
        pytest.skip("no Chromium or Chrome is installed to open the page with")
    with api.sync_playwright() as playwright:
        # Containers, in which CI runs, have no sandbox of the kernel's to give.
        yield playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
