"""ValueTask for asyncio: an awaitable that carries its answer, and makes no Task for it.

``from harness.valuetask import ValueTask, value_task``. Needs asyncio and nothing else of
this project. There are two implementations with one behaviour: in C, where the extension was
built, and in pure Python. ``AWAITBENCH_PURE_PYTHON=1`` asks for the pure one; IMPLEMENTATION
says which one this is, ``"native"`` or ``"python"``. docs/valuetask.md is the guide.
"""

import os
from typing import TYPE_CHECKING, Final

# To a type checker both implementations have the face of the pure one.
from harness.valuetask.python import ManualResetValueTaskSource, ValueTask, gather, value_task
from harness.valuetask.sources import ValueTaskSource, ValueTaskSourceStatus

__all__ = [
    "IMPLEMENTATION",
    "ManualResetValueTaskSource",
    "ValueTask",
    "ValueTaskSource",
    "ValueTaskSourceStatus",
    "gather",
    "value_task",
]

_chosen = "python"

if not TYPE_CHECKING and os.environ.get("AWAITBENCH_PURE_PYTHON") != "1":
    try:
        from harness.valuetask.native import (
            ManualResetValueTaskSource,
            ValueTask,
            gather,
            value_task,
        )
    except ImportError:  # the extension was not built
        pass
    else:
        _chosen = "native"

IMPLEMENTATION: Final[str] = _chosen
