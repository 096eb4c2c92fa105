"""Kept: folders in the user's cache that are made once, whole or not at all, and used again.

A folder is made beside its place and moved there when it is whole; its stamp, written last, says
what it holds. One that has changed since is made again. Two processes never make the same one at
once, and one that was not used for 60 days is removed when another is made.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harness.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["CACHE", "Kept", "Make", "Progress", "cache_folder", "keep", "kept_folders", "key_of"]

CACHE = "AWAITBENCH_ENVIRONMENTS"  # the variable that names another folder

_STAMP = "awaitbench-stamp.json"
_NEW, _OLD, _LOCKS = ".new-", ".old-", ".locks"
_UNUSED = 60 * 86400.0  # seconds
_DIGITS = 16


@dataclass(frozen=True)
class Kept:
    """A whole folder, and what its stamp says that it holds; *reused*: it was there before."""

    folder: Path
    holds: Mapping[str, Any]
    reused: bool = True

    @property
    def last_used(self) -> float:
        """When it was last asked for, in seconds since 1970."""
        return (self.folder / _STAMP).stat().st_mtime

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(status.st_blocks * 512 for _, status in _files(self.folder, caches=True))


@dataclass(frozen=True)
class Make:
    """How a folder is made: *fill* is given an empty one, and returns what it then holds."""

    fill: Callable[[Path], Mapping[str, Any]]
    waiting: Callable[[], None]
    what: str  # for people, in an error


class Progress(Protocol):
    """Is told what takes long."""

    def making(self) -> None:
        """Something is being made."""

    def waiting(self) -> None:
        """Another process is making it."""


def cache_folder() -> Path:
    """Return where environments are kept."""
    if own := os.environ.get(CACHE):
        return Path(own).expanduser().absolute()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "awaitbench" / "environments"


def key_of(*parts: object) -> str:
    """Return what tells folders apart whose contents are decided by different *parts*."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:_DIGITS]


def keep(
    name: str, make: Make, *, is_good: Callable[[Mapping[str, Any]], bool] = lambda _: True
) -> Kept:
    """Return the folder *name*, made now unless it is there, whole and good.

    InputError where it cannot be made: its folder cannot be written, or the disk is full.
    """
    root = cache_folder()
    if found := _found(root / name, is_good):
        return found
    try:
        (root / _LOCKS).mkdir(parents=True, exist_ok=True)
        with _locked(root / _LOCKS / name, make.waiting):
            # Whoever had the lock may have made it meanwhile.
            return _found(root / name, is_good) or _made(root, name, make)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(
            f"{make.what}: {root} cannot be written ({reason}); make room there, or name another "
            f"folder by {CACHE}"
        ) from error


def kept_folders() -> list[Kept]:
    """Return all that are whole."""
    try:
        folders = sorted(cache_folder().iterdir())
    except OSError:
        return []
    read = ((folder, _read(folder)) for folder in folders if not folder.name.startswith("."))
    return [Kept(folder, stamp["holds"]) for folder, stamp in read if stamp is not None]


def _found(folder: Path, is_good: Callable[[Mapping[str, Any]], bool]) -> Kept | None:
    stamp = _read(folder)
    if stamp is None or not is_good(stamp["holds"]):
        return None
    if stamp["inventory"] != _inventory(folder):
        return None
    with suppress(OSError):  # it may be another user's, who lets us read
        os.utime(folder / _STAMP)
    return Kept(folder, stamp["holds"])


def _made(root: Path, name: str, make: Make) -> Kept:
    for left in root.glob(f"{_NEW}{name}-*"):
        shutil.rmtree(left, ignore_errors=True)
    # Not the name that a killed process used: what that one had started may still write there.
    new, old = root / f"{_NEW}{name}-{os.getpid()}", root / f"{_OLD}{name}"
    new.mkdir()
    try:
        holds = dict(make.fill(new))
        stamp = {"holds": holds, "inventory": _inventory(new)}
        (new / _STAMP).write_text(json.dumps(stamp, indent=1), encoding="utf-8")
        _remove(old)
        if (root / name).exists():  # it was broken, or is not good any more
            (root / name).rename(old)
        new.rename(root / name)
    finally:
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)
    _remove_unused(root)
    return Kept(root / name, holds, reused=False)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _read(folder: Path) -> dict[str, Any] | None:
    try:
        stamp = json.loads((folder / _STAMP).read_bytes())
    except (OSError, ValueError):
        return None
    whole = isinstance(stamp, dict) and isinstance(stamp.get("holds"), dict)
    return stamp if whole and isinstance(stamp.get("inventory"), str) else None


def _inventory(folder: Path) -> str:
    """Return a digest of the names and sizes of all files; those that Python writes do not count.

    A link counts with what it leads to: the interpreter of an environment may be gone.
    """
    lines = sorted(f"{name}\t{status.st_size}" for name, status in _files(folder))
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def _files(folder: Path, *, caches: bool = False) -> Iterator[tuple[str, os.stat_result]]:
    waiting = [str(folder)]
    while waiting:
        path = waiting.pop()
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if caches or entry.name != "__pycache__":
                        waiting.append(entry.path)
                elif entry.name != _STAMP:
                    with suppress(FileNotFoundError):
                        if caches:
                            yield entry.path, entry.stat(follow_symlinks=False)
                        elif not entry.is_symlink() or not entry.is_dir():
                            yield entry.path[len(str(folder)) :], entry.stat()


@contextmanager
def _locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock at *path*, once another process has let go of it.

    On a file system without locks nothing is waited for: each process moves its own in place.
    """
    with path.open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            pass
        yield


def _remove_unused(root: Path) -> None:
    """Remove what was not used for long, and what a process that was killed has left."""
    for folder in root.iterdir():
        stamp = folder / _STAMP
        with suppress(OSError):
            is_left = folder.name.startswith((_NEW, _OLD))
            used = (folder if is_left else stamp).stat().st_mtime
            if folder.name != _LOCKS and time.time() - used > _UNUSED:
                shutil.rmtree(folder, ignore_errors=True)
