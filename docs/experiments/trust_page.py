"""The section on equal and different in ``docs/method.md``."""

from __future__ import annotations

from typing import Any

__all__ = ["table"]


def table(found: list[dict[str, Any]]) -> list[str]:
    """Show whether equal is told from different."""
    rows = [
        f"| {each['condition']} | {each['pairs']} | {each['called_different']} "
        f"({100 * each['called_different'] / each['pairs']:.1f} %) | {each['claimed']} "
        f"| ± {100 * each['half_width']:.1f} % | {100 * each['detectable']:.1f} % "
        f"| {each['found']} of {each['tries']} | {100 * each['seen']:.1f} % |"
        for each in found
    ]
    return [
        "### Equal and different",
        "",
        f"`awaitbench doctor --aa`, preset {found[0]['preset']}, {found[0]['interpreter']}: equal",
        "variants under different names, and one that is "
        f"{100 * found[0]['slowdown']:g} % slower. Called",
        "different: by the 95 % interval; claimed: by the report's rule. Once with the machine to",
        "itself, once with a process that computes without end beside it.",
        "",
        "| beside it | equal pairs | called different | claimed | half-width, median "
        "| detectable, 4 of 5 | slower one found | seen as |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
        *rows,
        "",
    ]
