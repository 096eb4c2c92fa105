"""Any sequence of operations on a source, against a model of it in a dozen lines."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.valuetask import ManualResetValueTaskSource, ValueTaskSourceStatus

if TYPE_CHECKING:
    from tests.valuetask.conftest import Run

Status = ValueTaskSourceStatus
INVALID = "InvalidStateError"


@dataclass
class Model:
    version: int = 0
    status: Status = Status.PENDING
    answer: object = None
    waiting: int | None = None
    called: list[int] = field(default_factory=list)

    def set(self, status: Status, answer: object) -> object:
        if self.status is not Status.PENDING:
            return INVALID
        self.status, self.answer = status, answer
        self._wake()
        return None

    def reset(self) -> object:
        self._wake()
        self.version, self.status, self.answer = self.version + 1, Status.PENDING, None
        return None

    def _wake(self) -> None:
        if self.waiting is not None:
            self.called.append(self.waiting)
        self.waiting = None

    def get_status(self, token: int) -> object:
        return self.status if token == self.version else INVALID

    def get_result(self, token: int) -> object:
        if token != self.version or self.status is Status.PENDING:
            return INVALID
        return self.answer

    def on_completed(self, number: int, token: int) -> object:
        if token != self.version or self.waiting is not None:
            return INVALID
        if self.status is Status.PENDING:
            self.waiting = number
        else:
            self.called.append(number)
        return None

    def remove(self, number: int, token: int) -> object:
        if token == self.version and number == self.waiting:
            self.waiting = None
        return None


class Real:
    """The source, asked in the words of the model."""

    def __init__(self) -> None:
        self.source = ManualResetValueTaskSource[Any]()
        self.called: list[int] = []
        self.continuations = [self._noting(number) for number in range(2)]

    def _noting(self, number: int) -> Any:
        return lambda: self.called.append(number)

    def set(self, status: Status, answer: Any) -> None:
        if status is Status.SUCCEEDED:
            self.source.set_result(answer)
        elif status is Status.FAULTED:
            self.source.set_exception(answer)
        else:
            self.source.set_cancelled(answer)

    def reset(self) -> None:
        self.source.reset()

    def get_status(self, token: int) -> object:
        return self.source.get_status(token)

    def get_result(self, token: int) -> object:
        try:
            return self.source.get_result(token)
        except LookupError as error:
            return error
        except asyncio.CancelledError as error:
            return error.args[0]

    def on_completed(self, number: int, token: int) -> None:
        self.source.on_completed(self.continuations[number], token)

    def remove(self, number: int, token: int) -> None:
        self.source.remove_continuation(self.continuations[number], token)


answers = st.one_of(
    st.tuples(st.just(Status.SUCCEEDED), st.integers()),
    st.tuples(st.just(Status.FAULTED), st.builds(LookupError, st.integers())),
    st.tuples(st.just(Status.CANCELLED), st.text(max_size=2)),
)
away = st.sampled_from([0, 0, 0, -1, 1])
operations = st.one_of(
    st.tuples(st.just("set"), answers),
    st.tuples(st.just("reset")),
    st.tuples(st.sampled_from(["get_status", "get_result"]), away),
    st.tuples(st.sampled_from(["on_completed", "remove"]), st.integers(0, 1), away),
    st.tuples(st.just("turn")),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(operations, max_size=25))
def test_it_does_what_the_model_does(run: Run, steps: list[tuple[Any, ...]]) -> None:
    async def main() -> None:
        model, real = Model(), Real()
        for name, *arguments in steps:
            if name == "turn":
                await asyncio.sleep(0)
                assert real.called == model.called
                continue
            if name == "set":
                arguments = list(arguments[0])
            elif arguments:
                arguments[-1] += model.version  # a token: how far away from the current one
            expected = getattr(model, name)(*arguments)
            if expected is INVALID:
                with pytest.raises(asyncio.InvalidStateError):
                    getattr(real, name)(*arguments)
            else:
                assert getattr(real, name)(*arguments) == expected
            assert real.source.version == model.version
        await asyncio.sleep(0)
        assert real.called == model.called

    run(main())
