"""Anchors: where on the page a case is, as ``cache_lookup/0.9/value_task``. Pure.

A link keeps working for another run of the same plan, and for one of a larger plan: nothing is
counted. What a name has that is not at home in a link is left out, and a digest of the whole name
stands for it, so that no two names share an anchor.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from harness.analysis.knobs import beside
from harness.plan import format_params

if TYPE_CHECKING:
    from harness.plan import Group, Runtime
    from harness.scenario import ParamValue

__all__ = ["case_anchor", "group_anchor", "scenario_anchor", "segment"]

_ELSEWHERE = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST = 60
# Enough of the digest to tell the names of one page apart.
_DIGITS = 8


def segment(name: str) -> str:
    """Return *name* as one segment of an anchor: itself if it is short and plain."""
    plain = _ELSEWHERE.sub("-", name)[:_LONGEST].strip("-")
    if plain == name and name:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{plain}~{digest[:_DIGITS]}"


def scenario_anchor(scenario: str, runtime: Runtime | None = None) -> str:
    """Return where a scenario's section is; *runtime* tells those of several runtimes apart.

    It ends in a slash, which no other part of the page does.
    """
    if runtime is None:
        return f"{segment(scenario)}/"
    named = f"{runtime.implementation}-{runtime.python}-{runtime.loop}"
    return f"{segment(scenario)}/{segment(named)}/"


def group_anchor(group: Group, *, with_runtime: bool = False) -> str:
    """Return where a group's panel is: its scenario's anchor, its share, its other parameters."""
    settings = [f"{segment(name)}={_value(value)}" for name, value in beside(group)]
    share = _value(dict(group.params)["sync_ratio"])
    runtime = group.runtime if with_runtime else None
    return scenario_anchor(group.scenario, runtime) + ",".join([share, *settings])


def case_anchor(group: str, variant: str) -> str:
    """Return where a case is in the panel at the anchor *group*."""
    return f"{group}/{segment(variant)}"


def _value(value: ParamValue) -> str:
    return segment(format_params([("", value)]).removeprefix("="))
