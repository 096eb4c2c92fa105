"""An answer handed up through layers of middleware, each of which awaits the next one.

So is a handler wrapped in django/core/handlers/base.py (BaseHandler.load_middleware),
starlette/applications.py (Starlette.build_middleware_stack) and aiohttp/web_app.py
(_build_middlewares), and a request sent in httpx/_client.py (AsyncClient._send_handling_auth and
what it awaits). The handler is ``do_work``, which has ``sync_ratio`` of its answers at once. Each
of ``depth`` layers keeps a gauge of requests in flight: one more on the way in, one less on the
way out, however it ends. ``task`` starts a Task in each layer, as starlette/middleware/base.py
(BaseHTTPMiddleware) does. ``-p depth=1,5,20`` shows what a layer costs.

What it means: a layer that is an ``async def`` costs one allocation, and a wait suspends whoever
awaits the chain once, however deep it is: keep to it. Layers that hand up what the handler gave
make none where that is done. With a native ValueTask this takes clearly less time where all is
there; with a pure one, or a kept future, it pays at most in deep chains that never wait. Look for
a Task in each layer: where answers are there it takes tens of times as long.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness import Parameter, Params, Scenario, ValueTask, main
from harness import value_task as as_value_task
from scenarios import do_work
from scenarios._layers import Layer, layers
from scenarios.do_work import Work


async def coroutine(layer: Layer, work: Work) -> int:
    """Await the next layer."""
    layer.inside += 1
    try:
        inner = layer.inner
        return await (coroutine(inner, work) if inner else do_work.coroutine(layer.worker, work))
    finally:
        layer.inside -= 1


def task(layer: Layer, work: Work) -> asyncio.Task[int]:
    """Start a Task, which starts that of the next layer and awaits it."""
    return asyncio.create_task(await_task(layer, work))


def cached_future(layer: Layer, work: Work) -> asyncio.Future[int]:
    """Hand up the future that the work keeps."""
    layer.inside += 1
    inner = layer.inner
    future = cached_future(inner, work) if inner else do_work.cached_future(layer.worker, work)
    return layer.leaving(future)


def ready_future(layer: Layer, work: Work) -> asyncio.Future[int]:
    """Hand up the future that the handler makes."""
    layer.inside += 1
    inner = layer.inner
    future = ready_future(inner, work) if inner else do_work.ready_future(layer.worker, work)
    return layer.leaving(future)


def value_task(layer: Layer, work: Work) -> ValueTask[int]:
    """Hand up the ValueTask of the handler where it is done, or else await it."""
    layer.inside += 1
    inner = layer.inner
    answer = value_task(inner, work) if inner else do_work.value_task(layer.worker, work)
    if answer.done():
        layer.inside -= 1
        return answer
    return suspended(layer, answer)


def synchronous(layer: Layer, work: Work) -> int:
    """Call the next layer."""
    layer.inside += 1
    try:
        inner = layer.inner
        return synchronous(inner, work) if inner else do_work.synchronous(layer.worker, work)
    finally:
        layer.inside -= 1


async def await_task(layer: Layer, work: Work) -> int:
    """Await the Task of the next layer, or else the handler."""
    layer.inside += 1
    try:
        inner = layer.inner
        return await (task(inner, work) if inner else do_work.coroutine(layer.worker, work))
    finally:
        layer.inside -= 1


@as_value_task
async def suspended(layer: Layer, answer: ValueTask[int]) -> int:
    """Await the answer, and leave the layer."""
    try:
        return await answer
    finally:
        layer.inside -= 1


@asynccontextmanager
async def open_chain(params: Params) -> AsyncIterator[Layer]:
    """Give the outermost layer."""
    yield layers(params.depth)


SCENARIO = Scenario[Layer, Work, int](
    title="Answer handed up through layers",
    setup=open_chain,
    requests=lambda layer, params: do_work.all_work(layer.worker, params),
    variants=(coroutine, task, cached_future, ready_future, value_task),
    synchronous=synchronous,
    parameters={"depth": Parameter(5, 1, 100, help="layers around the handler")},
    sweep={"sync_ratio": (0.0, 0.9, 1.0)},
)

if __name__ == "__main__":
    main(SCENARIO)
