"""Which charts a scenario has, made from the rows of its groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.knobs import beside, knob_values, knobs
from harness.plan import format_params
from harness.report.charts import Bar, Line, Point, bar_chart, dot_chart, line_chart
from harness.report.figures import byte_text, count_text, time_text, visible
from harness.report.method import share_text
from harness.report.table import common_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from markupsafe import Markup

    from harness.analysis.rows import CaseRow
    from harness.plan import Group
    from harness.report.palette import Mark
    from harness.report.table import Block

__all__ = ["Chart", "case_charts", "share_charts"]


@dataclass(frozen=True)
class Chart:
    """A drawn chart with what stands above it; *note* explains how to read it."""

    title: str
    note: str
    svg: Markup


def case_charts(
    block: Block, marks: Mapping[str, Mark], anchor: str, about: str
) -> Iterator[Chart]:
    """Yield time, allocations and bytes by variant, each if it was measured at all."""
    rows = block.rows
    if any(row.time_ns is not None for row in rows):
        title = "Time per operation"
        bars = [
            _bar(row, marks, row.time_ns, time_text(row.time_ns), row.time_ns_low, row.time_ns_high)
            for row in rows
        ]
        svg = dot_chart(bars, f"{anchor}-time", f"{title}: {about}", _time_tick)
        yield Chart(title, "with 95 % intervals; lower is better", svg)
    counted: tuple[tuple[str, str, Callable[[CaseRow], float | None], Callable[..., str]], ...] = (
        ("Allocations per operation", "allocations", lambda row: row.allocations, count_text),
        ("Bytes per operation", "bytes", lambda row: row.bytes, byte_text),
    )
    for title, name, figure, text in counted:
        if any(figure(row) is not None for row in rows):
            bars = [_bar(row, marks, figure(row), text(figure(row))) for row in rows]
            svg = bar_chart(bars, f"{anchor}-{name}", f"{title}: {about}", _count_tick)
            note = "counted, not sampled" if name == "allocations" else "asked for, freed or not"
            yield Chart(title, note, svg)


def share_charts(
    several: Sequence[Block], marks: Mapping[str, Mark], anchor: str
) -> Iterator[Chart]:
    """Yield time and allocations against the share, per value of the parameters beside it."""
    moving = knobs([block.group for block in several])
    if any(isinstance(value, str) for _, value in knob_values(several[0].group, moving)):
        return  # kinds of work, which no line leads from one to the other
    settings: dict[str, list[Block]] = {}
    for block in several:
        others = beside(block.group, moving)
        settings.setdefault(visible(format_params(others)), []).append(block)
    for number, (setting, together) in enumerate(settings.items(), start=1):
        ordered = sorted(together, key=lambda block: block.rows[0].sync_ratio)
        about = f" ({setting})" if setting and len(settings) > 1 else ""
        yield from _over_share(ordered, moving, marks, f"{anchor}-over{number}", about)


def _over_share(
    ordered: Sequence[Block],
    moving: Sequence[str],
    marks: Mapping[str, Mark],
    anchor: str,
    about: str,
) -> Iterator[Chart]:
    ordered = [block for block in ordered if common_reason(block.rows) is None]
    if len(ordered) < 2:
        return
    places = [_place(block.group, moving) for block in ordered]
    name = ordered[0].group.scenario
    knob = visible(", ".join(moving)) or "sync_ratio"
    note = _AXIS_NOTE if not moving else f"{_AXIS_NOTE}; {knob} moves it"
    lines = _lines(ordered, marks, _time_point)
    if lines:
        title = f"Time against {knob}{about}"
        svg = line_chart(lines, places, f"{anchor}-time", f"{name}: {title}", _time_tick)
        yield Chart(title, note, svg)
    lines = _lines(ordered, marks, _count_point)
    if lines:
        title = f"Allocations against {knob}{about}"
        svg = line_chart(lines, places, f"{anchor}-allocations", f"{name}: {title}", _count_tick)
        yield Chart(title, note, svg)


_AXIS_NOTE = "per operation, by the share that completes without suspending (not to scale)"


def _place(group: Group, moving: Sequence[str]) -> str:
    """Return how a group stands on the axis: its share, and the knob's value where one moves it."""
    values = "; ".join(
        format_params([(name, value)]).partition("=")[2]
        for name, value in knob_values(group, moving)
    )
    return f"{visible(values)}: {share_text(group)}" if values else share_text(group)


def _lines(
    ordered: Sequence[Block],
    marks: Mapping[str, Mark],
    point: Callable[[int, CaseRow], Point | None],
) -> list[Line]:
    points: dict[str, list[Point]] = {}
    baselines = set()
    for place, block in enumerate(ordered):
        for row in block.rows:
            if (made := point(place, row)) is not None:
                points.setdefault(row.variant, []).append(made)
            if row.is_baseline:
                baselines.add(row.variant)
    return [
        Line(visible(variant), marks[variant], tuple(made), variant in baselines)
        for variant, made in points.items()
    ]


def _time_point(place: int, row: CaseRow) -> Point | None:
    if row.time_ns is None:
        return None
    return Point(place, row.time_ns, time_text(row.time_ns), row.time_ns_low, row.time_ns_high)


def _count_point(place: int, row: CaseRow) -> Point | None:
    if row.allocations is None:
        return None
    return Point(place, row.allocations, count_text(row.allocations))


def _bar(
    row: CaseRow,
    marks: Mapping[str, Mark],
    value: float | None,
    label: str,
    low: float | None = None,
    high: float | None = None,
) -> Bar:
    note = "" if value is not None else row.status if row.status != "ok" else "not measured"
    return Bar(
        name=visible(row.variant),
        mark=marks[row.variant],
        value=value,
        label=label,
        low=low,
        high=high,
        note=note,
        is_baseline=row.is_baseline,
    )


def _time_tick(time_ns: float) -> str:
    if time_ns == 0:
        return "0"
    for symbol, nanoseconds in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if time_ns >= nanoseconds * 0.9999:
            return f"{time_ns / nanoseconds:.4g} {symbol}"
    return f"{time_ns:.4g} ns"


def _count_tick(count: float) -> str:
    return f"{count:,.0f}" if count >= 100 else f"{count:.3g}"
