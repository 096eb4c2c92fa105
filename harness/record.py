"""Records: what was measured, as it is stored and as every later step reads it. Frozen values.

A :class:`Run` is complete in itself: tables, charts and reports are made from it alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from harness.plan import Group, Plan

__all__ = [
    "AllocationKind",
    "Allocations",
    "Attribution",
    "Capture",
    "Conditions",
    "Finding",
    "Frame",
    "GroupRecord",
    "Observation",
    "Profile",
    "Proof",
    "Run",
    "RunStatus",
    "Severity",
    "Stack",
    "Timing",
]


class RunStatus(StrEnum):
    """How a run, or one of its groups, ended."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Severity(StrEnum):
    """How much a finding matters: ERROR spoils figures, WARNING may, HINT explains."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True)
class Finding:
    """Something that a reader of the figures should know, and what to do about it."""

    severity: Severity
    message: str
    advice: str = ""


@dataclass(frozen=True)
class Observation:
    """What verification saw of one variant, per operation.

    synchronous_share
        Share of operations whose awaiter was not suspended, 0 to 1.
    suspensions
        Times the awaiter was suspended, per operation.
    tasks
        Tasks created, per operation.
    turns
        Turns of the event loop, per operation; None where the loop does not tell, where they were
        not the same in every repeat, and in runs of before.
    collections
        Runs of the garbage collector, per operation, by generation, the youngest first; empty
        where too few operations were driven to tell, and in runs of before.
    """

    synchronous_share: float
    suspensions: float
    tasks: float
    turns: float | None = None
    collections: tuple[float, ...] = ()


@dataclass(frozen=True)
class AllocationKind:
    """Allocations of one allocator and size, per operation.

    *allocator* is memray's name (``PYMALLOC_MALLOC``, ``MALLOC``, ...), *size* in bytes.
    """

    allocator: str
    size: int
    count: float


@dataclass(frozen=True)
class Allocations:
    """The counting pass of one case, per operation, memray's stack hook off.

    count
        Allocations; a reallocation is one.
    requested_bytes
        Bytes asked for, over all allocations.
    peak_bytes
        High-water mark above the level at the start of the counted stretch, in bytes; of
        the whole stretch, not per operation.
    operations
        How many operations the longer of the two counted stretches has more: the count is what
        it allocates more, for each of them.
    kinds
        What was allocated, most frequent first.
    """

    count: float
    requested_bytes: float
    peak_bytes: int
    operations: int
    kinds: tuple[AllocationKind, ...] = ()


class Frame(NamedTuple):
    """A line of a function. *file* is short, as in ``asyncio/base_events.py``, never absolute."""

    file: str
    function: str
    line: int


@dataclass(frozen=True)
class Stack:
    """Allocations made at one place: *frames* from the innermost one outwards."""

    frames: tuple[Frame, ...]
    allocations: int
    bytes: int


@dataclass(frozen=True)
class Attribution:
    """What the attribution pass saw of one variant.

    operations
        How many operations were driven.
    stacks
        Where they allocated.
    scenario_file
        The short name of the scenario's own file.
    hook
        Allocations that were recognised as those of memray's stack hook and left out; None
        where they could not be told apart and are among the others.
    unplaced
        Allocations that the operations made without the hook, and that were not found with it:
        the frame object of a traceback, say, which the hook had made before.
    sources
        The text of lines, where it is known.
    """

    operations: int
    stacks: tuple[Stack, ...]
    scenario_file: str
    hook: int | None = None
    unplaced: int = 0
    sources: Mapping[Frame, str] = field(default_factory=dict)

    @property
    def allocations(self) -> int:
        """All allocations that have a place."""
        return sum(stack.allocations for stack in self.stacks)

    def cause(self, stack: Stack) -> Frame | None:
        """Return the innermost frame of the scenario's own file, if it has one."""
        return next((frame for frame in stack.frames if frame.file == self.scenario_file), None)


