"""Figures as people read them: a unit for the column, as many digits as the figure bears. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from harness.printable import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "ABSENT",
    "Unit",
    "align",
    "byte_text",
    "count_text",
    "percent_text",
    "ratio_parts",
    "significant",
    "time_text",
    "time_unit",
    "visible",
]

ABSENT = "-"


class Unit(NamedTuple):
    """A unit of time and how many nanoseconds it has."""

    symbol: str
    nanoseconds: float


_UNITS = (Unit("ns", 1.0), Unit("µs", 1e3), Unit("ms", 1e6), Unit("s", 1e9))


def time_unit(times_ns: Iterable[float | None]) -> Unit:
    """Return the unit in which the smallest of the times is 1 or more: no digit gets lost."""
    smallest = min((time for time in times_ns if time is not None), default=0.0)
    return max(
        (unit for unit in _UNITS if unit.nanoseconds <= smallest),
        key=lambda unit: unit.nanoseconds,
        default=_UNITS[0],
    )


def time_text(time_ns: float | None, unit: Unit | None = None) -> str:
    """Write a time, without its unit if the column has one: ``80.3``, ``6,012``, ``6.01 µs``."""
    if time_ns is None:
        return ABSENT
    if unit is not None:
        return significant(time_ns / unit.nanoseconds)
    own = time_unit([time_ns])
    return f"{significant(time_ns / own.nanoseconds)} {own.symbol}"


def significant(value: float, digits: int = 3) -> str:
    """Write *value* with so many significant digits; whole numbers are never rounded off."""
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    if abs(float(f"{value:.{places}f}")) >= 10 ** (digits - places):  # 9.999 became 10.00
        places = max(0, places - 1)
    return f"{value:,.{places}f}"


def count_text(count: float | None) -> str:
    """Write a count per operation: at most two decimals, none where it is whole."""
    if count is None:
        return ABSENT
    if 0 < count < 0.005:
        return "<0.01"
    text = f"{count:,.2f}"
    return text.rstrip("0").rstrip(".")


def percent_text(share: float | None) -> str:
    """Write a share as ``1.4 %``, with two digits."""
    return ABSENT if share is None else f"{significant(share * 100, 2)} %"


def byte_text(size: float | None) -> str:
    """Write bytes per operation: whole bytes, one decimal below ten."""
    if size is None:
        return ABSENT
    return count_text(round(size, 1)) if size < 10 else f"{size:,.0f}"


def ratio_parts(ratio: float | None, half_width: float | None) -> tuple[str, str]:
    """Return ratio and half-width with the digits that the half-width leaves meaningful."""
    if ratio is None:
        return ABSENT, ""
    if half_width is None:
        return significant(ratio), ""
    if half_width > 10 * ratio:
        return significant(ratio), f">{significant(10 * ratio)}"
    half_width = max(half_width, 0.001)  # finer digits would be the clock's, not the variant's
    places = min(3, max(0, 1 - math.floor(math.log10(half_width))))
    return f"{ratio:,.{places}f}", f"{half_width:,.{places}f}"


def align(cells: Sequence[str]) -> list[str]:
    """Pad *cells* to one width with the decimal points beneath each other."""
    parts = [cell.partition(".") for cell in cells]
    before = max((len(whole) for whole, _, _ in parts), default=0)
    after = max((len(point + fraction) for _, point, fraction in parts), default=0)
    return [
        whole.rjust(before) + (point + fraction).ljust(after) for whole, point, fraction in parts
    ]
