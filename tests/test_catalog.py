"""Catalog: scenarios of the package, of installed packages, of a file, and files that are none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness import catalog
from harness.command.new import TEMPLATE
from harness.errors import InputError, UnknownNameError
from harness.record import RunStatus
from harness.scenario import Scenario
from harness.store import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(catalog.__file__).parent.parent
_BRIEF = ("-p", "sync_ratio=1", "--only", "allocations", "--name", "tried", "--no-report")
_IMPORTED_BY_NAMES = """
import sys
from harness import catalog
entries, _ = catalog.find(())
assert not {"acme_bench", "scenarios.do_work"} & {*sys.modules}
print(*(name for name in entries if name.startswith("acme")))
"""
_PYPROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "acme-bench"
version = "1.0"
[project.entry-points."awaitbench.scenarios"]
acme_lookup = "acme_bench.scenarios:LOOKUP"
acme_module = "acme_bench.module"
acme_broken = "acme_bench.broken"
do_work = "acme_bench.module"
[tool.setuptools]
packages = ["acme_bench"]
"""
_SCENARIOS = """
from dataclasses import replace
from acme_bench import module

async def acme_own(store, key):
    return await module.coroutine(store, key)

variants = (module.coroutine, acme_own)
LOOKUP = replace(module.SCENARIO, title="Acme's", variants=variants)
"""

pytestmark = pytest.mark.usefixtures("_imports_undone")


