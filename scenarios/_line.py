"""A line: those who wait for what is handed out, first come, first served."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Line(ABC, Generic[T]):
    """Those who wait: each has a future, which is completed when its turn comes."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.waiters: deque[asyncio.Future[T]] = deque()

    def join(self) -> asyncio.Future[T]:
        """Return a new future at the end of the line."""
        waiter: asyncio.Future[T] = self.loop.create_future()
        self.waiters.append(waiter)
        return waiter

    def serve(self, value: T) -> bool:
        """Give *value* to the first that still waits; False where nobody does."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(value)
                return True
        return False

    def leave(self, waiter: asyncio.Future[T]) -> None:
        """Pass on what *waiter* was given in the very turn in which who awaits it was cancelled."""
        if not waiter.cancelled():
            self.pass_on(waiter.result())

    @abstractmethod
    def pass_on(self, value: T) -> None:
        """Give *value* to the first that waits, or else have it for the next that comes."""

    def completed(self, value: T) -> asyncio.Future[T]:
        """Return a new future that is completed."""
        future: asyncio.Future[T] = self.loop.create_future()
        future.set_result(value)
        return future


class Store(Line[T]):
    """Items that nobody waits for, or else those who wait for one."""

    def __init__(self, items: Iterable[T] = ()) -> None:
        super().__init__()
        self.items = deque(items)

    def put_nowait(self, item: T) -> None:
        """Give *item* to the first that waits, or else have it for the next that comes."""
        if not self.serve(item):
            self.items.append(item)

    def pass_on(self, value: T) -> None:
        """Give *value* to the first that waits, or else have it at the front, where it was."""
        if not self.serve(value):
            self.items.appendleft(value)
