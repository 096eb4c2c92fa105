"""The tree of errors: exit codes, one line each, the nearest names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import errors
from harness.errors import (
    AwaitbenchError,
    DisagreementError,
    InputError,
    MeasureError,
    StoreError,
    UnknownNameError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AwaitbenchError, 1),
        (MeasureError, 1),
        (DisagreementError, 1),
        (InputError, 2),
        (StoreError, 2),
    ],
)
def test_what_the_user_can_mend_exits_with_2_and_all_else_with_1(
    error: type[AwaitbenchError], code: int
) -> None:
    assert error("text").exit_code == code


def test_every_error_of_the_tree_has_the_one_root() -> None:
    for name in (name for name in errors.__all__ if name.endswith("Error")):
        assert issubclass(getattr(errors, name), AwaitbenchError)


@given(st.text())
def test_an_error_is_shown_as_one_line(text: str) -> None:
    assert len(str(AwaitbenchError(text)).splitlines()) <= 1


def test_an_unknown_name_is_answered_with_the_nearest_ones() -> None:
    error = UnknownNameError("variant", "corotine", ["coroutine", "task", "value_task"])
    assert str(error) == "no variant is named 'corotine'; did you mean coroutine?"


def test_a_name_that_is_near_nothing_is_answered_with_all_of_them() -> None:
    error = UnknownNameError("variant", "zzz", ["task", "coroutine"])
    assert str(error) == "no variant is named 'zzz'; choose from: coroutine, task"


@given(st.text(), st.lists(st.text(), max_size=5))
def test_any_unknown_name_gives_one_line_that_shows_it(name: str, known: list[str]) -> None:
    told = str(UnknownNameError("scenario", name, known))
    assert len(told.splitlines()) == 1
    assert repr(name) in told


def test_a_reason_keeps_no_folder_of_an_absolute_path() -> None:
    said = "FileNotFoundError: [Errno 2] No such file: '/home/someone/secret/rows.db'"
    assert errors.without_paths(said) == "FileNotFoundError: [Errno 2] No such file: 'rows.db'"
    assert errors.without_paths("(/srv/app/x.py:12) a/b 1/2") == "(x.py:12) a/b 1/2"
