"""Environment: what an interpreter says of itself, what spoils measurements, and no names."""

from __future__ import annotations

import getpass
import json
import socket
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import InputError
from harness.measure import environment
from harness.measure.crew import Interpreter
from harness.measure.environment import (
    describe,
    machine_findings,
    probe,
    runtime_of,
    this_runtime,
    value_task_findings,
)
from harness.measure.implementation import PURE_PYTHON, missing
from harness.plan import Runtime
from harness.record import Severity

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


class TestFindings:
    @pytest.fixture(autouse=True)
    def _quiet_machine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make the machine one on which nothing is to be found."""
        monkeypatch.delenv("PYTHONASYNCIODEBUG", raising=False)
        monkeypatch.delenv("PYTHONDEVMODE", raising=False)
        monkeypatch.setattr(environment, "_usable_cores", lambda: 4)
        monkeypatch.setattr("os.getloadavg", lambda: (0.1, 0.1, 0.1))
        monkeypatch.setattr(environment, "_lines", lambda _: [])

    def messages(self, **said: Any) -> list[str]:
        return [finding.message for finding in machine_findings({**SAID, **said})]

    def test_a_quiet_machine_has_none(self) -> None:
        assert machine_findings(SAID) == ()
        assert machine_findings() == ()

    def test_a_single_core_is_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(environment, "_usable_cores", lambda: 1)
        assert any("only one core" in message for message in self.messages())

    def test_other_work_is_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("os.getloadavg", lambda: (3.0, 0.1, 0.1))
        assert self.messages() == ["other work was running: a load of 3.0 on 4 cores"]

    @pytest.mark.parametrize(("governor", "found"), [("performance", 0), ("powersave", 1)])
    def test_a_governor_that_follows_the_load_is_one(
        self, governor: str, found: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lines(path: str) -> list[str]:
            return [governor] if path.endswith("scaling_governor") else []

        monkeypatch.setattr(environment, "_lines", lines)
        assert len(self.messages()) == found

    def test_a_virtual_machine_is_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(environment, "_lines", lambda _: ["flags\t\t: fpu hypervisor sse"])
        assert any("virtual machine" in message for message in self.messages())

    def test_memory_that_is_swapped_out_is_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        meminfo = ["SwapTotal:  1048576 kB", "SwapFree:  524288 kB"]
        monkeypatch.setattr(
            environment, "_lines", lambda path: meminfo if path.endswith("meminfo") else []
        )
        assert self.messages() == ["512 MiB are swapped out"]

    @pytest.mark.parametrize("name", ["PYTHONASYNCIODEBUG", "PYTHONDEVMODE"])
    def test_the_debug_mode_of_asyncio_spoils_figures(
        self, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, "1")
        (finding,) = machine_findings(SAID)
        assert finding.severity is Severity.ERROR
        assert "debug mode" in finding.message

    @pytest.mark.parametrize(
        ("reason", "advice"),
        [
            ("not built for this Python", "make clean environment"),
            (PURE_PYTHON, "Unset AWAITBENCH_PURE_PYTHON."),
        ],
    )
    def test_a_missing_c_type_spoils_nothing_but_is_told(self, reason: str, advice: str) -> None:
        said = {**SAID, "without_native": reason}
        assert machine_findings(said) == ()
        (finding,) = value_task_findings(said)
        assert finding.severity is Severity.HINT
        assert reason in finding.message
        assert advice in finding.advice
        assert value_task_findings(SAID) == ()

    def test_a_debug_build_spoils_figures(self) -> None:
        (finding,) = machine_findings({**SAID, "debug": True})
        assert finding.severity is Severity.ERROR

    def test_each_says_what_to_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONDEVMODE", "1")
        monkeypatch.setattr(environment, "_usable_cores", lambda: 1)
        monkeypatch.setattr("os.getloadavg", lambda: (9.0, 0.1, 0.1))
        findings = machine_findings({**SAID, "debug": True})
        assert len(findings) == 4
        assert all(finding.advice for finding in findings)
