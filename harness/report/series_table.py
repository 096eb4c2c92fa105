"""A series of runs on the terminal: a block per group, a row a case, a trend as a line of text."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.text import Text

from harness.analysis.places import Places
from harness.analysis.series import Against
from harness.analysis.series_story import environment_changes, events, headline
from harness.report.comparison import signed_count
from harness.report.figures import ABSENT, align, count_text, time_text, time_unit, visible
from harness.report.scale import shorten
from harness.report.series_text import compared_text, own_text
from harness.report.spark import sparkline
from harness.report.terminal import heading, print_line, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from harness.analysis.series import Series, Track

__all__ = ["print_series"]

_NARROWEST = 40
_SPARK = 24
_MOST_TOLD = 8
_LONGEST_RUN = 18
_STYLE = {"slower": "red", "faster": "green"}


def print_series(series: Series, console: Console) -> None:
    """Print every case through all runs, what really changed, and where the environment did."""
    width = max(console.width, _NARROWEST)
    for line in _lines(series, width, ascii_only=console.options.ascii_only):
        print_line(console, line)


def _lines(series: Series, width: int, *, ascii_only: bool) -> Iterator[Text]:
    for (scenario, params, loop), several in groupby(
        series.tracks, key=lambda track: (track.row.scenario, track.row.params, track.row.loop)
    ):
        tracks = list(several)
        yield heading((scenario, params), loop, width)
        columns = (
            _trends(series, tracks, ascii_only=ascii_only)
            if series.against is Against.PREVIOUS
            else _beside(series, tracks)
        )
        yield from _block(tracks, columns, width)
        yield Text()
    yield from _legend(series, width)


def _trends(
    series: Series, tracks: Sequence[Track], *, ascii_only: bool
) -> list[tuple[str, list[str]]]:
    """Return header and cells: first, last, what is between them, counts and the trend."""
    first = [track.rows[series.since] for track in tracks]
    last = [track.rows[-1] for track in tracks]
    name = f"run {series.since + 1}" if series.since else "first"
    counts = []
    for before, after, track in zip(first, last, tracks, strict=True):
        told = [count_text(row.allocations) if row else ABSENT for row in (before, after)]
        differs = track.overall is not None and track.overall.counts_differ
        counts.append(" → ".join(told) if differs else told[1])
    return [
        (name, [own_text(row).partition(" ± ")[0] if row else ABSENT for row in first]),
        ("last", [own_text(row).partition(" ± ")[0] if row else ABSENT for row in last]),
        (f"last/{name}", [compared_text(track.overall) for track in tracks]),
        ("allocs", counts),
        (
            "trend",
            [
                sparkline(
                    [row.ratio if row else None for row in track.rows],
                    _SPARK,
                    ascii_only=ascii_only,
                )
                for track in tracks
            ],
        ),
    ]


def _beside(series: Series, tracks: Sequence[Track]) -> list[tuple[str, list[str]]]:
    """Return header and cells: times of the first run, then how each of the others differs."""
    columns = []
    unit = time_unit(row.time_ns for track in tracks if (row := track.rows[0]))
    for place, stop in enumerate(series.stops):
        name = f"{place + 1}: {shorten(visible(stop.name), _LONGEST_RUN)}"
        rows = [track.rows[place] for track in tracks]
        if place == 0:
            name = f"{name}, {unit.symbol}"
            cells = align([time_text(row.time_ns, unit) if row else ABSENT for row in rows])
        else:
            cells = [
                compared_text(track.steps[place], stop.unlike) if row else ABSENT
                for track, row in zip(tracks, rows, strict=True)
            ]
        columns.append((name, cells))
        counts = []
        for track, row in zip(tracks, rows, strict=True):
            step = track.steps[place]
            more = ""
            if step and step.counts_differ:
                more = f" ({signed_count(step.allocations, differs=True)})"
            counts.append((count_text(row.allocations) if row else ABSENT) + more)
        columns.append(("allocs", counts))
    return columns


def _block(
    tracks: Sequence[Track], columns: Sequence[tuple[str, list[str]]], width: int
) -> Iterator[Text]:
    """Yield the rows; columns that have no room beside the others stand beneath them."""
    names = [visible(track.row.variant) for track in tracks]
    first = max(len("variant"), *map(len, names))
    shown = [column for column in columns if any(cell.strip(" -") for cell in column[1])]
    while shown:
        taken: list[tuple[str, list[str], int]] = []
        used = 2 + first
        for name, cells in shown:
            size = max(map(len, (name, *cells)))
            if taken and used + 2 + size > width:
                break
            taken.append((name, cells, size))
            used += 2 + size
        shown = shown[len(taken) :]
        header = f"  {'variant'.ljust(first)}" + "".join(
            "  " + name.ljust(size) for name, _, size in taken
        )
        yield Text(header.rstrip(), style="dim")
        for index, name in enumerate(names):
            line = Text(f"  {name.ljust(first)}")
            for _, cells, size in taken:
                word = cells[index].rpartition(" ")[2]
                line.append("  ").append(cells[index].ljust(size), _STYLE.get(word, ""))
            line.rstrip()
            yield line


def _legend(series: Series, width: int) -> Iterator[Text]:
    first, last = series.stops[0].name, series.stops[-1].name
    told = f"{len(series.stops)} runs, {first} to {last}: {headline(series)}"
    yield from wrapped(told, width)
    made = events(series, Places(track.row for track in series.tracks))
    for event in made[:_MOST_TOLD]:
        told = f"{series.stops[event.place].name}: {event.variant} {event.text}"
        style = "red" if event.tone == "loss" else "green"
        yield from wrapped(told, width, hang=2, style=style)
    if len(made) > _MOST_TOLD:
        yield Text(f"and {len(made) - _MOST_TOLD} more")
    for stop in [stop for stop in series.stops if stop.differences][-_MOST_TOLD:]:
        parted = "; times are not compared over that" if stop.unlike else ""
        told = f"{stop.name}: environment: {environment_changes(stop)}{parted}"
        yield from wrapped(told, width, hang=2, style="yellow" if stop.unlike else "dim")
    what = (
        f"first, last, trend: time / time of {series.baseline} in the same run"
        if series.against is Against.PREVIOUS
        else f"{series.stops[0].name}: times; the others: their time / its time, allocations as "
        "they are"
    )
    yield from wrapped(
        f"{what}; ± half of the 95 % interval; allocs: per operation; slower, faster: sure, and "
        f"more than {series.threshold * 100:g} %",
        width,
        style="dim",
    )
