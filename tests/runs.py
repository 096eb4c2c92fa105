"""Runs that nobody measured: records of a believable shape, deterministic, for tests."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.plan import INSTRUMENTS, PRESETS, Group, Plan, Runtime
from harness.record import (
    AllocationKind,
    Allocations,
    Finding,
    GroupRecord,
    Observation,
    Run,
    RunStatus,
    Timing,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.scenario import ParamValue

__all__ = [
    "COSTS",
    "SYNC_RATIOS",
    "VARIANTS",
    "Cost",
    "make_record",
    "make_run",
    "repeated",
    "timing_of",
]

SYNC_RATIOS = (0.0, 0.5, 0.9, 0.99, 1.0)


@dataclass(frozen=True)
class Cost:
    """What one operation costs: nanoseconds, allocations, bytes; done and suspended."""

    done: float
    suspended: float
    allocations: float
    suspended_allocations: float
    bytes: float = 100.0
    tasks: float = 0.0


COSTS: dict[str, Cost] = {
    "task": Cost(6100, 7900, 24.6, 27.6, 2210, tasks=1),
    "coroutine": Cost(82, 2950, 1, 6, 168),
    "cached_future": Cost(58, 3100, 1, 8, 72),
    "value_task": Cost(345, 3600, 2, 9, 288),
    "value_task_native": Cost(71, 3050, 1, 7, 96),
    "value_task_checked": Cost(52, 3350, 0, 9, 64),
    "ready_future": Cost(251, 3200, 2, 8, 200),
    "eager_task": Cost(905, 4300, 4, 12, 640, tasks=1),
    "synchronous": Cost(41, 41, 0, 0, 0),
}
VARIANTS = (
    "task",
    "coroutine",
    "cached_future",
    "value_task",
    "value_task_native",
    "ready_future",
    "eager_task",
)
_OTHER = Cost(640, 3400, 3, 7, 240)
_ENVIRONMENT = {
    "interpreter": "cpython 3.13.0",
    "compiler": "GCC 13.2.0",
    "event loop": "asyncio",
    "operating system": "Linux 6.1, x86_64",
    "processor": "Example CPU @ 2.60GHz",
    "cores": "2",
    "virtual machine": "not detected",
    "frequency governor": "performance",
    "load before": "0.12",
    "pyperf": "2.10.0",
    "memray": "1.20.0",
}


def make_run(
    *,
    name: str = "2025-01-01-example",
    scenarios: Sequence[str] = ("lookup",),
    sync_ratios: Sequence[float] = (0.9,),
    variants: Sequence[str] = VARIANTS,
    extra: Mapping[str, Sequence[ParamValue]] | None = None,
    unavailable: Sequence[tuple[str, str]] = (),
    baseline: str = "coroutine",
    preset: str = "quick",
    instruments: tuple[str, ...] = INSTRUMENTS,
    runtime: Runtime | None = None,
    runtimes: Sequence[Runtime] = (),
    rounds: int = 4,
    values: int = 15,
    noise: float = 0.01,
    measured: int | None = None,
    findings: tuple[Finding, ...] = (),
    costs: Mapping[str, Cost] | None = None,
    titles: Mapping[str, str] | None = None,
) -> Run:
    """Return a run over the product of everything; *measured* groups of it are recorded."""
    axes = {"sync_ratio": tuple(sync_ratios), **(extra or {})}
    groups = tuple(
        Group(
            scenario=scenario,
            params=tuple(zip(axes, setting, strict=True)),
            variants=tuple(
                variant for variant in variants if variant != "synchronous" or setting[0] == 1
            ),
            runtime=where,
            unavailable=tuple(unavailable),
        )
        for scenario in scenarios
        for setting in itertools.product(*axes.values())
        for where in runtimes or (runtime or Runtime("3.13.0"),)
    )
    # As many values as the snapshots were made of, whatever the preset takes today.
    exactly = replace(PRESETS[preset], values=values)
    plan = Plan(groups, baseline, exactly, seed=1, instruments=instruments)
    done = groups if measured is None else groups[:measured]
    return Run(
        name=name,
        status=RunStatus.DONE if len(done) == len(groups) else RunStatus.INTERRUPTED,
        started="2025-01-01T12:00:00+00:00",
        ended="2025-01-01T12:03:20+00:00",
        plan=plan,
        environment=_ENVIRONMENT,
        groups=tuple(
            make_record(group, plan, rounds=rounds, noise=noise, costs=costs) for group in done
        ),
        findings=findings,
        titles=titles
        if titles is not None
        else {scenario: f"The {scenario} workload" for scenario in scenarios},
    )


def repeated(run: Run, name: str, seed: int, *, rounds: int = 4, noise: float = 0.01) -> Run:
    """Return what measuring the plan of *run* again could have given, *seed* days later."""
    plan = replace(run.plan, seed=seed)
    return replace(
        run,
        name=name,
        plan=plan,
        started=f"2025-01-{1 + seed % 28:02}T12:00:00+00:00",
        groups=tuple(make_record(g, plan, rounds=rounds, noise=noise) for g in plan.groups),
    )


def make_record(
    group: Group,
    plan: Plan,
    *,
    rounds: int = 4,
    noise: float = 0.01,
    costs: Mapping[str, Cost] | None = None,
) -> GroupRecord:
    """Return what measuring *group* could have given; *noise* is the ratios' scatter."""
    table = {**COSTS, **(costs or {})}
    share = float(dict(group.params)["sync_ratio"])
    chosen = {variant: table.get(variant, _OTHER) for variant in group.variants}
    record = GroupRecord(
        group=group,
        status=RunStatus.DONE,
        observations={
            variant: Observation(
                synchronous_share=0.0 if variant == "task" else share,
                suspensions=1.0 if variant == "task" else round(1 - share, 6),
                tasks=cost.tasks,
            )
            for variant, cost in chosen.items()
        },
        duration=4.2,
    )
    if "time" in plan.instruments:
        record = replace(
            record,
            timings=_timings(group, plan, chosen, rounds, noise),
            target_met=noise < plan.preset.target,
            loop_overhead=11e-9,
        )
    if "allocations" in plan.instruments:
        record = replace(
            record,
            allocations={v: _allocations(cost, share) for v, cost in chosen.items()},
        )
    return record


