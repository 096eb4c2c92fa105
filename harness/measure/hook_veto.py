"""Keeps memray's stack hook away while allocations are counted.

memray follows the Python stack with a profile function, which makes CPython materialise a
frame object per call: allocations that the program does not make. The hook is not needed for
counting, and there are two ways to be rid of it:

*Take it off.* ``sys.setprofile(None)`` under the tracker, for every thread that runs. Nothing
else changes: this is what happens wherever it is enough.

*Veto it.* memray installs the hook again at each ``PyGILState_Ensure``, the call by which an
extension enters Python (``hooks.cpp``, ``install_trace_function`` in ``tracking_api.cpp``):
each callback of libuv under uvloop, each callback of SQLite. And CPython 3.11 cannot take a
profile function off another thread. ``PyEval_SetProfile`` raises the audit event
``sys.setprofile`` first and does nothing where an audit hook objects
(https://docs.python.org/3/c-api/init.html#c.PyEval_SetProfile).

What the veto itself allocates is not counted, because memray guards its own calls. But where
an audit hook exists, CPython makes objects for *every* audit event, to call the hook with. An
operation that raises audit events (it opens a file, it logs) therefore cannot be counted
under the veto; :attr:`Veto.events` tells.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memray import Tracker

__all__ = ["Veto", "needs_veto", "tracking"]


class _VetoedError(Exception):
    """What the audit hook answers with. CPython reports it as unraisable, which is silenced."""


class Veto:
    """While active, nobody can install a profile function. Not removable: audit hooks stay.

    ``events`` counts the other audit events that were raised meanwhile, ``names`` each of them.
    """

    def __init__(self) -> None:
        self.events = 0
        self.names: dict[str, int] = {}
        self._active = False
        sys.addaudithook(self._audit)

    def _audit(self, event: str, _: tuple[Any, ...]) -> None:
        if not self._active:
            return
        if event == "sys.setprofile":
            raise _VetoedError
        if event != "sys.unraisablehook":  # the answer to the line above
            self.events += 1
            self.names[event] = self.names.get(event, 0) + 1

    @contextmanager
    def active(self) -> Iterator[None]:
        """Object to every profile function that anyone installs meanwhile."""
        previous = sys.unraisablehook

        def silent(unraisable: sys.UnraisableHookArgs) -> None:
            if unraisable.exc_type is not _VetoedError:
                previous(unraisable)

        sys.unraisablehook = silent
        self._active = True
        try:
            yield
        finally:
            self._active = False
            sys.unraisablehook = previous


def needs_veto(loop: asyncio.AbstractEventLoop | None) -> bool:
    """Whether the hook can come back on *loop*, or cannot be taken off a thread that runs."""
    if loop is not None and not isinstance(loop, asyncio.BaseEventLoop):
        return True  # the loop is an extension, uvloop for one
    return sys.version_info < (3, 12) and threading.active_count() > 1


@contextmanager
def tracking(tracker: Tracker, veto: Veto | None) -> Iterator[None]:
    """Track allocations, with memray's stack hook off in every thread."""
    if veto is None:
        with tracker:
            _take_hook_off()
            yield
        return
    # The tracker leaves after the veto: it sets the former profile function again.
    with ExitStack() as leaving, veto.active():
        leaving.enter_context(tracker)
        threading.setprofile(None)
        yield


def _take_hook_off() -> None:
    threading.setprofile(None)
    if sys.version_info >= (3, 12):
        threading.setprofile_all_threads(None)
    else:
        sys.setprofile(None)
