"""``run --callable``: an async def measured as it is, and what is said where it cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import catalog, cli, function
from harness.analysis.rows import case_rows
from harness.errors import InputError
from harness.function import Call
from harness.plan import PRESETS, Preset
from harness.record import RunStatus
from harness.store import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.record import Run

ROOT = Path(cli.__file__).parent.parent
_BRIEF = ("--only", "allocations", "--no-report", "--name", "tried")
_WEB = """
import asyncio
import functools
import itertools

CACHE = {}
CALLS = []
LOOPS = []


async def fetch(key, retries=1):
    if key not in CACHE:
        await asyncio.sleep(0)
        CACHE[key] = key.upper() * retries
    return CACHE[key]


async def some(*, every):
    CALLS.append(every)
    if len(CALLS) % every == 0:
        await asyncio.sleep(0)
    return every


async def never():
    await asyncio.sleep(0)


async def grown(items):
    items.append(len(items))
    return items


async def wait(seconds=0.0):
    CALLS.append(seconds)
    await asyncio.sleep(seconds)


calls = itertools.count()


async def changing_share():
    if next(calls).bit_length() % 2:
        await asyncio.sleep(0)


class Row:
    pass


async def row():
    return Row()


async def bound():
    LOOPS.append(asyncio.get_running_loop())
    if LOOPS[0] is not LOOPS[-1]:
        raise RuntimeError("bound to a different event loop")


async def raising(key):
    raise KeyError(key)


async def generator():
    yield 1


def plain():
    return 1


class Client:
    async def get(self, key):
        return key

    @staticmethod
    async def ping(number):
        return number

    @classmethod
    async def make(cls, number):
        return cls.__name__, number


class Callee:
    async def __call__(self, number):
        return number


callee = Callee()
part = functools.partial(fetch, "part")
VALUE = 1
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with a package, whose modules no other test has imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    for name in ("webapp", "webapp.web"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    package = tmp_path / "webapp"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "web.py").write_text(_WEB, encoding="utf-8")
    return tmp_path


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Give a ``run`` that must be answered with exit code 2 and one line."""

    def given(*words: str) -> str:
        assert cli.main(["run", *words]) == 2
        out, err = capsys.readouterr()
        assert (out, len(err.splitlines())) == ("", 1)
        assert not Path("results").exists()
        return err

    return given


def measured(*words: str) -> Run:
    """Run it as a user does, in a process of its own, and return what was stored."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "harness", "run", *words, *_BRIEF],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return RunFolder(Path("results/tried")).load()


def counts(run: Run) -> dict[str, float | None]:
    assert {row.status for row in case_rows(run)} <= {"ok", "unavailable"}
    return {row.variant: row.allocations for row in case_rows(run)}


