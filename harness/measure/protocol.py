"""Protocol: what the conductor and a measuring child say to each other, and how.

One stream socket per child carries JSON objects, one a line. The conductor says what to
``do``; the child answers each with one object, but for ``verify``, or with ``{"error": ...}``,
and ends when the socket is closed. Version 2:

===========  ==========================================  ===================================
do           with                                        the answer
===========  ==========================================  ===================================
wait         -                                           waiting
prepare      -                                           operations
warm_up      -                                           warm
calibrate    seconds                                     loops, seconds, overhead
time         loops, values, warmups, cpu                 waiting
go           - (opens the gate, once per value)          seconds
collect      - (after the last value)                    pyperf's own JSON of the benchmark
verify       -                                           for each variant: observing; then
                                                         comparing; then observations
count        -                                           allocations
attribute    capture (a path), operations                captured: where they allocate
close        -                                           closed
===========  ==========================================  ===================================

``overhead`` is seconds per operation of the empty driving loop; ``seconds`` is the duration
of one cycle in the answer to ``calibrate``, of the whole value in that to ``go``. ``cpu`` is
the number of the CPU to which the timing thread pins itself; null: to none.

Before that, the interpreter that forks the children reads one job, a line, from its standard
input, whose end later tells a watch that it leaves to end it and its children:
``{"version": 2, "source": ..., "params": ..., "seed": ..., "workers": [[task, variants, loop, file
descriptor], ...]}``. The task is ``time``, ``count``, ``attribute`` or ``verify``; each worker has
one variant, on an event loop, but all that are compared where it verifies.
"""

from __future__ import annotations

import json
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from harness.errors import MeasureError

if TYPE_CHECKING:
    import socket

__all__ = ["TEMPORARY", "TEMPORARY_PREFIX", "VERSION", "Channel"]

VERSION = 2
# The environment variable that names the folder for temporary files, and how its name begins.
TEMPORARY = "AWAITBENCH_TEMPORARY"
TEMPORARY_PREFIX = "awaitbench-"
_LONGEST_LINE = 64 * 1024 * 1024


class Channel:
    """One end of the conversation."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._pending = bytearray()

    def send(self, message: dict[str, Any]) -> None:
        """Send one message; MeasureError if the other end is gone."""
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise MeasureError(f"the other process is gone ({error})") from error

    def receive(self, limit: float | None = None) -> dict[str, Any] | None:
        """Return the next message, or None when the other end has closed.

        TimeoutError after *limit* seconds without one, however much of one has come by then; what
        has come is kept.
        """
        until = None if limit is None else monotonic() + limit
        looked_at = 0
        while (end := self._pending.find(b"\n", looked_at)) < 0:
            looked_at = len(self._pending)
            left = None if until is None else until - monotonic()
            if left is not None and left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            with suppress(ConnectionResetError):
                received = self._socket.recv(1 << 16)
                if received and looked_at < _LONGEST_LINE:
                    self._pending += received
                    continue
            return None
        line = bytes(self._pending[:end])
        del self._pending[: end + 1]
        try:
            message = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise MeasureError(f"protocol: expected JSON, got {line[:40]!r}") from error
        if not isinstance(message, dict):
            raise MeasureError(f"protocol: expected an object, got {type(message).__name__}")
        return message

    def fileno(self) -> int:
        """Return the file descriptor, for a writer such as pyperf."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close this end."""
        self._socket.close()
