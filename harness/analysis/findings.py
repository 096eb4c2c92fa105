"""Findings: what is shaky about a run. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.record import Finding, Run

__all__ = ["run_findings"]


def run_findings(run: Run) -> tuple[Finding, ...]:
    """Return what a reader of the figures of *run* should know, the worst first."""
    return run.findings
