"""Inline metadata: what a scenario file declares, and one line for what cannot be read."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.environments.inline import Declared, declared_by
from harness.errors import InputError

BLOCK = """\
'''A scenario.'''
# /// script
# requires-python = ">=3.12"
# dependencies = [
#   "aiocache>=0.12",
#   "anyio[trio]<5; python_version>'3'",
# ]
#
# [tool.mine]
# key = 1
# ///
import aiocache
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.py"


def declared(file: Path, text: str) -> Declared:
    file.write_text(text, encoding="utf-8")
    return declared_by([str(file)])


def test_a_block_says_what_is_needed(file: Path) -> None:
    said = declared(file, BLOCK)
    assert said.requirements == ("aiocache>=0.12", 'anyio[trio]<5; python_version > "3"')
    assert said.pythons == ((str(file), ">=3.12"),)


def test_a_version_that_is_not_for_it_is_told_with_the_reason(file: Path) -> None:
    said = declared(file, BLOCK)
    assert said.excludes("3.11.7") == (
        f"{file} needs Python >=3.12 (requires-python), this is 3.11.7"
    )
    assert [said.excludes(each) for each in ("3.12.0", "3.13.1", "3.14.0a1", "3.13.0+")] == [""] * 4


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import aiocache\n",
        "# /// other\n# dependencies = ['a']\n# ///\n",
        "# /// script\n# dependencies = ['never closed']\n",
        "  # /// script\n  # dependencies = ['indented']\n  # ///\n",
        "def broken(:\n",
        "\0",
    ],
)
def test_without_a_block_nothing_is_needed(text: str, file: Path) -> None:
    assert declared(file, text) == Declared()
    assert Declared().excludes("3.11.0") == ""


def test_a_file_that_is_not_there_declares_nothing(file: Path) -> None:
    assert declared_by([str(file), str(file.parent)]) == Declared()
    file.write_bytes(b"# /// script\n# dependencies = ['\xff']\n# ///\n")
    assert declared_by([str(file)]) == Declared()


def test_several_files_declare_together(tmp_path: Path) -> None:
    for name, needs in (("one", '"b>=1", "a"'), ("two", '"a", "c"')):
        block = f"# /// script\n# dependencies = [{needs}]\n# ///\n"
        (tmp_path / f"{name}.py").write_text(block, encoding="utf-8")
    files = [str(tmp_path / f"{name}.py") for name in ("one", "two")]
    assert declared_by(files).requirements == ("a", "b>=1", "c")
    assert declared_by(files) == declared_by(files[::-1])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("dependencies = [", r"is no TOML"),
        ("dependencies = 'aiocache'", r"expected a list of texts"),
        ("dependencies = [1]", r"expected a list of texts"),
        ("dependencies = ['aiocache>>1']", r"'aiocache>>1' in its block .* names no package"),
        ("dependencies = ['--index-url x']", r"names no package"),
        ("requires-python = 3.12", r"requires-python = 3\.12 .* expected versions"),
        ("requires-python = 'new'", r"requires-python = 'new' .* expected versions"),
    ],
)
def test_what_cannot_be_read_is_one_line(content: str, told: str, file: Path) -> None:
    with pytest.raises(InputError, match=told) as raised:
        declared(file, f"# /// script\n# {content}\n# ///\n")
    assert str(raised.value).startswith(f"{file}: ")
    assert len(str(raised.value).splitlines()) == 1


def test_two_blocks_are_one_too_many(file: Path) -> None:
    with pytest.raises(InputError, match="has 2 blocks '# /// script'; expected one"):
        declared(file, BLOCK + "\n" + BLOCK)


@given(st.text())
def test_whatever_stands_there_is_read_or_refused(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.py"
        path.write_bytes(f"# /// script\n# {text}\n# ///\n".encode(errors="surrogatepass"))
        try:
            said: object = declared_by([str(path)])
        except InputError as error:
            said = error
    assert isinstance(said, Declared) or len(str(said).splitlines()) == 1
