"""Writes what the documents show of the reference run: ``make readme``.

What stands between the markers in README.md and in ``docs/valuetask.md`` is replaced, and
``docs/images/reference.svg``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.analysis.runtime_story import runtime_story
from harness.analysis.runtimes import all_runtimes
from harness.analysis.sentences import TYPICAL_SHARE, summary_sentences
from harness.report.on_runtimes import runtimes_chart, settings_of
from harness.report.palette import palette
from harness.report.standalone import Caption, on_sheet
from harness.report.svg import inline_svg
from harness.report.table import blocks
from harness.report.text import markdown_table
from harness.store import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.plan import Runtime
    from harness.record import Run

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
VALUE_TASK = ROOT / "docs" / "valuetask.md"
PICTURE = ROOT / "docs" / "images" / "reference.svg"
BEGIN, END = "<!-- reference: begin -->", "<!-- reference: end -->"

SCENARIO = "stream_read"
SHARES = (0.9, 1.0)
THERE = 1.0  # the share at which every answer is there already
WIDTH = 840.0  # with its margins what GitHub shows without scaling
VALUE_TASKS = ("value_task", "value_task_native")

# The report's colours: an SVG that stands alone has to bring them along.
STYLE = """
  :root { --ink: #171b21; --muted: #5c6672; --grid: #e6e9ed; --card: #fff; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e7eaee; --muted: #9aa5b1; --grid: #2a3038; --card: #0d1117; }
  }
  svg { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
  text { fill: var(--ink); paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
"""


def main() -> None:
    """Write all of it."""
    run = RunFolder(ROOT / "results" / "reference").load()
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(picture(run), encoding="utf-8")
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
    minutes = sum(record.duration for record in run.groups) / 60
    yield "From [the reference run](results/reference) (its report: `make report RUN=reference`),"
    yield f"preset {run.plan.preset.name}, {minutes:.0f} minutes:"
    yield f"{all_runtimes(run.plan.runtimes)}, on"
    yield f"{about['cores']} cores of {about['processor']}{virtual}, {about['operating system']}."
    yield "All of it: `awaitbench show reference`."
    for block in blocks(run):
        group = block.group
        if group.scenario != SCENARIO or group.runtime != newest(run):
            continue
        if dict(group.params)["sync_ratio"] in SHARES:
            yield ""
            yield from markdown_table(block, run.plan.preset.target)
    yield ""
    yield "What the run says of itself:"
    yield ""
    for sentence in runtime_story(run):
        yield f"- {sentence.text}"
    for sentence in summary_sentences(run):
        group = sentence.group
        if group.scenario == SCENARIO and dict(group.params)["sync_ratio"] in SHARES:
            yield f"- {sentence.text}"


def about_value_task(run: Run) -> Iterator[str]:
    """Yield what the run says of ValueTasks against the baseline, where they are usually done."""
    for sentence in summary_sentences(run):
        variant, *others = sentence.variants
        usually = dict(sentence.group.params)["sync_ratio"] == TYPICAL_SHARE
        if variant in VALUE_TASKS and others == [run.plan.baseline] and usually:
            yield f"- `{sentence.group.scenario}`: {sentence.text}"


def newest(run: Run) -> Runtime:
    """Return the runtime that the tables are of: the newest interpreter, on the first loop."""
    first = run.plan.runtimes[0]
    return max(
        (runtime for runtime in run.plan.runtimes if runtime.loop == first.loop),
        key=lambda runtime: runtime.version,
    )


def picture(run: Run) -> str:
    """Return as an SVG document what an answer costs that is there already, by runtime."""
    found = [
        block
        for block in blocks(run)
        if block.group.scenario == SCENARIO and dict(block.group.params)["sync_ratio"] == THERE
    ]
    # In the order of the newest interpreter, which has them all.
    newest_first = sorted(found, key=lambda block: block.group.runtime != newest(run))
    marks = palette(row.variant for block in newest_first for row in block.rows)
    chart = runtimes_chart(settings_of(found)[0], marks, "reference")
    assert chart is not None
    caption = Caption(
        title="What it costs to hand over an answer that is already there",
        subject=(
            "By strategy and interpreter: time per operation, and on the right of each panel "
            "the exact number of allocations"
        ),
        note=(
            f"{run.titles[SCENARIO]} ({SCENARIO}) at {THERE * 100:.0f} % synchronous completions. "
            "One axis of time for all panels, in logarithms, with 95 % intervals; the dotted line "
            f"is {run.plan.baseline}, awaited."
        ),
        source=f"awaitbench, {all_runtimes(run.plan.runtimes)}, {run.environment['processor']}.",
    )
    svg = str(inline_svg(on_sheet(chart.draw(width=WIDTH), caption)))
    root, rest = svg.split(">", 1)
    named = root.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return f"{named}><style>{STYLE}</style>{rest}\n"


if __name__ == "__main__":
    main()
