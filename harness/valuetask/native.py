"""The implementation in C: ImportError where the extension was not built.

The rules are those of the pure one, which it shares ``hot`` with. It differs
in that a body does not even see, in its first step, the exception that its caller handles.
"""

from functools import update_wrapper
from typing import Any

from harness.valuetask._native import (
    Function,
    ManualResetValueTaskSource,
    ValueTask,
    gather,
)
from harness.valuetask.decorator import NOT_GIVEN, check_decorated, marked
from harness.valuetask.hot import hot as hot_call

__all__ = ["ManualResetValueTaskSource", "ValueTask", "gather", "value_task"]


def value_task(function: Any = NOT_GIVEN, /, *, hot: bool = False, pooled: bool = False) -> Any:
    """Decorate as ``harness.valuetask.decorator.value_task`` does."""

    def decorate(function: Any) -> Any:
        check_decorated(function, hot, pooled)
        if hot:
            return marked(hot_call(function, ValueTask), hot, pooled)
        return marked(update_wrapper(Function(function, pooled), function), hot, pooled)

    return decorate if function is NOT_GIVEN else decorate(function)
