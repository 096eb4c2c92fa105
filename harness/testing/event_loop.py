"""The current event loop of a thread, where it has one; none is made by asking."""

from __future__ import annotations

import asyncio
import warnings

__all__ = ["current_event_loop"]


def current_event_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that ``asyncio.set_event_loop`` was last given in this thread."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # policies, from 3.14 on
        policy = asyncio.get_event_loop_policy()
    # asyncio.get_event_loop() would make a loop where there is none.
    loop = getattr(getattr(policy, "_local", None), "_loop", None)
    return loop if isinstance(loop, asyncio.AbstractEventLoop) else None
