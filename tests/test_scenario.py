"""Scenario, Parameter and Params: what an author declares, and what a user may ask for."""

from __future__ import annotations

import copy
import math
import pickle
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError, UnknownNameError
from harness.scenario import SYNC_RATIO, Parameter, Params, Scenario

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from harness.scenario import ParamValue

finite = st.floats(allow_nan=False, allow_infinity=False)


@asynccontextmanager
async def nothing(_: Params) -> AsyncIterator[None]:
    yield


async def coroutine(_: None, request: int) -> int:
    return request


async def other(_: None, request: int) -> int:
    return request


def scenario(**given: Any) -> Scenario[None, int, int]:
    return Scenario[None, int, int](
        **{
            "title": "Sample",
            "setup": nothing,
            "requests": lambda _, __: [1],
            "variants": (coroutine,),
            **given,
        }
    )


def parsed(parameter: Parameter, text: str) -> tuple[ParamValue | None, str]:
    """Return the value that *text* is, or else the error."""
    try:
        return parameter.parse("x", text), ""
    except InputError as error:
        return None, str(error)


class TestParameter:
    @given(finite)
    def test_a_number_is_read_as_python_writes_it(self, value: float) -> None:
        assert Parameter(0.0).parse("x", repr(value)) == value

    @given(st.integers(-(10**30), 10**30))
    def test_an_integer_is_read_exactly(self, value: int) -> None:
        assert Parameter(0).parse("x", str(value)) == value

    @pytest.mark.parametrize("text", ["true", "True", "FALSE", "false"])
    def test_a_truth_value_is_read_in_any_case(self, text: str) -> None:
        assert Parameter(default=True).parse("x", text) is (text.lower() == "true")

    @pytest.mark.parametrize("text", ["1", "yes", "", "tru"])
    def test_nothing_else_is_a_truth_value(self, text: str) -> None:
        with pytest.raises(InputError, match=f"^x={text}: expected true or false$"):
            Parameter(default=True).parse("x", text)

    def test_a_text_stays_as_it_is(self) -> None:
        assert Parameter("lru").parse("policy", "first in") == "first in"

    @pytest.mark.parametrize("text", ["a\nb", "a;b=1", " a", "a ", "\x1b[31m"])
    def test_a_text_that_would_spoil_a_line_of_the_results_is_refused(self, text: str) -> None:
        with pytest.raises(InputError, match="expected one line of text without ;"):
            Parameter("lru").parse("policy", text)

    @given(st.floats())
    def test_a_value_is_within_the_bounds_or_refused(self, value: float) -> None:
        parameter = Parameter(0.5, 0.0, 1.0)
        if 0 <= value <= 1:
            assert parameter.check("x", value) == value
        else:
            with pytest.raises(InputError, match="expected a number from 0 to 1"):
                parameter.check("x", value)

    @pytest.mark.parametrize("bound", [0, 1])
    def test_the_bounds_themselves_are_allowed(self, bound: int) -> None:
        assert Parameter(0.5, 0, 1).check("x", float(bound)) == bound

    @pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999"])
    def test_a_number_that_is_not_finite_is_refused(self, text: str) -> None:
        with pytest.raises(InputError, match="expected a number"):
            Parameter(0.0).parse("x", text)

    def test_an_integer_beyond_every_float_is_refused(self) -> None:
        with pytest.raises(InputError, match="expected an integer"):
            Parameter(0).parse("x", "1" + "0" * 400)

    @given(st.text())
    @pytest.mark.parametrize("default", [1, 1.0, True, "text"])
    def test_any_text_is_a_value_of_the_type_or_one_line_of_error(
        self, default: ParamValue, text: str
    ) -> None:
        read, told = parsed(Parameter(default), text)
        assert type(read) is type(default) or told.startswith("x=")
        assert len(told.splitlines()) <= 1

    def test_an_integer_is_taken_where_a_number_is_expected(self) -> None:
        value = Parameter(0.5).check("x", 3)
        assert value == 3
        assert type(value) is float

    @pytest.mark.parametrize(
        ("default", "value"), [(1, 1.0), (1, True), (1.0, True), ("a", 1), (True, 1), (1.0, "1")]
    )
    def test_a_value_of_another_type_is_refused(
        self, default: ParamValue, value: ParamValue
    ) -> None:
        with pytest.raises(InputError, match=f"x={value}: expected"):
            Parameter(default).check("x", value)

    @pytest.mark.parametrize("default", [None, (1, 2), b"bytes"])
    def test_a_default_of_a_type_that_no_command_line_has_is_refused(self, default: Any) -> None:
        with pytest.raises(InputError, match=r"default .*: expected one of"):
            Parameter(default)

    @pytest.mark.parametrize(
        ("parameter", "phrase"),
        [
            (Parameter(1.0), "a number"),
            (Parameter(1, minimum=1), "an integer of at least 1"),
            (Parameter(1, maximum=9), "an integer of at most 9"),
            (Parameter(1, 1, 1_000), "an integer from 1 to 1000"),
            (SYNC_RATIO, "a number from 0 to 1"),
        ],
    )
    def test_what_is_expected_is_said_in_one_phrase(
        self, parameter: Parameter, phrase: str
    ) -> None:
        assert parameter.expected == phrase

    def test_a_parameter_cannot_be_changed(self) -> None:
        with pytest.raises(AttributeError):
            SYNC_RATIO.default = 0.5  # type: ignore[misc]


