"""Measuring two versions: both runs planned, measured group by group, and stored after each."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.analysis.comparison import Presence, compare_runs
from harness.analysis.gate import DEFAULT_LIMITS, regressions
from harness.measure.group import measure_versions
from harness.measure.rounds import Version
from harness.pipeline import in_order, now, outcome
from harness.record import Finding, RunStatus, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from harness.analysis.gate import Limits
    from harness.measure.crew import Interpreter
    from harness.measure.group import OnStage
    from harness.pipeline import Listener
    from harness.plan import Group, Plan, Runtime
    from harness.record import GroupRecord, Run
    from harness.store import RunFolder

    Measure = Callable[[Sequence[Version], Plan, OnStage], Sequence[GroupRecord]]

__all__ = ["Side", "measure_sides"]

_AGAIN = Finding(
    Severity.HINT,
    "both versions were measured twice, because the first time one case was slower than is "
    "allowed; the second time counts",
)


class Side:
    """One of the two versions: its run as it grows, where that is stored, and what measures it.

    *label* is ``base`` or ``head``; *interpreters* has that of each runtime.
    """

    def __init__(
        self, label: str, run: Run, folder: RunFolder, interpreters: Mapping[Runtime, Interpreter]
    ) -> None:
        self.label = label
        self.run = run
        self.folder = folder
        self.interpreters = interpreters

    def store(self, status: RunStatus, record: GroupRecord | None = None) -> None:
        """Store the run with another status, and with what was measured last."""
        ended = None if status is RunStatus.RUNNING else now()
        groups = self.run.groups if record is None else in_order(self.run, record)
        self.run = replace(self.run, status=status, ended=ended, groups=groups)
        self.folder.save(self.run)


def measure_sides(
    base: Side,
    head: Side,
    listener: Listener,
    measure: Measure = measure_versions,
    limits: Limits = DEFAULT_LIMITS,
) -> None:
    """Measure what both plan, interleaved; what one alone has, alone. Store after each group.

    What turns out to be slower than *limits* allow is measured once more, in fresh processes, and
    what shows then counts: on a shared machine one bad moment is no regression. Ctrl-C ends the
    group that is being measured, keeps the others of both, and leaves both with the status
    INTERRUPTED. *measure* is another way to measure in tests.
    """
    sides = (base, head)
    pairs = _pairs(sides)
    try:
        for side in sides:
            side.store(RunStatus.RUNNING)
        listener.run_started([tuple(pair.values())[:1] for pair in pairs])
        for pair in pairs:
            listener.setting_started(tuple(pair.values()))
            versions = [
                Version(group, side.interpreters[group.runtime], side.label)
                for side, group in pair.items()
            ]
            records = measure(versions, head.run.plan, listener.stage)
            _store(pair, records)
            if _is_slower(pair, records, limits):
                again = measure(versions, head.run.plan, listener.stage)
                records = [replace(each, findings=(*each.findings, _AGAIN)) for each in again]
                _store(pair, records)
            listener.setting_ended([_told(records)])
    except KeyboardInterrupt:
        for side in sides:
            side.store(RunStatus.INTERRUPTED)
    else:
        for side in sides:
            side.store(outcome(side.run))


def _store(pair: Iterable[Side], records: Sequence[GroupRecord]) -> None:
    for side, record in zip(pair, records, strict=True):
        side.store(RunStatus.RUNNING, record)


def _is_slower(pair: Collection[Side], records: Sequence[GroupRecord], limits: Limits) -> bool:
    """Tell whether the times alone would be a regression."""
    if len(pair) < 2:
        return False
    base, head = (
        replace(side.run, groups=(record,)) for side, record in zip(pair, records, strict=True)
    )
    only_time = replace(limits, extra_allocations=math.inf)
    return any(
        each.change.presence is Presence.BOTH
        for each in regressions(compare_runs(base, head, partly=True), only_time)
    )


def _pairs(sides: Sequence[Side]) -> list[dict[Side, Group]]:
    """Return for each setting the groups of the sides that have it, in the order of the plans."""
    found: dict[object, dict[Side, Group]] = {}
    for side in sides:
        for group in side.run.plan.groups:
            setting = (group.scenario, group.params, group.runtime)
            found.setdefault(setting, {})[side] = group
    return [*found.values()]


def _told(records: Sequence[GroupRecord]) -> GroupRecord:
    """Return the one that has to be told of: of a failure, else the newest version's."""
    failed = [record for record in records if record.status is RunStatus.FAILED]
    return (failed or records)[-1]
