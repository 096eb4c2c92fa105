"""Chart files: every chart of a run as SVG and PNG, each standing alone in a talk or a paper."""

from __future__ import annotations

import contextlib
import hashlib
import re
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from harness._version import __version__
from harness.analysis.costs import cost_models
from harness.analysis.runtimes import all_runtimes
from harness.errors import StoreError
from harness.plan import format_params
from harness.report.evidence import evidence
from harness.report.figures import visible
from harness.report.heatmap import heat_maps
from harness.report.method import measured_on, plural
from harness.report.on_runtimes import runtimes_chart, settings_of
from harness.report.overview import overview
from harness.report.paint import painted
from harness.report.palette import palette
from harness.report.panels import case_charts, share_charts
from harness.report.standalone import Caption, on_sheet
from harness.report.svg import PRINTED, svg_document
from harness.report.table import blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from harness.analysis.knobs import Values
    from harness.plan import Group
    from harness.record import Run
    from harness.report.drawing import Drawing
    from harness.report.palette import Mark
    from harness.report.panels import Chart
    from harness.report.table import Block
    from harness.scenario import ParamValue

__all__ = ["write_charts"]

_WIDTH, _WIDE = 640.0, 960.0
_SCALE = 2.0  # pixels of a PNG to a pixel of the chart
_LONGEST_STEM = 120
_MAKER = f"awaitbench {__version__}"
_MADE_BY_US = (b"<metadata>awaitbench", b"Software\0awaitbench")
_SIGNED_WITHIN = 4096  # bytes of a file's beginning
_WITH_INTERVALS = {"time", "scatter", "time-by-share", "runtimes"}


@dataclass(frozen=True)
class _Sheet:
    """One chart to be written: the name of its files, without an ending, and how to draw it."""

    stem: str
    draw: Callable[[], Drawing]


def write_charts(run: Run, folder: Path) -> list[Path]:
    """Write every chart of *run* into *folder*, which is made, and return the files' paths.

    Each is an SVG, whose text stays text, and a PNG, white and with two pixels to one of a
    screen. A name says of what it is: ``cache_lookup-sync_ratio-0.9-time.svg`` has the scenario,
    the share, the other parameters if they vary, and the chart; ``overview.svg`` is the heat map.

    A file of that name that awaitbench made is replaced, and any other is left alone: StoreError
    before anything is written. Files that this run has no chart for stay as they are. StoreError
    too where *folder* cannot be written to.
    """
    sheets = list(_named(_sheets(run)))
    paths = [folder / f"{sheet.stem}.{ending}" for sheet in sheets for ending in ("svg", "png")]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in paths:
            _check_ours(path)
        for sheet in sheets:
            drawing = sheet.draw()
            _write(folder / f"{sheet.stem}.svg", svg_document(drawing, _MAKER).encode())
            told = {"Software": _MAKER, "Title": drawing.title.encode("ascii", "replace").decode()}
            png = painted(drawing, PRINTED, "png", scale=_SCALE, metadata=told)
            _write(folder / f"{sheet.stem}.png", png)
    except OSError as error:
        raise StoreError(
            f"{error.filename or folder}: cannot be written ({error.strerror}); give another "
            "folder with --charts, or make room"
        ) from error
    return paths


def _sheets(run: Run) -> Iterator[_Sheet]:
    """Yield the heat map, all runtimes side by side, then the charts of each scenario on each."""
    found = blocks(run)
    rows = [row for block in found for row in block.rows]
    marks = palette(row.variant for row in rows)
    several = len({group.runtime for group in run.plan.groups}) > 1
    source = f"{_MAKER}, run {visible(run.name)}, measured {measured_on(run)}"
    if table := overview(rows):
        yield from _overview_sheets(
            run,
            heat_maps(table, marks, "All cases at a glance", several_runtimes=several),
            table.figure,
            source,
        )
    if several:
        yield from _runtimes_sheets(run, found, marks, source)
    models = cost_models(run)
    by_runtime = groupby(found, key=lambda block: (block.group.scenario, block.group.runtime))
    for (scenario, runtime), together in by_runtime:
        blocks_of = list(together)
        varying = _varying([block.group for block in blocks_of])
        where = (scenario, *([runtime.interpreter, runtime.loop] if several else []))
        title = visible(run.titles.get(scenario, scenario))
        for chart in share_charts(blocks_of, marks, "chart", models):
            params = tuple((n, v) for n, v in chart.params if n in varying)
            subject = _subject(title, scenario, format_params(chart.params))
            yield _sheet(chart, where, params, subject, f"{runtime}. {source}", blocks_of)
        for block in blocks_of:
            params = tuple(
                (n, v) for n, v in block.group.params if n in varying or n == "sync_ratio"
            )
            subject = _subject(title, scenario, format_params(block.group.params))
            for chart in _charts(block, marks):
                yield _sheet(chart, where, params, subject, f"{runtime}. {source}", [block])


