"""Run folders that somebody made to harm: exit code 2, one line, and nothing outside is touched."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness import cli
from harness.store import RunFolder, latest_name
from harness.store.reading import LARGEST
from tests.runs import make_run

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = ("run.json", "allocations.json", "timing.json")
READING = (("show",), ("show", "--format", "json"), ("report",))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.fixture
def stored(folder: Path) -> RunFolder:
    made = RunFolder.create(folder / "results", "first")
    made.save(make_run(name="first", rounds=2))
    return made


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Give a command that must be answered with exit code 2 and one line that moves no cursor."""

    def given(*arguments: str) -> str:
        assert cli.main(arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("awaitbench: ")
        assert err.endswith("\n")
        assert err[:-1].isprintable()
        assert len(err) < 1500
        return err

    return given


def fifo(path: Path) -> None:
    """a FIFO"""
    os.mkfifo(path)


def endless(path: Path) -> None:
    """a link to /dev/zero"""
    path.symlink_to("/dev/zero")


def a_socket(path: Path) -> None:
    """a socket"""
    with socket.socket(socket.AF_UNIX) as made:
        os.chdir(path.parent)  # the path of a socket is short
        made.bind(path.name)
        os.chdir(path.parents[2])


def itself(path: Path) -> None:
    """a link to itself"""
    path.symlink_to(path.name)


def huge(path: Path) -> None:
    """a file of 1 GiB"""
    with path.open("wb") as file:
        file.truncate(1 << 30)


def slightly_too_large(path: Path) -> None:
    """a file just too large"""
    path.write_bytes(b'{"schema": 1}' + b" " * LARGEST)


def directory(path: Path) -> None:
    """a folder"""
    path.mkdir()


KINDS = (fifo, endless, a_socket, itself, huge, slightly_too_large, directory)


@pytest.mark.parametrize("command", READING, ids=" ".join)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FILES)
def test_what_stands_in_place_of_a_file_is_refused_in_one_line(
    name: str,
    kind: Callable[[Path], None],
    command: tuple[str, ...],
    stored: RunFolder,
    refused: Callable[..., str],
) -> None:
    (stored.path / name).unlink()
    kind(stored.path / name)
    told = refused(*command, "results/first")
    assert "first" in told
    assert not Path("reports").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_it_hides_no_other_run(kind: Callable[[Path], None], stored: RunFolder) -> None:
    bad = stored.path.parent / "zzz"
    bad.mkdir()
    kind(bad / "run.json")
    assert latest_name(stored.path.parent) == "first"


def test_a_size_that_is_too_large_is_said(stored: RunFolder, refused: Callable[..., str]) -> None:
    (stored.path / "run.json").unlink()
    huge(stored.path / "run.json")
    assert "run.json: too large (1,073,741,824 bytes; a run has at most" in refused("show", "first")


CHANGES: dict[str, Callable[[Any], None]] = {
    "nesting": lambda run: run.update(environment=nested(900)),
    "name": lambda run: run.update(name="../../outside"),
    "absolute name": lambda run: run.update(name="/tmp/outside"),
    "endless name": lambda run: run.update(name="x" * 101),
    "escape in a status": lambda run: run.update(status="\x1b[31mdone\x07"),
    "turned status": lambda run: run.update(status="\u202edone"),
    "huge seed": lambda run: run["plan"].update(seed=10**400),
    "huge ratio": lambda run: run["plan"]["groups"][0]["params"].update(sync_ratio=1e308),
    "huge parameter": lambda run: run["plan"]["groups"][0]["params"].update(size=10**400),
    "no number": lambda run: run["groups"][0].update(duration=float("nan")),
    "infinite": lambda run: run["groups"][0].update(loop_overhead=float("inf")),
    "negative time": lambda run: run["groups"][0].update(duration=-1.0),
    "endless text": lambda run: run["titles"].update(lookup="x" * 20_000),
    "many rounds": lambda run: run["plan"]["preset"].update(rounds=[0, 10**18]),
    "unknown variant": lambda run: run["groups"][0].update(failures={"<b>": "x"}),
    "version": lambda run: run["plan"]["groups"][0]["runtime"].update(python="<script>"),
}


def nested(depth: int) -> Any:
    made: Any = "x"
    for _ in range(depth):
        made = {"x": made}
    return made


@pytest.mark.parametrize("change", CHANGES)
def test_what_no_run_holds_is_refused_in_one_line(
    change: str, stored: RunFolder, refused: Callable[..., str], folder: Path
) -> None:
    path = stored.path / "run.json"
    content = json.loads(path.read_bytes())
    CHANGES[change](content)
    path.write_text(json.dumps(content), encoding="utf-8")
    assert "run.json: damaged (" in refused("show", "first")
    refused("report", "first")
    refused("run", "--resume", "first")
    assert {each.name for each in folder.iterdir()} == {"results"}


def test_a_million_cases_are_refused(stored: RunFolder, refused: Callable[..., str]) -> None:
    path = stored.path / "run.json"
    content = json.loads(path.read_bytes())
    (group,) = content["plan"]["groups"]
    content["plan"]["groups"] = [{**group, "scenario": f"s{n}"} for n in range(20_000)]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert "more than 10,000 cases" in refused("show", "first")


def test_a_report_goes_where_the_folder_is_called_not_where_the_file_says(
    stored: RunFolder, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = folder / "reports" / "reference" / "index.html"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine", encoding="utf-8")
    path = stored.path / "run.json"
    content = json.loads(path.read_bytes()) | {"name": "reference"}
    path.write_text(json.dumps(content), encoding="utf-8")
    assert cli.main(["report", "first"]) == 0
    assert capsys.readouterr().out == "reports/first/index.html\n"
    assert theirs.read_text(encoding="utf-8") == "mine"


def test_resuming_writes_over_links_not_through_them(stored: RunFolder, folder: Path) -> None:
    outside = folder / "outside"
    outside.write_text("mine", encoding="utf-8")
    run = stored.load()
    for name in (*FILES, "summary.csv"):
        (stored.path / name).unlink()
        (stored.path / name).symlink_to(outside)
    stored.save(run)
    assert outside.read_text(encoding="utf-8") == "mine"
    assert stored.load() == run


def test_a_lock_that_is_a_link_is_not_followed(
    stored: RunFolder, folder: Path, refused: Callable[..., str]
) -> None:
    (stored.path / ".lock").symlink_to(folder / "outside")
    assert "first: cannot be written" in refused("run", "--resume", "first")
    assert not (folder / "outside").exists()


@pytest.mark.parametrize("where", ["captures", "."])
def test_a_profile_is_not_written_through_a_link(
    where: str,
    write_scenario: Callable[..., Path],
    folder: Path,
    refused: Callable[..., str],
) -> None:
    write_scenario()
    outside = folder / "outside"
    outside.mkdir()
    place = folder / "results" / "first" / where
    place.parent.mkdir(parents=True, exist_ok=True)
    place = Path(os.path.normpath(place))
    place.symlink_to(outside, target_is_directory=True)
    told = refused("profile", "sample.py", "task", "--name", "first")
    assert "is a symbolic link" in told
    assert list(outside.iterdir()) == []
