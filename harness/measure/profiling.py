"""Profiling: has fresh children make the attribution pass, and reads their answers."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import MeasureError
from harness.measure.asking import ask_each
from harness.measure.crew import open_crew, role_of_each
from harness.record import Attribution, Capture, Frame, Profile, Stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.measure.crew import Interpreter, Member
    from harness.plan import Group

__all__ = ["OPERATIONS", "bounded", "profile_group", "profile_variant"]


# Of each variant of a whole run: enough for shares, and a second or less for each.
OPERATIONS = 100
# What is kept of one: more than any of the shipped scenarios has.
_MOST_STACKS = 300
_DEEPEST_STACK = 60
_LONGEST_TEXT = 200
_MOST_SNAPSHOTS = 200
_OTHERS = Frame("<other places>", "", 0)


def profile_variant(
    group: Group, variant: str, interpreter: Interpreter, *, seed: int, path: Path, operations: int
) -> Profile:
    """Attribute the allocations of *operations* of *variant*; the capture is written to *path*.

    MeasureError when the child raises, hangs, or dies twice.
    """
    roles = role_of_each(replace(group, variants=(variant,)), "attribute")
    for _ in range(2):  # memray 1.20 can crash at tracker exit on CPython 3.12
        with open_crew(interpreter, group, roles, seed=seed) as members:
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


def profile_group(
    group: Group, interpreter: Interpreter, seed: int, on_step: Callable[[int, int], None]
) -> tuple[dict[str, Profile], dict[str, str]]:
    """Return where each variant allocates, and why those that failed did; no capture is kept.

    *on_step* is told how many of how many are done.
    """
    with tempfile.TemporaryDirectory() as folder:

        def ask(member: Member) -> Profile:
            member.ask("prepare")
            member.ask("warm_up")
            number = group.variants.index(member.variant)
            answer = member.ask(
                "attribute", capture=str(Path(folder, f"{number}.bin")), operations=OPERATIONS
            )
            member.ask("close")
            return bounded(_profile(answer["captured"]))

        return ask_each(group, interpreter, "attribute", ask, seed=seed, on_step=on_step)


def bounded(profile: Profile) -> Profile:
    """Return *profile* as it is kept: of many places the most frequent, and all others as one.

    A deep stack keeps its innermost frames.
    """
    seen = profile.attribution
    ordered = sorted(seen.stacks, key=lambda stack: (-stack.allocations, -stack.bytes))
    stacks = [
        replace(stack, frames=stack.frames[:_DEEPEST_STACK]) for stack in ordered[:_MOST_STACKS]
    ]
    if rest := ordered[_MOST_STACKS:]:
        others = Stack(
            (_OTHERS,), sum(each.allocations for each in rest), sum(each.bytes for each in rest)
        )
        stacks.append(others)
    kept = {frame for stack in stacks for frame in stack.frames}
    sources = {frame: text[:_LONGEST_TEXT] for frame, text in seen.sources.items() if frame in kept}
    capture = profile.capture
    return Profile(
        replace(seen, stacks=tuple(stacks), sources=sources),
        replace(
            capture,
            started=capture.started.astimezone(UTC),
            ended=capture.ended.astimezone(UTC),
            memory=capture.memory[:_MOST_SNAPSHOTS],
        ),
    )


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
