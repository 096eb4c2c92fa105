"""What can go wrong, as one small tree; the command line catches its root once.

::

    AwaitbenchError            exit code 1
    ├── InputError             exit code 2: unusable input, one line that says what to change
    │   ├── UnknownNameError   a name that does not exist, answered with the nearest ones
    │   └── StoreError         a run that is missing, damaged, newer, or cannot be written
    └── MeasureError           a child raised, hung or died: its group or case is skipped
        ├── DisagreementError  variants of one scenario do not do the same work
        ├── HungError          a child does not answer, and may still be running
        └── OvertimeError      the whole group has taken too long, and ends with what it has
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

# The folders of an absolute path, where one can begin.
_FOLDERS = re.compile(r"(?<![^\s'\"(=:,])/(?:[^\s/'\"]+/)+")
# Characters of a reason that are kept: it is one line, and stored.
_LONGEST_REASON = 2000

__all__ = [
    "AwaitbenchError",
    "DisagreementError",
    "HungError",
    "InputError",
    "MeasureError",
    "OvertimeError",
    "StoreError",
    "UnknownNameError",
    "shortened",
    "told",
    "without_paths",
]


class AwaitbenchError(Exception):
    """The root: its text is shown to the user as one line, never with a traceback."""

    exit_code: ClassVar[int] = 1

    def __str__(self) -> str:
        return " ".join(super().__str__().splitlines())


def told(error: BaseException) -> str:
    """Return what went wrong as one line: an error of ours by its text, others by type too."""
    if isinstance(error, AwaitbenchError):
        return str(error)
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def shortened(text: str) -> str:
    """Return *text* with its middle left out where it is long: a reason may hold a whole answer."""
    if len(text) <= _LONGEST_REASON:
        return text
    half = _LONGEST_REASON // 2
    return f"{text[:half]} … {text[-half:]}"


def without_paths(text: str) -> str:
    """Return *text* with every absolute path cut down to its last part: reasons are stored."""
    return _FOLDERS.sub("", text)


class InputError(AwaitbenchError):
    """Unusable input. Says what was expected, what came, and what to change."""

    exit_code: ClassVar[int] = 2


class UnknownNameError(InputError):
    """A name that does not exist among *known*; names the nearest ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"choose from: {', '.join(names)}"
        super().__init__(f"no {kind} is named {name!r}; {hint}")


class StoreError(InputError):
    """A stored run that is missing, damaged, of a newer schema, or cannot be written."""


class MeasureError(AwaitbenchError):
    """A measuring child raised, hung or died. Its group or case fails, the others go on."""


class DisagreementError(MeasureError):
    """The variants of a scenario do not do the same work; names the first difference."""


class HungError(MeasureError):
    """A child does not answer in time. It may still be running beside the others."""


class OvertimeError(MeasureError):
    """A whole group has taken many times as long as it was expected to."""
