"""Files beside a report: named after what anybody may have given, written whole or not at all."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from harness.errors import StoreError
from harness.plan import format_params

if TYPE_CHECKING:
    from pathlib import Path

    from harness.plan import Group

__all__ = ["file_name", "group_name", "write_whole"]

_LONGEST = 120


def group_name(group: Group) -> str:
    """Return what names a group: its scenario and its parameters."""
    return f"{group.scenario}-{format_params(group.params).replace(';', ',')}"


def file_name(text: str) -> str:
    """Return *text* as a part of a file's name; what is changed or cut ends in a digest of it."""
    safe = re.sub(r"[^A-Za-z0-9._=,+-]", "_", text)[:_LONGEST]
    if safe == text:
        return safe
    return f"{safe}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def write_whole(path: Path, text: str) -> None:
    """Write a file whole, or not at all; StoreError where it cannot be written."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise StoreError(
            f"{path}: cannot be written ({error.strerror}); give other folders with --results "
            "and --reports, or make room"
        ) from error
