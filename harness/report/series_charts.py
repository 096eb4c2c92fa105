"""Charts of a setting through several runs: ratios, times, and the counts that changed."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from harness.analysis.change_story import longer
from harness.analysis.series import Against
from harness.report.comparison import signed_count
from harness.report.figures import (
    count_text,
    ratio_parts,
    significant,
    time_text,
    time_unit,
    visible,
)
from harness.report.picture import Picture
from harness.report.scale import shorten
from harness.report.svg import inline_svg
from harness.report.trend_chart import Break, Trend, TrendPoint, trend_chart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.analysis.comparison import Change
    from harness.analysis.series import Series, Track
    from harness.report.palette import Mark

__all__ = ["series_charts"]

_FEW_RUNS = 6  # whose names have room beneath a chart
_LONGEST_PLACE = 11
_LONGEST_BREAK = 24
_INTERPRETER = "interpreter"  # the label of a run's environment


def series_charts(
    name: str, tracks: Sequence[Track], series: Series, marks: dict[str, Mark], about: str
) -> Iterator[Picture]:
    """Yield the ratios, the times and the counts that changed, run by run.

    The ids of the pictures begin with *name*; *about* is the setting, for their titles.
    """
    labels = _labels(series)
    joined = series.against is Against.PREVIOUS
    breaks = list(_breaks(series)) if joined else []
    drawn: tuple[
        tuple[str, str, str, Callable[[Track], Trend | None], Callable[[float], str], bool], ...
    ] = (
        (
            "ratio",
            f"Time / time of {visible(series.baseline)} in the same run",
            "with 95 % intervals, each row on an axis of its own",
            lambda track: None if track.is_baseline else _ratio_trend(track, series, marks),
            lambda value: f"{value:.4g}",
            True,
        ),
        (
            "time",
            "Time per operation",
            "what the machine did that day is in it",
            lambda track: _time_trend(track, marks),
            _time_tick,
            True,
        ),
        (
            "allocations",
            "Allocations per operation",
            "counted; only of variants in which they changed",
            lambda track: _count_trend(track, series, marks),
            count_text,
            False,
        ),
    )
    for kind, title, note, trend_of, tick, logarithmic in drawn:
        rows = [trend for track in tracks if (trend := trend_of(track))]
        if rows:
            drawing = trend_chart(
                rows,
                labels,
                breaks,
                tick,
                f"{name}-{kind}",
                f"{title}: {about}",
                logarithmic=logarithmic,
                joined=joined,
            )
            yield Picture(title, note, inline_svg(drawing))


def _time_tick(time_ns: float) -> str:
    unit = time_unit([time_ns])
    return f"{time_ns / unit.nanoseconds:.4g} {unit.symbol}"


def _labels(series: Series) -> list[str]:
    """Return what stands beneath a chart: the runs' names if few, else their numbers."""
    names = [shorten(visible(stop.name), _LONGEST_PLACE) for stop in series.stops]
    if len(names) <= _FEW_RUNS and len({*names}) == len(names):
        return names
    return [str(number) for number in range(1, len(series.stops) + 1)]


def _breaks(series: Series) -> Iterator[Break]:
    """Yield where the environment changed, called by the interpreter where that did."""
    for place, (before, stop) in enumerate(pairwise(series.stops), 1):
        labels = [visible(label) for label, _, _ in stop.differences]
        if stop.interpreter != before.interpreter:
            labels = [visible(stop.interpreter), *(each for each in labels if each != _INTERPRETER)]
        if labels or stop.unlike:
            told = shorten(labels[0] if labels else "unlike", _LONGEST_BREAK)
            yield Break(place, told, ", ".join(labels) or told, bool(stop.unlike))


def _ratio_trend(track: Track, series: Series, marks: dict[str, Mark]) -> Trend | None:
    points = tuple(
        TrendPoint(
            place,
            row.ratio,
            row.ratio_low,
            row.ratio_high,
            is_marked=bool(step and step.is_real),
            tip=_tip(series, place, step),
        )
        for place, (row, step) in enumerate(zip(track.rows, track.steps, strict=True))
        if row and row.ratio is not None
    )
    if not points:
        return None
    last = next(row for row in reversed(track.rows) if row and row.ratio is not None)
    label = " ± ".join(filter(None, ratio_parts(last.ratio, last.ratio_half_width)))
    told = f"{significant(points[0].value)} at first, {label} at last"
    return _trend(track, marks, points, label, told)


def _time_trend(track: Track, marks: dict[str, Mark]) -> Trend | None:
    points = tuple(
        TrendPoint(place, row.time_ns, row.time_ns_low, row.time_ns_high)
        for place, row in enumerate(track.rows)
        if row and row.time_ns is not None
    )
    if not points:
        return None
    label = time_text(points[-1].value)
    told = f"{time_text(points[0].value)} at first, {label} at last"
    return _trend(track, marks, points, label, told)


def _count_trend(track: Track, series: Series, marks: dict[str, Mark]) -> Trend | None:
    if not any(step and step.counts_differ for step in track.steps):
        return None
    points = tuple(
        TrendPoint(
            place,
            row.allocations,
            is_marked=bool(step and step.counts_differ),
            tip=_tip(series, place, step),
        )
        for place, (row, step) in enumerate(zip(track.rows, track.steps, strict=True))
        if row and row.allocations is not None
    )
    label = count_text(points[-1].value)
    told = f"{count_text(points[0].value)} at first, {label} at last"
    return _trend(track, marks, points, label, told)


def _trend(
    track: Track,
    marks: dict[str, Mark],
    points: tuple[TrendPoint, ...],
    label: str,
    told: str,
) -> Trend:
    row = track.row
    return Trend(visible(row.variant), marks[row.variant].colour, points, label, told)


def _tip(series: Series, place: int, step: Change | None) -> str:
    if step is None:
        return ""
    told = [longer(step.ratio)] if step.is_real and step.ratio else []
    if step.counts_differ:
        told.append(f"{signed_count(step.allocations, differs=True)} allocations")
    return f"{visible(series.stops[place].name)}: {', '.join(told)}"
