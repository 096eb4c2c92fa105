"""Driver: one variant of a scenario, set up on an event loop of its own, ready to be driven."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from harness.errors import InputError
from harness.measure.implementation import using
from harness.strategy import Reading, functions, strategy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

    from harness.scenario import Params, Scenario
    from harness.valuetask import ValueTask

__all__ = ["Driver", "new_event_loop", "open_driver"]

State = TypeVar("State")
Request = TypeVar("Request")
Answer = TypeVar("Answer")


class Driver(Generic[State, Request, Answer]):
    """Drives one variant's function over the scenario's requests.

    ``cycle`` is the tuple of requests that is repeated; ``operations`` is how many operations
    one cycle of them is.
    """

    def __init__(
        self,
        variant: str,
        function: Callable[[State, Request], Any],
        state: State,
        cycle: tuple[Request, ...],
        loop: asyncio.AbstractEventLoop,
        operations: int = 1,
    ) -> None:
        self.operations = len(cycle) * operations
        self.variant = variant
        self.function = function
        self.state = state
        self.cycle = cycle
        self.loop = loop
        # itertools.cycle allocates nothing after its first turn, which is taken here; a
        # `for` over range() or over the tuple itself would allocate in the counted stretch.
        self._requests = itertools.cycle(cycle)
        deque(itertools.islice(self._requests, len(cycle)), maxlen=0)
        self._timed = _TIMED[strategy(variant).reading]

    def drive(self, cycles: int) -> float:
        """Drive *cycles* cycles and return the seconds that the operations took."""
        requests = itertools.islice(self._requests, cycles * len(self.cycle))
        return self.loop.run_until_complete(self._timed(self.function, self.state, requests))

    def drive_nothing(self, cycles: int) -> float:
        """Return the seconds that the driving loop itself takes over *cycles* cycles."""
        requests = itertools.islice(self._requests, cycles * len(self.cycle))
        return self.loop.run_until_complete(_pass_all(requests))


async def _await_all(
    function: Callable[[State, Request], Awaitable[Answer]],
    state: State,
    requests: Iterator[Request],
) -> float:
    start = perf_counter()
    for request in requests:
        await function(state, request)
    return perf_counter() - start


async def _call_all(
    function: Callable[[State, Request], Answer], state: State, requests: Iterator[Request]
) -> float:
    start = perf_counter()
    for request in requests:
        function(state, request)
    return perf_counter() - start


async def _check_all(
    function: Callable[[State, Request], ValueTask[Answer]],
    state: State,
    requests: Iterator[Request],
) -> float:
    start = perf_counter()
    for request in requests:
        value_task = function(state, request)
        if value_task.done():
            value_task.result()
        else:
            await value_task
    return perf_counter() - start


_TIMED: dict[Reading, Callable[..., Coroutine[Any, Any, float]]] = {
    Reading.AWAIT: _await_all,
    Reading.CHECK: _check_all,
    Reading.CALL: _call_all,
}


async def _pass_all(requests: Iterator[Request]) -> float:
    start = perf_counter()
    for _ in requests:
        pass
    return perf_counter() - start


def new_event_loop(name: str) -> asyncio.AbstractEventLoop:
    """Return a new loop of the kind ``asyncio`` or ``uvloop``; InputError if there is none."""
    if name == "asyncio":
        return asyncio.new_event_loop()
    if name == "uvloop":
        try:
            import uvloop
        except ImportError:
            raise InputError(
                "loop uvloop: the package uvloop is not installed for this interpreter; "
                "install awaitbench[uvloop] or use --loop asyncio"
            ) from None
        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        return loop
    raise InputError(f"loop {name}: expected asyncio or uvloop")


def _eager_factory(loop_name: str) -> Any:
    return _start_eagerly if loop_name == "uvloop" else asyncio.eager_task_factory  # type: ignore[attr-defined]


def _start_eagerly(
    loop: asyncio.AbstractEventLoop,
    body: Any,
    *,
    name: str | None = None,
    context: Any = None,
    eager_start: bool | None = None,
) -> asyncio.Task[Any]:
    """Be ``asyncio.eager_task_factory`` under uvloop 0.23, which passes ``eager_start=None``.

    The original does not take that option on 3.13.0; this costs what it costs.
    """
    return asyncio.Task(  # type: ignore[call-arg]  # mypy looks at 3.11, which has no eager ones
        body, loop=loop, name=name, context=context, eager_start=True
    )


@contextmanager
def open_driver(
    scenario: Scenario[Any, Any, Any], variant: str, params: Params, loop_name: str
) -> Iterator[Driver[Any, Any, Any]]:
    """Set *variant* up on a new event loop; everything is closed at the end.

    Until then the scenario uses the implementation of ValueTask that the variant measures.
    """
    known = strategy(variant)
    with (
        using(known.implementation) as swap,
        _open_loop(loop_name) as loop,
        _entered(scenario.setup(params), loop) as state,
    ):
        cycle = tuple(scenario.requests(state, params))
        if not cycle:
            raise InputError(f"{scenario.title}: requests() gave none; expected at least one")
        if known.eager_tasks:
            loop.set_task_factory(_eager_factory(loop_name))
        function = swap.counterpart(functions(scenario)[variant])
        yield Driver(variant, function, state, cycle, loop, scenario.operations_of(params))


@contextmanager
def _open_loop(name: str) -> Iterator[asyncio.AbstractEventLoop]:
    loop = new_event_loop(name)
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()


@contextmanager
def _entered(context: Any, loop: asyncio.AbstractEventLoop) -> Iterator[Any]:
    """Keep an async context manager open between calls of the loop.

    One task enters and leaves it, because timeouts and task groups must be left by the task
    that entered them.
    """
    release = loop.create_future()
    ready = loop.create_future()

    async def hold() -> None:
        async with context as state:
            ready.set_result(state)
            await release

    holder = loop.create_task(hold())
    loop.run_until_complete(asyncio.wait({holder, ready}, return_when=asyncio.FIRST_COMPLETED))
    if not ready.done():
        holder.result()  # setup raised: so does this
        raise InputError("setup ended without giving a state")
    try:
        yield ready.result()
    finally:
        release.set_result(None)
        loop.run_until_complete(holder)
