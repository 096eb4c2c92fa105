"""Rounds: how the values of each round lie around a figure, and how the machine went meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.distribution import percentile
from harness.report.drawing import GRID, INK, MUTED, Areas, Drawing, Strokes, Told, Words
from harness.report.lettering import fitted, width_of
from harness.report.scale import Scale, round_ticks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.distribution import Distribution
    from harness.report.drawing import Part, Place
    from harness.report.palette import Mark

__all__ = ["Row", "course_chart", "rounds_chart"]

_WIDTH = 450.0
_LEFT, _SMALL = 54.0, 11.0
_NAME, _BODY, _BELOW, _AXIS = 20.0, 46.0, 12.0, 22.0
_HISTOGRAM, _BINS = 46.0, 24
_SHOWN = 0.9  # of the rounds' middle halves, how many the axis shows whole
_ROOM = 1.6
_TICKED = 0.8  # of the axis: a label above is in the way of the name
_LEAST = 0.01  # the axis reaches 1 % or more: below, everything is equal
_COURSE = 190.0
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Row:
    """One variant: its name as it is shown, and what is said of its figure and interval."""

    name: str
    mark: Mark
    label: str
    distribution: Distribution


def rounds_chart(rows: Sequence[Row], name: str, title: str, width: float = _WIDTH) -> Drawing:
    """Draw each round's values as a pillar, in the order measured, and all of them at the right.

    Light is where 90 % of a round's values are, dark the middle half, the line their course in
    quarters of the round; the band behind is the interval of the figure, which is at 0. Rows of
    ratios share one axis; what is beyond it is cut off, and counted at the end of the right side.
    """
    limits = {
        is_ratio: _limit(
            [row.distribution for row in rows if row.distribution.is_ratio == is_ratio]
        )
        for is_ratio in {row.distribution.is_ratio for row in rows}
    }
    rounds = max(len(row.distribution.rounds) for row in rows)
    across = Scale.linear(0, rounds, _LEFT, width - _HISTOGRAM - 8)
    height = len(rows) * (_NAME + _BODY + _BELOW) + _AXIS
    parts: list[Part] = []
    for index, row in enumerate(rows):
        top = index * (_NAME + _BODY + _BELOW) + _NAME
        limit = limits[row.distribution.is_ratio]
        up = Scale.linear(-limit, limit, top + _BODY, top)
        drawn = (
            *_frame(row, up, limit, across, width),
            *_pillars(row, up, across),
            _histogram(row, up, width),
        )
        parts.append(Told(f"{row.name}: {row.label}", drawn, row.name))
    words = f"{rounds} rounds, in order" if rounds > 1 else "1 round"
    parts.append(Words((_LEFT + across.end) / 2, height - 6, words, MUTED, _SMALL, "middle"))
    parts.append(Words(width, height - 6, "all values", MUTED, _SMALL, "end"))
    described = "; ".join(f"{row.name}: {row.label}" for row in rows)
    return Drawing(name, title, described, width, height, tuple(parts))


def course_chart(
    course: Sequence[Sequence[float]], name: str, title: str, width: float = _WIDTH
) -> Drawing:
    """Draw how much slower all variants were than on average, round after round."""
    low = min(0.0, *(value for part in course for value in part))
    high = max(0.0, *(value for part in course for value in part))
    room = max(high - low, 2 * _LEAST) * 0.06
    up = Scale.linear(min(low - room, -_LEAST), max(high + room, _LEAST), _COURSE - _AXIS, 8)
    across = Scale.linear(0, len(course), _LEFT, width - 8)
    parts: list[Part] = []
    for tick in round_ticks(up.low, up.high):
        parts.append(Strokes((((_LEFT, up(tick)), (across.end, up(tick))),), GRID))
        parts.append(Words(_LEFT - 6, up(tick) + 4, _signed(tick), MUTED, _SMALL, "end"))
    limits = tuple(((across(n), up.end), (across(n), up.start)) for n in range(len(course) + 1))
    parts.append(Strokes(limits, GRID))
    paths = tuple(
        tuple((x, up(value)) for x, value in zip(_within(index, part, across), part, strict=True))
        for index, part in enumerate(course)
    )
    parts.append(Strokes(tuple(map(_seen, paths)), INK, 1.5))
    words = f"{len(course)} rounds, in order" if len(course) > 1 else "1 round"
    parts.append(Words((_LEFT + across.end) / 2, _COURSE - 6, words, MUTED, _SMALL, "middle"))
    described = f"from {_signed(low)} to {_signed(high)} of the average, over {words}"
    return Drawing(name, title, described, width, _COURSE, tuple(parts))


def _limit(shown: Sequence[Distribution]) -> float:
    """Return how far the axis reaches to both sides, as a share."""
    middles = sorted(max(map(abs, part.middle)) for each in shown for part in each.rounds)
    widest = max(max(-(each.low or 0), each.high or 0) for each in shown)
    return max(_ROOM * percentile(middles, _SHOWN), _ROOM * widest, _LEAST)


def _frame(row: Row, up: Scale, limit: float, across: Scale, width: float) -> Iterator[Part]:
    """Yield the name, the label, the axis and the interval of one row."""
    label = fitted(row.label, width * 0.55, _SMALL)
    room = width - width_of(label, _SMALL) - 12
    yield Words(4, up.end - 7, fitted(row.name, room))
    yield Words(width, up.end - 7, label, MUTED, _SMALL, "end")
    tick = max(round_ticks(-limit * _TICKED, limit * _TICKED, 5))
    ticks = (tick, -tick) if tick else ()
    yield Strokes(tuple(((_LEFT, up(tick)), (width, up(tick))) for tick in (*ticks, 0.0)), GRID)
    for tick in ticks:
        yield Words(_LEFT - 6, up(tick) + 4, _signed(tick), MUTED, _SMALL, "end")
    interval = row.distribution
    if interval.low is not None and interval.high is not None:
        band = _box(_LEFT, up(interval.high), across.end, up(interval.low))
        yield Areas((band,), row.mark.colour, 0.22)


def _pillars(row: Row, up: Scale, across: Scale) -> Iterator[Part]:
    rounds = row.distribution.rounds
    gap = min(3.0, (across(1) - across(0)) * 0.15)
    ends, middles, courses = [], [], []
    for index, part in enumerate(rounds):
        left, right = across(index) + gap, across(index + 1) - gap
        ends.append(_box(left, _kept(up, part.ends[1]), right, _kept(up, part.ends[0])))
        middles.append(_box(left, _kept(up, part.middle[1]), right, _kept(up, part.middle[0])))
        places = _within(index, part.course, across)
        path = tuple((x, _kept(up, v)) for x, v in zip(places, part.course, strict=True))
        courses.append(_seen(path))
    colour = row.mark.colour
    yield Areas(tuple(ends), colour, 0.3)
    yield Areas(tuple(middles), colour, 0.6)
    yield Strokes(tuple(courses), INK, 1.2)


def _histogram(row: Row, up: Scale, width: float) -> Areas:
    """Return how all values are distributed, those beyond the axis at its ends."""
    counts = [0] * _BINS
    for value in row.distribution.values:
        share = (value - up.low) / (up.high - up.low)
        counts[min(_BINS - 1, max(0, int(share * _BINS)))] += 1
    left, most = width - _HISTOGRAM, max(counts)
    path: list[Place] = [(left, up.start)]
    for index, count in enumerate(counts):
        x = left + count / most * (_HISTOGRAM - 2)
        low, high = (up.start + (up.end - up.start) * step / _BINS for step in (index, index + 1))
        path += [(x, low), (x, high)]
    path.append((left, up.end))
    return Areas((tuple(path),), row.mark.colour, 0.6)


def _within(index: int, parts: Sequence[float], across: Scale) -> list[float]:
    """Return where the parts of a round lie, each in the middle of its share."""
    return [across(index + (part + 0.5) / len(parts)) for part in range(len(parts))]


def _seen(path: tuple[Place, ...]) -> tuple[Place, ...]:
    """Return *path*; one place alone, which would be no line, as a short one."""
    if len(path) > 1:
        return path
    ((x, y),) = path
    return ((x - 2, y), (x + 2, y))


def _kept(up: Scale, value: float) -> float:
    return up(min(max(value, up.low), up.high))


def _box(left: float, top: float, right: float, bottom: float) -> tuple[Place, ...]:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _signed(share: float) -> str:
    if share == 0:
        return "0"
    return f"{'+' if share > 0 else _MINUS}{abs(share) * 100:.3g} %"
