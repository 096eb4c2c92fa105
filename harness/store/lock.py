"""Lock: a run's folder belongs to the one process that measures it; reading stays free.

The kernel lets go of it when the process ends, however that is. The file holds nothing.
"""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from harness.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FolderLock"]

_NAME = ".lock"
_TAKEN = {errno.EWOULDBLOCK, errno.EACCES}
# File systems of some networks have no locks: a run is measured there all the same.
_WITHOUT = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


class FolderLock:
    """Held from ``acquire`` to ``release``; it may be acquired anew in a folder made again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take it; StoreError where another process has it, or the folder cannot be written."""
        path = self._folder / _NAME
        descriptor = -1
        while descriptor < 0:
            descriptor = self._open(path)
            # Who had it may have removed the file since it was opened: then it is another one.
            if not _is_there(path, descriptor):
                os.close(descriptor)
                descriptor = -1
        self._close()
        self._descriptor = descriptor

    @property
    def is_lost(self) -> bool:
        """Whether the file is there no more, or is another one in a folder made by another."""
        return self._descriptor is None or not _is_there(self._folder / _NAME, self._descriptor)

    def release(self) -> None:
        """Give it back, and remove the file; nothing happens where it is not held."""
        if self._descriptor is None:
            return
        path = self._folder / _NAME
        with suppress(OSError):
            if _is_there(path, self._descriptor):
                path.unlink()
        self._close()

    def _open(self, path: Path, access: int = os.O_RDONLY) -> int:
        try:
            flags = access | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(path, flags, 0o644)
        except OSError as error:
            raise StoreError(
                f"{self._folder}: cannot be written ({error.strerror}); give another folder with "
                "--results, or make room"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _WITHOUT:
                return descriptor
            os.close(descriptor)
            if error.errno == errno.EBADF and access == os.O_RDONLY:
                return self._open(path, os.O_RDWR)  # NFS locks what may be written
            if error.errno not in _TAKEN:
                raise StoreError(
                    f"{path}: cannot be locked ({error.strerror}); give another folder with "
                    "--results"
                ) from error
            raise StoreError(
                f"{self._folder}: another process is measuring this run; wait until it has ended, "
                "or begin a run of another --name"
            ) from None
        return descriptor

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _is_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(follow_symlinks=False), os.fstat(descriptor))
    except OSError:
        return False
