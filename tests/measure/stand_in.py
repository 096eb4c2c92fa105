"""Another implementation of ValueTask: it stands in for the C one, wherever that is not built.

As much of it as a scenario needs; what ``value_task`` makes is no Python function, as in C.
"""

from __future__ import annotations

from types import MethodType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["native"]


def native() -> ModuleType:
    """Return it as a module of the name that the C one has.

    All is defined in here: among the globals of this module it would be swapped itself.
    """

    class ValueTask:
        def __init__(self, result: Any = None, body: Any = None) -> None:
            self._result = result
            self._body = body

        def done(self) -> bool:
            return self._body is None

        def result(self) -> Any:
            return self._result

        def __await__(self) -> Generator[Any, Any, Any]:
            return self._result if self._body is None else (yield from self._body.__await__())

    class Decorated:
        def __init__(self, function: Callable[..., Any], options: dict[str, bool]) -> None:
            self.__wrapped__ = function
            self.__value_task__ = options

        def __call__(self, *args: Any) -> ValueTask:
            body = self.__wrapped__(*args)
            try:
                body.send(None)
            except StopIteration as stop:
                return ValueTask(stop.value)
            body.close()
            return ValueTask(body=self.__wrapped__(*args))

        def __get__(self, instance: object, owner: type) -> Any:
            return self if instance is None else MethodType(self, instance)

    def value_task(
        function: Callable[..., Any] | None = None, /, *, hot: bool = False, pooled: bool = False
    ) -> Any:
        options = {"hot": hot, "pooled": pooled}
        if function is None:
            return lambda decorated: Decorated(decorated, options)
        return Decorated(function, options)

    def gather(*value_tasks: ValueTask) -> ValueTask:
        return ValueTask([each.result() for each in value_tasks])

    class ManualResetValueTaskSource: ...

    made = ModuleType("harness.valuetask.native")
    for public in (ValueTask, value_task, gather, ManualResetValueTaskSource):
        setattr(made, public.__name__, public)
    return made
