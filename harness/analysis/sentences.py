"""Sentences: what a run says, in plain English, each about one group. Pure.

A difference in time is claimed only where it is real (:mod:`harness.analysis.decision`).
Allocations are counted, not sampled, and are compared as they are. What is the same on several
runtimes is said once, with the smallest and the largest figure of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from harness.analysis.decision import is_real
from harness.analysis.estimate import estimate_ratio, estimate_time
from harness.analysis.knobs import knob_values, knobs, other_parameters
from harness.analysis.rows import claim_limit
from harness.analysis.runtimes import name_runtimes
from harness.strategy import strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.estimate import Estimate
    from harness.analysis.knobs import Values
    from harness.plan import Group
    from harness.record import GroupRecord, Run

__all__ = ["SAME_COUNT", "TYPICAL_SHARE", "Sentence", "Tone", "summary_sentences"]

TYPICAL_SHARE = 0.9  # "usually there already": where the first comparisons are made

SAME_COUNT = 0.05
_ROUGH = 0.1  # a relative half-width that leaves one digit of a ratio
_TIMES = 1.5  # from here on a ratio is told as "times", not in percent
# The two ends that this project is about, and both ways to have the second.
_HEAVY, _FEATURED = "task", ("value_task", "value_task_native")


class Tone(StrEnum):
    """Whether the variant that a sentence starts with does better, worse, or neither."""

    GAIN = "gain"
    LOSS = "loss"
    EVEN = "even"


@dataclass(frozen=True)
class Sentence:
    """One sentence, the group that it is about and the variants that it names.

    Of several runtimes about which it says the same, *group* is on the first.
    """

    text: str
    group: Group
    variants: tuple[str, ...]
    tone: Tone


@dataclass(frozen=True)
class _Faster:
    """How a time compares, by *ratios* that are all below 1, or all above it; one a runtime."""

    ratios: tuple[Estimate, ...]

    @property
    def kind(self) -> str:
        return "faster" if self.ratios[0].value < 1 else "slower"

    def __str__(self) -> str:
        """Write a ratio of 1.5 or more as "times", if all are."""
        values = [ratio.value for ratio in self.ratios]
        rough = max((ratio.half_width or 0.0 for ratio in self.ratios), default=0.0)
        if self.kind == "faster":
            if 1 / max(values) >= _TIMES:
                return f"is {_numbers([1 / value for value in values], rough)} times as fast as"
            return f"takes {_percents([1 - value for value in values])} less time than"
        # "90 to 250 % longer" is not how anybody says it.
        if max(values) >= _TIMES:
            return f"takes {_numbers(values, rough)} times as long as"
        return f"takes {_percents([value - 1 for value in values])} longer than"


@dataclass(frozen=True)
class _Fewer:
    """How many allocations fewer, or more: *differences* of one sign; one a runtime."""

    differences: tuple[float, ...]

    @property
    def kind(self) -> str:
        return "fewer" if self.differences[0] < 0 else "more"

    def __str__(self) -> str:
        number = _numbers([abs(each) for each in self.differences])
        noun = "allocation" if number == "1" else "allocations"
        return f"makes {number} {self.kind} {noun} per call"


_Part: TypeAlias = "str | _Faster | _Fewer"


@dataclass(frozen=True)
class _Clause:
    """What is said of one group: words, and figures that may become those of several."""

    parts: tuple[_Part, ...]
    tone: Tone

    @property
    def gist(self) -> tuple[object, ...]:
        """What it says apart from its figures."""
        return (
            *(part if isinstance(part, str) else (type(part), part.kind) for part in self.parts),
            self.tone,
        )


@dataclass(frozen=True)
class _Said:
    """A clause about one group; *topic* is what it says something of, the same on each runtime."""

    topic: tuple[object, ...]
    group: Group
    clause: _Clause
    variants: tuple[str, ...]


@dataclass(frozen=True)
class _Bar:
    """What a difference has to pass to be claimed: see :func:`is_real`."""

    limit: float
    threshold: float


def summary_sentences(run: Run) -> tuple[Sentence, ...]:
    """Return the most telling comparisons, scenario by scenario in the order of the plan.

    What holds on several runtimes is one sentence that names them.
    """
    position = {group: index for index, group in enumerate(run.plan.groups)}
    records = [record for record in run.groups if record.timings or record.allocations]
    records.sort(key=lambda record: position.get(record.group, len(position)))
    bar = _Bar(claim_limit(run), run.plan.threshold)
    scenarios: dict[str, list[GroupRecord]] = {}
    for record in records:
        scenarios.setdefault(record.group.scenario, []).append(record)
    return tuple(
        sentence for several in scenarios.values() for sentence in _scenario(several, run, bar)
    )


def _scenario(records: Sequence[GroupRecord], run: Run, bar: _Bar) -> Iterator[Sentence]:
    """Yield what is said of a scenario on any of its runtimes, alike sayings in one sentence."""
    moving = knobs([record.group for record in records])
    first = other_parameters(records[0].group, moving)
    varies = any(other_parameters(record.group, moving) != first for record in records)
    place = _Place(moving, first if varies else ())
    alike = [record for record in records if other_parameters(record.group, moving) == first]
    topics: dict[tuple[object, ...], dict[tuple[object, ...], list[_Said]]] = {}
    of_runtime = sorted(alike, key=lambda record: run.plan.runtimes.index(record.group.runtime))
    for _, several in groupby(of_runtime, key=lambda record: record.group.runtime):
        for said in _comparisons(list(several), run.plan.baseline, bar):
            topic = topics.setdefault((place.describe(said.group), *said.topic), {})
            topic.setdefault(said.clause.gist, []).append(said)
    for gists in topics.values():
        for told in gists.values():
            where = place.describe(
                told[0].group,
                name_runtimes([each.group.runtime for each in told], run.plan.runtimes),
            )
            parts = map(_together, zip(*(each.clause.parts for each in told), strict=True))
            text = "".join(_joined((where, *map(str, parts))))
            yield Sentence(f"{text}.", told[0].group, told[0].variants, told[0].clause.tone)


def _together(parts: Sequence[_Part]) -> _Part:
    """Return the same part of clauses about several groups, with the figures of all."""
    match parts[0]:
        case _Faster():
            return _Faster(
                tuple(r for part in parts if isinstance(part, _Faster) for r in part.ratios)
            )
        case _Fewer():
            found = (part.differences for part in parts if isinstance(part, _Fewer))
            return _Fewer(tuple(each for several in found for each in several))
        case words:
            return words


def _joined(parts: Sequence[str]) -> Iterator[str]:
    yield parts[0]
    for part in parts[1:]:
        yield part if part.startswith((",", ";", ":")) else f" {part}"


def _comparisons(records: Sequence[GroupRecord], baseline: str, bar: _Bar) -> Iterator[_Said]:
    """Yield the comparisons at the typical share, then what is different at the ends."""
    typical = min(records, key=lambda r: (abs(_share(r.group) - TYPICAL_SHARE), -_share(r.group)))
    rarest = min(records, key=lambda record: _share(record.group))
    most = max(records, key=lambda record: _share(record.group))
    for pair in _pairs(typical, baseline):
        yield from _comparison(typical, *pair, bar)
    yield from _fastest(typical, baseline, bar)
    if most is not typical:
        yield from _fastest(most, baseline, bar)
    if rarest is not typical:
        for variant, reference in _pairs(rarest, baseline):
            if reference != _HEAVY or baseline == _HEAVY:
                yield from _comparison(rarest, variant, reference, bar)


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


def _comparison(record: GroupRecord, variant: str, reference: str, bar: _Bar) -> Iterator[_Said]:
    """Yield the clause that compares two variants of a group, if both were measured."""
    clause = _compare(record, variant, variant, reference, bar)
    if clause is not None:
        yield _Said((variant, reference), record.group, clause, (variant, reference))


def _fastest(record: GroupRecord, baseline: str, bar: _Bar) -> Iterator[_Said]:
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
    parts: tuple[_Part, ...]
    names: tuple[str, ...]
    if tied == [baseline]:
        parts, names, tone = (f"{baseline} is the fastest",), (baseline,), Tone.EVEN
    elif baseline in tied:
        text = f"no variant is shown to be faster than {baseline}"
        parts, names, tone = (text,), (baseline,), Tone.EVEN
    elif len(tied) > 1:
        # In the order of the group: which of them came out first is chance.
        names = tuple(name for name in record.group.variants if name in tied)
        text = f"{_listed(names)} are the fastest; between them no difference shows"
        parts, tone = (text,), Tone.GAIN
    else:
        clause = _compare(record, "it", best, baseline, bar) if baseline in times else None
        more = (":", *clause.parts) if clause else ()
        names = (best, baseline) if clause else (best,)
        parts, tone = (f"{best} is the fastest", *more), Tone.GAIN
    yield _Said(("fastest",), record.group, _Clause(parts, tone), names)


def _compare(
    record: GroupRecord, subject: str, variant: str, reference: str, bar: _Bar
) -> _Clause | None:
    """Return the clauses about time and allocations joined; *subject* stands for *variant*."""
    time = _time_clause(record, subject, variant, reference, bar)
    count = _allocation_clause(record, variant, reference)
    if time is None:
        return count and _Clause((subject, *count.parts, f"than {reference}"), count.tone)
    if count is None:
        return time
    if time.tone is Tone.EVEN:
        if count.tone is Tone.EVEN:
            return _Clause((*time.parts, ", nor in the number of allocations"), Tone.EVEN)
        return _Clause((*time.parts, f"; {variant}", *count.parts), count.tone)
    if count.tone is Tone.EVEN:
        return time
    joint = "and" if count.tone is time.tone else "but"
    return _Clause((*time.parts, joint, *count.parts), time.tone)


def _time_clause(
    record: GroupRecord, subject: str, variant: str, reference: str, bar: _Bar
) -> _Clause | None:
    """Return what the times say, in one direction."""
    timing, base = record.timings.get(variant), record.timings.get(reference)
    ratio = estimate_ratio(timing, base) if timing and base else None
    if ratio is None:
        return None
    if ratio.low is None:
        text = f"one round is too few to tell {variant} and {reference} apart in time"
        return _Clause((text,), Tone.EVEN)
    if _is_even(record, variant, reference, bar):
        text = f"this run can show no difference in time between {variant} and {reference}"
        return _Clause((text,), Tone.EVEN)
    tone = Tone.GAIN if ratio.value < 1 else Tone.LOSS
    return _Clause((subject, _Faster((ratio,)), reference), tone)


def _allocation_clause(record: GroupRecord, variant: str, reference: str) -> _Clause | None:
    counted, base = record.allocations.get(variant), record.allocations.get(reference)
    if counted is None or base is None:
        return None
    difference = counted.count - base.count
    if abs(difference) < SAME_COUNT:
        return _Clause(("makes no more and no fewer allocations per call",), Tone.EVEN)
    tone = Tone.GAIN if difference < 0 else Tone.LOSS
    return _Clause((_Fewer((difference,)),), tone)


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

    def describe(self, group: Group, runtimes: str = "") -> str:
        text = f"At {_share(group) * 100:.3g} % synchronous completions"
        told = [f"{name}={value}" for name, value in knob_values(group, self.knobs) + self.others]
        told += [runtimes] if runtimes else []
        return f"{text} ({', '.join(told)})" if told else text


def _is_measured(record: GroupRecord, variant: str) -> bool:
    return variant in record.timings or variant in record.allocations


def _share(group: Group) -> float:
    return float(dict(group.params)["sync_ratio"])


def _numbers(values: Sequence[float], half_width: float = 0.0) -> str:
    """Write two digits (``1.4``, ``11 to 14``), with "about" if *half_width*, relative, is wide.

    A number alone then has one digit.
    """
    about = half_width > _ROUGH
    if about and len(values) == 1:
        return f"about {float(f'{values[0]:.1g}'):,.0f}"
    low, high = (
        f"{each:.1f}".removesuffix(".0") if each < 9.95 else f"{each:,.0f}"
        for each in (min(values), max(values))
    )
    return f"{'about ' if about else ''}{low if low == high else f'{low} to {high}'}"


def _percents(values: Sequence[float]) -> str:
    low, high = (f"{each * 100:.0f}" for each in (min(values), max(values)))
    return f"{low if low == high else f'{low} to {high}'} %"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
