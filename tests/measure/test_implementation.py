"""Implementation: what a scenario uses of ValueTask, swapped in place and put back."""

from __future__ import annotations

import functools
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.errors import InputError
from harness.measure import implementation
from harness.measure.implementation import PURE_PYTHON, missing, using
from harness.valuetask import python

if TYPE_CHECKING:
    from collections.abc import Callable

PUBLIC = ("ValueTask", "value_task", "gather", "ManualResetValueTaskSource")

SOURCE = """
import harness
import harness.valuetask as vt
from harness.valuetask import ManualResetValueTaskSource, ValueTask, gather
from harness.valuetask import value_task as as_value_task

async def body(number=1):
    return number

plain = as_value_task(body)

@as_value_task(pooled=True)
async def pooled():
    return 2

@as_value_task
async def calling():
    return type(ValueTask(3)), type(harness.ValueTask(3)), type(vt.ValueTask(3)), type(plain())

class Client:
    kind = ValueTask

    @as_value_task
    async def method(self):
        return self

    @staticmethod
    @as_value_task
    async def static():
        return 4

    @classmethod
    @as_value_task
    async def of_class(cls):
        return cls

    class Inner:
        @as_value_task
        async def method(self):
            return self

def defaulting(made=ValueTask):
    return made()

def closing(function):
    return lambda: function()

closure = closing(plain)
"""


