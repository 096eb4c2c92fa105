"""Packages: which tool makes an environment, and what is said where none can."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.environments.installed import lacking
from harness.environments.packages import NEEDED, WISHED, kept_packages
from harness.environments.python import Python, ask_python, this_python
from harness.errors import InputError
from tests.environments.conftest import MODULE, bare
from tests.environments.wheels import pack_module

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


class Quiet:
    def making(self) -> None: ...

    def waiting(self) -> None: ...


QUIET = Quiet()


@pytest.fixture
def python() -> Python:
    return bare(ask_python(this_python().base, "base"))


@pytest.fixture
def no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have pip look into an empty folder alone, and uv not be there."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}{os.pathsep}{os.defpath}")
    return wheels


def test_what_a_child_needs_is_what_the_project_needs_of_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["uvloop"]]
    assert {*NEEDED, *WISHED} <= {line.partition(";")[0].strip() for line in declared}


def test_without_an_index_it_is_one_line(python: Python, cache: Path, no_index: Path) -> None:
    told = (
        rf"^no environment can be made for {python.name} \(pip: .*pyperf.*\); is the package index "
        r"within reach\?$"
    )
    with pytest.raises(InputError, match=told):
        kept_packages(python, [], QUIET)
    assert [path.name for path in cache.iterdir()] == [".locks"]


def test_a_package_that_does_not_exist_is_one_line(
    python: Python, cache: Path, no_index: Path
) -> None:
    for name in ("pyperf", "psutil", "aiosqlite", "memray", "uvloop"):
        path = pack_module(name, "", no_index)
        text = path.name.replace("1.0", "99.0")
        make_newer(path, path.with_name(text))
    with pytest.raises(InputError, match=r"\(pip: .*no-such-package-at-all"):
        kept_packages(python, ["no-such-package-at-all>=1"], QUIET)


def test_without_uvloop_there_is_an_environment_that_says_why(
    python: Python, cache: Path, no_index: Path
) -> None:
    for name in ("pyperf", "psutil", "aiosqlite", "memray"):
        path = pack_module(name, "", no_index)
        make_newer(path, path.with_name(path.name.replace("1.0", "99.0")))
    kept = kept_packages(python, [], QUIET)
    assert kept.holds["packages"]["memray"] == "99.0"
    assert {*kept.holds["packages"]} == {"pyperf", "psutil", "aiosqlite", "memray"}
    assert re.match(r"cannot be installed: .*uvloop", kept.holds["lacking"]["uvloop"])
    assert "memray" not in kept.holds["lacking"]


def make_newer(path: Path, to: Path) -> None:
    """Move the wheel *path*, of version 1.0, to one of version 99.0."""
    import zipfile

    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode().replace("Version: 1.0\nName", "Version: 99.0\nName")
            text = text.replace("\nVersion: 1.0\n", "\nVersion: 99.0\n").replace("-1.0.", "-99.0.")
            new.writestr(name.replace("-1.0.", "-99.0."), text)
    path.unlink()


def test_an_interpreter_without_venv_is_one_line(
    python: Python, cache: Path, no_index: Path, program: Callable[[str, str], str]
) -> None:
    lacks = '[ "$2" = venv ] && { echo "$0: No module named venv" >&2; exit 1; }'
    script = f'{lacks}\nexec {sys.executable} "$@"'
    without = replace(python, executable=program("bin/python", script))
    with pytest.raises(InputError, match=r"\(pip: python: No module named venv\)$"):
        kept_packages(without, [], QUIET)


def test_where_nothing_installs_it_is_one_line(
    python: Python, cache: Path, no_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = replace(this_python(), modules=frozenset({"venv"}))
    monkeypatch.setattr("harness.environments.packages.this_python", lambda: without)
    with pytest.raises(
        InputError, match=r"there is neither uv nor pip; install uv, or pip: .* -m e"
    ):
        kept_packages(replace(python, modules=frozenset({"venv"})), [], QUIET)


def test_a_limit_on_file_size_is_one_line_and_leaves_nothing(cache: Path, no_index: Path) -> None:
    large = "x = '" + "x" * (1 << 20) + "'"
    pack_module("large", large, no_index)
    program = (
        "import resource, signal\n"
        "from harness.environments.packages import kept_packages\n"
        "from harness.errors import InputError\n"
        "from tests.environments.test_packages import QUIET, bare, ask_python, this_python\n"
        "import harness.environments.packages as packages\n"
        "packages.NEEDED = ('large',); packages.WISHED = ()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, resource.RLIM_INFINITY))\n"
        "try: kept_packages(bare(ask_python(this_python().base, '')), [], QUIET)\n"
        "except InputError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert re.search(r"no environment can be made .*File too large", done.stdout), done.stdout
    assert [path.name for path in cache.iterdir()] == [".locks"]


# A stand-in for uv is told: pip install --python ENVIRONMENT/bin/python …
PUT = """
for name in pyperf psutil aiosqlite; do
  : > "$(echo "${4%/bin/python}"/lib/*/site-packages)/$name.py"
done
"""


class TestUv:
    @pytest.fixture
    def uv(
        self, program: Callable[[str, str], str], tmp_path: Path, no_index: Path
    ) -> Callable[[str], Path]:
        """Put a stand-in for uv on the path; *install* is what it does to install."""

        def write(install: str) -> Path:
            told = tmp_path / "told"
            script = f"""
