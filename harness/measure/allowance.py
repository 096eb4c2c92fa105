"""Allowance: how long a whole group may take, once it is known what its first round takes.

Each step has a limit of its own. Where every step is slow, none of them hangs, and a group would
still not end: the allowance is a generous multiple of what was to be expected.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Allowance"]

# The machine may be busy with other things, but hardly for a whole group.
_SLOWER = 5
_AT_LEAST = 4  # times the patience with one step
_GATE_SECONDS = 0.005  # for each value: what it takes to be asked for


class Allowance:
    """The time that one group may take for its rounds.

    *patience* is seconds, as of :class:`harness.measure.crew.Interpreter`; *rounds* the most that
    the group has; *clock* gives seconds, and does not jump.
    """

    def __init__(
        self, patience: float, rounds: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._patience = patience
        self._rounds = rounds
        self._clock = clock
        self._began = clock()
        self._expected: dict[str, float] = {}

    def expect(self, variant: str, prepared: float, values: int, each: float) -> None:
        """Take note of what *variant* needs in a round, in seconds; the first one counts.

        *prepared* for being set up, warmed up and calibrated, *each* for one of its *values*.
        """
        self._expected.setdefault(variant, prepared + values * (each + _GATE_SECONDS))

    @property
    def seconds(self) -> float:
        """The whole of it; infinite before the first variant has been calibrated."""
        if not self._expected:
            return math.inf
        return _AT_LEAST * self._patience + _SLOWER * self._rounds * sum(self._expected.values())

    @property
    def left(self) -> float:
        """The seconds that are left; below zero where it is used up."""
        return self._began + self.seconds - self._clock()
