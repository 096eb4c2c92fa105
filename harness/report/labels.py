"""Labels beside points: each near its own, none over another, none outside. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.report.drawing import Place

__all__ = ["Box", "beside_points"]

# From a point's middle to its label, in pixels and in turns from the right, clockwise.
_DISTANCES = (9.0, 15.0, 22.0, 31.0, 42.0, 56.0, 72.0, 92.0, 116.0, 145.0, 180.0)
_TURNS = (0, 8, 12, 4, 14, 2, 10, 6, 15, 1, 9, 7, 13, 3, 11, 5)
_DIRECTIONS = tuple((math.cos(n * math.pi / 8), math.sin(n * math.pi / 8)) for n in _TURNS)
_ASIDE = 0.3  # less than that is above or below rather than beside
_POINT = 5.0  # half of what a point's marker keeps free around it


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels from the top left corner."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Tell whether the two have a place in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, other: Box) -> bool:
        """Tell whether the other is wholly inside."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )

    def nearest(self, place: Place) -> Place:
        """Return the place of the box that is closest to *place*."""
        x, y = place
        return min(max(x, self.left), self.right), min(max(y, self.top), self.bottom)

    def crossed(self, start: Place, end: Place) -> bool:
        """Tell whether the straight way from *start* to *end* leads through the box."""
        first, last = 0.0, 1.0
        for axis, (low, high) in enumerate(((self.left, self.right), (self.top, self.bottom))):
            way = end[axis] - start[axis]
            if way == 0:
                if not low < start[axis] < high:
                    return False
                continue
            enters, leaves = sorted(((low - start[axis]) / way, (high - start[axis]) / way))
            first, last = max(first, enters), min(last, leaves)
        return first < last


def beside_points(
    points: Sequence[Place],
    sizes: Sequence[tuple[float, float]],
    inside: Box,
    lines: Sequence[tuple[Place, Place]] = (),
    *,
    across: bool = False,
) -> list[Box | None]:
    """Return a box for the label of each point, as near to it as the others leave room.

    *sizes* are the labels' widths and heights; *lines* are what no label lies across. The way
    from a point to its label leads across nothing. None for a label that has no place *inside*;
    with *across* it may lie across lines before it has none.
    """
    markers = [Box(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in points]
    leaders: list[tuple[Place, Place]] = []
    placed: dict[int, Box] = {}

    def is_free(box: Box) -> bool:
        return inside.holds(box) and not any(map(box.meets, (*markers, *placed.values())))

    def is_clear(box: Box, point: Place) -> bool:
        leader = (point, box.nearest(point))
        others = (*(m for m in markers if not m.holds(Box(*point, *point))), *placed.values())
        return not (
            any(box.crossed(*line) for line in (*lines, *leaders))
            or any(other.crossed(*leader) for other in others)
            or any(_cross(leader, other) for other in leaders)
        )

    # What stands closest has the least choice.
    for index in sorted(range(len(points)), key=lambda index: _room(points, index)):
        point = points[index]
        free = (box for box in _candidates(point, sizes[index]) if is_free(box))
        box = next((box for box in free if is_clear(box, point)), None)
        if box is None and across:
            box = next(filter(is_free, _candidates(point, sizes[index])), None)
        if box is not None:
            placed[index] = box
            leaders.append((point, box.nearest(point)))
    return [placed.get(index) for index in range(len(points))]


def _cross(one: tuple[Place, Place], other: tuple[Place, Place]) -> bool:
    """Tell whether two straight ways cross, not merely touch."""

    def side(place: Place, way: tuple[Place, Place]) -> float:
        (a, b), (c, d) = way
        return (c - a) * (place[1] - b) - (d - b) * (place[0] - a)

    return (
        side(one[0], other) * side(one[1], other) < 0
        and side(other[0], one) * side(other[1], one) < 0
    )


def _room(points: Sequence[Place], index: int) -> float:
    x, y = points[index]
    return min(
        ((x - a) ** 2 + (y - b) ** 2 for other, (a, b) in enumerate(points) if other != index),
        default=0.0,
    )


def _candidates(point: Place, size: tuple[float, float]) -> Iterator[Box]:
    """Yield boxes around *point*, the near ones first; of those, the ones beside it."""
    (x, y), (width, height) = point, size
    for distance in _DISTANCES:
        for across, down in _DIRECTIONS:
            left = x + across * distance - width * _before(across)
            top = y + down * distance - height * _before(down)
            yield Box(left, top, left + width, top + height)


def _before(direction: float) -> float:
    """Return how much of a label lies before the place that it is put to."""
    return 0.0 if direction > _ASIDE else 1.0 if direction < -_ASIDE else 0.5
