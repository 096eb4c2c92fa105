"""pyperformance's async_tree and ours in one process: what the collector and the leaves change.

``python docs/experiments/async_tree_collector.py path/to/bm_async_tree/run_benchmark.py KIND``;
writes JSON. CPU time, so that other work on the machine matters little; lazy and eager trees of
both in turn. Once as pyperf leaves the collector; once with all that is alive frozen, as awaitbench
does it before it times; once with the collector off.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

from harness import Params
from scenarios import async_tree
from scenarios._trees import SHARES, grow, open_tree

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Run = Callable[[], Awaitable[Any]]

REPEATS = 3
CLASSES = {
    "none": "NoneAsyncTree",
    "memoized": "MemoizationAsyncTree",
    "io": "IOAsyncTree",
    "cpu_io_mixed": "CpuIoMixedAsyncTree",
}


def theirs(script: str, kind: str) -> Run:
    """Return what runs a tree of pyperformance's, out of its own script."""
    spec = importlib.util.spec_from_file_location("bm_async_tree", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    run: Run = getattr(module, CLASSES[kind])().run
    return run


async def cpu_seconds(run: Run, eager: bool) -> float:
    """Run one tree; return the CPU time that it took."""
    loop = asyncio.get_running_loop()
    loop.set_task_factory(asyncio.eager_task_factory if eager else None)  # type: ignore[attr-defined]
    gc.collect()
    start = time.process_time()
    await run()
    taken = time.process_time() - start
    loop.set_task_factory(None)
    return taken


async def ratios(trees: dict[str, Run]) -> dict[str, dict[str, float]]:
    """Return seconds of lazy and eager trees, and their ratio: medians of a few."""
    taken: dict[tuple[str, bool], list[float]] = {}
    for _ in range(REPEATS):
        for name, run in trees.items():
            for eager in (False, True):
                taken.setdefault((name, eager), []).append(await cpu_seconds(run, eager))
    found = {}
    for name in trees:
        lazy, eager = (statistics.median(taken[name, eager]) for eager in (False, True))
        found[name] = {"lazy": lazy, "eager": eager, "ratio": lazy / eager}
    return found


async def measure(script: str, kind: str) -> dict[str, Any]:
    values = {"kind": kind, "branches": 6, "levels": 6, "delay": 0.05}
    params = Params({"sync_ratio": SHARES[kind], **values})
    async with open_tree(params) as tree:
        (root,) = grow(tree, params)
        trees: dict[str, Run] = {
            "theirs": theirs(script, kind),
            "ours": lambda: async_tree.task(tree, root),
        }
        for run in trees.values():
            await run()
        found = {"as pyperf": await ratios(trees)}
        gc.collect()
        gc.freeze()
        found["frozen"] = await ratios(trees)
        gc.disable()
        found["off"] = await ratios(trees)
        return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(*sys.argv[1:3]))))
