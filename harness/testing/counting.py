"""Counting a test: how many allocations its body makes, as an operation that is repeated.

A function that does nothing, of the same signature and with a frame of the same size, is counted
beside it: what calling and awaiting the test itself costs, its coroutine object, is subtracted,
kind by kind. What is left is what the statements of its body do.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from harness.measure.stretches import MMAP, Marks, capture, chances, difference, settle
from harness.testing.limits import Counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import CodeType

    from harness.measure.hook_veto import Veto
    from harness.measure.stretches import Step, Steps, Stretch

__all__ = ["REPEATING", "Operation", "counting"]

# Where the frames of calls outgrow a chunk of CPython's stack, it gets another one from the
# operating system, and gives it back. Whether an operation's calls do depends on how deep the
# stack already is: on pytest's plugins, not on the operation. (_PyThreadState_PushFrame and
# DATA_STACK_CHUNK_SIZE in CPython's Python/pystate.c)
_STACK_CHUNK = (MMAP, 16 * 1024)

# Both lengths are multiples of five: asyncio's dict of running tasks is rebuilt at each fifth
# step of a task, and then the phase is the same.
_PHASE = 5

# What is seen less often per operation is by chance, if there are few such kinds: a table that
# outlives the operations grew in one stretch and not in the other.
_EXACT = 0.01
_STRAY = 2


@dataclass(frozen=True)
class Operation:
    """A test's function with its arguments, to be repeated."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    named: Mapping[str, Any]

    @classmethod
    def of(cls, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Operation:
        """Return *function* with *arguments*, by position where it takes them so."""
        bound = inspect.signature(function).bind(**arguments)
        return cls(function, bound.args, bound.kwargs)

    def repeated(self, times: int) -> Any:
        """Run it so often; what is returned is to be awaited where the function is async."""
        run = _await_all if inspect.iscoroutinefunction(self.function) else _call_all
        return run(self.function, self.args, self.named, times)

    @property
    def empty(self) -> Operation:
        """The same without a body."""
        return Operation(_without_body(self.function), self.args, self.named)


# Without keywords no dict is made for them.
async def _await_all(
    function: Callable[..., Any], args: tuple[Any, ...], named: Mapping[str, Any], times: int
) -> None:
    if named:
        for _ in repeat(None, times):
            await function(*args, **named)
    else:
        for _ in repeat(None, times):
            await function(*args)


def _call_all(
    function: Callable[..., Any], args: tuple[Any, ...], named: Mapping[str, Any], times: int
) -> None:
    if named:
        for _ in repeat(None, times):
            function(*args, **named)
    else:
        for _ in repeat(None, times):
            function(*args)


# The functions that call an operation.
REPEATING = frozenset(function.__name__ for function in (_await_all, _call_all))


@dataclass
class _Pass:
    """The stretches of one capture: of the operation, and of the one that does nothing."""

    first: Stretch
    second: Stretch
    long: Stretch
    empty: tuple[Stretch, Stretch]

    @property
    def all(self) -> tuple[Stretch, ...]:
        return self.first, self.second, self.long, *self.empty


def counting(operation: Operation, operations: int, veto: Veto | None) -> Steps[Counts]:
    """Count what *operation* allocates, over *operations* of them or a few more.

    MeasureError if memray's stack hook came back, if an audit event spoils the count, or if
    the count does not settle.
    """
    more = -(-operations // _PHASE) * _PHASE
    short = max(1, more // (5 * _PHASE)) * _PHASE
    lengths = short, short + more
    empty = operation.empty
    for each in (empty, operation):  # as often on each machine: no clock is looked at
        yield partial(each.repeated, lengths[1])
    counted = yield from settle(partial(_count, operation, empty, lengths), veto)
    whole = difference(counted.long.allocations, counted.second.allocations)
    around = difference(*(stretch.allocations for stretch in counted.empty[::-1]))
    own = difference(whole, around, {_STACK_CHUNK, *chances(counted.all)})
    stray = [kind for kind, number in own.items() if abs(number) < _EXACT * more]
    if len(stray) <= _STRAY:
        own = difference(own, {}, stray)
    return Counts(
        allocations=sum(own.values()) / more,
        bytes=sum(size * number for (_, size), number in own.items()) / more,
    )


def _count(
    operation: Operation, empty: Operation, lengths: tuple[int, int], veto: Veto | None
) -> Steps[_Pass]:
    marks = Marks(veto)
    short, long = lengths
    # Made beforehand: what is made between two marks is allocated, or comes from a free list.
    around, start = partial(empty.repeated, short), partial(operation.repeated, short)
    around_long, start_long = partial(empty.repeated, long), partial(operation.repeated, long)

    def steps() -> Iterator[Step]:
        yield around
        yield start  # the tracker's start emptied free lists
        for step in (start, start, start_long, around, around_long):
            marks.add()
            yield step
        marks.add()

    first, second, longer, *empties, _ = yield from capture(steps(), marks, veto)
    marks.check()
    return _Pass(first, second, longer, (empties[0], empties[1]))


def _without_body(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that does nothing, but is called, and awaited, as *function* is."""
    bare = function.__func__ if isinstance(function, MethodType) else function
    nothing = _await_nothing if inspect.iscoroutinefunction(bare) else _call_nothing
    if not isinstance(bare, FunctionType):
        return nothing
    empty = FunctionType(_like(bare.__code__, nothing.__code__), {}, bare.__name__)
    empty.__defaults__, empty.__kwdefaults__ = bare.__defaults__, bare.__kwdefaults__
    return MethodType(empty, function.__self__) if isinstance(function, MethodType) else empty


def _like(code: CodeType, nothing: CodeType) -> CodeType:
    """Return the code of *nothing* with the parameters, and the size of a frame, of *code*."""
    variadic = code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    parameters = code.co_argcount + code.co_kwonlyargcount + variadic.bit_count()
    cells = [name for name in code.co_cellvars if name not in code.co_varnames]
    names = len(code.co_varnames) + len(cells) + len(code.co_freevars)
    return nothing.replace(
        co_argcount=code.co_argcount,
        co_posonlyargcount=code.co_posonlyargcount,
        co_kwonlyargcount=code.co_kwonlyargcount,
        co_flags=nothing.co_flags & ~(inspect.CO_VARARGS | inspect.CO_VARKEYWORDS) | variadic,
        co_nlocals=parameters,
        co_varnames=code.co_varnames[:parameters],
        co_stacksize=code.co_stacksize + names - parameters,
    )


async def _await_nothing(*_: Any, **__: Any) -> None:
    pass


def _call_nothing(*_: Any, **__: Any) -> None:
    pass