def timing_of(rounds: Sequence[Sequence[float]], operations: int = 1000) -> Timing:
    """Return the timing whose rounds hold these values, in seconds per operation."""
    return Timing({index: tuple(values) for index, values in enumerate(rounds)}, operations)


def _timings(
    group: Group, plan: Plan, costs: Mapping[str, Cost], rounds: int, noise: float
) -> dict[str, Timing]:
    """Draw values whose machine drifts: sweeps share the drift, rounds and values scatter."""
    share = float(dict(group.params)["sync_ratio"])
    generator = random.Random(f"{group.key} {plan.seed}")
    drift = [[generator.gauss(0, 0.03) for _ in range(plan.preset.values)] for _ in range(rounds)]
    timings = {}
    for variant, cost in costs.items():
        typical = (share * cost.done + (1 - share) * cost.suspended + 11) * 1e-9
        values = []
        for sweeps in drift:
            own = generator.gauss(0, noise)
            values.append(
                [typical * (1 + common + own + generator.gauss(0, 0.004)) for common in sweeps]
            )
        timings[variant] = timing_of(values)
    return timings


def _allocations(cost: Cost, share: float) -> Allocations:
    count = round(share * cost.allocations + (1 - share) * cost.suspended_allocations, 6)
    kinds = (
        AllocationKind("PYMALLOC_MALLOC", 96, count * 0.75),
        AllocationKind("MALLOC", 640, count * 0.25),
    )
    return Allocations(
        count=count,
        requested_bytes=round(cost.bytes * (2 - share), 3),
        peak_bytes=4096,
        operations=2000,
        kinds=kinds if count else (),
    )
