"""A marked test runs in a process of its own, and nobody else in the session notices."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.plugin.sessions import ROOT, run_pytest

if TYPE_CHECKING:
    from pathlib import Path

IMPORTS = """
import contextlib
import os
import signal
import sys
import warnings
from pathlib import Path
import pytest

SESSION = os.getpid()
LOG = Path(__file__).with_name("log.txt")
allocations = pytest.mark.allocations(max_per_op=1000)


def log(text):
    with LOG.open("a") as file:
        file.write(f"{text} {'session' if os.getpid() == SESSION else 'child'}\\n")
"""

SCOPES = """
class Logged:
    def __init__(self, name):
        self.name = name

    def close(self):
        log(f"{self.name} down")


@pytest.fixture(scope="session")
def early():
    log("early up")
    try:
        yield "early"
    finally:
        log("early down")


@pytest.fixture(scope="module")
def late():
    log("late up")
    yield "late"
    log("late down")


@pytest.fixture(scope="module", params=["one", "two"])
def several(request):
    log(f"{request.param} up")
    with contextlib.closing(Logged(request.param)):
        yield request.param


@pytest.fixture
def own(early):
    log("own up")
    yield
    log("own down")


def test_before(early): ...


@allocations
def test_uses(early, own, late):
    assert (early, late) == ("early", "late")


def test_after(early, late): ...


@allocations
def test_each(several): ...


def test_each_plainly(several): ...


def test_at_the_end(early): ...
"""


def written(folder: Path, body: str) -> Path:
    (folder / "test_it.py").write_text(IMPORTS + body, encoding="utf-8")
    return folder


def test_what_a_process_sets_up_it_tears_down_and_nothing_else(tmp_path: Path) -> None:
    session = run_pytest(written(tmp_path, SCOPES))
    assert session.code == 0, session.text
    log = (tmp_path / "log.txt").read_text().splitlines()
    assert log[:5] == [
        "early up session",
        *("late up child", "own up child", "own down child", "late down child"),
    ]
    for name in ("early", "late", "one", "two"):
        for place in ("session", "child"):
            ups, downs = (log.count(f"{name} {word} {place}") for word in ("up", "down"))
            assert ups == downs, (name, place)
    assert log[-1] == "early down session"
    assert log.count("early up session") == 1
    assert log.count("early up child") == 0


OUTPUT = """
print("printed at import")


@allocations
def test_prints():
    print("from the child")
    print("to standard error", file=sys.stderr)
    warnings.warn("from the child too", UserWarning)


@allocations
def test_fails():
    print("before it failed")
    assert False


def test_plain():
    print("from the session")
"""


@pytest.mark.parametrize("words", [(), ("-s",), ("-v",), ("--capture=sys",), ("--tb=short", "-x")])
def test_nothing_is_shown_twice_or_lost(tmp_path: Path, words: tuple[str, ...]) -> None:
    session = run_pytest(written(tmp_path, OUTPUT), *words)
    assert session.code == 1
    assert session.outcomes["test_prints"] == "passed"
    assert session.outcomes["test_fails"] == "failure"
    assert ("test_plain" in session.outcomes) == ("-x" not in words)
    assert session.text.count("test session starts") == 1
    assert session.text.count("before it failed") >= 1
    assert "UserWarning: from the child too" in session.text
    assert session.text.count("warnings.warn(") == 1
    if "-s" not in words:
        assert session.text.count("before it failed\n") == 1


CRASHES = """
@allocations
def test_always():
    print("its last words")
    os.kill(os.getpid(), signal.SIGSEGV)


@allocations
def test_once():
    log("once")
    if LOG.read_text().count("once") == 1:
        os.abort()


@allocations
def test_leaves():
    os._exit(7)


def test_after(): ...
"""


def test_a_child_that_dies_is_tried_once_more_and_then_is_a_failure(tmp_path: Path) -> None:
    session = run_pytest(written(tmp_path, CRASHES))
    assert session.code == 1
    assert session.outcomes == {
        "test_always": "failure",
        "test_once": "passed",
        "test_leaves": "failure",
        "test_after": "passed",
    }
    died = "allocations: the process that counts died twice, by"
    assert session.said["test_always"] == f"{died} SIGSEGV"
    assert session.said["test_leaves"] == f"{died} exit status 7"
    assert session.text.count("its last words") == 1
    assert "Fatal Python error: Segmentation fault" in session.text
    assert "Fatal Python error: Aborted" not in session.text


ENDINGS = """
@allocations
def test_first():
    {ending}


