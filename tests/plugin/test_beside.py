"""The plugin beside others, as users have them: each takes its part, and the counts stay."""

from __future__ import annotations

import importlib.util
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import anyio.pytest_plugin
import pytest

from tests.plugin.sessions import run_pytest

if TYPE_CHECKING:
    from pathlib import Path

BODY = """
import asyncio
import os
import pytest

SESSION = os.getpid()
allocations = pytest.mark.allocations


async def plain():
    return 1


class TestAwaiting:
    {marks}
    @allocations(max_per_op=1)
    @pytest.mark.parametrize("wanted", [1])
    async def test_passes(self, wanted, tmp_path):
        assert await plain() == wanted

    {marks}
    @allocations(max_per_op=0)
    async def test_fails(self):
        assert await plain() == 1

    {marks}
    async def test_other(self):
        assert os.getpid() == SESSION
"""

NEEDS_TRIO = pytest.mark.skipif(importlib.util.find_spec("trio") is None, reason="no trio here")


def written(folder: Path, body: str = BODY, marks: str = "", settings: str = "") -> Path:
    (folder / "test_it.py").write_text(body.replace("{marks}", marks), encoding="utf-8")
    (folder / "pytest.ini").write_text(f"[pytest]\n{settings}\n", encoding="utf-8")
    return folder


LOOP_SCOPE = "asyncio_default_fixture_loop_scope = function\n"


@pytest.mark.parametrize(
    ("marks", "settings"),
    [
        ("@pytest.mark.asyncio", ""),
        ("@pytest.mark.asyncio(loop_scope='class')", ""),
        ("", "asyncio_mode = auto\n"),
        ("", "asyncio_mode = auto\n# debug"),
    ],
)
def test_pytest_asyncio_runs_it_on_its_loop(tmp_path: Path, marks: str, settings: str) -> None:
    folder = written(tmp_path, marks=marks, settings=LOOP_SCOPE + settings)
    environment = {"PYTHONASYNCIODEBUG": "1"} if "debug" in settings else {}
    session = run_pytest(folder, "-Werror", using=("asyncio",), environment=environment)
    assert session.outcomes == {
        "test_passes[1]": "passed",
        "test_fails": "failure",
        "test_other": "passed",
    }, session.text
    assert session.count("test_passes[1]") == 1
    (line,) = session.said["test_fails"].splitlines()[2:]
    assert line.split()[0] == "1.00"
    assert line.endswith("B  test_it.py:24 in test_fails  assert await plain() == 1")


FIXTURES = """
import asyncio
import pytest
import pytest_asyncio


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def shared():
    yield asyncio.get_running_loop()


@pytest_asyncio.fixture(loop_scope="session")
async def own(shared):
    assert asyncio.get_running_loop() is shared
    yield shared
    await asyncio.sleep(0)


@pytest.mark.asyncio(loop_scope="session")
async def test_before(own):
    await asyncio.sleep(0)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.allocations(max_per_op=30)
async def test_counted(own):
    assert asyncio.get_running_loop() is own
    await asyncio.sleep(0)


@pytest.mark.asyncio(loop_scope="session")
async def test_after(own):
    await asyncio.sleep(0.01)
"""


def test_a_loop_that_the_session_shares_is_used_and_left_as_it_was(tmp_path: Path) -> None:
    folder = written(tmp_path, FIXTURES, settings=LOOP_SCOPE)
    session = run_pytest(folder, "-Werror", using=("asyncio",))
    assert session.code == 0, session.text
    assert session.count("test_counted") > 5


ON_UVLOOP = """
import asyncio
import pytest
import uvloop

{policy}


async def plain():
    return 1


@pytest.mark.allocations(max_per_op=1)
async def test_counted():
    assert isinstance(asyncio.get_running_loop(), uvloop.Loop)
    await plain()


@pytest.mark.allocations(max_per_op=0)
async def test_fails():
    await plain()


@pytest.mark.allocations(max_per_op=9)
async def test_audited():
    import sys
    sys._getframe()
"""

UVLOOP_POLICY = """
@pytest.fixture(scope="session")
def event_loop_policy():
    return uvloop.EventLoopPolicy()
"""

UVLOOP_BACKEND = """
@pytest.fixture
def anyio_backend():
    return "asyncio", {"use_uvloop": True}

pytestmark = pytest.mark.anyio
"""


@pytest.mark.parametrize(
    ("plugin", "policy", "settings"),
    [
        ("asyncio", UVLOOP_POLICY, f"{LOOP_SCOPE}asyncio_mode = auto\n"),
        ("anyio", UVLOOP_BACKEND, ""),
    ],
)
def test_uvloop_is_counted_without_the_stack_hook(
    tmp_path: Path, plugin: str, policy: str, settings: str
) -> None:
    pytest.importorskip("uvloop")
    folder = written(tmp_path, ON_UVLOOP.replace("{policy}", policy), settings=settings)
    session = run_pytest(folder, using=(plugin,))
    assert session.outcomes["test_counted"] == "passed", session.text
    assert session.count("test_counted") == 1
    assert "1.00" in session.said["test_fails"]
    assert "test_it.py" in session.said["test_fails"]
    assert "raise the audit event 'sys._getframe'" in session.said["test_audited"]


