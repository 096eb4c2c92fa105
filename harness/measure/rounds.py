"""Rounds: a fresh interpreter for each, its own hash seed, and the next one's started beside it."""

from __future__ import annotations

import random
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from harness.errors import MeasureError
from harness.measure.affinity import cpu_to_measure_on, kept_off
from harness.measure.conditions import Watch
from harness.measure.crew import open_crew, role_of_each
from harness.measure.worker import PyperfWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from harness.measure.allowance import Allowance
    from harness.measure.crew import Interpreter, Member
    from harness.plan import Group
    from harness.record import Conditions

__all__ = ["OnConditions", "Rounds", "Version", "by_interpreter", "round_hash_seed", "rounds_of"]

T = TypeVar("T")


class OnConditions(Protocol):
    """Told at the end of a round what else the machine did during it."""

    def __call__(self, index: int, conditions: Conditions, /) -> None:
        """Take note of the conditions of round *index*."""


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


def by_interpreter(items: Iterable[T], version_of: Callable[[T], Version]) -> list[list[T]]:
    """Return the items, those together whose versions one process can measure."""
    found: list[list[T]] = []
    for item in items:
        version = version_of(item)
        for others in found:
            other = version_of(others[0])
            if (version.interpreter, version.group.setting) == (
                other.interpreter,
                other.group.setting,
            ):
                others.append(item)
                break
        else:
            found.append([item])
    return found


def round_hash_seed(seed: int, index: int) -> int:
    """Return the ``PYTHONHASHSEED`` of round *index* in a run with that seed."""
    return random.Random(f"{seed} round {index}").randrange(1, 2**32)


def rounds_of(
    group: Group,
    interpreter: Interpreter,
    seed: int,
    *,
    on_conditions: OnConditions = lambda *_: None,
    pinned: bool | None = None,
) -> Rounds:
    """Return what opens the rounds of *group*, each when it is asked for.

    The options are those of :class:`Rounds`.
    """
    version = Version(group, interpreter)
    return Rounds((version,), seed, on_conditions=on_conditions, pinned=pinned)


class Rounds:
    """Opens the rounds of one group, of one or several versions: call it with a round's index.

    Versions with the same interpreter, which differ by their event loop, share its process in each
    round; which process starts first is drawn. Variants are timed on an isolated CPU where there is
    one; if *pinned*, else on one and the same that is not; if it is False, wherever the system has
    them run. At the end of each round *on_conditions* is told what else the machine did during it;
    of a round that is measured again, once more. *allowance* is what all rounds may take together;
    as long as they like unless given.

    To start an interpreter takes one core a quarter of a second, and nothing is timed meanwhile:
    of *most* rounds every second one is started together with the one before it, and sleeps until
    its turn. They are ended with the context.
    """

    def __init__(
        self,
        versions: Sequence[Version],
        seed: int,
        *,
        allowance: Allowance | None = None,
        on_conditions: OnConditions = lambda *_: None,
        pinned: bool | None = None,
        most: int = 0,
    ) -> None:
        self._crews = by_interpreter(versions, lambda version: version)
        self._seed = seed
        self._allowance = allowance
        self._on_conditions = on_conditions
        self._most = most
        # Once for all rounds: while one of them is open, this process keeps off that CPU.
        self._cpu = None if pinned is False else cpu_to_measure_on(shared=pinned is True)
        self._ahead: dict[int, tuple[dict[str, Member], ExitStack]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        while self._ahead:
            _, (_, stack) = self._ahead.popitem()
            stack.close()

    @contextmanager
    def __call__(self, index: int, variants: tuple[str, ...]) -> Iterator[dict[str, PyperfWorker]]:
        """Open round *index* with a worker for each of *variants*."""
        watch = Watch()
        ahead = index in self._ahead
        members, stack = self._ahead.pop(index) if ahead else self._started(index, variants)
        with stack:
            if index % 2 == 0 and index + 1 < self._most and index + 1 not in self._ahead:
                self._start_ahead(index + 1, variants)
            stack.enter_context(kept_off(self._cpu))
            yield {name: PyperfWorker(members[name], name, self._cpu) for name in variants}
            # Before the children are gone, whose own time is not that of others.
            self._on_conditions(index, watch.conditions())

    def _start_ahead(self, index: int, variants: tuple[str, ...]) -> None:
        """Start the children of round *index*, and wait until all of them sleep."""
        try:
            members, stack = self._started(index, variants)
        except MeasureError:
            return  # its turn will tell, if it still cannot be started then
        with stack:
            try:
                for member in members.values():
                    member.ask("wait")
            except MeasureError:
                return
            self._ahead[index] = members, stack.pop_all()

    def _started(
        self, index: int, variants: tuple[str, ...]
    ) -> tuple[dict[str, Member], ExitStack]:
        """Start the children of round *index*; they end with what is returned beside them."""
        members: dict[str, Member] = {}
        first = random.Random(f"{self._seed} first of round {index}")
        with ExitStack() as stack:
            for versions in first.sample(self._crews, len(self._crews)):
                roles = {
                    version.member(variant): role
                    for version in versions
                    for variant, role in role_of_each(version.group, "time").items()
                    if version.member(variant) in variants
                }
                if not roles:
                    continue
                crew = open_crew(
                    versions[0].interpreter,
                    versions[0].group,
                    roles,
                    seed=self._seed,
                    hash_seed=round_hash_seed(self._seed, index),
                    allowance=self._allowance,
                )
                members |= stack.enter_context(crew)
            return members, stack.pop_all()
