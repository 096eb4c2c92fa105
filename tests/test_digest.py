"""Digest: it changes with every file that a scenario's figures depend on, and with nothing else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from harness import catalog
from harness.digest import changed_files, source_digest

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a file by itself that imports a file beside it, which imports others."""
    write(
        tmp_path,
        mine="import json\nimport beside\nimport harness",
        beside="def later():\n    from deeper import thing\n    import pack.inner",
        deeper="thing = 1",
        pack____init__="",
        pack__inner="value = 2",
        unused="",
        json="raise ImportError('never looked for here')",
    )
    (tmp_path / "pack" / "__init__.py").write_text("", encoding="utf-8")
    return tmp_path


def files_of(digest: str) -> list[str]:
    return [word.partition("=")[0] for word in digest.split()]


def test_a_file_by_itself_has_what_it_imports_from_its_folder(folder: Path) -> None:
    digest = source_digest(folder / "mine.py")
    assert files_of(digest) == [
        *("beside.py", "deeper.py", "mine.py", "pack/__init__.py", "pack/inner.py")
    ]
    assert digest == source_digest(folder / "mine.py")
    assert str(folder) not in digest


@pytest.mark.parametrize("name", ["mine.py", "beside.py", "deeper.py", "pack/inner.py"])
def test_a_change_in_any_of_them_is_seen_and_named(name: str, folder: Path) -> None:
    before = source_digest(folder / "mine.py")
    path = folder / name
    path.write_text(path.read_text(encoding="utf-8") + "\n# other", encoding="utf-8")
    assert changed_files(before, source_digest(folder / "mine.py")) == [name]


def test_what_it_does_not_import_does_not_matter(folder: Path) -> None:
    before = source_digest(folder / "mine.py")
    write(folder, unused="changed", another="new", json="changed")
    assert source_digest(folder / "mine.py") == before


def test_a_file_that_is_gone_is_named(folder: Path) -> None:
    before = source_digest(folder / "mine.py")
    (folder / "deeper.py").unlink()
    assert changed_files(before, source_digest(folder / "mine.py")) == ["deeper.py"]


def test_a_module_has_what_it_imports_of_its_package(tmp_path: Path) -> None:
    write(
        tmp_path,
        top____init__="",
        top__sub__mine="from . import near\nfrom ..far import x\nimport top.named\nimport other",
        top__sub__near="",
        top__far="from top import deeper",
        top__named="",
        top__deeper="",
        other="",
    )
    (tmp_path / "top" / "__init__.py").write_text("", encoding="utf-8")
    digest = source_digest(tmp_path / "top" / "sub" / "mine.py", "top.sub.mine")
    assert files_of(digest) == [
        *("top/__init__.py", "top/deeper.py", "top/far.py", "top/named.py"),
        *("top/sub/mine.py", "top/sub/near.py"),
    ]


def test_modules_that_import_each_other_are_read_once(tmp_path: Path) -> None:
    write(tmp_path, one="import two", two="import one")
    assert files_of(source_digest(tmp_path / "one.py")) == ["one.py", "two.py"]


@pytest.mark.parametrize("text", ["def broken(", "\0", "import " + "x." * 20_000 + "y"])
def test_what_cannot_be_parsed_has_a_digest_all_the_same(text: str, tmp_path: Path) -> None:
    write(tmp_path, mine=text)
    assert files_of(source_digest(tmp_path / "mine.py")) == ["mine.py"]


def test_modules_of_others_beside_an_installed_one_do_not_matter(tmp_path: Path) -> None:
    shared = tmp_path / "site-packages"
    write(shared, mine="import another", another="")
    assert files_of(source_digest(shared / "mine.py", "mine")) == ["mine.py"]


def test_a_shipped_scenario_depends_on_what_it_shares_with_others() -> None:
    entry = catalog.load("scenarios.cache_lookup")
    files = files_of(source_digest(*catalog.place_of(entry.source)))
    assert "scenarios/cache_lookup.py" in files
    assert "scenarios/_users.py" in files
    assert "scenarios/do_work.py" not in files


def test_a_function_depends_on_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.function import Call

    monkeypatch.setattr(sys, "path", [*sys.path])  # the file's folder joins it
    write(tmp_path, mine="import beside\nasync def lookup(): ...", beside="")
    call = Call(f"{tmp_path}/mine.py:lookup", share=1.0)
    entry = catalog.load(call.source)
    assert files_of(source_digest(*catalog.place_of(entry.source))) == ["beside.py", "mine.py"]
