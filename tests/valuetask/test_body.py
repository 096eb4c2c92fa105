"""``@value_task``: what the call does at once."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from harness.valuetask import ValueTask, value_task
from tests.valuetask.bodies import at_once, failing
from tests.valuetask.conftest import Turns

if TYPE_CHECKING:
    from tests.valuetask.conftest import Run


def test_a_body_that_returns_gives_a_completed_one_without_a_loop() -> None:
    result = object()
    value_task = at_once(result)
    assert type(value_task) is ValueTask
    assert value_task.result() is result


def test_a_body_that_returns_makes_no_task_and_takes_no_turn(run: Run) -> None:
    async def main() -> None:
        turns = Turns()
        before = asyncio.all_tasks()
        assert await at_once(1) == 1
        assert asyncio.all_tasks() == before
        assert turns.count == 0

    run(main())


def test_a_body_that_raises_gives_a_faulted_one() -> None:
    error = ValueError()
    value_task = failing(error)
    assert value_task.faulted()
    assert value_task.exception() is error
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        value_task.result()


def test_a_body_that_raises_a_cancellation_gives_a_cancelled_one() -> None:
    value_task = failing(asyncio.CancelledError("why"))
    assert value_task.cancelled()
    assert not value_task.faulted()
    with pytest.raises(asyncio.CancelledError, match="why"):
        value_task.result()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_an_interrupt_escapes_from_the_call(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        failing(error)
    assert caught.value is error
    assert at_once(1).result() == 1


def test_a_generator_exit_of_the_body_is_a_failure() -> None:
    error = GeneratorExit()
    assert failing(error).exception() is error


def test_arguments_that_do_not_fit_raise_at_the_call() -> None:
    with pytest.raises(TypeError, match="unexpected keyword"):
        at_once(nothing=1)  # type: ignore[call-arg]


def test_a_coroutine_that_raises_stop_iteration_fails_with_a_runtime_error() -> None:
    error = failing(StopIteration(1)).exception()
    assert isinstance(error, RuntimeError)
    assert isinstance(error.__cause__, StopIteration)


@pytest.mark.parametrize(
    "wrong", [len, lambda: None, functools.partial(print), staticmethod(asyncio.sleep)]
)
def test_what_is_no_async_def_cannot_be_decorated(wrong: Any) -> None:
    with pytest.raises(TypeError, match="expects an async def"):
        value_task(wrong)


def test_an_async_generator_cannot_be_decorated() -> None:
    async def several() -> Any:
        yield 1

    with pytest.raises(TypeError, match="expects an async def"):
        value_task(several)


def test_the_decorated_function_keeps_its_name_and_signature() -> None:
    async def lookup(key: str, *, default: int = 0) -> int:
        """Look it up."""
        return default

    decorated = value_task(lookup)
    assert decorated.__name__ == "lookup"
    assert decorated.__doc__ == "Look it up."
    assert inspect.signature(decorated) == inspect.signature(lookup)
    assert not inspect.iscoroutinefunction(decorated)


def test_it_decorates_methods() -> None:
    class Store:
        def __init__(self) -> None:
            self.rows = {"a": 1}

        @value_task
        async def get(self, key: str) -> int:
            return self.rows[key]

        @classmethod
        @value_task
        async def name(cls) -> str:
            return cls.__name__

    assert Store().get(key="a").result() == 1
    assert isinstance(Store().get("b").exception(), KeyError)
    assert Store.name().result() == "Store"


@pytest.mark.parametrize(
    "options", [{}, {"hot": False}, {"pooled": True}, {"hot": True}, {"hot": False, "pooled": True}]
)
def test_options_are_given_in_a_call_and_can_be_read_back(options: dict[str, bool]) -> None:
    async def lookup(key: str) -> str:
        return key

    decorated: Any = value_task(**options)(lookup)
    assert decorated.__wrapped__ is lookup
    assert decorated.__value_task__ == {"hot": False, "pooled": False} | options
    assert decorated.__name__ == "lookup"
    assert inspect.signature(decorated) == inspect.signature(lookup)


def test_without_a_call_there_are_no_options() -> None:
    plain: Any = at_once
    assert plain.__value_task__ == {"hot": False, "pooled": False}
    assert value_task(plain.__wrapped__)(1).result() == 1
    assert value_task()(plain.__wrapped__)(1).result() == 1


def test_hot_and_pooled_exclude_each_other() -> None:
    async def body() -> None: ...

    with pytest.raises(TypeError, match="choose one"):
        value_task(hot=True, pooled=True)(body)


@pytest.mark.parametrize("options", [{"hot": True}, {"pooled": True}])
def test_what_is_no_async_def_cannot_be_decorated_with_options(options: Any) -> None:
    wrong: Any = len
    with pytest.raises(TypeError, match="expects an async def"):
        value_task(**options)(wrong)


def test_what_is_decorated_cannot_be_decorated_again() -> None:
    decorated: Any = at_once
    with pytest.raises(TypeError, match="expects an async def"):
        value_task(decorated)


def test_an_argument_may_have_any_name() -> None:
    @value_task
    async def body(self: int, function: int, body: int) -> int:
        return self + function + body

    assert body(self=1, function=2, body=3).result() == 6
