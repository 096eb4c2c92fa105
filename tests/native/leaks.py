"""Shows that using a ValueTask leaves nothing behind: no block of memory, and no reference.

``python -m tests.native.leaks [--uses N] [--implementation native|python] [PATH ...]``;
`make leaks` runs it. Each path of ``paths.py`` is used 100,000 times, after a warm-up that
fills free lists and caches. Afterwards Python's allocator must have as many blocks in use as
before, and the objects that the uses shared as many references: the answer, the failure,
``None``, and all that the implementation consists of. A constant few may differ, because the
interpreter keeps up to 255 dead objects of a type (of contexts, of awaited futures) for reuse;
what one use in a hundred leaves is found.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import itertools
import sys
import warnings
from typing import TYPE_CHECKING, Any

from tests.native.paths import PATHS, Kit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from tests.native.paths import Path

__all__ = ["CONSTANT", "left_behind", "watched"]

CONSTANT = 300
WARM_UP = 600


def watched(kit: Kit, implementation: ModuleType) -> dict[str, object]:
    """Return the objects whose references are counted, by a name for each."""
    shared = {"None": None, "the loop": kit.loop}
    parts = {
        f"{module.__name__}.{name}": value
        for module in _modules(implementation)
        for name, value in vars(module).items()
        if not name.startswith("__")
    }
    return {**parts, **shared, **{f"kit.{name}": value for name, value in vars(kit).items()}}


def left_behind(path: Path, implementation: ModuleType, uses: int) -> dict[str, int]:
    """Return what *uses* of *path* left: blocks and references, by the name of each, if any."""
    with asyncio.Runner() as runner:
        return runner.run(_left_behind(path, implementation, uses))


async def _left_behind(path: Path, implementation: ModuleType, uses: int) -> dict[str, int]:
    kit = Kit(implementation)
    objects = watched(kit, implementation)
    await _use(path, kit, WARM_UP)
    await _counts(objects)  # which has caches of its own
    before = await _counts(objects)
    await _use(path, kit, uses)
    after = await _counts(objects)
    changes = {name: after[name] - before[name] for name in before}
    return {name: change for name, change in changes.items() if abs(change) > CONSTANT}


async def _use(path: Path, kit: Kit, uses: int) -> None:
    for _ in itertools.repeat(None, uses):
        await path(kit)


async def _counts(objects: Mapping[str, object]) -> dict[str, int]:
    for _ in range(3):  # what the loop was asked to do soon is done
        await asyncio.sleep(0)
    gc.collect()
    references = {name: sys.getrefcount(value) for name, value in objects.items()}
    return {"blocks": sys.getallocatedblocks(), **references}


def _modules(implementation: ModuleType) -> list[ModuleType]:
    """Return the modules that *implementation* takes what it offers from."""
    names = {getattr(value, "__module__", None) for value in vars(implementation).values()}
    found = [sys.modules[name] for name in names if name and name.startswith("harness.")]
    return sorted({implementation, *found}, key=lambda module: module.__name__)


def _main() -> str | None:
    parser = argparse.ArgumentParser(prog="python -m tests.native.leaks")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="which (all)")
    parser.add_argument("--uses", type=int, default=100_000, help="of each path (%(default)s)")
    parser.add_argument("--implementation", choices=("native", "python"), default="native")
    arguments = parser.parse_args()
    try:
        implementation = importlib.import_module(f"harness.valuetask.{arguments.implementation}")
    except ImportError as error:
        return f"leaks: {error}"
    leaking = 0
    warnings.simplefilter("ignore", RuntimeWarning)
    for name in arguments.paths or PATHS:
        left = left_behind(PATHS[name], implementation, arguments.uses)
        leaking += bool(left)
        _say(f"{name:36}{_told(left)}")
    if leaking:
        return f"leaks: {leaking} paths leave something behind in {arguments.uses:,} uses"
    _say(f"{len(arguments.paths or PATHS)} paths leave nothing behind in {arguments.uses:,} uses")
    return None


def _told(left: Mapping[str, Any]) -> str:
    return ", ".join(f"{change:+,} {name}" for name, change in left.items()) or "nothing"


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(_main())
