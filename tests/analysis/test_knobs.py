"""Knobs: which parameters go with the share."""

from __future__ import annotations

from harness.analysis.knobs import knob_values, knobs, other_parameters
from harness.plan import Group, Runtime


def group(**params: float | str) -> Group:
    return Group("pages", tuple(params.items()), ("coroutine",), Runtime("3.13.0"))


def test_a_parameter_that_varies_one_to_one_with_the_share_is_a_knob() -> None:
    groups = [group(sync_ratio=0, rows=1, size=64), group(sync_ratio=0.9, rows=10, size=64)]
    assert knobs(groups) == ("rows",)
    assert knob_values(groups[1], ("rows",)) == (("rows", 10),)
    assert other_parameters(groups[1], ("rows",)) == (("size", 64),)


def test_a_parameter_that_is_combined_with_each_share_is_none() -> None:
    groups = [group(sync_ratio=share, size=size) for share in (0, 0.9) for size in (1, 64)]
    assert knobs(groups) == ()
    assert other_parameters(groups[0]) == (("size", 1),)


def test_a_parameter_of_several_values_at_one_share_is_none() -> None:
    groups = [group(sync_ratio=0.9, depth=1), group(sync_ratio=0.9, depth=5)]
    assert knobs(groups) == ()
    assert knobs([*groups, group(sync_ratio=1, depth=9)]) == ()


def test_one_group_has_no_knobs() -> None:
    assert knobs([group(sync_ratio=0.9, rows=10)]) == ()


def test_a_knob_may_be_text() -> None:
    groups = [group(sync_ratio=1, kind="none"), group(sync_ratio=0, kind="io")]
    assert knobs(groups) == ("kind",)
