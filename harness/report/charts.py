"""Charts: times and counts by variant, and how both follow a parameter, as inline SVG.

Lengths are CSS pixels: figures are drawn at 72 dots per inch, where a point is one unit of
the SVG. Labels are placed for DejaVu Sans, which is wider than what pages are set in.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.transforms import IdentityTransform

from harness.report.scale import linear_ticks, log_ticks, needs_log, shorten, spread
from harness.report.svg import GRID, INK, MUTED, PAPER, inline_svg, showing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from markupsafe import Markup
    from matplotlib.axes import Axes

    from harness.report.palette import Mark

__all__ = ["Bar", "Line", "Point", "bar_chart", "dot_chart", "line_chart"]

_WIDTH, _ROW, _AXIS, _LEFT = 340, 40, 30, 4
_LINE_WIDTH, _LINE_HEIGHT, _LABEL_GAP = 450, 300, 16
_CHARACTER = 7.2  # a generous width of one character at 12 px
_LONGEST_NAME = 20
_STYLE: dict[Any, Any] = {  # keys are a literal type of matplotlib's, different by version
    "svg.fonttype": "none",
    "svg.hashsalt": "awaitbench",
    "text.parse_math": False,  # a "$" in a name is a "$"
    "axes.unicode_minus": True,
    "font.size": 12.0,
    "text.color": INK,
    "axes.edgecolor": GRID,
}


@dataclass(frozen=True)
class Bar:
    """One variant in a chart by variant; without a value its *note* says why."""

    name: str
    mark: Mark
    value: float | None
    label: str
    low: float | None = None
    high: float | None = None
    note: str = ""
    is_baseline: bool = False


@dataclass(frozen=True)
class Point:
    """One value of a line: its place on the axis of the parameter, and its interval."""

    place: int
    value: float
    label: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    """One variant over the values of a parameter."""

    name: str
    mark: Mark
    points: tuple[Point, ...]
    is_baseline: bool = False


def dot_chart(
    bars: Sequence[Bar], name: str, title: str, tick_label: Callable[[float], str]
) -> Markup:
    """Draw values with their intervals: an axis in logarithms if they span much."""
    values = [v for bar in bars for v in (bar.value, bar.low, bar.high) if v is not None]
    with _drawing():
        figure, axes = _rows(bars)
        if needs_log(values):
            low, high = min(values) / 1.15, max(values) * 1.05
            axes.set_xscale("log")
            ticks = log_ticks(low, high)
        else:
            low, high = 0.0, max(values) * 1.02
            ticks = linear_ticks(high)
        axes.set_xlim(low, high)
        _ticks(axes, ticks, tick_label)
        for bar in bars:
            if bar.is_baseline and bar.value is not None:
                axes.axvline(bar.value, color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
        tips = {}
        for row, bar in enumerate(bars):
            axes.axhline(row, color=GRID, linewidth=1)
            if bar.value is None:
                continue
            with showing(axes, bar.name):
                if bar.low is not None and bar.high is not None:
                    axes.hlines(row, bar.low, bar.high, color=bar.mark.colour, linewidth=2)
                (dot,) = axes.plot(
                    bar.value,
                    row,
                    bar.mark.marker,
                    color=bar.mark.colour,
                    markersize=8.5,
                    markeredgecolor=PAPER,
                    markeredgewidth=1,
                    clip_on=False,
                )
                tips[_tip(dot, row)] = f"{bar.name}: {bar.label}"
                _beside(axes, bar, row, bar.high or bar.value)
        return inline_svg(figure, name, title, _describe(bars), tips)


def bar_chart(
    bars: Sequence[Bar], name: str, title: str, tick_label: Callable[[float], str]
) -> Markup:
    """Draw counts as bars from zero; a count of zero is a bar of no length with its label."""
    high = max([bar.value for bar in bars if bar.value is not None], default=0.0) or 1.0
    with _drawing():
        figure, axes = _rows(bars)
        axes.set_xlim(0, high)
        _ticks(axes, linear_ticks(high), tick_label)
        tips = {}
        for row, bar in enumerate(bars):
            if bar.value is None:
                continue
            with showing(axes, bar.name):
                (drawn,) = axes.barh(row, bar.value, height=0.3, color=bar.mark.colour)
                tips[_tip(drawn, row)] = f"{bar.name}: {bar.label}"
                _beside(axes, bar, row, bar.value)
        return inline_svg(figure, name, title, _describe(bars), tips)


def line_chart(
    lines: Sequence[Line],
    places: Sequence[str],
    name: str,
    title: str,
    tick_label: Callable[[float], str],
) -> Markup:
    """Draw one line per variant over *places*, evenly spaced, named at its right end."""
    values = [
        v
        for line in lines
        for point in line.points
        for v in (point.value, point.low, point.high)
        if v is not None
    ]
    with _drawing():
        figure, axes = _line_axes(lines, places)
        if needs_log(values):
            low, high = min(values) / 1.2, max(values) * 1.2
            axes.set_yscale("log")
            ticks = log_ticks(low, high, 7)
        else:
            low, high = 0.0, (max(values) * 1.06) or 1.0
            ticks = linear_ticks(high, 7)
        axes.set_ylim(low, high)
        axes.set_yticks(ticks, [tick_label(tick) for tick in ticks], color=MUTED)
        axes.set_yticks([], minor=True)
        tips: dict[str, str] = {}
        for line in lines:
            with showing(axes, line.name):
                tips.update(_draw_line(axes, line, places, len(tips)))
        _name_ends(axes, lines)
        return inline_svg(figure, name, title, _describe_lines(lines, places), tips)


@contextmanager
def _drawing() -> Iterator[None]:
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # The page's fonts draw the text, not matplotlib's: what those lack does not matter.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def _axes(
    width: float, height: float, box: tuple[float, float, float, float]
) -> tuple[Figure, Axes]:
    """Return axes without a frame; *box* is left, top, right and bottom margin."""
    figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor="none")
    left, top, right, bottom = box
    axes = figure.add_axes(
        (
            left / width,
            bottom / height,
            (width - left - right) / width,
            (height - top - bottom) / height,
        ),
        facecolor="none",
    )
    axes.set_axisbelow(True)
    axes.tick_params(which="both", length=0, left=False, bottom=False, pad=7)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure, axes


def _rows(bars: Sequence[Bar]) -> tuple[Figure, Axes]:
    """Return axes with a row per bar: the name above, the mark below, room for its label."""
    room = max(len(bar.label) for bar in bars) * _CHARACTER + 14
    figure, axes = _axes(_WIDTH, len(bars) * _ROW + _AXIS, (_LEFT, 0, room, _AXIS))
    axes.set_ylim(len(bars) - 0.7, -0.7)
    axes.set_yticks([])
    most = int(_WIDTH / _CHARACTER)
    for row, bar in enumerate(bars):
        note = f" ({bar.note})" if bar.note else " (baseline)" if bar.is_baseline else ""
        text = shorten(bar.name, max(8, most - len(note))) + note
        y = axes.transData.transform((0, row))[1] + 13
        with showing(axes, bar.name):
            _text(axes, _LEFT, y, text, color=MUTED if bar.note else INK)
    return figure, axes


def _text(axes: Axes, x: float, y: float, text: str, **style: object) -> None:
    """Write *text* at a place of the figure, in pixels from its lower left corner."""
    axes.text(x, y, text, transform=IdentityTransform(), **style)  # type: ignore[arg-type]


def _beside(axes: Axes, bar: Bar, row: int, end: float) -> None:
    x, y = axes.transData.transform((end, row))
    _text(axes, x + 9, y - 4, bar.label, color=INK, fontweight="bold" if bar.is_baseline else None)


def _ticks(axes: Axes, ticks: Sequence[float], label: Callable[[float], str]) -> None:
    axes.set_xticks(ticks, [label(tick) for tick in ticks], color=MUTED, fontsize=11)
    axes.set_xticks([], minor=True)
    axes.grid(axis="x", color=GRID, linewidth=1)


def _tip(artist: object, number: int) -> str:
    gid = f"tip{number}"
    artist.set_gid(gid)  # type: ignore[attr-defined]
    return gid


def _line_axes(lines: Sequence[Line], places: Sequence[str]) -> tuple[Figure, Axes]:
    longest = max(len(shorten(line.name, _LONGEST_NAME)) for line in lines)
    height = max(_LINE_HEIGHT, len(lines) * _LABEL_GAP + 60)
    room = longest * _CHARACTER + 37
    figure, axes = _axes(_LINE_WIDTH, height, (54, 12, room, 30))
    axes.set_xlim(-0.12, max(1, len(places) - 1) + 0.06)
    axes.set_xticks(range(len(places)), places, color=MUTED)
    axes.grid(axis="y", color=GRID, linewidth=1)
    return figure, axes


def _draw_line(
    axes: Axes, line: Line, places: Sequence[str], number: int
) -> Iterator[tuple[str, str]]:
    colour = line.mark.colour
    axes.plot(
        [point.place for point in line.points],
        [point.value for point in line.points],
        color=colour,
        linewidth=2,
        clip_on=False,
    )
    for index, point in enumerate(line.points, start=number):
        if point.low is not None and point.high is not None:
            axes.vlines(point.place, point.low, point.high, color=colour, linewidth=1.5)
        (dot,) = axes.plot(
            point.place,
            point.value,
            line.mark.marker,
            color=colour,
            markersize=6.5,
            markeredgecolor=PAPER,
            markeredgewidth=0.8,
            clip_on=False,
        )
        yield _tip(dot, index), f"{line.name}, {places[point.place]}: {point.label}"


def _name_ends(axes: Axes, lines: Sequence[Line]) -> None:
    """Write each line's name right of the axes, level with its end as far as there is room."""
    ends = [
        axes.transData.transform((line.points[-1].place, line.points[-1].value)) for line in lines
    ]
    box = axes.get_window_extent()
    levels = spread([float(y) for _, y in ends], _LABEL_GAP, box.y0 + 4, box.y1)
    for line, (x, y), level in zip(lines, ends, levels, strict=True):
        with showing(axes, line.name):
            axes.plot(
                [x + 5, box.x1 + 22, box.x1 + 28],
                [y, level, level],
                color=line.mark.colour,
                linewidth=1,
                alpha=0.7,
                clip_on=False,
                transform=IdentityTransform(),
            )
            _text(axes, box.x1 + 32, level - 4, shorten(line.name, _LONGEST_NAME), color=INK)


def _describe(bars: Sequence[Bar]) -> str:
    return "; ".join(
        f"{bar.name}: {bar.label if bar.value is not None else bar.note}" for bar in bars
    )


def _describe_lines(lines: Sequence[Line], places: Sequence[str]) -> str:
    return "; ".join(
        f"{line.name}: " + ", ".join(f"{places[p.place]} {p.label}" for p in line.points)
        for line in lines
    )
