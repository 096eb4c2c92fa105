"""One tree, pyperformance's async_tree or ours, run by the same program: the collector's part.

``python docs/experiments/async_tree_collector.py KIND theirs|ours lazy|eager COLLECTOR SCRIPT``,
SCRIPT being pyperformance's run_benchmark.py; writes JSON: CPU seconds of each tree, so that other
work on the machine matters little, and full collections per tree. COLLECTOR is ``on``, as under
pyperf, ``frozen``: what is alive is frozen first, as awaitbench does before it times, or ``off``.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from harness import Params
from scenarios import async_tree
from scenarios._trees import SHARES, grow, open_tree

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from harness.scenario import ParamValue

    Run = Callable[[], Awaitable[Any]]

TREES = 3
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


def full_collections() -> int:
    """Return how many there were so far."""
    return int(gc.get_stats()[2]["collections"])


async def trees(run: Run, collector: str) -> dict[str, Any]:
    """Run a few trees after one to warm up; return CPU seconds of each, and full collections."""
    await run()
    if collector == "frozen":
        gc.collect()
        gc.freeze()
    elif collector == "off":
        gc.disable()
    seconds = []
    before = full_collections()
    for _ in range(TREES):
        start = time.process_time()
        await run()
        seconds.append(time.process_time() - start)
    collections = (full_collections() - before) / TREES
    return {"seconds": seconds, "collections": collections}


async def measure(kind: str, tree: str, tasks: str, collector: str, script: str) -> dict[str, Any]:
    """Measure one of both trees."""
    if tasks == "eager":
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined]
    values: dict[str, ParamValue] = {"kind": kind, "branches": 6, "levels": 6, "delay": 0.05}
    params = Params({"sync_ratio": SHARES[kind], **values})
    async with open_tree(params) as known:
        (root,) = grow(known, params)
        run = theirs(script, kind)  # also where it is not run: the collector sees it
        return await trees(
            run if tree == "theirs" else lambda: async_tree.task(known, root), collector
        )


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(*sys.argv[1:6]))))
