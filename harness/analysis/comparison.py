"""Comparison: what changed between two runs, case by case. Pure.

How the times of two runs are held against each other:

- *paired*, where both were measured interleaved: by sweeps, as the variants of one run are;
- *bridged*, where both have the baseline: by the ratio of their ratios to it, so that a machine
  that was slower on one day is slower on both sides and cancels. A change of the baseline itself
  does not show there, and would show in all others, turned around;
- *direct* otherwise, and for the baseline itself: what the machine did meanwhile is in it.

Bridged and direct differences have the interval of B. L. Welch (The generalization of Student's
problem, 1947) over the rounds of both. Allocations are counted, and compared as they are.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from harness.analysis.decision import LEVEL, discovery_limit, is_real
from harness.analysis.estimate import Estimate, round_logs
from harness.analysis.side import Side, other_builds, unlike_kinds
from harness.analysis.student import cumulative, quantile
from harness.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.analysis.rows import CaseRow
    from harness.analysis.side import Key
    from harness.record import Run, Timing

__all__ = [
    "Change",
    "Comparison",
    "Effect",
    "Means",
    "Presence",
    "compare_runs",
    "compare_sides",
    "count_resolution",
]

# What makes another machine, of those labels that a run is stored with.
_MACHINE = ("processor", "cores", "virtual machine")
_WIDEST = 500.0  # of a log


class Presence(StrEnum):
    """In which of the two runs a case was measured."""

    BOTH = "both"
    ADDED = "added"
    REMOVED = "removed"
    FAILED = "failed"
    """The newer run was to measure it, and did not."""


class Means(StrEnum):
    """How two times were held against each other."""

    PAIRED = "paired"
    BRIDGED = "bridged"
    DIRECT = "direct"


@dataclass(frozen=True)
class Effect:
    """The log of new / base, its standard error, and the degrees of freedom of that."""

    log: float
    error: float
    degrees: int

    def estimate(self) -> Estimate:
        """Return new / base with its 95 % interval."""
        if self.degrees < 1:
            return Estimate(math.exp(self.log), None, None)
        # What somebody wrote by hand may be wider than any float.
        margin = min(quantile(1 - LEVEL / 2, self.degrees) * self.error, _WIDEST)
        low, high = math.exp(self.log - margin), math.exp(self.log + margin)
        return Estimate(math.exp(self.log), low, high, min(1.0, 2 * self.p_above(0, abs(self.log))))

    def p_above(self, log: float, observed: float | None = None) -> float:
        """Return the one-sided p-value of the truth being *log* or less, as it is *observed*."""
        distance = (self.log if observed is None else observed) - log
        if self.degrees < 1:
            return 1.0
        if self.error == 0:
            return 0.0 if distance > 0 else 1.0
        return 1 - cumulative(distance / self.error, self.degrees)


@dataclass(frozen=True)
class Change:
    """One case in two runs. *base* and *new* are its rows, None where a run does not plan it.

    effect
        Of the times, None where they were not compared; *means* says how they were.
    is_real
        Whether the difference in time may be claimed.
    allocations, bytes
        How many more the newer one makes per operation; None where either was not counted.
    """

    presence: Presence
    base: CaseRow | None
    new: CaseRow | None
    effect: Effect | None = None
    means: Means | None = None
    is_real: bool = False
    allocations: float | None = None
    bytes: float | None = None

    @property
    def row(self) -> CaseRow:
        """The newer row, or the only one: what names the case."""
        row = self.new or self.base
        assert row is not None
        return row

    @property
    def ratio(self) -> Estimate | None:
        """New time / base time, with its interval."""
        return self.effect.estimate() if self.effect else None

    @property
    def counts_differ(self) -> bool:
        """Whether the number of allocations changed by more than counting can be off."""
        if self.allocations is None or self.base is None or self.base.allocations is None:
            return False
        return abs(self.allocations) > count_resolution(self.base.allocations)


@dataclass(frozen=True)
class Comparison:
    """Two runs, held against each other.

    differences
        What is not the same of their environments: label, base, new.
    unlike
        Why times are not compared; empty where they are.
    """

    base: str
    new: str
    baseline: str
    threshold: float
    changes: tuple[Change, ...]
    differences: tuple[tuple[str, str, str], ...] = ()
    unlike: str = ""

    @property
    def common(self) -> tuple[Change, ...]:
        """The cases that both runs measured."""
        return tuple(change for change in self.changes if change.presence is Presence.BOTH)


def count_resolution(count: float) -> float:
    """Return by how much two counts of the same work can differ, in allocations per operation.

    0.01: one allocation in a hundred operations, as a table that outlives them grows. Where an
    operation makes thousands, as a gather of tasks does, 0.2 % of them. ``docs/method.md`` shows
    how exact counts are.
    """
    return max(0.01, 0.002 * count)


def compare_runs(
    base: Run, new: Run, *, allow_unlike: bool = False, partly: bool = False
) -> Comparison:
    """Hold *new* against *base*.

    Each interpreter and event loop that both have is held against itself; what only one has is
    added, or removed. InputError where they have none in common, as allocations differ too then,
    and where they have no case in common. Of unlike machines only allocations are compared. All
    of it may be had with *allow_unlike*. With *partly*, for a view of several runs, nothing is
    refused: allocations are held against each other, and ``unlike`` says why times are not.
    """
    return compare_sides(Side(base), Side(new), allow_unlike=allow_unlike, partly=partly)


def compare_sides(
    base: Side, new: Side, *, allow_unlike: bool = False, partly: bool = False
) -> Comparison:
    """Hold *new* against *base*, as :func:`compare_runs` does."""
    differences = _differences(base.run, new.run)
    kinds = unlike_kinds(base, new)
    if kinds and not (allow_unlike or partly):
        kind, before, after = kinds[0]
        raise InputError(
            f"{base.run.name} was measured on {before}, {new.run.name} on {after}: neither times "
            f"nor allocations of unlike {kind}s show what a change of the code costs; measure "
            "both on one, or say --allow-unlike"
        )
    unlike = "" if allow_unlike else _unlike(kinds, differences)
    names = _Names(base, new, {kind for kind, _, _ in kinds}, allow_unlike=allow_unlike)
    changes = tuple(_changes(base, new, names, timed=not unlike))
    if not partly and not any(change.presence is Presence.BOTH for change in changes):
        raise InputError(
            f"{base.run.name} and {new.run.name} have no case in common; measure the same "
            "scenarios, parameters and variants in both"
        )
    limit = discovery_limit(ratio.p for change in changes if (ratio := change.ratio))
    threshold = new.run.plan.threshold
    return Comparison(
        base=base.run.name,
        new=new.run.name,
        baseline=new.run.plan.baseline,
        threshold=threshold,
        changes=tuple(
            replace(change, is_real=is_real(change.ratio, limit, threshold)) for change in changes
        ),
        differences=differences,
        unlike=unlike,
    )


def _unlike(
    kinds: Sequence[tuple[str, str, str]], differences: Sequence[tuple[str, str, str]]
) -> str:
    """Return why times are not compared; empty where they can be."""
    if kinds:
        told = "; ".join(f"{kind}s ({before} / {after})" for kind, before, after in kinds)
        return f"they were measured on unlike {told}"
    machines = [label for label, _, _ in differences if label in _MACHINE]
    if machines:
        return f"they were measured on unlike machines ({', '.join(machines)} differ)"
    return ""


def _differences(base: Run, new: Run) -> tuple[tuple[str, str, str], ...]:
    labels = dict.fromkeys([*base.environment, *new.environment])
    return tuple(
        (label, before, after)
        for label in labels
        if not label.startswith("load")  # it never is the same
        if (before := base.environment.get(label, "")) != (after := new.environment.get(label, ""))
    )


class _Names:
    """What names a case in both runs: its own runtime, where both have that one.

    Where they have no interpreter, or no event loop, in common, the first of the one run's stands
    for the first of the other's, and so on. An interpreter of another build is another one, unless
    it is asked for what is unlike.
    """

    def __init__(self, base: Side, new: Side, crossed: set[str], *, allow_unlike: bool) -> None:
        self._by_place = "interpreter" in crossed
        self._over_loops = "event loop" in crossed
        self._other_builds = set() if allow_unlike else other_builds(base, new)

    def of(self, side: Side, case: Key) -> Key:
        """Return what names *case*, as *side* has it, in both runs."""
        scenario, params, variant, loop, python = case
        if self._by_place:
            python = str([*side.interpreters].index(python))
        elif python in self._other_builds:
            python = f"{python} by {side.compiler(python)}"
        return scenario, params, variant, "" if self._over_loops else loop, python


def _changes(base: Side, new: Side, names: _Names, *, timed: bool) -> list[Change]:
    def by_key(side: Side) -> dict[Key, CaseRow]:
        return {
            names.of(side, (row.scenario, row.params, row.variant, row.loop, row.python)): row
            for row in side.rows
        }

    before, after = by_key(base), by_key(new)
    times = _Times(base, new, names) if timed else None
    found = []
    for name in dict.fromkeys([*after, *before]):
        old, young = before.get(name), after.get(name)
        change = Change(_presence(old, young), old, young)
        if old is not None and young is not None:
            effect, means = times.of(name) if times else (None, None)
            change = replace(
                change,
                effect=effect,
                means=means,
                allocations=_difference(old.allocations, young.allocations),
                bytes=_difference(old.bytes, young.bytes),
            )
        found.append(change)
    return found


def _presence(old: CaseRow | None, new: CaseRow | None) -> Presence:
    if new is None:
        return Presence.REMOVED
    if old is None:
        return Presence.ADDED
    if new.status != "ok":
        return Presence.FAILED if old.status == "ok" else Presence.REMOVED
    return Presence.BOTH if old.status == "ok" else Presence.ADDED


def _difference(old: float | None, new: float | None) -> float | None:
    return None if old is None or new is None else new - old


class _Times:
    """The timings of two runs by case, and how one is held against the other."""

    def __init__(self, base: Side, new: Side, names: _Names) -> None:
        self._paired = bool(base.run.pair) and base.run.pair == new.run.pair
        self._baselines = {base.run.plan.baseline, new.run.plan.baseline}
        self._sides = base, new
        # What names a case in both -> what names it in its own run.
        self._own = [{names.of(side, case): case for case in side.timings} for side in self._sides]

    def of(self, case: Key) -> tuple[Effect | None, Means | None]:
        own = self._of_each(case)
        if own is None:
            return None, None
        base, new = (side.timings[name] for side, name in zip(self._sides, own, strict=True))
        if self._paired:
            return _of_one(round_logs(new, base)), Means.PAIRED
        bridge = self._bridge(case)
        if bridge is None:
            return _of_two(_levels(new), _levels(base)), Means.DIRECT
        before, after = (
            side.bridge_logs(*names) for side, *names in zip(self._sides, own, bridge, strict=True)
        )
        return _of_two(after, before), Means.BRIDGED

    def _of_each(self, case: Key) -> tuple[Key, Key] | None:
        """Return what names *case* in either run; None where one has no time of it."""
        base, new = (own.get(case) for own in self._own)
        return (base, new) if base and new else None

    def _bridge(self, case: Key) -> tuple[Key, Key] | None:
        """Return what names the baseline beside *case* in both; None for the baseline itself."""
        scenario, params, variant, *rest = case
        if len(self._baselines) > 1 or variant in self._baselines:
            return None
        return self._of_each((scenario, params, *self._baselines, *rest))


def _levels(timing: Timing) -> list[float]:
    return [math.log(statistics.median(values)) for values in timing.rounds.values() if values]


def _of_one(logs: Sequence[float]) -> Effect | None:
    if not logs:
        return None
    if len(logs) < 2:
        return Effect(logs[0], 0.0, 0)
    error = statistics.stdev(logs) / math.sqrt(len(logs))
    return Effect(statistics.fmean(logs), error, len(logs) - 1)


def _of_two(new: Sequence[float], base: Sequence[float]) -> Effect | None:
    """Return the difference of two means, with Welch's degrees of freedom, rounded down."""
    if not new or not base:
        return None
    log = statistics.fmean(new) - statistics.fmean(base)
    if len(new) < 2 or len(base) < 2:
        return Effect(log, 0.0, 0)
    parts = [statistics.variance(logs) / len(logs) for logs in (new, base)]
    total = sum(parts)
    if total == 0:
        return Effect(log, 0.0, len(new) + len(base) - 2)
    freedom = total**2 / sum(
        part**2 / (len(logs) - 1) for part, logs in zip(parts, (new, base), strict=True)
    )
    return Effect(log, math.sqrt(total), max(1, math.floor(freedom)))
