"""How fast a report is made, painted and used; prints figures, and fails on none.

``python -m tests.report.speed [--run RUN] [--cases N]``: the run is one under ``results``
(``reference`` unless given); with ``--cases`` it is a synthetic one of about so many cases, of
nine variants. Times are medians of a few repeats in Chromium, each with a fresh page.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from harness.report.html import write_report
from harness.store import find_run
from tests.report.browser import Browsing, launched
from tests.runs import COSTS, SYNC_RATIOS, make_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from harness.record import Run

REPEATS = 3
SCENARIOS = 12
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
# From an action until the frame after the next one is about to be drawn: what was done is seen.
TIMED = """
  (action) => new Promise((resolve) => {
    const start = performance.now();
    new Function(action)();
    const done = () => requestAnimationFrame(() => requestAnimationFrame(
      () => resolve(performance.now() - start)));
    setTimeout(done, %d);
  })
"""
TYPE = (
    "const f = document.querySelector('#filter'); f.value = '{}';"
    "f.dispatchEvent(new Event('input', {{ bubbles: true }}));"
)
CLICK = "document.querySelector(`{}`).click()"
# What the filter waits after a key is no work: it is taken off.
PAUSE = 90
ACTIONS = {
    "filter by a setting": (TYPE.format("0.9"), PAUSE),
    "filter by a variant": (TYPE.format("value_task"), PAUSE),
    "clear the filter": (TYPE.format(""), PAUSE),
    "hide a variant": (CLICK.format(".filter input[type=checkbox]"), 0),
    "sort the overview": (CLICK.format("#overview th:nth-child(2) button"), 0),
    "sort a panel's table": (CLICK.format("details[open] th:nth-child(2) button"), 0),
    "open all panels": (CLICK.format("[data-panels=open]"), 0),
    "filter with all open": (TYPE.format("coroutine"), PAUSE),
}


def synthetic(cases: int) -> Run:
    """Return a run of about *cases* cases, in twelve scenarios."""
    sizes = max(1, round(cases / SCENARIOS / len(SYNC_RATIOS) / len(COSTS)))
    return make_run(
        scenarios=[f"scenario_{number}" for number in range(SCENARIOS)],
        sync_ratios=SYNC_RATIOS,
        variants=tuple(COSTS),
        extra={"size": range(1, sizes + 1)},
    )


def opened(browser: Browser, path: Path) -> Iterator[Page]:
    """Yield the page, loaded afresh, a few times."""
    for _ in range(REPEATS):
        browsing = Browsing(browser)
        yield browsing(path).page
        browsing.close()


def figures(path: Path) -> Iterator[tuple[str, str]]:
    """Yield what is measured in the browser, by name."""
    with launched() as browser:
        loads: dict[str, list[float]] = {"first paint": [], "loaded": []}
        times: dict[str, list[float]] = {name: [] for name in ACTIONS}
        elements = 0
        for page in opened(browser, path):
            loads["first paint"].append(page.evaluate(PAINT))
            loads["loaded"].append(page.evaluate(LOADED))
            elements = page.evaluate("document.querySelectorAll('*').length")
            for name, (action, pause) in ACTIONS.items():
                times[name].append(page.evaluate(TIMED % pause, action) - pause)
        yield "elements", f"{elements:,}"
        for name, taken in (*loads.items(), *times.items()):
            yield name, f"{statistics.median(taken):,.0f} ms"


def main() -> None:
    """Make the report, open it, use it, and say how long each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", default="reference")
    parser.add_argument("--cases", type=int, help="a synthetic run of about so many cases")
    asked = parser.parse_args()
    run = synthetic(asked.cases) if asked.cases else find_run(Path("results"), asked.run).load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.html"
        start = time.perf_counter()
        write_report(run, path)
        tell("made in", f"{time.perf_counter() - start:.1f} s")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        tell("memory at most", f"{peak / (2**20 if sys.platform != 'darwin' else 2**30):.2f} GiB")
        tell("size", f"{path.stat().st_size / 1e6:.1f} MB")
        for name, figure in figures(path):
            tell(name, figure)


def tell(name: str, figure: str) -> None:
    print(f"{name:22} {figure:>12}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
