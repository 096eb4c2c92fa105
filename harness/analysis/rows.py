"""Rows: one line per case, the figures that every table, chart and file shows. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from harness.analysis.decision import discovery_limit, is_real
from harness.analysis.estimate import estimate_ratio, estimate_time, scatter
from harness.plan import format_params

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.plan import Group
    from harness.record import GroupRecord, Run, Timing

__all__ = ["COLUMNS", "CaseRow", "case_rows", "claim_limit"]

_NANOSECONDS = 1e9


@dataclass(frozen=True)
class CaseRow:
    """One case. Its fields up to ``status`` are the columns of ``summary.csv``, in order.

    Times are nanoseconds per operation, ratios are to ``baseline``, low and high are the
    ends of a 95 % interval; allocations and bytes are per operation; a figure that was not
    measured is None. ``status`` is ``ok``, ``failed``, ``unavailable`` or ``missing``, and
    ``reason`` says why it is not ok. ``is_real``: whether the ratio shows a difference that may
    be claimed (:mod:`harness.analysis.decision`); ``scatter``: the relative standard deviation of
    single values; ``turns`` of the event loop and ``collections`` of all generations, per
    operation.
    """

    scenario: str
    params: str
    variant: str
    python: str
    loop: str
    baseline: str
    time_ns: float | None
    time_ns_low: float | None
    time_ns_high: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    allocations: float | None
    bytes: float | None
    peak_bytes: int | None
    suspensions: float | None
    tasks: float | None
    rounds: int | None
    values: int | None
    status: str
    reason: str | None
    sync_ratio: float
    target_met: bool | None
    is_real: bool | None = None
    scatter: float | None = None
    turns: float | None = None
    collections: float | None = None

    @property
    def is_baseline(self) -> bool:
        """Whether ratios are taken against this case."""
        return self.variant == self.baseline

    @property
    def runtime(self) -> str:
        """Interpreter and event loop: ``python 3.13.0, asyncio``, ``pypy 3.11.11, asyncio``."""
        named = self.python if " " in self.python else f"python {self.python}"
        return f"{named}, {self.loop}"

    @property
    def ratio_half_width(self) -> float | None:
        """Half of the ratio's interval, in units of the ratio."""
        if self.ratio_low is None or self.ratio_high is None:
            return None
        return (self.ratio_high - self.ratio_low) / 2

    @property
    def time_half_width(self) -> float | None:
        """Half of the time's interval, in nanoseconds."""
        if self.time_ns_low is None or self.time_ns_high is None:
            return None
        return (self.time_ns_high - self.time_ns_low) / 2


COLUMNS = tuple(field.name for field in fields(CaseRow))[
    : [field.name for field in fields(CaseRow)].index("status") + 1
]


def case_rows(run: Run) -> tuple[CaseRow, ...]:
    """Return the rows of *run* in the order of its plan; unmeasured groups are ``missing``."""
    measured = {record.group: record for record in run.groups}
    limit = claim_limit(run)
    return tuple(
        row
        for group in run.plan.groups
        for row in _group_rows(group, measured.get(group), run, limit)
    )


def claim_limit(run: Run) -> float:
    """Return the p-value up to which a difference may be claimed among all ratios of *run*."""
    baseline = run.plan.baseline
    return discovery_limit(
        ratio.p
        for record in run.groups
        if baseline in record.timings
        for variant, timing in record.timings.items()
        if variant != baseline and (ratio := estimate_ratio(timing, record.timings[baseline]))
    )


def _group_rows(
    group: Group, record: GroupRecord | None, run: Run, limit: float
) -> Iterator[CaseRow]:
    baseline = run.plan.baseline
    for variant in group.variants:
        if record is None:
            yield _row(group, baseline, variant, "missing", "not measured yet")
        elif variant in record.failures:
            yield _measured(record, run, limit, variant, "failed", record.failures[variant])
        elif record.error is not None:
            yield _measured(record, run, limit, variant, "failed", record.error)
        else:
            yield _measured(record, run, limit, variant, "ok", None)
    for variant, reason in group.unavailable:
        yield _row(group, baseline, variant, "unavailable", reason)


def _measured(
    record: GroupRecord, run: Run, limit: float, variant: str, status: str, reason: str | None
) -> CaseRow:
    """Return the row of a case with what was measured of it, also where it failed later."""
    baseline = run.plan.baseline
    row = _row(record.group, baseline, variant, status, reason)
    if timing := record.timings.get(variant):
        reference = record.timings.get(baseline)
        row = replace(row, **_times(timing, reference, limit, run.plan.threshold))
    if counted := record.allocations.get(variant):
        row = replace(
            row,
            allocations=counted.count,
            bytes=counted.requested_bytes,
            peak_bytes=counted.peak_bytes,
        )
    if seen := record.observations.get(variant):
        row = replace(
            row,
            suspensions=seen.suspensions,
            tasks=seen.tasks,
            turns=seen.turns,
            collections=sum(seen.collections) if seen.collections else None,
        )
    return replace(row, target_met=record.target_met)


def _times(
    timing: Timing, baseline: Timing | None, limit: float, threshold: float
) -> dict[str, Any]:
    time = estimate_time(timing)
    ratio = estimate_ratio(timing, baseline) if baseline else None
    return {
        "time_ns": time and time.value * _NANOSECONDS,
        "time_ns_low": time and time.low and time.low * _NANOSECONDS,
        "time_ns_high": time and time.high and time.high * _NANOSECONDS,
        "ratio": ratio and ratio.value,
        "ratio_low": ratio and ratio.low,
        "ratio_high": ratio and ratio.high,
        "rounds": len(timing.rounds),
        "values": sum(map(len, timing.rounds.values())),
        "is_real": ratio and is_real(ratio, limit, threshold),
        "scatter": scatter(timing),
    }


def _row(group: Group, baseline: str, variant: str, status: str, reason: str | None) -> CaseRow:
    return CaseRow(
        scenario=group.scenario,
        params=format_params(group.params),
        variant=variant,
        python=group.runtime.interpreter,
        loop=group.runtime.loop,
        baseline=baseline,
        time_ns=None,
        time_ns_low=None,
        time_ns_high=None,
        ratio=None,
        ratio_low=None,
        ratio_high=None,
        allocations=None,
        bytes=None,
        peak_bytes=None,
        suspensions=None,
        tasks=None,
        rounds=None,
        values=None,
        status=status,
        reason=reason,
        sync_ratio=float(dict(group.params)["sync_ratio"]),
        target_met=None,
    )
