"""Why: what one variant does that another does not, which is what its time is made of. Pure.

Tasks, suspensions, turns of the event loop, collections and allocations are counted, per
operation; sizes are those of the counting pass. Lines are attributed: of them only shares are told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.decision import is_real
from harness.analysis.estimate import estimate_ratio
from harness.analysis.lines import differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.analysis.lines import Difference
    from harness.record import Allocations, GroupRecord, Observation, Run

__all__ = ["Contrast", "SizeDifference", "contrasts", "size_differences"]

# Per operation: less is what happens now and then. Allocations are counted to 0.01.
_NOTICEABLE = 0.005
_COUNTED = 0.02
# Places are named until they have this share of what is added, three of them at most.
_MOST = 0.6
_NAMED = 3
# Beside the comparisons with the baseline: what this project is about.
_HEAVY, _FEATURED = "task", "value_task"


@dataclass(frozen=True)
class SizeDifference:
    """Allocations of one allocator and size (bytes) by two variants, per operation."""

    allocator: str
    size: int
    first: float
    second: float

    @property
    def more(self) -> float:
        """How many per operation the first has more."""
        return self.first - self.second

    @property
    def more_bytes(self) -> float:
        """How many bytes per operation the first has more."""
        return self.more * self.size


@dataclass(frozen=True)
class Contrast:
    """What *first* does that *second* does not, and the other way round.

    text
        In sentences: how the times compare, what is added and saved per operation, and where.
    sizes
        The sizes of which they do not allocate as many, the largest difference first; empty where
        allocations were not counted.
    more, less
        The lines at which the first allocates more, and less; empty where lines are not known.
    """

    first: str
    second: str
    text: str
    sizes: tuple[SizeDifference, ...] = ()
    more: tuple[Difference, ...] = ()
    less: tuple[Difference, ...] = ()


def contrasts(record: GroupRecord, run: Run, limit: float) -> tuple[Contrast, ...]:
    """Return how the variants of *record* differ: each from the baseline of *run*.

    And ``task`` from ``value_task``, where neither is the baseline. *limit* is that of
    :func:`harness.analysis.rows.claim_limit`.
    """
    return tuple(_contrast(record, run, limit, *pair) for pair in _pairs(record, run))


def size_differences(first: Allocations, second: Allocations) -> tuple[SizeDifference, ...]:
    """Return of which sizes the two do not allocate as many, the largest difference first."""
    counts: dict[tuple[str, int], list[float]] = {}
    for place, counted in enumerate((first, second)):
        for kind in counted.kinds:
            counts.setdefault((kind.allocator, kind.size), [0.0, 0.0])[place] += kind.count
    found = [SizeDifference(*key, *both) for key, both in counts.items()]
    noticed = [each for each in found if abs(each.more) >= _NOTICEABLE]
    return tuple(sorted(noticed, key=lambda each: (-abs(each.more), each.size, each.allocator)))


def _pairs(record: GroupRecord, run: Run) -> Iterator[tuple[str, str]]:
    present = [
        variant
        for variant in record.group.variants
        if variant in record.observations or variant in record.allocations
    ]
    baseline = run.plan.baseline
    if baseline in present:
        yield from ((variant, baseline) for variant in present if variant != baseline)
    if {_HEAVY, _FEATURED} <= {*present} - {baseline}:
        yield _HEAVY, _FEATURED


def _contrast(record: GroupRecord, run: Run, limit: float, first: str, second: str) -> Contrast:
    sizes: tuple[SizeDifference, ...] = ()
    more: tuple[Difference, ...] = ()
    less: tuple[Difference, ...] = ()
    counted, other = record.allocations.get(first), record.allocations.get(second)
    if counted and other:
        sizes = size_differences(counted, other)
    profile, beside = record.profiles.get(first), record.profiles.get(second)
    if profile and beside:
        more, less = differences(profile.attribution, beside.attribution)
    told = [
        _time(record, run, limit, first, second),
        _done(record, first, second),
        # Where the hook's own allocations are among the others, a difference may be theirs.
        _places(more, less)
        if profile and beside and None not in (profile.attribution.hook, beside.attribution.hook)
        else _sizes(sizes, second),
    ]
    return Contrast(first, second, " ".join(filter(None, told)), sizes, more, less)


def _time(record: GroupRecord, run: Run, limit: float, first: str, second: str) -> str:
    """Return how the times compare, with the ratio's interval."""
    timing, base = record.timings.get(first), record.timings.get(second)
    ratio = estimate_ratio(timing, base) if timing and base else None
    if ratio is None:
        return ""
    if ratio.low is None or ratio.high is None:
        return f"One round is too few to tell {first} and {second} apart in time."
    if not is_real(ratio, limit, run.plan.threshold):
        return f"No difference in time is shown between {first} and {second}."
    if ratio.value < 1:
        value, low, high = 1 / ratio.value, 1 / ratio.high, 1 / ratio.low
        told = "is {} [{}, {}] times as fast as"
    else:
        value, low, high = ratio.value, ratio.low, ratio.high
        told = "takes {} [{}, {}] times as long as"
    return f"{first} {told.format(*_alike(value, low, high))} {second}."


