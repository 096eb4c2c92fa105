"""What a gate says when it fails, and when it cannot be one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.sessions import Session, run_pytest

if TYPE_CHECKING:
    from pathlib import Path

CACHE = """
from harness.valuetask.python import ValueTask

ROWS = {"a": "row"}
kept = []


def lookup(key):
    return ValueTask(ROWS[key])


async def load(key):
    return ROWS[key]
"""

FAILING = """
import asyncio
import unittest
import pytest
from mycache import kept, load, lookup

allocations = pytest.mark.allocations


@allocations(max_per_op=0)
async def test_lookup():
    assert await lookup("a") == "row"


@allocations(max_per_op=100, max_bytes_per_op=20.5)
async def test_bytes():
    await lookup("a")


@allocations(max_per_op=2)
async def test_task():
    await asyncio.create_task(load("a"))


@allocations(max_per_op=0)
def test_call():
    [None] * 100


@allocations(max_per_op=0)
async def test_wrong_answer():
    assert await lookup("a") == "another"


@allocations(max_per_op=0)
async def test_used_up():
    assert len(kept) < 3
    kept.append(1)


@allocations(max_per_op=0)
async def test_growing(growing=[]):
    growing.append(bytearray())
    for _ in range(0, len(growing), 20):
        bytearray(100)


@allocations(max_per_op=0)
async def test_skipped():
    pytest.skip("for a reason")


@allocations(max_per_op=0)
@pytest.mark.xfail
async def test_expected_to_fail():
    await lookup("a")


@allocations(2)
async def test_positional(): ...


@allocations
async def test_bare(): ...


@allocations(operations=50)
async def test_no_limit(): ...


@allocations(max_op=2)
async def test_unknown(): ...


@allocations(max_per_op=-1)
async def test_negative(): ...


@allocations(max_bytes_per_op="2")
async def test_no_number(): ...


@allocations(max_per_op=True)
async def test_truth(): ...


@allocations(max_per_op=1, operations=1)
async def test_few(): ...


class TestCase(unittest.IsolatedAsyncioTestCase):
    @allocations(max_per_op=1)
    async def test_of_unittest(self): ...
"""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("failures")
    (folder / "mycache.py").write_text(CACHE, encoding="utf-8")
    (folder / "test_failing.py").write_text(FAILING, encoding="utf-8")
    session = run_pytest(folder)
    assert session.code == 1
    return session


def test_a_failure_names_the_lines_that_allocate(session: Session) -> None:
    head, where, *lines = session.said["test_lookup"].splitlines()
    assert head.startswith("allocations: 2 per operation, max_per_op=0 (")
    assert where == "  where, per operation (attribution pass):"
    places = {" ".join(line.split()[3:6]): float(line.split()[0]) for line in lines}
    assert places == {
        "mycache.py:9 in lookup": pytest.approx(1, abs=0.02),
        "test_failing.py:12 in test_lookup": pytest.approx(1, abs=0.02),
    }
    assert any(line.endswith("  return ValueTask(ROWS[key])") for line in lines)
    assert all(len(line) <= 80 for line in lines)


def test_a_limit_of_bytes_is_one_of_its_own(session: Session) -> None:
    size = f"{session.size('test_bytes'):g}"
    head, *rest = session.said["test_bytes"].splitlines()
    assert head == (
        f"allocated bytes: {size} per operation, max_bytes_per_op=20.5 (2 allocations per "
        "operation)"
    )
    assert "mycache.py:9 in lookup" in rest[1] + rest[2]


def test_what_the_event_loop_does_is_told_from_the_lines(session: Session) -> None:
    text = session.said["test_task"]
    assert "test_failing.py:22 in test_task  await asyncio.create_task" in text
    assert "  asyncio's event loop\n" in text + "\n"
    shares = [float(line.split()[0]) for line in text.splitlines()[2:]]
    assert sum(shares) == pytest.approx(session.count("test_task"), rel=0.1)


def test_a_plain_call_is_gated_too(session: Session) -> None:
    assert session.said["test_call"].splitlines()[0].startswith("allocations: 2 per operation")
    assert "test_failing.py:27 in test_call  [None] * 100" in session.said["test_call"]


def test_a_test_that_fails_looks_like_any_other(session: Session) -> None:
    said = session.said["test_wrong_answer"]
    assert "test_failing.py:32: AssertionError" in said
    assert "AssertionError: assert 'row' == 'another'" in session.text
    assert "harness" not in said
    assert "allocations: " not in said


def test_a_body_that_cannot_be_repeated_fails_with_its_own_error_and_a_reason(
    session: Session,
) -> None:
    assert "test_failing.py:37: AssertionError" in session.said["test_used_up"]
    assert "passed once, and raised this when it was repeated" in session.said["test_used_up"]


def test_a_count_that_does_not_settle_is_a_failure(session: Session) -> None:
    assert session.said["test_growing"].startswith("allocations: the allocations do not settle: ")
    assert "does what they work on grow with each?" in session.said["test_growing"]


def test_a_skip_and_an_expected_failure_stay_what_they_are(session: Session) -> None:
    assert session.outcomes["test_skipped"] == "skipped"
    assert session.outcomes["test_expected_to_fail"] == "skipped"
    assert "1 xfailed" in session.text


@pytest.mark.parametrize(
    ("test", "line"),
    [
        ("test_positional", "expected max_per_op=… or max_bytes_per_op=…, got 2 without a name"),
        ("test_bare", "expected max_per_op=… or max_bytes_per_op=…, got neither"),
        ("test_no_limit", "expected max_per_op=… or max_bytes_per_op=…, got neither"),
        (
            "test_unknown",
            "no argument is named 'max_op'; did you mean max_per_op or max_bytes_per_op?",
        ),
        ("test_negative", "max_per_op=-1: expected a number of at least 0"),
        ("test_no_number", "max_bytes_per_op='2': expected a number of at least 0"),
        ("test_truth", "max_per_op=True: expected a number of at least 0"),
        ("test_few", "operations=1: expected an integer of at least 10"),
        (
            "test_of_unittest",
            "expected a test function, or a method of a plain class; this is a TestCaseFunction",
        ),
    ],
)
def test_a_marker_that_cannot_be_used_fails_with_one_line(
    session: Session, test: str, line: str
) -> None:
    assert session.said[test] == f"@pytest.mark.allocations: {line}"
    assert session.outcomes[test] == "failure"


def test_the_marker_is_registered_and_explained_in_one_line(tmp_path: Path) -> None:
    shown = run_pytest(tmp_path, "--markers").text
    (line,) = [line for line in shown.splitlines() if "mark.allocations" in line]
    assert line.startswith("@pytest.mark.allocations(max_per_op, max_bytes_per_op, operations=300)")


def test_a_session_that_passes_says_nothing_of_counts(tmp_path: Path) -> None:
    (tmp_path / "test_quiet.py").write_text(
        "import pytest\n@pytest.mark.allocations(max_per_op=5)\nasync def test_quiet(): ...\n",
        encoding="utf-8",
    )
    session = run_pytest(tmp_path, "-v", "-rA")
    assert session.counts == {"test_quiet": ("0", "0")}
    assert "allocations" not in session.text
