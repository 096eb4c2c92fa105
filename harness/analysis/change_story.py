"""What changed between two runs, as plain sentences: what matters most first. Pure.

A difference in time is claimed only where it is real, and only where what the machine did between
the two runs is not in it: what could only be held against each other directly is told apart.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.comparison import Means, Presence
from harness.analysis.sentences import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.analysis.comparison import Change, Comparison
    from harness.analysis.estimate import Estimate
    from harness.analysis.rows import CaseRow

__all__ = [
    "Moved",
    "Statement",
    "allocation_statements",
    "belief_lines",
    "cases",
    "is_claimed",
    "longer",
    "means_line",
    "moved_together",
    "presence_lines",
    "time_statements",
    "verdict",
    "verdict_line",
]

_FEW = 3  # names before the rest is counted
_TIMES = 2.0  # from here on a ratio says more than a percentage
_TOGETHER = 3  # variants that move alike before their baseline is what moved
_ALIKE = 0.5  # of a log: the baseline moved by half to twice as much as they did


@dataclass(frozen=True)
class Statement:
    """What one case did, as the rest of a sentence whose subject is its variant."""

    change: Change
    text: str
    tone: Tone


@dataclass(frozen=True)
class Moved:
    """A group whose variants all moved alike while the variant that bridges them did the opposite.

    *ratio* is that of the baseline, held against itself directly; *count* is how many moved.
    """

    row: CaseRow
    ratio: Estimate
    count: int
    others: float


def verdict(change: Change) -> str:
    """Return what the time of a case did, in a word or two."""
    if change.presence is not Presence.BOTH:
        return str(change.presence)
    if change.ratio is None:
        return ""
    if not change.is_real:
        return "no difference shown"
    return "slower" if change.ratio.value > 1 else "faster"


def is_claimed(change: Change) -> bool:
    """Tell whether a difference in time is the code's: real, and not only direct."""
    return change.is_real and change.means is not Means.DIRECT


def verdict_line(comparison: Comparison) -> str:
    """Return in one sentence how many cases changed, really, in time and in allocations."""
    common = comparison.common
    if not common:
        return "No case was measured in both runs."
    told = []
    timed = [change for change in common if change.effect and change.means is not Means.DIRECT]
    if timed:
        words = Counter(verdict(change) for change in timed if change.is_real)
        slower, faster = words["slower"], words["faster"]
        told.append(
            f"of {cases(len(timed))} with comparable times, {slower or 'none'} "
            f"{'takes' if slower <= 1 else 'take'} longer and {faster or 'none'} less time"
        )
    counted = [change for change in common if change.allocations is not None]
    if counted:
        more, fewer = _counts(counted)
        if more or fewer:
            told.append(
                f"{more or 'none'} of {len(counted)} {'makes' if more <= 1 else 'make'} more "
                f"allocations and {fewer or 'none'} fewer"
            )
        else:
            told.append(f"all {len(counted)} make exactly as many allocations as before")
    text = "; ".join(told) or f"{cases(len(common))} in both runs, without figures in both"
    return f"{text[0].upper()}{text[1:]}."


def _counts(counted: Iterable[Change]) -> tuple[int, int]:
    differ = [change.allocations or 0 for change in counted if change.counts_differ]
    return sum(count > 0 for count in differ), sum(count < 0 for count in differ)


def time_statements(comparison: Comparison) -> list[Statement]:
    """Return what really takes longer, or less time, the largest change first."""
    found = [
        (abs(change.effect.log), Statement(change, longer(ratio), _tone(ratio.value > 1)))
        for change in comparison.common
        if change.effect and is_claimed(change) and (ratio := change.ratio)
    ]
    return [statement for _, statement in sorted(found, key=lambda pair: -pair[0])]


def longer(ratio: Estimate) -> str:
    """Write a ratio of times: ``takes 50 % longer [48 %, 52 %]``, ``takes 3.1 times as long``."""
    value, low, high = ratio.value, ratio.low, ratio.high
    if not 1 / _TIMES < value < _TIMES:
        ends = "" if low is None or high is None else f" [{low:.3g}, {high:.3g}]"
        return f"takes {value:.3g} times as long{ends}"
    sign = 1 if value > 1 else -1
    shares = [sign * (each - 1) * 100 for each in (value, low, high) if each is not None]
    width = abs(shares[-1] - shares[-2]) if len(shares) == 3 else 0.0
    places = 0 if width > 4 else 1
    first, *ends_ = shares
    interval = ", ".join(f"{share:.{places}f} %" for share in sorted(ends_))
    word = "longer" if value > 1 else "less time"
    return f"takes {first:.{places}f} % {word}" + (f" [{interval}]" if interval else "")


def allocation_statements(comparison: Comparison) -> list[Statement]:
    """Return where the number of allocations changed, the largest change first."""
    found = []
    for change in comparison.common:
        more, base, new = change.allocations, change.base, change.new
        if not change.counts_differ or more is None or base is None or new is None:
            continue
        noun = "allocation" if round(abs(more), 2) == 1 else "allocations"
        text = (
            f"makes {abs(more):.4g} {'more' if more > 0 else 'fewer'} {noun} per operation "
            f"({base.allocations or 0:.4g} → {new.allocations or 0:.4g})"
        )
        found.append((abs(more), Statement(change, text, _tone(more > 0))))
    return [statement for _, statement in sorted(found, key=lambda pair: -pair[0])]


