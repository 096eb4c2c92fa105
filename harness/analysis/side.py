"""Side: one run of a comparison, its rows and the logs of its rounds worked out once. Pure.

A run that stands in several comparisons, as in a history, is read through once.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from harness.analysis.estimate import round_logs
from harness.analysis.rows import case_rows
from harness.plan import format_params

if TYPE_CHECKING:
    from harness.analysis.rows import CaseRow
    from harness.record import Run, Timing

__all__ = ["Key", "Side", "unlike_kinds"]

Key: TypeAlias = "tuple[str, ...]"
"""What names a case: scenario, params, variant, loop and Python version."""


class Side:
    """One run of a comparison."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._bridges: dict[Key, list[float]] = {}

    @cached_property
    def rows(self) -> tuple[CaseRow, ...]:
        """The cases of the run that its interpreter has."""
        return tuple(row for row in case_rows(self.run) if row.status != "unavailable")

    @cached_property
    def timings(self) -> dict[Key, Timing]:
        """The timings by case: scenario, params, variant, loop and Python version."""
        return {
            (
                record.group.scenario,
                format_params(record.group.params),
                variant,
                record.group.runtime.loop,
                record.group.runtime.python,
            ): timing
            for record in self.run.groups
            for variant, timing in record.timings.items()
        }

    @cached_property
    def interpreters(self) -> tuple[str, ...]:
        """The implementations and versions of Python, in order."""
        runtimes = {f"{g.runtime.implementation} {g.runtime.python}" for g in self.run.plan.groups}
        return tuple(sorted(runtimes))

    @cached_property
    def loops(self) -> tuple[str, ...]:
        """The event loops, in order."""
        return tuple(sorted({group.runtime.loop for group in self.run.plan.groups}))

    def bridge_logs(self, case: Key, baseline: Key) -> list[float]:
        """Return the logs of the rounds' ratios of *case* to the case *baseline*."""
        if case not in self._bridges:
            self._bridges[case] = round_logs(self.timings[case], self.timings[baseline])
        return self._bridges[case]


def unlike_kinds(base: Side, new: Side) -> list[tuple[str, str, str]]:
    """Return what of their runtimes is unlike: ``interpreter`` or ``event loop``, base, new."""
    found = []
    pythons = ", ".join(base.interpreters), ", ".join(new.interpreters)
    compilers = [side.run.environment.get("compiler", "") for side in (base, new)]
    if pythons[0] != pythons[1]:
        found.append(("interpreter", *pythons))
    elif all(compilers) and compilers[0] != compilers[1]:
        told = [f"{name} by {made}" for name, made in zip(pythons, compilers, strict=True)]
        found.append(("interpreter", told[0], told[1]))
    if not {*base.loops} & {*new.loops} and base.loops and new.loops:
        found.append(("event loop", ", ".join(base.loops), ", ".join(new.loops)))
    return found
