"""Conductor: measures the times of one group in rounds of gated sweeps, until they are exact.

It opens one gate at a time: while one child is timed, no other runs. In each sweep it takes the
variants in a fresh random order, those of one family one after the other, so that the values of one
sweep are neighbours in time.
It knows its workers by a protocol only; tests script a fake one without a clock.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from harness.analysis.estimate import looks_needed, target_is_met
from harness.errors import HungError, MeasureError, OvertimeError
from harness.plan import value_seconds
from harness.record import Timing

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from harness.plan import Preset

__all__ = [
    "Calibration",
    "GroupTiming",
    "OpenRound",
    "TimedRound",
    "Worker",
    "time_group",
]

_WARMUP_SWEEPS = 1
# What is not timed need not wait for another child that is not, on two cores.
_AT_ONCE = 2


@dataclass(frozen=True)
class TimedRound:
    """What pyperf measured in one child: seconds per operation, in sweep order."""

    values: tuple[float, ...]
    warmups: tuple[tuple[int, float], ...] = ()
    metadata: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Calibration:
    """How a variant is to be timed, found once per group.

    loops: cycles in one value. seconds: what one cycle takes. overhead: seconds per operation
    of the empty driving loop.
    """

    loops: int
    seconds: float
    overhead: float


class Worker(Protocol):
    """One child of a round. Each method raises MeasureError when the child gives up."""

    def prepare(self) -> None:
        """Begin to set up and to warm up."""

    def prepared(self) -> int:
        """Wait until that is done; return the operations of one cycle."""

    def calibrate(self, seconds: float) -> Calibration:
        """Find how many cycles last *seconds*."""

    def begin(self, loops: int, values: int, warmups: int, expected: float) -> None:
        """Begin to make ready to measure; one value takes about *expected* seconds."""

    def begun(self) -> None:
        """Wait until it is at the gate."""

    def measure(self) -> None:
        """Open the gate for one value, and wait until it is there."""

    def end(self) -> None:
        """Begin to put together what was measured, after the last value, and to close."""

    def ended(self) -> TimedRound:
        """Wait until that is done; return what was measured."""


class OpenRound(Protocol):
    """Starts the children of one round, and ends them at its end."""

    def __call__(
        self, index: int, variants: tuple[str, ...]
    ) -> AbstractContextManager[Mapping[str, Worker]]:
        """Return the workers of round *index* by variant."""


@dataclass
class GroupTiming:
    """The times of one group as they grow round by round.

    value: how many seconds one value is to last. calibrations: how each variant is timed for that.
    looks: rounds in a row after which the target was met. error: why the group ended before its
    time.
    """

    value: float
    timings: dict[str, Timing] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    calibrations: dict[str, Calibration] = field(default_factory=dict)
    rounds: int = 0
    target_met: bool = False
    looks: int = 0
    error: str | None = None

    def add(self, index: int, variant: str, timed: TimedRound, operations: int) -> None:
        """Join one child's values of round *index* to those of the rounds before."""
        known = self.timings.get(variant) or Timing(rounds={}, operations=operations)
        self.timings[variant] = Timing(
            rounds={**known.rounds, index: timed.values},
            operations=operations,
            warmups={**known.warmups, index: timed.warmups},
            metadata={**known.metadata, index: timed.metadata},
        )


def time_group(
    variants: tuple[str, ...],
    references: Mapping[str, str],
    preset: Preset,
    open_round: OpenRound,
    rng: random.Random,
    on_round: Callable[[int], None] = lambda _: None,
    value: float | None = None,
    families: Mapping[str, Hashable] | None = None,
    counterparts: Sequence[Mapping[str, str]] = (),
) -> GroupTiming:
    """Add rounds until every ratio is as exact as *preset* wants, or they are used up.

    *references* names for each variant the one that it is compared with, itself for a baseline;
    *counterparts* for some of them others with which they are compared too, while both are there.
    In a sweep, variants of one of *families* come one after the other; all are one unless given.
    A variant that fails is left out of the rounds that follow; what it had measured stays. *value*
    is how many seconds one value is to last; as the number of variants wants it unless given.
    """
    group = GroupTiming(value or value_seconds(max(1, len(variants))))
    fewest, most = preset.rounds
    while group.rounds < most:
        alive = tuple(variant for variant in variants if variant not in group.failures)
        if not alive:
            group.target_met = False
            break
        on_round(group.rounds)
        try:
            with open_round(group.rounds, alive) as workers:
                complete = _Round(group, workers, preset.values, rng, families or {}).run()
        except OvertimeError as error:
            group.error = str(error)
            break
        except MeasureError as error:
            group.failures.update(dict.fromkeys(alive, str(error)))
            break
        if not complete:
            continue
        group.rounds += 1
        group.target_met = _target_is_met(group, references, counterparts, preset.target)
        group.looks = group.looks + 1 if group.target_met else 0
        ratios = {
            (variant, each[variant])
            for each in _held_against(references, counterparts, alive)
            for variant in alive
            if each[variant] != variant
        }
        if group.rounds >= fewest and group.looks >= looks_needed(len(ratios)):
            break
    return group


