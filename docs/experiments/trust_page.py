"""The sections of ``docs/method.md`` on what the figures, the gate and the runs stand."""

from __future__ import annotations

from typing import Any

__all__ = ["faults_table", "gate_table", "table"]


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


def gate_table(found: dict[str, Any]) -> list[str]:
    """Show how often ``check --against`` raises an alarm, with a reason and without."""
    titles = {"unchanged": "an unchanged tree", "changed": "one more allocation per operation"}
    rows = [
        f"| {titles[name]} | {each['tries']} | {each['alarms']} | {each['passed']} "
        f"| {each['failed']} | {each['seconds']:.0f} |"
        for name, each in found.items()
    ]
    return [
        "### The gate",
        "",
        "`awaitbench check --against HEAD` in a small repository, preset quick, both instruments:",
        "as it is, and with one more allocation in each operation that is not committed.",
        "",
        "| | tries | alarms | no alarm | failed | s per try |",
        "|---|--:|--:|--:|--:|--:|",
        *rows,
        "",
    ]


def faults_table(found: list[dict[str, Any]]) -> list[str]:
    """Show what became of runs in which something went wrong."""
    rows = [
        f"| {each['fault']} | {each['tries']} | {each['survived']} | {each['lost']} |"
        for each in found
    ]
    return [
        "### Faults",
        "",
        "Each injected for real, into whole runs, into children, and into stored runs that are",
        "read. Survived: it ended as it should, in one clear line; lost: finished groups that were",
        "not there, or not the same, afterwards.",
        "",
        "| fault | tries | survived | groups lost |",
        "|---|--:|--:|--:|",
        *rows,
        "",
    ]
