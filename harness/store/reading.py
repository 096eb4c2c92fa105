"""Reading: the bytes of a file that somebody else may have put there."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from harness.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LARGEST", "read_file"]

# Thirty times what a standard run over all shipped scenarios writes. Decoded, the worst of this
# size takes a second or two, and a gigabyte.
LARGEST = 96 * 1024 * 1024


def read_file(path: Path) -> bytes:
    """Return what the regular file *path* holds.

    OSError where it cannot be opened or read; StoreError for what is no regular file, which might
    have no end or never answer, and for one of more than :data:`LARGEST` bytes.
    """
    # Without O_NONBLOCK, opening a FIFO waits for somebody who writes.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(found.st_mode):
            raise StoreError(f"{path}: is no regular file; restore it, or measure again")
        content = b"" if found.st_size > LARGEST else file.read(LARGEST + 1)
        if max(found.st_size, len(content)) > LARGEST:  # it may have grown meanwhile
            raise StoreError(
                f"{path}: too large ({max(found.st_size, len(content)):,} bytes; a run has at most "
                f"{LARGEST:,}); restore it, or measure again"
            )
        return content
