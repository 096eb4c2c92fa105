"""The plugin that pytest loads (entry point ``pytest11``): its hooks, its marker, its fixture."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from harness.testing.gate import Gate
    from harness.testing.verification import VerifyScenario

__all__ = ["verify_scenario"]

_GATE: pytest.StashKey[Gate] = pytest.StashKey()

_MARKER = (
    "allocations(max_per_op, max_bytes_per_op, operations=300): fail the test if its body, "
    "repeated, makes more allocations than that each time, or asks for more bytes (awaitbench)"
)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and what runs marked tests."""
    config.addinivalue_line("markers", _MARKER)
    config.pluginmanager.register(_OnAsyncio(), "awaitbench-asyncio")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a marked test in a process of its own, where there is such a thing."""
    if item.get_closest_marker("allocations") is None or not hasattr(os, "fork"):
        return None
    from harness.testing.isolation import run_isolated

    run_isolated(item, nextitem)
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Count a marked test while it runs, and judge it when it has passed."""
    mark = item.get_closest_marker("allocations")
    if mark is None:
        return (yield)
    from harness.errors import InputError
    from harness.testing.gate import open_gate
    from harness.testing.isolation import tell_stage

    reason = ""
    try:
        gate = open_gate(item, mark)
    except InputError as error:
        reason = f"@pytest.mark.allocations: {error}"
    if reason:  # outside of the handler: no traceback of ours
        pytest.fail(reason, pytrace=False)
    assert isinstance(item, pytest.Function)
    gate.on_stage = tell_stage
    function = item.obj
    item.obj = gate.around(function)
    item.stash[_GATE] = gate
    try:
        result = yield
    finally:
        item.obj = function
        del item.stash[_GATE]
    gate.judge()
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Have a marked test that allocates too much run again, by what ran it, to say where."""
    result = yield
    gate = pyfuncitem.stash.get(_GATE, None)
    if gate is not None:
        gate.explain(lambda: pyfuncitem.ihook.pytest_pyfunc_call(pyfuncitem=pyfuncitem))
    return result


class _OnAsyncio:
    """Runs a marked coroutine function on asyncio where no other plugin has taken it."""

    @pytest.hookimpl
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        gate = pyfuncitem.stash.get(_GATE, None)
        if gate is None or not inspect.iscoroutinefunction(pyfuncitem.obj):
            return None
        import asyncio

        arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
        with asyncio.Runner(debug=False if gate.is_following else None) as runner:
            runner.run(pyfuncitem.obj(**arguments))
        return True


@pytest.fixture
def verify_scenario() -> VerifyScenario:
    """Return a function that verifies a scenario: ``verify_scenario(SCENARIO)``."""
    from harness.testing.verification import verify

    return verify
