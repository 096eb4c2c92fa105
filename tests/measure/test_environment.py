"""Environment: what an interpreter says of itself, what spoils measurements, and no names."""

from __future__ import annotations

import getpass
import json
import socket
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.errors import InputError
from harness.measure.crew import Interpreter
from harness.measure.environment import (
    describe,
    probe,
    runtime_of,
    this_runtime,
    value_task_findings,
)
from harness.measure.implementation import PURE_PYTHON, missing
from harness.measure.system_files import SystemFiles
from harness.plan import Runtime
from harness.record import Severity
from tests.measure.machines import quiet_machine

if TYPE_CHECKING:
    from collections.abc import Callable

SAID: dict[str, str | bool] = {
    "python": "3.13.0",
    "implementation": "cpython",
    "compiler": "GCC 12",
    "debug": False,
    "pyperf": "2.10.0",
    "memray": "1.20.0",
    "uvloop": "",
    "without_native": "",
}


@pytest.fixture
def executable(tmp_path: Path) -> Callable[[str], str]:
    """Make an executable that does what a shell script says."""

    def make(script: str) -> str:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return make


class TestProbe:
    def test_this_interpreter_says_what_it_is(self) -> None:
        said = probe(Interpreter())
        version = ".".join(map(str, sys.version_info[:3]))
        assert runtime_of(said, "asyncio") == Runtime(version, sys.implementation.name)
        assert said["pyperf"]
        assert said["memray"]

    def test_it_says_why_it_does_not_have_the_c_type(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert probe(Interpreter())["without_native"] == missing("native")
        monkeypatch.setenv("AWAITBENCH_PURE_PYTHON", "1")
        assert probe(Interpreter())["without_native"] == PURE_PYTHON

    def test_a_tracer_that_every_interpreter_starts_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert probe(Interpreter())["tracer"] == ""
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        started = "import sys\ndef mine(*_): pass\nsys.setprofile(mine)\n"
        (tmp_path / "sitecustomize.py").write_text(started, encoding="utf-8")
        assert probe(Interpreter())["tracer"] == "sitecustomize.mine by sys.setprofile"

    @pytest.mark.skipif(sys.version_info < (3, 12), reason="has no sys.monitoring")
    def test_a_tool_of_sys_monitoring_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        started = "import sys\nsys.monitoring.use_tool_id(2, 'a profiler')\n"
        (tmp_path / "sitecustomize.py").write_text(started, encoding="utf-8")
        assert probe(Interpreter())["tracer"] == "a profiler by sys.monitoring"

    def test_coverage_that_starts_by_itself_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "none.cfg").write_text("[run]\ncore = ctrace\n", encoding="utf-8")
        started = "import coverage\ncoverage.process_startup()\n"
        (tmp_path / "sitecustomize.py").write_text(started, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setenv("COVERAGE_PROCESS_START", str(tmp_path / "none.cfg"))
        monkeypatch.setenv("COVERAGE_FILE", str(tmp_path / "data"))
        assert str(probe(Interpreter())["tracer"]).startswith("coverage.")

    def test_what_sitecustomize_prints_does_no_harm(self, executable: Callable[[str], str]) -> None:
        assert probe(Interpreter(executable(f"echo hello; echo '{json.dumps(SAID)}'"))) == SAID

    @pytest.mark.parametrize(
        ("script", "said"),
        [
            ("echo ImportError: no StrEnum >&2; exit 1", r"cannot measure \(ImportError: no StrE"),
            ("exit 3", r"cannot measure \(exit code 3\); it needs Python 3\.11 or later"),
            ("kill -9 $$", r"cannot measure \(exit code -9\)"),
            ("true", "is not a Python interpreter"),
            ("echo hello", "is not a Python interpreter"),
            ("echo '[]'", "is not a Python interpreter"),
            ("echo 1", "is not a Python interpreter"),
            ("echo '{}'", "is not a Python interpreter"),
            ("printf '\\377\\376'", "is not a Python interpreter"),
        ],
    )
    def test_one_that_cannot_measure_is_answered_with_one_line(
        self, script: str, said: str, executable: Callable[[str], str]
    ) -> None:
        with pytest.raises(InputError, match=f"^--python .*: .*{said}"):
            probe(Interpreter(executable(script)))

    def test_one_that_says_nothing_is_not_waited_for(
        self, executable: Callable[[str], str]
    ) -> None:
        with pytest.raises(InputError, match=r"says nothing within 0\.2 s$"):
            probe(Interpreter(executable("exec sleep 60"), patience=0.2))

    @pytest.mark.parametrize("name", ["absent", "", ".", "plain"])
    def test_one_that_cannot_be_run_is_answered_with_one_line(
        self, name: str, tmp_path: Path
    ) -> None:
        (tmp_path / "plain").write_text("not executable", encoding="utf-8")
        with pytest.raises(InputError, match=r"^--python .*: cannot be run"):
            probe(Interpreter(str(tmp_path / name)))

    def test_a_folder_called_harness_where_one_stands_is_not_ours(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("harness", "scenarios"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "__init__.py").write_text("raise SystemExit(1)", encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        assert probe(Interpreter())["implementation"] == sys.implementation.name


class TestRuntime:
    def test_it_has_the_loop_that_was_asked_for(self) -> None:
        assert runtime_of(SAID, "asyncio") == Runtime("3.13.0", "cpython", "asyncio")
        assert runtime_of({**SAID, "uvloop": "0.21"}, "uvloop").loop == "uvloop"

    def test_it_knows_whether_the_c_type_is_there(self) -> None:
        assert runtime_of(SAID, "asyncio").without_native == ""
        lacking = {**SAID, "without_native": "not built for this Python"}
        assert runtime_of(lacking, "asyncio").without_native == "not built for this Python"

    def test_this_one_is_what_it_says_of_itself(self) -> None:
        said = runtime_of(probe(Interpreter()), "asyncio")
        assert (this_runtime(), this_runtime().without_native) == (said, said.without_native)

    @pytest.mark.parametrize("loop", ["trio", "", "AsyncIO"])
    def test_an_unknown_loop_is_refused(self, loop: str) -> None:
        with pytest.raises(InputError, match=f"^--loop {loop}: expected asyncio or uvloop$"):
            runtime_of(SAID, loop)

    def test_a_loop_that_is_not_installed_says_what_to_install(self) -> None:
        with pytest.raises(InputError, match=r"not installed.*awaitbench\[uvloop\]"):
            runtime_of(SAID, "uvloop")


class TestDescription:
    def test_it_names_neither_host_nor_user_nor_a_path(self) -> None:
        said = probe(Interpreter())
        text = json.dumps({**describe(said, "asyncio"), **said})
        names = [socket.gethostname(), str(Path.home()), str(Path.cwd()), sys.prefix]
        if getpass.getuser() not in ("root", "user"):
            names.append(getpass.getuser())
        assert not [name for name in names if name in text]

    def test_every_label_has_a_text(self) -> None:
        described = describe(SAID, "asyncio")
        assert all(described.values())
        assert described["interpreter"] == "cpython 3.13.0"
        assert described["event loop"] == "asyncio"
        assert described["ValueTask"] == "Python and C"
        described = describe({**SAID, "without_native": "why not"}, "asyncio")
        assert described["ValueTask"] == "Python only (why not)"
        assert describe({**SAID, "uvloop": "0.21"}, "uvloop")["event loop"] == "uvloop 0.21"

    def test_it_reads_what_the_system_tells(self, tmp_path: Path) -> None:
        files = quiet_machine(tmp_path)
        described = describe(SAID, "asyncio", files)
        assert described["processor"] == "Example CPU"
        assert described["cores"] == "4"
        assert described["virtual machine"] == "not detected"
        assert described["frequency governor"] == "performance"
        assert described["load before"] == "0.10 in the last minute"

    def test_where_the_system_tells_nothing_nothing_is_made_up(self, tmp_path: Path) -> None:
        described = describe(SAID, "asyncio", SystemFiles(tmp_path))
        assert described["virtual machine"] == "not detected"
        assert described["frequency governor"] == "not known"
        assert "load before" not in described


class TestValueTask:
    @pytest.mark.parametrize(
        ("reason", "advice"),
        [
            ("not built for this Python", "make clean environment"),
            (PURE_PYTHON, "Unset AWAITBENCH_PURE_PYTHON."),
        ],
    )
    def test_a_missing_c_type_spoils_nothing_but_is_told(self, reason: str, advice: str) -> None:
        (finding,) = value_task_findings({**SAID, "without_native": reason})
        assert finding.severity is Severity.HINT
        assert reason in finding.message
        assert advice in finding.advice
        assert value_task_findings(SAID) == ()
