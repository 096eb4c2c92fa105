"""Plan: what a selection means, in groups and cases."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.catalog import Entry
from harness.errors import InputError, UnknownNameError
from harness.plan import (
    DEFAULT_BASELINE,
    INSTRUMENTS,
    LINES,
    PRESETS,
    Group,
    Runtime,
    Selection,
    format_params,
    make_plan,
)
from harness.scenario import Parameter, Params, Scenario

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from harness.plan import Plan

OLD = Runtime("3.11.7")
NEW = Runtime("3.13.0")


@asynccontextmanager
async def nothing(_: Params) -> AsyncIterator[None]:
    yield


async def coroutine(_: None, request: int) -> int:
    return request


async def task(_: None, request: int) -> int:
    return request


async def value_task(_: None, request: int) -> int:
    return request


async def cached_future(_: None, request: int) -> int:
    return request


def floor(_: None, request: int) -> int:
    return request


def entry(name: str, **given: Any) -> Entry:
    scenario = Scenario[None, int, int](
        **{
            "title": name,
            "setup": nothing,
            "requests": lambda _, __: [1],
            "variants": (coroutine, task),
            **given,
        }
    )
    return Entry(name, scenario, f"scenarios.{name}")


def entries(*found: Entry) -> dict[str, Entry]:
    return {each.name: each for each in found}


CACHE = entry(
    "cache",
    synchronous=floor,
    sweep={"sync_ratio": (0.5, 1.0), "size": (64, 1024)},
    parameters={"size": Parameter(64, 1, 10_000), "delay": Parameter(0.0, 0.0)},
)
STREAM = entry("stream", variants=(coroutine, cached_future))
BOTH = entries(CACHE, STREAM)


def plan(found: Mapping[str, Entry] = BOTH, runtime: Runtime = NEW, **selected: Any) -> Plan:
    return make_plan(Selection(**selected), found, runtime)


def names(groups: Iterable[Group]) -> list[str]:
    return [f"{group.scenario} {format_params(group.params)}" for group in groups]


class TestScenarios:
    def test_all_are_measured_unless_some_are_named(self) -> None:
        assert {group.scenario for group in plan().groups} == {"cache", "stream"}

    def test_only_the_named_ones_are_measured_in_the_order_given(self) -> None:
        groups = plan(scenarios=("stream", "cache", "stream")).groups
        assert [name for name, _ in itertools.groupby(group.scenario for group in groups)] == [
            "stream",
            "cache",
        ]

    def test_an_unknown_one_is_answered_with_the_nearest(self) -> None:
        with pytest.raises(UnknownNameError, match=r"no scenario is named .steam.; .* stream"):
            plan(scenarios=("steam",))

    def test_none_at_all_says_what_to_do(self) -> None:
        with pytest.raises(InputError, match="no scenario to measure; name one or add a file"):
            plan({})


class TestParameters:
    def test_the_sweep_is_measured_with_defaults_for_the_rest(self) -> None:
        assert names(plan(scenarios=("cache",)).groups) == [
            "cache sync_ratio=0.5;size=64;delay=0",
            "cache sync_ratio=0.5;size=1024;delay=0",
            "cache sync_ratio=1;size=64;delay=0",
            "cache sync_ratio=1;size=1024;delay=0",
        ]

    def test_a_value_that_is_asked_for_takes_the_place_of_the_sweep(self) -> None:
        assert names(plan(scenarios=("cache",), params=(("size", ("7",)),)).groups) == [
            "cache sync_ratio=0.5;size=7;delay=0",
            "cache sync_ratio=1;size=7;delay=0",
        ]

    def test_a_value_that_is_asked_for_twice_is_measured_once(self) -> None:
        params = (("sync_ratio", ("1", "1.0", "0.5")), ("size", ("7",)))
        assert names(plan(scenarios=("cache",), params=params).groups) == [
            "cache sync_ratio=1;size=7;delay=0",
            "cache sync_ratio=0.5;size=7;delay=0",
        ]

    def test_a_parameter_of_one_scenario_leaves_the_others_as_they_are(self) -> None:
        params = (("size", ("7",)),)
        assert plan(params=params).groups[-5:] == plan(scenarios=("stream",)).groups

    def test_values_have_the_type_of_the_parameter(self) -> None:
        (group, *_) = plan(params=(("size", ("7",)), ("sync_ratio", ("1",)))).groups
        assert [(name, type(value)) for name, value in group.params] == [
            ("sync_ratio", float),
            ("size", int),
            ("delay", float),
        ]

    def test_an_unknown_one_is_answered_with_the_nearest(self) -> None:
        with pytest.raises(UnknownNameError, match="did you mean size"):
            plan(params=(("sise", ("1",)),))

    def test_one_that_only_an_unselected_scenario_has_is_unknown(self) -> None:
        with pytest.raises(UnknownNameError, match="no parameter is named 'size'"):
            plan(scenarios=("stream",), params=(("size", ("1",)),))

    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            ("sync_ratio", "1.5", "a number from 0 to 1"),
            ("sync_ratio", "often", "a number from 0 to 1"),
            ("size", "0", "an integer from 1 to 10000"),
            ("size", "1.5", "an integer from 1 to 10000"),
            ("delay", "-0.5", "a number of at least 0"),
        ],
    )
    def test_a_value_out_of_range_says_what_is_in_range(
        self, name: str, text: str, expected: str
    ) -> None:
        with pytest.raises(InputError, match=f"^{name}={text}: expected {expected}$"):
            plan(params=((name, (text,)),))


class TestVariants:
    def test_all_are_measured_unless_some_are_named(self) -> None:
        groups = plan(params=(("sync_ratio", ("1",)), ("size", ("1",)))).groups
        assert [group.variants for group in groups] == [
            ("coroutine", "task", "eager_task", "synchronous"),
            ("coroutine", "cached_future"),
        ]

    def test_only_the_named_ones_are_measured_in_the_order_of_the_scenario(self) -> None:
        groups = plan(scenarios=("cache",), variants=("eager_task", "coroutine")).groups
        assert {group.variants for group in groups} == {("coroutine", "eager_task")}

    def test_the_floor_is_measured_only_where_nothing_waits(self) -> None:
        for group in plan(scenarios=("cache",)).groups:
            assert ("synchronous" in group.variants) == (dict(group.params)["sync_ratio"] == 1)

    def test_eager_tasks_are_unavailable_before_3_12_with_the_reason(self) -> None:
        for group in plan(scenarios=("cache",), runtime=OLD).groups:
            assert "eager_task" not in group.variants
            assert group.unavailable == (
                ("eager_task", "needs Python 3.12 or later, this is 3.11.7"),
            )

    def test_the_c_type_is_unavailable_where_it_is_not_built_with_the_reason(self) -> None:
        found = entries(entry("cache", variants=(coroutine, value_task)))
        without = Runtime("3.13.0", without_native="not built for this Python")
        for group in plan(found, without).groups:
            assert group.variants == ("coroutine", "value_task", "value_task_checked")
            assert group.unavailable == (
                ("value_task_native", "needs the C type (not built for this Python)"),
            )
        for group in plan(found).groups:
            assert "value_task_native" in group.variants

    def test_nothing_is_unavailable_from_3_12_on(self) -> None:
        assert not any(group.unavailable for group in plan(runtime=Runtime("3.12.0")).groups)

    def test_an_unknown_one_is_answered_with_the_nearest(self) -> None:
        with pytest.raises(UnknownNameError, match="did you mean coroutine"):
            plan(variants=("corotine",))

    def test_one_that_only_an_unselected_scenario_has_is_unknown(self) -> None:
        with pytest.raises(UnknownNameError, match="no variant is named 'task'"):
            plan(scenarios=("stream",), variants=("task",))

    def test_a_scenario_that_has_none_of_them_is_left_out(self) -> None:
        assert {group.scenario for group in plan(variants=("cached_future",)).groups} == {"stream"}

    def test_a_selection_that_only_an_older_python_lacks_says_so(self) -> None:
        with pytest.raises(InputError, match="nothing is left to measure: eager_task needs Python"):
            plan(runtime=OLD, variants=("eager_task",))

    def test_the_floor_alone_where_something_waits_says_what_to_add(self) -> None:
        with pytest.raises(InputError, match="synchronous does the work only where nothing waits"):
            plan(variants=("synchronous",), params=(("sync_ratio", ("0.5",)),))


class TestBaseline:
    def test_it_is_the_coroutine_unless_told_otherwise(self) -> None:
        assert plan().baseline == DEFAULT_BASELINE == "coroutine"

    def test_one_that_is_named_is_measured_too(self) -> None:
        made = plan(scenarios=("cache",), variants=("task",), baseline="coroutine")
        assert made.baseline == "coroutine"
        assert {group.variants for group in made.groups} == {("coroutine", "task")}

    def test_the_default_one_is_measured_only_if_it_is_selected(self) -> None:
        made = plan(scenarios=("cache",), variants=("task",))
        assert made.baseline == "coroutine"
        assert {group.variants for group in made.groups} == {("task",)}

    def test_an_unknown_one_is_answered_with_the_nearest(self) -> None:
        with pytest.raises(UnknownNameError, match=r"for the baseline.*did you mean task"):
            plan(baseline="tusk")


class TestInstruments:
    def test_both_are_used_unless_one_is_named(self) -> None:
        assert plan().instruments == INSTRUMENTS == ("time", "allocations")

    @pytest.mark.parametrize("only", INSTRUMENTS)
    def test_only_the_named_one_is_used(self, only: str) -> None:
        assert plan(only=only).instruments == (only,)

    @pytest.mark.parametrize("only", [None, *INSTRUMENTS])
    def test_lines_are_found_besides_where_they_are_asked_for(self, only: str | None) -> None:
        usual = plan(only=only).instruments
        assert plan(only=only, lines=True).instruments == (*usual, LINES)
        assert LINES not in usual

    @pytest.mark.parametrize("only", ["times", "", "both"])
    def test_an_unknown_one_is_answered_with_what_there_is(self, only: str) -> None:
        with pytest.raises(UnknownNameError, match=r"no instrument is named .*time"):
            plan(only=only)


class TestPresets:
    def test_quick_is_used_unless_another_is_named(self) -> None:
        assert plan().preset == PRESETS["quick"]
        assert plan(preset="rigorous").preset == PRESETS["rigorous"]

    def test_an_unknown_one_is_answered_with_the_nearest(self) -> None:
        with pytest.raises(UnknownNameError, match="did you mean standard"):
            plan(preset="standart")

    def test_each_is_more_exact_than_the_one_before(self) -> None:
        ordered = [PRESETS[name] for name in ("quick", "standard", "rigorous")]
        assert [preset.target for preset in ordered] == [0.05, 0.02, 0.01]
        for preset in ordered:
            fewest, most = preset.rounds
            assert 2 <= fewest <= most

    def test_on_many_runtimes_a_round_has_fewer_values(self) -> None:
        for preset in PRESETS.values():
            assert preset.on(1) == preset.on(5) == preset
            many = preset.on(6)
            assert many == preset.on(9) == replace(preset, values=many.values)
            assert many.values == pytest.approx(0.8 * preset.values, abs=0.5)

    def test_each_run_on_many_runtimes_says_how_many(self) -> None:
        pythons = (OLD, Runtime("3.12.1"), NEW)
        loops = [replace(each, loop=loop) for each in pythons for loop in ("asyncio", "uvloop")]
        assert make_plan(Selection(), BOTH, *loops).preset == PRESETS["quick"].on(6)
        assert make_plan(Selection(), BOTH, *loops[:5]).preset == PRESETS["quick"]


@given(
    scenarios=st.lists(st.sampled_from(["cache", "stream"]), unique=True),
    variants=st.lists(
        st.sampled_from(["coroutine", "task", "eager_task", "cached_future", "synchronous"]),
        unique=True,
    ),
    shares=st.lists(st.integers(0, 100).map(lambda part: str(part / 100)), max_size=4),
    runtime=st.sampled_from([OLD, NEW]),
)
def test_a_plan_is_the_product_of_what_was_selected(
    scenarios: list[str], variants: list[str], shares: list[str], runtime: Runtime
) -> None:
    params = (("sync_ratio", tuple(shares)),) if shares else ()
    selection = Selection(tuple(scenarios), tuple(variants), params)
    try:
        groups = make_plan(selection, BOTH, runtime).groups
    except InputError:
        return  # nothing is left, which the other tests look at
    assert groups == make_plan(selection, BOTH, runtime).groups
    assert len(set(groups)) == len(groups)
    assert len({group.key for group in groups}) == len(groups)
    assert {group.scenario for group in groups} <= {*(scenarios or BOTH)}
    for group in groups:
        both = {*group.variants, *(name for name, _ in group.unavailable)}
        assert both
        assert len(both) == len(group.variants) + len(group.unavailable)
        assert both <= {*variants} or not variants
        assert group.runtime == runtime
        if shares:
            assert dict(group.params)["sync_ratio"] in {float(share) for share in shares}


class TestNames:
    @pytest.mark.parametrize(
        ("params", "text"),
        [
            ((("sync_ratio", 0.9), ("size", 64)), "sync_ratio=0.9;size=64"),
            ((("sync_ratio", 1.0),), "sync_ratio=1"),
            ((("delay", 1e-9),), "delay=1e-09"),
            ((("eager", True), ("policy", "lru")), "eager=true;policy=lru"),
            ((), ""),
        ],
    )
    def test_parameters_are_written_as_in_the_contract(
        self, params: tuple[tuple[str, float | str], ...], text: str
    ) -> None:
        assert format_params(params) == text

    @given(st.lists(st.floats(0, 1), unique=True, min_size=2))
    def test_no_two_shares_are_written_alike(self, shares: list[float]) -> None:
        texts = {format_params([("sync_ratio", share)]) for share in shares}
        assert len(texts) == len(shares)

    def test_a_group_is_named_by_its_scenario_parameters_and_runtime(self) -> None:
        group = Group("cache", (("sync_ratio", 1.0),), ("task",), NEW)
        assert group.key == "cache sync_ratio=1 cpython-3.13.0 asyncio"

    def test_a_runtime_is_named_by_interpreter_and_loop(self) -> None:
        assert str(Runtime("3.13.0", loop="uvloop")) == "cpython 3.13.0, uvloop"
        assert Runtime("3.13.0").interpreter == "3.13.0"
        assert Runtime("3.13.0t").interpreter == "3.13.0t"
        assert Runtime("3.13.0t").version == (3, 13)
        assert Runtime("3.11.11", "pypy").interpreter == "pypy 3.11.11"
        assert NEW.version == (3, 13)

    def test_a_runtime_is_the_same_one_whether_or_not_the_c_type_is_built(self) -> None:
        without = Runtime("3.13.0", without_native="not built for this Python")
        assert (without, hash(without), str(without)) == (NEW, hash(NEW), str(NEW))


PAGES = entry(
    "pages",
    parameters={"rows": Parameter(10, 1), "kind": Parameter("warm", choices=("warm", "cold"))},
    sweep={"rows": (1, 10, 3)},
    sync_ratio=lambda params: 1 - 1 / params.rows,
)


def shares(*scenarios: str, among: tuple[Entry, ...] = (PAGES,), **given: Any) -> list[float]:
    plan = make_plan(Selection(scenarios=scenarios, **given), entries(*among), NEW)
    return [float(dict(group.params)["sync_ratio"]) for group in plan.groups]


def test_a_share_that_follows_from_other_parameters_comes_first_to_four_digits() -> None:
    plan = make_plan(Selection(), entries(PAGES), NEW)
    assert [format_params(group.params) for group in plan.groups] == [
        "sync_ratio=0;rows=1;kind=warm",
        "sync_ratio=0.9;rows=10;kind=warm",
        "sync_ratio=0.6667;rows=3;kind=warm",
    ]


def test_a_share_that_is_asked_for_selects_among_those_that_follow() -> None:
    assert shares(params=(("sync_ratio", ("0.9",)),)) == [0.9]
    assert shares(params=(("sync_ratio", ("0.9", "0")),)) == [0.0, 0.9]
    assert shares(params=(("sync_ratio", ("0.5",)), ("rows", ("2",)))) == [0.5]


def test_a_share_that_a_named_scenario_cannot_have_is_refused_with_those_it_has() -> None:
    expected = (
        r"^pages has no sync_ratio=0.25: its share follows from rows, kind; expected of "
        r"sync_ratio=0;rows=1;kind=warm; sync_ratio=0.9;"
    )
    with pytest.raises(InputError, match=expected):
        shares("pages", params=(("sync_ratio", ("0.25",)),))
    with pytest.raises(InputError, match=r"^pages has no sync_ratio=0.25,0.9: "):
        shares("pages", params=(("sync_ratio", ("0.9", "0.25")),))


def test_where_none_was_named_the_scenarios_that_have_a_share_are_measured_at_it() -> None:
    assert shares(among=(PAGES, entry("cache")), params=(("sync_ratio", ("0.25",)),)) == [0.25]
    with pytest.raises(InputError, match=r"^pages has no sync_ratio=0.25: its"):
        shares(params=(("sync_ratio", ("0.25",)),))


def test_a_share_that_is_none_is_refused() -> None:
    bad = entry("bad", sync_ratio=lambda _: 1.5)
    with pytest.raises(InputError, match=r"sync_ratio gives 1.5 .* expected a number from 0 to 1"):
        shares(among=(bad,))
    worse = entry("worse", sync_ratio=lambda params: params.absent)
    with pytest.raises(InputError, match=r"its sync_ratio fails for \{\}: AttributeError"):
        shares(among=(worse,))
