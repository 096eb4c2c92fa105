"""Finding: a path, a command or a version, and one line where there is no such interpreter."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.environments.finding import find_python, found_pythons
from harness.environments.python import ask_python, this_python
from harness.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

Program = "Callable[[str, str], str]"
MINE = platform.python_version()


def says(version: str = "3.12.1", implementation: str = "cpython", **more: object) -> str:
    """Return a shell script that answers as an interpreter of that version does."""
    said = {
        "executable": "/there/python",
        "version": version,
        "release": [int(each) for each in version.split(".")[:2]],
        "implementation": implementation,
        "build": version,
        "prefix": "/there",
        "abi": f".cpython-{''.join(version.split('.')[:2])}-x86_64-linux-gnu.so",
        "base": f"/there/{version}",
        "in_environment": False,
        "modules": ["pip", "venv"],
        **more,
    }
    return f"/bin/cat <<'E'\n{json.dumps(said)}\nE"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing on PATH but the commands of a test, and no versions of pyenv but its own."""
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))


class TestThisOne:
    def test_it_is_what_it_says_of_itself_to_another(self) -> None:
        assert ask_python(sys.executable, "this") == this_python()
        assert this_python().version == MINE
        assert this_python().is_this
        assert this_python().in_environment is (sys.prefix != sys.base_prefix)

    @pytest.mark.parametrize("digits", [1, 2, 3])
    def test_a_version_that_it_has_means_it(self, digits: int) -> None:
        if sys.implementation.name != "cpython":
            pytest.skip("a version means CPython")
        assert find_python(".".join(MINE.split(".")[:digits])) == this_python()

    def test_what_it_was_made_from_is_another_one(self) -> None:
        base = ask_python(this_python().base, "base")
        assert base.is_this is not this_python().in_environment
        assert base.identity == this_python().identity

    def test_modules_in_the_working_directory_are_not_its_own(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "platform.py").write_text("raise SystemExit(1)", encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        assert ask_python(sys.executable, "this") == this_python()


class TestPath:
    def test_it_is_the_interpreter_there(self, program: Callable[[str, str], str]) -> None:
        assert find_python(program("any", says("3.12.1"))).version == "3.12.1"

    def test_it_may_begin_with_the_home_folder(
        self, program: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = Path(program("any", says("3.12.1")))
        monkeypatch.setenv("HOME", str(path.parent))
        assert find_python("~/any").name == "cpython 3.12.1"

    def test_it_may_begin_where_one_stands(
        self, program: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(Path(program("any", says())).parent)
        assert find_python("./any").version == "3.12.1"

    @pytest.mark.parametrize(
        ("script", "told"),
        [
            ("exit 1", r"is not a Python interpreter$"),
            ("echo hello", r"is not a Python interpreter$"),
            ("echo '{}'", r"is not a Python interpreter$"),
            ("echo 1", r"is not a Python interpreter$"),
            ("echo what is -E >&2; exit 2", r"is not a Python interpreter \(what is -E\)$"),
            (says("3.10.13"), r"is cpython 3\.10\.13; awaitbench needs Python 3\.11 or later$"),
            (says("2.7.18"), r"is cpython 2\.7\.18; awaitbench needs Python 3\.11 or later$"),
        ],
    )
    def test_what_is_none_is_one_line(
        self, script: str, told: str, program: Callable[[str, str], str]
    ) -> None:
        path = program("any", script)
        with pytest.raises(InputError, match=f"^--python {path}: {told}"):
            find_python(path)

    def test_one_that_says_nothing_is_not_waited_for(
        self, program: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("harness.environments.python._PATIENCE", 0.2)
        with pytest.raises(InputError, match=r"says nothing within 0\.2 s$"):
            find_python(program("any", "exec /bin/sleep 60"))

    def test_what_is_not_there_is_one_line(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"cannot be run \(No such file or directory\)$"):
            find_python(str(tmp_path / "absent"))
        with pytest.raises(InputError, match=r"is a folder; give the interpreter in it$"):
            find_python(str(tmp_path))
        (tmp_path / "plain").touch()
        with pytest.raises(InputError, match=r"cannot be run \(Permission denied\)$"):
            find_python(str(tmp_path / "plain"))


class TestVersion:
    def test_it_is_looked_for_on_the_path(self, program: Callable[[str, str], str]) -> None:
        program("path/python3.99", says("3.99.2"))
        assert find_python("3.99").version == "3.99.2"
        assert find_python("3.99.2").version == "3.99.2"
        assert find_python("python3.99").version == "3.99.2"

    def test_of_pyenvs_the_newest_is_taken(self, program: Callable[[str, str], str]) -> None:
        for version in ("3.99.2", "3.99.10", "3.99.9", "3.100.1"):
            program(f"pyenv/versions/{version}/bin/python", says(version))
        assert find_python("3.99").version == "3.99.10"
        assert find_python("3.99.2").version == "3.99.2"

    def test_pyenvs_versions_stand_where_the_path_has_its_commands(
        self, program: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        program("pyenv/versions/3.99.2/bin/python", says("3.99.2"))
        shims = Path(program("pyenv/shims/python3.99", "exit 127")).parent
        program("path/python3.99", says("3.99.5"))
        path = tmp_path / "path"
        for order, found in (([shims, path], "3.99.2"), ([path, shims], "3.99.5")):
            monkeypatch.setenv("PATH", os.pathsep.join(map(str, order)))
            assert find_python("3.99").version == found

    def test_a_command_of_pyenv_that_finds_nothing_is_taken_by_its_version(
        self, program: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shims = Path(program("pyenv/shims/python3.99", "echo no such command >&2; exit 127")).parent
        monkeypatch.setenv("PATH", str(shims))
        with pytest.raises(InputError, match=r"^--python python3\.99: no Python 3\.99 is found"):
            find_python("python3.99")
        program("pyenv/versions/3.99.2/bin/python", says("3.99.2"))
        assert find_python("python3.99").version == "3.99.2"

    def test_uv_is_asked_last(self, program: Callable[[str, str], str]) -> None:
        kept = program("kept/python", says("3.99.7"))
        program("path/uv", f'[ "$1 $2" = "python find" ] && echo {kept}')
        assert find_python("3.99").version == "3.99.7"

    def test_one_without_the_gil_has_a_t(self, program: Callable[[str, str], str]) -> None:
        program("path/python3.99", says("3.99.2"))
        program("path/python3.99t", says("3.99.2", abi=".cpython-399t-x86_64-linux-gnu.so"))
        assert "399t" in find_python("3.99t").abi
        assert "399t" not in find_python("3.99").abi

    @pytest.mark.parametrize("version", ["3.10", "2.7", "2", "3.10.13", "python3.10"])
    def test_one_that_is_too_old_is_one_line(self, version: str) -> None:
        told = rf"^--python {version}: awaitbench needs Python 3\.11 or later$"
        with pytest.raises(InputError, match=told):
            find_python(version)

    def test_one_that_is_not_there_says_what_is(self, program: Callable[[str, str], str]) -> None:
        program("path/python3.12", says("3.12.1"))
        program("pyenv/versions/3.11.9/bin/python", says("3.11.9"))
        program("pyenv/versions/3.10.9/bin/python", "exit 1")
        told = (
            r"^--python 3\.98: no Python 3\.98 is found, neither as python3\.98 on PATH nor among "
            r"the versions of pyenv or uv; found are .*3\.12\.1.*3\.11\.9.*: install another one, "
        )
        with pytest.raises(InputError, match=told):
            find_python("3.98")


class TestCommand:
    def test_it_is_looked_for_on_the_path(self, program: Callable[[str, str], str]) -> None:
        program("path/pypy3", says("3.11.9", "pypy"))
        assert find_python("pypy3").name == "pypy 3.11.9"

    def test_a_version_of_pyenv_may_be_named(self, program: Callable[[str, str], str]) -> None:
        program("pyenv/versions/pypy3.11-7.3.20/bin/python", says("3.11.13", "pypy"))
        assert find_python("pypy3.11-7.3.20").name == "pypy 3.11.13"

    @pytest.mark.parametrize("name", ["no-such-python", "", "."])
    def test_one_that_is_not_there_is_one_line(self, name: str) -> None:
        with pytest.raises(InputError, match=rf"^--python {name}: there is no such command; found"):
            find_python(name)


def test_all_that_can_measure_are_found_each_once(program: Callable[[str, str], str]) -> None:
    program("path/python3", says("3.12.1"))
    program("path/python3.12", says("3.12.1"))
    program("path/python3.11", says("3.11.2"))
    program("path/python3.13", "exit 1")
    program("pyenv/versions/3.14.0/bin/python", says("3.14.0"))
    found = [python.version for python in found_pythons()]
    assert found == [MINE, "3.12.1", "3.11.2", "3.14.0"]
