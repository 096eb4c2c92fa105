"""Forecast: how long a run is going to take, before it starts. Pure.

A group that was measured before, as exactly, takes what it took then. The others take what their
processes, variants and rounds are known to take, scaled by how far that is off for those.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.plan import LINES, value_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.plan import Group, Preset

__all__ = ["forecast"]

# Seconds for each variant: to be verified, counted and profiled; to be set up and warmed up for a
# round; and for the gate of each of its values. docs/method.md has what whole runs took.
_VERIFY, _COUNT, _PROFILE = 0.035, 0.050, 0.25
_PREPARE, _GATE = 0.015, 0.0005
# How far between the fewest and the most rounds the targets are met, on average.
_ROUNDS = 0.7


def forecast(
    groups: Iterable[Group],
    preset: Preset,
    instruments: Iterable[str],
    start: float,
    earlier: Mapping[Group, float],
    versions: int = 0,
) -> float:
    """Return the seconds that measuring *groups* is going to take.

    *start* is what starting an interpreter takes, in seconds; *earlier* what groups took before
    at this preset, by these instruments. *versions*: how many of the code each group has in its
    sweeps, where it is measured apart from those of other runtimes; together with these unless
    given.
    """
    wanted = frozenset(instruments)
    groups = tuple(groups)
    # A sweep visits all variants on all runtimes.
    children = Counter[object]()
    for group in groups:
        children[group.setting] += len(group.variants)
    expected = {
        group: _group(
            len(group.variants),
            versions * len(group.variants) or children[group.setting],
            preset,
            wanted,
            start,
        )
        for group in groups
    }
    known = {group: seconds for group, seconds in earlier.items() if group in expected}
    supposed = sum(expected[group] for group in known)
    scale = sum(known.values()) / supposed if supposed else 1.0
    return sum(
        known[group] if group in known else scale * seconds for group, seconds in expected.items()
    )


def _group(
    variants: int, children: int, preset: Preset, instruments: frozenset[str], start: float
) -> float:
    if not variants:
        return 0.0
    seconds = start + variants * _VERIFY
    if "allocations" in instruments:
        seconds += variants * _COUNT
    if LINES in instruments:
        seconds += start + variants * _PROFILE
    if "time" in instruments:
        fewest, most = preset.rounds
        rounds = fewest + _ROUNDS * (most - fewest)
        sweep = value_seconds(children) + _GATE
        seconds += rounds * (start + variants * (_PREPARE + (preset.values + 1) * sweep))
    return seconds
