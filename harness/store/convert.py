"""Conversion between records, as the program holds them, and the schema of the files."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, TypeVar

from harness.plan import Group, Plan, Preset, Runtime, format_params
from harness.record import (
    AllocationKind,
    Allocations,
    Attribution,
    Capture,
    Conditions,
    Finding,
    Frame,
    GroupRecord,
    Observation,
    Profile,
    Proof,
    Run,
    Stack,
)
from harness.store import schema
from harness.store.sane import check_plan, check_proof, check_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness.record import Timing

__all__ = [
    "case_entries",
    "group_entry",
    "plan_of",
    "profile_entries",
    "proof_file",
    "proof_of_file",
    "run_file",
    "run_from_files",
]

Figures = TypeVar("Figures")


def run_file(run: Run) -> schema.RunFile:
    """Return what ``run.json`` holds of *run*."""
    return schema.RunFile(
        schema=schema.SCHEMA,
        name=run.name,
        status=run.status,
        started=run.started,
        ended=run.ended,
        environment=dict(run.environment),
        titles=dict(run.titles),
        findings=_finding_entries(run.findings),
        plan=_plan_entry(run.plan),
        groups=tuple(group_entry(run.plan.groups.index(each.group), each) for each in run.groups),
        sources=dict(run.sources),
        resumed=run.resumed,
        pair=run.pair,
    )


def case_entries(index: int, record: GroupRecord) -> Iterator[schema.CaseEntry]:
    """Yield what ``allocations.json`` holds of *record*, the group at *index* of the plan."""
    for variant, counted in record.allocations.items():
        yield schema.CaseEntry(
            group=index,
            scenario=record.group.scenario,
            params=format_params(record.group.params),
            variant=variant,
            allocations=counted.count,
            bytes=counted.requested_bytes,
            peak_bytes=counted.peak_bytes,
            operations=counted.operations,
            kinds=tuple(schema.KindEntry(**asdict(kind)) for kind in counted.kinds),
        )


def profile_entries(index: int, record: GroupRecord) -> Iterator[schema.ProfileEntry]:
    """Yield what ``lines.json`` holds of *record*, the group at *index* of the plan."""
    for variant, profile in record.profiles.items():
        seen, capture = profile.attribution, profile.capture
        frames: dict[Frame, int] = {}
        stacks = tuple(
            (
                tuple(frames.setdefault(frame, len(frames)) for frame in stack.frames),
                stack.allocations,
                stack.bytes,
            )
            for stack in seen.stacks
        )
        yield schema.ProfileEntry(
            group=index,
            scenario=record.group.scenario,
            params=format_params(record.group.params),
            variant=variant,
            operations=seen.operations,
            scenario_file=seen.scenario_file,
            hook=seen.hook,
            unplaced=seen.unplaced,
            capture=schema.CapturedEntry(
                capture.started,
                capture.ended,
                capture.peak_bytes,
                capture.allocator,
                capture.memory,
            ),
            frames=tuple((*frame, seen.sources.get(frame, "")) for frame in frames),
            stacks=stacks,
        )


def run_from_files(
    stored: schema.RunFile,
    counted: schema.AllocationsFile,
    timings: Mapping[tuple[int, str], Timing],
    lines: schema.LinesFile | None = None,
) -> Run:
    """Return the run; a group that ``run.json`` does not list yet is left out.

    ValueError for what no run can hold, such as a group that the plan does not have.
    """
    plan = plan_of(stored)
    allocations = {(case.group, case.variant): _allocations(case) for case in counted.cases}
    cases = lines.cases if lines else ()
    profiles = {(case.group, case.variant): _profile(case) for case in cases}
    timed, counts, profiled = _by_group(timings), _by_group(allocations), _by_group(profiles)
    run = Run(
        name=stored.name,
        status=stored.status,
        started=stored.started,
        ended=stored.ended,
        plan=plan,
        environment=stored.environment,
        titles=stored.titles,
        findings=_findings(stored.findings),
        sources=stored.sources,
        resumed=stored.resumed,
        pair=stored.pair,
        groups=tuple(
            GroupRecord(
                group=plan.groups[entry.index],
                status=entry.status,
                error=entry.error,
                observations={
                    variant: Observation(
                        seen.synchronous_share,
                        seen.suspensions,
                        seen.tasks,
                        seen.turns,
                        seen.collections,
                    )
                    for variant, seen in entry.observations.items()
                },
                timings=timed.get(entry.index, {}),
                allocations=counts.get(entry.index, {}),
                failures=entry.failures,
                target_met=entry.target_met,
                loop_overhead=entry.loop_overhead,
                duration=entry.duration,
                findings=_findings(entry.findings),
                conditions={
                    index: Conditions(seen.seconds, seen.others, seen.stolen)
                    for index, seen in entry.conditions.items()
                },
                profiles=profiled.get(entry.index, {}),
            )
            for entry in stored.groups
        ),
    )
    check_run(run)
    return run


def proof_file(proof: Proof) -> schema.ProofFile:
    """Return what ``proof.json`` holds."""
    return schema.ProofFile(schema=schema.SCHEMA, **asdict(proof))


def proof_of_file(stored: schema.ProofFile) -> Proof:
    """Return the proof that is kept beside a run; ValueError for one that nothing can give."""
    proof = Proof(**{field.name: getattr(stored, field.name) for field in fields(Proof)})
    check_proof(proof)
    return proof


def plan_of(stored: schema.RunFile) -> Plan:
    """Return the plan of a stored run; ValueError for one that no run can have."""
    plan = _plan(stored.plan)
    check_plan(plan)
    measured = [entry.index for entry in stored.groups]
    if len({*measured}) < len(measured) or not {*measured} <= {*range(len(plan.groups))}:
        raise ValueError("a group is listed twice, or is not in the plan")
    return plan


def _by_group(cases: Mapping[tuple[int, str], Figures]) -> dict[int, dict[str, Figures]]:
    found: dict[int, dict[str, Figures]] = {}
    for (group, variant), figures in cases.items():
        found.setdefault(group, {})[variant] = figures
    return found


def group_entry(index: int, record: GroupRecord) -> schema.GroupEntry:
    """Return what ``run.json`` holds of *record*, the group at *index* of the plan."""
    return schema.GroupEntry(
        index=index,
        status=record.status,
        duration=record.duration,
        error=record.error,
        observations={
            variant: schema.ObservationEntry(**asdict(seen))
            for variant, seen in record.observations.items()
        },
        failures=dict(record.failures),
        target_met=record.target_met,
        loop_overhead=record.loop_overhead,
        findings=_finding_entries(record.findings),
        conditions={
            index: schema.ConditionsEntry(**asdict(seen))
            for index, seen in record.conditions.items()
        },
    )


def _plan_entry(plan: Plan) -> schema.PlanEntry:
    return schema.PlanEntry(
        baseline=plan.baseline,
        preset=schema.PresetEntry(**asdict(plan.preset)),
        seed=plan.seed,
        instruments=plan.instruments,
        threshold=plan.threshold,
        groups=tuple(
            schema.PlannedGroup(
                scenario=group.scenario,
                params=dict(group.params),
                variants=group.variants,
                runtime=schema.RuntimeEntry(
                    group.runtime.python,
                    group.runtime.implementation,
                    group.runtime.loop,
                    group.runtime.without_native,
                ),
                unavailable=dict(group.unavailable),
            )
            for group in plan.groups
        ),
    )


def _plan(entry: schema.PlanEntry) -> Plan:
    preset = entry.preset
    return Plan(
        baseline=entry.baseline,
        preset=Preset(preset.name, preset.target, preset.rounds, preset.values),
        seed=entry.seed,
        instruments=entry.instruments,
        threshold=entry.threshold,
        groups=tuple(
            Group(
                scenario=group.scenario,
                params=tuple(group.params.items()),
                variants=group.variants,
                runtime=Runtime(
                    group.runtime.python,
                    group.runtime.implementation,
                    group.runtime.loop,
                    group.runtime.without_native,
                ),
                unavailable=tuple(group.unavailable.items()),
            )
            for group in entry.groups
        ),
    )


def _allocations(case: schema.CaseEntry) -> Allocations:
    return Allocations(
        count=case.allocations,
        requested_bytes=case.bytes,
        peak_bytes=case.peak_bytes,
        operations=case.operations,
        kinds=tuple(AllocationKind(kind.allocator, kind.size, kind.count) for kind in case.kinds),
    )


def _profile(case: schema.ProfileEntry) -> Profile:
    frames = [Frame(file, function, line) for file, function, line, _ in case.frames]
    used = {index for indices, _, _ in case.stacks for index in indices}
    if not used <= {*range(len(frames))}:
        raise ValueError(f"a stack of {case.variant[:60]} has a frame that is not listed")
    return Profile(
        Attribution(
            operations=case.operations,
            stacks=tuple(
                Stack(tuple(frames[index] for index in indices), allocations, size)
                for indices, allocations, size in case.stacks
            ),
            scenario_file=case.scenario_file,
            hook=case.hook,
            unplaced=case.unplaced,
            sources={
                frames[index]: text for index in sorted(used) if (text := case.frames[index][3])
            },
        ),
        Capture(
            case.capture.started,
            case.capture.ended,
            case.capture.peak_bytes,
            case.capture.allocator,
            case.capture.memory,
        ),
    )


def _finding_entries(findings: Iterable[Finding]) -> tuple[schema.FindingEntry, ...]:
    return tuple(
        schema.FindingEntry(finding.severity, finding.message, finding.advice)
        for finding in findings
    )


def _findings(entries: Iterable[schema.FindingEntry]) -> tuple[Finding, ...]:
    return tuple(Finding(entry.severity, entry.message, entry.advice) for entry in entries)