class TestParams:
    def test_values_are_read_by_attribute_and_by_key(self) -> None:
        params = Params({"sync_ratio": 0.5, "size": 64}, seed=7)
        assert (params.sync_ratio, params.size, params["size"], params.seed) == (0.5, 64, 64, 7)
        assert dict(params) == {"sync_ratio": 0.5, "size": 64}
        assert len(params) == 2

    def test_the_share_is_a_number_even_if_an_integer_was_given(self) -> None:
        assert type(Params({"sync_ratio": 1}).sync_ratio) is float

    def test_a_parameter_that_is_not_declared_is_named(self) -> None:
        with pytest.raises(AttributeError, match="declares no parameter 'sise'"):
            _ = Params({"sync_ratio": 1.0, "size": 1}).sise

    @pytest.mark.parametrize("name", ["size", "seed", "sync_ratio", "_values", "new"])
    def test_nothing_of_it_can_be_set_or_deleted(self, name: str) -> None:
        params = Params({"sync_ratio": 1.0, "size": 64}, seed=7)
        with pytest.raises(AttributeError, match="immutable"):
            setattr(params, name, 1)
        with pytest.raises(AttributeError, match="immutable"):
            delattr(params, name)
        assert (params.size, params.seed) == (64, 7)

    def test_it_does_not_follow_the_mapping_it_was_made_of(self) -> None:
        values: dict[str, ParamValue] = {"sync_ratio": 1.0}
        params = Params(values)
        values["sync_ratio"] = 0.0
        assert params.sync_ratio == 1.0

    @pytest.mark.parametrize(
        "again", [copy.copy, copy.deepcopy, lambda params: pickle.loads(pickle.dumps(params))]
    )
    def test_a_copy_has_the_same_values_and_seed(self, again: Any) -> None:
        params = Params({"sync_ratio": 0.5, "size": 64}, seed=7)
        twin = again(params)
        assert twin == params
        assert twin.seed == 7

    def test_its_repr_shows_values_and_seed(self) -> None:
        assert repr(Params({"sync_ratio": 1.0}, 3)) == "Params({'sync_ratio': 1.0}, seed=3)"


