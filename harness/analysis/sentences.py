"""Sentences: what a run says, in plain English, each about one group. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.plan import Group
    from harness.record import Run

__all__ = ["Sentence", "summary_sentences"]


@dataclass(frozen=True)
class Sentence:
    """One sentence, the group that it is about and the variants that it names."""

    text: str
    group: Group
    variants: tuple[str, ...]


def summary_sentences(run: Run) -> tuple[Sentence, ...]:
    """Return the most telling comparisons of each scenario; claims only what is significant."""
    return ()
