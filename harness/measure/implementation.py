"""Implementation: has a scenario use the ValueTask in pure Python, or the one in C.

A scenario's author writes ``value_task`` once, with the public names of ``harness``, and it is
measured on both. In the process that measures, what those names stand for is swapped in place:
as if the scenario had imported the other implementation. What is swapped, wherever a module of
the scenario, or one that it uses, has it among its globals, under whatever name:

- ``ValueTask``, ``value_task``, ``gather`` and ``ManualResetValueTaskSource``;
- a function under ``@value_task``: its body is decorated again, with the same options;
- both of these in a class that the module defines, below ``@staticmethod`` and ``@classmethod``
  too;
- the same names of ``harness`` and ``harness.valuetask``, for ``harness.ValueTask(...)``.

What only an instance, a closure, a default argument, a base class or another decorator's wrapper
holds since the scenario was imported is not reached. What the scenario makes in its ``setup``,
and later, is made of the swapped names.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from harness.errors import InputError, told, without_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BECAUSE", "NAMES", "NEEDS_GIL", "NOT_BUILT", "PURE_PYTHON", "Swap", "missing", "using"]

T = TypeVar("T")

NAMES = ("python", "native")
PURE_PYTHON = "AWAITBENCH_PURE_PYTHON=1"  # in the environment: only the pure one is wanted

# The file beside ValueTask that says why it was not built, where that is known, and how it begins.
NOT_BUILT = "_native.not_built"
BECAUSE = "not built: "
# It does not say that it can do without: its import would switch the GIL on for all variants.
NEEDS_GIL = "it needs the GIL, which is off here"

_PACKAGE = "harness.valuetask"
_FACES = ("harness", _PACKAGE)
_WRAPPERS = (staticmethod, classmethod)
_PUBLIC = ("ValueTask", "value_task", "gather", "ManualResetValueTaskSource")


def missing(name: str) -> str:
    """Return why the implementation *name* is not there, as a short phrase; empty if it is."""
    if name == "python":
        return ""
    variable, _, wanted = PURE_PYTHON.partition("=")
    if os.environ.get(variable) == wanted:
        return PURE_PYTHON
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return NEEDS_GIL
    try:
        _module(name)
    except ImportError as error:
        return without_paths(told(error)) if _is_built() else _why_not_built()
    return ""


@contextmanager
def using(name: str | None) -> Iterator[Swap]:
    """Have every scenario use the implementation *name* until the end; None leaves all as it is.

    InputError where it is not there.
    """
    if name is not None and (reason := missing(name)):
        raise InputError(f"ValueTask in the implementation {name!r} is not there: {reason}")
    swap = Swap()
    try:
        if name is not None:
            swap.to(_module(name), name)
        yield swap
    finally:
        swap.back()


class Swap:
    """What stands for what, and what was there before."""

    def __init__(self) -> None:
        self._public: dict[int, Any] = {}  # by identity: what is compared may define ==
        self._decorated: dict[int, tuple[Any, Any]] = {}  # the first one only to be kept alive
        self._kinds: set[type] = set()
        self._value_task: Any = None
        self._before: list[tuple[ModuleType | type, str, Any, Any]] = []
        self._classes: set[int] = set()

    def to(self, target: ModuleType, name: str) -> None:
        """Swap in all modules to what *target* has."""
        self._value_task = target.value_task
        faces = [sys.modules[face] for face in _FACES]
        for module in (*map(_module, filter(_is_there, NAMES)), *faces):
            for options in ({}, {"hot": True}, {"pooled": True}):
                self._kinds.add(type(module.value_task(_body, **options)))
            for public in _PUBLIC:
                if hasattr(module, public):
                    self._public[id(getattr(module, public))] = getattr(target, public)
        self._set(sys.modules[_PACKAGE], "IMPLEMENTATION", name)
        for module in [*faces, *_modules_of_others()]:
            self._namespace(module, module.__name__)

    def counterpart(self, value: T) -> T:
        """Return what stands for *value* now: often itself."""
        return self._counterpart(value)  # type: ignore[no-any-return]

    def back(self) -> None:
        """Put back what was there before, unless something else has taken its place since."""
        for owner, name, before, after in reversed(self._before):
            if vars(owner).get(name) is after:
                _assign(owner, name, before)
        self._before.clear()

    def _namespace(self, owner: ModuleType | type, module: str) -> None:
        public, kinds = self._public, self._kinds
        for name, value in list(vars(owner).items()):
            kind = type(value)
            # As _counterpart() has it, without a call: there are thousands, in each child.
            if (
                id(value) in public
                or kind in _WRAPPERS
                or (kind in kinds and hasattr(value, "__value_task__"))
            ):
                after = self._counterpart(value)
                if after is not value:
                    self._set(owner, name, after)
                    continue
            if issubclass(kind, type) and self._is_new(value, module):
                self._namespace(value, module)

    def _is_new(self, cls: type, module: str) -> bool:
        """Tell whether *module* defines *cls*, and it was not come across before."""
        if getattr(cls, "__module__", None) != module or id(cls) in self._classes:
            return False
        self._classes.add(id(cls))
        return True

    def _counterpart(self, value: Any) -> Any:
        # By its type, never by an attribute: a proxy or a mock has each that is asked for.
        if id(value) in self._public:
            return self._public[id(value)]
        if type(value) in _WRAPPERS:
            inner = value.__func__
            after = self._counterpart(inner)
            return value if after is inner else type(value)(after)
        if type(value) in self._kinds and hasattr(value, "__value_task__"):
            return self._decorated_again(value)
        return value

    def _decorated_again(self, function: Any) -> Any:
        if not inspect.iscoroutinefunction(function.__wrapped__):
            return function  # another decorator's, which copied our attributes
        if id(function) not in self._decorated:
            made = self._value_task(function.__wrapped__, **function.__value_task__)
            self._decorated[id(function)] = function, made
            self._decorated[id(made)] = made, made
        return self._decorated[id(function)][1]

    def _set(self, owner: ModuleType | type, name: str, after: Any) -> None:
        self._before.append((owner, name, vars(owner).get(name), after))
        _assign(owner, name, after)


async def _body() -> None:
    """Be decorated, to see of which types that makes a function."""


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{_PACKAGE}.{name}")


def _is_built() -> bool:
    return importlib.util.find_spec(f"{_PACKAGE}._native") is not None


def _why_not_built() -> str:
    try:
        place = Path(str(sys.modules[_PACKAGE].__file__)).with_name(NOT_BUILT)
        return place.read_text(encoding="utf-8").strip()
    except OSError:
        return "not built for this Python"


def _is_there(name: str) -> bool:
    return not missing(name)


def _modules_of_others() -> Iterator[ModuleType]:
    """Yield the modules that may use ValueTask: neither the standard library's nor ours."""
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        ours_or_pythons = top == "harness" or top in sys.stdlib_module_names
        if not ours_or_pythons and issubclass(type(module), ModuleType):
            yield module


def _assign(owner: ModuleType | type, name: str, value: Any) -> None:
    if isinstance(owner, ModuleType):
        vars(owner)[name] = value
    else:
        type.__setattr__(owner, name, value)
