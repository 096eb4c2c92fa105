"""Command line: what it answers, with which exit code, and never a traceback."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness import catalog, cli
from harness._version import __version__
from harness.measure.implementation import PURE_PYTHON
from harness.plan import PRESETS, Preset
from harness.record import Finding, RunStatus, Severity
from harness.store import RunFolder
from tests.runs import make_run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMANDS = ("list", "new", "run", "show", "report", "profile", "doctor")
SAID = {
    "python": "3.13.0",
    "implementation": "cpython",
    "compiler": "GCC 12",
    "debug": False,
    "pyperf": "2.10.0",
    "memray": "1.20.0",
    "uvloop": "",
    "without_native": "",
}


class Answer:
    """What one command gave."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder, in a terminal that is wide enough not to break lines."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    return tmp_path


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Give a command to the command line, in this process."""

    def given(*arguments: object) -> Answer:
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as ended:  # argparse: --help, bad usage
            code = ended.code if isinstance(ended.code, int) else 1
        return Answer(code, *capsys.readouterr())

    return given


@pytest.fixture
def refused(ask: Callable[..., Answer]) -> Callable[..., str]:
    """Give a command that must be answered with exit code 2 and one line."""

    def given(*arguments: object) -> str:
        answer = ask(*arguments)
        assert answer.code == 2
        assert answer.out == ""
        assert answer.err.endswith("\n")
        assert len(answer.err.splitlines()) == 1
        assert answer.err.startswith("awaitbench")
        assert "Traceback" not in answer.err
        return answer.err

    return given


@pytest.fixture
def sample(write_scenario: Callable[..., Path]) -> Path:
    return write_scenario("sample")


@pytest.fixture
def stored(folder: Path) -> RunFolder:
    made = RunFolder.create(folder / "results", "first")
    made.save(make_run(name="first", rounds=2))
    return made


@pytest.fixture
def _probed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have an interpreter that is known without being asked."""
    monkeypatch.setattr("harness.measure.environment.probe", lambda *_: SAID)


@pytest.fixture
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "quick", Preset("quick", 0.05, (2, 2), 2))


