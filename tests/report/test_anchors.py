from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.rows import case_rows
from harness.plan import Group, Runtime
from harness.report.anchors import (
    Distinct,
    case_anchor,
    group_anchor,
    row_anchor,
    scenario_anchor,
    section_anchor,
    segment,
)
from tests.runs import make_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.scenario import ParamValue

names = st.text(max_size=80)


def a_group(scenario: str, *values: ParamValue) -> Group:
    params = (("sync_ratio", 0.9), *((f"p{place}", each) for place, each in enumerate(values)))
    return Group(scenario, params, ("coroutine",), Runtime("3.13.0"))


def test_an_anchor_reads_as_a_path() -> None:
    (group,) = make_run(scenarios=("cache_lookup",), extra={"size": (64,)}).plan.groups
    assert scenario_anchor("cache_lookup") == "cache_lookup/"
    assert group_anchor(group) == "cache_lookup/0.9,size=64"
    assert case_anchor(group_anchor(group), "value_task") == "cache_lookup/0.9,size=64/value_task"


def test_a_runtime_is_named_where_there_are_several() -> None:
    anchor = group_anchor(a_group("lookup"), with_runtime=True)
    assert anchor == "lookup/cpython-3.13.0-asyncio/0.9"
    assert anchor.startswith(scenario_anchor("lookup", Runtime("3.13.0")))


@pytest.mark.parametrize("with_runtime", [False, True])
def test_a_case_has_the_same_anchor_on_a_page_about_several_runs(with_runtime: bool) -> None:
    run = make_run(scenarios=("lookup", "a pool"), extra={"size": (64, 0.5), "kind": ("a b",)})
    anchors = {group_anchor(group, with_runtime=with_runtime) for group in run.plan.groups}
    rows = case_rows(run)
    assert {row_anchor(row, with_runtime=with_runtime) for row in rows} == anchors
    for row in rows:
        section = section_anchor(row, with_runtime=with_runtime)
        assert row_anchor(row, with_runtime=with_runtime).startswith(section)


def test_what_is_asked_for_again_gets_a_number() -> None:
    distinct = Distinct()
    assert [distinct(name) for name in ("a", "b", "a", "a")] == ["a", "b", "a~2", "a~3"]


@given(names)
def test_a_segment_is_at_home_in_a_link_and_not_long(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.~-]{1,70}", segment(name))


@given(names, names)
def test_two_names_never_share_a_segment(one: str, other: str) -> None:
    assert (segment(one) == segment(other)) == (one == other)


@given(st.lists(names, min_size=2, max_size=2), st.lists(names, min_size=2, max_size=2))
def test_two_settings_never_share_an_anchor(one: Sequence[str], other: Sequence[str]) -> None:
    anchors = [group_anchor(a_group("lookup", *values)) for values in (one, other)]
    assert (anchors[0] == anchors[1]) == (one == other)


@pytest.mark.parametrize("name", ["method", "in-short", "overview", "content", "s1-1", "filter"])
def test_a_scenario_named_as_a_part_of_the_page_has_an_anchor_of_its_own(name: str) -> None:
    assert scenario_anchor(name) == f"{name}/"
