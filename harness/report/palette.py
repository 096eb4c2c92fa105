"""A colour and a marker per variant, the same on the whole page and in every report. Pure.

The first seven are those of Okabe and Ito, "Color Universal Design" (2008), with grey for
black and without yellow: one set serves a white and a dark page, so each has to stand out
from both. The others were searched for: the nearest pair under normal vision, protanopia
and deuteranopia (Machado et al., 2009) is as far apart as twelve colours allow. Labels
stand beside the marks everywhere, so that nothing is told by colour alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Mark", "palette"]


class Mark(NamedTuple):
    """How one variant is drawn: a colour (hexadecimal) and a marker of matplotlib's."""

    colour: str
    marker: str


_KNOWN = {
    "coroutine": Mark("#6b727c", "o"),
    "task": Mark("#d55e00", "s"),
    "cached_future": Mark("#0072b2", "D"),
    "value_task": Mark("#009e73", "o"),
    "value_task_native": Mark("#cc79a7", "^"),
    "ready_future": Mark("#56b4e9", "v"),
    "eager_task": Mark("#e69f00", "s"),
    "value_task_checked": Mark("#8518f2", "P"),
    "synchronous": Mark("#d99857", "X"),
}
_FURTHER = (
    Mark("#bf1330", "<"),
    Mark("#6179f2", ">"),
    Mark("#a6118d", "p"),
)
# Where there are more variants than colours, a colour comes again with another marker.
_MORE_MARKERS = ("h", "d", "*", "8")


def palette(variants: Iterable[str]) -> dict[str, Mark]:
    """Return a mark for each of *variants*; known strategies always have the same one."""
    names = list(dict.fromkeys(variants))
    taken = {_KNOWN[name] for name in names if name in _KNOWN}
    free = [mark for mark in (*_FURTHER, *_KNOWN.values()) if mark not in taken] or [*_FURTHER]
    unknown = [name for name in names if name not in _KNOWN]
    drawn = {}
    for index, name in enumerate(unknown):
        again, place = divmod(index, len(free))
        marker = _MORE_MARKERS[(again - 1) % len(_MORE_MARKERS)] if again else free[place].marker
        drawn[name] = Mark(free[place].colour, marker)
    return {name: _KNOWN.get(name) or drawn[name] for name in names}
