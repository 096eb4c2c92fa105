"""Affinity: the CPU on which variants are timed, and off which the conductor keeps meanwhile.

Variants are kept on one CPU only where somebody has isolated it for such work: it is quiet, and
the system itself would place nothing there. Elsewhere the system is left to choose, as
docs/experiments/affinity.py, twice on two busy cores, has it: cache_lookup with misses, queries on
a thread of its own, scattered more when pinned in three of four comparisons (a round's ratio by
1.5 to 4 times as much), and once took 1.7 times as long: pinned, it is another workload. Without
threads the ratios scattered less in nine of twelve comparisons, which may be chance, and four
times as much in one, beside a process that computed on the same CPU.

Only the thread that drives a variant is pinned, when its values begin, and with it what threads
it starts from then on. Threads that were there before (the one of a database connection that
``setup`` opened, those of an executor that warming up has started) keep their freedom: they run on
the other CPUs, and every hand-over between the two wakes another CPU up.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from harness.measure.system_files import SystemFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["cpu_to_measure_on", "how_pinned", "kept_off", "pin_this_thread"]


def cpu_to_measure_on(files: SystemFiles | None = None, *, shared: bool = False) -> int | None:
    """Return the CPU on which to time: an isolated one; if *shared*, else the last usable one.

    None where there is none, where the system knows no affinity, or where nothing would be left
    for the conductor.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    usable = os.sched_getaffinity(0)
    # Isolated ones are not among the usable unless somebody has put us there; one may ask.
    isolated = sorted((files or SystemFiles()).isolated_cpus() or (), reverse=True)
    for cpu in isolated + [max(usable)] * shared:
        if usable - {cpu} and _may_run_on(cpu):
            return cpu
    return None


def how_pinned(files: SystemFiles | None = None) -> str:
    """Return in a few words where variants are timed."""
    cpu = cpu_to_measure_on(files)
    return "not pinned" if cpu is None else f"pinned to CPU {cpu}, which is isolated"


def pin_this_thread(cpu: int | None) -> None:
    """Have this thread, and those that it starts from now on, run on *cpu* only.

    Where that is forbidden meanwhile it runs on; pyperf's ``cpu_affinity`` tells what was so.
    """
    if cpu is not None:
        with suppress(OSError):
            os.sched_setaffinity(0, {cpu})


@contextmanager
def kept_off(cpu: int | None) -> Iterator[None]:
    """Keep every thread of this process off *cpu*; all are as free as before at the end."""
    if cpu is None:
        yield
        return
    here = os.sched_getaffinity(0)
    before = {thread: os.sched_getaffinity(thread) for thread in _threads()}
    for thread, cpus in before.items():
        _confine(thread, cpus - {cpu})
    try:
        yield
    finally:
        for thread in _threads():  # those that were started meanwhile, too
            _confine(thread, before.get(thread, here))


def _threads() -> list[int]:
    return [int(entry.name) for entry in Path("/proc/self/task").iterdir()]


def _may_run_on(cpu: int) -> bool:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError:
        return False
    os.sched_setaffinity(0, before)
    return True


def _confine(thread: int, cpus: set[int]) -> None:
    # A thread may have ended meanwhile; nobody may run on no CPU at all.
    with suppress(OSError):
        if cpus:
            os.sched_setaffinity(thread, cpus)
