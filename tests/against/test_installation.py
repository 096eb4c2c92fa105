"""Installation: a version's own package is found in its environment, and all others too."""

from __future__ import annotations

import inspect
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.against.checkouts import open_checkouts
from harness.against.installation import install, is_installable, surroundings
from harness.against.repository import Repository
from harness.environments.environment import Environment
from harness.environments.python import this_python
from harness.errors import InputError
from tests.against.conftest import Project, make_project

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """Give the interpreter of a new environment that sees what this one has installed."""
    folder = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "all.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return folder / "bin" / "python"


def pip(python: Path, *words: str) -> None:
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    command += ["--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run([*command, *words], check=True)


def imported(
    project: Project, python: Path | str, modules: Sequence[str], *, installed: bool = True
) -> list[list[str]]:
    """Return for base and head from where each module comes, within its checkout if it does."""
    repository = Repository.around(project.top, "HEAD")
    environment = Environment(this_python(), str(python))
    found = []
    with open_checkouts(
        repository, repository.commit("HEAD"), [environment], installed=installed
    ) as checkouts:
        for checkout in checkouts:
            program = f"import os, {', '.join(modules)}"
            program += "".join(
                f"\nprint(os.path.realpath({module}.__file__))" for module in modules
            )
            (interpreter,) = checkout.interpreters
            said = subprocess.run(
                [interpreter.executable, "-c", program],
                env=interpreter.environment(),
                cwd=interpreter.folder,
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            found.append([line.replace(str(checkout.folder), "OWN") for line in said.splitlines()])
    return found


@pytest.mark.parametrize(
    ("package", "around"),
    [
        ("src/mycache", "a copy"),
        ("mycache", "a copy"),
        ("mycache", "editable"),
        ("src/mycache", "not to be installed"),
    ],
)
def test_each_version_imports_its_own_package_whatever_is_installed_around_it(
    package: str,
    around: str,
    environment: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = make_project(tmp_path / "project", package)
    monkeypatch.chdir(project.top)
    if around == "a copy":
        pip(environment, str(project.top))
    elif around == "editable":
        pip(environment, "--editable", str(project.top))
    found = imported(
        project, environment, ["mycache", "harness"], installed=around != "not to be installed"
    )
    for own, harness in found:
        assert own == f"OWN/{package}/__init__.py"
        assert harness == str(Path(inspect.getfile(Project)).parents[2] / "harness/__init__.py")


def test_a_path_into_the_repository_leads_into_the_checkout(
    project: Project, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("tools/mytool.py", "")
    project.commit()
    monkeypatch.setenv("PYTHONPATH", f"tools:{project.top}")
    for (own,) in imported(project, environment, ["mytool"], installed=False):
        assert own == "OWN/tools/mytool.py"


def test_packages_around_it_are_found_editable_ones_too(
    project: Project, environment: Path, tmp_path: Path
) -> None:
    other = make_project(tmp_path / "other", "flat")
    text = (other.top / "pyproject.toml").read_text(encoding="utf-8")
    other.write("pyproject.toml", text.replace("mycache", "flat"))
    pip(environment, "--editable", str(other.top))
    for own, flat, memray in imported(project, environment, ["mycache", "flat", "memray"]):
        assert own.startswith("OWN/")
        assert flat == f"{other.top}/flat/__init__.py"
        assert "site-packages" in memray


def test_an_environment_inside_of_the_repository_is_no_source_of_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project.top / "ignored-environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "all.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    (packages / "installed_there.py").write_text("", encoding="utf-8")
    modules = ["mycache", "installed_there"]
    for own, there in imported(project, folder / "bin" / "python", modules):
        assert own.startswith("OWN/")
        assert there == str(packages / "installed_there.py")


def test_a_project_in_a_folder_of_the_repository_is_installed_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path / "project", "parts/cache/src/mycache")
    part = project.top / "parts" / "cache"
    (project.top / "pyproject.toml").rename(part / "pyproject.toml")
    text = (part / "pyproject.toml").read_text(encoding="utf-8")
    where = '[tool.setuptools]\npackage-dir = { "" = "src" }'
    project.write("parts/cache/pyproject.toml", text.replace("[tool.setuptools]", where))
    project.commit()
    monkeypatch.chdir(part)
    for (own,) in imported(project, sys.executable, ["mycache"]):
        assert own == "OWN/parts/cache/src/mycache/__init__.py"


class TestWhatCannotBeInstalled:
    @pytest.mark.parametrize(
        ("files", "installable"),
        [
            ({}, False),
            ({"pyproject.toml": "[tool.ruff]\n"}, False),
            ({"pyproject.toml": "[project]\nname = 'a'\n"}, True),
            ({"pyproject.toml": "[build-system]\nrequires = []\n"}, True),
            ({"pyproject.toml": "[tool.ruff]\n", "setup.py": ""}, True),
            ({"pyproject.toml": "not = [toml"}, True),
        ],
    )
    def test_it_is_known_by_its_files(
        self, files: dict[str, str], *, installable: bool, tmp_path: Path
    ) -> None:
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        assert is_installable(tmp_path) is installable

    def test_one_that_fails_says_so_with_the_reason_in_one_line(
        self, project: Project, tmp_path: Path
    ) -> None:
        project.write("setup.py", "raise RuntimeError('no such luck')\n")
        with pytest.raises(InputError) as raised:
            install(
                project.top,
                tmp_path / "made",
                surroundings(sys.executable),
                project.top,
                "the working tree",
            )
        assert "the working tree cannot be installed (RuntimeError: no such luck)" in str(
            raised.value
        )
        assert "--no-install" in str(raised.value)

    def test_one_whose_configuration_cannot_be_read_says_so(
        self, project: Project, tmp_path: Path
    ) -> None:
        project.write("pyproject.toml", "not = [toml")
        with pytest.raises(InputError, match="cannot be installed"):
            install(
                project.top, tmp_path / "made", surroundings(sys.executable), project.top, "1a2b3c4"
            )


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/true", "/bin/false"])
def test_what_is_no_interpreter_is_refused(python: str) -> None:
    with pytest.raises(InputError, match=r"cannot be started|cannot measure"):
        surroundings(python)