def test_after(): ...
"""


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        ("pytest.exit('enough', returncode=9)", 9, "Exit: enough"),
        ("raise KeyboardInterrupt", 2, "KeyboardInterrupt"),
    ],
)
def test_what_ends_the_session_ends_it(tmp_path: Path, ending: str, code: int, said: str) -> None:
    session = run_pytest(written(tmp_path, ENDINGS.format(ending=ending)))
    assert session.code == code
    assert said in session.text
    assert "test_after" not in session.outcomes


TEARDOWNS = """
@pytest.fixture(scope="module", autouse=True)
def broken():
    yield
    log("down")
    raise RuntimeError("cannot be torn down")


def test_before(): ...


@allocations
def test_last(): ...
"""


def test_a_teardown_that_fails_in_the_session_is_reported(tmp_path: Path) -> None:
    session = run_pytest(written(tmp_path, TEARDOWNS))
    assert session.code == 1
    assert "2 passed, 1 error" in session.text
    assert (tmp_path / "log.txt").read_text() == "down session\n"


def test_a_session_that_is_interrupted_leaves_no_process(tmp_path: Path) -> None:
    body = """
@allocations
def test_waits():
    import time
    Path(__file__).with_name("child.txt").write_text(str(os.getpid()))
    os.kill(SESSION, signal.SIGINT)
    time.sleep(60)
"""
    session = run_pytest(written(tmp_path, body))
    assert session.code == 2
    child = int((tmp_path / "child.txt").read_text())
    import psutil

    assert not psutil.pid_exists(child)


def test_a_test_that_waits_for_a_thread_of_the_session_is_ended(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import harness.testing.isolation\nharness.testing.isolation._PATIENCE = 1.5\n"
    )
    body = """
from concurrent.futures import ThreadPoolExecutor


@pytest.fixture(scope="session")
def pool():
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_before(pool):
    assert pool.submit(len, "a").result() == 1


@allocations
def test_waits(pool):
    print("waiting")
    pool.submit(len, "a").result()


@allocations
def test_after(): ...
"""
    session = run_pytest(written(tmp_path, body), "-Werror")
    assert session.outcomes == {
        "test_before": "passed",
        "test_waits": "failure",
        "test_after": "passed",
    }
    assert session.said["test_waits"].startswith("allocations: the test did not end within 1.5 s; ")
    assert "threads that a fixture of a larger scope started" in session.said["test_waits"]


def test_where_a_setup_fails_the_test_is_an_error(tmp_path: Path) -> None:
    body = """
@pytest.fixture
def broken():
    raise RuntimeError("cannot be set up")


@allocations
async def test_it(broken): ...
"""
    session = run_pytest(written(tmp_path, body))
    assert session.outcomes == {"test_it": "error"}
    assert "cannot be set up" in session.text


def test_other_options_of_pytest_work(tmp_path: Path) -> None:
    folder = written(tmp_path, SCOPES)
    shown = run_pytest(folder, "--setup-show", "-k", "test_uses")
    assert "SETUP    M late" in shown.text
    assert "TEARDOWN M late" in shown.text
    assert not run_pytest(folder, "--setup-plan", "-k", "test_uses").counts
    assert "test_it.py::test_uses" in run_pytest(folder, "--collect-only", "-q").text
    timed = run_pytest(folder, "--durations=0", "-vv", "-k", "test_uses")
    assert "call     test_it.py::test_uses" in timed.text


def imported(folder: Path, *words: str) -> set[str]:
    """Return which of the heavy modules a session has imported at its end."""
    heavy = ("pandas", "matplotlib", "memray", "pyperf", "rich", "jinja2", "msgspec", "numpy")
    (folder / "conftest.py").write_text(
        "import sys\n"
        "def pytest_sessionfinish():\n"
        f"    print('imported:', *sorted({{*{heavy!r}}} & {{*sys.modules}}))\n",
        encoding="utf-8",
    )
    session = run_pytest(folder, "-s", *words)
    (line,) = [line for line in session.text.splitlines() if "imported:" in line]
    return set(line.partition("imported:")[2].split())


def test_a_session_without_a_marked_test_imports_nothing_heavy(tmp_path: Path) -> None:
    folder = written(tmp_path, "def test_plain(): ...\n@allocations\ndef test_marked(): ...\n")
    assert imported(folder, "-k", "plain") == set()
    assert imported(folder) <= {"memray", "rich"}  # memray brings rich along


def test_awaitbench_does_not_need_pytest() -> None:
    program = (
        "import sys; sys.modules['pytest'] = None\n"
        "import harness, harness.cli, harness.measure.allocation, harness.testing\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_many_counts_in_one_session(tmp_path: Path) -> None:
    body = """
@pytest.mark.parametrize("number", range(25))
@pytest.mark.allocations(max_per_op=0, operations=10)
def test_one(number): ...
"""
    session = run_pytest(written(tmp_path, body))
    assert session.code == 0
    assert "25 passed" in session.text
