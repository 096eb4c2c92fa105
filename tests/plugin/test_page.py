"""``docs/testing.md`` says what is: its files are run, and fail with the text that it shows.

A block under ``<!-- file: NAME -->`` is a file, one under ``<!-- fails: TEST -->`` what that test
says.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import pytest

from harness.testing import verification
from harness.testing.limits import ARGUMENTS, Limits
from tests.plugin.sessions import ROOT, Session, run_pytest

if TYPE_CHECKING:
    from pathlib import Path

PATH = ROOT / "docs" / "testing.md"
PAGE = PATH.read_text(encoding="utf-8")
BLOCKS = re.findall(r"<!-- (file|fails): (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
FILES = {name: text for kind, name, text in BLOCKS if kind == "file"}
FAILURES = {name: text for kind, name, text in BLOCKS if kind == "fails"}

_FIGURE = re.compile(r"\d[\d,]*( bytes| B|, then \d+)")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder: Path = tmp_path_factory.mktemp("page")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return run_pytest(folder, environment={"AWAITBENCH_PURE_PYTHON": "1"})


def test_the_tests_end_as_the_page_says(session: Session) -> None:
    assert len(session.outcomes) == 6, session.text
    for test, outcome in session.outcomes.items():
        assert outcome == ("failure" if test in FAILURES else "passed"), session.said[test]


@pytest.mark.parametrize("test", FAILURES)
def test_they_fail_with_what_it_shows_but_for_the_bytes(session: Session, test: str) -> None:
    def shape(text: str) -> list[str]:
        return [" ".join(_FIGURE.sub("#", line).split()) for line in text.splitlines()]

    assert shape(session.said[test]) == shape(FAILURES[test])


def test_every_argument_is_explained() -> None:
    table = PAGE.split("| argument |")[1].split("\n\n")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == ARGUMENTS
    assert f"{Limits().operations} unless given" in table
    for name in list(inspect.signature(verification.verify).parameters)[1:]:
        assert f"`{name}" in PAGE.split("## A whole scenario")[1], name


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", PAGE):
        assert (PATH.parent / target).exists(), target


def test_the_readme_s_example_is_a_gate(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"test: begin -->\n```python\n(.*?)```", readme, re.DOTALL)
    (tmp_path / "mycache.py").write_text(FILES["mycache.py"], encoding="utf-8")
    (tmp_path / "test_readme.py").write_text(example, encoding="utf-8")
    session = run_pytest(tmp_path)
    assert session.code == 0, session.text
    assert len(session.counts) == 1
