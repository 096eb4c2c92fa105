"""Costs: what each variant costs per operation, as a function of the share. Pure.

There is one model for each scenario, runtime and setting of the parameters beside the share of
synchronous completions: the ``sync_ratio`` of its groups, which was verified before they were
measured. The times of a group are those of the baseline, multiplied by the ratios to it: values of
a sweep are neighbours in time, so that ratios are known more exactly than times, and two variants
of a model differ by as much as their ratios do.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.estimate import round_log
from harness.analysis.fitting import Fit, TimeFit, fit_counts, fit_times
from harness.analysis.knobs import knob_values, knobs, other_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from harness.analysis.knobs import Values
    from harness.plan import Group, Runtime
    from harness.record import Allocations, GroupRecord, Run, Timing

__all__ = ["CostModel", "VariantCost", "cost_models", "share_of"]

_NANOSECONDS = 1e9


@dataclass(frozen=True)
class VariantCost:
    """What one variant costs per operation: nanoseconds, allocations, bytes; None: no line."""

    time: TimeFit | None
    allocations: Fit | None
    bytes: Fit | None

    @property
    def is_empty(self) -> bool:
        """Whether there is no line for anything."""
        return self.time is None and self.allocations is None and self.bytes is None


@dataclass(frozen=True)
class CostModel:
    """The costs of the variants of one scenario on one runtime at one setting.

    setting
        The parameters that are neither the share nor move it; *moving* names those that move it.
    groups
        The groups that were measured, by rising share.
    variants
        In the order of the plan, those with two shares or more.
    reason
        Why there is no model; empty where there is one.
    """

    scenario: str
    runtime: Runtime
    setting: Values
    moving: tuple[str, ...]
    groups: tuple[Group, ...]
    baseline: str
    threshold: float
    variants: Mapping[str, VariantCost]
    reason: str

    @property
    def shares(self) -> tuple[float, ...]:
        """The shares that were measured, rising."""
        return tuple(sorted({share_of(group) for group in self.groups}))

    @property
    def times(self) -> dict[str, TimeFit]:
        """The variants whose time has a line."""
        return {name: cost.time for name, cost in self.variants.items() if cost.time}


def share_of(group: Group) -> float:
    """Return the group's share of operations that complete synchronously, 0 to 1."""
    return float(dict(group.params)["sync_ratio"])


def cost_models(run: Run) -> tuple[CostModel, ...]:
    """Return a model for each scenario, runtime and setting of *run*, in the order of the plan."""
    scenarios: dict[tuple[str, Runtime], list[Group]] = {}
    for group in run.plan.groups:
        scenarios.setdefault((group.scenario, group.runtime), []).append(group)
    records = {record.group: record for record in run.groups if record.error is None}
    return tuple(
        _model(setting, together, moving, records, run)
        for groups in scenarios.values()
        for moving in [knobs(groups)]
        for setting, together in _settings(groups, moving).items()
    )


def _settings(groups: Sequence[Group], moving: Sequence[str]) -> dict[Values, list[Group]]:
    found: dict[Values, list[Group]] = {}
    for group in groups:
        found.setdefault(other_parameters(group, moving), []).append(group)
    return found


def _model(
    setting: Values,
    groups: Sequence[Group],
    moving: tuple[str, ...],
    records: Mapping[Group, GroupRecord],
    run: Run,
) -> CostModel:
    measured = [
        records[group]
        for group in sorted(groups, key=share_of)
        if group in records and (records[group].timings or records[group].allocations)
    ]
    kinds = [name for name, value in knob_values(groups[0], moving) if isinstance(value, str)]
    shares = {share_of(record.group) for record in measured}
    variants: dict[str, VariantCost] = {}
    if kinds:
        reason = (
            f"{', '.join(kinds)} says what kind of work is done and moves the share with it, so "
            "that no line leads from one to the other"
        )
    elif not shares:
        reason = "nothing was measured"
    elif len(shares) < 2:
        reason = f"only {min(shares) * 100:.4g} % was measured, and a line needs two shares"
    else:
        variants = dict(_variants(measured, run.plan.baseline))
        reason = "" if variants else "no variant was measured at two shares"
    return CostModel(
        scenario=groups[0].scenario,
        runtime=groups[0].runtime,
        setting=setting,
        moving=moving,
        groups=tuple(record.group for record in measured),
        baseline=run.plan.baseline,
        threshold=run.plan.threshold,
        variants=variants,
        reason=reason,
    )


def _variants(measured: Sequence[GroupRecord], baseline: str) -> Iterator[tuple[str, VariantCost]]:
    times: dict[str, dict[float, dict[int, float]]] = {}
    counted: dict[str, dict[float, Allocations]] = {}
    for record in measured:
        share = share_of(record.group)
        for variant, logs in _logs(record, baseline).items():
            times.setdefault(variant, {})[share] = logs
        for variant, allocations in record.allocations.items():
            if variant not in record.failures:
                counted.setdefault(variant, {})[share] = allocations
    names = dict.fromkeys(name for record in measured for name in record.group.variants)
    for name in names:
        timed, counts = times.get(name, {}), counted.get(name, {})
        cost = VariantCost(
            time=fit_times(timed) if len(timed) > 1 else None,
            allocations=_counts(counts, lambda each: each.count),
            bytes=_counts(counts, lambda each: each.requested_bytes),
        )
        if not cost.is_empty:
            yield name, cost


def _counts(
    counted: Mapping[float, Allocations], figure: Callable[[Allocations], float]
) -> Fit | None:
    finite = {share: figure(each) for share, each in counted.items() if math.isfinite(figure(each))}
    return fit_counts(finite) if len(finite) > 1 else None


def _logs(record: GroupRecord, baseline: str) -> dict[str, dict[int, float]]:
    """Return variant -> round -> log of nanoseconds: that of the baseline and of the ratio to it.

    Where the baseline is missing, another variant takes its place.
    """
    timings = {
        variant: timing
        for variant, timing in record.timings.items()
        if variant not in record.failures and any(timing.rounds.values())
    }
    if not timings:
        return {}
    reference = timings.get(baseline) or max(timings.values(), key=lambda each: len(each.rounds))
    return {
        variant: {
            index: _level(timing, reference, index)
            for index, values in timing.rounds.items()
            if values
        }
        for variant, timing in timings.items()
    }


def _level(timing: Timing, reference: Timing, index: int) -> float:
    values, base = timing.rounds[index], reference.rounds.get(index)
    if not base:
        return math.log(statistics.median(values) * _NANOSECONDS)
    return math.log(statistics.median(base) * _NANOSECONDS) + round_log(values, base)