def _runtimes_sheets(
    run: Run, found: Sequence[Block], marks: Mapping[str, Mark], source: str
) -> Iterator[_Sheet]:
    varying = {
        scenario: _varying([block.group for block in found if block.group.scenario == scenario])
        for scenario in {block.group.scenario for block in found}
    }
    for together in settings_of(found):
        group = together[0].group
        if chart := runtimes_chart(together, marks, "chart"):
            title = visible(run.titles.get(group.scenario, group.scenario))
            params = tuple(
                (name, value)
                for name, value in group.params
                if name in varying[group.scenario] or name == "sync_ratio"
            )
            subject = _subject(title, group.scenario, format_params(group.params))
            yield _sheet(chart, (group.scenario,), params, subject, source, together, width=_WIDE)


def _overview_sheets(
    run: Run, drawings: Iterable[Drawing], figure: str, source: str
) -> Iterator[_Sheet]:
    baseline = visible(run.plan.baseline)
    note = {
        "ratio": (
            f"Time as a multiple of {baseline} in the same row: less than 1 is faster. Coloured "
            "only where the difference is real: its 95 % interval excludes 1, it is larger than "
            f"{run.plan.threshold * 100:g} %, and it stands among all comparisons of the run."
        ),
        "time_ns": "Time per operation.",
        "allocations": "Allocations per operation.",
    }[figure]
    runtimes = visible(all_runtimes(run.plan.runtimes))
    subject = plural(len({group.scenario for group in run.plan.groups}), "scenario")
    for drawing in drawings:
        caption = Caption(drawing.title, subject, note, f"{runtimes}. {source}.")
        yield _Sheet(drawing.name, partial(on_sheet, drawing, caption))


def _charts(block: Block, marks: Mapping[str, Mark]) -> Iterator[Chart]:
    yield from case_charts(block, marks, "chart", "")
    for each in evidence(block, marks, "chart", ""):
        yield from each.charts


def _sheet(
    chart: Chart,
    where: Sequence[str],
    params: Values,
    subject: str,
    source: str,
    of: Sequence[Block],
    width: float = _WIDTH,
) -> _Sheet:
    note = f"{chart.note[:1].upper()}{chart.note[1:]}."
    if chart.kind in _WITH_INTERVALS and (rounds := _rounds(of)):
        note += f" Intervals are 95 % Student t intervals over {rounds} rounds."
    caption = Caption(chart.title, subject, note, f"{source}.")
    stem = "-".join(
        [*where, *(part for name, value in params for part in (name, _written(value))), chart.kind]
    )
    return _Sheet(stem, lambda: on_sheet(chart.draw(width=width), caption))


def _written(value: ParamValue) -> str:
    return format_params([("", value)]).removeprefix("=")


def _rounds(of: Sequence[Block]) -> str:
    counts = {row.rounds for block in of for row in block.rows if row.rounds}
    if not counts:
        return ""
    return f"{min(counts)} to {max(counts)}" if len(counts) > 1 else f"{min(counts)}"


def _subject(title: str, scenario: str, params: str) -> str:
    told = f"{title} ({visible(scenario)})" if title != visible(scenario) else title
    return f"{told}: {visible(params).replace(';', ', ')}" if params else told


def _varying(groups: Sequence[Group]) -> set[str]:
    """Return the parameters that do not have one value in all of *groups*."""
    values: dict[str, set[object]] = {}
    for group in groups:
        for name, value in group.params:
            values.setdefault(name, set()).add(value)
    return {name for name, several in values.items() if len(several) > 1}


def _named(sheets: Iterable[_Sheet]) -> Iterator[_Sheet]:
    """Yield *sheets* with names that are safe in every file system, each its own."""
    taken: set[str] = set()
    for sheet in sheets:
        safe = re.sub(r"[^A-Za-z0-9._=,+-]", "_", sheet.stem).lstrip(".-") or "_"
        if safe != sheet.stem or len(safe) > _LONGEST_STEM or safe.lower() in taken:
            # What was taken out of it may be all that tells it from another.
            number = 0
            while True:
                digest = hashlib.sha256(f"{sheet.stem}\0{number}".encode()).hexdigest()[:8]
                named = f"{safe[:_LONGEST_STEM]}-{digest}"
                if named.lower() not in taken:
                    break
                number += 1
            safe = named
        taken.add(safe.lower())
        yield _Sheet(safe, sheet.draw)


def _check_ours(path: Path) -> None:
    """StoreError if something is at *path* that awaitbench did not make."""
    if path.is_symlink() or path.exists():
        ours = path.is_file() and not path.is_symlink()
        if ours:
            with path.open("rb") as file:
                beginning = file.read(_SIGNED_WITHIN)
            ours = any(sign in beginning for sign in _MADE_BY_US)
        if not ours:
            raise StoreError(
                f"{path}: there already, and not made by awaitbench, so it is not overwritten; "
                "give another folder with --charts, or move it away"
            )


def _write(path: Path, data: bytes) -> None:
    """Write a file whole, or not at all."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
