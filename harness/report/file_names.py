"""Names for files, made of names that anybody may have given: unlike texts, unlike names. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from harness.plan import format_params

if TYPE_CHECKING:
    from harness.plan import Group

__all__ = ["file_name", "group_name"]

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
