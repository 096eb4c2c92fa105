"""What a page about several runs says: beside each other, or as a history with trend lines.

Everything that comes from a run goes through :func:`visible`; the templates escape it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from harness.analysis.change_story import cases, longer
from harness.analysis.comparison import Means
from harness.analysis.places import Places
from harness.analysis.sentences import TYPICAL_SHARE
from harness.analysis.series import Against
from harness.analysis.series_story import believe, environment_changes, events, headline
from harness.report.comparison import half_of, signed_count
from harness.report.figures import (
    ABSENT,
    count_text,
    ratio_parts,
    significant,
    time_text,
    time_unit,
    visible,
)
from harness.report.palette import palette
from harness.report.picture import Picture
from harness.report.run_facts import moment_text
from harness.report.scale import shorten
from harness.report.series_text import own_text
from harness.report.trend_chart import Break, Trend, TrendPoint, trend_chart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.analysis.comparison import Change
    from harness.analysis.rows import CaseRow
    from harness.analysis.series import Series, Stop, Track
    from harness.report.palette import Mark

__all__ = ["SeriesPage", "make_series_page"]

_MOST_EVENTS = 8
_MOST_CHARTED = 60  # settings of a page: then only those in which something changed have charts
_FEW_RUNS = 6  # whose names have room beneath a chart
_LONGEST_PLACE = 11
_LONGEST_BREAK = 24
_INTERPRETER = "interpreter"  # the label of a run's environment


@dataclass(frozen=True)
class EventLine:
    """One real change: in which run, of which variant, and where that is shown."""

    variant: str
    text: str
    run: str
    anchor: str
    tone: str


@dataclass(frozen=True)
class StopLine:
    """One run: its number, what it is, and what is not the same as in the one before."""

    anchor: str
    number: int
    name: str
    started: str
    runtime: str
    preset: str
    differences: str
    unlike: str


@dataclass(frozen=True)
class Cell:
    """What a case is in one run: *figure* against the base, *also* its own figures."""

    figure: str
    half: str
    word: str
    mark: str
    also: str
    href: str = ""


@dataclass(frozen=True)
class TrackLine:
    """One case: a cell a run where runs stand beside each other, else its first and last."""

    variant: str
    colour: str
    is_baseline: bool
    cells: tuple[Cell, ...]
    first: str
    last: str
    overall: Cell
    allocations: str
    more: str
    changed: tuple[int, ...]


@dataclass(frozen=True)
class Panel:
    """One scenario at one setting."""

    anchor: str
    heading: str
    digest: str
    opened: bool
    charts: tuple[Picture, ...]
    has_ratios: bool
    has_counts: bool
    lines: tuple[TrackLine, ...]


@dataclass(frozen=True)
class Section:
    """One scenario."""

    anchor: str
    name: str
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class SeriesPage:
    """The whole page; *is_history* if each run is held against the one before it."""

    is_history: bool
    since_text: str
    heading: str
    names: tuple[str, ...]
    headline: str
    lede: str
    events: tuple[EventLine, ...]
    further: str
    stops: tuple[StopLine, ...]
    sections: tuple[Section, ...]
    left_out: int
    belief: tuple[str, ...]
    baseline: str


def make_series_page(series: Series) -> SeriesPage:
    """Return the page of *series*, its charts drawn."""
    places = Places(track.row for track in series.tracks)
    marks = palette(track.row.variant for track in series.tracks)
    grouped = [
        [list(tracks) for _, tracks in groupby(several, key=lambda t: places.setting(t.row))]
        for _, several in groupby(series.tracks, key=lambda track: track.row.scenario)
    ]
    anchors = {
        (track.row.scenario, places.setting(track.row)): f"s{number}-{place}"
        for number, panels in enumerate(grouped, 1)
        for place, tracks in enumerate(panels, 1)
        for track in tracks
    }
    ordered = sorted(
        (tracks for panels in grouped for tracks in panels), key=lambda tracks: not _changed(tracks)
    )
    charted = {id(tracks) for tracks in ordered[:_MOST_CHARTED]}
    made = events(series, places)
    is_history = series.against is Against.PREVIOUS
    names = tuple(visible(stop.name) for stop in series.stops)
    return SeriesPage(
        is_history=is_history,
        since_text=f"run {series.since + 1}" if series.since else "first run",
        heading=f"History of {len(names)} runs" if is_history else f"{len(names)} runs compared",
        names=names,
        headline=visible(headline(series)),
        lede=visible(_lede(series)),
        events=tuple(
            EventLine(
                visible(event.variant),
                visible(event.text),
                names[event.place],
                anchors[event.change.row.scenario, places.setting(event.change.row)],
                str(event.tone),
            )
            for event in made[:_MOST_EVENTS]
        ),
        further=f"and {len(made) - _MOST_EVENTS} more" if len(made) > _MOST_EVENTS else "",
        stops=tuple(_stop(number, stop) for number, stop in enumerate(series.stops, 1)),
        sections=tuple(
            Section(
                anchor=f"s{number}",
                name=visible(panels[0][0].row.scenario),
                title=visible(
                    series.titles.get(panels[0][0].row.scenario, panels[0][0].row.scenario)
                ),
                panels=tuple(
                    _panel(
                        f"s{number}-{place}",
                        tracks,
                        series,
                        places,
                        marks,
                        opened=bool(_changed(tracks)) or tracks is _typical(panels),
                        charted=id(tracks) in charted,
                    )
                    for place, tracks in enumerate(panels, 1)
                ),
            )
            for number, panels in enumerate(grouped, 1)
        ),
        left_out=max(0, len(ordered) - _MOST_CHARTED),
        belief=tuple(map(visible, believe(series))),
        baseline=visible(series.baseline),
    )


def _lede(series: Series) -> str:
    first, last = series.stops[0], series.stops[-1]
    if series.against is Against.FIRST:
        return f"Each run is held against the first one, {first.name}."
    return (
        f"From {first.name} ({moment_text(first.started)}) to {last.name} "
        f"({moment_text(last.started)}), all of the same plan."
    )


def _changed(tracks: Sequence[Track]) -> int:
    return sum(len(track.changed) for track in tracks)


def _typical(panels: Sequence[Sequence[Track]]) -> Sequence[Track]:
    return min(panels, key=lambda tracks: abs(tracks[0].row.sync_ratio - TYPICAL_SHARE))


def _stop(number: int, stop: Stop) -> StopLine:
    return StopLine(
        anchor=f"run{number}",
        number=number,
        name=visible(stop.name),
        started=moment_text(stop.started),
        runtime=visible(f"{stop.interpreter}, {stop.loop}"),
        preset=visible(stop.preset),
        differences=visible(environment_changes(stop)),
        unlike=visible(stop.unlike),
    )


def _panel(
    anchor: str,
    tracks: Sequence[Track],
    series: Series,
    places: Places,
    marks: dict[str, Mark],
    *,
    opened: bool,
    charted: bool,
) -> Panel:
    heading = visible(places.setting(tracks[0].row))
    about = f"{visible(tracks[0].row.scenario)}, {heading}"
    changed = _changed(tracks)
    return Panel(
        anchor=anchor,
        heading=heading,
        digest=f"{cases(len(tracks))}: "
        + (f"{changed} real change{'' if changed == 1 else 's'}" if changed else "nothing changed"),
        opened=opened,
        charts=tuple(_charts(anchor, tracks, series, marks, about)) if charted else (),
        has_ratios=any(row and row.time_ns is not None for t in tracks for row in t.rows),
        has_counts=any(row and row.allocations is not None for t in tracks for row in t.rows),
        lines=tuple(_line(track, series, marks) for track in tracks),
    )


def _charts(
    anchor: str, tracks: Sequence[Track], series: Series, marks: dict[str, Mark], about: str
) -> Iterator[Picture]:
    """Yield the ratios, the times and the counts that changed, run by run."""
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
            svg = trend_chart(
                rows,
                labels,
                breaks,
                tick,
                f"{anchor}-{kind}",
                f"{title}: {about}",
                logarithmic=logarithmic,
                joined=joined,
            )
            yield Picture(title, note, svg)


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


def _line(track: Track, series: Series, marks: dict[str, Mark]) -> TrackLine:
    row = track.row
    first, last = track.rows[series.since], track.rows[-1]
    before, after = (count_text(each.allocations) if each else ABSENT for each in (first, last))
    overall = track.overall
    return TrackLine(
        variant=visible(row.variant),
        colour=marks[row.variant].colour,
        is_baseline=track.is_baseline,
        cells=tuple(_cells(track, series)) if series.against is Against.FIRST else (),
        first=own_text(first) if first else ABSENT,
        last=own_text(last) if last else ABSENT,
        overall=_compared(overall, ""),
        allocations=before if before == after else f"{before} → {after}",
        more=signed_count(overall.allocations, differs=overall.counts_differ) if overall else "",
        changed=tuple(place + 1 for place in track.changed),
    )


def _cells(track: Track, series: Series) -> Iterator[Cell]:
    for place, (row, step) in enumerate(zip(track.rows, track.steps, strict=True)):
        if row is None:
            yield Cell("", "", "not measured", "", "")
            continue
        also = ", ".join(_figures(row, step))
        if place == 0:
            yield Cell("", "", "", "", also)
            continue
        cell = _compared(step, series.stops[place].unlike, f"#run{place + 1}")
        yield Cell(cell.figure, cell.half, cell.word, cell.mark, also, cell.href)


def _figures(row: CaseRow, step: Change | None) -> Iterator[str]:
    if row.status != "ok":
        yield row.status
    if row.time_ns is not None:
        yield time_text(row.time_ns)
    if row.allocations is not None:
        more = ""
        if step and step.counts_differ:
            more = f" ({signed_count(step.allocations, differs=True)})"
        yield f"{count_text(row.allocations)} alloc.{more}"


def _compared(step: Change | None, unlike: str, href: str = "") -> Cell:
    """Return how a case differs in time from what it is held against, or that it cannot be."""
    if step is None or step.ratio is None:
        return Cell("", "", "not comparable" if unlike else "", "", "", href if unlike else "")
    value, half = ratio_parts(step.ratio.value, half_of(step.ratio))
    if step.means is Means.DIRECT:
        return Cell(value, half, "direct", "", "")
    if not step.is_real:
        return Cell(value, half, "not shown", "", "")
    slower = step.ratio.value > 1
    return Cell(value, half, "slower" if slower else "faster", "loss" if slower else "gain", "")
