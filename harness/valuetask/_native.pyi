# What the extension offers; its ValueTask has the face of the pure one.
from collections.abc import Callable
from typing import Any

from harness.valuetask.core import ValueTask as ValueTask
from harness.valuetask.gathering import gather as gather
from harness.valuetask.sources import (
    ManualResetValueTaskSource as ManualResetValueTaskSource,
)

class Function:
    def __init__(self, function: Callable[..., Any], pooled: bool = False) -> None: ...
    def __call__(self, *args: Any, **kwargs: Any) -> ValueTask[Any]: ...