def _alike(*values: float) -> list[str]:
    """Write figures above 1 with as many decimals as their distance makes meaningful, all as many.

    None of them reads as 1: that is what the interval excludes.
    """
    distance, least = max(values) - min(values), min(values)
    places = next((places for places in range(3) if distance >= 2 * 10**-places), 3)
    while float(f"{least:.{places}f}") == 1 and places < 3:
        places += 1
    return [f"{value:,.{places}f}" for value in values]


def _done(record: GroupRecord, first: str, second: str) -> str:
    """Return what the first adds and saves per operation."""
    found = list(_amounts(record, first, second))
    added = [_amount(value, noun) for value, noun in found if value > 0]
    saved = [_amount(-value, noun) for value, noun in found if value < 0]
    parts = []
    if added:
        parts.append(f"adds {_listed(added)}")
    if saved:
        parts.append(f"saves {_listed(saved)}")
    if parts:
        return f"Per operation {first} {' and '.join(parts)}."
    if first not in record.observations:
        return ""
    known = "tasks, suspensions" + (" and allocations" if first in record.allocations else "")
    return f"Their {known} are the same: what differs is the code that runs."


def _amounts(record: GroupRecord, first: str, second: str) -> Iterator[tuple[float, str]]:
    """Yield what differs, how much the first has more, and what it is called."""
    seen, other = record.observations.get(first), record.observations.get(second)
    if seen and other:
        yield from _observed(seen, other)
    counted, base = record.allocations.get(first), record.allocations.get(second)
    if counted and base:
        difference = counted.count - base.count
        if abs(difference) >= _COUNTED:
            yield difference, "allocation"
        elif abs(size := counted.requested_bytes - base.requested_bytes) >= 1:
            yield size, "byte"


def _observed(seen: Observation, other: Observation) -> Iterator[tuple[float, str]]:
    figures = [
        (seen.tasks - other.tasks, "task"),
        (seen.suspensions - other.suspensions, "suspension"),
    ]
    if seen.turns is not None and other.turns is not None:
        figures.append((seen.turns - other.turns, "turn of the event loop"))
    if seen.collections and other.collections:
        more = sum(seen.collections) - sum(other.collections)
        figures.append((more, "garbage collection"))
    for difference, noun in figures:
        # A collection is rare, and dear: one in ten thousand operations is noticed.
        if abs(difference) >= (_NOTICEABLE if noun != "garbage collection" else 1e-4):
            yield difference, noun


def _amount(value: float, noun: str) -> str:
    """Write ``1 task``, ``0.9 turns of the event loop``, ``0.4 collections in a thousand``."""
    if noun == "garbage collection":
        return f"{_number(1000 * value)} garbage collections in a thousand operations"
    number = _number(value)
    first, space, rest = noun.partition(" ")
    return f"{number} {first if number == '1' else f'{first}s'}{space}{rest}"


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _places(more: Sequence[Difference], less: Sequence[Difference]) -> str:
    """Return where most of what is added, or saved, is allocated."""
    added, saved = (sum(abs(line.more) for line in lines) for lines in (more, less))
    if max(added, saved) < _COUNTED:
        return ""
    lines, total = (more, added) if added >= saved else (less, saved)
    counts: dict[str, float] = {}
    for line in lines:
        place = f"{line.frame.file}: {line.frame.function}"
        counts[place] = counts.get(place, 0.0) + abs(line.more)
    named, share = [], 0.0
    for place, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:_NAMED]:
        named.append(f"{place} ({count / total:.0%})".replace("%", " %"))
        share += count / total
        if share >= _MOST:
            break
    what = "it allocates more" if lines is more else "it saves"
    parts = "most is" if share > 0.5 else "the largest parts are"
    return f"Of what {what}, {parts} in {_listed(named)}."


def _sizes(sizes: Iterable[SizeDifference], second: str) -> str:
    """Return how many sizes the first alone allocates; where lines are not known."""
    alone = sum(each.second < _NOTICEABLE <= each.first for each in sizes)
    if not alone:
        return ""
    told = "1 size" if alone == 1 else f"{alone} sizes"
    return f"It allocates {told} that {second} does not."


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
