"""Plan: selection x parameters x runtime -> the groups and cases of a run. Pure."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.catalog import choose
from harness.errors import InputError, UnknownNameError
from harness.pattern import cycle_length
from harness.scenario import SYNC_RATIO
from harness.strategy import functions, strategy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.catalog import Entry
    from harness.scenario import ParamValue, Scenario

__all__ = [
    "DEFAULT_BASELINE",
    "DEFAULT_LOOP",
    "DEFAULT_PRESET",
    "DEFAULT_THRESHOLD",
    "INSTRUMENTS",
    "LINES",
    "LOOPS",
    "PRESETS",
    "Group",
    "Plan",
    "Preset",
    "Runtime",
    "Selection",
    "check_names",
    "format_params",
    "make_plan",
    "settings",
    "value_seconds",
]

DEFAULT_BASELINE = "coroutine"
DEFAULT_LOOP = "asyncio"
LOOPS = (DEFAULT_LOOP, "uvloop")
DEFAULT_PRESET = "quick"
DEFAULT_THRESHOLD = 0.02
INSTRUMENTS = ("time", "allocations")
# Made only where it is asked for: it finds the allocating lines, and gives no figures.
LINES = "lines"


@dataclass(frozen=True)
class Runtime:
    """An interpreter and an event loop.

    ``python`` is its version, as in ``3.13.0``; of a free-threaded build ``3.13.0t``.

    *without_native* says why it does not have the C type of ValueTask, *without_loop* why it does
    not have the event loop; empty where it has. They make no other runtime: each group of a plan
    names the variants that it has and lacks.
    """

    python: str
    implementation: str = "cpython"
    loop: str = "asyncio"
    without_native: str = field(default="", compare=False)
    without_loop: str = field(default="", compare=False)

    @property
    def version(self) -> tuple[int, int]:
        """Major and minor version, to compare with."""
        major, minor, *_ = self.python.split(".")
        return int(major), int(minor)

    @property
    def interpreter(self) -> str:
        """The interpreter in a column: ``3.13.0``, ``3.13.0t``, ``pypy 3.11.11``."""
        return f"{self.implementation} {self.python}".removeprefix("cpython ")

    def __str__(self) -> str:
        return f"{self.implementation} {self.python}, {self.loop}"


@dataclass(frozen=True)
class Preset:
    """How exactly a group is timed.

    target
        Half-width of a ratio's 95 % interval that ends a group, as a share (0.05 is 5 %).
    rounds
        The fewest and the most rounds.
    values
        Sweeps per round: values that each child measures.
    """

    name: str
    target: float
    rounds: tuple[int, int]
    values: int

    def on(self, runtimes: int) -> Preset:
        """Return what it is where each sweep visits that many runtimes."""
        if runtimes < _MANY_RUNTIMES:
            return self
        return replace(self, values=round(_VALUES_ON_MANY * self.values))


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("quick", target=0.05, rounds=(3, 5), values=25),
        Preset("standard", target=0.02, rounds=(5, 12), values=104),
        Preset("rigorous", target=0.01, rounds=(10, 60), values=104),
    )
}

# Where a sweep visits many runtimes values are short, and their gates are much of a round. On six
# runtimes ratios to the baseline are as exact with a fifth fewer values as if a sweep took variants
# pell-mell, as those of a runtime are neighbours; on four they are not (docs/method.md).
_MANY_RUNTIMES, _VALUES_ON_MANY = 6, 0.8

# A whole sweep is to fit into the same mood of the machine, however many children it visits; a
# value has to last long enough for the clock and the gate not to matter. docs/method.md compares
# shorter and longer ones in the same wall time.
_SWEEP_SECONDS = 0.012
_SHORTEST_VALUE, _LONGEST_VALUE = 0.0005, 0.003


def value_seconds(children: int) -> float:
    """Return how long one value is to last where a sweep has one of each of *children*."""
    return min(max(_SWEEP_SECONDS / children, _SHORTEST_VALUE), _LONGEST_VALUE)


@dataclass(frozen=True)
class Group:
    """All the variants of one scenario at the same parameter values on one runtime.

    *unavailable* names the variants that this runtime does not have, each with the reason.
    """

    scenario: str
    params: tuple[tuple[str, ParamValue], ...]
    variants: tuple[str, ...]
    runtime: Runtime
    unavailable: tuple[tuple[str, str], ...] = ()

    @property
    def setting(self) -> tuple[str, tuple[tuple[str, ParamValue], ...]]:
        """What it shares with the groups of other runtimes that are measured together with it."""
        return self.scenario, self.params

    @property
    def key(self) -> str:
        """The group's name within its run, for people and files."""
        runtime = self.runtime
        return (
            f"{self.scenario} {format_params(self.params)} "
            f"{runtime.implementation}-{runtime.python} {runtime.loop}"
        )