class TestScenario:
    def test_every_scenario_has_the_share_of_synchronous_completions(self) -> None:
        declared = scenario(parameters={"size": Parameter(64, 1)}).declared
        assert list(declared) == ["sync_ratio", "size"]

    def test_it_cannot_be_changed(self) -> None:
        with pytest.raises(AttributeError):
            scenario().title = "Other"  # type: ignore[misc]

    def test_one_without_variants_is_refused(self) -> None:
        with pytest.raises(InputError, match="variants is empty"):
            scenario(variants=())

    def test_two_variants_of_one_name_are_refused(self) -> None:
        with pytest.raises(InputError, match="two variants are named 'coroutine'"):
            scenario(variants=(coroutine, other, coroutine))

    def test_a_sweep_of_an_unknown_parameter_is_answered_with_the_nearest(self) -> None:
        with pytest.raises(UnknownNameError, match="did you mean sync_ratio"):
            scenario(sweep={"sync_rate": (1.0,)})

    @pytest.mark.parametrize("value", [1.5, -0.1, math.nan, "1"])
    def test_a_sweep_over_a_value_out_of_range_is_refused(self, value: ParamValue) -> None:
        with pytest.raises(InputError, match="expected a number from 0 to 1"):
            scenario(sweep={"sync_ratio": (1.0, value)})

    def test_a_sweep_over_nothing_is_refused(self) -> None:
        with pytest.raises(InputError, match="the sweep of sync_ratio is empty"):
            scenario(sweep={"sync_ratio": ()})

    def test_a_default_out_of_its_own_range_is_refused(self) -> None:
        with pytest.raises(InputError, match="size=0: expected an integer of at least 1"):
            scenario(parameters={"size": Parameter(0, minimum=1)})

    @pytest.mark.parametrize("name", ["seed", "items", "keys", "sync_ratio", "a-b", "a=b", "a b"])
    def test_a_name_that_params_or_the_command_line_cannot_read_is_refused(self, name: str) -> None:
        with pytest.raises(InputError, match="cannot be named"):
            scenario(parameters={name: Parameter(1.0)})


class TestOperations:
    def test_a_request_is_one_operation_unless_told(self) -> None:
        assert scenario().operations_of(Params({})) == 1

    def test_parameters_decide_how_many_it_is(self) -> None:
        leaves = scenario(
            parameters={"leaves": Parameter(20, 1)}, operations=lambda params: params.leaves
        )
        assert leaves.operations_of(Params({"leaves": 7})) == 7

    def test_what_suspends_of_several_operations_says_nothing_of_the_share(self) -> None:
        one = Params({"sync_ratio": 0.9})
        assert scenario().awaited_share(one) == 0.9
        assert math.isnan(scenario(operations=lambda _: 1).awaited_share(one))

    @pytest.mark.parametrize("number", [0, -1, 1.5, "3", True])
    def test_what_is_no_number_of_operations_is_refused(self, number: object) -> None:
        with pytest.raises(InputError, match=r"its operations gives .*; expected 1 or more"):
            scenario(operations=lambda _: number).operations_of(Params({}))


def test_a_parameter_with_choices_takes_no_other_value() -> None:
    kind = Parameter("none", choices=("none", "io"))
    assert parsed(kind, "io") == ("io", "")
    assert parsed(kind, "cpu") == (None, "x=cpu: expected one of none, io")
    assert parsed(Parameter(2, choices=(2, 4)), "3") == (None, "x=3: expected one of 2, 4")


def test_choices_must_be_values_themselves() -> None:
    with pytest.raises(InputError, match="choice=2: expected"):
        Parameter("none", choices=("none", 2))


def test_a_scenario_whose_share_follows_has_no_sync_ratio_to_set() -> None:
    pages = scenario(parameters={"rows": Parameter(10, 1)}, sync_ratio=lambda p: 1 - 1 / p.rows)
    assert list(pages.declared) == ["rows"]
    assert pages.sweep == {}
    assert pages.share_of({"rows": 10}) == 0.9
    with pytest.raises(UnknownNameError, match="sync_ratio"):
        scenario(sync_ratio=lambda _: 1.0, sweep={"sync_ratio": (0.5,)})
