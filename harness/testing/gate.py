"""Gate: one test under ``@pytest.mark.allocations``, run once, counted, and judged."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import InputError, MeasureError
from harness.testing.limits import Limits, read_limits
from harness.testing.message import failure
from harness.testing.undisturbed import undebugged, undisturbed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.measure.hook_veto import Veto
    from harness.measure.stretches import Steps
    from harness.testing.limits import Counts

__all__ = ["Gate", "open_gate"]

_REPEATED = (
    "allocations: the test passed once, and raised this when it was repeated to be counted; "
    "its body must leave things as it found them"
)


def open_gate(item: pytest.Item, mark: pytest.Mark) -> Gate:
    """Return the gate of a marked test; InputError if it cannot be one."""
    limits = read_limits(mark.args, mark.kwargs)
    function = getattr(item, "obj", None)
    if not isinstance(item, pytest.Function) or hasattr(item, "_testcase") or _is_unittest(item):
        raise InputError(
            "expected a test function, or a method of a plain class; "
            f"this is a {type(item).__name__}"
        )
    if hasattr(function, "hypothesis"):
        raise InputError(
            "a test under @given runs other examples each time; "
            "put one operation in a test of its own, or use @pytest.mark.parametrize"
        )
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        raise InputError("expected a test that does not yield")
    return Gate(item, limits)


def _is_unittest(item: pytest.Function) -> bool:
    import unittest

    return item.cls is not None and issubclass(item.cls, unittest.TestCase)


class Gate:
    """Runs a test's function once, as it is; then counts it, unless it failed.

    *on_stage* is called before the function is run, and before it is counted; *is_following* says
    that it is run once more, to find the lines.
    """

    def __init__(self, item: pytest.Function, limits: Limits) -> None:
        self.on_stage: Callable[[], None] = lambda: None
        self.is_following = False
        self._item = item
        self._limits = limits
        self._failure: str | None = "allocations: what runs this test does not call its function"
        self._skipped: str | None = None
        self._exceeded: Counts | None = None
        self._veto: Veto | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return *function* with counting, to be run by whatever runs tests of its kind."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def counted(**arguments: Any) -> Any:
                if self.is_following:
                    with undebugged(asyncio.get_running_loop()):
                        await self._repeat(function, arguments)
                    return None
                self.on_stage()
                result = await function(**arguments)
                self.on_stage()
                self._failure = None
                await self._count_awaited(function, arguments)
                return result

            return counted

        @functools.wraps(function)
        def counted_calls(**arguments: Any) -> Any:
            if self.is_following:
                return self._repeat(function, arguments)
            self.on_stage()
            result = function(**arguments)
            self.on_stage()
            self._failure = None
            self._count_called(function, arguments)
            return result

        return counted_calls

    def explain(self, run: Callable[[], object]) -> None:
        """Have the test run again where it allocates too much, to find the lines.

        *run* is whatever ran it; it must be called from outside of the event loop.
        """
        if self._exceeded is None or self.is_following:
            return
        from harness.testing.places import find_places

        self.is_following = True
        with _Telling(self), undisturbed(self._loop):
            run()  # what is done once, the lines of tracebacks that are read, is no operation's
            places = find_places(
                run,
                self._limits.operations,
                self._exceeded,
                str(self._item.config.rootpath),
                self._veto,
            )
            self._failure = failure(self._limits, self._exceeded, places)

    def judge(self) -> None:
        """Fail or skip the test, from outside of it, where there is a reason to."""
        if self._failure is not None:
            pytest.fail(self._failure, pytrace=False)
        if self._skipped is not None:
            pytest.skip(self._skipped)

    def fail(self, reason: str) -> None:
        """Take note of why there is no count."""
        self._failure = f"allocations: {reason}"

    def _repeat(self, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        from harness.testing.counting import Operation

        return Operation.of(function, arguments).repeated(self._limits.operations)

    async def _count_awaited(
        self, function: Callable[..., Any], arguments: Mapping[str, Any]
    ) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._skipped = "allocations: counted on asyncio's event loops only, this is another"
            return
        if not self._can_count():
            return
        from harness.measure.stretches import awaited

        with _Telling(self), undisturbed(loop):
            self._take(await awaited(self._counting(function, arguments, loop)))

    def _count_called(self, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        if not self._can_count():
            return
        from harness.measure.stretches import driven

        with _Telling(self), undisturbed(None):
            self._take(driven(self._counting(function, arguments, None)))

    def _can_count(self) -> bool:
        if importlib.util.find_spec("memray") is None:
            self._skipped = (
                "allocations: not counted, as memray is not installed; it is for CPython on "
                "Linux and macOS"
            )
        return self._skipped is None

    def _counting(
        self,
        function: Callable[..., Any],
        arguments: Mapping[str, Any],
        loop: asyncio.AbstractEventLoop | None,
    ) -> Steps[Counts]:
        from harness.measure.hook_veto import Veto, needs_veto
        from harness.testing.counting import Operation, counting

        self._loop = loop
        self._veto = Veto() if needs_veto(loop) else None
        return counting(Operation.of(function, arguments), self._limits.operations, self._veto)

    def _take(self, counts: Counts) -> None:
        self._item.user_properties += [
            ("allocations_per_op", _short(counts.allocations)),
            ("allocated_bytes_per_op", _short(counts.bytes)),
        ]
        if self._limits.too_many_allocations(counts) or self._limits.too_many_bytes(counts):
            self._exceeded = counts
            self._failure = failure(self._limits, counts, ())


class _Telling:
    """Has a gate say why there is no count; what the test itself raises goes its way."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> bool:
        if isinstance(error, MeasureError):
            self._gate.fail(str(error))
            return True
        if isinstance(error, RuntimeError) and "more than one Tracker" in str(error):
            self._gate.fail("memray follows this process already (pytest --memray, memray run)")
            return True
        if error is not None:
            error.add_note(_REPEATED)
        return False


def _short(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 4)