ANYIO = """
import pytest


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def started():
    yield 1
""" + BODY.replace("tmp_path", "started")


@pytest.mark.parametrize("marks", ["@pytest.mark.anyio", ""])
def test_anyio_runs_it_on_asyncio(tmp_path: Path, marks: str) -> None:
    if not marks and not hasattr(anyio.pytest_plugin, "pytest_addoption"):
        pytest.skip("this anyio has no automatic mode")
    settings = "" if marks else "anyio_mode = auto"
    folder = written(tmp_path, ANYIO, marks, settings)
    session = run_pytest(folder, using=("anyio",))
    assert session.outcomes == {
        "test_passes[1]": "passed",
        "test_fails": "failure",
        "test_other": "passed",
    }, session.text
    assert session.count("test_passes[1]") == 1
    assert "in test_fails  assert await plain()" in session.said["test_fails"]


@NEEDS_TRIO
def test_on_trio_it_is_run_and_skipped(tmp_path: Path) -> None:
    session = run_pytest(written(tmp_path, marks="@pytest.mark.anyio"), using=("anyio",))
    assert session.outcomes["test_passes[asyncio-1]"] == "passed"
    assert session.outcomes["test_passes[trio-1]"] == "skipped"
    assert "counted on asyncio's event loops only" in session.said["test_passes[trio-1]"]


def test_hypothesis_is_refused_with_one_line(tmp_path: Path) -> None:
    body = """
import pytest
from hypothesis import given, strategies

@pytest.mark.allocations(max_per_op=1)
@given(strategies.integers())
def test_given(number): ...
"""
    session = run_pytest(written(tmp_path, body))
    assert session.said["test_given"].startswith(
        "@pytest.mark.allocations: a test under @given runs other examples each time; "
    )


def test_workers_report_failures_as_they_are(tmp_path: Path) -> None:
    session = run_pytest(written(tmp_path), "-n2", "-k", "not other", using=("xdist",))
    assert session.outcomes == {"test_passes[1]": "passed", "test_fails": "failure"}
    assert "test_it.py:24 in test_fails" in session.said["test_fails"]


def test_what_only_a_marked_test_reaches_is_covered(tmp_path: Path) -> None:
    (tmp_path / "library.py").write_text(
        "def reached():\n    return 1\n\n\ndef never():\n    return 2\n"
    )
    body = """
import library
import pytest

@pytest.mark.allocations(max_per_op=0)
def test_it():
    assert library.reached() == 1
"""
    folder = written(tmp_path, body)
    for words in ((), ("-n2",)):
        using = ("cov", "xdist") if words else ("cov",)
        session = run_pytest(
            folder, "--cov=library", "--cov-report=term-missing", *words, using=using
        )
        assert session.outcomes == {"test_it": "passed"}, session.text
        (line,) = [line for line in session.text.splitlines() if line.startswith("library.py")]
        assert line.split() == ["library.py", "4", "1", "75%", "6"]
        assert not list(folder.glob(".coverage.*"))


def test_a_timeout_ends_the_test_and_not_the_session(tmp_path: Path) -> None:
    body = """
import pytest, time

@pytest.mark.timeout(1)
@pytest.mark.allocations(max_per_op=0)
def test_hangs():
    time.sleep(60)

@pytest.mark.timeout(1, func_only=True)
@pytest.mark.allocations(max_per_op=0)
def test_hangs_inside():
    time.sleep(60)

def test_after(): ...
"""
    session = run_pytest(written(tmp_path, body))
    assert session.outcomes == {
        "test_hangs": "failure",
        "test_hangs_inside": "failure",
        "test_after": "passed",
    }
    assert "Timeout" in session.said["test_hangs"]
    assert "Timeout" in session.said["test_hangs_inside"]


def test_a_count_that_another_tracker_prevents_says_so(tmp_path: Path) -> None:
    body = """
import memray, pytest

@pytest.fixture
def followed(tmp_path):
    with memray.Tracker(tmp_path / "capture.bin"):
        yield

@pytest.mark.allocations(max_per_op=0)
def test_it(followed): ...
"""
    session = run_pytest(written(tmp_path, body))
    assert session.said["test_it"].startswith("allocations: memray follows this process already")


def test_the_debugger_speaks_with_whoever_is_there(tmp_path: Path) -> None:
    """Under --pdb the child has the terminal; what it exits with ends the session."""
    body = """
import pytest

@pytest.mark.allocations(max_per_op=0)
def test_it():
    wrong = "a value to look at"
    assert wrong == 1
"""
    folder = written(tmp_path, body)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "--pdb", "-p", "no:asyncio", "-p", "no:randomly"],
        cwd=folder,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        os.write(ours, b"p 'seen: ' + wrong\nq\n")
        os.close(theirs)
        assert process.stdout is not None
        text = process.stdout.read()
    os.close(ours)
    assert "seen: a value to look at" in text
    assert "_pytest.outcomes.Exit: Quitting debugger" in text
    assert process.returncode == 2
