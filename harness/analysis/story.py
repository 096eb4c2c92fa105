"""Story: the few findings that matter over a whole run, the most important first. Pure.

Each is a comparison over all groups of the run, with the figures of the one where it shows the
most. How important it is, is told by the logarithm of the factor in time (for allocations: of one
more than their number) that a reader gains by knowing it, so that different findings can be ranked.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from harness.analysis.costs import cost_models, share_of
from harness.analysis.crossovers import SAME_COUNT, crossovers
from harness.analysis.decision import is_real
from harness.analysis.estimate import estimate_ratio
from harness.analysis.rows import claim_limit
from harness.analysis.sentences import Sentence, Tone
from harness.analysis.wording import allocations, and_list, compared, count, interval
from harness.analysis.wording import share as share_text
from harness.strategy import strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.costs import CostModel
    from harness.analysis.estimate import Estimate
    from harness.plan import Group
    from harness.record import GroupRecord, Run

__all__ = ["story"]

_MOST = 5
_FEW = 3  # names before the rest is counted
_NOTHING = 0.005  # of what is counted per operation: two decimals do not show it
_HARDLY = 0.1  # a difference in time, relative, that hardly matters
_LANGUAGES = {"python": "in pure Python", "native": "in C"}


@dataclass(frozen=True)
class _Found:
    """A finding and how important it is."""

    weight: float
    sentence: Sentence


@dataclass(frozen=True)
class _Ratio:
    """The ratio in time of *variant* to *reference*, with the group that it is of."""

    estimate: Estimate
    variant: str
    reference: str
    record: GroupRecord
    real: bool


def story(run: Run, models: Sequence[CostModel] | None = None) -> tuple[Sentence, ...]:
    """Return up to five findings of *run*, the most important first; none of a run without any.

    *models* are its cost models, where the caller has them.
    """
    teller = _Teller(run, cost_models(run) if models is None else models)
    found = sorted(teller.findings(), key=lambda each: -each.weight)
    return tuple(each.sentence for each in found[:_MOST])


class _Teller:
    """What is looked up again and again while the findings of one run are told."""

    def __init__(self, run: Run, models: Sequence[CostModel]) -> None:
        self._run = run
        self._models = models
        self._baseline = run.plan.baseline
        self._limit = claim_limit(run)
        self._records = [record for record in run.groups if record.error is None]
        self._ratios = [
            _Ratio(ratio, variant, self._baseline, record, self._real(ratio))
            for record in self._records
            if self._baseline in record.timings and self._baseline not in record.failures
            for variant in self._timed(record)
            if variant != self._baseline
            for ratio in [estimate_ratio(record.timings[variant], record.timings[self._baseline])]
            if ratio is not None and ratio.low is not None
        ]
        self._several_runtimes = len({record.group.runtime for record in self._records}) > 1
        self._alone = len(self._records) == 1

    def findings(self) -> Iterator[_Found]:
        if self._ratios:
            yield from self._largest_gain()
            yield from self._tasks()
            yield from self._value_tasks()
            yield from self._hardly()
        else:
            yield from self._span()
        yield from self._depends_on_share()
        yield from self._nothing_allocated()
        yield from self._most_allocated()

    def _largest_gain(self) -> Iterator[_Found]:
        """Yield what changing the strategy gains at most."""
        better = [each for each in self._ratios if each.real and each.estimate.value < 1]
        if not better:
            if any(each.real for each in self._ratios):
                slower = min(self._ratios, key=lambda each: each.estimate.value)
                text = f"No variant is really faster than {self._baseline} {self._anywhere()}."
                yield self._found(0.7, text, slower.record, (self._baseline,), Tone.EVEN)
            return
        # The end of the interval that is nearer to 1: luck gains nothing.
        best = min(better, key=lambda each: each.estimate.high or each.estimate.value)
        places = len({each.record.group for each in better})
        also = (
            ""
            if self._alone
            else f" Some variant is really faster in {places} of {self._groups()}."
        )
        text = (
            f"The most that another strategy gains: {self._place(best.record)} {best.variant} "
            f"{compared(best.estimate)} {self._baseline}.{also}"
        )
        weight = -math.log(best.estimate.value)
        names = (best.variant, self._baseline)
        yield self._found(weight, text, best.record, names, Tone.GAIN)

    def _tasks(self) -> Iterator[_Found]:
        """Yield what a task costs over the baseline."""
        ratios = self._tasks_timed()
        if not ratios:
            return
        middle = statistics.median(each.estimate.value for each in ratios)
        low, high = (pick(ratios, key=lambda each: each.estimate.value) for pick in (min, max))
        names = ("task", self._baseline)
        if len(ratios) == 1 or low is high:
            text = f"{_capital(self._place(high.record))} task {compared(high.estimate)} "
            text += f"{self._baseline}{self._turns(high)}"
        else:
            text = (
                f"task takes {middle:.2g} times as long as {self._baseline} in the median of "
                f"{len(ratios)} groups: from {_times(low.estimate)} ({self._where(low.record)}) "
                f"to {_times(high.estimate)} ({self._where(high.record)}{self._turns(high)})"
            )
        if counted := self._more_allocated("task"):
            more = statistics.median(number for number, _ in counted)
            text += f"; it makes {count(more)} more allocations per call"
        tone = Tone.LOSS if middle > 1 else Tone.GAIN
        if not any(each.real for each in ratios):
            tone = Tone.EVEN
        yield self._found(abs(math.log(middle)), f"{text}.", high.record, names, tone)

    def _turns(self, ratio: _Ratio) -> str:
        """Return how many turns of the loop a variant takes, where the reference takes fewer."""
        seen = ratio.record.observations
        if not {ratio.variant, ratio.reference} <= seen.keys():
            return ""
        many, few = seen[ratio.variant].turns, seen[ratio.reference].turns
        if many is None or few is None or many - few < _NOTHING:
            return ""
        number = "none" if few < _NOTHING else count(few)
        turns = "turn" if count(many) == "1" else "turns"
        return f", where a call takes {count(many)} {turns} of the event loop instead of {number}"

    def _value_tasks(self) -> Iterator[_Found]:
        """Yield whether a ValueTask pays, in Python and in C."""
        told, names, shown = [], [], []
        gains = losses = False
        for variant in ("value_task", "value_task_native"):
            ratios = [each for each in self._ratios if each.variant == variant]
            if not ratios:
                continue
            faster, slower = (
                [each for each in ratios if each.real and (each.estimate.value < 1) == wanted]
                for wanted in (True, False)
            )
            gains, losses = gains or bool(faster), losses or bool(slower)
            language = _LANGUAGES[strategy(variant).implementation or "python"]
            middle = statistics.median(each.estimate.value for each in ratios)
            if len(ratios) == 1:
                told.append(f"{language} ({variant}) {self._single(ratios[0])}")
            else:
                told.append(
                    f"{language} ({variant}) it is really faster than {self._baseline} in "
                    f"{len(faster)} of {len(ratios)} groups{self._scenarios(faster)} and slower in "
                    f"{len(slower)}, and takes {middle:.2f} times as long in the median"
                )
            names.append(variant)
            shown.append(max(faster or ratios, key=lambda e: abs(math.log(e.estimate.value))))
        if not told or self._baseline in names:
            return
        text = f"Does ValueTask pay? {_capital('; '.join(told))}."
        strongest = max(abs(math.log(each.estimate.value)) for each in shown)
        tone = Tone.EVEN if gains == losses else Tone.GAIN if gains else Tone.LOSS
        # It is the question that this tool was made for: never below what decides little.
        weight = max(0.5, strongest / 2)
        yield self._found(weight, text, shown[0].record, (*names, self._baseline), tone)

    def _scenarios(self, ratios: Sequence[_Ratio]) -> str:
        """Name the scenarios of *ratios* in brackets, but for one that is the only one there is."""
        titles = self._run.titles
        names = dict.fromkeys(each.record.group.scenario for each in ratios)
        if not names or len({record.group.scenario for record in self._records}) == 1:
            return ""
        told = [f"“{titles.get(name, name)}”" for name in names]
        rest = [f"{len(told) - _FEW} more"] if len(told) > _FEW else []
        return f" ({and_list([*told[:_FEW], *rest])})"

    def _single(self, ratio: _Ratio) -> str:
        if not ratio.real:
            return f"it is not shown to differ from {self._baseline} in time"
        return f"it {compared(ratio.estimate)} {self._baseline}"

    def _hardly(self) -> Iterator[_Found]:
        """Yield where the choice hardly matters: all are within some percent of the baseline."""
        widest: dict[Group, tuple[float, GroupRecord]] = {}
        for each in self._ratios:
            ends = (each.estimate.low, each.estimate.high)
            away = max(abs(math.log(end)) if end else math.inf for end in ends)
            before = widest.get(each.record.group, (0.0, each.record))[0]
            widest[each.record.group] = (max(before, away), each.record)
        alike = [each for each in widest.values() if each[0] < math.log1p(_HARDLY)]
        if not alike:
            return
        away, record = min(alike, key=lambda each: each[0])
        extent = f"no variant differs from {self._baseline} by more than {_HARDLY * 100:.0f} %"
        if self._alone:
            text = f"The choice hardly matters here: {extent} in time."
        else:
            text = (
                f"In {len(alike)} of {self._groups()} the choice hardly matters: {extent} in time, "
                f"least {self._place(record)}."
            )
        weight = 0.1 + len(alike) / len(widest)
        yield self._found(weight, text, record, (self._baseline,), Tone.EVEN)

    def _span(self) -> Iterator[_Found]:
        """Yield, where there is no baseline, how far the fastest and the slowest are apart."""
        pairs = [
            _Ratio(ratio, one, other, record, self._real(ratio))
            for record in self._records
            for one, other in combinations(self._timed(record), 2)
            for ratio in [estimate_ratio(record.timings[one], record.timings[other])]
            if ratio is not None and ratio.low is not None
        ]
        real = [each for each in pairs if each.real]
        if not real:
            return
        widest = max(real, key=lambda each: abs(math.log(each.estimate.value)))
        slow, fast = widest.variant, widest.reference
        if widest.estimate.value < 1:
            slow, fast = fast, slow
        timings = widest.record.timings
        ratio = estimate_ratio(timings[slow], timings[fast])
        assert ratio is not None
        text = f"The furthest apart: {self._place(widest.record)} {slow} {compared(ratio)} {fast}."
        yield self._found(math.log(ratio.value), text, widest.record, (slow, fast), Tone.LOSS)

    def _depends_on_share(self) -> Iterator[_Found]:
        """Yield where another variant overtakes the baseline as the share changes."""
        models = [model for model in self._models if model.times]
        crossed = [
            (found, model)
            for model in models
            for other in model.times
            if other != self._baseline
            for found in crossovers(model, (self._baseline, other))
            if not (found.bracketed or found.extrapolated)
            and not strategy(found.below).only_synchronous
        ]
        if not crossed:
            return
        found, model = min(crossed, key=lambda each: each[0].high - each[0].low)
        record = min(
            (record for record in self._records if record.group in model.groups),
            key=lambda record: abs(share_of(record.group) - found.share),
        )
        settings = len({id(each) for _, each in crossed})
        where = (
            "The share decides"
            if len(models) == 1
            else f"The share decides in {settings} of {len(models)} scenarios and settings"
        )
        text = (
            f"{where}: in {self._title(record)} {found.above} overtakes {found.below} at "
            f"{share_text(found.share, found.low, found.high)} synchronous completions."
        )
        weight = 0.3 + settings / len(models) / 2
        yield self._found(weight, text, record, (found.above, found.below), Tone.EVEN)

    def _nothing_allocated(self) -> Iterator[_Found]:
        """Yield which variants allocate nothing, where the baseline does."""
        highest = max(map(share_of, (record.group for record in self._records)), default=0.0)
        records = [r for r in self._records if r.allocations and share_of(r.group) == highest]
        places: dict[str, list[GroupRecord]] = {}
        for record in records:
            for variant in self._counted(record):
                if record.allocations[variant].count < _NOTHING:
                    places.setdefault(variant, []).append(record)
        places.pop(self._baseline, None)
        if not places:
            return
        most = max(map(len, places.values()))
        names = [name for name, where in places.items() if len(where) == most]
        record = places[names[0]][0]
        verb = "allocates" if len(names) == 1 else "allocate"
        text = f"At {share_text(highest)} synchronous completions {and_list(names)} {verb} nothing"
        if len(records) > 1:
            text += f" in {most} of {len(records)} groups"
        base = [
            r.allocations[self._baseline].count for r in records if self._baseline in r.allocations
        ]
        weight = 0.5
        if base:
            middle = statistics.median(base)
            weight = math.log1p(middle)
            text += f"; {self._baseline} makes {allocations(middle)} per call"
            text += " in the median" if len(base) > 1 else ""
        yield self._found(weight, f"{text}.", record, (*names, self._baseline), Tone.GAIN)

    def _most_allocated(self) -> Iterator[_Found]:
        """Yield which variant allocates the most over the baseline, or over the least one."""
        names = dict.fromkeys(name for r in self._records for name in self._counted(r))
        differences = {
            name: found
            for name in names
            if name != self._baseline and (found := self._more_allocated(name))
        }
        if not differences:
            return
        middles = {
            variant: statistics.median(more for more, _ in several)
            for variant, several in differences.items()
        }
        worst = max(middles, key=middles.__getitem__)
        if middles[worst] < SAME_COUNT or worst in {each.variant for each in self._tasks_timed()}:
            return
        _, record = max(differences[worst], key=lambda each: each[0])
        text = f"{worst} makes {allocations(middles[worst], 'more ')} per call than "
        text += self._baseline
        if len(differences[worst]) > 1:
            ends = [more for more, _ in differences[worst]]
            text += f" in the median of {len(ends)} groups, from {count(min(ends))} to "
            text += count(max(ends))
        weight = math.log1p(middles[worst]) / 2
        yield self._found(weight, f"{text}.", record, (worst, self._baseline), Tone.LOSS)

    def _tasks_timed(self) -> list[_Ratio]:
        return [each for each in self._ratios if each.variant == "task"]

    def _more_allocated(self, variant: str) -> list[tuple[float, GroupRecord]]:
        """Return how many allocations more than the baseline *variant* makes, by group."""
        return [
            (record.allocations[variant].count - record.allocations[self._baseline].count, record)
            for record in self._records
            if {variant, self._baseline} <= {*self._counted(record)}
        ]

    def _found(
        self,
        weight: float,
        text: str,
        record: GroupRecord,
        variants: Sequence[str],
        tone: Tone,
    ) -> _Found:
        return _Found(weight, Sentence(text, record.group, tuple(variants), tone))

    def _real(self, ratio: Estimate | None) -> bool:
        return is_real(ratio, self._limit, self._run.plan.threshold)

    def _timed(self, record: GroupRecord) -> list[str]:
        return [
            name
            for name, timing in record.timings.items()
            if self._is_strategy(record, name) and any(timing.rounds.values())
        ]

    def _counted(self, record: GroupRecord) -> list[str]:
        return [
            name
            for name, counted in record.allocations.items()
            if self._is_strategy(record, name) and math.isfinite(counted.count)
        ]

    def _is_strategy(self, record: GroupRecord, name: str) -> bool:
        return name not in record.failures and not strategy(name).only_synchronous

    def _anywhere(self) -> str:
        return "here" if self._alone else f"in any of {self._groups()}"

    def _groups(self) -> str:
        return f"{len({each.record.group for each in self._ratios})} groups"

    def _place(self, record: GroupRecord) -> str:
        """Return where a group is, as ``in Read-through cache at 90 %``."""
        return f"in {self._title(record)} at {share_text(share_of(record.group))}"

    def _where(self, record: GroupRecord) -> str:
        return f"{self._title(record)} at {share_text(share_of(record.group))}"

    def _title(self, record: GroupRecord) -> str:
        group = record.group
        title = f"“{self._run.titles.get(group.scenario, group.scenario)}”"
        return f"{title} on {group.runtime}" if self._several_runtimes else title


def _times(ratio: Estimate) -> str:
    return f"{interval(ratio.value, ratio.low, ratio.high)} times"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
