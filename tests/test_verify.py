"""Verification: the same answers, the expected share, what is seen per operation."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import DisagreementError
from harness.record import Observation
from harness.verify import Observed, compare


def seen(
    answers: list[Any], suspensions: list[int] | None = None, tasks: int = 0, **given: Any
) -> Observed:
    return Observed(
        requests=given.get("requests", [f"request {index}" for index in range(len(answers))]),
        answers=answers,
        suspensions=[0] * len(answers) if suspensions is None else suspensions,
        tasks=tasks,
    )


@given(st.lists(st.booleans(), min_size=1), st.integers(0, 50))
def test_variants_that_agree_are_described_per_operation(waits: list[bool], tasks: int) -> None:
    suspensions = [3 * wait for wait in waits]
    share = waits.count(False) / len(waits)
    observed = seen(list(range(len(waits))), suspensions, tasks)
    assert compare({"one": observed, "two": observed}, share) == dict.fromkeys(
        ("one", "two"),
        Observation(
            synchronous_share=share,
            suspensions=sum(suspensions) / len(waits),
            tasks=tasks / len(waits),
        ),
    )


def test_the_first_request_with_another_answer_is_named() -> None:
    with pytest.raises(
        DisagreementError, match=r"^bad answers 'b' where good answers 'B': request 1, 'request 1'$"
    ):
        compare({"good": seen(["A", "B", "C"]), "bad": seen(["A", "b", "c"])}, 1.0)


@given(st.data(), st.lists(st.integers(), min_size=1))
def test_one_wrong_answer_anywhere_is_found(data: st.DataObject, answers: list[int]) -> None:
    index = data.draw(st.integers(0, len(answers) - 1))
    wrong = [*answers]
    wrong[index] += 1
    with pytest.raises(DisagreementError, match=f": request {index}, "):
        compare({"good": seen(answers), "other": seen(answers), "bad": seen(wrong)}, 1.0)


def test_the_same_object_is_the_same_answer_even_if_it_differs_from_itself() -> None:
    compare({"one": seen([math.nan]), "two": seen([math.nan])}, 1.0)


def test_another_number_of_requests_points_at_the_seed() -> None:
    with pytest.raises(DisagreementError, match=r"deterministic from params\.seed"):
        compare({"one": seen([1, 2]), "two": seen([1])}, 1.0)


def test_a_long_answer_is_cut() -> None:
    with pytest.raises(DisagreementError) as caught:
        compare({"one": seen(["x" * 5000]), "two": seen(["y" * 5000])}, 1.0)
    assert len(str(caught.value)) < 500


def test_an_answer_whose_text_has_several_lines_stays_on_one() -> None:
    class Lines:
        def __repr__(self) -> str:
            return "first\nsecond"

    with pytest.raises(DisagreementError) as caught:
        compare({"one": seen([Lines()]), "two": seen([Lines()])}, 1.0)
    assert "\n" not in str(caught.value)


def test_too_few_synchronous_completions_name_the_first_that_suspends() -> None:
    observed = seen([0] * 4, [0, 2, 0, 1])
    with pytest.raises(
        DisagreementError,
        match=r"^lazy completes 50 % of its operations without suspending, expected "
        r"sync_ratio=1; the first request that suspends 2 times is 1, 'request 1'$",
    ):
        compare({"lazy": observed}, 1.0)


def test_too_many_synchronous_completions_name_the_first_that_does_not_suspend() -> None:
    observed = seen([0] * 4, [1, 0, 1, 1])
    with pytest.raises(DisagreementError, match="request that does not suspend is 1, 'request 1'"):
        compare({"hasty": observed}, 0.0)


@given(st.integers(1, 200), st.integers(0, 200))
def test_one_request_too_many_is_found_in_any_cycle(length: int, part: int) -> None:
    ready = part % length
    exact = seen([0] * length, [0] * ready + [1] * (length - ready))
    more = seen([0] * length, [0] * (ready + 1) + [1] * (length - ready - 1))
    compare({"exact": exact}, ready / length)
    with pytest.raises(DisagreementError):
        compare({"exact": exact, "more": more}, ready / length)


@pytest.mark.parametrize("variant", ["task", "synchronous"])
def test_the_share_is_not_asked_of_those_that_always_or_never_suspend(variant: str) -> None:
    suspensions = [int(variant == "task")] * 2
    observed = compare({variant: seen([1, 2], suspensions, tasks=2)}, 0.5)
    assert observed[variant].tasks == 1


def test_a_strategy_of_the_authors_own_may_always_suspend_or_keep_the_share() -> None:
    waiting = seen([1, 2], [1, 1])
    compare({"coroutine": seen([1, 2], [0, 1]), "my_own_idea": waiting}, 0.5)
    with pytest.raises(DisagreementError, match="my_own_idea completes 100 % of its operations"):
        compare({"coroutine": seen([1, 2], [0, 1]), "my_own_idea": seen([1, 2], [0, 0])}, 0.5)
    with pytest.raises(DisagreementError, match="cached_future completes 0 % of its operations"):
        compare({"coroutine": seen([1, 2], [0, 1]), "cached_future": waiting}, 0.5)


def test_a_share_that_nobody_knows_is_held_against_none() -> None:
    observed = {"coroutine": seen([1, 2, 3], [0, 1, 1])}
    assert compare(observed, math.nan)["coroutine"].synchronous_share == pytest.approx(1 / 3)


def test_what_a_request_of_several_operations_shows_is_given_per_operation() -> None:
    observed = {"coroutine": seen([[1] * 10, [2] * 10], [1, 1], tasks=20)}
    assert compare(observed, math.nan, operations=10)["coroutine"] == Observation(
        synchronous_share=0.0, suspensions=0.1, tasks=1.0
    )
