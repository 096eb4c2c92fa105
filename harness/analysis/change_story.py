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
    from harness.analysis.places import Places
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
    "trust_lines",
    "verdict",
    "verdict_line",
    "width_line",
]

_FEW = 3  # names before the rest is counted
_ROUGH = 4.0  # percentage points of an interval from which on a decimal says nothing
_TIMES = 2.0  # from here on a ratio says more than a percentage
_TOGETHER = 3  # variants that move alike before their baseline is what moved
_ALIKE = 0.5  # of a log: the baseline moved by half to twice as much as they did


@dataclass(frozen=True)
class Statement:
    """What one variant did, as the rest of a sentence whose subject it is.

    *change* is the case in which it did so most.
    """

    variant: str
    text: str
    tone: Tone
    change: Change


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


def time_statements(comparison: Comparison, places: Places) -> list[Statement]:
    """Return which variants really take longer, or less time, the largest change first."""
    claimed: dict[tuple[str, bool], list[tuple[float, Change]]] = {}
    compared = Counter(change.row.variant for change in comparison.common if change.effect)
    for change in comparison.common:
        if change.effect and is_claimed(change):
            key = change.row.variant, change.effect.log > 0
            claimed.setdefault(key, []).append((abs(change.effect.log), change))
    found = []
    for (variant, is_longer), several in claimed.items():
        largest, most = max(several, key=_size)
        least = min(several, key=_size)[1]
        ratio, smallest = most.ratio, least.ratio
        if ratio is None or smallest is None:
            continue
        where = places.of(most.row)
        text = f"{longer(ratio)} in {where}"
        if len(several) > 1:
            text = (
                f"{_from_to(smallest.value, ratio.value)} in "
                f"{_of_all(len(several), compared[variant])}, most in {where}: {_extent(ratio)}"
            )
        found.append((largest, Statement(variant, text, _tone(is_longer), most)))
    return [statement for _, statement in sorted(found, key=lambda pair: -pair[0])]


def _of_all(number: int, whole: int) -> str:
    return f"all {number} cases" if number == whole else f"{number} of its {whole} cases"


def _size(pair: tuple[float, Change]) -> float:
    return pair[0]


def _from_to(least: float, most: float) -> str:
    """Write the span of several ratios on the same side of 1."""
    if 1 / _TIMES < most < _TIMES:
        low, high = (f"{abs(each - 1) * 100:.0f}" for each in (least, most))
        span = f"{high} %" if low == high else f"{low} % to {high} %"
        return f"takes {span} {'longer' if most > 1 else 'less time'}"
    low, high = f"{least:.2g}", f"{most:.2g}"
    return f"takes {high if low == high else f'{low} to {high}'} times as long"


def longer(ratio: Estimate) -> str:
    """Write a ratio of times: ``takes 50 % longer [48 %, 52 %]``, ``takes 3.1 times as long``."""
    if not 1 / _TIMES < ratio.value < _TIMES:
        return f"takes {_extent(ratio, ' times as long')}"
    return f"takes {_extent(ratio, ' longer' if ratio.value > 1 else ' less time')}"


def _extent(ratio: Estimate, word: str = "") -> str:
    """Write by how much, with the interval: as a share, or as a factor where it is large."""
    value, low, high = ratio.value, ratio.low, ratio.high
    known = low is not None and high is not None
    if not 1 / _TIMES < value < _TIMES:
        return f"{value:.3g}{word or ' times'}" + (f" [{low:.3g}, {high:.3g}]" if known else "")
    sign = 1 if value > 1 else -1
    ends = sorted(sign * (each - 1) * 100 for each in (low, high) if each is not None)
    places = 0 if not known or ends[1] - ends[0] > _ROUGH else 1
    told = f"{sign * (value - 1) * 100:.{places}f} %{word}"
    return f"{told} [{', '.join(f'{end:.{places}f} %' for end in ends)}]" if known else told