@dataclass(frozen=True)
class Capture:
    """What memray tells of a capture; *memory* is (milliseconds, resident, heap bytes) each."""

    started: datetime
    ended: datetime
    peak_bytes: int
    allocator: str
    memory: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True)
class Profile:
    """The attribution pass of one case."""

    attribution: Attribution
    capture: Capture


@dataclass(frozen=True)
class Timing:
    """The times of one case.

    rounds
        Round index -> seconds per operation, in sweep order: the n-th values of two variants
        in the same round are of the same sweep, neighbours in time.
    operations
        Operations per value (loops x operations of one cycle).
    warmups
        Round index -> pyperf's warm-up values: (loops, seconds per operation).
    metadata
        Round index -> what pyperf recorded about the process, without host or paths.
    """

    rounds: Mapping[int, tuple[float, ...]]
    operations: int
    warmups: Mapping[int, tuple[tuple[int, float], ...]] = field(default_factory=dict)
    metadata: Mapping[int, Mapping[str, float | str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Conditions:
    """What else the machine did during one round; None where the system does not tell.

    seconds
        How long the round took, by a clock that does not jump.
    others
        Cores that processes other than ours kept busy, on average: 0.5 is half of one core.
    stolen
        Cores that the hypervisor gave to other virtual machines, on average.
    """

    seconds: float
    others: float | None = None
    stolen: float | None = None


@dataclass(frozen=True)
class GroupRecord:
    """What was measured of one group, by variant; a variant that failed has a reason.

    loop_overhead
        Seconds per operation of the empty driving loop, part of every time: the floor.
    conditions
        Round index -> what else the machine did meanwhile.
    profiles
        Where each variant allocates; on request.
    """

    group: Group
    status: RunStatus
    error: str | None = None
    observations: Mapping[str, Observation] = field(default_factory=dict)
    timings: Mapping[str, Timing] = field(default_factory=dict)
    allocations: Mapping[str, Allocations] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    target_met: bool | None = None
    loop_overhead: float | None = None
    duration: float = 0.0
    findings: tuple[Finding, ...] = ()
    conditions: Mapping[int, Conditions] = field(default_factory=dict)
    profiles: Mapping[str, Profile] = field(default_factory=dict)


@dataclass(frozen=True)
class Proof:
    """What equal variants under different names, and a slower one, showed of a machine.

    interpreter, preset, started
        On what, how exactly and when (ISO 8601, UTC) they were measured.
    groups, pairs
        How many groups, and pairs of equal variants in them.
    called_different, claimed
        Of these pairs, whose 95 % interval excludes 1; of which a report would claim a difference.
    half_width, widest
        Relative half-width of a ratio's interval: the median, and the widest.
    detectable
        The difference, as a share, that is found four times of five; median of the pairs.
    slowdown
        By how much the slower variant truly is slower, as a share.
    tries, found, seen
        How often it was measured, in how many of them its interval excludes 1, and the median of
        what was seen, as a share.
    """

    interpreter: str
    preset: str
    started: str
    groups: int
    pairs: int
    called_different: int
    claimed: int
    half_width: float
    widest: float
    detectable: float
    slowdown: float
    tries: int
    found: int
    seen: float


@dataclass(frozen=True)
class Run:
    """One invocation: its plan, where it was measured, and what each group gave.

    *started* and *ended* are ISO 8601 in UTC. *titles* maps a scenario's name to its title,
    *sources* to a digest of the code that declares it. *resumed* says when it was gone on with,
    ISO 8601 in UTC, once for each time. Two runs of the same *pair* (a token; empty: none) were
    measured interleaved: their rounds of the same index, sweep by sweep, are neighbours in time.
    *proof* is what was kept beside it of what its machine can tell apart.
    """

    name: str
    status: RunStatus
    started: str
    plan: Plan
    environment: Mapping[str, str]
    groups: tuple[GroupRecord, ...] = ()
    ended: str | None = None
    findings: tuple[Finding, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    resumed: tuple[str, ...] = ()
    pair: str = ""
    proof: Proof | None = None
