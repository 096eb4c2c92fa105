"""A tree of gathers, whose leaves do nothing, look something up, wait, or compute.

It has the shape of pyperformance's async_tree (bm_async_tree/run_benchmark.py), as have nested
resolvers (graphql-core, src/graphql/execution/execute.py: ``execute_fields``). A request is a tree
of ``levels``, with ``branches`` of each node. ``kind`` is what its leaves do, and moves the share:
none (they do nothing: all are known), memoized (90 % are known, the others wait), io (all wait),
cpu_io_mixed (as in pyperformance: half compute, the others are as in memoized, so that 5 % wait).
A leaf waits one turn of the loop; ``delay`` 0.05 and 6 levels are pyperformance's. Figures are
per leaf. The memo of ``cached_future`` keeps futures; a leaf that computes needs a new one.

What it means: with a Task for each branch, a tree whose leaves are all known costs many times
what it costs to await them. Tasks that start eagerly take more than half of that away, and less
the more leaves wait: next to nothing where all do. A tree of ValueTasks is done at once where all
leaves are, and costs as little as the awaits; where all wait it costs more than plain Tasks, and
futures cost least. A large tree of Tasks that all live at once also keeps the collector busy:
docs/method.md has how much of pyperformance's figures that is.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

from harness import Parameter, Scenario, ValueTask, main
from harness import value_task as as_value_task
from harness.valuetask import gather
from scenarios._futures import completed, completed_later
from scenarios._trees import COMPUTED, SHARES, Answer, Node, Tree, compute, grow, open_tree


async def coroutine(tree: Tree, node: Node) -> Answer:
    """Await one branch after the other."""
    if isinstance(node, int):
        return await leaf(tree, node)
    return [await coroutine(tree, branch) for branch in node]


async def task(tree: Tree, node: Node) -> Answer:
    """Gather the coroutines of the branches, which makes a Task of each."""
    if isinstance(node, int):
        return await leaf(tree, node)
    return await asyncio.gather(*[task(tree, branch) for branch in node])


async def task_group(tree: Tree, node: Node) -> Answer:
    """Start a Task for each branch, in a group."""
    if isinstance(node, int):
        return await leaf(tree, node)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(task_group(tree, branch)) for branch in node]
    return [each.result() for each in tasks]


def eager_task_group(tree: Tree, node: Node) -> Awaitable[Answer]:
    """Do the same on a loop that starts tasks eagerly."""
    return task_group(tree, node)


def cached_future(tree: Tree, node: Node) -> asyncio.Future[Any]:
    """Gather futures: kept ones, and new ones of what is computed or waited for."""
    if not isinstance(node, int):
        return asyncio.gather(*[cached_future(tree, branch) for branch in node])
    if (kept := tree.futures.get(node)) is not None:
        return kept
    return completed(compute(node)) if node == COMPUTED else completed_later(node, tree.delay)


def value_task(tree: Tree, node: Node) -> ValueTask[Answer]:
    """Gather ValueTasks: done at once where all leaves below are."""
    if not isinstance(node, int):
        return gather(*[value_task(tree, branch) for branch in node])
    if (answer := tree.memo.get(node)) is not None:
        return ValueTask(answer)
    return ValueTask(compute(node)) if node == COMPUTED else suspended(tree, node)


def synchronous(tree: Tree, node: Node) -> Answer:
    """Look all leaves up; no plain call can wait for the loop."""
    if isinstance(node, int):
        return tree.memo[node]
    return [synchronous(tree, branch) for branch in node]


async def leaf(tree: Tree, key: int) -> int:
    """Look the answer up, or compute it, or wait; what was waited for stays unknown."""
    if (answer := tree.memo.get(key)) is not None:
        return answer
    return compute(key) if key == COMPUTED else await asyncio.sleep(tree.delay, key)


suspended = as_value_task(leaf)

SCENARIO = Scenario[Tree, Node, Answer](
    title="Tree of gathers",
    setup=open_tree,
    requests=grow,
    variants=(coroutine, task, task_group, eager_task_group, cached_future, value_task),
    synchronous=synchronous,
    parameters={
        "kind": Parameter("memoized", help="what leaves do", choices=tuple(SHARES)),
        "branches": Parameter(6, 1, 8, help="of each node"),
        "levels": Parameter(2, 1, 6, help="of nodes above the leaves"),
        "delay": Parameter(0.0, 0.0, help="seconds that a leaf waits; 0: a turn of the loop"),
    },
    sweep={"kind": tuple(SHARES)},
    sync_ratio=lambda params: SHARES[params.kind],
    operations=lambda params: params.branches**params.levels,
)

if __name__ == "__main__":
    main(SCENARIO)