def allocation_statements(comparison: Comparison, places: Places) -> list[Statement]:
    """Return which variants make another number of allocations, the largest change first."""
    changed: dict[tuple[str, bool], list[tuple[float, Change]]] = {}
    counted = Counter(c.row.variant for c in comparison.common if c.allocations is not None)
    for change in comparison.common:
        if change.counts_differ and change.allocations is not None:
            key = change.row.variant, change.allocations > 0
            changed.setdefault(key, []).append((abs(change.allocations), change))
    found = []
    for (variant, is_more), several in changed.items():
        largest, most = max(several, key=_size)
        word = "more" if is_more else "fewer"
        span = _count_span(min(several, key=_size)[0], largest)
        noun = "allocation" if span == "1" else "allocations"
        before, after = (row.allocations if row else None for row in (most.base, most.new))
        where = f"{places.of(most.row)} ({before or 0:.4g} → {after or 0:.4g})"
        if len(several) > 1:
            such_as = "such as" if span == _shown_count(largest) else "most in"
            where = f"{_of_all(len(several), counted[variant])}, {such_as} {where}"
        text = f"makes {span} {word} {noun} per operation in {where}"
        found.append((largest, Statement(variant, text, _tone(is_more), most)))
    return [statement for _, statement in sorted(found, key=lambda pair: -pair[0])]


def _count_span(least: float, most: float) -> str:
    low, high = map(_shown_count, (least, most))
    return high if low == high else f"{low} to {high}"


def _shown_count(number: float) -> str:
    return f"{round(number, 2):.4g}"


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


def trust_lines(comparison: Comparison, shaky: int) -> Iterator[str]:
    """Yield in short whether the comparison is to be believed: *shaky* findings are told below."""
    if any(change.counts_differ for change in comparison.common):
        yield (
            "Allocations are counted, not sampled: another count means that other code ran, not "
            "that the machine was slower. Only where a thread takes part may it be chance."
        )
    yield means_line(comparison)
    if widths := width_line(comparison.common):
        yield f"{widths}; of what is claimed, 5 % may be by chance."
    labels = [label for label, _, _ in comparison.differences]
    if labels:
        rest = f" and {len(labels) - _FEW} more" if len(labels) > _FEW else ""
        yield f"Not the same around them: {', '.join(labels[:_FEW])}{rest}."
    else:
        yield "Machine, interpreter and versions are the same in both."
    if shaky:
        things = "thing was" if shaky == 1 else "things were"
        yield f"{shaky} {things} shaky while they were measured."


def width_line(changes: Iterable[Change]) -> str:
    """Return how wide the intervals of *changes* are, without a full stop; empty without any."""
    widths = sorted(
        ratio.half_width
        for change in changes
        if (ratio := change.ratio) and ratio.half_width is not None
    )
    if not widths:
        return ""
    middle, widest = statistics.median(widths), widths[-1]
    return (
        f"The 95 % intervals are ± {_percent(middle)} in the middle and ± {_percent(widest)} "
        "at the widest"
    )


def belief_lines(comparison: Comparison) -> Iterator[str]:
    """Yield what a reader has to know to judge the comparison, one sentence or two each."""
    yield means_line(comparison)
    seen = {change.means for change in comparison.changes}
    if Means.BRIDGED in seen:
        yield (
            f"A change of {comparison.baseline} itself would not show as its own: it would show in "
            "all other variants of its group, turned around. New / base of these others is not the "
            "quotient of their two times: what the machine did meanwhile is taken out of it."
        )
    if Means.DIRECT in seen and Means.BRIDGED in seen:
        yield (
            f"{comparison.baseline} can only be held against itself directly: what the machine did "
            "between the two runs is in it, so that it is shown, and counts for nothing."
        )
    if widths := width_line(comparison.common):
        yield f"{widths}: a change that is smaller than its interval could not be seen."
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