@dataclass(frozen=True)
class Plan:
    """Everything a run is going to measure.

    threshold
        A difference in time that is smaller, as a share, is not claimed.
    """

    groups: tuple[Group, ...]
    baseline: str
    preset: Preset
    seed: int
    instruments: tuple[str, ...] = INSTRUMENTS
    threshold: float = DEFAULT_THRESHOLD

    @cached_property
    def runtimes(self) -> tuple[Runtime, ...]:
        """The runtimes of its groups, in their order."""
        return tuple(dict.fromkeys(group.runtime for group in self.groups))


@dataclass(frozen=True)
class Selection:
    """What the user asked for; empty means everything (or, for parameters, the sweep).

    *lines*: also find at which lines each variant allocates.
    A *baseline* that is named is measured too; the default one only if it is selected.
    """

    scenarios: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    params: tuple[tuple[str, tuple[str, ...]], ...] = ()
    baseline: str | None = None
    preset: str = DEFAULT_PRESET
    only: str | None = None
    seed: int = 0
    threshold: float = DEFAULT_THRESHOLD
    lines: bool = False


def format_params(params: Iterable[tuple[str, ParamValue]]) -> str:
    """Write parameter values as in ``sync_ratio=0.9;size=64``."""
    return ";".join(f"{name}={_format_value(value)}" for name, value in params)


