"""What happened over a series of runs, as plain sentences: the newest first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.change_story import cases, longer, width_line
from harness.analysis.sentences import Tone
from harness.analysis.series import Against

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.analysis.comparison import Change
    from harness.analysis.places import Places
    from harness.analysis.series import Series, Stop

__all__ = [
    "Event",
    "believe",
    "environment_changes",
    "events",
    "headline",
    "newest_line",
    "trust_lines",
]


@dataclass(frozen=True)
class Event:
    """A real change of one case in the run at *place*: what the *variant* did, and where.

    *change* is the largest one, where several cases of the variant did so in the same run.
    """

    place: int
    variant: str
    text: str
    tone: Tone
    change: Change


def events(series: Series, places: Places) -> list[Event]:
    """Return every real change, one a variant and run: the newest run first, the largest first."""
    found: dict[tuple[int, str, bool, bool], list[tuple[float, Change]]] = {}
    for track in series.tracks:
        for place in track.changed:
            step = track.steps[place]
            if step is None:
                continue
            if step.is_real and step.effect:
                key = place, step.row.variant, True, step.effect.log > 0
                found.setdefault(key, []).append((abs(step.effect.log), step))
            if step.counts_differ and step.allocations:
                key = place, step.row.variant, False, step.allocations > 0
                found.setdefault(key, []).append((abs(step.allocations), step))
    made = [
        (place, not timed, -max(size for size, _ in several), _event(key, several, places))
        for key, several in found.items()
        for place, _, timed, _ in (key,)
    ]
    return [event for *_, event in sorted(made, key=lambda each: (-each[0], *each[1:3]))]


def _event(
    key: tuple[int, str, bool, bool], several: list[tuple[float, Change]], places: Places
) -> Event:
    place, variant, timed, worse = key
    _, most = max(several, key=lambda pair: pair[0])
    where = places.of(most.row)
    if len(several) > 1:
        where = f"{cases(len(several))}, most in {where}"
    if timed and (ratio := most.ratio):
        text = f"{longer(ratio)} in {where}"
    else:
        before, after = (row.allocations or 0 if row else 0 for row in (most.base, most.new))
        text = f"makes {before:.4g} → {after:.4g} allocations per operation in {where}"
    return Event(place, variant, text, Tone.LOSS if worse else Tone.GAIN, most)


def environment_changes(stop: Stop) -> str:
    """Return what of the environment changed, as a phrase; empty if nothing did."""
    told = [f"{label}: {before or '-'} → {now or '-'}" for label, before, now in stop.differences]
    return "; ".join(told)


def headline(series: Series) -> str:
    """Return in one sentence how much changed over the series."""
    reference = (
        "from one run to the next"
        if series.against is Against.PREVIOUS
        else f"against {series.stops[0].name}"
    )
    steps = [step for track in series.tracks for step in track.steps if step is not None]
    slower = sum(bool(s.is_real and s.effect and s.effect.log > 0) for s in steps)
    faster = sum(bool(s.is_real and s.effect and s.effect.log < 0) for s in steps)
    more = sum(bool(s.counts_differ and (s.allocations or 0) > 0) for s in steps)
    fewer = sum(bool(s.counts_differ and (s.allocations or 0) < 0) for s in steps)
    told = []
    if any(step.effect for step in steps):
        told.append(
            f"{slower or 'no'} {'case takes' if slower <= 1 else 'cases take'} really longer and "
            f"{faster or 'none'} less time"
        )
    if any(step.allocations is not None for step in steps):
        told.append(
            f"{more or 'none'} {'makes' if more <= 1 else 'make'} more allocations and "
            f"{fewer or 'none'} fewer"
        )
    if not told:
        return "Nothing of these runs could be compared."
    text = f"{reference}, {'; '.join(told)}"
    return f"{text[0].upper()}{text[1:]}."


def newest_line(series: Series) -> str:
    """Return what the newest run of a history changed, and which one did last; else empty."""
    if series.against is not Against.PREVIOUS:
        return ""
    newest = len(series.stops) - 1
    name = series.stops[newest].name
    changed = [place for track in series.tracks for place in track.changed]
    last = max(changed, default=None)
    if last is None:
        return f"Nothing really changed in any of the {len(series.stops)} runs."
    if last == newest:
        several = cases(sum(newest in track.changed for track in series.tracks))
        return f"In the newest run, {name}, {several} really changed."
    ago = "one run" if newest - last == 1 else f"{newest - last} runs"
    return (
        f"In the newest run, {name}, nothing really changed. The last real change was {ago} before "
        f"it, in {series.stops[last].name}."
    )


def trust_lines(series: Series) -> Iterator[str]:
    """Yield in short whether the series is to be believed."""
    if any(track.row.ratio is not None for track in series.tracks):
        yield (
            f"Each time is held against that of {series.baseline} in the same run, measured "
            "interleaved: a day on which the machine was slower cancels."
        )
    steps = [step for track in series.tracks for step in track.steps if step is not None]
    if widths := width_line(steps):
        yield f"{widths}; of what is claimed, 5 % may be by chance."
    others = [stop for stop in series.stops if stop.differences or stop.unlike]
    if not others:
        yield "Machine, interpreter and versions are the same in all runs."
    elif series.against is Against.PREVIOUS:
        changes = "once, in" if len(others) == 1 else f"{len(others)} times, last in"
        yield f"The environment changed {changes} {others[-1].name}."
    else:
        names = f"{others[0].name} was" if len(others) == 1 else f"{len(others)} runs were"
        yield f"{names} measured in another environment."


def believe(series: Series) -> Iterator[str]:
    """Yield what a reader has to know to judge the series, one sentence or two each."""
    if any(track.row.ratio is not None for track in series.tracks):
        yield (
            f"The main figure is the ratio to {series.baseline}, measured in the same run, "
            "interleaved: a machine that is slower on one day is slower for both, and cancels. "
            f"{series.baseline} itself is 1 by that, and a change of it shows in all others, "
            "turned around."
        )
        yield (
            "Times per operation have what the machine did that day in them. No change of them "
            "is claimed."
        )
    reference = "the one before it" if series.against is Against.PREVIOUS else "the first one"
    yield (
        f"Each run is held against {reference}. A difference is claimed, and marked by a ring, "
        "only where its 95 % interval excludes 1, it is larger than "
        f"{series.threshold * 100:g} %, and it stands among all the comparisons of this page "
        "together (Benjamini and Hochberg, 1995)."
    )
    parted = [stop for stop in series.stops if stop.unlike]
    for stop in parted[:3]:
        yield f"{stop.name} is not compared in time with {reference}: {stop.unlike}."
    if len(parted) > 3:
        yield f"So are {len(parted) - 3} more runs."
    if any(track.row.allocations is not None for track in series.tracks):
        yield (
            "Allocations are counted, not sampled: a difference of more than 0.01 per operation, "
            "or 0.2 % where an operation makes many, is one."
        )
