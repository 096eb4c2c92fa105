"""Strategies: the known ways to hand an answer over, and how the driver reads each.

A variant whose name is not listed here is welcome; it is awaited like a coroutine. One whose
name begins with ``eager_`` is measured on a loop that starts tasks eagerly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.plan import Runtime
    from harness.scenario import Scenario

__all__ = ["Reading", "Strategy", "functions", "strategy"]


class Reading(Enum):
    """What the driver does with the value that a variant's function returns."""

    AWAIT = "await"
    CHECK = "check"  # without an await where it is done: result() if done() else await
    CALL = "call"


@dataclass(frozen=True)
class Strategy:
    """One way to hand an answer over.

    reading
        How the driver reads the answer.
    can_complete_synchronously
        Whether an answer that is already there costs no suspension. A plain Task always
        suspends its awaiter: its first step runs in a later turn of the loop. None: not known.
    eager_tasks
        Whether the loop starts tasks eagerly (``asyncio.eager_task_factory``).
    only_synchronous
        Whether it can do the work only where nothing waits (``sync_ratio`` 1).
    since
        The oldest Python version that has it.
    implementation
        Which ValueTask the scenario uses for it, ``python`` or ``native``; None: the one that it
        imports. See :mod:`harness.measure.implementation`.
    """

    name: str
    reading: Reading = Reading.AWAIT
    can_complete_synchronously: bool | None = True
    eager_tasks: bool = False
    only_synchronous: bool = False
    since: tuple[int, int] = (3, 11)
    implementation: str | None = None

    def unavailable(self, runtime: Runtime) -> str | None:
        """Why this strategy does not exist on *runtime*, or None where it does."""
        if runtime.without_loop:
            return runtime.without_loop
        if runtime.version < self.since:
            wanted = ".".join(map(str, self.since))
            return f"needs Python {wanted} or later, this is {runtime.python}"
        if self.implementation == "native" and runtime.without_native:
            return f"needs the C type ({runtime.without_native})"
        return None


# Variants that are the function of another one, measured in another way.
_DERIVED = {
    "task": ("eager_task",),
    "value_task": ("value_task_native", "value_task_checked"),
}

_KNOWN = {
    known.name: known
    for known in (
        Strategy("coroutine"),
        Strategy("cached_future"),
        Strategy("ready_future"),
        Strategy("task", can_complete_synchronously=False),
        Strategy("eager_task", eager_tasks=True, since=(3, 12)),
        Strategy("value_task", implementation="python"),
        Strategy("value_task_native", implementation="native"),
        Strategy("value_task_checked", reading=Reading.CHECK, implementation="python"),
        Strategy("synchronous", reading=Reading.CALL, only_synchronous=True),
    )
}


def strategy(variant: str) -> Strategy:
    """Return the strategy that *variant* names; an unknown name is awaited."""
    if variant in _KNOWN:
        return _KNOWN[variant]
    unknown = Strategy(variant, can_complete_synchronously=None)
    if variant.startswith("eager_"):
        return replace(unknown, eager_tasks=True, since=_KNOWN["eager_task"].since)
    return unknown


def functions(scenario: Scenario[Any, Any, Any]) -> dict[str, Callable[[Any, Any], Any]]:
    """Return every variant of *scenario* by name, with those derived from another one.

    Unless the scenario brings its own, ``eager_task`` is the function of ``task`` on a loop
    that starts tasks eagerly, ``value_task_native`` that of ``value_task`` on the C type, and
    ``value_task_checked`` the same one read without an await where it is done.
    """
    found: dict[str, Callable[[Any, Any], Any]] = {}
    for function in scenario.variants:
        found[function.__name__] = function
        for derived in _DERIVED.get(function.__name__, ()):
            found.setdefault(derived, function)
    if scenario.synchronous is not None:
        found["synchronous"] = scenario.synchronous
    return found
