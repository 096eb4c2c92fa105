"""The fixture ``verify_scenario``: a whole scenario in one test."""

from __future__ import annotations

import pytest

from tests.plugin.sessions import Session, run_pytest

SCENARIO = '''
"""A scenario of the author's own."""

import asyncio
from contextlib import asynccontextmanager

from harness import Parameter, Scenario, sync_pattern


@asynccontextmanager
async def setup(params):
    yield {True: "here", False: "here"}


async def coroutine(rows, ready):
    if not ready:
        await asyncio.sleep(0)
    return rows[ready]


def task(rows, ready):
    return asyncio.create_task(coroutine(rows, ready))


SCENARIO = Scenario(
    title="Mine",
    setup=setup,
    requests=lambda rows, params: sync_pattern(params),
    variants=(coroutine, task),
    sweep={"sync_ratio": (0.0, 1.0)},
    parameters={"rows": Parameter(1, 1), "warm": Parameter(True)},
)
'''

TESTS = """
import asyncio
from dataclasses import replace
import pytest
from mine import SCENARIO, coroutine, setup


async def other(rows, ready):
    return "there"


async def hasty(rows, ready):
    return rows[ready]


async def broken(rows, ready):
    raise ValueError("of the author")


def test_value(verify_scenario):
    seen = verify_scenario(SCENARIO)
    assert list(seen) == ["sync_ratio=0;rows=1;warm=true", "sync_ratio=1;rows=1;warm=true"]
    for observed in seen.values():
        assert {"coroutine", "task"} <= set(observed)
    assert seen["sync_ratio=0;rows=1;warm=true"]["coroutine"].suspensions == 1
    assert seen["sync_ratio=1;rows=1;warm=true"]["task"].tasks == 1


def test_file(verify_scenario):
    assert len(verify_scenario("mine.py")) == 2


def test_name(verify_scenario):
    assert "value_task" in verify_scenario("do_work", params={"sync_ratio": 1.0}).popitem()[1]


def test_settings(verify_scenario):
    seen = verify_scenario(
        SCENARIO, params={"sync_ratio": 0.5, "rows": (1, 2), "warm": False}, variants=["task"]
    )
    assert {key: list(observed) for key, observed in seen.items()} == {
        "sync_ratio=0.5;rows=1;warm=false": ["task"],
        "sync_ratio=0.5;rows=2;warm=false": ["task"],
    }


def test_uvloop(verify_scenario):
    pytest.importorskip("uvloop")
    verify_scenario(SCENARIO, loop="uvloop")


def test_the_loop_of_others(verify_scenario):
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    verify_scenario(SCENARIO)
    assert asyncio.get_event_loop() is loop
    asyncio.set_event_loop(None)
    loop.close()


def test_answers(verify_scenario):
    verify_scenario(replace(SCENARIO, variants=(coroutine, other)))


def test_share(verify_scenario):
    verify_scenario(replace(SCENARIO, variants=(coroutine, hasty)), params={"sync_ratio": 0.5})


def test_raises(verify_scenario):
    verify_scenario(replace(SCENARIO, variants=(broken,)))


def test_typo(verify_scenario):
    verify_scenario("do_wrk")


def test_value_out_of_range(verify_scenario):
    verify_scenario(SCENARIO, params={"rows": 0})


def test_no_scenario(verify_scenario):
    verify_scenario(3)


@pytest.mark.allocations(max_per_op=0)
async def test_in_a_coroutine(verify_scenario):
    verify_scenario(SCENARIO)
"""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("verify")
    (folder / "mine.py").write_text(SCENARIO, encoding="utf-8")
    (folder / "test_mine.py").write_text(TESTS, encoding="utf-8")
    return run_pytest(folder, "-Werror")


@pytest.mark.parametrize(
    "test", ["value", "file", "name", "settings", "uvloop", "the_loop_of_others"]
)
def test_what_agrees_passes_and_says_what_was_seen(session: Session, test: str) -> None:
    assert session.outcomes[f"test_{test}"] in ("passed", "skipped"), session.said[f"test_{test}"]


@pytest.mark.parametrize(
    ("test", "line"),
    [
        (
            "answers",
            "Mine, sync_ratio=0;rows=1;warm=true: other answers 'there' where coroutine answers "
            "'here': request 0, False",
        ),
        ("typo", "no scenario is named 'do_wrk'; did you mean do_work?"),
        ("value_out_of_range", "rows=0: expected an integer of at least 1"),
        ("no_scenario", "verify_scenario: expected a Scenario, a path or a name, got 3"),
        (
            "in_a_coroutine",
            "verify_scenario opens event loops of its own, and one is running; call it in a test "
            "that is no coroutine (def, not async def)",
        ),
    ],
)
def test_what_does_not_fails_with_one_line(session: Session, test: str, line: str) -> None:
    assert session.outcomes[f"test_{test}"] == "failure"
    assert session.said[f"test_{test}"] == line


def test_a_share_that_differs_is_named_with_its_request(session: Session) -> None:
    said = session.said["test_share"]
    assert said.startswith("Mine, sync_ratio=0.5;rows=1;warm=true: hasty completes 100 % of its ")
    assert len(said.splitlines()) == 1


def test_what_a_variant_raises_keeps_its_traceback(session: Session) -> None:
    assert "ValueError: of the author" in session.text
    assert "test_mine.py:" in session.said["test_raises"]
