"""Kept: a folder is whole or not there, whoever is interrupted, and is made again when it broke."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.environments.kept import (
    CACHE,
    Kept,
    Make,
    cache_folder,
    keep,
    kept_folders,
    key_of,
)
from harness.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

NEVER = "this test waits for nobody"


def make(fill: Callable[[Path], object] = lambda _: None) -> Make:
    """Make a folder of two files and a link, and do *fill* then."""

    def filled(folder: Path) -> dict[str, Any]:
        (folder / "packages").mkdir()
        (folder / "packages" / "module.py").write_text("ANSWER = 42\n", encoding="utf-8")
        (folder / "packages" / "__pycache__").mkdir()
        (folder / "python").symlink_to(sys.executable)
        fill(folder)
        return {"of": "this"}

    return Make(filled, lambda: pytest.fail(NEVER), "no folder can be made")


def refuse(_: Path) -> None:
    pytest.fail("it was made again")


def test_what_was_made_is_used_again(cache: Path) -> None:
    first = keep("one", make())
    assert (first.reused, first.folder, first.holds) == (False, cache / "one", {"of": "this"})
    again = keep("one", make(refuse))
    assert (again.reused, again.folder, again.holds) == (True, first.folder, first.holds)
    assert [each.folder for each in kept_folders()] == [first.folder]
    assert first.size > 0


def test_what_python_compiles_does_not_count_as_a_change(cache: Path) -> None:
    compiled = keep("one", make()).folder / "packages" / "__pycache__" / "module.pyc"
    compiled.write_bytes(b"compiled")
    assert keep("one", make(refuse)).reused


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "packages" / "module.py").unlink(),
        lambda folder: (folder / "packages" / "module.py").write_bytes(b""),
        lambda folder: (folder / "packages" / "more.py").touch(),
        lambda folder: shutil.rmtree(folder / "packages"),
        lambda folder: (folder / "python").unlink(),
        lambda folder: (folder / "awaitbench-stamp.json").unlink(),
        lambda folder: (folder / "awaitbench-stamp.json").write_bytes(b"{"),
        lambda folder: (folder / "awaitbench-stamp.json").write_bytes(b"[]"),
        lambda folder: (folder / "awaitbench-stamp.json").write_bytes(b'{"holds": 1}'),
        lambda folder: (folder / "awaitbench-stamp.json").write_bytes(b"\xff"),
    ],
)
def test_what_broke_is_made_again(harm: Callable[[Path], None], cache: Path) -> None:
    harm(keep("one", make()).folder)
    mended = keep("one", make())
    assert not mended.reused
    assert keep("one", make(refuse)).reused
    assert {path.name for path in cache.iterdir()} == {"one", ".locks"}


def test_an_interpreter_that_is_gone_is_a_change(cache: Path, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_bytes(b"an interpreter")
    keep("one", make(lambda folder: (folder / "base").symlink_to(python)))
    assert keep("one", make(refuse)).reused
    python.unlink()
    assert not keep("one", make()).reused


def test_what_is_not_good_any_more_is_made_again(cache: Path) -> None:
    keep("one", make())
    assert keep("one", make(refuse), is_good=lambda holds: holds == {"of": "this"}).reused
    assert not keep("one", make(), is_good=lambda _: False).reused


@pytest.mark.parametrize("error", [KeyboardInterrupt, InputError("it cannot"), OSError(28, "full")])
def test_what_fails_half_way_leaves_nothing(error: BaseException, cache: Path) -> None:
    def fails(_: Path) -> None:
        raise error

    with pytest.raises((KeyboardInterrupt, InputError)):
        keep("one", make(fails))
    assert [path.name for path in cache.iterdir()] == [".locks"]
    assert kept_folders() == []
    assert not keep("one", make()).reused


def test_what_fails_half_way_leaves_what_was_there(cache: Path) -> None:
    keep("one", make())

    def fails(_: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keep("one", make(fails), is_good=lambda _: False)
    assert keep("one", make(refuse)).reused


def test_a_full_disk_is_one_line(cache: Path) -> None:
    def fails(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(
        InputError, match=r"^no folder can be made: .* cannot be written \(No space"
    ):
        keep("one", make(fails))


def test_a_place_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE, str(tmp_path / "file" / "cache"))
    with pytest.raises(InputError, match=rf"cannot be written \(Not a directory\).*{CACHE}$"):
        keep("one", make())
    assert kept_folders() == []


PROGRAM = """
import sys, time
from pathlib import Path
from harness.environments.kept import Make, keep
told = Path(sys.argv[1])
def fill(folder):
    (folder / "half").touch()
    with told.open("a") as file: file.write("making ")
    while (told.parent / "stop").exists(): time.sleep(0.01)
    return {}
def waiting():
    with told.open("a") as file: file.write("waiting ")
print(keep("one", Make(fill, waiting, "what")).reused)
"""


def start(told: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(told)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def wait_for(told: Path, word: str) -> None:
    until = time.monotonic() + 60
    while not told.exists() or word not in told.read_text(encoding="utf-8"):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_of_two_processes_one_makes_it_and_the_other_waits(cache: Path, tmp_path: Path) -> None:
    told, stop = tmp_path / "told", tmp_path / "stop"
    stop.touch()
    with start(told) as first:
        wait_for(told, "making")
        with start(told) as second:
            wait_for(told, "waiting")
            stop.unlink()
            answers = [first.communicate(timeout=60)[0], second.communicate(timeout=60)[0]]
    assert [answer.strip() for answer in answers] == ["False", "True"]
    assert told.read_text(encoding="utf-8").split() == ["making", "waiting"]


def test_what_a_killed_process_leaves_is_never_used(cache: Path, tmp_path: Path) -> None:
    told, stop = tmp_path / "told", tmp_path / "stop"
    stop.touch()
    with start(told) as process:
        wait_for(told, "making")
        process.send_signal(signal.SIGKILL)
    assert [*cache.glob(".new-one-*/half")]
    assert kept_folders() == []
    made = keep("one", make())
    assert not (made.folder / "half").exists()
    assert not made.reused
    assert {path.name for path in cache.iterdir()} == {"one", ".locks"}


def test_what_was_not_used_for_sixty_days_is_removed_when_another_is_made(cache: Path) -> None:
    def use(name: str, days: float) -> Kept:
        kept = keep(name, make())
        used = time.time() - days * 86400
        os.utime(kept.folder / "awaitbench-stamp.json", (used, used))
        return kept

    use("old", 61)
    use("young", 59)
    keep("new", make())
    assert {each.folder.name for each in kept_folders()} == {"young", "new"}
    use("again", 61)
    assert keep("again", make(refuse)).last_used > time.time() - 3600
    keep("newer", make())
    assert {each.folder.name for each in kept_folders()} == {"young", "new", "again", "newer"}


class TestFolder:
    def test_it_is_in_the_users_cache(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(CACHE, raising=False)
        monkeypatch.setenv("HOME", "/home/me")
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        assert cache_folder() == Path("/home/me/.cache/awaitbench/environments")
        monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
        assert cache_folder() == Path("/cache/awaitbench/environments")

    def test_it_can_be_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(CACHE, "mine")
        assert cache_folder() == Path.cwd() / "mine"

    def test_a_key_tells_different_parts_apart(self) -> None:
        keys = [key_of("a", "b"), key_of("ab"), key_of("a", ["b"]), key_of("b", "a"), key_of()]
        assert len({*keys}) == len(keys)
        assert key_of("a", ("b",)) == key_of("a", ["b"])
