"""Runtimes: what changes for each case from one interpreter or event loop to another. Pure.

All runtimes of a setting are timed in the same rounds and sweeps, so that the ratio of a variant
on one to the same variant on another is of neighbours in time, as that of two variants is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.analysis.decision import discovery_limit, is_real
from harness.analysis.estimate import estimate_ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.analysis.estimate import Estimate
    from harness.plan import Group, Runtime
    from harness.record import GroupRecord, Run

__all__ = ["RuntimeChange", "runtime_changes"]


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


def runtime_changes(run: Run) -> tuple[RuntimeChange, ...]:
    """Return what changes from the first runtime of *run* to each other one, in the plan's order.

    Where the first has no figure of a variant, the next that has one takes its place.
    """
    settings: dict[object, list[GroupRecord]] = {}
    for record in run.groups:
        settings.setdefault(record.group.setting, []).append(record)
    found = [change for records in settings.values() for change in _changes(records)]
    limit = discovery_limit(change.time.p for change in found if change.time)
    return tuple(
        replace(change, is_real=is_real(change.time, limit, run.plan.threshold)) for change in found
    )


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
