"""What the experiment on ValueTask measures: one loop of awaits per function.

Loaded once for each implementation, as ``valuetask_cases.python`` and ``.native``, because the
interpreter specialises bytecode for the types that it meets: two implementations that share a
loop would slow each other down. What needs asyncio alone is loaded as ``.asyncio``.

Every case does its operation once for each item of *times*. ``nothing`` is the empty loop, which
is subtracted from both sides of a ratio.
"""

# ruff: noqa: SIM105 - suppress() would cost more than what is measured

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.valuetask.body import idle, stepping

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.valuetask import ManualResetValueTaskSource, ValueTask, gather, value_task
else:
    _name = __name__.rpartition(".")[2].replace("asyncio", "python")
    _chosen = importlib.import_module(f"harness.valuetask.{_name}")
    ManualResetValueTaskSource = _chosen.ManualResetValueTaskSource
    ValueTask, gather, value_task = _chosen.ValueTask, _chosen.gather, _chosen.value_task

LEAVES = 200
EVERY = 10  # one leaf of so many waits, where 90 % are done

Times: TypeAlias = "Iterable[None]"


async def nothing(times: Times) -> None:
    for _ in times:
        pass


# An answer that is there.


async def answered() -> str:
    return "answer"


async def answered_none() -> None:
    return None


async def failing() -> str:
    raise LookupError


decorated = value_task(answered)
decorated_failing = value_task(failing)


async def coroutine(times: Times) -> None:
    for _ in times:
        await answered()


async def coroutine_none(times: Times) -> None:
    for _ in times:
        await answered_none()


async def task(times: Times) -> None:
    for _ in times:
        await asyncio.create_task(answered())


async def eager_task(times: Times) -> None:
    new: Any = asyncio.Task  # mypy looks at 3.11, which has no eager ones
    loop = asyncio.get_running_loop()
    for _ in times:
        await new(answered(), loop=loop, eager_start=True)


async def ready_future(times: Times) -> None:
    loop = asyncio.get_running_loop()
    for _ in times:
        future = loop.create_future()
        future.set_result("answer")
        await future


async def kept_future(times: Times) -> None:
    future = asyncio.get_running_loop().create_future()
    future.set_result("answer")
    for _ in times:
        await future


async def constant(times: Times) -> None:
    for _ in times:
        await ValueTask("answer")


async def constant_none(times: Times) -> None:
    for _ in times:
        await ValueTask(None)


async def checked(times: Times) -> None:
    for _ in times:
        answer = ValueTask("answer")
        answer.result() if answer.done() else await answer


async def again(times: Times) -> None:
    answer = ValueTask("answer")
    for _ in times:
        await answer


async def body(times: Times) -> None:
    for _ in times:
        await decorated()


async def body_checked(times: Times) -> None:
    for _ in times:
        answer = decorated()
        answer.result() if answer.done() else await answer


async def body_hot(times: Times) -> None:
    hot = value_task(hot=True)(answered)
    for _ in times:
        await hot()


async def body_pooled(times: Times) -> None:
    pooled = value_task(pooled=True)(answered)
    for _ in times:
        await pooled()


async def coroutine_failing(times: Times) -> None:
    for _ in times:
        try:
            await failing()
        except LookupError:
            pass


async def body_failing(times: Times) -> None:
    for _ in times:
        try:
            await decorated_failing()
        except LookupError:
            pass


# An answer that takes a turn of the loop.


async def suspending() -> str:
    await asyncio.sleep(0)
    return "answer"


decorated_suspending = value_task(suspending)


async def suspended_coroutine(times: Times) -> None:
    for _ in times:
        await suspending()


async def suspended_task(times: Times) -> None:
    for _ in times:
        await asyncio.create_task(suspending())


async def suspended(times: Times) -> None:
    for _ in times:
        await decorated_suspending()


async def suspended_hot(times: Times) -> None:
    hot = value_task(hot=True)(suspending)
    for _ in times:
        await hot()


async def suspended_pooled(times: Times) -> None:
    pooled = value_task(pooled=True)(suspending)
    for _ in times:
        await pooled()


async def await_suspending() -> str:
    return await suspending()


async def await_suspended() -> str:
    return await decorated_suspending()


async def by_hand_coroutine(times: Times) -> None:
    """Step it without the loop, whose turn is most of the time of the others."""
    for _ in times:
        stepped = await_suspending()
        stepped.send(None)
        try:
            stepped.send(None)
        except StopIteration:
            pass


async def by_hand(times: Times) -> None:
    for _ in times:
        stepped = await_suspended()
        stepped.send(None)
        try:
            stepped.send(None)
        except StopIteration:
            pass


# One asynchronous completion after another.


