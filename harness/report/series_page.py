"""What a page about several runs says: runs beside each other, or their history.

What is said of a case is in :mod:`harness.report.runs_table` for the one, in
:mod:`harness.report.history_table` for the other, and drawn by :mod:`harness.report.series_charts`
for both. Everything that comes from a run goes through :func:`visible`; the templates escape it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from harness.analysis.change_story import cases
from harness.analysis.places import Places
from harness.analysis.sentences import TYPICAL_SHARE
from harness.analysis.series import Against
from harness.analysis.series_story import (
    believe,
    environment_changes,
    events,
    headline,
    newest_line,
    trust_lines,
)
from harness.report.anchors import Distinct, case_anchor, row_anchor, scenario_anchor
from harness.report.claims import ToldChange
from harness.report.compared import change_words
from harness.report.figures import visible
from harness.report.history_table import history_figures
from harness.report.palette import palette
from harness.report.run_facts import moment_text
from harness.report.runs_table import run_cells
from harness.report.series_charts import series_charts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.analysis.series import Series, Stop, Track
    from harness.report.history_table import HistoryFigures
    from harness.report.palette import Mark
    from harness.report.picture import Picture
    from harness.report.runs_table import RunCell

__all__ = ["SeriesPage", "make_series_page"]

_MOST_EVENTS = 8
_MOST_CHARTED = 60  # settings of a page: then only those in which something changed have charts


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
class TrackLine:
    """One case: *history* in a history, else a cell a run. The filter finds it by its *words*."""

    anchor: str
    words: str
    variant: str
    colour: str
    is_baseline: bool
    history: HistoryFigures | None
    cells: tuple[RunCell, ...]


@dataclass(frozen=True)
class Panel:
    """One scenario at one setting. The page's filter finds it by its *words*, as a section."""

    anchor: str
    words: str
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
    words: str
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
    marks: dict[str, Mark]
    events: tuple[ToldChange, ...]
    further: str
    newest: str
    trust: tuple[str, ...]
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
    distinct = Distinct()
    several_runtimes = len({(t.row.python, t.row.loop) for t in series.tracks}) > 1
    own = {
        id(tracks): distinct(row_anchor(tracks[0].row, with_runtime=several_runtimes))
        for panels in grouped
        for tracks in panels
    }
    anchors = {
        (track.row.scenario, places.setting(track.row)): own[id(tracks)]
        for panels in grouped
        for tracks in panels
        for track in tracks
    }
    ordered = sorted(
        (tracks for panels in grouped for tracks in panels), key=lambda tracks: not _changed(tracks)
    )
    charted = {id(tracks) for tracks in ordered[:_MOST_CHARTED]}
    made = events(series, places)
    is_history = series.against is Against.PREVIOUS
    names = tuple(visible(stop.name) for stop in series.stops)

    def panel(name: str, tracks: Sequence[Track], typical: Sequence[Track]) -> Panel:
        heading = visible(places.setting(tracks[0].row))
        about = f"{visible(tracks[0].row.scenario)}, {heading}"
        is_charted = id(tracks) in charted
        return Panel(
            anchor=own[id(tracks)],
            words=f"{heading} {visible(tracks[0].row.params)}",
            heading=heading,
            digest=_digest(tracks),
            opened=bool(_changed(tracks)) or tracks is typical,
            charts=tuple(series_charts(name, tracks, series, marks, about)) if is_charted else (),
            has_ratios=any(row and row.time_ns is not None for t in tracks for row in t.rows),
            has_counts=any(row and row.allocations is not None for t in tracks for row in t.rows),
            lines=tuple(
                _line(
                    track,
                    distinct(case_anchor(own[id(tracks)], track.row.variant)),
                    series,
                    marks,
                )
                for track in tracks
            ),
        )

    return SeriesPage(
        is_history=is_history,
        since_text=f"run {series.since + 1}" if series.since else "first run",
        heading=f"History of {len(names)} runs" if is_history else f"{len(names)} runs compared",
        names=names,
        headline=visible(headline(series)),
        lede=visible(_lede(series)),
        marks=marks,
        events=tuple(
            ToldChange(
                visible(event.variant),
                visible(event.text),
                anchors[event.change.row.scenario, places.setting(event.change.row)],
                str(event.tone),
                "chart",
                run=names[event.place],
            )
            for event in made[:_MOST_EVENTS]
        ),
        further=f"and {len(made) - _MOST_EVENTS} more" if len(made) > _MOST_EVENTS else "",
        newest=visible(newest_line(series)),
        trust=tuple(map(visible, trust_lines(series))),
        stops=tuple(_stop(number, stop) for number, stop in enumerate(series.stops, 1)),
        sections=tuple(
            _section(
                distinct(scenario_anchor(panels[0][0].row.scenario)),
                panels[0][0].row.scenario,
                series.titles,
                tuple(
                    panel(f"s{number}-{place}", tracks, _typical(panels))
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


def _digest(tracks: Sequence[Track]) -> str:
    changed = _changed(tracks)
    told = f"{changed} real change{'' if changed == 1 else 's'}" if changed else "nothing changed"
    return f"{cases(len(tracks))}: {told}"


def _section(
    anchor: str, scenario: str, titles: Mapping[str, str], panels: tuple[Panel, ...]
) -> Section:
    name, title = visible(scenario), visible(titles.get(scenario, scenario))
    return Section(anchor, f"{name} {title}", name, title, panels)


def _line(track: Track, anchor: str, series: Series, marks: dict[str, Mark]) -> TrackLine:
    row = track.row
    is_history = series.against is Against.PREVIOUS
    changed = [(series.stops[place].name, track.steps[place]) for place in track.changed]
    words = [word for name, step in changed if step for word in (name, *change_words(step))]
    return TrackLine(
        anchor=anchor,
        words=visible(" ".join(dict.fromkeys(words))),
        variant=visible(row.variant),
        colour=marks[row.variant].colour,
        is_baseline=track.is_baseline,
        history=history_figures(track, series) if is_history else None,
        cells=() if is_history else tuple(run_cells(track, series)),
    )
