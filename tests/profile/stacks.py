"""Attributed allocations that nobody captured: of a task, and of a coroutine."""

from __future__ import annotations

from harness.record import Attribution, Frame, Stack

__all__ = ["AWAIT", "CREATE", "MINE", "OTHER", "STEP", "seen"]

AWAIT = Frame("harness/measure/drive.py", "_await_all", 71)
CREATE = Frame("asyncio/base_events.py", "create_task", 469)
MINE = Frame("mine.py", "task", 45)
OTHER = Frame("mine.py", "coroutine", 39)
STEP = Frame("asyncio/events.py", "_run", 89)


def seen(hook: int | None = 1234, unplaced: int = 0) -> Attribution:
    """Return what 100 operations of a task allocated: 1,000 allocations."""
    return Attribution(
        operations=100,
        stacks=(
            Stack((CREATE, MINE, AWAIT, STEP), 500, 50_000),
            Stack((CREATE, OTHER, MINE, AWAIT, STEP), 100, 10_000),
            Stack((STEP,), 250, 25_000),
            Stack((AWAIT, STEP), 100, 9_600),
            Stack((MINE, AWAIT, STEP), 50, 5_000),
        ),
        scenario_file="mine.py",
        hook=hook,
        unplaced=unplaced,
        sources={MINE: "return loop.create_task(coroutine())", OTHER: "await asyncio.sleep(0)"},
    )
