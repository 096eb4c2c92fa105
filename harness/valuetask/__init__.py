"""ValueTask for asyncio: an awaitable that carries its answer, and makes no Task for it.

``from harness.valuetask import ValueTask, value_task``. Needs asyncio and nothing else of
this project.
"""

from harness.valuetask.body import value_task
from harness.valuetask.core import ValueTask
from harness.valuetask.gathering import gather

__all__ = ["ValueTask", "gather", "value_task"]