def _format_value(value: ParamValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def make_plan(selection: Selection, entries: Mapping[str, Entry], *runtimes: Runtime) -> Plan:
    """Return the plan for *selection* among the scenarios *entries*, on each of *runtimes*.

    InputError for a name or value that does not exist, with the nearest ones, and for a
    selection that leaves nothing to measure.
    """
    if selection.preset not in PRESETS:
        raise UnknownNameError("preset", selection.preset, PRESETS)
    if selection.only is not None and selection.only not in INSTRUMENTS:
        raise UnknownNameError("instrument", selection.only, INSTRUMENTS)
    chosen = _choose(selection.scenarios, entries)
    scenarios = [entry.scenario for entry in chosen]
    check_names(
        selection,
        (name for scenario in scenarios for name in functions(scenario)),
        (name for scenario in scenarios for name in scenario.declared),
    )
    groups: list[Group] = []
    lacking: list[str] = []
    for entry in chosen:
        found = settings(entry.scenario, selection)
        if (shares := _shares_among(entry.scenario, selection)) is not None:
            if not shares <= {values["sync_ratio"] for values in found}:
                lacking.append(_no_such_share(entry, shares, found))
            found = [values for values in found if values["sync_ratio"] in shares]
        groups += _groups(entry.name, entry.scenario, found, selection, runtimes)
    if lacking and (selection.scenarios or not groups):
        raise InputError(lacking[0])
    if not any(group.variants for group in groups):
        raise InputError(_nothing_left(selection, groups))
    return Plan(
        groups=tuple(group for group in groups if group.variants or group.unavailable),
        baseline=selection.baseline or DEFAULT_BASELINE,
        preset=PRESETS[selection.preset].on(len(runtimes)),
        seed=selection.seed,
        instruments=_instruments(selection),
        threshold=selection.threshold,
    )


def _instruments(selection: Selection) -> tuple[str, ...]:
    chosen = INSTRUMENTS if selection.only is None else (selection.only,)
    return (*chosen, LINES) if selection.lines else chosen


def _choose(names: Sequence[str], entries: Mapping[str, Entry]) -> list[Entry]:
    if not entries:
        raise InputError("there is no scenario to measure; name one or add a file to scenarios/")
    return [choose(entries, name) for name in dict.fromkeys(names or entries)]


def check_names(selection: Selection, variants: Iterable[str], params: Iterable[str]) -> None:
    """UnknownNameError for a name in *selection* that is none of *variants*, or of *params*."""
    known, knobs = {*variants}, {"sync_ratio", *params}
    for variant in selection.variants:
        if variant not in known:
            raise UnknownNameError("variant", variant, known)
    if selection.baseline is not None and selection.baseline not in known:
        raise UnknownNameError("variant (for the baseline)", selection.baseline, known)
    for name, _ in selection.params:
        if name not in knobs:
            raise UnknownNameError("parameter", name, knobs)


def _groups(
    name: str,
    scenario: Scenario[Any, Any, Any],
    found: Iterable[Mapping[str, ParamValue]],
    selection: Selection,
    runtimes: Iterable[Runtime],
) -> Iterable[Group]:
    """Yield the groups of a setting one after the other: they are measured together."""
    for values, runtime in itertools.product(found, runtimes):
        reasons = {
            variant: strategy(variant).unavailable(runtime)
            for variant in _wanted_variants(scenario, selection)
            if values["sync_ratio"] == 1 or not strategy(variant).only_synchronous
        }
        yield Group(
            scenario=name,
            params=tuple(values.items()),
            variants=tuple(variant for variant, reason in reasons.items() if reason is None),
            runtime=runtime,
            unavailable=tuple(
                (variant, reason) for variant, reason in reasons.items() if reason is not None
            ),
        )


def settings(
    scenario: Scenario[Any, Any, Any], selection: Selection
) -> list[dict[str, ParamValue]]:
    """Return the parameter values of each group, ``sync_ratio`` first: those asked for, or swept.

    Where the share follows from other parameters, all that they give.
    """
    axes = _axes(scenario, selection)
    chosen = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    return [{"sync_ratio": scenario.share_of(values), **values} for values in chosen]


def _shares_among(
    scenario: Scenario[Any, Any, Any], selection: Selection
) -> set[ParamValue] | None:
    """Return the shares that are asked for, where they only select among those that follow."""
    asked = dict(selection.params).get("sync_ratio")
    if asked is None or scenario.sync_ratio is None:
        return None
    return {SYNC_RATIO.parse("sync_ratio", text) for text in asked}


def _no_such_share(
    entry: Entry, shares: Iterable[ParamValue], found: Iterable[Mapping[str, ParamValue]]
) -> str:
    asked = ",".join(map(_format_value, sorted(shares, key=float)))
    there = "; ".join(format_params(values.items()) for values in found)
    return (
        f"{entry.name} has no sync_ratio={asked}: its share follows from "
        f"{', '.join(entry.scenario.parameters)}; expected of {there}"
    )


def _wanted_variants(scenario: Scenario[Any, Any, Any], selection: Selection) -> list[str]:
    wanted = {*selection.variants, *((selection.baseline,) if selection.baseline else ())}
    return [name for name in functions(scenario) if not selection.variants or name in wanted]


def _axes(
    scenario: Scenario[Any, Any, Any], selection: Selection
) -> dict[str, tuple[ParamValue, ...]]:
    """Return the values of every parameter: asked for, else swept, else the default."""
    asked = dict(selection.params)
    axes: dict[str, tuple[ParamValue, ...]] = {}
    for name, parameter in scenario.declared.items():
        if name in asked:
            values = [parameter.parse(name, text) for text in asked[name]]
        else:
            values = [
                parameter.check(name, value)
                for value in scenario.sweep.get(name, (parameter.default,))
            ]
        axes[name] = tuple(dict.fromkeys(values))
    for value in axes.get("sync_ratio", ()):
        cycle_length(float(value))  # InputError for a share that no cycle of requests has
    return axes


def _nothing_left(selection: Selection, groups: Sequence[Group]) -> str:
    reasons = {variant: reason for group in groups for variant, reason in group.unavailable}
    if reasons:
        told = "; ".join(f"{variant} {reason}" for variant, reason in reasons.items())
        return f"nothing is left to measure: {told}"
    named = ", ".join(selection.variants)
    return (
        f"nothing is left to measure: {named} does the work only where nothing waits; "
        "add -p sync_ratio=1 or another variant"
    )
