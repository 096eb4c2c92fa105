"""Counts are exact, the same in every session, and charge nothing but the body of the test."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from harness.measure.implementation import missing
from tests.plugin.sessions import Session, run_pytest

if TYPE_CHECKING:
    from pathlib import Path

# A gate that is never reached: the counts are read from what is stored.
OPERATIONS = """
import asyncio
import pytest
from harness.valuetask.python import ValueTask

ROWS = {"a": "row"}
pytestmark = pytest.mark.allocations(max_per_op=1000)


def lookup(key):
    return ValueTask(ROWS[key])


async def plain(key):
    return ROWS[key]


async def test_nothing():
    pass


async def test_coroutine():
    await plain("a")


async def test_value_task():
    await lookup("a")


async def test_task():
    await asyncio.create_task(plain("a"))


async def test_turn():
    await asyncio.sleep(0)


def test_plain_call():
    len(ROWS)


def test_block():
    bytearray(1000)


@pytest.mark.parametrize("size", [1000, 3000])
async def test_sizes(size):
    bytearray(size)


@pytest.fixture
def many():
    return {f"key{number}": number for number in range(100)}


class TestMethods:
    async def test_nothing_of_fixtures(self, many, tmp_path, *, request):
        first = many["key1"]
        second = tmp_path
        third = fourth = fifth = request

    @staticmethod
    async def test_static():
        pass

    async def test_captured(self, many):
        def inner():
            return many


def down(depth):
    if depth:
        down(depth - 1)


@pytest.mark.parametrize("depth", [100, 180, 250])
async def test_depth(depth):
    down(depth)


def test_depth_of_a_call():
    down(250)


async def never_called(*args, **kwargs):
    pass


test_variadic = pytest.mark.allocations(max_per_op=0)(never_called)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("counts")
    (path / "test_counts.py").write_text(OPERATIONS, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def session(folder: Path) -> Session:
    return run_pytest(folder)


def test_all_of_it_passes(session: Session) -> None:
    assert session.code == 0, session.text
    assert set(session.outcomes.values()) == {"passed"}


def test_awaiting_and_calling_the_test_itself_is_charged_to_nobody(session: Session) -> None:
    for test in (
        *("test_nothing", "test_plain_call", "test_nothing_of_fixtures", "test_static"),
        "test_variadic",
    ):
        assert session.counts[test] == ("0", "0"), test


def test_a_coroutine_is_one_allocation_and_a_value_task_in_python_two(session: Session) -> None:
    assert session.count("test_coroutine") == 1
    assert session.count("test_value_task") == 2
    assert session.size("test_value_task") > session.size("test_coroutine") > 100


def test_a_block_is_counted_with_its_size(session: Session) -> None:
    assert session.count("test_block") == 2  # the bytearray and its buffer
    more = session.size("test_sizes[3000]") - session.size("test_sizes[1000]")
    assert more == 2000
    assert session.counts["test_block"] == session.counts["test_sizes[1000]"]


def test_a_closure_is_the_body_s_own(session: Session) -> None:
    assert session.count("test_captured") >= 1


def test_what_the_event_loop_does_for_it_is_counted(session: Session) -> None:
    assert session.count("test_turn") > 5
    assert session.count("test_task") > session.count("test_turn")


def test_how_deep_the_stack_already_is_makes_no_difference(session: Session) -> None:
    """Wherever a chunk of CPython's stack ends, one of these calls has to get another one."""
    depths = {test: count for test, count in session.counts.items() if "depth" in test}
    assert len(depths) == 4
    assert set(depths.values()) == {("0", "0")}


@pytest.mark.skipif(missing("native") != "", reason=missing("native"))
def test_a_native_value_task_is_none(tmp_path: Path) -> None:
    (tmp_path / "test_native.py").write_text(
        OPERATIONS.replace("harness.valuetask.python", "harness.valuetask.native").replace(
            "max_per_op=1000", "max_per_op=0, max_bytes_per_op=0"
        ),
        encoding="utf-8",
    )
    session = run_pytest(tmp_path, "-k", "test_value_task")
    assert session.counts == {"test_value_task": ("0", "0")}
    assert session.code == 0


class TestNoDifference:
    """The same counts as in the first session, whatever else is there."""

    @pytest.fixture(autouse=True)
    def _sessions(self, folder: Path, session: Session) -> None:
        self.folder, self.session = folder, session

    def again(self, *words: str, using: tuple[str, ...] = (), **environment: str) -> Session:
        """Run some of the tests once more; their counts must be those of before."""
        chosen = ("task", "turn", "coroutine", "fixtures")
        session = run_pytest(
            self.folder, "-k", " or ".join(chosen), *words, using=using, environment=environment
        )
        known = self.session.counts
        wanted = {test: known[test] for test in known if any(word in test for word in chosen)}
        assert len(wanted) == 5
        assert session.counts == wanted, session.text
        return session

    @pytest.mark.parametrize("hash_seed", ["0", "1"])
    def test_by_the_hash_seed(self, hash_seed: str) -> None:
        self.again(PYTHONHASHSEED=hash_seed)

    def test_by_a_random_order(self) -> None:
        session = self.again("-prandomly", "--randomly-seed=3", using=("randomly",))
        assert "random seed: 3" in session.text or "randomly-seed=3" in session.text

    def test_by_a_tracer(self) -> None:
        assert "test_counts.py" in self.again("--cov=.", "--cov-branch", using=("cov",)).text

    @pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with 3.12")
    def test_by_a_monitor(self) -> None:
        session = self.again("--cov=.", using=("cov",), COVERAGE_CORE="sysmon")
        assert "test_counts.py" in session.text

    def test_by_the_debug_mode_of_the_event_loop_or_of_memory(self) -> None:
        self.again(PYTHONASYNCIODEBUG="1", PYTHONTRACEMALLOC="1")

    def test_by_workers(self) -> None:
        assert "2 workers" in self.again("-n2", using=("xdist",)).text
