"""Anchors: where on the page a case is, as ``cache_lookup/0.9/value_task``. Pure.

A link keeps working for another run of the same plan, and for one of a larger plan: nothing is
counted. What a name has that is not at home in a link is left out, and a digest of the whole name
stands for it, so that no two names share an anchor.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from harness.analysis.knobs import other_parameters
from harness.plan import Runtime, format_params

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.analysis.rows import CaseRow
    from harness.plan import Group
    from harness.scenario import ParamValue

__all__ = [
    "Distinct",
    "case_anchor",
    "group_anchor",
    "row_anchor",
    "scenario_anchor",
    "section_anchor",
    "segment",
]

_ELSEWHERE = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST = 60
# Enough of the digest to tell the names of one page apart.
_DIGITS = 8
_SHARE = "sync_ratio"


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
    others = [(name, _text(value)) for name, value in other_parameters(group)]
    runtime = group.runtime if with_runtime else None
    share = _text(dict(group.params)[_SHARE])
    return scenario_anchor(group.scenario, runtime) + _setting(share, others)


def row_anchor(row: CaseRow, *, with_runtime: bool = False) -> str:
    """Return where the panel of a row's group is, on a page about several runs.

    As in the report of either run, unless a value is made to look like several parameters, or the
    interpreter is not CPython.
    """
    words = [tuple(word.partition("=")[::2]) for word in row.params.split(";")]
    share = next(value for name, value in words if name == _SHARE)
    others = [(name, value) for name, value in words if name != _SHARE]
    return section_anchor(row, with_runtime=with_runtime) + _setting(share, others)


def section_anchor(row: CaseRow, *, with_runtime: bool = False) -> str:
    """Return where the section of a row's scenario is, on a page about several runs."""
    runtime = Runtime(row.python, loop=row.loop) if with_runtime else None
    return scenario_anchor(row.scenario, runtime)


def case_anchor(group: str, variant: str) -> str:
    """Return where a case is in the panel at the anchor *group*."""
    return f"{group}/{segment(variant)}"


class Distinct:
    """Gives each anchor of a page once: what is asked for again gets a number behind it."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def __call__(self, anchor: str) -> str:
        """Return *anchor*, or one like it that nobody was given."""
        number = self._given[anchor] = self._given.get(anchor, 0) + 1
        return anchor if number == 1 else f"{anchor}~{number}"


def _setting(share: str, others: Iterable[tuple[str, str]]) -> str:
    words = [f"{segment(name)}={segment(value)}" for name, value in others]
    return ",".join([segment(share), *words])


def _text(value: ParamValue) -> str:
    return format_params([("", value)]).removeprefix("=")
