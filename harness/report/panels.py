"""Which charts a scenario has, made from the rows of its groups."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.analysis.crossovers import allocation_crossovers, crossovers
from harness.analysis.knobs import knob_values, knobs, other_parameters
from harness.analysis.wording import share as share_words
from harness.plan import format_params
from harness.report.charts import Bar, Crossing, Line, Point, bar_chart, dot_chart, line_chart
from harness.report.figures import byte_text, count_text, time_text, visible
from harness.report.method import share_text
from harness.report.scatter import Spot, scatter_chart
from harness.report.svg import inline_svg
from harness.report.table import common_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from markupsafe import Markup

    from harness.analysis.costs import CostModel
    from harness.analysis.crossovers import Crossover
    from harness.analysis.knobs import Values
    from harness.analysis.rows import CaseRow
    from harness.plan import Group
    from harness.report.drawing import Drawing
    from harness.report.palette import Mark
    from harness.report.table import Block

__all__ = ["Chart", "case_charts", "count_tick", "share_charts", "time_tick"]


@dataclass(frozen=True)
class Chart:
    """A chart with what stands above it; *note* explains how to read it.

    kind
        What tells it from the others of the same group: ``time``, ``bytes``.
    params
        The values of the parameters that it is of.
    draw
        Returns it; its argument *width* is in pixels, that of the page if it is not given.
    """

    title: str
    note: str
    kind: str
    params: Values
    draw: Callable[..., Drawing]

    @property
    def svg(self) -> Markup:
        """The chart as the page has it."""
        return inline_svg(self.draw())


def case_charts(
    block: Block, marks: Mapping[str, Mark], anchor: str, about: str
) -> Iterator[Chart]:
    """Yield time, allocations and bytes by variant, each if it was measured at all."""
    rows, params = block.rows, block.group.params
    if any(row.time_ns is not None for row in rows):
        title = "Time per operation"
        bars = [
            _bar(row, marks, row.time_ns, time_text(row.time_ns), row.time_ns_low, row.time_ns_high)
            for row in rows
        ]
        draw = partial(dot_chart, bars, f"{anchor}-time", f"{title}: {about}", time_tick)
        yield Chart(title, "with 95 % intervals; lower is better", "time", params, draw)
    counted: tuple[tuple[str, str, Callable[[CaseRow], float | None], Callable[..., str]], ...] = (
        ("Allocations per operation", "allocations", lambda row: row.allocations, count_text),
        ("Bytes per operation", "bytes", lambda row: row.bytes, byte_text),
    )
    for title, kind, figure, text in counted:
        if any(figure(row) is not None for row in rows):
            bars = [_bar(row, marks, figure(row), text(figure(row))) for row in rows]
            draw = partial(bar_chart, bars, f"{anchor}-{kind}", f"{title}: {about}", count_tick)
            note = "counted, not sampled" if kind == "allocations" else "asked for, freed or not"
            yield Chart(title, note, kind, params, draw)
    spots = list(_spots(rows, marks))
    if len(spots) > 1:
        title = "Time against allocations"
        draw = partial(
            scatter_chart, spots, f"{anchor}-scatter", f"{title}: {about}", time_tick, count_tick
        )
        note = "per operation; the line leads through those that none beats in both"
        yield Chart(title, note, "scatter", params, draw)


def share_charts(
    several: Sequence[Block],
    marks: Mapping[str, Mark],
    anchor: str,
    models: Sequence[CostModel] = (),
) -> Iterator[Chart]:
    """Yield time and allocations against the share, per value of the parameters beside it.

    *models* are those of the run; from them it is marked where another variant becomes cheapest.
    """
    moving = knobs([block.group for block in several])
    if any(isinstance(value, str) for _, value in knob_values(several[0].group, moving)):
        return  # kinds of work, which no line leads from one to the other
    settings: dict[Values, list[Block]] = {}
    for block in several:
        settings.setdefault(other_parameters(block.group, moving), []).append(block)
    for number, (setting, together) in enumerate(settings.items(), start=1):
        ordered = sorted(together, key=lambda block: block.rows[0].sync_ratio)
        several_settings = setting and len(settings) > 1
        about = f" ({visible(format_params(setting))})" if several_settings else ""
        group = ordered[0].group
        of = (group.scenario, group.runtime, setting)
        model = next((m for m in models if (m.scenario, m.runtime, m.setting) == of), None)
        yield from _over_share(ordered, moving, marks, f"{anchor}-over{number}", about, model)


def _over_share(
    ordered: Sequence[Block],
    moving: Sequence[str],
    marks: Mapping[str, Mark],
    anchor: str,
    about: str,
    model: CostModel | None,
) -> Iterator[Chart]:
    ordered = [block for block in ordered if common_reason(block.rows) is None]
    if len(ordered) < 2:
        return
    group = ordered[0].group
    setting = other_parameters(group, moving)
    places = [_place(block.group, moving) for block in ordered]
    shares = [block.rows[0].sync_ratio for block in ordered]
    knob = visible(", ".join(moving)) or "sync_ratio"
    note = _AXIS_NOTE if not moving else f"{_AXIS_NOTE}; {knob} moves it"
    kinds: tuple[tuple[str, str, Callable[..., Point | None], Callable[[float], str]], ...] = (
        ("Time", "time", _time_point, time_tick),
        ("Allocations", "allocations", _count_point, count_tick),
    )
    for noun, kind, point, tick in kinds:
        if lines := _lines(ordered, marks, point):
            find = crossovers if kind == "time" else allocation_crossovers
            crossings = _crossings(find(model), lines, shares) if model else []
            title = f"{noun} against {knob}{about}"
            draw = partial(
                line_chart,
                lines,
                places,
                f"{anchor}-{kind}",
                f"{group.scenario}: {title}",
                tick,
                small_ticks=_between(shares),
                crossings=crossings,
                mixed=True,
            )
            marked = f"; marked is where another becomes {_CHEAPEST[kind]}" if crossings else ""
            yield Chart(title, note + marked, f"{kind}-by-share", setting, draw)


_AXIS_NOTE = (
    "per operation, by the share that completes without suspending; the steps between measured "
    "shares are drawn equally wide, small ticks are round shares"
)


_CHEAPEST = {"time": "the fastest", "allocations": "the one with the fewest"}


def _crossings(
    found: Sequence[Crossover], lines: Sequence[Line], shares: Sequence[float]
) -> list[Crossing]:
    """Return the crossovers at which the two that cross are the cheapest of all *lines*.

    Those that would have the same label are one.
    """
    made: dict[str, Crossing] = {}
    for crossover in found:
        levels = {line.name: _at(line, crossover.share, shares) for line in lines}
        both = [levels.get(visible(name)) for name in (crossover.below, crossover.above)]
        level = min((value for value in both if value is not None), default=0.0)
        if any(value is not None and value < level for value in levels.values()):
            continue
        place = _along(crossover.share, shares)
        low = _along(max(crossover.low, shares[0]), shares)
        high = _along(min(crossover.high, shares[-1]), shares)
        if place is None or low is None or high is None:
            continue  # beyond what was measured
        if crossover.bracketed:
            ends = share_words(crossover.low), share_words(crossover.high)
            label = f"{ends[0].removesuffix(' %')}\N{EN DASH}{ends[1]}"
            where = f"between {' and '.join(ends)}"
        else:
            told = share_words(crossover.share, crossover.low, crossover.high)
            label, where = told.partition(" [")[0], f"at {told}"
        names = visible(crossover.below), visible(crossover.above)
        told = f"{where} {names[1]} takes over from {names[0]}"
        if before := made.get(label):
            told = f"{before.told}; {told}"
        made[label] = Crossing(place, label, told, low, high)
    return [*made.values()]


def _along(share: float, shares: Sequence[float]) -> float | None:
    """Return the place of *share* on an axis of *shares*; None if it is on none of its steps."""
    for index, (low, high) in enumerate(pairwise(shares)):
        if low <= share <= high and low < high:
            return index + (share - low) / (high - low)
    return None


def _at(line: Line, share: float, shares: Sequence[float]) -> float | None:
    """Return the height of *line* at *share*, between the two points beside it."""
    for one, two in pairwise(line.points):
        low, high = shares[one.place], shares[two.place]
        if low <= share <= high and low < high:
            return one.value + (two.value - one.value) * (share - low) / (high - low)
    return None


def _between(shares: Sequence[float]) -> list[float]:
    """Return the places of round shares between those measured, ten or fewer in a step."""
    found = []
    for index, (low, high) in enumerate(pairwise(shares)):
        if high - low < 1e-6:
            continue
        step = 10.0 ** math.floor(math.log10((high - low) * 0.999))
        first = math.floor(low / step + 1e-6) + 1
        last = math.ceil(high / step - 1e-6) - 1
        found += [index + (number * step - low) / (high - low) for number in range(first, last + 1)]
    return found


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
    for place, block in enumerate(ordered):
        for row in block.rows:
            if (made := point(place, row)) is not None:
                points.setdefault(row.variant, []).append(made)
    return [Line(visible(variant), marks[variant], tuple(made)) for variant, made in points.items()]


def _time_point(place: int, row: CaseRow) -> Point | None:
    if row.time_ns is None:
        return None
    return Point(place, row.time_ns, time_text(row.time_ns), row.time_ns_low, row.time_ns_high)


def _count_point(place: int, row: CaseRow) -> Point | None:
    if row.allocations is None:
        return None
    return Point(place, row.allocations, count_text(row.allocations))


def _spots(rows: Sequence[CaseRow], marks: Mapping[str, Mark]) -> Iterator[Spot]:
    for row in rows:
        if row.time_ns is not None and row.allocations is not None:
            label = f"{time_text(row.time_ns)}, {count_text(row.allocations)} allocations"
            yield Spot(
                visible(row.variant),
                marks[row.variant],
                row.allocations,
                row.time_ns,
                label,
                row.time_ns_low,
                row.time_ns_high,
            )


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


def time_tick(time_ns: float) -> str:
    """Write a round time as the label of a tick."""
    if time_ns == 0:
        return "0"
    for symbol, nanoseconds in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if time_ns >= nanoseconds * 0.9999:
            return f"{time_ns / nanoseconds:.4g} {symbol}"
    return f"{time_ns:.4g} ns"


def count_tick(count: float) -> str:
    """Write a round count as the label of a tick."""
    return f"{count:,.0f}" if count >= 100 else f"{count:.3g}"
