"""Worker: a forked child as the conductor's protocol wants it, timed by pyperf."""

from __future__ import annotations

import json
import random
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pyperf

from harness.measure.affinity import cpu_to_measure_on, kept_off
from harness.measure.conditions import Watch
from harness.measure.conductor import Calibration, TimedRound
from harness.measure.crew import open_crew

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.measure.allowance import Allowance
    from harness.measure.conductor import OpenRound
    from harness.measure.crew import Interpreter, Member
    from harness.plan import Group
    from harness.record import Conditions

__all__ = [
    "OnConditions",
    "PyperfWorker",
    "Version",
    "clean_metadata",
    "round_hash_seed",
    "rounds_of",
    "rounds_of_versions",
]

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


class OnConditions(Protocol):
    """Told at the end of a round what else the machine did during it."""

    def __call__(self, index: int, conditions: Conditions, /) -> None:
        """Take note of the conditions of round *index*."""


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
        """Have the child start pyperf, whose first value waits at the gate."""
        # Calibrated: what takes a millisecond need not be waited for as long as a set-up.
        self._limit = min(self._member.patience, _BUSY_SECONDS) + _SLOWER * expected
        if self._member.allowance is not None:
            self._member.allowance.expect(self._name, self._prepared, values + warmups, expected)
        self._member.ask("time", loops=loops, values=values, warmups=warmups, cpu=self._cpu)

    def measure(self) -> None:
        """Open the gate once."""
        self._member.ask("go", limit=self._limit)

    def finish(self) -> TimedRound:
        """Take pyperf's benchmark, and have the child close the scenario."""
        benchmark = pyperf.Benchmark.loads(json.dumps(self._member.listen("collect")))
        (run,) = benchmark.get_runs()
        timed = TimedRound(
            values=tuple(map(_significant, run.values)),
            warmups=tuple((loops, _significant(value)) for loops, value in run.warmups),
            metadata=clean_metadata(run.get_metadata()),
        )
        self._member.ask("close")
        return timed


def round_hash_seed(seed: int, index: int) -> int:
    """Return the ``PYTHONHASHSEED`` of round *index* in a run with that seed."""
    return random.Random(f"{seed} round {index}").randrange(1, 2**32)


@dataclass(frozen=True)
class Version:
    """A version of the code that is measured: its group, and the interpreter that has it.

    *label* tells its children from those of another version in the same round; empty where
    there is no other.
    """

    group: Group
    interpreter: Interpreter
    label: str = ""

    def member(self, variant: str) -> str:
        """Return how the conductor calls the child of *variant*."""
        return f"{variant} ({self.label})" if self.label else variant


def rounds_of(
    group: Group,
    interpreter: Interpreter,
    seed: int,
    *,
    allowance: Allowance | None = None,
    on_conditions: OnConditions = lambda *_: None,
    pinned: bool | None = None,
) -> OpenRound:
    """Return what opens the rounds of *group*: each a fresh interpreter, its own hash seed.

    The options are those of :func:`rounds_of_versions`.
    """
    version = Version(group, interpreter)
    return rounds_of_versions(
        (version,), seed, allowance=allowance, on_conditions=on_conditions, pinned=pinned
    )


def rounds_of_versions(
    versions: Sequence[Version],
    seed: int,
    *,
    allowance: Allowance | None = None,
    on_conditions: OnConditions = lambda *_: None,
    pinned: bool | None = None,
) -> OpenRound:
    """Return what opens rounds of several versions: a fresh interpreter each, one hash seed.

    Which of them starts first is drawn for each round. Variants are timed on an isolated CPU where
    there is one; if *pinned*, else on one and the same that is not; if it is False, wherever the
    system has them run. At the end of each round *on_conditions* is told what else the machine did
    during it; of a round that is measured again, once more. *allowance* is what all rounds may
    take together; as long as they like unless given.
    """
    # Once for all rounds: while one of them is open, this process keeps off that CPU.
    cpu = None if pinned is False else cpu_to_measure_on(shared=pinned is True)

    @contextmanager
    def open_round(index: int, variants: tuple[str, ...]) -> Iterator[dict[str, PyperfWorker]]:
        watch = Watch()
        workers: dict[str, PyperfWorker] = {}
        order = random.Random(f"{seed} first of round {index}").sample(versions, len(versions))
        with ExitStack() as stack:
            for version in order:
                names = {version.member(each): each for each in version.group.variants}
                chosen = {names[member]: member for member in variants if member in names}
                if not chosen:
                    continue
                crew = open_crew(
                    version.interpreter,
                    version.group,
                    "time",
                    seed=seed,
                    hash_seed=round_hash_seed(seed, index),
                    members=tuple(chosen),
                    allowance=allowance,
                )
                for variant, member in stack.enter_context(crew).items():
                    name = chosen[variant]
                    workers[name] = PyperfWorker(member, name, cpu)
            stack.enter_context(kept_off(cpu))
            yield {member: workers[member] for member in variants}
            # Before the children are gone, whose own time is not that of others.
            on_conditions(index, watch.conditions())

    return open_round
