"""Trees whose leaves are keys: of what is to be computed, waited for, or known already."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from harness import Params
from scenarios._futures import completed

Node: TypeAlias = "int | tuple[Node, ...]"
Answer: TypeAlias = "int | list[Answer]"

COMPUTED, WAITED_FOR = -1, 0
KNOWN = range(1, 10)

SHARES = {"none": 1.0, "memoized": 0.9, "io": 0.0, "cpu_io_mixed": 0.95}
"""The share of leaves that do not wait, by kind of tree."""

_MOST = 20  # trees, over which each of these shares is exact, whatever the number of leaves


@dataclass(frozen=True, slots=True)
class Tree:
    """What all leaves share: memos of answers and of futures, and the seconds that one waits."""

    memo: dict[int, int]
    futures: dict[int, asyncio.Future[int]]
    delay: float


@asynccontextmanager
async def open_tree(params: Params) -> AsyncIterator[Tree]:
    """Fill the memos with what is known."""
    yield Tree({key: key for key in KNOWN}, {key: completed(key) for key in KNOWN}, params.delay)


def compute(key: int) -> int:
    """Return *key*, having taken as long as a leaf of pyperformance's that computes."""
    math.factorial(500)
    return key


def grow(_: Tree, params: Params) -> list[Node]:
    """Return the fewest trees over which the share is exact to four digits; shuffled leaves."""
    size, share = params.branches**params.levels, SHARES[params.kind]
    number = next(n for n in range(1, _MOST + 1) if _differs(share, n * size) < 5e-5)
    leaves = [COMPUTED] * (number * size // 2 if params.kind == "cpu_io_mixed" else 0)
    leaves += [WAITED_FOR] * round((1 - share) * number * size)
    leaves += [KNOWN[i % len(KNOWN)] for i in range(number * size - len(leaves))]
    random.Random(params.seed).shuffle(leaves)
    rest = iter(leaves)
    return [_grown(params.branches, params.levels, rest) for _ in range(number)]


def _differs(share: float, number: int) -> float:
    """Return how far the nearest share is that so many leaves can have."""
    return abs(share - round(share * number) / number)


def _grown(branches: int, levels: int, leaves: Iterator[int]) -> Node:
    if levels == 0:
        return next(leaves)
    return tuple(_grown(branches, levels - 1, leaves) for _ in range(branches))
