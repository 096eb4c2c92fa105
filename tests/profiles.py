"""Profiles that nobody made: what synthetic runs hold where lines were asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from harness.plan import LINES
from harness.record import Attribution, Capture, Frame, Profile, Stack

if TYPE_CHECKING:
    from harness.record import Run

__all__ = ["AWAIT", "CREATE", "profile_of", "with_profiles", "with_upkeep"]

AWAIT = Frame("harness/measure/drive.py", "_await_all", 71)
CREATE = Frame("asyncio/base_events.py", "create_task", 469)
_NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)


def profile_of(variant: str, operations: int = 100) -> Profile:
    """Return where *variant* could allocate: all at the await, a task also where it is created."""
    own = Frame("mine.py", variant, 45)
    stacks = [Stack((AWAIT,), operations, 96 * operations)]
    if "task" in variant:
        stacks.append(Stack((CREATE, own, AWAIT), 20 * operations, 2000 * operations))
        stacks.append(Stack((own, AWAIT), 3 * operations, 300 * operations))
    return Profile(
        Attribution(
            operations=operations,
            stacks=tuple(stacks),
            scenario_file="mine.py",
            hook=1234,
            unplaced=5,
            sources={own: "return loop.create_task(body())"} if "task" in variant else {},
        ),
        Capture(_NOON, _NOON + timedelta(seconds=1), 4096, "pymalloc", ((0, 10_000, 4096),)),
    )


def with_profiles(run: Run) -> Run:
    """Return *run* as if lines had been asked for."""
    plan = replace(run.plan, instruments=(*run.plan.instruments, LINES))
    records = tuple(
        replace(
            record, profiles={variant: profile_of(variant) for variant in record.group.variants}
        )
        for record in run.groups
    )
    return replace(run, plan=plan, groups=records)


def with_upkeep(run: Run) -> Run:
    """Return *run* with turns and collections: a task takes two turns, and is collected."""
    records = tuple(
        replace(
            record,
            observations={
                variant: replace(
                    seen,
                    turns=2 * seen.tasks + seen.suspensions,
                    collections=(0.0004 * seen.tasks, 0.0, 0.0),
                )
                for variant, seen in record.observations.items()
            },
        )
        for record in run.groups
    )
    return replace(run, groups=records)
