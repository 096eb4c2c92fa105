"""Pairing: what each child of a round is held against, by its name in the conductor."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.measure.rounds import Version
    from harness.plan import Runtime

__all__ = ["on_other_runtimes", "references_across", "references_within", "runtime_of_each"]


def references_within(versions: Sequence[Version], baseline: str) -> dict[str, str]:
    """Return what each child is held against: the baseline variant of its own runtime."""
    return {
        version.member(variant): version.member(baseline)
        for version in versions
        for variant in version.group.variants
    }


def runtime_of_each(versions: Sequence[Version]) -> dict[str, Runtime]:
    """Return the runtime of each child."""
    return {
        version.member(variant): version.group.runtime
        for version in versions
        for variant in version.group.variants
    }


def on_other_runtimes(versions: Sequence[Version]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what each child is held against too: its variant on the first runtime that has it.

    And that on the first event loop of its own interpreter.
    """
    first: dict[str, str] = {}
    first_loop: dict[tuple[str, str], str] = {}
    to_first, to_first_loop = {}, {}
    for version in versions:
        for variant in version.group.variants:
            member, interpreter = version.member(variant), version.group.runtime.interpreter
            to_first[member] = first.setdefault(variant, member)
            to_first_loop[member] = first_loop.setdefault((variant, interpreter), member)
    return to_first, to_first_loop


def references_across(versions: Sequence[Version], baseline: str) -> dict[str, str]:
    """Return what each child is held against: that of the first version, which has its code then.

    Where only one version is left, its baseline variant.
    """
    first, *later = versions
    if not later:
        return references_within(versions, baseline)
    references = {first.member(variant): first.member(variant) for variant in first.group.variants}
    for version in later:
        for variant in version.group.variants:
            there = variant in first.group.variants
            references[version.member(variant)] = (first if there else version).member(variant)
    return references
