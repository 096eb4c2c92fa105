"""Message: what a gate that fails says. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.testing.limits import Counts, Limits
    from harness.testing.places import Place

__all__ = ["failure"]

_WIDTH = 80
_MOST = 10


def failure(limits: Limits, counts: Counts, places: Sequence[Place]) -> str:
    """Return what is too much, and the lines at which it is allocated."""
    return "\n".join([*_heads(limits, counts), *_lines(places)])


def _heads(limits: Limits, counts: Counts) -> Iterator[str]:
    number, size = _figure(counts.allocations), _figure(counts.bytes)
    if limits.too_many_allocations(counts):
        yield (
            f"allocations: {number} per operation, max_per_op={limits.max_per_op:g} "
            f"({size} bytes per operation)"
        )
    if limits.too_many_bytes(counts):
        yield (
            f"allocated bytes: {size} per operation, max_bytes_per_op="
            f"{limits.max_bytes_per_op:.12g} ({number} allocations per operation)"
        )


def _lines(places: Sequence[Place]) -> Iterator[str]:
    if not places:
        yield "  where: not found by the attribution pass"
        return
    yield "  where, per operation (attribution pass):"
    for place in places[:_MOST]:
        where = f"{place.file}:{place.line} in {place.function}" if place.line else place.file
        line = f"  {place.allocations:6.2f} {place.bytes:8,.0f} B  {where}"
        yield _cut(f"{line}  {place.text}", len(line))
    if len(places) > _MOST:
        rest = sum(place.allocations for place in places[_MOST:])
        yield f"  {rest:6.2f}             at {len(places) - _MOST} more lines"


def _cut(line: str, least: int) -> str:
    """Return *line* in the width of a terminal, but its first *least* characters whole."""
    if len(line) <= _WIDTH:
        return line.rstrip()
    return line[: max(least, _WIDTH - 1)].rstrip() + ("…" if least < _WIDTH - 1 else "")


def _figure(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")
