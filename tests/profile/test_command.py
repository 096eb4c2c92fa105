"""awaitbench profile: real captures in real children, opened by memray's own commands."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pytest
from memray import FileReader
from memray.reporters.tree import TreeReporter

from harness import cli
from harness.measure.crew import Interpreter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SCENARIO = """\
import asyncio
from contextlib import asynccontextmanager

from harness import Parameter, Scenario, main, sync_pattern


class Buffers:
    def __init__(self):
        self.kept = None


@asynccontextmanager
async def setup(params):
    yield Buffers()


async def coroutine(state, request):
    if not request:
        await asyncio.sleep(0)
    return request


async def wasteful(state, request):
    state.kept = bytearray(10_000)  # THE LINE
    return await coroutine(state, request)


def task(state, request):
    return asyncio.get_running_loop().create_task(coroutine(state, request))


def synchronous(state, request):
    return request


SCENARIO = Scenario(
    title="Buffers",
    setup=setup,
    requests=lambda state, params: sync_pattern(params),
    variants=(coroutine, task, wasteful),
    synchronous=synchronous,
    sweep={"sync_ratio": (0.0, 0.5, 1.0)},
    parameters={"size": Parameter(64, 1, 1000, "rows")},
)
"""
_LINE = _SCENARIO[: _SCENARIO.index("# THE LINE")].count("\n") + 1
_OPERATIONS = 200


class Profiled(NamedTuple):
    """What one invocation left behind."""

    folder: Path
    shown: str
    told: str

    @property
    def capture(self) -> Path:
        """The capture of the variant that wastes."""
        return next((self.folder / "results/mine/captures").glob("*-wasteful.bin"))

    def rows(self, name: str) -> list[dict[str, str]]:
        """Return the rows of a file under captures/."""
        path = self.folder / "results" / "mine" / "captures" / name
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> Profiled:
    """Profile two variants of a scenario file, once."""
    folder = tmp_path_factory.mktemp("profile")
    (folder / "buffers.py").write_text(_SCENARIO, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "harness", "profile", "buffers.py", "wasteful", "coroutine"),
            *("-p", "sync_ratio=0.9", "--name", "mine", "--operations", str(_OPERATIONS)),
        ],
        cwd=folder,
        env=Interpreter().environment() | {"COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return Profiled(folder, done.stdout, done.stderr)


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_scenario: Callable[..., Path]
) -> Path:
    """Be in an empty folder with a scenario file sample.py."""
    write_scenario()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_files_are_where_the_design_says(profiled: Profiled) -> None:
    case = "buffers-sync_ratio=0.9,size=64"
    captures = {path.name for path in (profiled.folder / "results/mine/captures").iterdir()}
    assert captures == {
        f"{case}-wasteful.bin",
        f"{case}-wasteful.lines.csv",
        f"{case}-coroutine.bin",
        f"{case}-coroutine.lines.csv",
        f"{case}-wasteful-coroutine.difference.csv",
    }
    reports = {path.name for path in (profiled.folder / "reports/mine").iterdir()}
    assert reports == {f"{case}-wasteful.html", f"{case}-coroutine.html"}


def test_memrays_statistics_and_summary_of_the_capture(profiled: Profiled) -> None:
    for subcommand in ("stats", "summary"):
        assert "wasteful" in _memray(subcommand, str(profiled.capture)).stdout


def test_memrays_pages_of_the_capture(profiled: Profiled, tmp_path: Path) -> None:
    for subcommand in ("table", "flamegraph"):
        page = tmp_path / f"{subcommand}.html"
        _memray(subcommand, "-o", str(page), str(profiled.capture))
        assert "wasteful" in page.read_text(encoding="utf-8")


def test_memrays_tree_of_the_capture(profiled: Profiled) -> None:
    """The tree that ``memray tree`` shows, without the application for a terminal around it."""
    with FileReader(profiled.capture) as reader:
        records = reader.get_high_watermark_allocation_records(merge_threads=True)
        tree = TreeReporter.from_snapshot(records, native_traces=False, biggest_allocs=10)
    functions = set()
    frames = [tree.data]
    while frames:
        frame = frames.pop()
        frames += frame.children.values()
        functions.add(frame.location and frame.location[0])
    assert "wasteful" in functions


def _memray(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "memray", *arguments],
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_the_allocating_line_is_named_with_what_it_allocates(profiled: Profiled) -> None:
    rows = profiled.rows("buffers-sync_ratio=0.9,size=64-wasteful.lines.csv")
    (line,) = (row for row in rows if row["line"] == str(_LINE))
    assert (line["file"], line["function"]) == ("buffers.py", "wasteful")
    assert line["caused_by"] == f"buffers.py:{_LINE}"
    # The object, and its 10,001 bytes.
    assert int(line["allocations"]) == pytest.approx(2 * _OPERATIONS, abs=4)
    assert int(line["bytes"]) > _OPERATIONS * 10_000


def test_the_coroutine_is_allocated_where_it_is_called(profiled: Profiled) -> None:
    rows = profiled.rows("buffers-sync_ratio=0.9,size=64-coroutine.lines.csv")
    (line,) = (row for row in rows if row["function"] == "_await_all")
    assert line["file"] == "harness/measure/drive.py"
    # One each: the frame object that memray's hook makes beside it is left out.
    assert int(line["allocations"]) == pytest.approx(_OPERATIONS, abs=4)


def test_no_file_of_ours_holds_an_absolute_path(profiled: Profiled) -> None:
    texts = [path for path in profiled.folder.rglob("*.csv") if "results" in path.parts]
    assert len(texts) == 3
    for path in (*texts, *profiled.folder.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        assert str(profiled.folder) not in text
        assert sys.prefix not in text
        assert sys.base_prefix not in text
    for path in texts:
        for row in csv.reader(path.read_text(encoding="utf-8").splitlines()):
            assert not row[0].startswith("/")


def test_the_difference_names_what_only_one_allocates(profiled: Profiled) -> None:
    rows = profiled.rows("buffers-sync_ratio=0.9,size=64-wasteful-coroutine.difference.csv")
    (line,) = (row for row in rows if row["line"] == str(_LINE))
    assert float(line["wasteful_allocations"]) == pytest.approx(2, abs=0.05)
    assert float(line["coroutine_allocations"]) == 0
    assert "wasteful allocates here, coroutine does not or less" in profiled.shown
    assert "coroutine allocates here, wasteful does not or less" in profiled.shown


def test_the_terminal_shows_both_tables_and_ends_with_where_the_files_are(
    profiled: Profiled,
) -> None:
    assert f"buffers.py:{_LINE} wasteful" in profiled.shown
    assert "caused by the lines of buffers.py" in profiled.shown
    assert " ".join(profiled.shown.split()).count("For exact counts per operation use") == 2
    assert max(map(len, profiled.shown.splitlines())) <= 80
    assert "\x1b" not in profiled.shown
    told = [line.split()[:2] for line in profiled.told.splitlines() if line]
    assert [what for what, _ in told] == [
        *("capture:", "lines:", "flamegraph:"),
        *("capture:", "lines:", "flamegraph:"),
        "difference:",
    ]
    assert all((profiled.folder / path).is_file() for _, path in told)


def test_the_flamegraph_shows_the_line(profiled: Profiled) -> None:
    (page,) = profiled.folder.rglob("*-wasteful.html")
    assert "state.kept = bytearray(10_000)" in page.read_text(encoding="utf-8")


def test_a_second_variant_joins_the_run_and_nothing_is_overwritten(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--name", "mine", "--operations", "20"]
    assert cli.main(["profile", "sample.py", "coroutine", *given]) == 0
    assert cli.main(["profile", "sample.py", "synchronous", *given]) == 0
    captures = here / "results/mine/captures"
    kept = {path: path.read_bytes() for path in captures.iterdir()}
    assert len(kept) == 4
    capsys.readouterr()
    assert cli.main(["profile", "sample.py", "task", "coroutine", *given]) == 2
    told = capsys.readouterr().err
    assert "there already, and not overwritten; choose another --name" in told
    assert {path: path.read_bytes() for path in captures.iterdir()} == kept


def test_a_profile_is_not_the_latest_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["profile", "sample.py", "synchronous", "--operations", "20"]) == 0
    (run,) = (here / "results").iterdir()
    assert run.name.endswith("-profile")
    capsys.readouterr()
    assert cli.main(["show", "latest"]) == 2
    assert "no run in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["sampel.py", "task"], "sampel.py: no such file"),
        (["do_wrok", "task"], "no scenario is named 'do_wrok'; did you mean do_work?"),
        (["sample.py", "tsak"], "no variant is named 'tsak'; did you mean task?"),
        (["sample.py", "task", "mien"], "no variant is named 'mien'; did you mean mine?"),
        (["sample.py", "task", "task"], "task twice: name two variants that differ"),
        (["sample.py", "task", "-p", "sise=1"], "no parameter is named 'sise'; did you mean size?"),
        (["sample.py", "task", "-p", "size=1,2"], "expected one value of size"),
        (["sample.py", "task", "-p", "size=1", "-p", "size=2"], "expected one value of size"),
        (["sample.py", "task", "-p", "size"], "--param size: expected NAME=VALUE"),
        (["sample.py", "task", "-p", "size=0"], "size=0: expected an integer from 1 to 1000"),
        (["sample.py", "task", "--operations", "0"], "--operations 0: expected an integer from 1"),
        (["sample.py", "task", "--loop", "twisted"], "--loop twisted: expected asyncio or uvloop"),
        (
            ["sample.py", "task", "--python", "nowhere"],
            "--python nowhere: there is no such command",
        ),
        (["sample.py", "task", "--name", "a/b"], "run name 'a/b': expected letters"),
        (["sample.py", "synchronous", "-p", "sync_ratio=0.5"], "only where nothing waits"),
        (["sample.py", "task", "synchronous", "-p", "sync_ratio=0.5"], "add -p sync_ratio=1"),
    ],
)
def test_unusable_input_is_one_line_and_leaves_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert cli.main(["profile", *arguments]) == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""
    assert not (here / "results").exists()


def test_the_c_type_where_the_pure_one_is_asked_for(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWAITBENCH_PURE_PYTHON", "1")
    assert cli.main(["profile", "do_work", "value_task_native", "value_task"]) == 2
    assert (
        "value_task_native cannot be profiled: it needs the C type (AWAITBENCH_PURE_PYTHON=1)"
    ) in capsys.readouterr().err


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="eager tasks exist here")
def test_a_variant_that_the_runtime_does_not_have(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["profile", "sample.py", "eager_task", "task"]) == 2
    assert "eager_task cannot be profiled: it needs Python 3.12" in capsys.readouterr().err


def test_an_operation_that_raises_is_one_line_and_leaves_nothing(
    here: Path, write_scenario: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write_scenario("broken", mine="raise RuntimeError('no more rows')")
    assert cli.main(["profile", "broken.py", "mine"]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("awaitbench: mine: RuntimeError: no more rows (broken.py:")
    assert len(captured.err.splitlines()) == 1
    assert not [path for path in here.rglob("*") if "captures" in path.parts]


def test_what_was_profiled_before_a_failure_is_kept(
    here: Path, write_scenario: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write_scenario("broken", mine="raise RuntimeError('no more rows')")
    assert cli.main(["profile", "broken.py", "synchronous", "mine", "--name", "half"]) == 1
    kept = sorted(path.name for path in (here / "results/half/captures").iterdir())
    assert [name.rpartition("synchronous")[2] for name in kept] == [".bin", ".lines.csv"]
    assert "RuntimeError" in capsys.readouterr().err


def test_a_crash_is_retried_once(
    here: Path, write_scenario: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    crash = "open('crashed', 'x').close(); __import__('os').abort()"
    write_scenario("fragile", mine=f"if not __import__('os').path.exists('crashed'): {crash}")
    assert cli.main(["profile", "fragile.py", "mine", "--operations", "20"]) == 0
    write_scenario("hopeless", mine="__import__('os').abort()")
    assert cli.main(["profile", "hopeless.py", "mine", "--operations", "20"]) == 1
    assert "mine: its process died during 'warm_up'" in capsys.readouterr().err


def test_a_hang_ends_after_the_patience(
    here: Path,
    write_scenario: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_scenario("stuck", mine="await asyncio.Event().wait()")
    impatient = partial(Interpreter, patience=2.0)
    monkeypatch.setattr("harness.command.interpreters.Interpreter", impatient)
    assert cli.main(["profile", "stuck.py", "mine"]) == 1
    assert "no answer to 'warm_up' within 2 s" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "results").write_text("a file", encoding="utf-8")
    assert cli.main(["profile", "sample.py", "task"]) == 2
    assert "give other folders with --results and --reports" in capsys.readouterr().err
