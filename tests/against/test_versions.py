"""Two versions of the user's code, measured for real: what is stored, and what is refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.against import versions
from harness.against.versions import Measured, Request, measure_against
from harness.analysis.comparison import compare_runs
from harness.environments.kept import CACHE
from harness.errors import InputError, UnknownNameError
from harness.plan import PRESETS, Preset, Selection
from harness.record import RunStatus
from tests.against.conftest import SCENARIO, Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.plan import Group
    from harness.record import GroupRecord

pytestmark = [pytest.mark.usefixtures("nothing_left"), pytest.mark.timeout(240)]

ROOT = Path(__file__).parent.parent.parent
COUNTED = Selection(variants=("coroutine",), only="allocations")


class Quiet:
    """A listener that hears nothing."""

    def run_started(self, settings: Sequence[Sequence[Group]]) -> None: ...
    def setting_started(self, groups: Sequence[Group]) -> None: ...
    def stage(self, stage: str, step: int, steps: int) -> None: ...
    def setting_ended(self, records: Sequence[GroupRecord]) -> None: ...


@pytest.fixture(autouse=True)
def _brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a preset that is as brief as can be."""
    presets = {**PRESETS, "tiny": Preset("tiny", 0.05, (2, 2), 3)}
    monkeypatch.setattr(versions, "PRESETS", presets)


def measured(
    *scenarios: str,
    said: list[str] | None = None,
    forecasts: list[float] | None = None,
    **asked: Any,
) -> Measured:
    """Measure against main, in this process, without installing unless asked to."""

    def show(forecast: versions.Forecast) -> Any:
        if forecasts is not None:
            forecasts.append(forecast([]))
        return nullcontext(Quiet())

    given = {"ref": "main", "selection": COUNTED, "install": False, "name": "tried", **asked}
    request = Request(scenarios=scenarios or ("bench/lookup.py",), **given)
    lines: list[str] = [] if said is None else said
    return measure_against(request, lines.append, show)


def counts(found: Measured, variant: str = "coroutine") -> tuple[float, float]:
    """Return the allocations of a variant in the first group of both."""
    base, head = (run.groups[0].allocations[variant].count for run in (found.base, found.head))
    return base, head


class TestWhatIsCounted:
    def test_an_unchanged_tree_allocates_the_same_and_is_said_to_be_unchanged(
        self, project: Project
    ) -> None:
        project.write(".gitignore", "__pycache__\n")
        project.commit()
        project.write("kept/left-by-another-run", "")
        said: list[str] = []
        found = measured(said=said, results=Path("kept"))
        base, head = counts(found)
        assert base == head
        assert said[0] == "both versions are the same code: what differs is noise"
        assert "changed" not in found.head.environment["version"]
        assert len(project.worktrees()) == 1

    def test_a_change_that_is_not_committed_is_measured(self, project: Project) -> None:
        project.write_package("extra = [key]")
        base, head = counts(measured())
        assert head == base + 1
        assert project.git("status", "--porcelain") == "M src/mycache/__init__.py"

    def test_a_change_that_is_committed_is_measured_installed_too(self, project: Project) -> None:
        project.git("switch", "--quiet", "--create", "topic")
        project.write_package("extra = [key]")
        project.commit()
        base, head = counts(measured(install=True))
        assert head == base + 1

    def test_each_version_runs_its_own_scenario_file(self, project: Project) -> None:
        text = SCENARIO.replace("    return await", "    extra = [request]\n    return await")
        project.write("bench/lookup.py", text)
        base, head = counts(measured())
        assert head == base + 1


