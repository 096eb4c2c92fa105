"""Runtimes: what changes for each case from one interpreter or event loop to another. Pure.

All runtimes of a setting are timed in the same rounds and sweeps, so that the ratio of a variant on
one to the same variant on another is of values of one sweep, as that of two variants is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.analysis.decision import discovery_limit, is_real
from harness.analysis.estimate import estimate_ratio
from harness.analysis.wording import and_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.analysis.estimate import Estimate
    from harness.plan import Group, Runtime
    from harness.record import GroupRecord, Run

__all__ = [
    "RuntimeChange",
    "all_runtimes",
    "changes_within_target",
    "measured_together",
    "name_runtimes",
    "runtime_changes",
    "short_name",
]

_FEW = 2  # runtimes to leave out by their names


@dataclass(frozen=True)
class RuntimeChange:
    """One variant of a setting on *group*'s runtime, held against the same on *base*.

    time
        Ratio of the times, *group*'s to *base*'s; None where one was not timed.
    allocations, bytes
        Differences per operation, exact; None where one was not counted.
    is_real
        Whether the difference in time may be claimed among all of the run.
    """

    group: Group
    base: Runtime
    variant: str
    time: Estimate | None
    allocations: float | None
    bytes: float | None
    is_real: bool = False


def runtime_changes(
    run: Run, between: tuple[Runtime, Runtime] | None = None
) -> tuple[RuntimeChange, ...]:
    """Return what changes from the first runtime of *run* to each other one, in the plan's order.

    Where the first has no figure of a variant, the next that has one takes its place. Of only two
    runtimes, where *between* names them: from its first to its second.
    """
    settings: dict[object, list[GroupRecord]] = {}
    for runtime in between or run.plan.runtimes:
        for record in run.groups:
            if record.group.runtime == runtime:
                settings.setdefault(record.group.setting, []).append(record)
    found = [change for records in settings.values() for change in _changes(records)]
    limit = discovery_limit(change.time.p for change in found if change.time)
    return tuple(
        replace(change, is_real=is_real(change.time, limit, run.plan.threshold)) for change in found
    )


def changes_within_target(run: Run) -> tuple[RuntimeChange, ...]:
    """Return the changes between runtimes that the rounds of *run* were to make exact.

    Those from the first runtime, and those from the first event loop of each interpreter. None
    where runtimes were not measured together.
    """
    if not measured_together(run):
        return ()
    found = list(runtime_changes(run))
    by_interpreter: dict[str, list[Runtime]] = {}
    for runtime in run.plan.runtimes:
        by_interpreter.setdefault(runtime.interpreter, []).append(runtime)
    _, *later = by_interpreter.values()
    for first, *others in later:
        for other in others:
            found += runtime_changes(run, (first, other))
    return tuple(found)


def measured_together(run: Run) -> bool:
    """Tell whether *run* has ratios between runtimes that are of the same sweeps.

    Of a pair of versions, each runtime is measured by itself.
    """
    return len(run.plan.runtimes) > 1 and not run.pair


def short_name(runtime: Runtime) -> str:
    """Write a runtime as ``3.13.0 uvloop``; the implementation only where it is not CPython."""
    return f"{runtime.interpreter} {runtime.loop}"


def all_runtimes(runtimes: Sequence[Runtime]) -> str:
    """Write every runtime of a run: ``cpython 3.12.1 and 3.13.0, each on asyncio and uvloop``."""
    pythons = list(dict.fromkeys((each.implementation, each.python) for each in runtimes))
    loops = list(dict.fromkeys(runtime.loop for runtime in runtimes))
    if len(runtimes) < 2 or len(runtimes) != len(pythons) * len(loops):
        return and_list(list(map(str, runtimes)))
    kinds = {implementation for implementation, _ in pythons}
    named = [
        python if place and len(kinds) == 1 else f"{implementation} {python}"
        for place, (implementation, python) in enumerate(pythons)
    ]
    each = ", each on " if len(pythons) > 1 and len(loops) > 1 else " on "
    return f"{and_list(named)}{each}{and_list(loops)}"


def name_runtimes(some: Iterable[Runtime], every: Sequence[Runtime]) -> str:
    """Name *some* of the runtimes of a run, as briefly as it is clear; nothing if it has one."""
    chosen = {*some}
    named = [runtime for runtime in every if runtime in chosen]
    others = [runtime for runtime in every if runtime not in chosen]
    if len(every) < 2:
        return ""
    if not others:
        return "both runtimes" if len(every) == 2 else f"all {len(every)} runtimes"
    if len(others) <= _FEW and len(others) < len(named):
        return f"all runtimes but {and_list(list(map(short_name, others)))}"
    told = []
    for loop in dict.fromkeys(runtime.loop for runtime in every):
        here = [runtime for runtime in named if runtime.loop == loop]
        if len(here) > 1 and not any(runtime.loop == loop for runtime in others):
            told.append(f"all with {loop}")
        else:
            told += map(short_name, here)
    return ", ".join(told)


def _changes(records: list[GroupRecord]) -> Iterator[RuntimeChange]:
    variants = dict.fromkeys(variant for record in records for variant in record.group.variants)
    for variant in variants:
        having = [
            record
            for record in records
            if variant in record.timings or variant in record.allocations
        ]
        for record in having[1:]:
            yield _change(record, having[0], variant)


def _change(record: GroupRecord, base: GroupRecord, variant: str) -> RuntimeChange:
    timings = record.timings.get(variant), base.timings.get(variant)
    counts = record.allocations.get(variant), base.allocations.get(variant)
    return RuntimeChange(
        group=record.group,
        base=base.group.runtime,
        variant=variant,
        time=estimate_ratio(*timings) if all(timings) else None,  # type: ignore[arg-type]
        allocations=counts[0].count - counts[1].count if counts[0] and counts[1] else None,
        bytes=(
            counts[0].requested_bytes - counts[1].requested_bytes
            if counts[0] and counts[1]
            else None
        ),
    )
