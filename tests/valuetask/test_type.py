"""The ValueTask type: results, failures and cancellations."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import traceback
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import valuetask
from harness.valuetask import ManualResetValueTaskSource, ValueTask, value_task
from tests.valuetask.conftest import Turns, while_handling
from tests.valuetask.states import CANCELLED, FAULTED, SUCCEEDED, state, step

if TYPE_CHECKING:
    from tests.valuetask.conftest import Run


def test_the_public_face_is_what_all_says() -> None:
    assert valuetask.__all__ == sorted(valuetask.__all__)
    assert all(hasattr(valuetask, name) for name in valuetask.__all__)


@given(st.one_of(st.none(), st.integers(), st.text(), st.lists(st.integers()), st.booleans()))
def test_a_result_is_given_back_unchanged_any_number_of_times(result: object) -> None:
    value_task = ValueTask(result)
    assert state(value_task) == SUCCEEDED
    assert value_task.result() is result
    assert step(value_task) is result
    assert step(value_task) is result
    assert value_task.exception() is None
    assert value_task.preserve() is value_task


def test_without_an_argument_the_result_is_none() -> None:
    value_task = ValueTask()
    assert state(value_task) == SUCCEEDED
    assert step(value_task) is None


def test_a_future_or_an_exception_given_as_the_result_stays_a_result(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        assert await ValueTask(future) is future
        error = ValueError()
        assert await ValueTask(error) is error

    run(main())


def test_awaiting_a_completed_one_takes_no_turn_of_the_loop(run: Run) -> None:
    async def main() -> None:
        done = asyncio.get_running_loop().create_future()
        done.set_result(2)
        turns = Turns()
        for _ in range(10):
            assert await ValueTask(1) == 1
            assert await ValueTask.from_future(done) == 2
            with pytest.raises(KeyError):
                await ValueTask.from_exception(KeyError())
        assert turns.count == 0

    run(main())


def test_completed_ones_need_no_running_loop() -> None:
    assert ValueTask[int](1).result() == 1
    assert state(ValueTask.from_exception(ValueError())) == FAULTED
    assert state(ValueTask.from_cancelled()) == CANCELLED


def test_a_failure_is_the_very_exception_object_at_every_use() -> None:
    error = ValueError("no")
    value_task = ValueTask.from_exception(error)
    assert value_task.exception() is error
    for use in (value_task.result, lambda: step(value_task)):
        with pytest.raises(ValueError, match="no") as caught:
            use()
        assert caught.value is error
    assert value_task.preserve() is value_task


@pytest.mark.parametrize("wrong", [None, "text", int])
def test_what_is_no_exception_is_refused_as_a_failure(wrong: Any) -> None:
    with pytest.raises(TypeError, match="expects an exception"):
        ValueTask.from_exception(wrong)


def test_the_traceback_of_a_failure_does_not_grow_from_use_to_use() -> None:
    value_task = ValueTask.from_exception(ValueError())
    lengths = set()
    for _ in range(5):
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - it has no message
            step(value_task)
        lengths.add(len(traceback.extract_tb(caught.value.__traceback__)))
    assert len(lengths) == 1


def test_the_context_of_a_failure_is_not_what_its_reader_handles() -> None:
    original = OSError()
    error = ValueError()
    error.__context__ = original
    value_task = ValueTask.from_exception(error)
    for use in (value_task.result, lambda: step(value_task)):
        with pytest.raises(ValueError):  # noqa: PT011 - it has no message
            while_handling(KeyError(), use)
        assert error.__context__ is original


def test_reading_a_failure_leaves_no_cycle_behind() -> None:
    class Held:
        pass

    def read() -> weakref.ref[Held]:
        held = Held()
        error = ValueError(held)
        value_task = ValueTask.from_exception(error)
        for _ in range(2):
            try:
                value_task.result()
            except ValueError:
                pass
            else:
                pytest.fail("it did not raise")
        error.__traceback__ = None  # this frame's own part of it
        return weakref.ref(held)

    gc.disable()
    try:
        assert read()() is None
    finally:
        gc.enable()


def test_a_stop_iteration_is_raised_by_result_and_is_a_cause_elsewhere(run: Run) -> None:
    async def main() -> None:
        error = StopIteration(3)
        value_task = ValueTask.from_exception(error)
        assert value_task.exception() is error
        with pytest.raises(StopIteration) as stopped:
            value_task.result()
        assert stopped.value is error
        with pytest.raises(RuntimeError) as caught:
            await value_task
        assert caught.value.__cause__ is error
        with pytest.raises(RuntimeError) as caught:
            await value_task.as_future()
        assert caught.value.__cause__ is error

    run(main())


def test_a_cancellation_is_raised_by_all_readers(run: Run) -> None:
    async def main() -> None:
        value_task = ValueTask.from_cancelled("enough")
        for use in (value_task.result, value_task.exception, lambda: step(value_task)):
            with pytest.raises(asyncio.CancelledError, match="enough"):
                use()
        assert value_task.as_future().cancelled()
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await value_task.as_future()
        assert ValueTask.from_cancelled().then(print).cancelled()

    run(main())


def test_a_cancelled_error_given_as_an_exception_is_a_fault(run: Run) -> None:
    async def main() -> None:
        error = asyncio.CancelledError()
        value_task = ValueTask.from_exception(error)
        assert state(value_task) == FAULTED
        assert value_task.exception() is error
        future = value_task.as_future()
        assert not future.cancelled()
        assert future.exception() is error

    run(main())


def test_methods_taken_from_the_class_work_on_every_kind(run: Run) -> None:
    @value_task
    async def later() -> int:
        await asyncio.sleep(0)
        return 4

    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        future.set_result(2)
        error = OSError()
        kinds: list[ValueTask[int]] = [
            ValueTask(1),
            ValueTask.from_future(future),
            ValueTask.from_exception(error),
            ValueTask.from_cancelled(),
            later(),
        ]
        assert list(map(ValueTask.done, kinds)) == [True, True, True, True, False]
        assert list(map(ValueTask.succeeded, kinds)) == [True, True, False, False, False]
        assert list(map(ValueTask.faulted, kinds)) == [False, False, True, False, False]
        assert list(map(ValueTask.cancelled, kinds)) == [False, False, False, True, False]
        assert list(map(ValueTask.exception, kinds[:3])) == [None, None, error]
        assert list(map(ValueTask.preserve, kinds[:4])) == kinds[:4]
        assert ValueTask.then(kinds[3], str).cancelled()
        futures = list(map(ValueTask.as_future, kinds))
        answers = await asyncio.gather(*futures, return_exceptions=True)
        assert answers[:3] == [1, 2, error]
        assert answers[4] == 4
        assert ValueTask.result(kinds[4]) == 4

    run(main())


def test_asyncio_takes_it_wherever_it_takes_an_awaitable(run: Run) -> None:
    async def main() -> None:
        completed: list[ValueTask[Any]] = [ValueTask(1), ValueTask(True), ValueTask([])]
        assert await asyncio.gather(*completed) == [1, True, []]
        assert await asyncio.ensure_future(ValueTask(2)) == 2
        assert await asyncio.shield(ValueTask(3)) == 3
        assert await asyncio.wait_for(ValueTask(4), 10) == 4
        several: list[ValueTask[Any]] = [ValueTask(None), ValueTask(None)]
        assert [await next_done for next_done in asyncio.as_completed(several)] == [None, None]

    run(main())


def test_repr_says_what_it_carries(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        assert repr(ValueTask("a")) == "<ValueTask result='a'>"
        assert repr(ValueTask.from_exception(OSError(1))) == "<ValueTask exception=OSError(1)>"
        assert repr(ValueTask.from_cancelled()) == "<ValueTask cancelled>"
        assert repr(ValueTask.from_future(future)) == f"<ValueTask over {future!r}>"

    run(main())


def test_repr_of_one_that_contains_itself_ends() -> None:
    holder: list[Any] = []
    holder.append(ValueTask(holder))
    assert repr(holder[0]) == "<ValueTask result=[...]>"


def test_it_cannot_be_subclassed() -> None:
    with pytest.raises(TypeError):
        type("Special", (ValueTask,), {})


def test_neither_it_nor_a_source_is_copied_or_pickled() -> None:
    several: list[Any] = [
        ValueTask(1),
        ValueTask.from_exception(ValueError()),
        ManualResetValueTaskSource[int](),
    ]
    for one in several:
        for use in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="cannot pickle"):
                use(one)


def test_the_one_argument_that_says_what_is_carried_has_no_name() -> None:
    source: Any = ManualResetValueTaskSource[int]()
    uses: list[tuple[Any, str]] = [
        (ValueTask.from_future, "future"),
        (ValueTask.from_exception, "exception"),
        (ValueTask(1).then, "function"),
        (source.set_result, "result"),
        (source.set_result_threadsafe, "result"),
        (source.set_exception, "exception"),
        (source.set_exception_threadsafe, "exception"),
    ]
    for use, name in uses:
        with pytest.raises(TypeError, match="argument"):
            use(**{name: ValueError()})
    assert ValueTask(result=1).result() == 1
    assert ValueTask.from_cancelled(msg="enough").cancelled()
    assert not ValueTask.from_source(source=source, token=0).done()


def test_a_result_that_refers_back_to_it_is_collected() -> None:
    class Held(list[Any]):
        pass

    held = Held()
    reference = weakref.ref(held)
    held.append(ValueTask(held))
    held.append(ValueTask.from_exception(ValueError(held)))
    del held
    gc.collect()
    assert reference() is None