class TestMeasured:
    def test_all_variants_of_an_answer_that_is_there(self) -> None:
        run = measured("--callable", "webapp.web:fetch", "--args", "'key', retries=2")
        assert run.titles == {"fetch": "webapp.web:fetch('key', retries=2)"}
        (record,) = run.groups
        assert record.group.params == (("sync_ratio", 1.0),)
        found = counts(run)
        # The keyword costs nothing: the call is as if it were written in the variant.
        assert found["coroutine"] == 1
        named = {"coroutine", "task", "eager_task", "value_task", "value_task_native"}
        assert found.keys() == named | {"value_task_checked"}
        python, native = found["value_task"], found["value_task_native"]
        if python is not None and native is not None:
            assert native < python  # the decorated function was swapped

    @pytest.mark.parametrize(
        ("target", "arguments", "share"),
        [
            ("webapp.web:some", "every=4", 0.75),
            ("webapp.web:never", "", 0.0),
            ("webapp/web.py:fetch", "'key'", 1.0),
            ("webapp.web:Client.ping", "-1", 1.0),
            ("webapp.web:Client.make", "{'a': (1, 2.5, None)}", 1.0),
            ("webapp.web:callee", "b'x'", 1.0),
            ("webapp.web:part", "retries=3", 1.0),
            ("webapp.web:grown", "[1, 2]", 1.0),
        ],
    )
    def test_its_share_is_observed(self, target: str, arguments: str, share: float) -> None:
        run = measured("--callable", target, f"--args={arguments}")
        (record,) = run.groups
        assert record.status is RunStatus.DONE
        assert record.group.params == (("sync_ratio", share),)
        assert record.group.scenario == target.rpartition(":")[2].rpartition(".")[2]
        assert record.observations["coroutine"].synchronous_share == share

    def test_it_is_timed_too_and_reported(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(PRESETS, "quick", Preset("quick", 0.05, (2, 2), 2))
        words = ("--callable", "webapp.web:fetch", "--args", "'key'", "-v", "value_task")
        assert cli.main(["run", *words, "--name", "tried", "--baseline", "task"]) == 0
        (record,) = RunFolder(Path("results/tried")).load().groups
        assert record.timings.keys() == {"task", "value_task"}
        page = Path("reports/tried/index.html").read_text(encoding="utf-8")
        assert "webapp.web:fetch(&#39;key&#39;)" in page

    def test_the_process_that_was_asked_never_calls_it(self) -> None:
        words = ("--callable", "webapp.web:wait", "--args", "0", "-v", "coroutine")
        assert cli.main(["run", *words, *_BRIEF]) == 0
        assert sys.modules["webapp.web"].CALLS == []

    def test_a_file_of_pythons_name_in_the_folder_hides_none(self) -> None:
        Path("statistics.py").write_text("raise RuntimeError('not this one')\n", encoding="utf-8")
        run = measured("--callable", "webapp.web:fetch", "--args", "'key'", "-v", "coroutine")
        assert run.status is RunStatus.DONE


class TestResumed:
    """A run of a call, stored when nothing of it was measured yet."""

    @pytest.fixture(autouse=True)
    def interrupted(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> str:
        """Return what was said of the interruption."""

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr("harness.pipeline.measure_runtimes", stop)
            words = ("--callable", "webapp.web:some", "--args", "every=4", "-v", "coroutine")
            assert cli.main(["run", *words, *_BRIEF]) == 130
        return capsys.readouterr().err

    def test_it_says_how_to_go_on(self, interrupted: str) -> None:
        told = "awaitbench run --callable webapp.web:some --args every=4 --resume tried"
        assert f"go on with: {told}\n" in interrupted
        assert cli.main(told.split()[1:]) == 0
        run = RunFolder(Path("results/tried")).load()
        assert run.status is RunStatus.DONE
        assert [record.group.params for record in run.groups] == [(("sync_ratio", 0.75),)]

    def test_without_the_call_it_says_which(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(["run", "--resume", "tried"]) == 2
        assert capsys.readouterr().err == (
            "awaitbench: --resume tried: it measures a call, webapp.web:some(every=4); say so "
            "again: awaitbench run --callable webapp.web:some --args every=4 --resume tried\n"
        )

    def test_another_call_is_another_run(self, capsys: pytest.CaptureFixture[str]) -> None:
        words = ("--callable", "webapp.web:some", "--args", "every=2", "--resume", "tried")
        assert cli.main(["run", *words]) == 2
        assert "it measures webapp.web:some(every=4), not webapp.web:some(every=2)" in (
            capsys.readouterr().err
        )


class TestRefused:
    @pytest.mark.parametrize(
        ("target", "said"),
        [
            ("webapp.web.fetch", "expected package.module:function or path/to/file.py:function"),
            (":fetch", "expected package.module:function"),
            ("webapp.web:", "expected package.module:function"),
            ("webapp.web:fetch('key')", "expected package.module:function"),
            ("webapp.web:fetsh", "no function of webapp.web is named 'fetsh'; did you mean fetch?"),
            ("webapp.web:Client.pong", "is named 'pong'; did you mean ping?"),
            ("webapp.wed:fetch", "no module is named 'webapp.wed'; did you mean web?"),
            ("wepapp.web:fetch", "no module is named 'wepapp'; did you mean webapp"),
            ("qqqqqqq:fetch", "no module is named 'qqqqqqq'; call awaitbench in the folder"),
            ("absent.py:fetch", "absent.py: no such file"),
            ("webapp.web:plain", "it is no async def; expected an async def"),
            ("webapp.web:generator", "it is an async generator"),
            ("webapp.web:Client", "it is a class"),
            ("webapp.web:VALUE", "it is of type int"),
            ("webapp.web:Client.get", "a method of an object, which somebody has to make; write a"),
        ],
    )
    def test_what_is_no_async_function(
        self, target: str, said: str, refused: Callable[..., str]
    ) -> None:
        assert said in refused("--callable", target)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ("", "missing a required argument: 'key'; fetch takes (key, retries=1)"),
            ("1, 2, 3", "too many positional arguments"),
            ("1, again=2", "got an unexpected keyword argument 'again'"),
            ("key", "key is not a literal"),
            ("open('/dev/null')", "open('/dev/null') is not a literal"),
            ("*[1]", "*[1] is not a literal"),
            ("**{'key': 1}", "** is not taken"),
            ("{[]: 1}", "{[]: 1} is not a literal"),
            ("x for x in y", "is not a literal"),
            ("1) or fetch(2", "expected what stands between the parentheses of a call"),
            ("1)(2", "expected what stands between the parentheses of a call"),
            ("key=1, key=2", "keyword argument repeated"),
            ("key=1, 2", "positional argument follows keyword argument"),
            ("(", "was never closed"),
            ("'\0'", "null bytes"),
            ("(" * 10_000, "too many nested parentheses"),
        ],
        ids=lambda value: value[:20],
    )
    def test_arguments_that_do_not_fit_or_are_no_literals(
        self, arguments: str, said: str, refused: Callable[..., str]
    ) -> None:
        told = refused("--callable", "webapp.web:fetch", "--args", arguments)
        assert said in told
        assert "--args" in told

    @pytest.mark.parametrize(
        ("target", "arguments", "said"),
        [
            ("raising", "'x'", "webapp.web:raising('x') cannot be measured: the first call: Key"),
            ("row", "", "one call is not like another: a later call answers <webapp.web.Row"),
            ("bound", "", "a later call: RuntimeError: bound to a different event loop"),
            ("changing_share", "", "its share of calls that complete without suspending changes"),
        ],
    )
    def test_a_function_whose_calls_cannot_be_compared_is_told_what_to_do(
        self, target: str, arguments: str, said: str, refused: Callable[..., str]
    ) -> None:
        told = refused("--callable", f"webapp.web:{target}", "--args", arguments)
        assert said in told
        assert (f"awaitbench new {target}_scenario" in told) == (target != "raising")

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("do_work", "--callable", "webapp.web:never"), "measured alone; leave out do_work"),
            (("--callable", "webapp.web:never", "-p", "size=1"), "leave out --param"),
            (("do_work", "--args", "1"), "--args: the arguments of which function?"),
            (("--callable", "webapp.web:never", "-v", "coro"), "did you mean coroutine?"),
            (("--callable", "webapp.web:never", "--preset", "quik"), "did you mean quick?"),
            (("--callable", "webapp.web:never", "--name", "../up"), "run name '../up'"),
        ],
    )
    def test_what_does_not_go_with_it(
        self, words: tuple[str, ...], said: str, refused: Callable[..., str]
    ) -> None:
        assert said in refused(*words)