def call(*arguments: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``python`` with these arguments in a process of its own."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(cli.__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


class TestHelp:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_every_command_has_one(self, command: str, ask: Callable[..., Answer]) -> None:
        answer = ask(command, "--help")
        assert answer.code == 0
        assert answer.out.startswith(f"usage: awaitbench {command}")
        assert answer.err == ""

    def test_that_of_the_program_lists_the_commands(self, ask: Callable[..., Answer]) -> None:
        answer = ask("--help")
        assert answer.code == 0
        for command in COMMANDS:
            assert f"\n    {command} " in answer.out

    def test_a_command_is_not_kept_waiting_by_the_others(self) -> None:
        look = "print([name for name in sys.modules if name.startswith('harness.command.')])"
        answer = call("-c", f"import sys; from harness import cli; cli._parser(['doctor']); {look}")
        assert "harness.command.doctor" in answer.stdout
        assert "harness.command.check" not in answer.stdout

    def test_that_of_run_names_every_option_of_the_contract(
        self, ask: Callable[..., Answer]
    ) -> None:
        text = ask("run", "--help").out
        for option in (
            *("-v", "--variant", "-p", "--param", "--preset", "--baseline", "--loop", "--python"),
            *("--only", "--name", "--results", "--reports", "--no-report", "--seed", "--resume"),
            *("--callable", "--args", "--profile", "--flamegraphs"),
        ):
            assert f"{option} " in text or f"{option}," in text or f"{option}\n" in text

    def test_the_version_is_that_of_the_package(self, ask: Callable[..., Answer]) -> None:
        answer = ask("--version")
        assert (answer.code, answer.out) == (0, f"awaitbench {__version__}\n")


class TestUsage:
    @pytest.mark.parametrize(
        "arguments",
        [
            (),
            ("measure",),
            ("run", "--no-such-option"),
            ("run", "--seed", "many"),
            ("run", "--name"),
            ("show",),
            ("show", "--format", "xml", "latest"),
            ("list", "--one\ntwo"),
        ],
        ids=str,
    )
    def test_bad_usage_is_one_line_that_points_at_the_help(
        self, arguments: Sequence[str], refused: Callable[..., str]
    ) -> None:
        assert "--help" in refused(*arguments)

    def test_an_interruption_at_any_time_exits_with_130(
        self, ask: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(*_: object) -> Any:
            raise KeyboardInterrupt

        monkeypatch.setattr(catalog, "find", interrupted)
        answer = ask("list")
        assert (answer.code, answer.err) == (130, "awaitbench: interrupted\n")

    def test_a_reader_that_has_had_enough_is_no_error(self, sample: Path) -> None:
        with subprocess.Popen(
            [sys.executable, "-m", "harness", "list", sample],
            cwd=Path(cli.__file__).parent.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait() == 141

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
    def test_an_output_that_takes_no_more_is_one_line(self, sample: Path) -> None:
        with Path("/dev/full").open("w", encoding="utf-8") as full:
            done = subprocess.run(
                [sys.executable, "-m", "harness", "list", sample],
                cwd=Path(cli.__file__).parent.parent,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert done.returncode == 2
        assert "No space left on device" in done.stderr
        assert len(done.stderr.splitlines()) == 1


class TestList:
    def test_it_names_every_shipped_scenario(self, ask: Callable[..., Answer]) -> None:
        answer = ask("list")
        assert answer.code == 0
        for name, entry in catalog.shipped().items():
            assert f"{name}  {entry.scenario.title}" in answer.out

    def test_it_shows_variants_and_parameters_of_a_file(
        self, sample: Path, ask: Callable[..., Answer]
    ) -> None:
        lines = [line.rstrip() for line in ask("list", sample).out.splitlines()]
        assert lines[0] == "sample  A scenario of mine"
        assert lines[1] == "  variants    coroutine, task, eager_task, mine, synchronous"
        if sys.version_info < (3, 12):
            assert "eager_task is not available: needs Python 3.12 or later" in lines.pop(2)
        assert lines[2].startswith("  sync_ratio  share of operations")
        assert lines[2].endswith("measured at 0, 0.5, 0.9, 0.99, 1")
        assert lines[3] == "  size        rows: an integer from 1 to 1000; measured at 64"

    def test_it_says_which_variants_are_not_there_and_why(
        self, ask: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWAITBENCH_PURE_PYTHON", "1")
        told = ask("list", "do_work").out
        assert "value_task, value_task_native, value_task_checked" in told
        assert (
            "value_task_native is not available: needs the C type (AWAITBENCH_PURE_PYTHON=1)"
        ) in told

    def test_an_unknown_name_is_refused(self, refused: Callable[..., str]) -> None:
        assert "no scenario is named 'nonsense'" in refused("list", "nonsense")


@pytest.mark.usefixtures("_probed")
class TestRefusedBeforeMeasuring:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("-v", "corotine"), "no variant is named 'corotine'; did you mean coroutine or mine?"),
            (("--baseline", "tusk"), "did you mean task?"),
            (("-p", "sise=1"), "no parameter is named 'sise'; did you mean size?"),
            (("-p", "sync_ratio=1.5"), "sync_ratio=1.5: expected a number from 0 to 1"),
            (("-p", "sync_ratio=nan"), "sync_ratio=nan: expected a number from 0 to 1"),
            (("-p", "size=many"), "size=many: expected an integer from 1 to 1000"),
            (("-p", "size=" + "9" * 500), "expected an integer from 1 to 1000"),
            (("-p", "size"), "--param size: expected NAME=VALUE or NAME=V1,V2"),
            (("-p", "=1"), "--param =1: expected NAME=VALUE"),
            (("-p", "size="), "--param size=: expected NAME=VALUE"),
            (("-p", "size=1,,2"), "--param size=1,,2: expected NAME=VALUE"),
            (("-p", "size=1\n2"), "size=1 2: expected an integer"),
            (("-v", "synchronous", "-p", "sync_ratio=0"), "nothing is left to measure"),
            (("--only", "times"), "no instrument is named 'times'; did you mean time?"),
            (("--preset", "quik"), "no preset is named 'quik'; did you mean quick?"),
            (("--loop", "trio"), "--loop trio: expected asyncio or uvloop"),
            (("--loop", "uvloop"), "uvloop is not installed"),
            (("--name", "latest"), "run name 'latest': expected letters"),
            (("--name", "../up"), "run name '../up': expected letters"),
            (("--resume", "nothing"), "no run 'nothing' in results/"),
        ],
        ids=lambda value: " ".join(value)[:30] if isinstance(value, tuple) else "",
    )
    def test_what_cannot_be_measured_is_one_line(
        self, arguments: Sequence[str], said: str, sample: Path, refused: Callable[..., str]
    ) -> None:
        assert said in refused("run", sample, *arguments)
        assert not Path("results").exists()

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("nonsense", "no scenario is named 'nonsense'"),
            ("absent.py", "absent.py: no such file"),
            ("x" * 300 + ".py", "no such file"),
        ],
    )
    def test_a_scenario_that_is_not_there_is_one_line(
        self, name: str, said: str, refused: Callable[..., str]
    ) -> None:
        assert said in refused("run", name)

    def test_a_broken_scenario_file_is_one_line(
        self, write_scenario: Callable[..., Path], refused: Callable[..., str]
    ) -> None:
        path = write_scenario("broken", end="1 / 0")
        assert "cannot be imported: ZeroDivisionError" in refused("run", path)

    def test_the_name_of_a_run_that_exists_is_refused(
        self, sample: Path, stored: RunFolder, refused: Callable[..., str]
    ) -> None:
        before = (stored.path / "run.json").read_bytes()
        assert "there is a run of this name already" in refused("run", sample, "--name", "first")
        assert (stored.path / "run.json").read_bytes() == before

    def test_a_file_where_the_results_should_be_is_said_to_be_one(
        self, sample: Path, refused: Callable[..., str]
    ) -> None:
        Path("results").write_text("", encoding="utf-8")
        assert "results: is not a folder; give another folder with --results" in refused(
            "run", sample
        )

    def test_a_run_of_another_interpreter_is_not_gone_on_with(
        self, sample: Path, stored: RunFolder, refused: Callable[..., str]
    ) -> None:
        run = make_run(name="first", scenarios=("sample",), measured=0)
        old = replace(run.plan.groups[0].runtime, python="3.12.1")
        group = replace(run.plan.groups[0], runtime=old)
        stored.save(replace(run, plan=replace(run.plan, groups=(group,))))
        told = refused("run", sample, "--resume", "first")
        assert "was measured on cpython 3.12.1, asyncio, this interpreter is cpython 3.13.0" in told
        assert "--python" in told

    def test_a_run_of_the_c_type_is_not_gone_on_with_where_that_is_gone(
        self,
        sample: Path,
        stored: RunFolder,
        refused: Callable[..., str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        said = {**SAID, "without_native": "not built for this Python"}
        monkeypatch.setattr("harness.measure.environment.probe", lambda *_: said)
        stored.save(make_run(name="first", scenarios=("sample",), measured=0))
        assert (
            "--resume first: it measures value_task_native, which needs the C type (not built for "
            "this Python)"
        ) in refused("run", sample, "--resume", "first")

    def test_the_c_type_alone_where_the_pure_one_is_asked_for(
        self, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        said = {**SAID, "without_native": PURE_PYTHON}
        monkeypatch.setattr("harness.measure.environment.probe", lambda *_: said)
        assert (
            "nothing is left to measure: value_task_native needs the C type "
            "(AWAITBENCH_PURE_PYTHON=1)"
        ) in refused("run", "do_work", "-v", "value_task_native")

    def test_a_run_of_a_file_needs_the_file_again(
        self, stored: RunFolder, refused: Callable[..., str]
    ) -> None:
        assert "measures 'lookup', which is not known here; name its file again" in refused(
            "run", "--resume", "first"
        )


class TestInterpreter:
    @pytest.mark.parametrize("command", ["run", "doctor"])
    def test_one_that_does_not_exist_is_one_line(
        self, command: str, refused: Callable[..., str]
    ) -> None:
        told = refused(command, "--python", "no-such-python")
        assert "--python no-such-python: there is no such command; found are " in told

    def test_one_that_is_too_old_is_one_line(
        self, folder: Path, refused: Callable[..., str]
    ) -> None:
        old = folder / "python3.8"
        said = '{"release": [3, 8], "implementation": "cpython", "version": "3.8.18"}'
        old.write_text(f"#!/bin/sh\necho '{said}'\n", encoding="utf-8")
        old.chmod(old.stat().st_mode | stat.S_IXUSR)
        told = refused("run", "--python", old)
        assert "is cpython 3.8.18; awaitbench needs Python 3.11 or later" in told


class TestDoctor:
    def test_it_says_on_what_is_measured_and_what_spoils_it(
        self, ask: Callable[..., Answer]
    ) -> None:
        answer = ask("doctor")
        assert answer.code == 0
        assert f"{sys.implementation.name} {sys.version.split()[0]}" in answer.out
        assert "cores" in answer.out

    def test_a_machine_without_a_fault_is_said_to_be_one(
        self, ask: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("harness.command.doctor.machine_findings", lambda _: ())
        assert "Nothing was found that spoils measurements." in ask("doctor").out

    def test_it_says_which_implementations_of_value_task_there_are(
        self, ask: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("harness.command.doctor.machine_findings", lambda _: ())
        monkeypatch.setenv("AWAITBENCH_PURE_PYTHON", "1")
        told = " ".join(ask("doctor").out.split())
        assert "ValueTask Python only (AWAITBENCH_PURE_PYTHON=1)" in told
        assert "hint value_task_native cannot be measured" in told
        assert "Unset AWAITBENCH_PURE_PYTHON." in told
        monkeypatch.setattr("harness.measure.environment.probe", lambda *_: SAID)
        told = " ".join(ask("doctor").out.split())
        assert "ValueTask Python and C" in told
        assert "value_task_native" not in told

    def test_it_says_what_to_do_about_each_fault(
        self, ask: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
        answer = ask("doctor")
        assert answer.code == 0
        assert "asyncio's debug mode is on" in " ".join(answer.out.split())
        assert "Unset PYTHONASYNCIODEBUG" in " ".join(answer.out.split())

    def test_each_fault_has_one_line_of_advice_below_it_at_80_columns(
        self, ask: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = (
            Finding(Severity.WARNING, "the [red]clock[/] rate varies " * 4, "Fix it as root."),
            Finding(Severity.HINT, "it is a virtual machine"),
        )
        monkeypatch.setattr("harness.command.doctor.machine_findings", lambda _: found)
        monkeypatch.setenv("COLUMNS", "80")
        lines = [line.rstrip() for line in ask("doctor").out.splitlines()]
        assert all(len(line) <= 80 for line in lines)
        (begin,) = [i for i, line in enumerate(lines) if line.startswith("warning  the [red]clock")]
        assert lines[begin:] == [
            "warning  the [red]clock[/] rate varies the [red]clock[/] rate varies the",
            "         [red]clock[/] rate varies the [red]clock[/] rate varies",
            "         Fix it as root.",
            "hint     it is a virtual machine",
        ]


class TestStoredRuns:
    @pytest.mark.parametrize("command", ["show", "report"])
    @pytest.mark.parametrize("name", ["nothing", "latest", "x" * 300, "../..", ""])
    def test_one_that_is_not_there_is_one_line(
        self, command: str, name: str, refused: Callable[..., str]
    ) -> None:
        assert "awaitbench run" in refused(command, name)

    @pytest.mark.parametrize("command", ["show", "report"])
    @pytest.mark.parametrize("name", ["run.json", "allocations.json", "timing.json"])
    def test_a_damaged_one_is_one_line(
        self, command: str, name: str, stored: RunFolder, refused: Callable[..., str]
    ) -> None:
        (stored.path / name).write_text('{"schema": 1, "started": ""', encoding="utf-8")
        assert f"{name}: damaged" in refused(command, "first")

    @pytest.mark.parametrize("command", ["show", "report"])
    def test_one_of_a_newer_schema_is_one_line(
        self, command: str, stored: RunFolder, refused: Callable[..., str]
    ) -> None:
        content = json.loads((stored.path / "run.json").read_bytes())
        content["schema"] = 99
        (stored.path / "run.json").write_text(json.dumps(content), encoding="utf-8")
        assert "newer awaitbench (schema 99" in refused(command, "first")

    def test_a_run_cannot_lead_its_report_out_of_the_folder(
        self, stored: RunFolder, refused: Callable[..., str]
    ) -> None:
        content = json.loads((stored.path / "run.json").read_bytes())
        content["name"] = "../outside"
        (stored.path / "run.json").write_text(json.dumps(content), encoding="utf-8")
        assert "run.json: damaged (name ../outside" in refused("report", "first")
        assert not Path("outside").exists()

    def test_a_file_where_the_reports_should_be_is_one_line(
        self, stored: RunFolder, refused: Callable[..., str]
    ) -> None:
        Path("reports").write_text("", encoding="utf-8")
        assert "give another folder with --reports" in refused("report", "first")

    @pytest.mark.parametrize("name", ["first", "latest", "results/first"])
    def test_one_is_shown_by_name_path_or_as_the_latest(
        self, name: str, stored: RunFolder, ask: Callable[..., Answer]
    ) -> None:
        answer = ask("show", name)
        assert answer.code == 0
        assert "value_task" in answer.out

    @pytest.mark.parametrize("form", ["table", "markdown", "csv", "json"])
    def test_one_is_shown_in_every_format(
        self, form: str, stored: RunFolder, ask: Callable[..., Answer]
    ) -> None:
        answer = ask("show", "first", "--format", form)
        assert answer.code == 0
        assert "cached_future" in answer.out

    def test_a_report_is_made_again_from_what_is_stored(
        self, stored: RunFolder, ask: Callable[..., Answer]
    ) -> None:
        answer = ask("report", "first")
        assert (answer.code, answer.out) == (0, "reports/first/index.html\n")
        assert "<html" in Path("reports/first/index.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("_tiny")
class TestRun:
    def test_it_measures_stores_shows_and_reports(
        self, sample: Path, ask: Callable[..., Answer]
    ) -> None:
        answer = ask("run", sample, "-p", "sync_ratio=1,0.5", "--only", "time", "--name", "mine")
        assert answer.code == 0, answer.err
        assert "sample  sync_ratio=1;size=64" in answer.out
        assert "results: results/mine/" in answer.err
        assert "report:  reports/mine/index.html" in answer.err
        assert Path("reports/mine/index.html").is_file()
        run = RunFolder(Path("results/mine")).load()
        assert run.status is RunStatus.DONE
        assert [dict(group.params)["sync_ratio"] for group in run.plan.groups] == [1.0, 0.5]
        assert run.titles == {"sample": "A scenario of mine"}

    def test_what_spoils_the_figures_is_told_before_they_are_measured_and_after(
        self, sample: Path, ask: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
        monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
        answer = ask(
            "run", sample, "-p", "sync_ratio=1", "-v", "coroutine", "--only", "allocations"
        )
        before, _, _ = answer.err.partition("measuring 1 scenario")
        assert "error: asyncio's debug mode is on" in before
        assert "\n  Unset PYTHONASYNCIODEBUG.\n" in before
        assert "imports are profiled" not in before  # a hint explains what is seen in them
        assert "error: asyncio's debug mode is on" in answer.out
        assert "hint: imports are profiled" in answer.out

    def test_the_report_is_written_though_nobody_reads_the_table(self, sample: Path) -> None:
        words = [sys.executable, "-m", "harness", "run", str(sample), "--name", "mine"]
        words += ["-p", "sync_ratio=1", "--only", "allocations"]
        reader, writer = os.pipe()
        os.close(reader)
        try:
            done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, text=True)
        finally:
            os.close(writer)
        assert done.returncode == 141, done.stderr
        assert Path("reports/mine/index.html").is_file()

    def test_without_a_report_it_writes_none(
        self, sample: Path, ask: Callable[..., Answer]
    ) -> None:
        answer = ask(
            *("run", sample, "-p", "sync_ratio=1", "-v", "mine", "--no-report", "--only", "time"),
            *("--baseline", "task", "--results", "elsewhere"),
        )
        assert answer.code == 0, answer.err
        assert not Path("reports").exists()
        (path,) = Path("elsewhere").iterdir()
        (record,) = RunFolder(path).load().groups
        assert record.group.variants == ("task", "mine")
        assert record.timings.keys() == {"task", "mine"}
        assert record.allocations == {}

    def test_a_case_that_fails_exits_with_1_and_says_why(
        self, write_scenario: Callable[..., Path], ask: Callable[..., Answer]
    ) -> None:
        path = write_scenario("sample", mine="if not request: return 'wrong'")
        answer = ask(
            *("run", path, "-p", "sync_ratio=1,0.5", "--only", "time", "--name", "mine"),
            *("-v", "mine", "-v", "coroutine", "--no-report"),
        )
        assert answer.code == 1
        assert "Traceback" not in answer.err
        assert "mine answers 'wrong' where coroutine answers False: request 0, False" in answer.err
        run = RunFolder(Path("results/mine")).load()
        assert run.status is RunStatus.FAILED
        assert [record.status for record in run.groups] == [RunStatus.DONE, RunStatus.FAILED]


class TestAsAModule:
    def test_python_m_harness_is_awaitbench(self) -> None:
        done = call("-m", "harness", "--version")
        assert (done.returncode, done.stdout) == (0, f"awaitbench {__version__}\n")

    @pytest.mark.parametrize("name", sorted(catalog.shipped()) or ["none"])
    def test_a_scenario_run_as_a_module_is_that_scenario_run(
        self, name: str, folder: Path, refused: Callable[..., str]
    ) -> None:
        # A selection that is refused shows what would have been measured, without measuring it.
        done = call("-m", f"scenarios.{name}", "-v", "no-such-variant", folder=folder)
        assert done.returncode == 2
        assert done.stderr == refused("run", name, "-v", "no-such-variant")

    def test_a_file_run_as_a_program_is_that_file_run(
        self, sample: Path, folder: Path, refused: Callable[..., str]
    ) -> None:
        done = call(sample.name, "-v", "no-such-variant", folder=folder)
        assert done.returncode == 2
        assert done.stderr == refused("run", sample, "-v", "no-such-variant")
        assert "coroutine, eager_task, mine, synchronous, task" in done.stderr

    def test_a_file_run_as_a_program_measures(self, sample: Path, folder: Path) -> None:
        done = call(
            *(sample.name, "-p", "sync_ratio=1", "-v", "mine", "-v", "coroutine"),
            *("--only", "time", "--no-report", "--name", "mine"),
            folder=folder,
        )
        assert done.returncode == 0, done.stderr
        assert "sample  sync_ratio=1;size=64" in done.stdout
        assert RunFolder(folder / "results" / "mine").load().status is RunStatus.DONE
