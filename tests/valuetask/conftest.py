"""Both implementations, a loop of its own for each test, and what a loop was told."""

from __future__ import annotations

import asyncio
import gc
import importlib
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pytest

from tests.valuetask import bodies

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import ModuleType

T = TypeVar("T")


class Run(Protocol):
    """Run a coroutine to its end on a fresh loop."""

    def __call__(self, main: Coroutine[Any, Any, T], /) -> T: ...


@pytest.fixture(params=["python", "native"], autouse=True)
def implementation(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test against one implementation, whose names its module then has.

    What the module has decorated itself, or imported from ``bodies``, is decorated again.
    """
    name: str = request.param
    if name == "native":
        pytest.importorskip(
            "harness.valuetask.native",
            reason="the extension in C was not built",
            exc_type=ImportError,
        )
    chosen = importlib.import_module(f"harness.valuetask.{name}")
    for module in (request.module, bodies):
        _use(chosen, module, monkeypatch)
    return name


def _use(chosen: ModuleType, module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in list(vars(module).items()):
        if name in chosen.__all__:
            monkeypatch.setattr(module, name, getattr(chosen, name))
        elif options := getattr(value, "__value_task__", None):
            again = chosen.value_task(**options)(value.__wrapped__)
            monkeypatch.setattr(module, name, again)


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    if name == "uvloop":
        uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")
        factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
        return factory
    return asyncio.new_event_loop


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    factory = loop_factory(request.param)

    def run_on_fresh_loop(main: Coroutine[Any, Any, T]) -> T:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(main)

    return run_on_fresh_loop


class Logged:
    """The messages that the running loop's exception handler receives from here on."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: self.messages.append(context["message"])
        )

    def after_collecting(self) -> list[str]:
        gc.collect()
        return self.messages


class Turns:
    """Counts turns of the running loop, to see whether something suspended."""

    def __init__(self) -> None:
        self.count = 0
        asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self.count += 1
        asyncio.get_running_loop().call_soon(self._turn)


def while_handling(error: BaseException, function: Callable[[], T]) -> T:
    """Return ``function()``, called where *error* is being handled."""
    try:
        raise error
    except type(error):
        return function()
