"""The implementation in pure Python: there on every interpreter, and the reference."""

from harness.valuetask.core import ValueTask
from harness.valuetask.decorator import value_task
from harness.valuetask.gathering import gather
from harness.valuetask.sources import ManualResetValueTaskSource

__all__ = ["ManualResetValueTaskSource", "ValueTask", "gather", "value_task"]
