"""The section that compares ``async_tree`` with pyperformance's, out of what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["table"]

_WHY = """\
Where they differ, this tells why: lazy / eager of both trees, pyperformance's and ours, run by one
and the same program, in CPU time; and the full collections in one of pyperformance's trees.

| interpreter | kind | collector as under pyperf | what is alive frozen | collector off | \
full collections, lazy, eager |
|---|---|--:|--:|--:|--:|
{rows}

With the collector off, what differs is the leaves: ours look their answer up and hand it up, which
those of kind none in pyperformance do not; its memoized ones draw a random number each. It is a
fraction of a microsecond, and weighs more in an eager tree.

The rest is the collector's. A tree's Tasks, all of a lazy one, are alive at once, and each full
collection visits them all. Under pyperf it visits all imported modules too, while awaitbench
freezes what is alive before it times: lazy trees, which meet more collections, gain by that. And
full collections are few: whether a tree meets one more or less depends on all that was allocated
before, and differs between two programs."""


def table(found: list[dict[str, Any]]) -> list[str]:
    """Return the lines of the section: lazy / eager by both tools, and what makes a difference.

    *found* is what ``async_tree.py`` measured, for each interpreter.
    """
    measured = [each for each in found if "kinds" in each]
    versions = sorted({each["pyperformance"] for each in measured})
    lines = [
        "### async_tree and pyperformance",
        "",
        *(
            f"{each['python']}: left out, {each['skipped']}.\n"
            for each in found
            if "skipped" in each
        ),
    ]
    if not measured:
        return lines
    return [
        *lines,
        f"Trees of 6 levels of 6 branches, leaves that wait 0.05 s; pyperformance {versions[-1]}.",
        "Seconds per tree with lazy Tasks, with eager ones, and lazy / eager; the rounds of both",
        "alternate. Of kind none, pyperformance calls the two benchmarks none and eager.",
        "",
        "| interpreter | kind | pyperformance, s | lazy / eager | awaitbench, s | lazy / eager | "
        "difference |",
        "|---|---|--:|--:|--:|--:|--:|",
        *(
            f"| {each['python']} | {row['kind']} | {_both(row['theirs'])} | {_both(row['ours'])} "
            f"| {100 * (row['ours']['ratio'] / row['theirs']['ratio'] - 1):+.0f} % |"
            for each in measured
            for row in each["kinds"]
        ),
        "",
        *_WHY.format(rows="\n".join(_by_one_program(measured))).split("\n"),
        "",
    ]


def _both(row: dict[str, float]) -> str:
    half = row["half_width"] * row["ratio"]
    return f"{row['lazy']:.2f}, {row['eager']:.2f} | {row['ratio']:.2f} ± {half:.2f}"


def _by_one_program(measured: list[dict[str, Any]]) -> Iterator[str]:
    for each in measured:
        for row in each["by one program"]:
            ratios = [
                ", ".join(f"{_ratio(trees[tree]):.2f}" for tree in ("theirs", "ours"))
                for trees in row["collector"].values()
            ]
            theirs = row["collector"]["on"]["theirs"]
            full = ", ".join(f"{theirs[tasks]['collections']:.1f}" for tasks in ("lazy", "eager"))
            yield f"| {each['python']} | {row['kind']} | {' | '.join(ratios)} | {full} |"


def _ratio(tree: dict[str, dict[str, float]]) -> float:
    return tree["lazy"]["seconds"] / tree["eager"]["seconds"]
