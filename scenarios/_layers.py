"""Layers of middleware around a handler: each keeps a gauge of the requests that are inside."""

import asyncio
from dataclasses import dataclass
from typing import TypeVar

from scenarios.do_work import Worker

T = TypeVar("T")


@dataclass(slots=True)
class Layer:
    """A layer around the next one, or, innermost, around the handler: *worker*."""

    worker: Worker
    inner: "Layer | None" = None
    inside: int = 0

    def leaving(self, future: asyncio.Future[T]) -> asyncio.Future[T]:
        """Have a request leave when its future is done; return that future."""
        if future.done():
            self.inside -= 1
        else:
            future.add_done_callback(self._leave)
        return future

    def _leave(self, _: object) -> None:
        self.inside -= 1


def layers(depth: int) -> Layer:
    """Return the outermost of *depth* layers."""
    worker = Worker(asyncio.get_running_loop(), delay=0.0)
    layer = Layer(worker)
    for _ in range(depth - 1):
        layer = Layer(worker, layer)
    return layer
