"""Worker: a forked child as the conductor's protocol wants it, timed by pyperf."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pyperf

from harness.measure.conductor import Calibration, TimedRound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.measure.crew import Member

__all__ = ["PyperfWorker", "clean_metadata"]

# pyperf also records the host's name, the interpreter's path and its build options, which
# hold paths: what is stored is listed here, so that nothing new gets in unseen.
_KEPT_METADATA = frozenset(
    {
        "aslr",
        "cpu_affinity",
        "cpu_config",
        "cpu_count",
        "cpu_freq",
        "cpu_model_name",
        "cpu_temp",
        "date",
        "duration",
        "inner_loops",
        "load_avg_1min",
        "loops",
        "mem_max_rss",
        "perf_version",
        "platform",
        "python_compiler",
        "python_gc",
        "python_hash_seed",
        "python_implementation",
        "python_version",
        "timer",
    }
)

# A value may take this many times as long as calibration expects before the child counts as
# hanging: the machine may be busy with other things, for this many seconds too.
_SLOWER = 20
_BUSY_SECONDS = 10.0


def clean_metadata(metadata: Mapping[str, float | str]) -> dict[str, float | str]:
    """Return what may be stored of pyperf's metadata: no host name, no path."""
    return {name: value for name, value in metadata.items() if name in _KEPT_METADATA}


def _significant(value: float) -> float:
    """Return the digits that mean something: the clock ticks 10^6 times in a value."""
    return float(f"{value:.7g}")


class PyperfWorker:
    """Speaks the protocol of :mod:`harness.measure.protocol` with one child.

    *name* is what the conductor calls it, *cpu* the one on which its values are timed; None:
    wherever the system has it run.
    """

    def __init__(self, member: Member, name: str, cpu: int | None = None) -> None:
        self._member = member
        self._name = name
        self._cpu = cpu
        self._limit = 0.0
        self._began = self._prepared = 0.0

    def prepare(self) -> None:
        """Have the child begin to set the scenario up, and to warm up."""
        self._began = time.monotonic()
        self._member.tell("prepare")
        self._member.tell("warm_up")

    def prepared(self) -> int:
        """Wait until it is warm; return the operations of one cycle."""
        operations: int = self._member.listen("prepare")["operations"]
        self._member.listen("warm_up")
        self._prepared = time.monotonic() - self._began
        return operations

    def calibrate(self, seconds: float) -> Calibration:
        """Have the child find how many cycles last *seconds*."""
        return Calibration(**self._member.ask("calibrate", seconds=seconds))

    def begin(self, loops: int, values: int, warmups: int, expected: float) -> None:
        """Have the child start pyperf."""
        # Calibrated: what takes a millisecond need not be waited for as long as a set-up.
        self._limit = min(self._member.patience, _BUSY_SECONDS) + _SLOWER * expected
        if self._member.allowance is not None:
            self._member.allowance.expect(self._name, self._prepared, values + warmups, expected)
        self._member.tell("time", loops=loops, values=values, warmups=warmups, cpu=self._cpu)

    def begun(self) -> None:
        """Wait until pyperf is ready for its first value."""
        self._member.listen("time")

    def measure(self) -> None:
        """Open the gate once."""
        self._member.ask("go", limit=self._limit)

    def end(self) -> None:
        """Have pyperf write its benchmark, and the child close the scenario."""
        self._member.tell("collect")
        self._member.tell("close")

    def ended(self) -> TimedRound:
        """Take the benchmark, and wait until the scenario is closed."""
        benchmark = pyperf.Benchmark.loads(json.dumps(self._member.listen("collect")))
        (run,) = benchmark.get_runs()
        timed = TimedRound(
            values=tuple(map(_significant, run.values)),
            warmups=tuple((loops, _significant(value)) for loops, value in run.warmups),
            metadata=clean_metadata(run.get_metadata()),
        )
        self._member.listen("close")
        return timed