@pytest.fixture(params=["python", "native"])
def face(
    request: pytest.FixtureRequest, native: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """Have ``harness`` and ``harness.valuetask`` show one of the implementations."""
    shown: ModuleType = python if request.param == "python" else native
    monkeypatch.setattr("harness.valuetask.IMPLEMENTATION", request.param)
    for name in PUBLIC:
        monkeypatch.setattr(f"harness.valuetask.{name}", getattr(shown, name))
        if hasattr(harness, name):
            monkeypatch.setattr(harness, name, getattr(shown, name))
    return shown


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Import a module of a scenario."""

    def imported(source: str = SOURCE, name: str = "scenario_file_sample") -> ModuleType:
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(compile(source, f"{name}.py", "exec"), vars(module))
        return module

    return imported


@pytest.fixture
def sample(face: ModuleType, load: Callable[..., Any]) -> Any:
    return load()


def answer(value_task: Any) -> Any:
    """Return the answer of a ValueTask that is done."""
    assert value_task.done()
    return value_task.result()


@pytest.mark.parametrize("name", ["python", "native"])
class TestWhatIsSwapped:
    def test_the_public_names_under_whatever_name(
        self, sample: Any, name: str, native: ModuleType
    ) -> None:
        wanted = native if name == "native" else python
        with using(name):
            assert sample.ValueTask is sample.Client.kind is wanted.ValueTask
            assert sample.as_value_task is wanted.value_task
            assert sample.gather is wanted.gather
            assert sample.ManualResetValueTaskSource is wanted.ManualResetValueTaskSource

    def test_what_harness_itself_shows(self, sample: Any, name: str, native: ModuleType) -> None:
        wanted = native if name == "native" else python
        with using(name):
            assert harness.ValueTask is wanted.ValueTask
            assert harness.value_task is wanted.value_task
            assert sample.vt.gather is wanted.gather
            shown = sample.vt.IMPLEMENTATION
            assert shown == name

    def test_decorated_functions_and_what_their_bodies_use(
        self, sample: Any, name: str, native: ModuleType
    ) -> None:
        wanted = native if name == "native" else python
        with using(name):
            assert {*answer(sample.calling())} == {wanted.ValueTask}
            assert sample.plain.__wrapped__ is sample.body
            assert sample.pooled.__value_task__ == {"hot": False, "pooled": True}

    def test_methods_in_all_their_forms(self, sample: Any, name: str, native: ModuleType) -> None:
        wanted = native if name == "native" else python
        client, inner = sample.Client(), sample.Client.Inner()
        with using(name):
            calls = (client.method(), client.static(), client.of_class(), inner.method())
            assert [answer(call) for call in calls] == [client, 4, sample.Client, inner]
            assert {type(call) for call in calls} == {wanted.ValueTask}

    def test_a_function_is_the_same_in_every_module_that_has_it(
        self, sample: Any, load: Callable[..., Any], name: str
    ) -> None:
        other = load(
            "from scenario_file_sample import Client, plain, plain as alias", "scenario_file_other"
        )
        with using(name) as swap:
            assert other.plain is other.alias is sample.plain is swap.counterpart(sample.plain)
            assert other.Client is sample.Client

    def test_a_class_that_another_module_shows_before_its_own(
        self, load: Callable[..., Any], name: str, native: ModuleType, face: ModuleType
    ) -> None:
        wanted = native if name == "native" else python
        early = load("", "scenario_file_early")
        early.Client = load().Client
        with using(name):
            assert type(early.Client().method()) is wanted.ValueTask

    def test_the_function_of_a_variant(self, sample: Any, name: str, native: ModuleType) -> None:
        wanted = native if name == "native" else python
        before = sample.plain
        with using(name) as swap:
            assert swap.counterpart(before) is sample.plain
            assert type(swap.counterpart(before)()) is wanted.ValueTask
            assert swap.counterpart(sample.body) is sample.body

    def test_all_is_put_back_at_the_end(self, sample: Any, name: str, face: ModuleType) -> None:
        before, methods = dict(vars(sample)), dict(vars(sample.Client))
        with pytest.raises(LookupError), using(name):
            raise LookupError
        assert all(vars(sample)[key] is value for key, value in before.items())
        assert all(vars(sample.Client)[key] is value for key, value in methods.items())
        assert harness.ValueTask is harness.valuetask.ValueTask is face.ValueTask
        shown = harness.valuetask.IMPLEMENTATION
        assert shown == ("python" if face is python else "native")

    def test_one_within_the_other(self, sample: Any, name: str, face: ModuleType) -> None:
        with using(name):
            outer = sample.ValueTask, sample.plain
            for inner in ("native", "python"):
                with using(inner):
                    assert type(sample.plain()) is sample.ValueTask
                assert (sample.ValueTask, sample.plain) == outer
        assert sample.ValueTask is face.ValueTask


class TestWhatIsNotSwapped:
    def test_nothing_is_for_a_variant_without_an_implementation(self, sample: Any) -> None:
        before = dict(vars(sample))
        with using(None) as swap:
            assert vars(sample) == before
            assert swap.counterpart(sample.plain) is before["plain"]

    def test_what_closures_defaults_and_instances_hold(self, sample: Any, face: ModuleType) -> None:
        """The limit that the documents name."""
        sample.instance = sample.Client()
        sample.instance.held = sample.plain
        other = "native" if face is python else "python"
        with using(other):
            for made in (sample.defaulting(), sample.closure(), sample.instance.held()):
                assert type(made) is face.ValueTask

    def test_the_wrapper_of_another_decorator(self, native: ModuleType, sample: Any) -> None:
        @functools.wraps(sample.plain)
        def wrapper() -> Any:
            return sample.plain()

        sample.wrapper = wrapper
        with using("native"):
            assert sample.wrapper is wrapper
            assert type(wrapper()) is native.ValueTask

    def test_what_pretends_to_have_every_attribute(self, sample: Any) -> None:
        class Proxy:
            def __getattribute__(self, name: str) -> Any:
                raise AssertionError(f"{name} was asked for")

        sample.proxy = proxy = Proxy()
        with using("native"), using("python"):
            assert vars(sample)["proxy"] is proxy

    def test_what_the_scenario_has_put_there_since(self, sample: Any) -> None:
        with using("native"):
            sample.plain = sample.body
        assert sample.plain is sample.body


class TestMissing:
    def test_the_one_in_python_is_always_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWAITBENCH_PURE_PYTHON", "1")
        assert missing("python") == ""

    @pytest.mark.usefixtures("native")
    def test_the_one_in_c_is_there_where_it_can_be_imported(self) -> None:
        assert missing("native") == ""

    @pytest.mark.usefixtures("native")
    @pytest.mark.parametrize(("value", "reason"), [("1", PURE_PYTHON), ("0", ""), ("", "")])
    def test_who_asks_for_the_one_in_python_gets_no_other(
        self, value: str, reason: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWAITBENCH_PURE_PYTHON", value)
        assert missing("native") == reason

    def test_one_that_was_not_built_is_said_to_be_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWAITBENCH_PURE_PYTHON", raising=False)
        monkeypatch.setitem(sys.modules, "harness.valuetask.native", None)
        monkeypatch.setattr(implementation, "_is_built", lambda: False)
        assert missing("native") == "not built for this Python"

    def test_one_that_cannot_be_loaded_is_told_without_a_path(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(_: str) -> ModuleType:
            raise ImportError("/home/me/_native.so: undefined symbol: PyList_New")

        monkeypatch.delenv("AWAITBENCH_PURE_PYTHON", raising=False)
        monkeypatch.setattr(implementation, "_module", refused)
        monkeypatch.setattr(implementation, "_is_built", lambda: True)
        assert missing("native") == "ImportError: _native.so: undefined symbol: PyList_New"

    def test_one_that_is_missing_cannot_be_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWAITBENCH_PURE_PYTHON", "1")
        with pytest.raises(InputError, match=PURE_PYTHON), using("native"):
            pass
