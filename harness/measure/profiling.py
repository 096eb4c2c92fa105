"""Profiling one case: has a fresh child make the attribution pass, and reads its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from harness.errors import MeasureError
from harness.measure.crew import open_crew
from harness.record import Attribution, Frame, Stack

if TYPE_CHECKING:
    from pathlib import Path

    from harness.measure.crew import Interpreter
    from harness.plan import Group

__all__ = ["Capture", "Profile", "profile_variant"]

_HASH_SEED = 0


@dataclass(frozen=True)
class Capture:
    """What memray tells of a capture; *memory* is (milliseconds, resident, heap bytes) each."""

    started: datetime
    ended: datetime
    peak_bytes: int
    allocator: str
    memory: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Profile:
    """The attribution pass of one case."""

    attribution: Attribution
    capture: Capture


def profile_variant(
    group: Group, variant: str, interpreter: Interpreter, *, seed: int, path: Path, operations: int
) -> Profile:
    """Attribute the allocations of *operations* of *variant*; the capture is written to *path*.

    MeasureError when the child raises, hangs, or dies twice.
    """
    for _ in range(2):  # memray 1.20 can crash at tracker exit on CPython 3.12
        with open_crew(
            interpreter, group, "attribute", seed=seed, hash_seed=_HASH_SEED, members=(variant,)
        ) as members:
            member = members[variant]
            try:
                member.ask("prepare")
                member.ask("warm_up")
                captured = member.ask("attribute", capture=str(path), operations=operations)[
                    "captured"
                ]
            except MeasureError as error:
                if not member.died:
                    raise
                crash = error
                continue
            member.ask("close")
            return _profile(captured)
    raise crash


def _profile(captured: dict[str, Any]) -> Profile:
    frames = [Frame(file, function, line) for file, function, line, _ in captured["frames"]]
    texts = [text for *_, text in captured["frames"]]
    attribution = Attribution(
        operations=captured["operations"],
        stacks=tuple(
            Stack(tuple(frames[index] for index in indices), allocations, size)
            for indices, allocations, size in captured["stacks"]
        ),
        scenario_file=captured["scenario_file"],
        hook=captured["hook"],
        unplaced=captured["unplaced"],
        sources=dict(zip(frames, texts, strict=True)),
    )
    capture = Capture(
        started=datetime.fromisoformat(captured["started"]),
        ended=datetime.fromisoformat(captured["ended"]),
        peak_bytes=captured["peak_bytes"],
        allocator=captured["allocator"],
        memory=tuple(
            (milliseconds, resident, heap) for milliseconds, resident, heap in captured["memory"]
        ),
    )
    return Profile(attribution, capture)
