"""Measuring a group, whole: verified first, then counted, then timed."""

from __future__ import annotations

import random
import statistics
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from harness.errors import MeasureError, shortened
from harness.measure.allowance import Allowance
from harness.measure.conductor import time_group
from harness.measure.crew import open_crew
from harness.measure.worker import rounds_of
from harness.record import AllocationKind, Allocations, GroupRecord, Observation, RunStatus

if TYPE_CHECKING:
    from harness.measure.conductor import GroupTiming
    from harness.measure.crew import Interpreter, Member
    from harness.plan import Group, Plan

__all__ = ["OnStage", "count_group", "measure_group", "verify_group"]

# A fixed hash seed: counts and answers must not depend on it, rounds of timing vary it.
_HASH_SEED = 0
_COUNTED_AT_ONCE = 2
# Counting drives about a thousand operations, verifying forty for each variant: a count that
# takes this many times as long as verifying all of them did is slow, not hung.
_COUNT_PER_VERIFICATION = 30


class OnStage(Protocol):
    """Told what is being done: a stage, and which of how many steps of it."""

    def __call__(self, stage: str, step: int, steps: int) -> None:
        """Take note; must return soon."""


def measure_group(
    group: Group, plan: Plan, interpreter: Interpreter, on_stage: OnStage
) -> GroupRecord:
    """Return what was measured of *group*; a failure is in the record, never raised."""
    started = time.monotonic()
    record = GroupRecord(group=group, status=RunStatus.DONE)
    if not group.variants:  # none that is wanted exists on this runtime
        return record
    try:
        on_stage("verifying", 0, 1)
        record = replace(record, observations=verify_group(group, interpreter, plan.seed))
        if "allocations" in plan.instruments:
            patience = _COUNT_PER_VERIFICATION * (time.monotonic() - started)
            patient = replace(interpreter, patience=interpreter.patience + patience)
            record = _counted(record, plan, patient, on_stage)
        if "time" in plan.instruments:
            record = _timed(record, plan, interpreter, on_stage)
    except MeasureError as error:
        record = replace(record, status=RunStatus.FAILED, error=shortened(str(error)))
    if record.failures or record.error is not None:
        record = replace(record, status=RunStatus.FAILED)
    return replace(record, duration=time.monotonic() - started)


def verify_group(group: Group, interpreter: Interpreter, seed: int) -> dict[str, Observation]:
    """Return what was seen of each variant; MeasureError if they do not do the same work."""
    with open_crew(
        interpreter, group, "verify", seed=seed, hash_seed=_HASH_SEED, members=("verification",)
    ) as members:
        (member,) = members.values()
        message: dict[str, Any] = {}
        while "observations" not in message:
            # While answers are compared, or the scenario is imported, no variant is to blame.
            member.variant = message.get("observing", "")
            message = member.listen("verify")
        return {variant: Observation(**seen) for variant, seen in message["observations"].items()}


def count_group(
    group: Group, interpreter: Interpreter, seed: int, on_stage: OnStage = lambda *_: None
) -> tuple[dict[str, Allocations], dict[str, str]]:
    """Return the allocations of each variant, and why those that failed did.

    Counts are exact whatever else runs, so that two variants are counted at a time.
    """
    counts: dict[str, Allocations] = {}
    failures: dict[str, str] = {}
    pending = group.variants
    # memray 1.20 can crash at tracker exit on CPython 3.12: what died is tried once more.
    for _ in range(2):
        died = []
        with (
            ThreadPoolExecutor(_COUNTED_AT_ONCE) as pool,
            open_crew(
                interpreter, group, "count", seed=seed, hash_seed=_HASH_SEED, members=pending
            ) as members,
        ):
            counting = {pool.submit(_count, member): member for member in members.values()}
            for number, future in enumerate(as_completed(counting)):
                on_stage("counting allocations", number, len(counting))
                member = counting[future]
                try:
                    counts[member.variant] = future.result()
                    failures.pop(member.variant, None)
                except MeasureError as error:
                    failures[member.variant] = str(error)
                    if member.died:
                        died.append(member.variant)
        if not died:
            break
        pending = tuple(died)
    return {name: counts[name] for name in group.variants if name in counts}, failures


def _count(member: Member) -> Allocations:
    # Not warmed up by the clock: the counting pass drives a fixed number of cycles, so that the
    # same case starts in the same state in every repeat.
    member.ask("prepare")
    counted = member.ask("count")["allocations"]
    member.ask("close")
    kinds = tuple(AllocationKind(**kind) for kind in counted.pop("kinds"))
    return Allocations(**counted, kinds=kinds)


def _counted(
    record: GroupRecord, plan: Plan, interpreter: Interpreter, on_stage: OnStage
) -> GroupRecord:
    counts, failures = count_group(record.group, interpreter, plan.seed, on_stage)
    return replace(record, allocations=counts, failures={**record.failures, **failures})


def _timed(
    record: GroupRecord, plan: Plan, interpreter: Interpreter, on_stage: OnStage
) -> GroupRecord:
    group = record.group
    allowance = Allowance(interpreter.patience, plan.preset.rounds[1])
    timing = time_group(
        group.variants,
        dict.fromkeys(group.variants, plan.baseline),
        plan.preset,
        rounds_of(group, interpreter, plan.seed, allowance),
        random.Random(f"{plan.seed} {group.key}"),
        on_round=lambda index: on_stage("timing, round", index, plan.preset.rounds[1]),
    )
    return replace(
        record,
        error=timing.error,
        timings=timing.timings,
        failures={**record.failures, **timing.failures},
        target_met=timing.target_met if timing.timings else None,
        loop_overhead=_overhead(timing),
    )


def _overhead(timing: GroupTiming) -> float | None:
    overheads = [found.overhead for found in timing.calibrations.values()]
    return statistics.median(overheads) if overheads else None
