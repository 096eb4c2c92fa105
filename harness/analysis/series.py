"""Series: several runs, case by case, each held against the one before it or against the first.

Two runs are held against each other as :mod:`harness.analysis.comparison` does it. A change is
claimed only if it stands among all the comparisons of the series: a hundred runs of unchanged code
would show some else. What could only be compared directly, as the baseline itself, is never
claimed. Pure.

Of a run only its rows are kept: a hundred runs need not be in memory at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from harness.analysis.comparison import Means, Presence, compare_sides
from harness.analysis.decision import discovery_limit, is_real
from harness.analysis.side import Side
from harness.plan import format_params

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.analysis.comparison import Change, Comparison
    from harness.analysis.rows import CaseRow
    from harness.plan import Plan
    from harness.record import Run

__all__ = ["Against", "Series", "Stop", "Track", "another_plan", "trace"]

_Case: TypeAlias = "tuple[str, str, str, int, int]"


class Against(StrEnum):
    """What each run of a series is held against."""

    PREVIOUS = "previous"
    FIRST = "first"


@dataclass(frozen=True)
class Stop:
    """One run of a series.

    differences
        What is not the same of its environment as of that which it is held against: label, that
        one's, its own.
    unlike
        Why its times are not compared with that one's; empty where they are.
    """

    name: str
    started: str
    interpreter: str
    loop: str
    preset: str
    differences: tuple[tuple[str, str, str], ...] = ()
    unlike: str = ""


@dataclass(frozen=True)
class Track:
    """One case through all runs.

    rows
        By run; None where a run does not have it.
    steps
        By run: how it differs from what it is held against; None for the first one, and where
        either of the two does not have it. ``is_real`` is decided among all steps of the series.
    overall
        From the run at ``Series.since`` to the last.
    """

    rows: tuple[CaseRow | None, ...]
    steps: tuple[Change | None, ...]
    overall: Change | None

    @property
    def row(self) -> CaseRow:
        """The newest row: what names the case."""
        return next(row for row in reversed(self.rows) if row is not None)

    @property
    def is_baseline(self) -> bool:
        """Whether ratios are taken against this case."""
        return self.row.is_baseline

    @property
    def changed(self) -> tuple[int, ...]:
        """The indices of the runs in which it really changed, in time or in allocations."""
        return tuple(
            index
            for index, step in enumerate(self.steps)
            if step is not None and (step.is_real or step.counts_differ)
        )


@dataclass(frozen=True)
class Series:
    """Runs in their order, and every case of them.

    since
        Which run the last one is held against as a whole: the first from which on no environment
        keeps times from being compared.
    """

    stops: tuple[Stop, ...]
    tracks: tuple[Track, ...]
    against: Against
    baseline: str
    threshold: float
    titles: Mapping[str, str]
    since: int = 0


def another_plan(plan: Plan, other: Plan) -> str:
    """Return in what *other* is another plan than *plan*, as a phrase; empty if it is the same.

    The same plan has the same scenarios at the same settings, event loops and baseline. The
    interpreter, the preset, the variants and what is measured of them may differ: a history is
    there to show what that does.
    """
    if plan.baseline != other.baseline:
        return f"its baseline is {other.baseline}, not {plan.baseline}"
    mine, theirs = _settings(plan), _settings(other)
    for more, fewer, word in ((theirs, mine, "it also measures"), (mine, theirs, "it lacks")):
        rest = [name for name in more if name not in fewer]
        if rest:
            further = f" and {len(rest) - 1} more" if len(rest) > 1 else ""
            return f"{word} {rest[0]}{further}"
    return ""


def _settings(plan: Plan) -> dict[str, None]:
    return dict.fromkeys(
        f"{group.scenario} {format_params(group.params)} on {group.runtime.loop}"
        for group in plan.groups
    )


def trace(runs: Iterable[Run], against: Against, *, allow_unlike: bool = False) -> Series:
    """Return the series of *runs*, of which there is one or more, read one at a time.

    Unlike machines, interpreters and event loops are told in the stops; with *allow_unlike* times
    are compared over them too.
    """
    stops: list[Stop] = []
    rows: list[dict[_Case, CaseRow]] = []
    steps: list[dict[_Case, Change]] = []
    first: Side | None = None
    last: Side | None = None
    since = 0
    runtimes = _Runtimes()
    for run in runs:
        side = Side(run)
        runtimes.next(side)
        reference = first if against is Against.FIRST else last
        comparison = (
            compare_sides(reference, side, allow_unlike=allow_unlike, partly=True)
            if reference
            else None
        )
        stops.append(_stop(side, comparison))
        rows.append({runtimes.case(row): row for row in side.rows})
        steps.append(runtimes.cases(comparison) if comparison else {})
        if against is Against.PREVIOUS and stops[-1].unlike:
            first, since = side, len(stops) - 1
        first, last = first or side, side
    assert first is not None
    assert last is not None
    whole = compare_sides(first, last, allow_unlike=allow_unlike, partly=True)
    overall = runtimes.cases(whole) if since < len(stops) - 1 else {}
    steps = _claimed(steps, whole.threshold)
    known = dict.fromkeys(case for each in reversed(rows) for case in each)
    return Series(
        stops=tuple(stops),
        tracks=tuple(
            Track(
                rows=tuple(each.get(case) for each in rows),
                steps=tuple(each.get(case) for each in steps),
                overall=_not_direct(overall.get(case)),
            )
            for case in known
        ),
        against=against,
        baseline=whole.baseline,
        threshold=whole.threshold,
        titles={**first.run.titles, **last.run.titles},
        since=since,
    )


def _stop(side: Side, comparison: Comparison | None) -> Stop:
    return Stop(
        name=side.run.name,
        started=side.run.started,
        interpreter=", ".join(side.interpreters.values()),
        loop=", ".join(side.loops),
        preset=side.run.plan.preset.name,
        differences=comparison.differences if comparison else (),
        unlike=comparison.unlike if comparison else "",
    )


class _Runtimes:
    """Which interpreters, and which event loops, stand for each other in the runs of a series."""

    def __init__(self) -> None:
        self._pythons, self._loops = _Places(), _Places()

    def next(self, side: Side) -> None:
        """Take note of those of the next run."""
        self._pythons.next((*side.interpreters,))
        self._loops.next(side.loops)

    def case(self, row: CaseRow) -> _Case:
        """Return what names a case in all runs: not its runtime, but the place of that."""
        loop, python = self._loops.of[row.loop], self._pythons.of[row.python]
        return row.scenario, row.params, row.variant, loop, python

    def cases(self, comparison: Comparison) -> dict[_Case, Change]:
        """Return by case what both runs of *comparison* have."""
        return {
            self.case(change.new): change
            for change in comparison.changes
            if change.presence is Presence.BOTH and change.new is not None
        }


class _Places:
    """A place for each name: one that was there before keeps its own.

    Others take the places of those of the last run where that has none of the names; where it has
    some of them, each gets a new one.
    """

    def __init__(self) -> None:
        self.of: dict[str, int] = {}
        self._last: tuple[str, ...] = ()

    def next(self, names: tuple[str, ...]) -> None:
        """Give each of the names of the next run a place."""
        taken = {self.of[name] for name in names if name in self.of}
        last = [] if {*names} & {*self._last} else [self.of[name] for name in self._last]
        free = [place for place in last if place not in taken]
        for name in names:
            if name not in self.of:
                self.of[name] = free.pop(0) if free else 1 + max(self.of.values(), default=-1)
        self._last = names


def _claimed(steps: list[dict[_Case, Change]], threshold: float) -> list[dict[_Case, Change]]:
    """Return *steps* with what may be claimed among all of them, and nothing direct."""
    limit = discovery_limit(
        ratio.p
        for each in steps
        for change in each.values()
        if change.means is not Means.DIRECT and (ratio := change.ratio)
    )
    return [
        {
            case: replace(
                change,
                is_real=change.means is not Means.DIRECT
                and is_real(change.ratio, limit, threshold),
            )
            for case, change in each.items()
        }
        for each in steps
    ]


def _not_direct(change: Change | None) -> Change | None:
    if change is None or change.means is not Means.DIRECT:
        return change
    return replace(change, is_real=False)