@pytest.fixture
def _imports_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no folder of a test on the path."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install a small distribution that registers scenarios; return the folder it is in."""
    source, site = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    package = source / "acme_bench"
    package.mkdir()
    (source / "pyproject.toml").write_text(_PYPROJECT, encoding="utf-8")
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "scenarios.py").write_text(_SCENARIOS, encoding="utf-8")
    module = TEMPLATE.read_text(encoding="utf-8").replace("NAME", "template")
    (package / "module.py").write_text(module, encoding="utf-8")
    (package / "broken.py").write_text("raise RuntimeError('it never could')\n", encoding="utf-8")
    words = ("install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    options = ("--disable-pip-version-check", "--target", str(site), str(source))
    subprocess.run([sys.executable, "-m", "pip", *words, *options], check=True)
    return site


def _called(*words: object, **where: Any) -> subprocess.CompletedProcess[str]:
    """Run ``awaitbench``, which has the folder that it is called in on no path (``-P``)."""
    return _python("-P", "-m", "harness", *words, **where)


def _python(
    *words: object, folder: Path | None = None, site: Path | str = ""
) -> subprocess.CompletedProcess[str]:
    """Run ``python`` with these words, with *site* among its installed packages."""
    return subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=folder,
        # An empty entry would be the folder that it is called in.
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{site or ROOT}", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_the_package_ships_is_found_in_alphabetical_order() -> None:
    entries = catalog.shipped()
    assert list(entries) == sorted(entries)
    for name, entry in entries.items():
        assert entry.name == name
        assert isinstance(entry.scenario, Scenario)
        assert not name.startswith("_")


def test_a_file_joins_the_known_scenarios(write_scenario: Callable[..., Path]) -> None:
    path = str(write_scenario("mine"))
    entries, chosen = catalog.find((path,))
    assert chosen == ("mine",)
    assert entries["mine"].source == path
    assert entries.keys() == catalog.shipped().keys() | {"mine"}


def test_names_and_files_keep_the_order_in_which_they_were_given(
    write_scenario: Callable[..., Path],
) -> None:
    _, chosen = catalog.find(("zebra", str(write_scenario("mine")), "ape"))
    assert chosen == ("zebra", "mine", "ape")


def test_a_file_given_twice_is_one_scenario(write_scenario: Callable[..., Path]) -> None:
    path = str(write_scenario("mine"))
    assert catalog.find((path, path))[1] == ("mine", "mine")


def test_two_files_of_one_name_are_refused(write_scenario: Callable[..., Path]) -> None:
    files = (str(write_scenario("one/mine")), str(write_scenario("two/mine")))
    with pytest.raises(InputError, match=r"two/mine\.py: another file given is called mine\.py"):
        catalog.find(files)


def test_a_file_imports_its_neighbours_as_a_program_does(
    write_scenario: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "neighbour_of_mine.py").write_text("answer = 42\n", encoding="utf-8")
    path = write_scenario("mine", end="import neighbour_of_mine")
    assert catalog.load(str(path)).scenario.title == "A scenario of mine"


def test_a_file_called_like_a_module_does_not_take_its_place(
    write_scenario: Callable[..., Path],
) -> None:
    before = sys.modules["json"]
    assert catalog.load(str(write_scenario("json"))).name == "json"
    assert sys.modules["json"] is before
    assert json.loads("1") == 1


@pytest.mark.parametrize("name", ["absent.py", "a" * 300 + ".py", "folder.py"])
def test_a_path_without_a_file_is_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(InputError, match="no such file; give the path of a scenario file"):
        catalog.load(str(tmp_path / name))


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("raise RuntimeError('first\\nsecond')", "cannot be imported: RuntimeError: first$"),
        ("raise RuntimeError", "cannot be imported: RuntimeError$"),
        ("import no_such_module", "cannot be imported: ModuleNotFoundError: .*no_such_module"),
        ("raise SystemExit(3)", "cannot be imported: SystemExit: 3$"),
        ("def", "cannot be imported: SyntaxError"),
        ("del SCENARIO", "expected a value SCENARIO"),
        ("SCENARIO = 3", "expected a value SCENARIO"),
        ("Scenario(title='x', setup=1, requests=1, variants=())", "variants is empty"),
    ],
)
def test_a_file_that_is_no_scenario_is_answered_with_one_line(
    end: str, said: str, write_scenario: Callable[..., Path]
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        catalog.load(str(write_scenario("mine", end=end)))
    assert str(caught.value).count("\n") == 0
    assert "mine.py" in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a = '\x00'", b"\x00"])
def test_a_file_that_is_not_python_text_is_answered_with_one_line(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be imported"):
        catalog.load(str(path))


def test_a_file_that_measures_itself_when_it_is_imported_is_told_how_not_to(
    write_scenario: Callable[..., Path],
) -> None:
    with pytest.raises(InputError, match=r"write: if __name__ == .__main__.: main\(SCENARIO\)"):
        catalog.load(str(write_scenario("mine", end="main(SCENARIO)")))


@pytest.mark.parametrize("name", ["statistics", "aiosqlite", "harness", "do_work"])
def test_a_file_is_measured_whatever_module_has_its_name(
    name: str, write_scenario: Callable[..., Path], tmp_path: Path
) -> None:
    imports = f"import {name if name != 'do_work' else 'scenarios.do_work'}; import statistics"
    write_scenario(name, end=f"{imports}; statistics.median([1])")
    done = _called("run", f"{name}.py", *_BRIEF, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert RunFolder(tmp_path / "results" / "tried").load().titles == {name: "A scenario of mine"}


@pytest.mark.parametrize(
    ("way", "folder"),
    [("absolute", "with space"), ("relative", "größe/täglich"), ("python", "größe/with space")],
)
def test_a_file_anywhere_finds_what_is_beside_it_and_so_do_those_that_measure(
    way: str, folder: str, write_scenario: Callable[..., Path], tmp_path: Path
) -> None:
    package = tmp_path / folder / "beside_it"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "deep.py").write_text("answer = 42\n", encoding="utf-8")
    (tmp_path / folder / "neighbour.py").write_text("answer = 42\n", encoding="utf-8")
    path = write_scenario(
        f"{folder}/mine",
        end="import neighbour, beside_it.deep",
        mine="import statistics, neighbour as late; assert late.answer == beside_it.deep.answer",
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if way == "python":
        done = _python(path, *_BRIEF, folder=elsewhere)
    else:
        given = path if way == "absolute" else Path("..", folder, "mine.py")
        done = _called("run", given, *_BRIEF, folder=elsewhere)
    assert done.returncode == 0, done.stderr
    assert RunFolder(elsewhere / "results" / "tried").load().status is RunStatus.DONE


def test_what_stands_beside_a_file_does_not_take_the_place_of_pythons_modules(
    write_scenario: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "csv.py").write_text("raise RuntimeError('not this one')\n", encoding="utf-8")
    path = write_scenario("mine", end="import csv; csv.reader")
    done = _called("list", path, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


class TestInstalled:
    """Scenarios that a distribution registers, installed by pip."""

    def test_they_are_listed_with_the_distribution_that_registers_them(self, acme: Path) -> None:
        done = _called("list", site=acme)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert "acme_lookup  Acme's (of acme-bench)" in " ".join(lines).replace("  (", " (")
        assert "do_work  Work that is usually done already" in lines
        (broken,) = (line for line in lines if "acme_broken" in line)
        assert broken == (
            "not usable  acme_broken (of acme-bench): acme_bench.broken: cannot be imported: "
            "RuntimeError: it never could"
        )
        (left_out,) = (line for line in lines if "left out" in line)
        assert left_out == (
            "not usable  do_work (of acme-bench): left out, awaitbench ships a scenario of this "
            "name; rename its entry point in the group awaitbench.scenarios"
        )

    @pytest.mark.parametrize("name", ["acme_lookup", "acme_module"])
    def test_one_is_measured_by_its_name(self, name: str, acme: Path, tmp_path: Path) -> None:
        done = _called("run", name, *_BRIEF, folder=tmp_path, site=acme)
        assert done.returncode == 0, done.stderr
        assert "acme_broken" not in done.stderr
        run = RunFolder(tmp_path / "results" / "tried").load()
        assert run.status is RunStatus.DONE
        assert run.titles == {name: "Acme's" if name == "acme_lookup" else "template"}

    def test_one_is_profiled_and_its_own_lines_are_found(self, acme: Path, tmp_path: Path) -> None:
        words = ("profile", "acme_lookup", "coroutine", "-p", "sync_ratio=0", "--operations", 20)
        done = _called(*words, folder=tmp_path, site=acme)
        assert done.returncode == 0, done.stderr
        assert "acme_bench/scenarios.py" in done.stdout

    def test_one_that_cannot_be_imported_is_one_line_where_it_is_chosen(self, acme: Path) -> None:
        done = _called("run", "acme_broken", site=acme)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            "awaitbench: acme_broken (of acme-bench): acme_bench.broken: cannot be imported: "
            "RuntimeError: it never could\n"
        )

    def test_what_does_not_use_them_imports_none(self, acme: Path, tmp_path: Path) -> None:
        done = _called("list", "do_work", site=acme, folder=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert "Work that is usually done already" in done.stdout
        done = _python("-c", _IMPORTED_BY_NAMES, site=acme, folder=tmp_path)
        assert done.stdout.split() == ["acme_broken", "acme_lookup", "acme_module"], done.stderr

    def test_those_that_can_be_measured_are_and_what_cannot_is_told(
        self, acme: Path, tmp_path: Path
    ) -> None:
        # Of all, only these have the variant: nothing is measured of the others.
        done = _called("run", "-v", "acme_own", *_BRIEF, folder=tmp_path, site=acme)
        assert done.returncode == 1, done.stderr
        told = [line for line in done.stderr.splitlines() if line.startswith("awaitbench: ")]
        assert [line.split()[1] for line in told] == ["do_work", "acme_broken"]
        run = RunFolder(tmp_path / "results" / "tried").load()
        assert run.status is RunStatus.DONE
        assert run.groups
        assert [
            finding.message.split()[2]
            for finding in run.findings
            if finding.message.startswith("not measured: ")
        ] == ["do_work", "acme_broken"]

    def test_a_name_that_two_give_is_neithers(self, acme: Path, tmp_path: Path) -> None:
        other = tmp_path / "site" / "other_bench-1.dist-info"
        other.mkdir(parents=True)
        (other / "METADATA").write_text("Name: other-bench\nVersion: 1\n", encoding="utf-8")
        (other / "entry_points.txt").write_text(
            "[awaitbench.scenarios]\nacme_lookup = scenarios.do_work\n", encoding="utf-8"
        )
        site = f"{acme}{os.pathsep}{other.parent}"
        done = _called("run", "acme_lookup", site=site)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            "awaitbench: acme_lookup (of acme-bench and other-bench): they register a scenario of "
            "the same name; uninstall one of them, or have it renamed\n"
        )
        assert _called("list", "acme_module", site=site).returncode == 0

    @pytest.mark.parametrize(
        ("value", "said"),
        [
            ("acme bench!", "is not package.module or package.module:ATTRIBUTE"),
            ("harness.scenario", "harness.scenario: expected a value SCENARIO"),
            ("harness.scenario:Params", "harness.scenario: expected a Scenario called Params"),
            ("no_such_package", "ModuleNotFoundError: No module named 'no_such_package'"),
        ],
    )
    def test_an_entry_point_that_is_none_is_one_line(
        self, value: str, said: str, tmp_path: Path
    ) -> None:
        info = tmp_path / "odd-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Name: odd\nVersion: 1\n", encoding="utf-8")
        text = f"[awaitbench.scenarios]\nodd_one = {value}\n"
        (info / "entry_points.txt").write_text(text, encoding="utf-8")
        done = _called("run", "odd_one", site=tmp_path)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert done.stderr.startswith("awaitbench: odd_one (of odd): ")
        assert said in done.stderr
        assert _called("list", "do_work", site=tmp_path).returncode == 0


def test_an_unknown_name_is_answered_with_the_nearest(write_scenario: Callable[..., Path]) -> None:
    entries = {"cache": catalog.load(str(write_scenario("cache")))}
    assert catalog.choose(entries, "cache") is entries["cache"]
    with pytest.raises(UnknownNameError, match="did you mean cache"):
        catalog.choose(entries, "cahce")


def test_what_an_author_imports_loads_nothing_heavy() -> None:
    heavy = "'pandas matplotlib pyperf memray msgspec rich jinja2'"
    code = f"import harness, sys; print(*(n for n in {heavy}.split() if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