async def futures(times: Times) -> None:
    loop = asyncio.get_running_loop()
    for _ in times:
        future = loop.create_future()
        loop.call_soon(future.set_result, "answer")
        await future


async def source(times: Times) -> None:
    loop = asyncio.get_running_loop()
    source = ManualResetValueTaskSource[str]()
    for _ in times:
        source.reset()
        loop.call_soon(source.set_result, "answer")
        await source.value_task()


# Many at once; one operation is LEAVES answers.


async def leaf(number: int) -> int:
    return number


async def usually(number: int) -> int:
    if number % EVERY == 0:
        await asyncio.sleep(0)
    return number


decorated_leaf = value_task(leaf)
decorated_usually = value_task(usually)


async def asyncio_gather(times: Times) -> None:
    for _ in times:
        await asyncio.gather(*[leaf(number) for number in range(LEAVES)])


async def asyncio_gather_usually(times: Times) -> None:
    for _ in times:
        await asyncio.gather(*[usually(number) for number in range(LEAVES)])


async def asyncio_gather_waiting(times: Times) -> None:
    """Gather those alone that wait."""
    for _ in times:
        await asyncio.gather(*[usually(number) for number in range(0, LEAVES, EVERY)])


async def gathered(times: Times) -> None:
    for _ in times:
        await gather(*[decorated_leaf(number) for number in range(LEAVES)])


async def gathered_constants(times: Times) -> None:
    for _ in times:
        await gather(*[ValueTask(number) for number in range(LEAVES)])


async def gathered_usually(times: Times) -> None:
    for _ in times:
        await gather(*[decorated_usually(number) for number in range(LEAVES)])


# Other designs of the pure type, each with what a completed answer needs of it.


class KindField:
    """One class for all kinds: a field says which, and the others are empty."""

    __slots__ = ("_future", "_kind", "_result", "_source")

    def __init__(self, result: object = None) -> None:
        self._kind = 0
        self._result = result
        self._future = None
        self._source = None

    def __await__(self) -> Any:
        if self._kind == 0:
            return self._result
        yield self._future
        return None


class InstanceCheck:
    """One attribute for all kinds, and a look at what it holds."""

    __slots__ = ("_held",)

    def __init__(self, result: object = None) -> None:
        self._held = result

    def __await__(self) -> Any:
        held = self._held
        if not isinstance(held, Wrapped):
            return held
        yield held
        return None


class Wrapped:
    """What InstanceCheck holds where it is not a result."""


class Iterator:
    """An iterator of its own, which hands the result over in a StopIteration."""

    __slots__ = ("_result",)

    def __init__(self, result: object = None) -> None:
        self._result = result

    def __await__(self) -> Any:
        return self

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        raise StopIteration(self._result)


async def kind_field(times: Times) -> None:
    for _ in times:
        await KindField("answer")


async def instance_check(times: Times) -> None:
    for _ in times:
        await InstanceCheck("answer")


async def iterator(times: Times) -> None:
    for _ in times:
        await Iterator("answer")


# Other designs of a decorated body, without a rule: each can be awaited once, and no more.


class Bare:
    """The rest of a body as the pure type has it, and nothing else of it."""

    if sys.version_info < (3, 13):
        __slots__ = ("_stepper", "_waits_for")

    def __init__(self, body: object, stepper: Any, waits_for: Any) -> None:
        self._stepper = stepper
        self._waits_for = waits_for

    def __await__(self) -> Any:
        stepper, outcome = self._stepper, self._waits_for
        while stepper.gi_yieldfrom is not None:
            yield outcome
            outcome = stepper.send(None)
        idle.append(stepper)
        return outcome._result


class Sent:
    """The rest of a body that is stepped by its own ``send()``."""

    if sys.version_info < (3, 13):
        __slots__ = ("_body", "_waits_for")

    def __init__(self, body: Any, waits_for: object) -> None:
        self._body = body
        self._waits_for = waits_for

    def __await__(self) -> Any:
        yield self._waits_for
        return (yield from self._body.__await__())


def sending(function: Any) -> Any:
    """Step a body of *function* at once, and take its result out of the StopIteration."""

    def call(*args: Any, **kwargs: Any) -> Any:
        body = function(*args, **kwargs)
        try:
            waits_for = body.send(None)
        except StopIteration as stopped:
            return ValueTask(stopped.value)
        return Sent(body, waits_for)

    return call


bare_suspending: Any = stepping(suspending, Bare)  # type: ignore[arg-type]
sent_answered, sent_suspending = sending(answered), sending(suspending)


async def suspended_bare(times: Times) -> None:
    for _ in times:
        await bare_suspending()


async def suspended_sent(times: Times) -> None:
    for _ in times:
        await sent_suspending()


async def body_sent(times: Times) -> None:
    for _ in times:
        await sent_answered()
