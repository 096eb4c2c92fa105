"""Recommendations: which strategy to use in a scenario, under which condition. Pure.

What is recommended at a share was measured there: a variant that is really faster than the
baseline (:mod:`harness.analysis.decision`), and of those that are not really slower than the
fastest, the simplest. Where nothing is really faster, it is the baseline. Between two shares with
different advice the cost model says where the one overtakes the other, if it can.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.analysis.costs import cost_models, share_of
from harness.analysis.crossovers import SAME_COUNT, crossovers
from harness.analysis.decision import is_real
from harness.analysis.estimate import estimate_ratio
from harness.analysis.knobs import knob_values
from harness.analysis.rows import claim_limit
from harness.analysis.sentences import TYPICAL_SHARE
from harness.analysis.wording import allocations, and_list, compared, count
from harness.analysis.wording import share as share_text
from harness.plan import format_params
from harness.strategy import strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.costs import CostModel
    from harness.analysis.crossovers import Crossover
    from harness.analysis.estimate import Estimate
    from harness.plan import Group
    from harness.record import GroupRecord, Run

__all__ = ["Advice", "Recommendation", "recommendations", "requirement"]

# What whoever uses a variant has to accept, as the end of a sentence: "use it ...".
_REQUIRES = {
    "coroutine": "if each is awaited once",
    "cached_future": "if results may be shared between awaiters, and kept",
    "ready_future": "if there is a running loop wherever it is called",
    "value_task": "if each is awaited once",
    "value_task_checked": "if each is read once, by callers that check done() first",
    "value_task_native": (
        "if each is awaited once, and the C part can be compiled where it is installed"
    ),
    "eager_task": "if calls may start at once, on Python 3.12 or later",
    "task": "if calls are to run concurrently",
}
_OWN = "if what it does differently suits you (it is this scenario's own)"
# From the plainest on; what is not listed comes last.
_SIMPLEST = tuple(_REQUIRES)


class Advice(StrEnum):
    """What a recommendation comes to."""

    KEEP = "keep"
    CHANGE = "change"
    NONE = "none"


@dataclass(frozen=True)
class Recommendation:
    """What to do in a scenario at one setting of the parameters beside the share.

    text
        The recommendation with its condition, or why there is none.
    more
        A further sentence or two: what to use in place of a C extension, which variant allocates
        the least; empty where there is nothing to add.
    variants
        Those that the sentences name, the recommended ones first.
    group
        The group whose figures show it.
    chosen
        The variants to use, from the smallest shares to the largest; none without advice.
    without_native
        What to use instead where no C extension may be, if one of these needs it.
    """

    model: CostModel
    advice: Advice
    text: str
    more: str
    variants: tuple[str, ...]
    group: Group
    chosen: tuple[str, ...] = ()
    without_native: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Range:
    """Neighbouring shares with the same advice, and the group where it tells the most."""

    variant: str
    records: tuple[GroupRecord, ...]

    @property
    def shares(self) -> tuple[float, ...]:
        return tuple(share_of(record.group) for record in self.records)


def requirement(variant: str) -> str:
    """Return what *variant* requires of who uses it, as the end of a sentence."""
    return _REQUIRES.get(variant, _OWN)


def recommendations(
    run: Run, models: Sequence[CostModel] | None = None
) -> tuple[Recommendation, ...]:
    """Return a recommendation for each scenario, runtime and setting, in the order of the plan.

    *models* are the cost models of *run*, where the caller has them.
    """
    limit = claim_limit(run)
    records = {record.group: record for record in run.groups}
    planned = {group.scenario: group for group in reversed(run.plan.groups)}
    found = []
    for model in cost_models(run) if models is None else models:
        measured = [records[group] for group in model.groups]
        reader = _Reader(model, run.plan.threshold, limit)
        if measured:
            found.append(reader.recommend(measured))
        else:
            found.append(reader.none("nothing was measured", planned[model.scenario]))
    return tuple(found)


@dataclass(frozen=True)
class _Reader:
    """Reads a recommendation out of the groups of one model."""

    model: CostModel
    threshold: float
    limit: float

    def none(self, reason: str, group: Group) -> Recommendation:
        text = f"No recommendation: {reason}."
        return Recommendation(self.model, Advice.NONE, text, "", (self.model.baseline,), group)

    def recommend(self, measured: Sequence[GroupRecord]) -> Recommendation:
        baseline = self.model.baseline
        typical = min(measured, key=lambda r: abs(share_of(r.group) - TYPICAL_SHARE))
        if reason := self._missing(measured):
            more, variants = self._fewest(typical, baseline)
            base = self.none(reason, typical.group)
            return Recommendation(
                self.model, Advice.NONE, base.text, more, (*base.variants, *variants), typical.group
            )
        judged = [record for record in measured if self._is_judged(record)]
        ranges = list(self._ranges(judged))
        told = [each for each in ranges if each.variant != baseline]
        shown = self._most_telling(told) if told else self._nearest(judged)
        text = self._sentence(ranges, judged)
        chosen = tuple(each.variant for each in ranges)
        fewest, others = self._fewest(shown, ranges[-1].variant)
        instead, another = self._without_native([r for r in told if _is_native(r.variant)])
        more = " ".join(filter(None, (instead, fewest)))
        names = (*chosen, baseline, *another, *others)
        advice = Advice.CHANGE if told else Advice.KEEP
        return Recommendation(
            self.model,
            advice,
            text,
            more,
            tuple(dict.fromkeys(names)),
            shown.group,
            chosen,
            another,
        )

    def _missing(self, measured: Sequence[GroupRecord]) -> str:
        """Return why nothing can be recommended; empty if something can."""
        baseline = self.model.baseline
        if not any(record.timings for record in measured):
            return "time was not measured"
        if not any(self._has_baseline(record) for record in measured):
            return f"the baseline, {baseline}, was not measured"
        if not any(len(self._candidates(record)) > 1 for record in measured):
            return f"no other variant was measured beside {baseline}"
        if not any(self._is_judged(record) for record in measured):
            return "one round is too few to tell variants apart in time"
        return ""

    def _has_baseline(self, record: GroupRecord) -> bool:
        return self.model.baseline in self._candidates(record)

    def _candidates(self, record: GroupRecord) -> list[str]:
        return [
            name
            for name, timing in record.timings.items()
            if name not in record.failures
            and not strategy(name).only_synchronous
            and any(timing.rounds.values())
        ]

    def _is_judged(self, record: GroupRecord) -> bool:
        """Whether anything in this group could have been shown to be faster than the baseline."""
        return self._has_baseline(record) and any(
            ratio is not None and ratio.low is not None
            for name in self._candidates(record)
            if name != self.model.baseline
            for ratio in [self._ratio(record, name)]
        )

    def _ratio(self, record: GroupRecord, variant: str, to: str = "") -> Estimate | None:
        return estimate_ratio(record.timings[variant], record.timings[to or self.model.baseline])

    def _real(self, record: GroupRecord, variant: str, to: str = "") -> bool:
        return is_real(self._ratio(record, variant, to), self.limit, self.threshold)

    def _acceptable(self, record: GroupRecord) -> set[str]:
        """Return the variants that are as good a choice as any in a group."""
        better = {}
        for name in self._candidates(record):
            ratio = self._ratio(record, name)
            if ratio is not None and ratio.value < 1 and self._real(record, name):
                better[name] = ratio.value
        if not better:
            return {self.model.baseline}
        best = min(better, key=better.__getitem__)
        return {name for name in better if name == best or not self._real(record, name, best)}

    def _ranges(self, judged: Sequence[GroupRecord]) -> Iterator[_Range]:
        """Yield as few ranges of shares as there can be, each with the simplest variant for it."""
        gathered: list[GroupRecord] = []
        alike: set[str] = set()
        for record in judged:
            here = self._acceptable(record)
            if gathered and not alike & here:
                yield _Range(_simplest(alike), tuple(gathered))
                gathered, alike = [], set()
            alike = alike & here if gathered else here
            gathered.append(record)
        if gathered:
            yield _Range(_simplest(alike), tuple(gathered))

    def _sentence(self, ranges: Sequence[_Range], judged: Sequence[GroupRecord]) -> str:
        if len(ranges) == 1:
            text = self._throughout(ranges[0], judged)
        else:
            text = self._changes(ranges) or self._change(ranges) or self._one_by_one(ranges)
        best = {each.variant: self._most_telling([each]) for each in ranges}
        told = [
            f"{self._place(record)} {name} {self._gain(record, name)} {self.model.baseline}"
            for name, record in best.items()
            if name != self.model.baseline
        ]
        return ". ".join(each[0].upper() + each[1:] for each in (text, *told)) + "."

    def _throughout(self, only: _Range, judged: Sequence[GroupRecord]) -> str:
        """Return the advice that is the same at every share."""
        where = self._where(judged)
        if only.variant == self.model.baseline:
            return f"keep {only.variant}: no other variant is really faster {where}"
        return f"{self._use(only)}, {where}"

    def _changes(self, ranges: Sequence[_Range]) -> str:
        """Return the advice that changes where the model says; empty if it does not say."""
        ends = []
        for first, second in pairwise(ranges):
            found = self._crossover(first, second)
            if found is None or found.bracketed:
                return ""
            ends.append(share_text(found.share, found.low, found.high))
        start, *between, last = map(self._use, ranges)
        middle = [
            f"; between that and {end} {use}" for end, use in zip(ends[1:], between, strict=True)
        ]
        return f"below {ends[0]} synchronous completions {start}{''.join(middle)}; above it {last}"

    def _change(self, ranges: Sequence[_Range]) -> str:
        """Return the advice that changes once, between two measured shares; else nothing."""
        if len(ranges) != 2 or self.model.reason:
            return ""
        (first, second), (before, after) = ranges, map(self._use, ranges)
        up_to, start = share_text(first.shares[-1]), second.shares[0]
        end = f"{share_text(start)}{' and more' if start < 1 else ''}"
        return (
            f"up to {up_to} synchronous completions {before}; at {end} {after}. Where it changes "
            "between them is not known"
        )

    def _one_by_one(self, ranges: Sequence[_Range]) -> str:
        """Return the advice that changes back and forth, or with the kind of work."""
        told, said = [], set()
        for each in ranges:
            use = self._use(each) if each.variant not in said else f"again {each.variant}"
            said.add(each.variant)
            told.append(f"at {and_list([self._named(record) for record in each.records])} {use}")
        text = "; ".join(told)
        if len(said) < len(ranges) and not self.model.reason:
            text += ". It changes back and forth, so measure at the share that you have"
        return text

    def _use(self, each: _Range) -> str:
        if each.variant == self.model.baseline:
            return f"keep {each.variant}"
        return f"use {each.variant}, {requirement(each.variant)}"

    def _crossover(self, first: _Range, second: _Range) -> Crossover | None:
        """Return where *second* overtakes *first*, if the model says so between the two."""
        names = (first.variant, second.variant)
        for found in crossovers(self.model, names):
            if (found.below, found.above) == names:
                inside = first.shares[0] <= found.share <= second.shares[0]
                return found if inside and not found.extrapolated else None
        return None

    def _gain(self, record: GroupRecord, variant: str) -> str:
        ratio = self._ratio(record, variant)
        assert ratio is not None
        return compared(ratio)

    def _most_telling(self, ranges: Sequence[_Range]) -> GroupRecord:
        """Return the group in which a range's variant gains the most."""
        gains = [
            (ratio.value, place, record)
            for each in ranges
            for place, record in enumerate(each.records)
            if (ratio := self._ratio(record, each.variant)) is not None
        ]
        return min(gains, key=lambda gain: gain[:2])[2]

    def _nearest(self, judged: Sequence[GroupRecord]) -> GroupRecord:
        return min(judged, key=lambda record: abs(share_of(record.group) - TYPICAL_SHARE))

    def _where(self, judged: Sequence[GroupRecord]) -> str:
        if len(judged) == 1:
            return f"{self._place(judged[0])}, the only share that was measured"
        return f"at any share that was measured, {_span(judged)}"

    def _place(self, record: GroupRecord) -> str:
        return f"at {self._named(record)}"

    def _named(self, record: GroupRecord) -> str:
        text = share_text(share_of(record.group))
        values = knob_values(record.group, self.model.moving)
        kinds = [(name, value) for name, value in values if isinstance(value, str)]
        return f"{text} ({format_params(kinds)})" if kinds else text

    def _without_native(self, ranges: Sequence[_Range]) -> tuple[str, tuple[str, ...]]:
        """Return what to use in place of a C extension, where it would gain the most.

        *ranges* are those for which a variant is advised that needs one.
        """
        if not ranges:
            return "", ()
        record = self._most_telling(ranges)
        better = {
            name: ratio
            for name in self._candidates(record)
            if not _is_native(name)
            and (ratio := self._ratio(record, name)) is not None
            and ratio.value < 1
            and self._real(record, name)
        }
        if not better:
            return f"Without the C part: {self._place(record)} keep {self.model.baseline}.", ()
        best = min(better, key=lambda name: better[name].value)
        alike = {name for name in better if name == best or not self._real(record, name, best)}
        name = _simplest(alike)
        use = f"use {name}, {requirement(name)}; it {self._gain(record, name)}"
        text = f"Without the C part: {self._place(record)} {use} {self.model.baseline}."
        return text, (name,)

    def _fewest(self, record: GroupRecord, chosen: str) -> tuple[str, tuple[str, ...]]:
        """Return which variant allocates the least, if it is not the chosen one."""
        counts = {
            name: counted.count
            for name, counted in record.allocations.items()
            if name not in record.failures and not strategy(name).only_synchronous
        }
        if len(counts) < 2:
            return "", ()
        fewest = min(counts.values())
        alike = {name for name, number in counts.items() if number - fewest < SAME_COUNT}
        best = _simplest(alike)
        if chosen in alike:
            return "", ()
        text = f"{best} allocates the least {self._place(record)}: {_times(fewest)} per call"
        if chosen not in counts:
            return f"{text}.", (best,)
        return f"{text}, {chosen} {count(counts[chosen])}.", (best, chosen)


def _is_native(variant: str) -> bool:
    return strategy(variant).implementation == "native"


def _times(number: float) -> str:
    return "nothing" if number < 0.005 else allocations(number)


def _simplest(names: set[str]) -> str:
    return min(
        names,
        key=lambda name: (
            _SIMPLEST.index(name) if name in _SIMPLEST else len(_SIMPLEST),
            name,
        ),
    )


def _span(judged: Sequence[GroupRecord]) -> str:
    shares = [share_of(record.group) for record in judged]
    return f"{shares[0] * 100:.4g} to {share_text(shares[-1])}"
