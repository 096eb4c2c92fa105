"""Knobs: which parameters move the share of synchronous completions, and which are beside it. Pure.

Ten rows in a page make a ``sync_ratio`` of 0.9. Groups that differ in such a parameter belong on
one curve over the share; those that differ in another one do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from harness.plan import Group
    from harness.scenario import ParamValue

__all__ = ["Values", "knob_values", "knobs", "other_parameters"]

Values: TypeAlias = "tuple[tuple[str, ParamValue], ...]"

_SHARE = "sync_ratio"


def knobs(groups: Sequence[Group]) -> tuple[str, ...]:
    """Return the parameters that vary among *groups* of a scenario one to one with the share."""
    found = []
    for name in dict(groups[0].params):
        pairs = {(dict(group.params)[_SHARE], dict(group.params).get(name)) for group in groups}
        shares, values = ({pair[place] for pair in pairs} for place in (0, 1))
        if name != _SHARE and len(shares) == len(values) == len(pairs) > 1:
            found.append(name)
    return tuple(found)


def knob_values(group: Group, moving: Collection[str]) -> Values:
    """Return the values of the knobs *moving* in *group*."""
    return tuple((name, value) for name, value in group.params if name in moving)


def other_parameters(group: Group, moving: Collection[str] = ()) -> Values:
    """Return the parameters of *group* that are neither the share nor among its knobs *moving*."""
    return tuple(
        (name, value) for name, value in group.params if name != _SHARE and name not in moving
    )
