"""Measuring a group, whole: verified, counted, on request profiled, then timed."""

from __future__ import annotations

import random
import statistics
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from harness.errors import MeasureError, shortened
from harness.measure.allowance import Allowance
from harness.measure.asking import ask_each
from harness.measure.conductor import time_group
from harness.measure.crew import Role, end_crews, open_crew, role_of_each
from harness.measure.pairing import (
    on_other_runtimes,
    references_across,
    references_within,
    runtime_of_each,
)
from harness.measure.profiling import profile_group
from harness.measure.rounds import Rounds, Version, by_interpreter
from harness.plan import LINES
from harness.record import (
    AllocationKind,
    Allocations,
    Finding,
    GroupRecord,
    Observation,
    RunStatus,
    Severity,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from harness.measure.conductor import GroupTiming
    from harness.measure.crew import Interpreter, Member
    from harness.plan import Group, Plan
    from harness.record import Conditions

__all__ = [
    "OnStage",
    "count_group",
    "measure_group",
    "measure_runtimes",
    "measure_versions",
    "verify_group",
]

_VERIFICATION = ""  # the name of the child that verifies: no variant has it
_AT_ONCE = 2
_LOOK = 0.05  # seconds
_COUNTED_AGAIN = 2
# Counting drives about a thousand operations, verifying forty for each variant: a count that
# takes this many times as long as verifying all of them did is slow, not hung.
_COUNT_PER_VERIFICATION = 30


class OnStage(Protocol):
    """Told what is being done: a stage, and which of how many steps of it."""

    def __call__(self, stage: str, step: int, steps: int) -> None:
        """Take note; must return soon."""


def measure_group(
    group: Group, plan: Plan, interpreter: Interpreter, on_stage: OnStage
) -> GroupRecord:
    """Return what was measured of *group*; a failure is in the record, never raised."""
    (record,) = measure_runtimes((Version(group, interpreter),), plan, on_stage)
    return record


def measure_runtimes(
    versions: Sequence[Version], plan: Plan, on_stage: OnStage
) -> tuple[GroupRecord, ...]:
    """Return what was measured of one setting on each of its runtimes, in their order.

    They are timed together, in the same rounds and sweeps, so that what differs between runtimes
    is a ratio of values of one sweep, as what differs between variants is. The target is about the
    ratios within each, about those to the first one, and about those between event loops of one
    interpreter. One that cannot be verified or counted is left out of what follows; its failure is
    in its record.
    """
    started = time.monotonic()
    subjects = [_Subject(version, plan, on_stage) for version in versions]
    _two_at_a_time(_bundles(subjects), _all_but_time, plan)
    _time_together(subjects, references_within, plan, on_stage, runtimes=True)
    taken_by_each = (time.monotonic() - started) / max(1, sum(each.has_any for each in subjects))
    return tuple(subject.ended(taken_by_each) for subject in subjects)


def _bundles(subjects: Sequence[_Subject]) -> list[list[_Subject]]:
    """Return the subjects, those together that one interpreter verifies and counts."""
    return by_interpreter(subjects, lambda subject: subject.version)


def _all_but_time(bundle: Sequence[_Subject], plan: Plan) -> None:
    with _started(bundle, plan):
        for subject in bundle:
            subject.take(subject.verify)
        if "allocations" in plan.instruments:
            for subject in bundle:
                subject.take(subject.count)
    # What hung in one of them is gone by now: nobody listens to it, or bounds what it prints.
    if LINES in plan.instruments:
        for subject in bundle:
            subject.take(subject.profile)


def _two_at_a_time(
    bundles: Sequence[Sequence[_Subject]],
    step: Callable[[Sequence[_Subject], Plan], None],
    plan: Plan,
) -> None:
    """Take a step that is not timed with all bundles, two of them at once."""
    if len(bundles) == 1:
        step(bundles[0], plan)
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        taking = [pool.submit(step, bundle, plan) for bundle in bundles]
        try:
            for taken in taking:
                taken.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            while wait(taking, timeout=_LOOK).not_done:
                end_crews()  # whose threads would wait for their answers
            raise


def measure_versions(
    versions: Sequence[Version], plan: Plan, on_stage: OnStage
) -> tuple[GroupRecord, ...]:
    """Return what was measured of each version of a group, in their order.

    They are timed together, in the same rounds and sweeps: a variant of a later version is held
    against that of the first, and the target is about that ratio. A version that cannot be
    verified or counted is left out of what follows; its failure is in its record. Counts that
    differ between versions are taken up to twice more, in fresh processes, and the smallest of
    each is kept: where other threads take part, they may differ by chance.
    """
    started = time.monotonic()
    subjects = [_Subject(version, plan, on_stage) for version in versions]
    for bundle in _bundles(subjects):
        _all_but_time(bundle, plan)
    if "allocations" in plan.instruments:
        for _ in range(_COUNTED_AGAIN):
            _count_what_differs(subjects)
    _time_together(subjects, references_across, plan, on_stage)
    taken = time.monotonic() - started
    return tuple(subject.ended(taken) for subject in subjects)


class _Subject:
    """One version while it is measured: its record, as it grows."""

    def __init__(self, version: Version, plan: Plan, on_stage: OnStage) -> None:
        self.version = version
        self.record = GroupRecord(group=version.group, status=RunStatus.DONE)
        self._plan = plan
        self._on_stage = on_stage
        # Counting may take longer than the patience, where verifying did.
        self._patient = version.interpreter
        self._members: dict[str, Member] = {}

    @property
    def roles(self) -> dict[str, Role]:
        """What its children are there for before it is timed: one verifies, each other counts."""
        if not self.has_any:
            return {}
        group = self.record.group
        roles = _verification(group)
        if "allocations" in self._plan.instruments and not self.version.interpreter.without_memray:
            roles |= role_of_each(group, "count")
        return roles

    def takes(self, members: Mapping[str, Member]) -> None:
        """Have *members* do what its roles are."""
        self._members = dict(members)

    @property
    def has_any(self) -> bool:
        """Whether it has variants to measure."""
        return bool(self.record.group.variants)

    @property
    def sound(self) -> bool:
        """Whether it has variants, and nothing failed that concerns all of them."""
        return self.has_any and self.record.error is None

    def take(self, step: Callable[[], None]) -> None:
        """Take a step, unless one before it failed."""
        if not self.sound:
            return
        try:
            step()
        except MeasureError as error:
            self.record = replace(self.record, error=shortened(str(error)))

    def verify(self) -> None:
        started = time.monotonic()
        self._on_stage("verifying", 0, 1)
        interpreter = self.version.interpreter
        seen = _verified(self._members[_VERIFICATION])
        self.record = replace(self.record, observations=seen)
        patience = _COUNT_PER_VERIFICATION * (time.monotonic() - started)
        self._patient = replace(interpreter, patience=interpreter.patience + patience)

    def count(self) -> None:
        if self.version.interpreter.without_memray:
            return  # a finding of the run says so
        group = self.record.group
        there = {name: self._members[name] for name in group.variants}
        for member in there.values():
            member.patience = self._patient.patience
            member.begin()
        counts, failures = count_group(
            group, self._patient, self._plan.seed, self._on_stage, there=there
        )
        self.record = replace(
            self.record, allocations=counts, failures={**self.record.failures, **failures}
        )

    def count_again(self, variants: tuple[str, ...]) -> None:
        """Count some variants once more; what is less than before takes its place."""
        group = replace(self.record.group, variants=variants)
        counts, _ = count_group(group, self._patient, self._plan.seed, self._on_stage)
        known = self.record.allocations
        least = {variant: min(known[variant], counts[variant], key=_amount) for variant in counts}
        self.record = replace(self.record, allocations={**known, **least})

    def profile(self) -> None:
        """Find the allocating lines; what cannot be found of some variant spoils no figure."""
        if self.version.interpreter.without_memray:
            return
        profiles, failures = profile_group(
            self.record.group,
            self._patient,
            self._plan.seed,
            lambda step, steps: self._on_stage("finding allocating lines", step, steps),
        )
        findings = (_without_lines(variant, why) for variant, why in failures.items())
        self.record = replace(
            self.record, profiles=profiles, findings=(*self.record.findings, *findings)
        )

    def ended(self, taken: float) -> GroupRecord:
        failed = self.record.error is not None or self.record.failures
        status = RunStatus.FAILED if failed else RunStatus.DONE
        return replace(self.record, status=status, duration=taken if self.has_any else 0.0)


@contextmanager
def _started(bundle: Sequence[_Subject], plan: Plan) -> Iterator[None]:
    """Have the interpreter started whose children verify and count all of *bundle*.

    Why it could not be is in the records.
    """
    roles = {
        (number, name): role
        for number, subject in enumerate(bundle)
        for name, role in subject.roles.items()
    }
    version = bundle[0].version
    with ExitStack() as stack:
        if roles:
            crew = open_crew(version.interpreter, version.group, roles, seed=plan.seed)
            try:
                members = stack.enter_context(crew)
            except MeasureError as error:
                for subject in bundle:
                    subject.record = replace(subject.record, error=shortened(str(error)))
            else:
                for number, subject in enumerate(bundle):
                    subject.takes(
                        {name: member for (of, name), member in members.items() if of == number}
                    )
        yield


def _without_lines(variant: str, reason: str) -> Finding:
    return Finding(
        Severity.WARNING,
        f"the lines at which {variant} allocates were not found ({shortened(reason)})",
        "Its figures are not concerned. awaitbench profile looks for the lines alone.",
    )


def _amount(counted: Allocations) -> tuple[float, float]:
    return counted.count, counted.requested_bytes


def _count_what_differs(subjects: Sequence[_Subject]) -> None:
    """Count again the variants of which versions do not allocate the same."""
    counts = [subject.record.allocations for subject in subjects]
    differing = tuple(
        variant
        for variant in counts[0]
        if all(variant in each for each in counts)
        and len({_amount(each[variant]) for each in counts}) > 1
    )
    if differing:
        for subject in subjects:
            subject.take(lambda: subject.count_again(differing))  # noqa: B023 called at once


def _time_together(
    subjects: Sequence[_Subject],
    references_of: Callable[[Sequence[Version], str], dict[str, str]],
    plan: Plan,
    on_stage: OnStage,
    *,
    runtimes: bool = False,
) -> None:
    """Time all variants of all sound versions in the same rounds, one gate at a time.

    *runtimes*: they are those of one code, which are held against each other, too; each comes in a
    sweep with its variants one after the other.
    """
    subjects = [subject for subject in subjects if subject.sound]
    if not subjects or "time" not in plan.instruments:
        return
    versions = [subject.version for subject in subjects]
    references = references_of(versions, plan.baseline)
    conditions: dict[int, Conditions] = {}
    allowance = Allowance(versions[0].interpreter.patience, plan.preset.rounds[1])
    with Rounds(
        versions,
        plan.seed,
        allowance=allowance,
        on_conditions=conditions.__setitem__,
        most=plan.preset.rounds[1],
    ) as open_round:
        timing = time_group(
            tuple(references),
            references,
            plan.preset,
            open_round,
            random.Random(f"{plan.seed} {versions[0].group.key}"),
            on_round=lambda index: on_stage("timing, round", index, plan.preset.rounds[1]),
            families=runtime_of_each(versions) if runtimes else None,
            counterparts=on_other_runtimes(versions) if runtimes else (),
        )
    for subject in subjects:
        subject.record = _with_times(subject.record, timing, conditions, subject.version)


def _with_times(
    record: GroupRecord,
    timing: GroupTiming,
    conditions: Mapping[int, Conditions],
    version: Version,
) -> GroupRecord:
    """Return the record with what was timed of its version."""
    names = {version.member(variant): variant for variant in record.group.variants}
    timings = {names[each]: found for each, found in timing.timings.items() if each in names}
    failures = {names[each]: why for each, why in timing.failures.items() if each in names}
    overheads = [found.overhead for each, found in timing.calibrations.items() if each in names]
    return replace(
        record,
        error=timing.error,
        timings=timings,
        failures={**record.failures, **failures},
        target_met=timing.target_met if timings else None,
        loop_overhead=statistics.median(overheads) if overheads else None,
        # A round in which every variant gave up has no values that they would be those of.
        conditions={
            index: seen
            for index, seen in conditions.items()
            if any(index in each.rounds for each in timings.values())
        },
    )


def verify_group(group: Group, interpreter: Interpreter, seed: int) -> dict[str, Observation]:
    """Return what was seen of each variant; MeasureError if they do not do the same work."""
    with open_crew(interpreter, group, _verification(group), seed=seed) as members:
        return _verified(members[_VERIFICATION])


def _verification(group: Group) -> dict[str, Role]:
    return {_VERIFICATION: Role("verify", group.variants, group.runtime.loop)}


def _verified(member: Member) -> dict[str, Observation]:
    member.tell("verify")
    message: dict[str, Any] = {}
    while "observations" not in message:
        # While answers are compared, or the scenario is imported, no variant is to blame.
        member.variant = message.get("observing", "")
        message = member.listen("verify")
    return {variant: _observation(seen) for variant, seen in message["observations"].items()}


def _observation(seen: dict[str, Any]) -> Observation:
    return Observation(**{**seen, "collections": tuple(seen["collections"])})


def count_group(
    group: Group,
    interpreter: Interpreter,
    seed: int,
    on_stage: OnStage = lambda *_: None,
    there: Mapping[str, Member] | None = None,
) -> tuple[dict[str, Allocations], dict[str, str]]:
    """Return the allocations of each variant, and why those that failed did.

    Counts are exact whatever else runs, so that two variants are counted at a time. *there* are
    the children, where they were started before.
    """
    return ask_each(
        group,
        interpreter,
        "count",
        _count,
        seed=seed,
        on_step=lambda step, steps: on_stage("counting allocations", step, steps),
        there=there,
    )


def _count(member: Member) -> Allocations:
    # Not warmed up by the clock: the counting pass drives a fixed number of cycles, so that the
    # same case starts in the same state in every repeat.
    member.ask("prepare")
    counted = member.ask("count")["allocations"]
    member.ask("close")
    kinds = tuple(AllocationKind(**kind) for kind in counted.pop("kinds"))
    return Allocations(**counted, kinds=kinds)
