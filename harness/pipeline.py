"""Pipeline: a planned run, measured group by group and stored after each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from harness.measure.group import measure_group
from harness.record import Finding, RunStatus, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.measure.crew import Interpreter
    from harness.measure.group import OnStage
    from harness.plan import Group
    from harness.record import GroupRecord, Run
    from harness.store import RunFolder

__all__ = ["Listener", "in_order", "measure_run", "now", "outcome", "run_groups"]

_GONE = Finding(
    Severity.WARNING,
    "the run's folder disappeared while it was measured, and was made again; what the groups "
    "before had measured was written again, and nothing of it is lost",
    "Let nothing else tidy up the folder of results during a run.",
)


class Listener(Protocol):
    """Told how a run goes on, to show it."""

    def run_started(self, groups: Sequence[Group]) -> None:
        """Take note that *groups* are going to be measured."""

    def group_started(self, group: Group) -> None:
        """Take note that the next group begins."""

    def stage(self, stage: str, step: int, steps: int) -> None:
        """Take note of what is done in the group, and which of at most how many steps."""

    def group_ended(self, record: GroupRecord) -> None:
        """Take note that the group is measured, or has failed, and is stored."""


class Measure(Protocol):
    """Measures one group; tests give a scripted one."""

    def __call__(self, group: Group, on_stage: OnStage) -> GroupRecord:
        """Return what was measured, failures included."""


def measure_run(run: Run, folder: RunFolder, interpreter: Interpreter, listener: Listener) -> Run:
    """Measure the groups of *run* that are not done, store after each, and return it all.

    Ctrl-C ends the group that is being measured, keeps the others, and gives a run whose
    status is INTERRUPTED.
    """
    return run_groups(
        run,
        folder,
        lambda group, on_stage: measure_group(group, run.plan, interpreter, on_stage),
        listener,
    )


def run_groups(run: Run, folder: RunFolder, measure: Measure, listener: Listener) -> Run:
    """Do what :func:`measure_run` says, with any way to measure a group."""
    done = {record.group for record in run.groups if record.status is RunStatus.DONE}
    pending = [group for group in run.plan.groups if group not in done]
    run = replace(run, status=RunStatus.RUNNING, ended=None)
    folder.save(run)
    listener.run_started(pending)
    try:
        for group in pending:
            listener.group_started(group)
            record = measure(group, listener.stage)
            run = replace(run, groups=in_order(run, record))  # kept, whatever interrupts the next
            run = _saved(run, folder)
            listener.group_ended(record)
    except KeyboardInterrupt:
        run = replace(run, status=RunStatus.INTERRUPTED, ended=now())
    else:
        run = replace(run, status=outcome(run), ended=now())
    return _saved(run, folder)


def _saved(run: Run, folder: RunFolder) -> Run:
    """Store *run* and return it, with a note where its folder had gone meanwhile."""
    if folder.is_missing() and _GONE not in run.findings:
        run = replace(run, findings=(*run.findings, _GONE))
    folder.save(run)
    return run


def now() -> str:
    """Return this moment as ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def in_order(run: Run, record: GroupRecord) -> tuple[GroupRecord, ...]:
    """Return the records in the order of the plan; *record* takes the place of an older one.

    What a failed group had measured stays until then.
    """
    known = {each.group: each for each in run.groups} | {record.group: record}
    return tuple(known[group] for group in run.plan.groups if group in known)


def outcome(run: Run) -> RunStatus:
    """Return how a run of which everything was tried has ended."""
    failed = any(record.status is RunStatus.FAILED for record in run.groups)
    return RunStatus.FAILED if failed else RunStatus.DONE
