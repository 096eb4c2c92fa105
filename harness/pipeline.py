"""Pipeline: a planned run, measured group by group and stored after each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from harness.measure.group import measure_runtimes
from harness.measure.rounds import Version
from harness.record import Finding, RunStatus, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.measure.crew import Interpreter
    from harness.measure.group import OnStage
    from harness.plan import Group, Runtime
    from harness.record import GroupRecord, Run
    from harness.store import RunFolder

__all__ = [
    "Listener",
    "in_order",
    "measure_run",
    "now",
    "outcome",
    "pending_settings",
    "run_groups",
]

_GONE = Finding(
    Severity.WARNING,
    "the run's folder disappeared while it was measured, and was made again; what the groups "
    "before had measured was written again, and nothing of it is lost",
    "Let nothing else tidy up the folder of results during a run.",
)


class Listener(Protocol):
    """Told how a run goes on, to show it.

    Groups of one setting on several runtimes are measured together, and told of together.
    """

    def run_started(self, settings: Sequence[Sequence[Group]]) -> None:
        """Take note of what is going to be measured: the groups of each setting."""

    def setting_started(self, groups: Sequence[Group]) -> None:
        """Take note that the groups of the next setting begin."""

    def stage(self, stage: str, step: int, steps: int) -> None:
        """Take note of what is done in the setting, and which of at most how many steps."""

    def setting_ended(self, records: Sequence[GroupRecord]) -> None:
        """Take note that the groups are measured, or have failed, and are stored."""


class Measure(Protocol):
    """Measures the groups of one setting; tests give a scripted one."""

    def __call__(self, groups: Sequence[Group], on_stage: OnStage) -> Sequence[GroupRecord]:
        """Return what was measured of each, failures included."""


def measure_run(
    run: Run,
    folder: RunFolder,
    interpreters: Mapping[Runtime, Interpreter],
    listener: Listener,
) -> Run:
    """Measure the groups of *run* that are not done, store after each setting, and return it all.

    *interpreters* has that of each runtime. Ctrl-C ends the setting that is being measured, keeps
    the others, and gives a run whose status is INTERRUPTED.
    """

    def measure(groups: Sequence[Group], on_stage: OnStage) -> Sequence[GroupRecord]:
        versions = [
            Version(group, interpreters[group.runtime], str(group.runtime) if groups[1:] else "")
            for group in groups
        ]
        return measure_runtimes(versions, run.plan, on_stage)

    return run_groups(run, folder, measure, listener)


def run_groups(run: Run, folder: RunFolder, measure: Measure, listener: Listener) -> Run:
    """Do what :func:`measure_run` says, with any way to measure the groups of a setting."""
    pending = pending_settings(run)
    run = replace(run, status=RunStatus.RUNNING, ended=None)
    folder.save(run)
    listener.run_started(pending)
    try:
        for groups in pending:
            listener.setting_started(groups)
            records = measure(groups, listener.stage)
            # Kept, whatever interrupts the next.
            run = replace(run, groups=in_order(run, *records))
            run = _saved(run, folder)
            listener.setting_ended(records)
    except KeyboardInterrupt:
        run = replace(run, status=RunStatus.INTERRUPTED, ended=now())
    else:
        run = replace(run, status=outcome(run), ended=now())
    return _saved(run, folder)


def pending_settings(run: Run) -> list[tuple[Group, ...]]:
    """Return the groups that are to be measured, together with all others of their setting.

    Where one runtime's is not done, those that were measured beside it are measured again.
    """
    done = {record.group for record in run.groups if record.status is RunStatus.DONE}
    settings: dict[object, list[Group]] = {}
    for group in run.plan.groups:
        settings.setdefault(group.setting, []).append(group)
    return [tuple(groups) for groups in settings.values() if not done.issuperset(groups)]


def _saved(run: Run, folder: RunFolder) -> Run:
    """Store *run* and return it, with a note where its folder had gone meanwhile."""
    if folder.is_missing() and _GONE not in run.findings:
        run = replace(run, findings=(*run.findings, _GONE))
    folder.save(run)
    return run


def now() -> str:
    """Return this moment as ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def in_order(run: Run, *records: GroupRecord) -> tuple[GroupRecord, ...]:
    """Return the records in the order of the plan; *records* take the places of older ones.

    What a failed group had measured stays until then.
    """
    known = {each.group: each for each in (*run.groups, *records)}
    return tuple(known[group] for group in run.plan.groups if group in known)


def outcome(run: Run) -> RunStatus:
    """Return how a run of which everything was tried has ended."""
    failed = any(record.status is RunStatus.FAILED for record in run.groups)
    return RunStatus.FAILED if failed else RunStatus.DONE
