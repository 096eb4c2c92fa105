"""Catalog: scenarios of the package, of a file, and files that are none."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from harness import catalog
from harness.errors import InputError, UnknownNameError
from harness.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("_imports_undone")


@pytest.fixture
def _imports_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no folder of a test on the path."""
    monkeypatch.setattr(sys, "path", [*sys.path])


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
