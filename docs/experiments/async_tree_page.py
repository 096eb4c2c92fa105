"""The section that compares ``async_tree`` with pyperformance's, out of what was measured."""

from __future__ import annotations

from typing import Any

__all__ = ["table"]

_WHY = """\
Where they differ, this tells why: lazy / eager of both trees, pyperformance's and ours, in CPU
time, in one process, so that tool, process and collector are the same for both.

| interpreter | kind | collector as under pyperf | what is alive frozen | collector off |
|---|---|--:|--:|--:|
{rows}

Within a column the leaves differ: ours look their answer up and hand it up, which those of kind
none in pyperformance do not do; there the memoized ones draw a random number each. It is a
fraction of a microsecond per leaf, and weighs more in an eager tree.

From column to column the collector does. All Tasks of a lazy tree are alive at once, and full
collections visit them again and again: without the collector, lazy trees are much closer to eager
ones. awaitbench freezes what is alive before it times; under pyperf each full collection visits
all imported modules too, which makes lazy trees slower there, and their ratio larger."""


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
        *_WHY.format(rows="\n".join(_in_one_process(measured))).split("\n"),
        "",
    ]


def _both(row: dict[str, float]) -> str:
    half = row["half_width"] * row["ratio"]
    return f"{row['lazy']:.2f}, {row['eager']:.2f} | {row['ratio']:.2f} ± {half:.2f}"


def _in_one_process(measured: list[dict[str, Any]]) -> list[str]:
    return [
        f"| {each['python']} | {row['kind']} | "
        + " | ".join(
            f"{trees['theirs']['ratio']:.2f}, {trees['ours']['ratio']:.2f}"
            for trees in row["collector"].values()
        )
        + " |"
        for each in measured
        for row in each["in one process"]
    ]
