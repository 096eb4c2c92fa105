"""How a case differs from what it is held against, as a cell of a table. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.change_story import is_claimed, verdict
from harness.analysis.comparison import Means, Presence
from harness.report.comparison import half_of
from harness.report.figures import ratio_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.analysis.comparison import Change

__all__ = ["Compared", "change_words", "compared"]


@dataclass(frozen=True)
class Compared:
    """A ratio with half of its interval, the verdict in a word, and how that is coloured."""

    figure: str = ""
    half: str = ""
    word: str = ""
    mark: str = ""


def compared(step: Change | None, unlike: str = "") -> Compared:
    """Return how a case differs in time from what it is held against, or that it cannot be."""
    if step is None or step.ratio is None:
        return Compared(word="not comparable" if unlike else "")
    value, half = ratio_parts(step.ratio.value, half_of(step.ratio))
    if step.means is Means.DIRECT:
        return Compared(value, half, "direct")
    if not step.is_real:
        return Compared(value, half, "not shown")
    if step.ratio.value > 1:
        return Compared(value, half, "slower", "loss")
    return Compared(value, half, "faster", "gain")


def change_words(change: Change) -> Iterator[str]:
    """Yield what the filter finds a case by that changed: ``changed``, and how it did."""
    if change.presence is not Presence.BOTH:
        yield f"changed {change.presence}"
    if is_claimed(change):
        yield f"changed {verdict(change)}"
    if change.counts_differ:
        more = (change.allocations or 0) > 0
        yield f"changed {'more' if more else 'fewer'} allocations"
