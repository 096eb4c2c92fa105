"""The four questions about a ValueTask as one tuple, and an await without a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from harness.valuetask import ValueTask


def step(awaitable: ValueTask[Any]) -> Any:
    """Await without a loop: only what never suspends can end here."""

    def drive() -> Generator[Any, Any, Any]:
        return (yield from awaitable.__await__())

    try:
        drive().send(None)
    except StopIteration as stop:
        return stop.value
    pytest.fail("it suspended")


def state(value_task: ValueTask[Any]) -> tuple[bool, bool, bool, bool]:
    return (
        value_task.done(),
        value_task.succeeded(),
        value_task.faulted(),
        value_task.cancelled(),
    )


PENDING = (False, False, False, False)
SUCCEEDED = (True, True, False, False)
FAULTED = (True, False, True, False)
CANCELLED = (True, False, False, True)
