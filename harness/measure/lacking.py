"""Lacking: the packages that an interpreter may measure without, and why it has to.

The one home of these reasons. Each is a phrase that follows the package's name: *memray is not
installed*.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from harness.errors import InputError, told, without_paths

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CPYTHON_ONLY", "NOT_INSTALLED", "PACKAGES", "check_counts", "unusable", "without"]

# No allocations are counted without the one, and no second event loop is there without the other.
PACKAGES = ("memray", "uvloop")
CPYTHON_ONLY = "follows CPython's allocators only"
NOT_INSTALLED = "is not installed for this interpreter"


def unusable(name: str) -> str:
    """Return why this interpreter cannot use the package *name*; empty if it can."""
    if name == "memray" and sys.implementation.name != "cpython":
        return CPYTHON_ONLY
    try:
        importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 an extension module may raise anything
        if isinstance(error, ModuleNotFoundError) and error.name == name:
            return NOT_INSTALLED
        return f"cannot be imported: {without_paths(told(error))}"
    return ""


def without(said: Mapping[str, str | bool], name: str) -> str:
    """Return why an interpreter that *said* so of itself is without *name*; empty if it is not."""
    return str(said.get(f"without_{name}", "" if said.get(name) else NOT_INSTALLED))


def check_counts(only: str | None, name: str, reason: str) -> None:
    """InputError where *only* allocations are asked for, and the interpreter *name* counts none.

    *reason* is why it is without memray; empty if it is not.
    """
    if only == "allocations" and reason:
        raise InputError(
            f"--only allocations: {name} counts none, memray {reason}; leave the option out, or "
            "give another --python"
        )
