"""Limits: what ``@pytest.mark.allocations(...)`` asks for, checked. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ARGUMENTS", "Counts", "Limits", "read_limits"]

ARGUMENTS = ("max_per_op", "max_bytes_per_op", "operations")
_OPERATIONS = 300  # as many as a run of awaitbench counts
_FEWEST = 10

# What the counts are good for: a table that outlives the operations grows once in a while.
_EXACT = 0.01
_EXACT_BYTES = 0.5


@dataclass(frozen=True)
class Counts:
    """Allocations and bytes asked for, per operation."""

    allocations: float
    bytes: float


@dataclass(frozen=True)
class Limits:
    """The most that an operation may allocate; None: any number.

    operations
        How many operations are counted.
    """

    max_per_op: float | None = None
    max_bytes_per_op: float | None = None
    operations: int = _OPERATIONS

    def too_many_allocations(self, counts: Counts) -> bool:
        """Whether an operation makes more allocations than it may."""
        return self.max_per_op is not None and counts.allocations > self.max_per_op + _EXACT

    def too_many_bytes(self, counts: Counts) -> bool:
        """Whether an operation asks for more bytes than it may."""
        limit = self.max_bytes_per_op
        return limit is not None and counts.bytes > limit + _EXACT_BYTES


def read_limits(positional: Sequence[object], named: Mapping[str, Any]) -> Limits:
    """Return what a marker with these arguments asks for; InputError if they are unusable."""
    if positional:
        raise InputError(
            f"expected max_per_op=… or max_bytes_per_op=…, got {positional[0]!r} without a name"
        )
    for name, value in named.items():
        if name not in ARGUMENTS:
            raise UnknownNameError("argument", name, ARGUMENTS)
        _check(name, value)
    if named.keys() <= {"operations"}:
        raise InputError("expected max_per_op=… or max_bytes_per_op=…, got neither")
    return Limits(**named)


def _check(name: str, value: object) -> None:
    if name == "operations":
        if type(value) is not int or value < _FEWEST:
            raise InputError(f"operations={value!r}: expected an integer of at least {_FEWEST}")
    elif type(value) not in (int, float) or not 0 <= value < math.inf:  # type: ignore[operator]
        raise InputError(f"{name}={value!r}: expected a number of at least 0")
