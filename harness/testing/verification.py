"""Verification of a whole scenario in a test: all of its variants must do the same work."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import pytest

from harness.catalog import Entry, choose, find
from harness.errors import AwaitbenchError, InputError
from harness.measure.environment import this_runtime
from harness.measure.observe import observe_all
from harness.plan import Selection, format_params, make_plan
from harness.scenario import Params, Scenario
from harness.testing.event_loop import current_event_loop
from harness.verify import compare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.plan import Group
    from harness.record import Observation
    from harness.scenario import ParamValue

__all__ = ["Seen", "VerifyScenario", "verify"]

Seen: TypeAlias = "dict[str, dict[str, Observation]]"


class VerifyScenario(Protocol):
    """What the fixture ``verify_scenario`` gives."""

    def __call__(
        self,
        scenario: Scenario[Any, Any, Any] | str,
        /,
        *,
        params: Mapping[str, ParamValue | Sequence[ParamValue]] = ...,
        variants: Sequence[str] = ...,
        loop: str = ...,
        seed: int = ...,
    ) -> Seen:
        """Verify; see :func:`verify`."""


def verify(
    scenario: Scenario[Any, Any, Any] | str,
    /,
    *,
    params: Mapping[str, ParamValue | Sequence[ParamValue]] | None = None,
    variants: Sequence[str] = (),
    loop: str = "asyncio",
    seed: int = 0,
) -> Seen:
    """Run the variants of *scenario*, a value, a file's path or a name, and hold them together.

    Returns by parameters, as in ``sync_ratio=0.9;size=64``, and by variant what was seen. The
    test fails with one line where answers or shares of synchronous completions differ, and where
    what is asked for does not exist. The values of *params* replace those of the sweep; without
    *variants* all are verified that this interpreter has.
    """
    try:
        return _verified(scenario, params or {}, variants, loop, seed)
    except AwaitbenchError as error:
        reason = str(error)
    pytest.fail(reason, pytrace=False)


def _verified(
    scenario: Scenario[Any, Any, Any] | str,
    params: Mapping[str, ParamValue | Sequence[ParamValue]],
    variants: Sequence[str],
    loop: str,
    seed: int,
) -> Seen:
    entry = _entry(scenario)
    if asyncio._get_running_loop() is not None:
        raise InputError(
            "verify_scenario opens event loops of its own, and one is running; call it in a test "
            "that is no coroutine (def, not async def)"
        )
    selection = Selection(
        scenarios=(entry.name,),
        variants=tuple(variants),
        params=tuple((name, _texts(value)) for name, value in params.items()),
        seed=seed,
    )
    plan = make_plan(selection, {entry.name: entry}, this_runtime())
    with _current_loop_kept():
        return {
            format_params(group.params): _observations(entry, group, loop, seed)
            for group in plan.groups
            if group.variants
        }


def _entry(scenario: Scenario[Any, Any, Any] | str) -> Entry:
    if isinstance(scenario, Scenario):
        return Entry("scenario", scenario, "")
    if not isinstance(scenario, str):
        raise InputError(
            f"verify_scenario: expected a Scenario, a path or a name, got {scenario!r}"
        )
    entries, (name,) = find((scenario,))
    return choose(entries, name)


def _texts(value: ParamValue | Sequence[ParamValue]) -> tuple[str, ...]:
    """Return values as a command line has them, where they are checked."""
    values = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in values)


def _observations(entry: Entry, group: Group, loop: str, seed: int) -> dict[str, Observation]:
    params = Params(dict(group.params), seed)
    scenario = entry.scenario
    try:
        observed = observe_all(scenario, group.variants, params, loop)
        return compare(observed, scenario.awaited_share(params), scenario.operations_of(params))
    except AwaitbenchError as error:
        where = f"{scenario.title}, {format_params(group.params)}"
        raise type(error)(f"{where}: {error}") from error


@contextmanager
def _current_loop_kept() -> Iterator[None]:
    """Give this thread its current event loop back, which a test's plugin may have set."""
    current = current_event_loop()
    try:
        yield
    finally:
        if current is not None:
            asyncio.set_event_loop(current)
