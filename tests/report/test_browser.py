from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.report.html import write_report
from tests.report.test_html import HOSTILE, LONG
from tests.runs import COSTS, make_run

if TYPE_CHECKING:
    from pathlib import Path

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no Chromium or Chrome is installed to open the page with"
)

PHONE = 390
# Headless Chromium has no window as narrow as a phone, so the page is put into a frame.
# Closed panels are opened: what is in them has to fit as well.
FRAME = f"""\
<!DOCTYPE html><meta charset="utf-8"><p id="answer">not loaded</p>
<iframe src="index.html" style="width:{PHONE}px;height:3000px;border:0"></iframe>
<script>
addEventListener("load", () => {{
  const page = document.querySelector("iframe").contentDocument;
  page.querySelectorAll("details").forEach(panel => panel.open = true);
  const root = page.documentElement;
  document.querySelector("#answer").textContent =
    `wide ${{root.scrollWidth}} of ${{root.clientWidth}} scripts ${{page.scripts.length}}`;
}});
</script>
"""


def visit(page: Path, profile: Path, fragment: str = "") -> tuple[str, str]:
    """Return the document after loading, and what the console said."""
    done = subprocess.run(
        [
            str(BROWSER),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--allow-file-access-from-files",
            "--enable-logging=stderr",
            f"--user-data-dir={profile}",
            "--hide-scrollbars",
            "--dump-dom",
            page.as_uri() + fragment,
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=90,
    )
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, "\n".join(console)


def test_a_report_opens_from_disk_without_a_word_and_fits_a_phone(tmp_path: Path) -> None:
    run = make_run(
        scenarios=("lookup", HOSTILE),
        sync_ratios=(0.0, 0.9, 1.0),
        variants=(*tuple(COSTS)[:8], LONG, "x" * 80),
        extra={"size": ("y" * 80,)},
        unavailable=((HOSTILE, "a reason " * 30 + "z" * 90),),
        noise=0.2,
        measured=5,
    )
    run = replace(run, environment={"k" * 60: "v" * 300, HOSTILE: HOSTILE})
    write_report(run, tmp_path / "index.html")
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME, encoding="utf-8")
    dom, console = visit(frame, tmp_path / "profile")
    assert console == ""
    assert f'<p id="answer">wide {PHONE} of {PHONE} scripts 0</p>' in dom


def test_the_browser_draws_every_chart(tmp_path: Path) -> None:
    path = tmp_path / "index.html"
    write_report(make_run(sync_ratios=(0.0, 1.0)), path)
    dom, console = visit(path, tmp_path / "profile")
    assert console == ""
    assert len(re.findall(r'<svg [^>]*role="img"', dom)) == 2 + 2 * (4 + 3)


def test_the_check_itself_sees_errors_and_wide_pages(tmp_path: Path) -> None:
    """A page that is too wide and says so on the console is noticed: the test can fail."""
    (tmp_path / "index.html").write_text(
        '<!DOCTYPE html><div style="width:700px">x</div><script>console.error("boo")</script>',
        encoding="utf-8",
    )
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME, encoding="utf-8")
    dom, console = visit(frame, tmp_path / "profile")
    assert "boo" in console
    assert re.search(rf"wide 70\d of {PHONE} scripts 1", dom)


def test_a_link_opens_the_panel_that_it_leads_to(tmp_path: Path) -> None:
    path = tmp_path / "index.html"
    write_report(make_run(sync_ratios=(0.0, 0.9)), path)
    dom, _ = visit(path, tmp_path / "profile", "#s1-1")
    assert len(re.findall(r"<details [^>]*open", dom)) == 2