class TestRuntimes:
    def test_each_version_is_held_against_itself_on_each_event_loop(self, project: Project) -> None:
        pytest.importorskip("uvloop")
        project.write_package("extra = [key]")
        found = measured(loops=("asyncio", "uvloop"))
        for run in (found.base, found.head):
            assert [record.group.runtime.loop for record in run.groups] == ["asyncio", "uvloop"]
        changes = compare_runs(found.base, found.head).common
        assert {change.row.loop: change.allocations for change in changes} == {
            "asyncio": 1,
            "uvloop": 1,
        }

    def test_an_interpreter_of_an_environment_measures_beside_this_one(
        self, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
        monkeypatch.setenv("CC", "false")  # nothing is compiled for it
        folder = tmp_path / "environment"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        (packages,) = folder.glob("lib/python*/site-packages")
        (packages / "all.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
        project.write_package("extra = [key]")
        python = str(folder / "bin" / "python")
        base, head = counts(measured(pythons=(python,), install=True))
        assert head == base + 1
        with pytest.raises(InputError, match=r"--python .*: is cpython .*, as .* is; name one"):
            measured(pythons=(sys.executable, python), name="twice")

    @pytest.mark.usefixtures("project")
    def test_one_that_is_not_there_is_one_line(self) -> None:
        with pytest.raises(InputError, match=r"^--python 3\.99: no Python 3\.99 is found"):
            measured(pythons=("3.99",))


class TestTimes:
    @pytest.fixture
    def found(self, project: Project) -> Measured:
        project.write_package("extra = [key]")
        return measured(selection=Selection(preset="tiny", only="time"))

    def test_both_are_timed_in_the_same_rounds_and_sweeps(self, found: Measured) -> None:
        for base, head in zip(found.base.groups, found.head.groups, strict=True):
            assert base.timings.keys() == head.timings.keys() >= {"coroutine", "task"}
            for variant, timing in base.timings.items():
                for each in (timing, head.timings[variant]):
                    assert {index: len(values) for index, values in each.rounds.items()} == {
                        0: 3,
                        1: 3,
                    }

    def test_each_round_has_one_hash_seed_for_both(self, found: Measured) -> None:
        seeds = {
            (index, metadata["python_hash_seed"])
            for run in (found.base, found.head)
            for timing in run.groups[0].timings.values()
            for index, metadata in timing.metadata.items()
        }
        assert len(seeds) == 2

    def test_they_are_stored_as_a_pair_that_says_which_versions_it_is_of(
        self, found: Measured, project: Project
    ) -> None:
        assert found.base.pair == found.head.pair != ""
        short = project.git("rev-parse", "--short", "main")
        assert found.base.environment["version"] == short
        assert found.head.environment["version"] == f"working tree at {short}, changed"
        assert found.base_folder.path == Path("results/tried-base")
        assert found.head_folder.path == Path("results/tried-head")
        assert found.base_folder.load() == found.base
        assert found.head_folder.load() == found.head
        assert found.base.status is found.head.status is RunStatus.DONE
        assert found.base.plan == found.head.plan

    def test_no_path_of_this_machine_is_stored(self, found: Measured, project: Project) -> None:
        for folder in (found.base_folder.path, found.head_folder.path):
            for path in folder.iterdir():
                text = path.read_text(encoding="utf-8")
                assert str(project.top.parent) not in text
                assert "awaitbench-" not in text


class TestVersionsThatDiffer:
    def test_a_scenario_that_is_new_is_measured_on_the_old_code_too(self, project: Project) -> None:
        project.write("bench/new.py", SCENARIO.replace("import mycache", "import mycache, _beside"))
        project.write("bench/_beside.py", "")
        project.write_package("extra = [key]")
        said: list[str] = []
        base, head = counts(measured("bench/new.py", said=said))
        assert head == base + 1
        short = project.git("rev-parse", "--short", "main")
        assert said[0] == (
            f"bench/new.py: {short} does not have it; today's is measured with both versions"
        )

    def test_what_only_one_has_is_in_that_run_only(self, project: Project) -> None:
        text = SCENARIO.replace("(coroutine, task)", "(coroutine, other)").replace(
            "def task", "def other"
        )
        project.write("bench/lookup.py", text.replace("(1.0,)", "(0.5, 1.0)"))
        found = measured(selection=Selection(only="allocations"))
        by_share = [
            {
                dict(group.params)["sync_ratio"]: set(record.allocations)
                for group in run.plan.groups
                for record in run.groups
                if record.group == group
            }
            for run in (found.base, found.head)
        ]
        assert by_share[0].keys() == {1.0}
        assert by_share[1].keys() == {0.5, 1.0}
        assert {"coroutine", "task"} <= by_share[0][1.0]
        assert by_share[1][1.0] == {"coroutine", "other"}

    def test_a_variant_that_is_asked_for_may_be_in_one_only(self, project: Project) -> None:
        text = SCENARIO.replace("(coroutine, task)", "(coroutine, other)")
        project.write("bench/lookup.py", text.replace("def task", "def other"))
        selection = Selection(variants=("other", "coroutine"), only="allocations")
        found = measured(selection=selection)
        assert set(found.base.groups[0].allocations) == {"coroutine"}
        assert set(found.head.groups[0].allocations) == {"coroutine", "other"}

    def test_a_package_that_only_one_has_leaves_nothing_to_compare(self, project: Project) -> None:
        project.write("src/fresh/__init__.py", "")
        project.write("bench/fresh_lookup.py", f"import fresh\n{SCENARIO}")
        with pytest.raises(InputError) as raised:
            measured("bench/fresh_lookup.py")
        assert str(raised.value) == (
            "--against main: nothing can be compared: bench/fresh_lookup.py: cannot be imported: "
            "ModuleNotFoundError: No module named 'fresh'"
        )
        assert not Path("results").exists()

    def test_beside_others_it_is_told_of_and_measured_alone(self, project: Project) -> None:
        project.write("src/fresh/__init__.py", "")
        project.write("bench/fresh_lookup.py", f"import fresh\n{SCENARIO}")
        said: list[str] = []
        found = measured("bench/lookup.py", "bench/fresh_lookup.py", said=said)
        assert {group.scenario for group in found.base.plan.groups} == {"lookup"}
        assert {group.scenario for group in found.head.plan.groups} == {"lookup", "fresh_lookup"}
        assert any(line.startswith("fresh_lookup: has nothing to be compared") for line in said)

    def test_a_version_whose_child_dies_fails_its_case_only(self, project: Project) -> None:
        project.write_package("import os; os._exit(3)")
        found = measured(selection=Selection(preset="tiny"))
        assert found.base.status is RunStatus.DONE
        assert found.base.groups[0].timings
        assert found.head.status is RunStatus.FAILED
        assert "died" in str(found.head.groups[0].error)

    def test_a_package_that_is_registered_is_measured_by_its_name(self, project: Project) -> None:
        project.write("src/mycache/registered.py", SCENARIO)
        project.commit()
        project.write_package("extra = [key]")
        base, head = counts(measured("registered", install=True, ref="HEAD"))
        assert head == base + 1


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("asked", "message"),
        [
            ({"ref": "nope"}, "--against nope: no such commit here"),
            ({"ref": "--all"}, "--against --all: no such commit here"),
            ({"name": "../up"}, "run name '../up-base'"),
            ({"selection": Selection(preset="quikc")}, "did you mean quick"),
            ({"selection": Selection(only="tims")}, "did you mean time"),
        ],
    )
    def test_one_line_says_what_to_change(
        self, asked: dict[str, Any], message: str, project: Project
    ) -> None:
        with pytest.raises(InputError) as raised:
            measured(**asked)
        assert message in str(raised.value)
        assert len(project.worktrees()) == 1

    @pytest.mark.parametrize(
        ("scenarios", "message"),
        [
            (("cache_lookup",), "cache_lookup comes with awaitbench and is not your code"),
            (("bench/nope.py",), "bench/nope.py: no such file"),
            (("bench/lookup.py", "other/lookup.py"), "another file given is called lookup.py too"),
            ((str(ROOT / "scenarios" / "do_work.py"),), "is not in the git repository"),
            (("nobodys",), "no scenario is named 'nobodys'"),
        ],
    )
    def test_scenarios_are_those_of_the_repository(
        self, scenarios: tuple[str, ...], message: str, project: Project
    ) -> None:
        project.write("other/lookup.py", SCENARIO)
        with pytest.raises(InputError) as raised:
            measured(*scenarios)
        assert message in str(raised.value)

    def test_none_given_is_refused(self, project: Project) -> None:
        with pytest.raises(InputError, match="name the scenario files"):
            measure_against(Request("main", ()), print, lambda _: nullcontext(Quiet()))

    @pytest.mark.usefixtures("project")
    def test_a_variant_that_neither_has_is_answered_with_the_nearest(self) -> None:
        with pytest.raises(UnknownNameError, match="did you mean coroutine"):
            measured(selection=Selection(variants=("corutine",)))

    @pytest.mark.usefixtures("project")
    def test_a_run_that_is_there_is_never_overwritten(self) -> None:
        Path("results/tried-head").mkdir(parents=True)
        with pytest.raises(InputError, match="there is a run of this name already"):
            measured()

    def test_a_working_tree_that_cannot_be_imported_is_refused(self, project: Project) -> None:
        project.write("src/mycache/__init__.py", "raise RuntimeError('broken')\n")
        with pytest.raises(InputError, match=r"^bench/lookup\.py: .*RuntimeError: broken"):
            measured()

    def test_a_version_that_would_not_be_measured_itself_is_refused(
        self, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A scenario that imports the package from where it always is would compare nothing."""
        trick = f"import sys; sys.path.insert(0, {str(project.top / 'src')!r})\n"
        project.write("bench/lookup.py", trick + SCENARIO)
        project.commit()
        with pytest.raises(InputError, match=r"imports mycache from .*not that version's own"):
            measured()


PROGRAM = """
import sys
from harness.against.versions import Request, measure_against
from harness.command.common import error_console, say
from harness.plan import Selection
from harness.report.progress import ProgressDisplay

request = Request("main", ("bench/lookup.py",), Selection(preset="rigorous"), name="tried")
found = measure_against(request, say, lambda forecast: ProgressDisplay(error_console(), forecast))
say(f"{found.base.status} {found.head.status}")
"""


class TestInterrupted:
    """By a signal, in a process of its own: no worktree is left, and no temporary file."""

    def run_until(self, sign: str, sent: signal.Signals, times: int = 1) -> tuple[int, str]:
        """Measure until *sign* is said, or is a file; send the signal, and return how it ended."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM], stderr=subprocess.PIPE, text=True, env=environment
        ) as process:
            assert process.stderr is not None
            heard = ""
            if sign.startswith("/"):
                until = time.monotonic() + 60
                while not Path(sign).exists() and time.monotonic() < until:
                    time.sleep(0.01)
                assert Path(sign).exists()
            else:
                while sign not in heard:
                    line = process.stderr.readline()
                    assert line, heard
                    heard += line
            for _ in range(times):
                with suppress(ProcessLookupError):
                    process.send_signal(sent)
                time.sleep(0.05)
            heard += process.stderr.read()
            return process.wait(), heard

    def test_while_measuring_it_keeps_both_runs(self, project: Project) -> None:
        code, heard = self.run_until("measuring", signal.SIGINT)
        assert (code, heard.splitlines()[-1]) == (0, "interrupted interrupted")
        assert len(project.worktrees()) == 1

    @pytest.mark.parametrize("times", [1, 3])
    def test_while_installing_it_ends_pip_and_removes_all(
        self, times: int, project: Project, tmp_path: Path
    ) -> None:
        sign = tmp_path / "installing"
        project.write(
            "setup.py",
            f"import time, pathlib\npathlib.Path({str(sign)!r}).touch()\ntime.sleep(99)\n",
        )
        project.git("add", "--all")
        project.git("commit", "--quiet", "--message", "Slow")
        code, heard = self.run_until(str(sign), signal.SIGINT, times)
        assert code == -signal.SIGINT, heard
        assert len(project.worktrees()) == 1
        assert not Path("results").exists()

    def test_by_a_build_server_that_cancels_it_keeps_them_too(self, project: Project) -> None:
        code, heard = self.run_until("measuring", signal.SIGTERM)
        assert (code, heard.splitlines()[-1]) == (0, "interrupted interrupted")
        assert len(project.worktrees()) == 1
