"""Side: one run of a comparison, its rows and the logs of its rounds worked out once. Pure.

A run that stands in several comparisons, as in a history, is read through once.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from harness.analysis.estimate import round_logs
from harness.analysis.rows import case_rows
from harness.plan import format_params
from harness.shared_text import text_of

if TYPE_CHECKING:
    from harness.analysis.rows import CaseRow
    from harness.record import Run, Timing

__all__ = ["Key", "Side", "other_builds", "unlike_kinds"]

Key: TypeAlias = "tuple[str, ...]"
"""What names a case: scenario, params, variant, loop and interpreter, as a row has them."""


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
        """The timings by case."""
        return {
            (
                record.group.scenario,
                format_params(record.group.params),
                variant,
                record.group.runtime.loop,
                record.group.runtime.interpreter,
            ): timing
            for record in self.run.groups
            for variant, timing in record.timings.items()
        }

    @cached_property
    def interpreters(self) -> dict[str, str]:
        """The interpreters as rows name them, each with its implementation; in order."""
        found = {
            runtime.interpreter: f"{runtime.implementation} {runtime.python}"
            for runtime in self.run.plan.runtimes
        }
        return dict(sorted(found.items(), key=lambda each: each[1]))

    @cached_property
    def loops(self) -> tuple[str, ...]:
        """The event loops, in order."""
        return tuple(sorted({group.runtime.loop for group in self.run.plan.groups}))

    def compiler(self, interpreter: str) -> str:
        """Return what built that interpreter; empty where the run does not say."""
        return text_of(self.run.environment.get("compiler", ""), interpreter)

    def bridge_logs(self, case: Key, baseline: Key) -> list[float]:
        """Return the logs of the rounds' ratios of *case* to the case *baseline*."""
        if case not in self._bridges:
            self._bridges[case] = round_logs(self.timings[case], self.timings[baseline])
        return self._bridges[case]


def unlike_kinds(base: Side, new: Side) -> list[tuple[str, str, str]]:
    """Return what of their runtimes is unlike: ``interpreter`` or ``event loop``, base, new.

    Where both have an interpreter, or a loop, that one is held against itself: it is not unlike.
    """
    found = []
    both = base.interpreters.keys() & new.interpreters.keys()
    if base.interpreters and new.interpreters and both <= other_builds(base, new):
        names = [
            ", ".join(
                f"{name} by {side.compiler(each)}" if each in both else name
                for each, name in side.interpreters.items()
            )
            for side in (base, new)
        ]
        found.append(("interpreter", names[0], names[1]))
    if not {*base.loops} & {*new.loops} and base.loops and new.loops:
        found.append(("event loop", ", ".join(base.loops), ", ".join(new.loops)))
    return found


def other_builds(base: Side, new: Side) -> set[str]:
    """Return the interpreters that both have, built by unlike compilers."""
    return {
        name
        for name in base.interpreters.keys() & new.interpreters.keys()
        if base.compiler(name) != new.compiler(name) and base.compiler(name) and new.compiler(name)
    }
