"""``@value_task(pooled=True)``: suspended bodies that take turns in the same few sources."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from harness.valuetask.body import (
    RUNNING,
    SUSPENDED,
    UNFINISHED,
    Suspended,
    awaited_twice,
    describe_rest,
    never_awaited,
    stepping,
    then_later,
)
from harness.valuetask.core import OverFuture, ValueTask
from harness.valuetask.failing import drop_own_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

__all__ = ["pooled"]

P = ParamSpec("P")
T = TypeVar("T")
U = TypeVar("U")


def pooled(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, ValueTask[T]]:
    """Return *function* for ``@value_task(pooled=True)``."""
    return stepping(function, Pooled)


class RestSource(Suspended[Any], _kind=True):
    """Holds the rest of one body after the other; the version tells them apart."""

    if sys.version_info < (3, 13):
        __slots__ = ("version",)

    def __init__(self) -> None:
        self.version = 0

    def __del__(self) -> None:
        """Leave it to the ValueTask that borrows this to warn."""

    def hold(self, body: Any, stepper: Any, waits_for: Any) -> int:
        """Hold the rest of *body*, and return the token for it."""
        super().__init__(body, stepper, waits_for)
        return self.version

    def give_back(self) -> None:
        """Make every token of it stale, and let another body have it."""
        self.version += 1
        self._kept = self._body = self._stepper = self._foreign = self._waits_for = None
        _pool.append(self)


# Bounded: a burst of suspended bodies must not stay in memory for ever.
_pool: Final[deque[RestSource]] = deque(maxlen=1024)

_TAKEN_OVER: Final = -1  # no version


class Pooled(ValueTask[T], _kind=True):
    """The rest of a body, held by a borrowed source until the result is read.

    The await that runs the body reads its result, and so do ``as_future()`` and
    ``preserve()``, which take it over. Every use after that is an InvalidStateError.
    """

    if sys.version_info < (3, 13):
        __slots__ = ("_source", "_token")
    _is_result = False

    def __init__(self, body: Coroutine[Any, Any, T], stepper: object, waits_for: Any) -> None:
        try:
            self._source = _pool.pop()
        except IndexError:
            self._source = RestSource()
        self._token = self._source.hold(body, stepper, waits_for)

    def __del__(self) -> None:
        source = self._source
        if source.version == self._token and source._kept is SUSPENDED:
            try:
                never_awaited(source._body)
            finally:
                source.give_back()

    def __await__(self) -> Generator[Any, Any, T]:
        source = self._held()
        if source._kept is RUNNING:
            raise awaited_twice(self)
        try:
            return (yield from source.__await__())  # type: ignore[no-any-return]
        except BaseException as error:
            drop_own_frames(error)
            raise
        finally:
            source.give_back()

    def done(self) -> bool:
        self._held()
        return False

    def succeeded(self) -> bool:
        return self.done()

    def faulted(self) -> bool:
        return self.done()

    def cancelled(self) -> bool:
        return self.done()

    def result(self) -> T:
        self._held()
        raise asyncio.InvalidStateError(UNFINISHED)

    def exception(self) -> BaseException | None:
        self._held()
        raise asyncio.InvalidStateError(UNFINISHED)

    def as_future(self) -> asyncio.Future[T]:
        source = self._held()
        if source._kept is RUNNING:
            raise awaited_twice(self)
        task = source._task(self)
        self._token = _TAKEN_OVER
        return task

    def preserve(self) -> ValueTask[T]:
        return OverFuture(self.as_future())

    def then(self, function: Callable[[T], U]) -> ValueTask[U]:
        self._held()
        return then_later(self, function)

    def _held(self) -> RestSource:
        source = self._source
        if source.version != self._token:
            raise asyncio.InvalidStateError(
                "the result of this pooled ValueTask was read already, and another may have "
                "its source; preserve() one that is to be used again"
            )
        return source

    def _describe(self) -> str:
        source = self._source
        if source.version != self._token:
            return "pooled, its result was read"
        return f"pooled, {describe_rest(source._body, source._kept is RUNNING)}"
