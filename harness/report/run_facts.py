"""What a run is, in a few words, where several stand beside each other. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from harness.report.figures import visible

if TYPE_CHECKING:
    from harness.record import Run

__all__ = ["moment_text", "run_facts"]


def moment_text(started: str) -> str:
    """Write an ISO 8601 moment as ``1 Jan 2025, 12:00``; what is none as it is."""
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        return visible(started)
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def run_facts(run: Run) -> dict[str, str]:
    """Return label -> text: when, how exactly and how much was measured."""
    rounds = sorted(
        {len(timing.rounds) for record in run.groups for timing in record.timings.values()}
    )
    groups = run.plan.groups
    told = {
        "measured": f"{moment_text(run.started)} UTC",
        "preset": run.plan.preset.name,
        "rounds": _span(rounds) if rounds else "",
        "cases": str(sum(len(group.variants) for group in groups)),
        "instruments": " and ".join(run.plan.instruments),
        "baseline": run.plan.baseline,
        "state": str(run.status),
    }
    return {label: visible(text) for label, text in told.items()}


def _span(numbers: list[int]) -> str:
    low, high = numbers[0], numbers[-1]
    return str(low) if low == high else f"{low} to {high}"
