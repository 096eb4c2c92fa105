"""Alignment: which entries of a long sequence are those of a shorter one that it contains. Pure.

memray's stack hook allocates itself, between the allocations of what it follows: the sequence
captured with the hook is the sequence captured without it, and more. Where the two are aligned,
what is left over is the hook's.

The longest common subsequence is found with one machine word per 64 entries (H. Hyyrö,
Bit-parallel LCS-length computation revisited, AWOCA 2004), in blocks: captures are long, and
operations repeat, so that an alignment that were free to wander would skip whole operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["align"]

_BLOCK = 400
_SLACK = 1.02  # a block may reach so much further than the rest's proportion of lengths says


def align(short: Sequence[int], long: Sequence[int]) -> list[int]:
    """Return the indices into *long* of the entries that are *short*'s, in order.

    Fewer than ``len(short)`` where *long* lacks some.
    """
    found: list[int] = []
    i = j = 0
    while i < len(short) and j < len(long):
        is_last = i + _BLOCK >= len(short)
        reach = _reach(len(short) - i, len(long) - j)
        pairs = _common(short[i : i + _BLOCK], long[j:] if is_last else long[j : j + reach])
        while not pairs and j + reach < len(long):  # a burst of what is not in *short*
            reach *= 2
            pairs = _common(short[i : i + _BLOCK], long[j : j + reach])
        if not pairs:
            i += _BLOCK
            continue
        # What is placed near the end of a block may have a better place beyond it.
        kept = pairs if is_last else pairs[: -(-len(pairs) // 2)]
        found.extend(j + place for _, place in kept)
        i, j = i + kept[-1][0] + 1, j + kept[-1][1] + 1
        if is_last:
            break
    return found


def _reach(short: int, long: int) -> int:
    return int(_BLOCK * long / short * _SLACK) + 20


def _common(short: Sequence[int], long: Sequence[int]) -> list[tuple[int, int]]:
    """Return the pairs of indices of a longest common subsequence.

    Bit j of row i is 0 where the first j + 1 entries of *long* have one more in common with
    the first i of *short* than the first j have.
    """
    places: dict[int, int] = {}
    for j, entry in enumerate(long):
        places[entry] = places.get(entry, 0) | 1 << j
    everything = (1 << len(long)) - 1
    rows = [everything]
    for entry in short:
        row = rows[-1]
        same = row & places.get(entry, 0)
        rows.append((row + same | row - same) & everything)
    pairs = []
    i, j = len(short), len(long)
    while i and j:
        if rows[i] >> (j - 1) & 1:
            j -= 1
        elif not rows[i - 1] >> (j - 1) & 1:
            i -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]