class TestCall:
    def test_the_source_brings_it_back(self) -> None:
        call = Call("webapp.web:fetch", '"ß", retries=2', share=0.25)
        assert function.read_source(call.source) == call
        entry = catalog.load(call.source)
        assert (entry.name, entry.source) == ("fetch", call.source)
        assert entry.scenario.share_of({}) == 0.25
        assert Path(catalog.file_of(call.source)).name == "web.py"

    def test_a_source_of_another_kind_is_none(self) -> None:
        assert function.read_source("scenarios.do_work") is None
        assert function.read_source("callable.py") is None

    def test_the_title_names_no_folder_and_stays_short(self) -> None:
        assert Call("/some/where/web.py:fetch", "1").title == "web.py:fetch(1)"
        long = Call("webapp.web:fetch", repr("x" * 1000)).title
        assert len(long) == 200
        assert function.call_options(long)[:2] == ("--callable", "webapp.web:fetch")

    @pytest.mark.parametrize("title", ["Read-through cache", "A: the (b)", "", "greeting"])
    def test_the_title_of_a_scenario_is_no_call(self, title: str) -> None:
        assert function.call_options(title) == ()

    def test_a_module_that_fails_is_not_said_to_be_absent(self) -> None:
        Path("webapp/broken.py").write_text("import no_such_module\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"^webapp\.broken: cannot be imported: ModuleNotF"):
            catalog.load(Call("webapp.broken:f").source)
