"""Sane: what every reader of a run relies on, and the types of the schema do not say.

A run may come from anywhere. What is let through here has finite figures, of a size that may be
multiplied and drawn, names that are not endless, and no more cases than can be shown.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from harness.plan import INSTRUMENTS, LINES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.plan import Group, Plan
    from harness.record import Allocations, Finding, GroupRecord, Profile, Proof, Run, Timing

__all__ = ["NAME", "check_duration", "check_plan", "check_proof", "check_run"]

# What a run may be called: it is a folder's name, under results and under reports.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")

_LONGEST_TEXT = 10_000
_TOO_LONG = f"at most {_LONGEST_TEXT:,} are read"
_MOST_CASES = 10_000
_MOST_VALUES = 10_000_000
_MOST_TEXTS = 100_000
_LARGEST_ROUND = 1_000_000
# Seconds: shorter than any clock tells, longer than anybody waits.
_SHORTEST, _LONGEST = 1e-15, 1e9
_LARGEST = 1e18  # of counts and bytes
_LITTLE, _TABLE = 10, 1e6  # allocations per operation, and the bytes of a large one
_MOST_GENERATIONS = 10
_MOST_STACKS, _DEEPEST_STACK, _MOST_SNAPSHOTS = 1000, 100, 1000
_LARGEST_LINE = 10_000_000
_LARGEST_INTEGER = 2**64
_LARGEST_SEED = 2**256


def check_plan(plan: Plan) -> None:
    """ValueError for a plan that no run can have."""
    preset = plan.preset
    fewest, most = preset.rounds
    _text("preset", preset.name)
    _text("baseline", plan.baseline)
    _figure("the preset's target", preset.target, 100)
    _figure("the threshold", plan.threshold, 100)
    if not 0 <= fewest <= most <= _LARGEST_ROUND or not 0 <= preset.values <= _LARGEST_ROUND:
        raise ValueError(f"preset: {fewest} to {most} rounds of {preset.values} values")
    if abs(plan.seed) > _LARGEST_SEED:
        raise ValueError("seed: too large")
    if not {*plan.instruments} <= {*INSTRUMENTS, LINES}:
        raise ValueError(f"instruments: expected of {', '.join((*INSTRUMENTS, LINES))}")
    if len({each.key for each in plan.groups}) < len(plan.groups):
        raise ValueError("a group is planned twice")
    if sum(len(each.variants) + len(each.unavailable) for each in plan.groups) > _MOST_CASES:
        raise ValueError(f"more than {_MOST_CASES:,} cases are planned")
    for group in plan.groups:
        _check_group(group)


def check_proof(proof: Proof) -> None:
    """ValueError for a proof that nothing can have given."""
    for text in (proof.interpreter, proof.preset, proof.started):
        _text("proof", text)
    if not max(proof.called_different, proof.claimed) <= proof.pairs <= _MOST_CASES:
        raise ValueError(f"{proof.called_different} of {proof.pairs} pairs")
    if not proof.found <= proof.tries <= _MOST_CASES:
        raise ValueError(f"{proof.found} of {proof.tries} tries")


def _check_group(group: Group) -> None:
    ratio = dict(group.params).get("sync_ratio")
    if isinstance(ratio, str | bool) or ratio is None or not 0 <= ratio <= 1:
        raise ValueError(f"sync_ratio={_short(ratio)}: expected a number from 0 to 1")
    for name, value in group.params:
        _name("parameter", name)
        if isinstance(value, str):
            _name(name, f"{value}.")  # it may be empty
        elif not isinstance(value, bool):
            _figure(name, value, _LARGEST_INTEGER, -_LARGEST_INTEGER)
    names = (*group.variants, *(name for name, _ in group.unavailable))
    if len({*group.variants}) < len(group.variants):
        raise ValueError(f"a variant of {_short(group.scenario)} is planned twice")
    runtime = group.runtime
    for text in (runtime.without_native, *(reason for _, reason in group.unavailable)):
        _text("reason", text)
    for name in (group.scenario, runtime.implementation, runtime.loop, *names):
        _name("group", name)
    if not re.fullmatch(r"\d{1,4}(\.\w{1,20}){1,3}\+?", runtime.python, re.ASCII):
        raise ValueError(f"python={_short(runtime.python)}: expected a version, as 3.13.0")
    _ = runtime.version


def check_run(run: Run) -> None:
    """ValueError for what no run can hold; its plan has been checked."""
    if not NAME.fullmatch(run.name):
        raise ValueError(f"name {_short(run.name)}: expected that of a run")
    texts = [run.started, run.ended or "", run.pair, *run.resumed]
    for mapping in (run.environment, run.titles, run.sources):
        texts += chain(mapping, mapping.values())
    _check_findings(run.findings)
    if len(texts) > _MOST_TEXTS:
        raise ValueError(f"more than {_MOST_TEXTS:,} texts")
    for text in texts:
        _text("text", text)
    values = 0
    for record in run.groups:
        try:
            _check_record(record)
        except ValueError as error:
            raise ValueError(f"{_short(record.group.scenario)}: {error}") from None
        values += sum(map(len, chain.from_iterable(t.rounds.values() for t in _timings(record))))
    if values > _MOST_VALUES:
        raise ValueError(f"more than {_MOST_VALUES:,} values")


def check_duration(seconds: float) -> float:
    """Return what a group took; ValueError for what none takes."""
    _figure("duration", seconds, _LONGEST)
    return seconds


def _timings(record: GroupRecord) -> Iterable[Timing]:
    return record.timings.values()


def _check_record(record: GroupRecord) -> None:
    named = {*record.observations, *record.timings, *record.allocations, *record.failures}
    named |= {*record.profiles}
    if strange := sorted(named - {*record.group.variants}):
        raise ValueError(f"{_short(strange[0])} is no variant of its group")
    for text in (record.error or "", *record.failures.values()):
        _text("reason", text)
    _check_findings(record.findings)
    _figure("duration", record.duration, _LONGEST)
    if record.loop_overhead is not None:
        _figure("loop_overhead", record.loop_overhead, _LONGEST)
    for seen in record.observations.values():
        _figure("synchronous_share", seen.synchronous_share, 1)
        _figure("suspensions", seen.suspensions, _LARGEST)
        _figure("tasks", seen.tasks, _LARGEST)
        _figure("turns", seen.turns or 0.0, _LARGEST)
        if len(seen.collections) > _MOST_GENERATIONS:
            raise ValueError(f"collections of {len(seen.collections):,} generations")
        for often in seen.collections:
            _figure("collections", often, _LARGEST)
    for counted in record.allocations.values():
        _check_counts(counted)
    for timing in record.timings.values():
        _check_timing(timing)
    for profile in record.profiles.values():
        _check_profile(profile)
    for index, conditions in record.conditions.items():
        _round(index)
        for figure in (conditions.seconds, conditions.others, conditions.stolen):
            _figure("conditions", figure or 0.0, _LONGEST)


def _check_counts(counted: Allocations) -> None:
    # What a long stretch has more than a short one, divided: a table that was rebuilt in the short
    # one makes it a little less than nothing.
    _figure("count", counted.count, _LARGEST, -_LITTLE)
    _figure("requested_bytes", counted.requested_bytes, _LARGEST, -_LITTLE * _TABLE)
    _figure("peak_bytes", counted.peak_bytes, _LARGEST)
    if not 1 <= counted.operations <= _LARGEST:
        raise ValueError(f"allocations counted over {_short(counted.operations)} operations")
    for kind in counted.kinds:
        _text("allocator", kind.allocator)
        _figure("size", kind.size, _LARGEST)
        _figure("count", kind.count, _LARGEST, -_LITTLE)


def _check_profile(profile: Profile) -> None:
    seen, capture = profile.attribution, profile.capture
    _text("allocator", capture.allocator)
    _text("scenario_file", seen.scenario_file)
    _figure("peak_bytes", capture.peak_bytes, _LARGEST)
    _figure("hook", seen.hook or 0, _LARGEST)
    _figure("unplaced", seen.unplaced, _LARGEST)
    _figure("operations", seen.operations, _LARGEST, 1)
    if len(capture.memory) > _MOST_SNAPSHOTS:
        raise ValueError(f"more than {_MOST_SNAPSHOTS:,} snapshots of the memory")
    for figure in chain.from_iterable(capture.memory):
        _figure("memory", figure, _LARGEST)
    if len(seen.stacks) > _MOST_STACKS:
        raise ValueError(f"more than {_MOST_STACKS:,} stacks")
    for stack in seen.stacks:
        # All of them have a share of what is allocated, which is divided by its sum.
        _figure("allocations", stack.allocations, _LARGEST, 1)
        _figure("bytes", stack.bytes, _LARGEST)
        if len(stack.frames) > _DEEPEST_STACK:
            raise ValueError(f"a stack of more than {_DEEPEST_STACK:,} frames")
        for frame in stack.frames:
            _text("file", frame.file)
            _text("function", frame.function)
            _figure("line", frame.line, _LARGEST_LINE)
    for text in seen.sources.values():
        _text("source", text)


def _check_timing(timing: Timing) -> None:
    if not 1 <= timing.operations <= _LARGEST:
        raise ValueError(f"times of {_short(timing.operations)} operations")
    for index, values in timing.rounds.items():
        _round(index)
        for value in values:
            if not _SHORTEST <= value <= _LONGEST:  # NaN is not either
                raise ValueError(f"a time of {value:g} seconds")
    for loops, seconds in chain.from_iterable(timing.warmups.values()):
        _figure("warm-up", loops, _LARGEST)
        _figure("warm-up", seconds, _LONGEST)
    for name, told in chain.from_iterable(each.items() for each in timing.metadata.values()):
        _text("metadata", name)
        if isinstance(told, str):
            _text(name, told)
        else:
            _figure(name, told, 2**80, -(2**80))


def _check_findings(findings: Iterable[Finding]) -> None:
    for text in _of_findings(findings):
        _text("finding", text)


def _of_findings(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        yield finding.message
        yield finding.advice


def _round(index: int) -> None:
    if not 0 <= index <= _LARGEST_ROUND:
        raise ValueError(f"round {_short(index)}")


def _figure(name: str, value: float, most: float, least: float = 0) -> None:
    # An integer of 400 digits is no float, and compares with one all the same.
    # NaN compares with nothing, and infinity is more than *most*.
    if not least <= value <= most:
        raise ValueError(f"{_short(name)}={_short(value)}: expected from {least:g} to {most:g}")


def _text(name: str, text: str) -> None:
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"{_short(name)}: a text of {len(text):,} characters; {_TOO_LONG}")


def _name(what: str, name: str) -> None:
    """ValueError for what pyperf does not take as a name either."""
    _text(what, name)
    if not name or name != name.strip() or "\n" in name or "\r" in name:
        raise ValueError(f"{what}: {name[:60]!r} is no name")


def _short(value: object) -> str:
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        return "an integer too large"
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
