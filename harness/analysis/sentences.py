"""Sentences: what a run says, in plain English, each about one group. Pure.

A difference in time is claimed only where it is real (:mod:`harness.analysis.decision`).
Allocations are counted, not sampled, and are compared as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from harness.analysis.decision import is_real
from harness.analysis.estimate import estimate_ratio, estimate_time
from harness.analysis.knobs import beside, knob_values, knobs
from harness.analysis.rows import claim_limit
from harness.strategy import strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.knobs import Values
    from harness.plan import Group
    from harness.record import GroupRecord, Run

__all__ = ["TYPICAL_SHARE", "Sentence", "Tone", "summary_sentences"]

TYPICAL_SHARE = 0.9  # "usually there already": where the first comparisons are made

_SAME_COUNT = 0.05
_ROUGH = 0.1  # a relative half-width that leaves one digit of a ratio
# The two ends that this project is about, and both ways to have the second.
_HEAVY, _FEATURED = "task", ("value_task", "value_task_native")


class Tone(StrEnum):
    """Whether the variant that a sentence starts with does better, worse, or neither."""

    GAIN = "gain"
    LOSS = "loss"
    EVEN = "even"


@dataclass(frozen=True)
class Sentence:
    """One sentence, the group that it is about and the variants that it names."""

    text: str
    group: Group
    variants: tuple[str, ...]
    tone: Tone


@dataclass(frozen=True)
class _Clause:
    text: str
    tone: Tone


@dataclass(frozen=True)
class _Bar:
    """What a difference has to pass to be claimed: see :func:`is_real`."""

    limit: float
    threshold: float


def summary_sentences(run: Run) -> tuple[Sentence, ...]:
    """Return the most telling comparisons, scenario by scenario in the order of the plan."""
    position = {group: index for index, group in enumerate(run.plan.groups)}
    records = [record for record in run.groups if record.timings or record.allocations]
    records.sort(key=lambda record: position.get(record.group, len(position)))
    bar = _Bar(claim_limit(run), run.plan.threshold)
    return tuple(
        sentence
        for _, several in groupby(records, key=lambda r: (r.group.scenario, r.group.runtime))
        for sentence in _scenario(list(several), run, bar)
    )


def _scenario(records: Sequence[GroupRecord], run: Run, bar: _Bar) -> Iterator[Sentence]:
    """Yield the comparisons at the typical share, then what is different at the ends."""
    moving = knobs([record.group for record in records])
    first = beside(records[0].group, moving)
    varies = any(beside(record.group, moving) != first for record in records)
    several_runtimes = len(run.plan.runtimes) > 1
    where = _Place(moving, first if varies else (), several_runtimes)
    alike = [record for record in records if beside(record.group, moving) == first]
    typical = min(alike, key=lambda r: (abs(_share(r.group) - TYPICAL_SHARE), -_share(r.group)))
    rarest = min(alike, key=lambda record: _share(record.group))
    most = max(alike, key=lambda record: _share(record.group))
    baseline = run.plan.baseline
    for pair in _pairs(typical, baseline):
        yield from _comparison(typical, *pair, where, bar)
    yield from _fastest(typical, baseline, where, bar)
    if most is not typical:
        yield from _fastest(most, baseline, where, bar)
    if rarest is not typical:
        for variant, reference in _pairs(rarest, baseline):
            if reference != _HEAVY or baseline == _HEAVY:
                yield from _comparison(rarest, variant, reference, where, bar)


def _pairs(record: GroupRecord, baseline: str) -> list[tuple[str, str]]:
    """Return who is compared with whom: the featured variants, else each with the baseline."""
    present = [name for name in record.group.variants if _is_measured(record, name)]
    if featured := [name for name in _FEATURED if name in present]:
        wanted = [(featured[0], _HEAVY), *((name, baseline) for name in featured)]
    else:
        wanted = [(name, baseline) for name in present if not strategy(name).only_synchronous]
    return [
        (name, reference)
        for name, reference in dict.fromkeys(wanted)
        if name != reference and reference in present
    ]


def _comparison(
    record: GroupRecord, variant: str, reference: str, where: _Place, bar: _Bar
) -> Iterator[Sentence]:
    """Yield the sentence that compares two variants of a group, if both were measured."""
    clause = _compare(record, variant, variant, reference, bar)
    if clause is not None:
        text = f"{where.describe(record.group)} {clause.text}."
        yield Sentence(text, record.group, (variant, reference), clause.tone)


def _fastest(record: GroupRecord, baseline: str, where: _Place, bar: _Bar) -> Iterator[Sentence]:
    """Yield which variants are the fastest there, as far as this run can tell them apart."""
    times = {
        name: estimate.value
        for name, timing in record.timings.items()
        if not strategy(name).only_synchronous and (estimate := estimate_time(timing))
    }
    if len(times) < 3:
        return
    best = min(times, key=times.__getitem__)
    fastest_first = sorted(times, key=times.__getitem__)
    tied = [name for name in fastest_first if _is_even(record, name, best, bar)]
    place = where.describe(record.group)
    if tied == [baseline]:
        yield Sentence(f"{place} {baseline} is the fastest.", record.group, (baseline,), Tone.EVEN)
    elif baseline in tied:
        text = f"{place} no variant is shown to be faster than {baseline}."
        yield Sentence(text, record.group, (baseline,), Tone.EVEN)
    elif len(tied) > 1:
        text = f"{place} {_listed(tied)} are the fastest; between them no difference shows"
        yield Sentence(f"{text}.", record.group, tuple(tied), Tone.GAIN)
    else:
        clause = _compare(record, "it", best, baseline, bar) if baseline in times else None
        more = f": {clause.text}" if clause else ""
        text = f"{place} {best} is the fastest{more}."
        yield Sentence(text, record.group, (best, baseline) if clause else (best,), Tone.GAIN)


def _compare(
    record: GroupRecord, subject: str, variant: str, reference: str, bar: _Bar
) -> _Clause | None:
    """Return the clauses about time and allocations joined; *subject* stands for *variant*."""
    time = _time_clause(record, subject, variant, reference, bar)
    count = _allocation_clause(record, variant, reference)
    if time is None:
        return count and _Clause(f"{subject} {count.text} than {reference}", count.tone)
    if count is None:
        return time
    if time.tone is Tone.EVEN:
        if count.tone is Tone.EVEN:
            return _Clause(f"{time.text}, nor in the number of allocations", Tone.EVEN)
        return _Clause(f"{time.text}; {variant} {count.text}", count.tone)
    if count.tone is Tone.EVEN:
        return time
    joint = "and" if count.tone is time.tone else "but"
    return _Clause(f"{time.text} {joint} {count.text}", time.tone)


def _time_clause(
    record: GroupRecord, subject: str, variant: str, reference: str, bar: _Bar
) -> _Clause | None:
    """Return what the times say, in one direction: a ratio of 1.5 or more as "times"."""
    timing, base = record.timings.get(variant), record.timings.get(reference)
    ratio = estimate_ratio(timing, base) if timing and base else None
    if ratio is None:
        return None
    if ratio.low is None:
        text = f"one round is too few to tell {variant} and {reference} apart in time"
        return _Clause(text, Tone.EVEN)
    if _is_even(record, variant, reference, bar):
        text = f"this run can show no difference in time between {variant} and {reference}"
        return _Clause(text, Tone.EVEN)
    if ratio.value < 1:
        if 1 / ratio.value >= 1.5:
            text = f"is {_number(1 / ratio.value, ratio.half_width)} times as fast as"
        else:
            text = f"takes {100 * (1 - ratio.value):.0f} % less time than"
        return _Clause(f"{subject} {text} {reference}", Tone.GAIN)
    if ratio.value >= 1.5:
        text = f"takes {_number(ratio.value, ratio.half_width)} times as long as"
    else:
        text = f"takes {100 * (ratio.value - 1):.0f} % longer than"
    return _Clause(f"{subject} {text} {reference}", Tone.LOSS)


def _allocation_clause(record: GroupRecord, variant: str, reference: str) -> _Clause | None:
    counted, base = record.allocations.get(variant), record.allocations.get(reference)
    if counted is None or base is None:
        return None
    difference = counted.count - base.count
    if abs(difference) < _SAME_COUNT:
        return _Clause("makes no more and no fewer allocations per call", Tone.EVEN)
    number = _number(abs(difference))
    noun = "allocation" if number == "1" else "allocations"
    direction, tone = ("fewer", Tone.GAIN) if difference < 0 else ("more", Tone.LOSS)
    return _Clause(f"makes {number} {direction} {noun} per call", tone)


def _is_even(record: GroupRecord, variant: str, reference: str, bar: _Bar) -> bool:
    """Tell whether the run cannot show that two variants differ in time."""
    if variant == reference:
        return True
    ratio = estimate_ratio(record.timings[variant], record.timings[reference])
    return not is_real(ratio, bar.limit, bar.threshold)


@dataclass(frozen=True)
class _Place:
    """How a group is named in a sentence: by its share, its knobs, and what else the run varies."""

    knobs: tuple[str, ...]
    others: Values
    several_runtimes: bool

    def describe(self, group: Group) -> str:
        text = f"At {_share(group) * 100:.3g} % synchronous completions"
        told = [f"{name}={value}" for name, value in knob_values(group, self.knobs) + self.others]
        if self.several_runtimes:
            told.append(str(group.runtime))
        return f"{text} ({', '.join(told)})" if told else text


def _is_measured(record: GroupRecord, variant: str) -> bool:
    return variant in record.timings or variant in record.allocations


def _share(group: Group) -> float:
    return float(dict(group.params)["sync_ratio"])


def _number(value: float, half_width: float | None = None) -> str:
    """Write two digits (``1.4``, ``11``), or one and "about" if the interval is wide."""
    if half_width is not None and half_width > _ROUGH:
        return f"about {float(f'{value:.1g}'):,.0f}"
    return f"{value:.1f}".removesuffix(".0") if value < 9.95 else f"{value:,.0f}"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
