"""Schema: what ``run.json`` and ``allocations.json`` hold, checked when they are read.

History of the schema:

1 - first version
2 - what the machine did in each round, digests of the scenarios' sources, when a run was gone on
    with, and the pair of runs that it is of: empty in a file of version 1; the threshold of what
    is claimed, which was 0.02 in version 1
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from harness.record import RunStatus, Severity

__all__ = [
    "SCHEMA",
    "AllocationsFile",
    "CapturedEntry",
    "CaseEntry",
    "ConditionsEntry",
    "FindingEntry",
    "GroupEntry",
    "Header",
    "KindEntry",
    "LinesFile",
    "ObservationEntry",
    "PlanEntry",
    "PlannedGroup",
    "PresetEntry",
    "ProfileEntry",
    "ProofFile",
    "RunFile",
    "RuntimeEntry",
]

SCHEMA = 2


class Header(msgspec.Struct, frozen=True):
    """What is read first, of a file of any version."""

    schema: int
    started: str = ""


class FindingEntry(msgspec.Struct, frozen=True):
    """A finding."""

    severity: Severity
    message: str
    advice: str = ""


class RuntimeEntry(msgspec.Struct, frozen=True):
    """An interpreter's version and implementation, and the event loop.

    *without_native*: why it has no C type of ValueTask; runs of before that do not say.
    """

    python: str
    implementation: str
    loop: str
    without_native: str = ""


class PresetEntry(msgspec.Struct, frozen=True):
    """How exactly groups are timed; see :class:`harness.plan.Preset`."""

    name: str
    target: float
    rounds: tuple[int, int]
    values: int


class PlannedGroup(msgspec.Struct, frozen=True):
    """A group of the plan; *unavailable* maps a variant to the reason."""

    scenario: str
    params: dict[str, float | int | str | bool]
    variants: tuple[str, ...]
    runtime: RuntimeEntry
    unavailable: dict[str, str] = {}


class PlanEntry(msgspec.Struct, frozen=True):
    """Everything that the run is going to measure, in order."""

    baseline: str
    preset: PresetEntry
    seed: int
    instruments: tuple[str, ...]
    groups: tuple[PlannedGroup, ...]
    threshold: float = 0.02


class ObservationEntry(msgspec.Struct, frozen=True):
    """What verification saw of a variant, per operation; see :class:`harness.record.Observation`.

    Runs of before *turns* and *collections* were counted do not say.
    """

    synchronous_share: float
    suspensions: float
    tasks: float
    turns: float | None = None
    collections: tuple[float, ...] = ()


class ConditionsEntry(msgspec.Struct, frozen=True):
    """What else the machine did in one round; see :class:`harness.record.Conditions`."""

    seconds: float
    others: float | None = None
    stolen: float | None = None


class GroupEntry(msgspec.Struct, frozen=True):
    """What is known of the group at *index* of the plan; times in seconds."""

    index: int
    status: RunStatus
    duration: float
    error: str | None = None
    observations: dict[str, ObservationEntry] = {}
    failures: dict[str, str] = {}
    target_met: bool | None = None
    loop_overhead: float | None = None
    findings: tuple[FindingEntry, ...] = ()
    conditions: dict[int, ConditionsEntry] = {}


class RunFile(msgspec.Struct, frozen=True):
    """``run.json``. Groups are in the order in which they were measured."""

    schema: int
    name: str
    status: RunStatus
    started: str
    ended: str | None
    environment: dict[str, str]
    titles: dict[str, str]
    findings: tuple[FindingEntry, ...]
    plan: PlanEntry
    groups: tuple[GroupEntry, ...]
    sources: dict[str, str] = {}
    resumed: tuple[str, ...] = ()
    pair: str = ""


class KindEntry(msgspec.Struct, frozen=True):
    """Allocations of one allocator and size (bytes), per operation."""

    allocator: str
    size: int
    count: float


class CaseEntry(msgspec.Struct, frozen=True):
    """The counting pass of one case; *group* is the index of its group in the plan.

    ``scenario``, ``params`` and ``variant`` name the case as in ``summary.csv``.
    """

    group: int
    scenario: str
    params: str
    variant: str
    allocations: float
    bytes: float
    peak_bytes: int
    operations: int
    kinds: tuple[KindEntry, ...]


class AllocationsFile(msgspec.Struct, frozen=True):
    """``allocations.json``."""

    schema: int
    cases: tuple[CaseEntry, ...]


_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class CapturedEntry(msgspec.Struct, frozen=True):
    """What memray tells of a capture; see :class:`harness.record.Capture`. ISO 8601."""

    started: _Moment
    ended: _Moment
    peak_bytes: int
    allocator: str
    memory: tuple[tuple[int, int, int], ...]


class ProfileEntry(msgspec.Struct, frozen=True):
    """Where one case allocates; *group* is the index of its group in the plan.

    *frames* are lines: file (short, never absolute), function, number, text. *stacks* are places:
    indices of frames, the innermost first; allocations; bytes. *hook* and *unplaced* are those of
    :class:`harness.record.Attribution`.
    """

    group: int
    scenario: str
    params: str
    variant: str
    operations: int
    scenario_file: str
    hook: int | None
    unplaced: int
    capture: CapturedEntry
    frames: tuple[tuple[str, str, int, str], ...]
    stacks: tuple[tuple[tuple[int, ...], int, int], ...]


class LinesFile(msgspec.Struct, frozen=True):
    """``lines.json``, where lines were asked for; one case a line. Since version 2."""

    schema: int
    cases: tuple[ProfileEntry, ...]


_Count = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
_Share = Annotated[float, msgspec.Meta(ge=-1, le=1000)]


class ProofFile(msgspec.Struct, frozen=True):
    """``proof.json``, kept beside a run; see :class:`harness.record.Proof`. Since version 2."""

    schema: int
    interpreter: str
    preset: str
    started: str
    groups: _Count
    pairs: _Count
    called_different: _Count
    claimed: _Count
    half_width: _Share
    widest: _Share
    detectable: _Share
    slowdown: _Share
    tries: _Count
    found: _Count
    seen: _Share
