"""Writes what the documents show of the reference run: ``make readme``.

What stands between the markers in README.md and in ``docs/valuetask.md`` is replaced, and
``docs/images/reference.svg``.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from harness.analysis.sentences import TYPICAL_SHARE, summary_sentences
from harness.report.palette import palette
from harness.report.panels import share_charts
from harness.report.table import blocks
from harness.report.text import markdown_table
from harness.store import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.record import Run
    from harness.report.panels import Chart

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
VALUE_TASK = ROOT / "docs" / "valuetask.md"
PICTURE = ROOT / "docs" / "images" / "reference.svg"
BEGIN, END = "<!-- reference: begin -->", "<!-- reference: end -->"

SCENARIO = "stream_read"
SHARES = (0.9, 1.0)
VALUE_TASKS = ("value_task", "value_task_native")

# The report's colours: an SVG that stands alone has to bring them along.
STYLE = """
  :root { --ink: #171b21; --muted: #5c6672; --grid: #e6e9ed; --card: #fff; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e7eaee; --muted: #9aa5b1; --grid: #2a3038; --card: #0d1117; }
  }
  svg { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
  .title { font-size: 14px; font-weight: 600; fill: var(--ink); }
  .note { fill: var(--muted); }
"""


def main() -> None:
    """Write all of it."""
    run = RunFolder(ROOT / "results" / "reference").load()
    found = [block for block in blocks(run) if block.group.scenario == SCENARIO]
    marks = palette(dict.fromkeys(row.variant for block in found for row in block.rows))
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    charts = list(share_charts(found, marks, "readme"))
    PICTURE.write_text(picture(charts, run), encoding="utf-8")
    replace(README, part(run))
    replace(VALUE_TASK, about_value_task(run))


def replace(page: Path, lines: Iterable[str]) -> None:
    """Put *lines* between the markers of *page*."""
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    table = "\n".join(lines)
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def part(run: Run) -> Iterator[str]:
    """Yield what the README shows of the run: where it was measured, tables, sentences."""
    about = run.environment
    virtual = " in a virtual machine" if about["virtual machine"] == "yes" else ""
    yield "From [the reference run](results/reference) ([its report](reports/reference)),"
    yield f"preset {run.plan.preset.name}: {about['interpreter']}, {about['event loop']}, on"
    yield f"{about['cores']} cores of {about['processor']}{virtual}, {about['operating system']}."
    yield "All of it: `awaitbench show reference`."
    for block in blocks(run):
        if block.group.scenario == SCENARIO and dict(block.group.params)["sync_ratio"] in SHARES:
            yield ""
            yield from markdown_table(block, run.plan.preset.target)
    yield ""
    yield "What the run says of itself:"
    yield ""
    for sentence in summary_sentences(run):
        if sentence.group.scenario == SCENARIO:
            yield f"- {sentence.text}"


def about_value_task(run: Run) -> Iterator[str]:
    """Yield what the run says of ValueTasks against the baseline, where they are usually done."""
    for sentence in summary_sentences(run):
        variant, *others = sentence.variants
        usually = dict(sentence.group.params)["sync_ratio"] == TYPICAL_SHARE
        if variant in VALUE_TASKS and others == [run.plan.baseline] and usually:
            yield f"- `{sentence.group.scenario}`: {sentence.text}"


def picture(charts: list[Chart], run: Run) -> str:
    """Return the charts side by side as one SVG document that stands alone."""
    left, parts, tallest = 0.0, [], 0.0
    for chart in charts:
        width, height = size(chart)
        body = str(chart.svg).replace("<svg ", f'<svg x="{left:g}" y="44" ', 1)
        parts.append(
            f'<text class="title" x="{left + 8:g}" y="18">{escape(chart.title)}</text>'
            f'<text class="note" x="{left + 8:g}" y="36">{escape(SCENARIO)}, '
            f"{escape(run.environment['interpreter'])}, per operation</text>{body}"
        )
        left, tallest = left + width + 24, max(tallest, height)
    across, down = f"{left - 24:g}", f"{tallest + 52:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {down}" '
        f'width="{across}" height="{down}"><style>{STYLE}</style>{"".join(parts)}</svg>\n'
    )


def size(chart: Chart) -> tuple[float, float]:
    """Return the width and height that the chart's own element states."""
    root = ET.fromstring(chart.svg)
    return float(root.attrib["width"]), float(root.attrib["height"])


if __name__ == "__main__":
    main()