def _target_is_met(
    group: GroupTiming,
    references: Mapping[str, str],
    counterparts: Sequence[Mapping[str, str]],
    target: float,
) -> bool:
    """Look at the variants that still take part only: no round makes the others more exact."""
    alive = {
        variant: timing
        for variant, timing in group.timings.items()
        if variant not in group.failures
    }
    against = _held_against(references, counterparts, alive)
    return all(target_is_met(alive, each, target) for each in against)


def _held_against(
    references: Mapping[str, str],
    counterparts: Sequence[Mapping[str, str]],
    variants: Collection[str],
) -> Iterator[Mapping[str, str]]:
    """Yield what each of *variants* is compared with; itself where a counterpart is not there."""
    yield references
    for others in counterparts:
        yield {
            variant: other if (other := others.get(variant, variant)) in variants else variant
            for variant in variants
        }


class _Round:
    """One fresh set of children: prepare, calibrate, sweep."""

    def __init__(
        self,
        group: GroupTiming,
        workers: Mapping[str, Worker],
        values: int,
        rng: random.Random,
        families: Mapping[str, Hashable],
    ) -> None:
        self._group = group
        self._workers = dict(workers)
        self._values = values
        self._rng = rng
        self._families = families
        self._operations: dict[str, int] = {}
        self._spoilt = self._timed = False

    def run(self) -> bool:
        """Measure all of it; False if it was given up, and has to be measured again."""
        self._some_at_once(self._prepare, self._wait_until_prepared)
        for variant in list(self._workers):
            self._attempt(variant, self._calibrate)
        self._some_at_once(self._begin, self._wait_until_begun)
        for _ in range(_WARMUP_SWEEPS + self._values):
            for variant in self._fresh_order():
                self._attempt(variant, self._measure)
        self._timed = True
        self._some_at_once(self._end, self._wait_until_ended)
        return not self._spoilt

    def _fresh_order(self) -> list[str]:
        """Return the workers for one sweep: families at random, and at random in each."""
        families: dict[Hashable, list[str]] = {}
        for variant in self._workers:
            families.setdefault(self._families.get(variant), []).append(variant)
        order = [*families.values()]
        self._rng.shuffle(order)
        for family in order:
            self._rng.shuffle(family)
        return list(itertools.chain(*order))

    def _some_at_once(
        self, begin: Callable[[str, Worker], None], wait: Callable[[str, Worker], None]
    ) -> None:
        """Have all workers do what is not timed, a few at once; they are waited for in turn."""
        variants = list(self._workers)
        waiting = iter(variants)
        for variant in itertools.islice(waiting, _AT_ONCE):
            self._attempt(variant, begin)
        for variant in variants:
            self._attempt(variant, wait)
            for following in itertools.islice(waiting, 1):
                self._attempt(following, begin)

    def _attempt(self, variant: str, step: Callable[[str, Worker], None]) -> None:
        """Take *step* with one worker; one that fails leaves the round."""
        if self._spoilt or variant not in self._workers:
            return
        try:
            step(variant, self._workers[variant])
        except OvertimeError:
            raise  # it is nobody's fault alone
        except MeasureError as error:
            self._group.failures[variant] = str(error)
            del self._workers[variant]
            # It may go on running beside the others, whose times would be those of two at once:
            # this round is given up, and measured again without it. Not once all are timed.
            self._spoilt = isinstance(error, HungError) and not self._timed

    def _prepare(self, variant: str, worker: Worker) -> None:
        worker.prepare()

    def _wait_until_prepared(self, variant: str, worker: Worker) -> None:
        self._operations[variant] = worker.prepared()

    def _calibrate(self, variant: str, worker: Worker) -> None:
        if variant not in self._group.calibrations:
            self._group.calibrations[variant] = worker.calibrate(self._group.value)
        self._operations[variant] *= self._group.calibrations[variant].loops

    def _begin(self, variant: str, worker: Worker) -> None:
        found = self._group.calibrations[variant]
        worker.begin(found.loops, self._values, _WARMUP_SWEEPS, found.loops * found.seconds)

    def _wait_until_begun(self, variant: str, worker: Worker) -> None:
        worker.begun()

    def _measure(self, variant: str, worker: Worker) -> None:
        worker.measure()

    def _end(self, variant: str, worker: Worker) -> None:
        worker.end()

    def _wait_until_ended(self, variant: str, worker: Worker) -> None:
        self._group.add(self._group.rounds, variant, worker.ended(), self._operations[variant])