def _tone(is_loss: bool) -> Tone:
    return Tone.LOSS if is_loss else Tone.GAIN


def moved_together(comparison: Comparison) -> list[Moved]:
    """Return the groups where it is rather the baseline that changed.

    All variants that it bridges are claimed to have changed in the same direction, and it has
    changed in the other one, directly, and about as much.
    """
    groups: dict[tuple[str, ...], list[Change]] = {}
    for change in comparison.common:
        row = change.row
        key = row.scenario, row.params, row.python, row.loop
        groups.setdefault(key, []).append(change)
    return [moved for several in groups.values() if (moved := _moved(several, comparison.baseline))]


def _moved(several: Sequence[Change], baseline: str) -> Moved | None:
    bridged = [c.effect.log for c in several if c.means is Means.BRIDGED and c.effect]
    claimed = [c for c in several if c.means is Means.BRIDGED and c.is_real]
    own = [c for c in several if c.row.variant == baseline and c.means is Means.DIRECT]
    if len(bridged) < _TOGETHER or len(claimed) < len(bridged) or not own:
        return None
    if len({log > 0 for log in bridged}) > 1:
        return None
    effect, ratio = own[0].effect, own[0].ratio
    typical = statistics.median(bridged)
    if effect is None or ratio is None or not own[0].is_real or effect.log * typical >= 0:
        return None
    if not _ALIKE <= abs(effect.log / typical) <= 1 / _ALIKE:
        return None
    return Moved(own[0].row, ratio, len(bridged), math.exp(typical))


def presence_lines(comparison: Comparison) -> Iterator[str]:
    """Yield which cases only one of the runs has, by variant and scenario."""
    words = {
        Presence.FAILED: "failed in the newer run",
        Presence.REMOVED: "not in the newer run any more",
        Presence.ADDED: "new in the newer run",
    }
    for presence, word in words.items():
        found = [change.row for change in comparison.changes if change.presence is presence]
        if found:
            several = "is" if len(found) == 1 else "are"
            verb = "" if presence is Presence.FAILED else f" {several}"
            yield f"{cases(len(found))}{verb} {word}: {_names(found)}."


def _names(rows: Sequence[CaseRow]) -> str:
    """Name the variants of *rows*, each with its scenarios; then count the rest."""
    scenarios: dict[str, list[str]] = {}
    for row in rows:
        scenarios.setdefault(row.variant, [])
        if row.scenario not in scenarios[row.variant]:
            scenarios[row.variant].append(row.scenario)
    told = [
        f"{variant} in {names[0] if len(names) == 1 else f'{len(names)} scenarios'}"
        for variant, names in scenarios.items()
    ]
    rest = f" and {len(told) - _FEW} more" if len(told) > _FEW else ""
    return ", ".join(told[:_FEW]) + rest


def means_line(comparison: Comparison) -> str:
    """Return in a plain sentence or two how times were held against each other, or why not."""
    if comparison.unlike:
        return f"Times are not compared: {comparison.unlike}."
    seen = {change.means for change in comparison.changes}
    if Means.PAIRED in seen:
        return (
            "Both were measured interleaved, and are compared sweep by sweep: what was compared "
            "was measured milliseconds apart, so that the machine cancels."
        )
    if Means.BRIDGED in seen:
        return (
            f"The two were measured at different times. {comparison.baseline} was measured in "
            "both, and each variant's ratio to it is compared with its ratio then: a machine that "
            "was slower on one day cancels."
        )
    if Means.DIRECT in seen:
        return (
            "The two were measured at different times and have no common baseline: times are held "
            "against each other directly, and what the machine did meanwhile is in them."
        )
    return "No time was measured in both runs."


def belief_lines(comparison: Comparison) -> Iterator[str]:
    """Yield what a reader has to know to judge the comparison, one sentence or two each."""
    yield means_line(comparison)
    seen = {change.means for change in comparison.changes}
    if Means.BRIDGED in seen:
        yield (
            f"A change of {comparison.baseline} itself would not show as its own: it would show in "
            "all other variants of its group, turned around."
        )
    if Means.DIRECT in seen and Means.BRIDGED in seen:
        yield (
            f"{comparison.baseline} can only be held against itself directly: what the machine did "
            "between the two runs is in it, so that it is shown, and counts for nothing."
        )
    widths = sorted(
        ratio.half_width
        for change in comparison.common
        if (ratio := change.ratio) and ratio.half_width is not None
    )
    if widths:
        middle, widest = statistics.median(widths), widths[-1]
        yield (
            f"The 95 % intervals are ± {_percent(middle)} in the middle and ± {_percent(widest)} "
            "at the widest: a change that is smaller than its interval could not be seen."
        )
        yield (
            "A difference is claimed only where its interval excludes 1, it is larger than "
            f"{comparison.threshold * 100:g} %, and it stands among all comparisons of the page: "
            "of what is claimed, 5 % may be by chance (Benjamini and Hochberg, 1995)."
        )
    if any(change.allocations is not None for change in comparison.common):
        yield (
            "Allocations are counted, not sampled. They differ where the counts do by more than "
            "0.01 per operation, or 0.2 % where an operation makes many."
        )


def _percent(share: float) -> str:
    return f"{share * 100:.2g} %" if share < 10 else "more than 1000 %"


def cases(number: int) -> str:
    """Write ``1 case``, ``2 cases``."""
    return f"{number} case{'' if number == 1 else 's'}"
