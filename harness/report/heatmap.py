"""Heat map: the overview of all cases as a picture, for where the page's table cannot stand."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from harness.report.drawing import FONT_SIZE, INK, MUTED, Areas, Drawing, Words
from harness.report.figures import visible
from harness.report.lettering import fitted, width_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.report.drawing import Part
    from harness.report.overview import Cell, Overview, OverviewRow
    from harness.report.palette import Mark

__all__ = ["heat_maps"]

_ROW, _HEADING, _COLUMN, _GAP = 24.0, 30.0, 64.0, 1.5
_LONGEST_NAME, _LONGEST_SETTING = 150.0, 260.0
_SLANT = 40.0  # degrees, of the names above the columns
_MOST_ROWS = 40
_SLOW, _FAST = "#d55e00", "#0072b2"
_STRENGTHS = (0.10, 0.22, 0.36, 0.52, 0.70)  # of the steps, as on the page
_KEY = (
    (-4, "faster, 3x or more"),
    (-2, "faster"),
    (0, "no difference shown"),
    (2, "slower"),
    (4, "slower, 3x or more"),
)
_SMALL = 11.0


def heat_maps(
    overview: Overview, marks: Mapping[str, Mark], title: str, *, several_runtimes: bool
) -> Iterator[Drawing]:
    """Yield the overview in pictures of 40 rows or fewer, groups down and variants across."""
    rows = overview.rows
    pages = [rows[start : start + _MOST_ROWS] for start in range(0, len(rows), _MOST_ROWS)]
    for number, page in enumerate(pages, start=1):
        name = "overview" if len(pages) == 1 else f"overview-{number}"
        told = title if len(pages) == 1 else f"{title} ({number} of {len(pages)})"
        yield _heat_map(overview, page, marks, name, told, several_runtimes)


def _heat_map(
    overview: Overview,
    rows: Sequence[OverviewRow],
    marks: Mapping[str, Mark],
    name: str,
    title: str,
    several_runtimes: bool,
) -> Drawing:
    settings = [fitted(visible(row.params), _LONGEST_SETTING) for row in rows]
    left = max(map(width_of, settings)) + 20
    names = [fitted(visible(variant), _LONGEST_NAME) for variant in overview.variants]
    top = max(map(width_of, names)) * 0.65 + 26
    right = left + len(names) * _COLUMN
    width = max(right + max(map(width_of, names)) * 0.4, 560.0)
    parts: list[Part] = [*_columns(names, [marks[v] for v in overview.variants], left, top)]
    y = top
    texts = iter(settings)

    def scenario_of(row: OverviewRow) -> tuple[str, str, str]:
        return row.scenario, row.python, row.loop

    for (scenario, python, loop), several in groupby(rows, key=scenario_of):
        runtime = f" ({visible(python)}, {visible(loop)})" if several_runtimes else ""
        heading = fitted(f"{visible(scenario)}{runtime}", right, bold=True)
        parts.append(Words(0, y + 20, heading, bold=True))
        y += _HEADING
        for row in several:
            parts.append(Words(10, y + 16, next(texts), MUTED))
            for place, cell in enumerate(row.cells):
                parts += _cell(cell, left + place * _COLUMN, y)
            y += _ROW
    height = y + 12
    if overview.figure == "ratio":
        parts += _key(y + 12)
        height = y + 44
    return Drawing(name, title, _describe(overview, rows), width, height, tuple(parts))


def _columns(
    names: Sequence[str], marks: Sequence[Mark], left: float, top: float
) -> Iterator[Part]:
    for place, (text, mark) in enumerate(zip(names, marks, strict=True)):
        x = left + (place + 0.5) * _COLUMN
        square = ((x - 5, top - 12), (x + 5, top - 12), (x + 5, top - 2), (x - 5, top - 2))
        yield Areas((square,), mark.colour)
        yield Words(x - 2, top - 18, text, INK, angle=_SLANT)


def _cell(cell: Cell, x: float, y: float, width: float = _COLUMN) -> Iterator[Part]:
    if cell.heat:
        yield Areas((_box(x, y, width),), *_heat(cell.heat))
    size = _SMALL if cell.word else FONT_SIZE
    text = fitted(cell.text, width - 4, size)
    middle = x + width / 2
    yield Words(middle, y + 16, text, MUTED if cell.word else INK, size, "middle")


def _heat(step: int) -> tuple[str, float]:
    return (_SLOW if step > 0 else _FAST), _STRENGTHS[abs(step) - 1]


def _box(x: float, y: float, width: float) -> tuple[tuple[float, float], ...]:
    right, bottom = x + width - _GAP, y + _ROW - _GAP
    return ((x + _GAP, y + _GAP), (right, y + _GAP), (right, bottom), (x + _GAP, bottom))


def _key(y: float) -> Iterator[Part]:
    x = 0.0
    for step, text in _KEY:
        wide = width_of(text, _SMALL) + 16
        if step:
            yield Areas((_box(x, y, wide),), *_heat(step))
        yield Words(x + wide / 2, y + 16, text, INK, _SMALL, "middle")
        x += wide + 6


def _describe(overview: Overview, rows: Sequence[OverviewRow]) -> str:
    names = [visible(variant) for variant in overview.variants]
    return "; ".join(
        f"{visible(row.scenario)} {visible(row.params)}: "
        + ", ".join(
            f"{name} {cell.text}" for name, cell in zip(names, row.cells, strict=True) if cell.text
        )
        for row in rows
    )
