"""Every module says what it is for and what others may use of it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import harness
import scenarios
from harness.valuetask import IMPLEMENTATION

MODULES = sorted(
    found.name
    for package in (harness, scenarios)
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not found.name.endswith("__main__")
    # Without a compiler it says so when it is imported; tests/native is about that.
    and (found.name != "harness.valuetask.native" or IMPLEMENTATION == "native")
)


@pytest.mark.parametrize("name", ["harness", "scenarios", *MODULES])
def test_a_module_says_in_its_first_line_what_it_is(name: str) -> None:
    lines = (importlib.import_module(name).__doc__ or "").splitlines()
    assert lines
    assert lines[0].strip()
    assert len(lines[0]) <= 100


@pytest.mark.parametrize("name", ["harness", *(name for name in MODULES if "harness" in name)])
def test_the_public_names_of_a_module_exist_and_are_documented(name: str) -> None:
    module = importlib.import_module(name)
    names: list[str] = getattr(module, "__all__", [])
    assert len({*names}) == len(names)
    for public in names:
        value = getattr(module, public)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), f"{name}.{public} has no docstring"


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("harness.")])
def test_what_other_packages_import_of_a_module_is_among_its_public_names(name: str) -> None:
    module = importlib.import_module(name)
    public = {*getattr(module, "__all__", ())}
    defined = {
        attribute
        for attribute, value in vars(module).items()
        if not attribute.startswith("_") and getattr(value, "__module__", None) == name
    }
    imported = {
        attribute
        for other in map(importlib.import_module, MODULES)
        for attribute, value in vars(other).items()
        if attribute in defined
        and other.__name__.rpartition(".")[0] != name.rpartition(".")[0]
        and value is vars(module)[attribute]
    }
    assert imported <= public
