"""Scenario: one sync-or-async workload, as its author declares it."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeAlias, TypeVar

from harness.errors import InputError, UnknownNameError, told

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from contextlib import AbstractAsyncContextManager

__all__ = ["SYNC_RATIO", "ParamValue", "Parameter", "Params", "Scenario"]

ParamValue: TypeAlias = "float | int | str | bool"

_KINDS = {
    float: "a number",
    int: "an integer",
    str: "one line of text without ;",
    bool: "true or false",
}

State = TypeVar("State")
Request = TypeVar("Request")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Parameter:
    """A knob of a scenario: its default, what values it takes, and what it means.

    The type of a value is the type of *default*; an integer is taken where a float is
    expected. *minimum* and *maximum* are inclusive. A text is one line without ``;``, which
    separates the parameters of a case. *choices*, where there are any, are all the values.
    """

    default: ParamValue
    minimum: float = -math.inf
    maximum: float = math.inf
    help: str = ""
    choices: tuple[ParamValue, ...] = ()

    def __post_init__(self) -> None:
        if type(self.default) not in _KINDS:
            expected = ", ".join(_KINDS.values())
            raise InputError(f"default {self.default!r}: expected one of {expected}")
        for choice in self.choices:
            self.check("choice", choice)

    def parse(self, name: str, text: str) -> ParamValue:
        """Read a value as it is typed on a command line; InputError if it is none."""
        kind = type(self.default)
        if kind is bool:
            if text.lower() in {"true", "false"}:
                return text.lower() == "true"
            raise InputError(f"{name}={text}: expected true or false")
        try:
            value: ParamValue = kind(text)
        except ValueError:
            raise InputError(f"{name}={text}: expected {self.expected}") from None
        return self.check(name, value)

    def check(self, name: str, value: ParamValue) -> ParamValue:
        """Return *value* in the parameter's type; InputError if it is out of range."""
        kind = type(self.default)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind or not self._within(value):
            raise InputError(f"{name}={value}: expected {self.expected}")
        return value

    def _within(self, value: ParamValue) -> bool:
        if self.choices and value not in self.choices:
            return False
        if isinstance(value, bool):
            return True
        if isinstance(value, str):
            return value == value.strip() and value.isprintable() and ";" not in value
        # Not math.isfinite(), which cannot take an integer that is too large for a float.
        return abs(value) <= sys.float_info.max and self.minimum <= value <= self.maximum

    @property
    def expected(self) -> str:
        """What a value must be, as one phrase for people."""
        if self.choices:
            return f"one of {', '.join(map(str, self.choices))}"
        kind = _KINDS[type(self.default)]
        low, high = self.minimum, self.maximum
        if math.isfinite(low) and math.isfinite(high):
            return f"{kind} from {low:g} to {high:g}"
        if math.isfinite(low):
            return f"{kind} of at least {low:g}"
        if math.isfinite(high):
            return f"{kind} of at most {high:g}"
        return kind


_SHARES = (0.0, 0.5, 0.9, 0.99, 1.0)
SYNC_RATIO = Parameter(1.0, 0.0, 1.0, "share of operations that complete without suspending")


class Params(Mapping[str, ParamValue]):
    """The parameter values of one group, read by attribute or by key; immutable.

    ``params.sync_ratio`` is the share of operations that complete without suspending;
    ``params.seed`` (not one of the keys) makes the requests deterministic.
    """

    __slots__ = ("_values", "seed")

    _values: Mapping[str, ParamValue]
    seed: int

    def __init__(self, values: Mapping[str, ParamValue], seed: int = 0) -> None:
        object.__setattr__(self, "_values", MappingProxyType(dict(values)))
        object.__setattr__(self, "seed", seed)

    @property
    def sync_ratio(self) -> float:
        """Share of operations that complete without suspending, 0 to 1."""
        return float(self._values["sync_ratio"])

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"params are immutable: {name!r} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"params are immutable: {name!r} cannot be deleted")

    def __reduce__(self) -> tuple[type[Params], tuple[dict[str, ParamValue], int]]:
        return Params, (dict(self._values), self.seed)

    def __getattr__(self, name: str) -> Any:
        if name in Params.__slots__:  # of an instance that is only being made
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"the scenario declares no parameter {name!r}") from None

    def __getitem__(self, name: str) -> ParamValue:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Params({dict(self._values)!r}, seed={self.seed})"


