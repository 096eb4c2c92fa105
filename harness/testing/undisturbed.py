"""Undisturbed: what else in a process allocates at each line or call is away while counting.

Coverage's tracer and a debugger make CPython materialise frames; an event loop in debug mode
keeps a traceback of each callback; tracemalloc has a table of every block.
"""

from __future__ import annotations

import sys
import tracemalloc
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

__all__ = ["undebugged", "undisturbed"]

_TOOLS = 6  # as many as there can be: https://docs.python.org/3/library/sys.monitoring.html


@contextmanager
def undisturbed(loop: asyncio.AbstractEventLoop | None) -> Iterator[None]:
    """Take tracers, monitors and debug modes off this thread and *loop* until the end."""
    with ExitStack() as restored:
        restored.callback(sys.setprofile, sys.getprofile())
        restored.callback(sys.settrace, sys.gettrace())
        sys.setprofile(None)
        sys.settrace(None)
        if sys.version_info >= (3, 12):
            for tool in range(_TOOLS):
                if sys.monitoring.get_tool(tool) and (events := sys.monitoring.get_events(tool)):
                    restored.callback(sys.monitoring.set_events, tool, events)
                    sys.monitoring.set_events(tool, 0)
        if tracemalloc.is_tracing():
            restored.callback(tracemalloc.start, tracemalloc.get_traceback_limit())
            tracemalloc.stop()
        if loop is not None:
            restored.enter_context(undebugged(loop))
        yield


@contextmanager
def undebugged(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Take the debug mode off *loop*, which runs, until the end."""
    with ExitStack() as restored:
        if loop.get_debug():
            restored.callback(loop.set_debug, True)
            loop.set_debug(False)
        if depth := sys.get_coroutine_origin_tracking_depth():
            restored.callback(sys.set_coroutine_origin_tracking_depth, depth)
            sys.set_coroutine_origin_tracking_depth(0)
        yield
