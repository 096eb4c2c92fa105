"""Evidence: charts behind the figures of a group, for who wants to see what they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from harness.analysis.distribution import common_course, distributions
from harness.report.figures import ratio_parts, time_text, visible
from harness.report.panels import Chart, count_tick
from harness.report.rounds import Row, course_chart, rounds_chart
from harness.report.sizes import Holding, sizes_chart

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.analysis.distribution import Distribution
    from harness.record import GroupRecord
    from harness.report.palette import Mark
    from harness.report.table import Block

__all__ = ["Evidence", "evidence"]


@dataclass(frozen=True)
class Evidence:
    """Charts under one heading, closed until somebody asks."""

    heading: str
    charts: tuple[Chart, ...]


def evidence(
    block: Block, marks: Mapping[str, Mark], anchor: str, about: str
) -> Iterator[Evidence]:
    """Yield how times are distributed and drift, and what is allocated, if it was measured."""
    record = block.record
    if record is None or not block.rows:
        return
    baseline = block.rows[0].baseline
    order = {row.variant: place for place, row in enumerate(block.rows)}
    if times := tuple(_times(record, baseline, order, marks, anchor, about)):
        yield Evidence("Distribution and drift", times)
    if sizes := tuple(_sizes(record, order, marks, anchor, about)):
        yield Evidence("What is allocated", sizes)


def _times(
    record: GroupRecord,
    baseline: str,
    order: Mapping[str, int],
    marks: Mapping[str, Mark],
    anchor: str,
    about: str,
) -> Iterator[Chart]:
    found = sorted(distributions(record, baseline), key=lambda each: order[each.variant])
    if not found:
        return
    title, params = "Values by round", record.group.params
    rows = [Row(visible(d.variant), marks[d.variant], _label(d, baseline), d) for d in found]
    draw = partial(rounds_chart, rows, f"{anchor}-rounds", f"{title}: {about}")
    yield Chart(title, _rounds_note(found, baseline), "rounds", params, draw)
    title = "The machine meanwhile"
    draw = partial(course_chart, common_course(record), f"{anchor}-drift", f"{title}: {about}")
    note = (
        "how much slower all variants of a sweep were than on average, round after round: the "
        "median over the variants, then over each eighth of a round. Ratios are free of it"
    )
    yield Chart(title, note, "drift", params, draw)


def _rounds_note(found: list[Distribution], baseline: str) -> str:
    ratios = any(each.is_ratio for each in found)
    what = (
        f"ratios to {visible(baseline)} in the same sweep, relative to their figure"
        if ratios
        else "times, relative to their figure"
    )
    own = ", and its own times" if ratios and any(not each.is_ratio for each in found) else ""
    return (
        f"{what}{own}. Light: 90 % of a round's values; dark: the middle half; line: its medians "
        "in the order of its sweeps; band: the figure's 95 % interval; right: all values. What is "
        "beyond the axis is cut off"
    )


def _label(found: Distribution, baseline: str) -> str:
    """Return the figure and its interval: ``0.92 ± 0.02 of coroutine``."""
    half = None
    if found.low is not None and found.high is not None:
        half = (found.high - found.low) / 2
    if found.is_ratio:
        figure, margin = ratio_parts(found.value, None if half is None else half * found.value)
        interval = f" ± {margin}" if margin else ""
        return f"{figure}{interval} of {visible(baseline)}"
    percent = "" if half is None else f" ± {half * 100:.2g} %"
    return f"{time_text(found.value * 1e9)}{percent}"


def _sizes(
    record: GroupRecord,
    order: Mapping[str, int],
    marks: Mapping[str, Mark],
    anchor: str,
    about: str,
) -> Iterator[Chart]:
    holdings = [
        Holding.of(visible(variant), marks[variant], record.allocations[variant].kinds)
        for variant in sorted(record.allocations, key=order.__getitem__)
    ]
    if any(holding.counts for holding in holdings):
        title = "Sizes of what is allocated"
        draw = partial(sizes_chart, holdings, f"{anchor}-sizes", f"{title}: {about}", count_tick)
        note = "a dot per size in bytes, its area the number of allocations per operation"
        yield Chart(title, note, "sizes", record.group.params, draw)