@dataclass(frozen=True)
class Scenario(Generic[State, Request, Answer]):
    """One workload and the functions that do it, one for each strategy.

    Write it as ``Scenario[State, Request, Answer](...)``: a type checker then rejects a
    variant whose answer has another type than the others.

    title
        One line for people.
    setup
        ``params -> async context manager`` whose value is the state: real resources live
        here. Entered once in each process that measures, never timed.
    requests
        ``(state, params) -> requests`` of one cycle, deterministic from ``params.seed``.
        The cycle is repeated as often as the measurement wants; its share of operations
        that complete without suspending must be ``params.sync_ratio``.
    variants
        Functions ``(state, request) -> awaitable``; the name of the function is the name of
        the variant. A scenario with ``task`` gets ``eager_task`` from the same function, one
        with ``value_task`` gets ``value_task_native`` and ``value_task_checked``: for these,
        what its modules have of :mod:`harness.valuetask` is swapped in place, except what
        closures, default arguments and objects made at import time hold.
    synchronous
        The same work as a plain call, the floor; measured where ``sync_ratio`` is 1.
    sweep
        The parameter values that are measured unless the user says otherwise.
    parameters
        The knobs beside ``sync_ratio``, which every scenario has.
    sync_ratio
        ``params -> share`` where other parameters decide it, as ten rows in a page make it 0.9;
        it is no knob of its own then. NaN where nobody knows it.
    operations
        ``params -> number`` of operations that one request stands for, as a gather over leaves
        does; one unless given. What of them suspends is then not seen, nor held against the share.
    """

    title: str
    setup: Callable[[Params], AbstractAsyncContextManager[State]]
    requests: Callable[[State, Params], Sequence[Request]]
    variants: tuple[Callable[[State, Request], Awaitable[Answer]], ...]
    synchronous: Callable[[State, Request], Answer] | None = None
    sweep: Mapping[str, Sequence[ParamValue]] = field(
        default_factory=lambda: {"sync_ratio": _SHARES}
    )
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    sync_ratio: Callable[[Params], float] | None = None
    operations: Callable[[Params], int] | None = None

    def __post_init__(self) -> None:
        if not self.variants:
            raise InputError(f"scenario {self.title!r}: variants is empty; give it one function")
        names = [function.__name__ for function in self.variants]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise InputError(f"scenario {self.title!r}: two variants are named {repeated[0]!r}")
        for name in self.parameters:
            if not name.isidentifier() or hasattr(Params, name):
                raise InputError(
                    f"scenario {self.title!r}: a parameter cannot be named {name!r}; expected an "
                    "identifier that Params does not use itself"
                )
        if self.sync_ratio is not None and self.sweep == {"sync_ratio": _SHARES}:
            object.__setattr__(self, "sweep", {})  # the one that nobody gave
        declared = self.declared
        for name, parameter in declared.items():
            parameter.check(name, parameter.default)
        for name, values in self.sweep.items():
            if name not in declared:
                raise UnknownNameError("parameter", name, declared)
            if not values:
                raise InputError(f"scenario {self.title!r}: the sweep of {name} is empty")
            for value in values:
                declared[name].check(name, value)

    @property
    def declared(self) -> dict[str, Parameter]:
        """Every parameter by name, ``sync_ratio`` first where it is one."""
        own = {"sync_ratio": SYNC_RATIO} if self.sync_ratio is None else {}
        return {**own, **self.parameters}

    def share_of(self, values: Mapping[str, ParamValue]) -> float:
        """Return ``sync_ratio`` at these parameter values, 0 to 1 (to four digits) or NaN.

        InputError where it is something else.
        """
        if self.sync_ratio is None:
            return float(values["sync_ratio"])
        try:
            share = float(self.sync_ratio(Params(values)))
        except Exception as error:
            raise InputError(
                f"scenario {self.title!r}: its sync_ratio fails for {dict(values)}: {told(error)}"
            ) from error
        if share < 0 or share > 1:
            raise InputError(
                f"scenario {self.title!r}: its sync_ratio gives {share!r} for {dict(values)}; "
                "expected a number from 0 to 1"
            )
        return round(share, 4)

    def awaited_share(self, params: Params) -> float:
        """Return the share of requests that are not to suspend; NaN where that is not known.

        It is not where a request stands for several operations, even if *params* make it one.
        """
        return params.sync_ratio if self.operations is None else math.nan

    def operations_of(self, params: Params) -> int:
        """Return how many operations one request stands for; InputError if it is no number."""
        number = 1 if self.operations is None else self.operations(params)
        if type(number) is not int or number < 1:
            raise InputError(
                f"scenario {self.title!r}: its operations gives {number!r}; expected 1 or more"
            )
        return number
