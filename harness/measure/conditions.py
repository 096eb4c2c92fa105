"""Conditions: what else the machine did during a round, read before it and after it.

What other processes did is what all did, less what ours did. The system counts the first in
ticks of its clock, which over half a second is exact to about 0.03 of a core. Ours are this
process and those of each session that a child of it leads: the processes of a round. Their
time is read from their own clocks: /proc tells it in whole hundredths of a second, rounded down
twice for each process, which would call a tenth of a second per round that of others.
"""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

from harness.record import Conditions

__all__ = ["Watch"]

_CLOCK_OF_ANY_PROCESS = platform.system() == "Linux"


class Watch:
    """Begun with a round; asked at its end, before the round's processes are ended."""

    def __init__(self) -> None:
        self._began = _Reading.taken()

    def conditions(self) -> Conditions:
        """Return what else the machine did since this watch began; None for what is not told."""
        before, now = self._began, _Reading.taken()
        seconds = now.moment - before.moment
        return Conditions(
            seconds=round(seconds, 4),
            others=_per_second(_others(before, now), seconds),
            stolen=_per_second(_difference(before.stolen, now.stolen), seconds),
        )


@dataclass(frozen=True)
class _Reading:
    """CPU seconds until now: of all processes, stolen, and of ours by process id."""

    moment: float
    busy: float | None
    stolen: float | None
    ours: dict[int, float]

    @classmethod
    def taken(cls) -> _Reading:
        try:
            all_ = psutil.cpu_times()
        except (OSError, psutil.Error, ValueError):
            return cls(time.monotonic(), None, None, {})
        # What interrupts take is nobody's; much of it is the network of the round itself.
        busy = all_.user + all_.system + getattr(all_, "nice", 0.0)
        return cls(time.monotonic(), busy, getattr(all_, "steal", None), _ours())


def _others(before: _Reading, now: _Reading) -> float | None:
    busy = _difference(before.busy, now.busy)
    if busy is None:
        return None
    ours = sum(seconds - before.ours.get(pid, 0.0) for pid, seconds in now.ours.items())
    # Some containers show counters that stand still: less than we alone have done.
    return busy - ours if busy > ours / 2 else None


def _difference(before: float | None, now: float | None) -> float | None:
    return None if before is None or now is None else now - before


def _per_second(spent: float | None, seconds: float) -> float | None:
    if spent is None or seconds <= 0:
        return None
    return round(max(0.0, spent) / seconds, 4)


def _ours() -> dict[int, float]:
    """Return the CPU seconds of our processes, and of the children that each has waited for."""
    here = os.getpid()
    sessions: dict[int, list[int]] = {}
    for pid in psutil.pids():
        with suppress(OSError):
            sessions.setdefault(os.getsid(pid), []).append(pid)
    found = {here: time.process_time()}
    for leader, members in sessions.items():
        if _parent(leader) == here:
            for pid in members:
                with suppress(psutil.Error, OSError):
                    found[pid] = _cpu_seconds(pid)
    return found


def _parent(pid: int) -> int | None:
    try:
        return int(psutil.Process(pid).ppid())
    except (psutil.Error, OSError, ValueError):
        return None


def _cpu_seconds(pid: int) -> float:
    told = psutil.Process(pid).cpu_times()
    waited_for: float = told.children_user + told.children_system
    if _CLOCK_OF_ANY_PROCESS:
        # The process's clock, as clock_getcpuclockid(3) makes its number; CPython has it for
        # threads only. It is exact, of all threads, and goes on to be there for a zombie.
        return time.clock_gettime((~pid << 3) | 2) + waited_for
    return float(told.user + told.system) + waited_for