echo "$@" >> {told}
for last in "$@"; do :; done
[ "$1" = venv ] && exec {sys.executable} -m venv --without-pip "$last"
{install}
"""
            program("path/uv", script)
            return told

        return write

    def test_where_it_is_it_makes_the_environment(
        self, uv: Callable[[str], Path], python: Python, cache: Path
    ) -> None:
        told = uv(PUT)
        kept = kept_packages(python, ["mine>=1"], QUIET)
        venv, install = told.read_text(encoding="utf-8").splitlines()
        assert venv.startswith(f"venv --quiet --no-project --python {python.executable} ")
        assert install.startswith("pip install --python ")
        assert all(each in install.split() for each in (*NEEDED, *WISHED, "mine>=1"))
        assert "cannot be imported" in kept.holds["lacking"]["memray"]

    def test_one_in_which_nothing_can_be_measured_is_not_kept(
        self, uv: Callable[[str], Path], python: Python, cache: Path
    ) -> None:
        uv(PUT + 'echo "1 / 0" > "$(echo "${4%/bin/python}"/lib/*/site-packages)/pyperf.py"')
        told = rf"^no environment can be made for {python.name} \(uv: pyperf cannot be imported: "
        with pytest.raises(InputError, match=told):
            kept_packages(python, [], QUIET)
        assert [path.name for path in cache.iterdir()] == [".locks"]

    def test_where_it_fails_pip_is_tried(
        self, uv: Callable[[str], Path], python: Python, cache: Path
    ) -> None:
        uv("echo 'error: https://there.example/simple/ is gone' >&2; exit 2")
        told = r"\(uv: error: … is gone; pip: .*pyperf.*\); is the package index within reach\?$"
        with pytest.raises(InputError, match=told):
            kept_packages(python, [], QUIET)

    def test_an_allocation_tracker_that_cannot_be_had_is_only_wished_for(
        self, uv: Callable[[str], Path], python: Python, cache: Path
    ) -> None:
        uv('case "$*" in *memray*) echo "error: memray has no wheel" >&2; exit 1;; esac' + PUT)
        kept = kept_packages(python, [], QUIET)
        assert kept.holds["lacking"]["memray"] == "cannot be installed: error: memray has no wheel"

    def test_another_implementation_is_not_given_memray(
        self, uv: Callable[[str], Path], python: Python, cache: Path
    ) -> None:
        told = uv(PUT)
        kept = kept_packages(replace(python, implementation="pypy"), [], QUIET)
        assert kept.holds["lacking"]["memray"] == "follows CPython's allocators only"
        assert "memray" not in told.read_text(encoding="utf-8")

    def test_the_real_one_makes_it_too(
        self, python: Python, cache: Path, no_index: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{PATH}")
        if uv is None:
            pytest.skip("uv is not installed")
        pack_module(MODULE, "", no_index)
        monkeypatch.setenv("PATH", str(Path(uv).parent))
        monkeypatch.setenv("UV_OFFLINE", "1")
        monkeypatch.setenv("UV_FIND_LINKS", str(no_index))
        monkeypatch.setenv("UV_CACHE_DIR", str(no_index / "cache"))
        monkeypatch.setattr("harness.environments.packages.NEEDED", (MODULE,))
        monkeypatch.setattr("harness.environments.packages._TIMES", MODULE)
        monkeypatch.setattr("harness.environments.packages.WISHED", ("uvloop>=0.21",))
        kept = kept_packages(python, [], QUIET)
        # Not what pip made after uv had failed.
        assert "\nuv = " in (kept.folder / "pyvenv.cfg").read_text(encoding="utf-8")
        assert kept.holds["packages"] == {MODULE: "1.0"}
        assert "cannot be installed" in kept.holds["lacking"]["uvloop"]


PATH = os.environ.get("PATH", os.defpath)


class TestLacking:
    def test_what_is_installed_is_not_lacking(self) -> None:
        assert lacking(this_python(), ["pyperf>=2", "PyPerf"]) == []
        assert lacking(this_python(), []) == []

    def test_what_is_not_installed_or_too_old_is(self) -> None:
        wanted = ["pyperf>=999", "no-such-package", "memray"]
        assert lacking(this_python(), wanted) == ["pyperf>=999", "no-such-package"]

    def test_what_a_marker_leaves_out_is_not_wanted(self) -> None:
        assert lacking(this_python(), ["no-such-package; python_version<'3'"]) == []
        old = replace(this_python(), version="3.11.0")
        new = replace(this_python(), version="3.12.0")
        wanted = ["no-such-package; python_version>='3.12'"]
        assert (lacking(old, wanted), len(lacking(new, wanted))) == ([], 1)

    def test_another_interpreter_is_asked(self, program: Callable[[str, str], str]) -> None:
        other = replace(this_python(), prefix="/there")
        assert lacking(other, ["pyperf>=2", "no-such-package"]) == ["no-such-package"]
        silent = replace(other, executable=program("python", "echo no >&2; exit 1"))
        with pytest.raises(InputError, match=r"cannot say which packages it has \(no\)"):
            lacking(silent, ["pyperf"])
