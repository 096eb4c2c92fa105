"""Small multiples: a panel per runtime, its variants as rows, all on one axis of times. Pure.

On a page each panel is a picture of its own, which a narrow screen puts below the others; in a
file, and in the README, they stand side by side in one, and the first of a row has the names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.charts import AXIS, NARROW, ticks_below
from harness.report.drawing import GRID, INK, MUTED, Dot, Drawing, Strokes, Told, Words, moved
from harness.report.lettering import fitted, width_of
from harness.report.scale import Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.report.drawing import Part
    from harness.report.palette import Mark

__all__ = ["MultipleRow", "RuntimePanel", "runtime_panels", "side_by_side"]

_ROW, _HEAD, _GAP, _SMALL = 25.0, 26.0, 20.0, 11.0
_LONGEST_NAME = 132.0
_ROOM = 0.03  # of the axis, in logarithms
_COUNTED = "allocs"


@dataclass(frozen=True)
class MultipleRow:
    """One variant on one runtime: nanoseconds with their interval, and allocations in words.

    Without a value its *note* says why.
    """

    name: str
    mark: Mark
    value: float | None
    label: str
    allocations: str
    low: float | None = None
    high: float | None = None
    note: str = ""
    is_baseline: bool = False

    @property
    def about(self) -> str:
        """The row in words."""
        told = self.label if self.value is not None else self.note
        return f"{self.name}: {told}" + (
            f", {self.allocations} allocations" if self.allocations else ""
        )


@dataclass(frozen=True)
class RuntimePanel:
    """One runtime and its rows; all panels of a picture have the same rows in the same order."""

    heading: str
    rows: tuple[MultipleRow, ...]


def runtime_panels(
    panels: Sequence[RuntimePanel],
    name: str,
    title: str,
    tick_label: Callable[[float], str],
    width: float = NARROW,
) -> list[Drawing]:
    """Return a drawing for each of *panels*, *width* pixels wide, on the same axis."""
    names, counts = _names(panels), _counts(panels)
    scale = Scale.log(_times(panels), names, width - counts, most=4)
    return [
        Drawing(
            f"{name}-{number}",
            f"{title}, {panel.heading}",
            "; ".join(row.about for row in panel.rows),
            width,
            _height(panel),
            (*_named(panel, names), *_panel(panel, scale, width, tick_label)),
        )
        for number, panel in enumerate(panels, start=1)
    ]


def side_by_side(
    panels: Sequence[RuntimePanel],
    columns: int,
    name: str,
    title: str,
    tick_label: Callable[[float], str],
    width: float,
) -> Drawing:
    """Return *panels* in one drawing, *columns* beside each other; names stand on the left."""
    names, counts = _names(panels), _counts(panels)
    own = (width - names + _GAP) / columns
    scale = Scale.log(_times(panels), 0, own - _GAP - counts, most=4)
    parts: list[Part] = []
    y = 0.0
    for first in range(0, len(panels), columns):
        beside = panels[first : first + columns]
        parts += moved(tuple(_named(beside[0], names)), 0, y)
        for place, panel in enumerate(beside):
            drawn = tuple(_panel(panel, scale, own - _GAP, tick_label))
            parts += moved(drawn, names + place * own, y)
        y += _height(beside[0]) + _GAP / 2
    told = "; ".join(
        f"{panel.heading}: {', '.join(row.about for row in panel.rows)}" for panel in panels
    )
    return Drawing(name, title, told, width, y - _GAP / 2, tuple(parts))


def _times(panels: Sequence[RuntimePanel]) -> tuple[float, float]:
    """Return the ends of the axis: the shortest and the longest time, with room for a mark."""
    times = [
        time
        for panel in panels
        for row in panel.rows
        for time in (row.value, row.low, row.high)
        if time is not None and time > 0
    ]
    room = (max(times) / min(times)) ** _ROOM
    return min(times) / room, max(times) * room


def _names(panels: Sequence[RuntimePanel]) -> float:
    """Return the room left of the axis for the names of the rows."""
    return 12 + min(
        _LONGEST_NAME,
        max(width_of(row.name, bold=row.is_baseline) for row in panels[0].rows),
    )


def _counts(panels: Sequence[RuntimePanel]) -> float:
    """Return the room right of the axis for the numbers of allocations; 0 if there are none."""
    wide = [width_of(row.allocations) for panel in panels for row in panel.rows if row.allocations]
    return 12 + max([width_of(_COUNTED, _SMALL), *wide]) if wide else 0.0


def _height(panel: RuntimePanel) -> float:
    return _HEAD + len(panel.rows) * _ROW + AXIS


def _level(row: int) -> float:
    return _HEAD + (row + 0.5) * _ROW


def _named(panel: RuntimePanel, room: float) -> Iterator[Part]:
    for place, row in enumerate(panel.rows):
        text = fitted(row.name, room - 12, bold=row.is_baseline)
        words = Words(0, _level(place) + 4, text, INK, bold=row.is_baseline)
        yield Told("", (words,), row.name)


def _panel(
    panel: RuntimePanel, scale: Scale, width: float, tick_label: Callable[[float], str]
) -> Iterator[Part]:
    """Yield heading, axis, marks and numbers; what is left of the axis is not its business."""
    right = width if not any(row.allocations for row in panel.rows) else scale.end
    yield Words(scale.start, 14, fitted(panel.heading, right - scale.start, bold=True), bold=True)
    if right < width:
        yield Words(width, 14, _COUNTED, MUTED, _SMALL, "end")
    rows = len(panel.rows) * _ROW
    yield from moved(tuple(ticks_below(scale, rows + AXIS, tick_label)), 0, _HEAD)
    levels = [_level(place) for place in range(len(panel.rows))]
    yield Strokes(tuple(((scale.start, y), (scale.end, y)) for y in levels), GRID)
    for row in panel.rows:
        if row.is_baseline and row.value is not None:
            x = scale(row.value)
            yield Strokes((((x, _HEAD), (x, _HEAD + rows)),), MUTED, dash=(2, 3))
    for row, y in zip(panel.rows, levels, strict=True):
        yield Told(row.about, tuple(_mark(row, y, scale, width)), row.name)


def _mark(row: MultipleRow, y: float, scale: Scale, width: float) -> Iterator[Part]:
    if row.value is None:
        room = scale.end - scale.start
        yield Words(scale.start + 4, y + 4, fitted(row.note, room, _SMALL), MUTED, _SMALL)
    else:
        if row.low is not None and row.high is not None and row.low > 0:
            path = ((scale(row.low), y), (scale(row.high), y))
            yield Strokes((path,), row.mark.colour, 2)
        yield Dot(scale(row.value), y, row.mark.marker, row.mark.colour, 8.5)
    if row.allocations:
        yield Words(width, y + 4, row.allocations, INK, anchor="end", bold=row.is_baseline)
