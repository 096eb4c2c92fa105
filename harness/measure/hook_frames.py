"""The frame objects that following the Python stack makes: how many, how large, at which lines.

A profile function, memray's too, makes CPython materialise a frame object for each frame that
it is called for (``call_trampoline`` and ``PyEval_GetFrame`` in CPython). memray sees it as an
allocation at the line that called, or resumed, the function. A profile function in Python is
called for the same frames, and can ask each for its size: these are the allocations that memray
then reports, of the same size, at the same line.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

__all__ = ["FrameObjects", "frame_objects"]

FrameObjects = Counter[tuple[str, int, int]]  # file and line of the caller, bytes

_RESUMED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


@contextmanager
def frame_objects() -> Iterator[FrameObjects]:
    """Count the frame objects that a profile function causes meanwhile, in this thread."""
    found: FrameObjects = Counter()
    first_resumed: dict[CodeType, int] = {}

    def on_event(frame: FrameType, event: str, _: object) -> None:
        if event != "call":
            return
        code = frame.f_code
        if code.co_flags & _RESUMED:
            # A coroutine is called at each resumption, and keeps the frame object of its first.
            first = first_resumed.setdefault(code, frame.f_lasti)
            if frame.f_lasti > first:
                return
            first_resumed[code] = frame.f_lasti
        caller = frame.f_back
        if caller is not None and caller.f_lineno is not None:
            found[caller.f_code.co_filename, caller.f_lineno, sys.getsizeof(frame)] += 1

    sys.setprofile(on_event)
    try:
        yield found
    finally:
        sys.setprofile(None)
