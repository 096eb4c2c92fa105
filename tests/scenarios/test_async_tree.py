"""The tree of gathers: its shape, what its leaves do, and what a wait leaves behind."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.drive import open_driver
from harness.measure.observe import observe
from harness.strategy import functions
from scenarios import async_tree
from scenarios._trees import COMPUTED, KNOWN, SHARES, WAITED_FOR, Tree, grow, open_tree
from tests.scenarios.watching import (
    LOOPS,
    SCENARIOS,
    Suspending,
    one_cycle,
    parameters,
    skip_unless_there,
    variants,
    watch,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scenarios._trees import Answer, Node

NOTHING = Tree({}, {}, 0.0)
KINDS = list(SHARES)


def leaves_of(node: Node) -> list[int]:
    if isinstance(node, int):
        return [node]
    return [leaf for branch in node for leaf in leaves_of(branch)]


def shape_of(node: Node) -> tuple[int, int]:
    """Return the branches and levels of a tree that has the same everywhere."""
    if isinstance(node, int):
        return 0, 0
    ((_, levels),) = {shape_of(branch) for branch in node}
    return len(node), levels + 1


def flattened(answer: Answer) -> list[int]:
    if isinstance(answer, int):
        return [answer]
    return [leaf for branch in answer for leaf in flattened(branch)]


@settings(deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    branches=st.integers(1, 8),
    levels=st.integers(1, 3),
    seed=st.integers(0, 2**32),
)
def test_the_share_of_all_leaves_does_not_wait_to_four_digits(
    kind: str, branches: int, levels: int, seed: int
) -> None:
    trees = grow(
        NOTHING, parameters("async_tree", seed, kind=kind, branches=branches, levels=levels)
    )
    assert len(trees) <= 20
    assert {shape_of(tree) for tree in trees} == {(branches, levels)}
    leaves = Counter(leaf for tree in trees for leaf in leaves_of(tree))
    number = leaves.total()
    assert leaves[WAITED_FOR] == pytest.approx((1 - SHARES[kind]) * number, abs=5e-5 * number)
    assert leaves[COMPUTED] == (number // 2 if kind == "cpu_io_mixed" else 0)
    assert leaves.keys() <= {COMPUTED, WAITED_FOR, *KNOWN}


@pytest.mark.parametrize("kind", KINDS)
def test_one_tree_of_pyperformances_size_has_the_share_to_four_digits(kind: str) -> None:
    (tree,) = grow(NOTHING, parameters("async_tree", kind=kind, branches=6, levels=6))
    leaves = leaves_of(tree)
    assert shape_of(tree) == (6, 6)
    assert round(1 - leaves.count(WAITED_FOR) / len(leaves), 4) == SHARES[kind]


def test_the_seed_shuffles_the_leaves() -> None:
    def grown(seed: int) -> list[Node]:
        return grow(NOTHING, parameters("async_tree", seed, kind="memoized"))

    assert grown(1) == grown(1) != grown(2)


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("variant", variants("async_tree", 1.0))
def test_a_tree_answers_with_its_leaves_in_its_own_shape(
    variant: str, kind: str, loop_name: str
) -> None:
    skip_unless_there(loop_name)
    if variant == "synchronous" and kind != "none":
        return
    trees = grow(NOTHING, parameters("async_tree", kind=kind))
    for cycle in watch("async_tree", variant, loop_name, 2, kind=kind):
        assert [flattened(answer) for answer in cycle.answers] == list(map(leaves_of, trees))
        assert {(len(answer), len(answer[0])) for answer in cycle.answers} == {(6, 6)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("variant", variants("async_tree", 0.9))
def test_exactly_the_leaves_that_wait_are_not_done_at_once(
    variant: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = parameters("async_tree", kind=kind)
    there: list[bool] = []
    leaf = async_tree.leaf

    async def noting_leaf(tree: Tree, key: int) -> int:
        awaited = Suspending(leaf(tree, key))
        answer: int = await awaited
        there.append(awaited.count == 0)
        return answer

    def noting(gather: Callable[..., Any]) -> Callable[..., Any]:
        def gathering(*branches: Any) -> Any:
            bottom.append(branches)
            there.extend(branch.done() for branch in branches)
            return gather(*branches)

        return gathering

    bottom: list[Any] = []
    with (
        open_driver(SCENARIOS["async_tree"], variant, params, "asyncio") as driver,
        monkeypatch.context() as replaced,
    ):
        trees = driver.cycle
        if variant == "cached_future":
            replaced.setattr(asyncio, "gather", noting(asyncio.gather))
        elif variant.startswith("value_task"):
            replaced.setattr(async_tree, "gather", noting(vars(async_tree)["gather"]))
        else:
            replaced.setattr(async_tree, "leaf", noting_leaf)
        driver.loop.run_until_complete(one_cycle(driver))
    if bottom:  # of 7 gathers in a tree, the last of each level is that of the nodes above
        of_leaves = [i for i in range(len(bottom)) if i % 7 != 6]
        there = [there[6 * i + j] for i in of_leaves for j in range(6)]
    waiting = sum(leaves_of(tree).count(WAITED_FOR) for tree in trees)
    assert len(there) == 36 * len(trees)
    assert there.count(False) == waiting == pytest.approx((1 - params.sync_ratio) * len(there))


@pytest.mark.parametrize("kind", KINDS)
def test_each_branch_is_a_task_each_waiting_leaf_or_none(kind: str) -> None:
    params = parameters("async_tree", kind=kind)
    for variant in variants("async_tree", params.sync_ratio):
        with open_driver(SCENARIOS["async_tree"], variant, params, "asyncio") as driver:
            tasks = observe(driver).tasks / len(driver.cycle)
        if variant in ("coroutine", "cached_future", "synchronous"):
            assert tasks == 0
        elif variant.startswith("value_task"):
            assert tasks == pytest.approx(36 * (1 - params.sync_ratio))
        else:
            assert tasks == 42


@pytest.mark.parametrize("variant", variants("async_tree", 0.9))
def test_the_delay_is_waited_for_side_by_side_except_by_the_loop_of_awaits(variant: str) -> None:
    params = parameters("async_tree", kind="io", branches=4, levels=1, delay=0.02)
    with open_driver(SCENARIOS["async_tree"], variant, params, "asyncio") as driver:
        seconds = driver.drive(1)
    # A loop may call back a clock's tick early.
    assert seconds > (0.079 if variant == "coroutine" else 0.019)


@pytest.mark.parametrize(
    "variant", ["coroutine", "task", "task_group", "cached_future", "value_task"]
)
def test_a_tree_that_is_cancelled_leaves_the_memos_whole(variant: str) -> None:
    function: Callable[[Tree, Node], Awaitable[Answer]]
    function = functions(async_tree.SCENARIO)[variant]
    params = parameters("async_tree", kind="io")

    async def cancel() -> list[str]:
        told: list[str] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: told.append(context["message"])
        )
        async with open_tree(params) as tree:
            root = grow(tree, params)[0]

            async def ask() -> Answer:
                answer: Answer = await function(tree, root)
                return answer

            for turns in (1, 2):
                asking = asyncio.create_task(ask())
                for _ in range(turns):
                    await asyncio.sleep(0)
                asking.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asking
            for _ in range(5):
                await asyncio.sleep(0)
            assert flattened(await ask()) == leaves_of(root)
            assert all(future.result() == key for key, future in tree.futures.items())
        return told

    assert asyncio.run(cancel()) == []


def test_a_leaf_that_computes_does_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(math, "factorial", asked.append)
    watch("async_tree", "value_task", "asyncio", 1, kind="none")
    assert asked == []
    watch("async_tree", "coroutine", "asyncio", 1, kind="cpu_io_mixed")
    assert set(asked) == {500}
    assert len(asked) == 3 * 5 * 18  # cycles, trees, half of the leaves
