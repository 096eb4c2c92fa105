"""``docs/ci.md`` says what is: its commands can be typed, and its workflow's steps are run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.cli import _parser
from tests.against.conftest import Project, make_project
from tests.faults.injection import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Mapping

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed for this interpreter")

pytestmark = pytest.mark.timeout(400)

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]


def the_workflow() -> dict[str, Any]:
    """Return the workflow of the page; BaseLoader, to which ``on`` is no truth value."""
    (text,) = re.findall(r"<!-- workflow -->\n```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    workflow: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)
    return workflow


def steps() -> list[dict[str, Any]]:
    """Return the steps of its only job."""
    (job,) = the_workflow()["jobs"].values()
    found: list[dict[str, Any]] = job["steps"]
    return found


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.startswith("awaitbench")])
def test_a_command_of_the_page_can_be_typed(command: str) -> None:
    _, *words = shlex.split(command)
    assert _parser(words).parse_args(words).execute is not None


def test_every_other_command_of_the_page_is_pytest() -> None:
    others = {each for each in COMMANDS if not each.startswith("awaitbench")}
    assert others == {"python -m pytest"}


def test_links_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        if target.startswith("#"):
            assert target[1:] in anchors
        else:
            assert (ROOT / "docs" / target).exists()


class TestWorkflow:
    """What GitHub would do, but for its own actions, whose work the test does."""

    def test_it_has_what_github_wants_of_one(self) -> None:
        workflow = the_workflow()
        assert {"name", "on", "jobs"} <= {*workflow} <= {"name", "on", "jobs", "permissions"}
        assert workflow["on"] == "pull_request"
        assert workflow["permissions"] == {"contents": "read"}
        for step in steps():
            assert len({"uses", "run"} & {*step}) == 1
            assert {*step} <= {"name", "uses", "run", "with", "env", "if"}
            if "uses" in step:
                assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])

    def test_what_is_checked_out_has_the_branch_that_it_is_held_against(self) -> None:
        (checkout,) = [each for each in steps() if "checkout" in each.get("uses", "")]
        assert checkout["with"] == {"fetch-depth": "0"}

    def test_nothing_of_the_pull_request_is_put_into_a_script(self) -> None:
        """An expression in a script is code of whoever named the branch."""
        assert not any("${{" in each["run"] for each in steps() if "run" in each)

    @pytest.mark.parametrize("changed", [False, True])
    def test_its_steps_pass_what_is_unchanged_and_fail_what_allocates_more(
        self, *, changed: bool, tmp_path: Path
    ) -> None:
        origin = make_project(tmp_path / "origin")
        origin.git("switch", "--quiet", "--create", "topic")
        origin.write("README", "Not of the code")
        if changed:
            origin.write_package("extra = [key]")
        origin.commit("The pull request")
        clone = checked_out(origin, tmp_path / "work")
        summary = tmp_path / "summary.md"
        given = {
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_BASE_REF": "main",
            "GITHUB_ACTIONS": "true",
            "CI": "true",
        }
        environment = machine(tmp_path / "machine") | given
        codes = [
            run_step(step, clone, environment, {"github.base_ref": "main"})
            for step in steps()
            if "run" in step
        ]
        text = summary.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 25
        told = "coroutine in lookup at 100 % synchronous: 1 more allocation per operation"
        assert (told in text) is changed
        # On a busy machine a time may be a regression: then it is told of.
        alarm = re.search(r"^\*\*\d+ regressions?\.\*\*", text, re.MULTILINE)
        assert codes == [0, 1 if alarm else 0]
        assert alarm or not changed
        kept = {path.parent.name for path in (clone / "results").glob("*/run.json")}
        assert kept == {"pull-request-base", "pull-request-head"}
        (page,) = (clone / "reports").iterdir()
        assert page.name == "pull-request-base..pull-request-head.html"
        (upload,) = [each["with"] for each in steps() if "upload" in each.get("uses", "")]
        assert {*upload["path"].split()} == {"results", "reports"}


def checked_out(origin: Project, folder: Path) -> Path:
    """Do what actions/checkout does: the commit alone, and all branches as remote ones."""
    commit = origin.git("rev-parse", "topic")
    origin.git("clone", "--quiet", "--no-checkout", str(origin.top), str(folder))
    subprocess.run(["git", "checkout", "--quiet", "--detach", commit], cwd=folder, check=True)
    return folder


def machine(folder: Path) -> dict[str, str]:
    """Do what actions/setup-python does, and what no test has a network, or the time, for.

    The interpreter is on the path, awaitbench is there already, and pip looks nowhere else.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    installed = [path for path in sys.path if path.endswith("-packages")]
    (packages / "all.pth").write_text("\n".join(installed), encoding="utf-8")
    script = folder / "bin" / "awaitbench"
    script.write_text(f"#!{folder}/bin/python\n{PROGRAM}", encoding="utf-8")
    script.chmod(0o755)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # which pip reads as: without isolation
    }


def run_step(
    step: Mapping[str, Any], folder: Path, environment: Mapping[str, str], values: Mapping[str, str]
) -> int:
    """Run a step as GitHub does by default, ``bash -e FILE``, and return its exit code."""

    def evaluated(text: str) -> str:
        return re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda found: values[found[1]], text)

    script = folder.parent / "step.sh"
    script.write_text(step["run"], encoding="utf-8")
    own = {name: evaluated(text) for name, text in step.get("env", {}).items()}
    ended = subprocess.run(
        ["bash", "-e", script],
        cwd=folder,
        env={**environment, **own},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode in (0, 1), ended.stderr
    if ended.returncode == 1:
        assert step["name"] == "Measure both versions", ended.stderr
    return ended.returncode
