"""Costs on the page: the story, the recommendations, and each scenario's cost model as tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.crossovers import allocation_crossovers, crossovers
from harness.analysis.fitting import TOLERANCE
from harness.analysis.recommend import recommendations
from harness.analysis.runtime_story import runtime_story
from harness.analysis.runtimes import name_runtimes
from harness.analysis.story import story
from harness.analysis.wording import and_list
from harness.analysis.wording import share as share_words
from harness.plan import format_params
from harness.report.anchors import group_anchor, scenario_anchor
from harness.report.calculator import make_calculator
from harness.report.claims import Claim, set_apart
from harness.report.figures import (
    ABSENT,
    byte_text,
    count_text,
    percent_text,
    ratio_parts,
    significant,
    time_unit,
    visible,
)
from harness.report.method import share_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from markupsafe import Markup

    from harness.analysis.costs import CostModel, VariantCost
    from harness.analysis.crossovers import Crossover
    from harness.analysis.fitting import Fit, Interval, TimeFit
    from harness.analysis.recommend import Recommendation
    from harness.analysis.sentences import Sentence
    from harness.plan import Group, Runtime
    from harness.record import Run
    from harness.report.calculator import Calculator
    from harness.report.figures import Unit
    from harness.report.palette import Mark

__all__ = ["Costs", "make_costs"]


@dataclass(frozen=True)
class Advised:
    """A recommendation as it stands on the page; *tone* is a claim's, *section* its scenario's."""

    title: str
    setting: str
    text: Markup
    more: Markup
    tone: str
    anchor: str
    section: str
    about: str


@dataclass(frozen=True)
class CostCell:
    """A figure with its half-width."""

    text: str
    half: str = ""


@dataclass(frozen=True)
class CostLine:
    """One variant: its figures in the order of the headers, and how well its lines fit."""

    variant: str
    colour: str
    is_baseline: bool
    figures: tuple[CostCell, ...]
    r_squared: str
    quality: str


@dataclass(frozen=True)
class CrossoverLine:
    """One crossover in words."""

    figure: str
    below: str
    at: str
    above: str
    note: str


@dataclass(frozen=True)
class CostTable:
    """The cost model of one setting; without one, only the *reason* why there is none."""

    anchor: str
    setting: str
    reason: str
    headers: tuple[str, ...]
    lines: tuple[CostLine, ...]
    notes: tuple[str, ...]
    crossovers: tuple[CrossoverLine, ...]


@dataclass(frozen=True)
class Costs:
    """What the page says of costs: see the fields' types."""

    between: tuple[Claim, ...]
    story: tuple[Claim, ...]
    advice: tuple[Advised, ...]
    calculator: Calculator | None
    tables: Mapping[tuple[str, Runtime], tuple[CostTable, ...]]


def make_costs(
    run: Run,
    models: Sequence[CostModel],
    anchors: Mapping[Group, str],
    marks: Mapping[str, Mark],
) -> Costs:
    """Return all of it from the *models* of *run*; *anchors* has where on the page a group is."""
    tables: dict[tuple[str, Runtime], list[CostTable]] = {}
    settings = Counter((model.scenario, model.runtime) for model in models)
    for number, model in enumerate(models, start=1):
        several = settings[model.scenario, model.runtime] > 1
        table = _table(model, f"costs{number}", marks, with_setting=several)
        tables.setdefault((model.scenario, model.runtime), []).append(table)
    recommended = recommendations(run, models)

    def claims(sentences: Sequence[Sentence], where: Callable[[Group], str]) -> tuple[Claim, ...]:
        return tuple(
            Claim(
                set_apart(each.text, each.variants),
                str(each.tone),
                where(each.group),
                _about(each.group, run),
            )
            for each in sentences
        )

    return Costs(
        between=claims(runtime_story(run, recommended), group_anchor),
        story=claims(story(run, models), anchors.__getitem__),
        advice=tuple(_advised(recommended, run, anchors)),
        calculator=make_calculator(models, run.titles, marks),
        tables={key: tuple(several) for key, several in tables.items()},
    )


_NAMED = 3  # how many variants a note names before it counts them
_COUNTLESS = 1000  # intervals, from which on their number says nothing
_TONES = {"keep": "even", "change": "gain", "none": "none"}


def _advised(
    recommended: Sequence[Recommendation], run: Run, anchors: Mapping[Group, str]
) -> Iterator[Advised]:
    """Yield what is recommended; once for all runtimes on which the same variants are."""
    settings = {(each.model.scenario, each.model.setting) for each in recommended}
    several = Counter(scenario for scenario, _ in settings)
    alike: dict[object, list[Recommendation]] = {}
    for each in recommended:
        advice = (each.chosen, each.without_native) if each.chosen else each.text
        alike.setdefault((each.model.scenario, each.model.setting, advice), []).append(each)
    for together in alike.values():
        each = together[-1]
        model = each.model
        setting = [name_runtimes([other.model.runtime for other in together], run.plan.runtimes)]
        setting += [visible(format_params(model.setting))] if several[model.scenario] > 1 else []
        folded = len(together) > 1
        more = f"{each.more} Figures of {model.runtime}.".lstrip() if folded else each.more
        yield Advised(
            title=visible(run.titles.get(model.scenario, model.scenario)),
            setting=", ".join(filter(None, setting)),
            text=set_apart(each.text, each.variants),
            more=set_apart(more, each.variants),
            tone=_TONES[each.advice],
            anchor=anchors[each.group],
            section=(
                scenario_anchor(model.scenario)
                if folded
                else anchors[each.group].rpartition("/")[0] + "/"
            ),
            about=_about(each.group, run),
        )


def _about(group: Group, run: Run) -> str:
    return f"{visible(run.titles.get(group.scenario, group.scenario))}, {share_text(group)}"


def _table(
    model: CostModel, anchor: str, marks: Mapping[str, Mark], *, with_setting: bool
) -> CostTable:
    columns = _columns(model)
    return CostTable(
        anchor=anchor,
        setting=visible(format_params(model.setting)) if with_setting else "",
        reason=visible(model.reason),
        headers=tuple(columns),
        lines=tuple(
            CostLine(
                variant=visible(name),
                colour=marks[name].colour,
                is_baseline=name == model.baseline,
                figures=tuple(column[place] for column in columns.values()),
                r_squared=_r_squared(cost),
                quality=_quality(cost),
            )
            for place, (name, cost) in enumerate(model.variants.items())
        ),
        notes=tuple(_notes(model)),
        crossovers=(
            *_crossover_lines(crossovers(model), "time"),
            *_crossover_lines(allocation_crossovers(model), "allocations"),
        ),
    )


def _columns(model: CostModel) -> dict[str, list[CostCell]]:
    """Return header -> cells, of those columns that have any figure."""
    costs = list(model.variants.values())
    columns: dict[str, list[CostCell]] = {}
    for share, word in ((1.0, "sync."), (0.0, "async.")):
        times = [cost.time.interval(share) if cost.time else None for cost in costs]
        unit = time_unit(time.value if time and time.value > 0 else None for time in times)
        columns[f"{word} time, {unit.symbol}"] = [_time(time, unit) for time in times]
        columns[f"{word} allocations"] = [
            CostCell(count_text(_at(cost.allocations, share))) for cost in costs
        ]
        columns[f"{word} bytes"] = [CostCell(byte_text(_at(cost.bytes, share))) for cost in costs]
    return {
        header: cells
        for header, cells in columns.items()
        if any(cell.text != ABSENT for cell in cells)
    }


def _at(fit: Fit | None, share: float) -> float | None:
    return None if fit is None else fit.at(share)


def _time(time: Interval | None, unit: Unit) -> CostCell:
    if time is None:
        return CostCell(ABSENT)
    half = None
    if time.low is not None and time.high is not None:
        half = (time.high - time.low) / 2 / unit.nanoseconds
    return CostCell(*ratio_parts(time.value / unit.nanoseconds, half))


def _r_squared(cost: VariantCost) -> str:
    """Write what the line of the times explains, or of the allocations where there are none.

    It is 1 only where nothing is left.
    """
    fit = cost.time or cost.allocations
    if fit is None or fit.r_squared is None:
        return ABSENT
    return "1" if fit.r_squared == 1 else f"{min(fit.r_squared, 0.9999):.4f}"


def _quality(cost: VariantCost) -> str:
    """Return whether the lines hold, and how far the furthest share is from that of the times."""
    fit = cost.time or cost.allocations
    if fit is None or fit.deviation is None:
        return ABSENT
    holds = all(each is None or each.holds for each in (cost.time, cost.allocations))
    where = share_words(fit.deviation.share)
    relative = fit.deviation.relative
    if relative is None:
        off = f"off at {where}"
    else:
        sign = "+" if relative >= 0 else "−"  # noqa: RUF001  # a minus, as wide as the plus
        off = f"{sign}{percent_text(abs(relative))} at {where}"
    # Far off, but not further than the rounds of that share scatter.
    unclear = relative is None or abs(relative) > TOLERANCE
    return f"{'no' if not holds else 'unclear' if unclear else 'yes'}, {off}"


def _notes(model: CostModel) -> Iterator[str]:
    """Yield what a reader of the table should know."""
    if model.variants and len(model.shares) < 3:
        yield "With two shares there is nothing to judge a line by: any two points are on one."
    if told := _ends_missing(model):
        yield told
    bent = {name: fit for name, fit in model.times.items() if not fit.holds}
    if bent:
        yield f"The time does not follow a line over the share {_bent(bent, len(model.times))}."
    counted = [
        name
        for name, cost in model.variants.items()
        if cost.allocations is not None and not cost.allocations.holds
    ]
    if counted:
        yield (
            f"The number of allocations does not follow a line {_of(counted, len(model.variants))}"
            ": what an operation does changes with the share as well."
        )
    if model.moving and (bent or counted):
        yield (
            f"{visible(', '.join(model.moving))} moves the share, and may move the cost of an "
            "operation too."
        )


def _ends_missing(model: CostModel) -> str:
    if not model.variants:
        return ""
    told = [
        f"{word} costs are extrapolated from {share_words(nearest)}"
        for end, nearest, word in (
            (0.0, model.shares[0], "asynchronous"),
            (1.0, model.shares[-1], "synchronous"),
        )
        if nearest != end
    ]
    text = and_list(told)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _bent(fits: Mapping[str, TimeFit], of: int) -> str:
    """Return for which variants the line of times does not hold, and how far the worst is off."""
    off = {
        name: fit.deviation
        for name, fit in fits.items()
        if fit.deviation and fit.deviation.relative is not None
    }
    text = _of(list(fits), of)
    if not off:
        return text
    name, worst = max(off.items(), key=lambda each: abs(each[1].relative or 0.0))
    direction = "above" if (worst.relative or 0.0) > 0 else "below"
    who = f", {visible(name)} the furthest" if len(fits) > 1 else ""
    text += (
        f"{who}: it is {percent_text(abs(worst.relative or 0.0))} {direction} it at "
        f"{share_words(worst.share)}"
    )
    if worst.intervals is None or worst.intervals > _COUNTLESS:
        return text
    return f"{text}, {significant(worst.intervals, 2)} times half of its 95 % interval"


def _of(names: Sequence[str], of: int) -> str:
    """Name a few variants and count many."""
    if len(names) > _NAMED:
        return f"for {len(names)} of {of} variants"
    return f"for {and_list(list(map(visible, names)))}"


def _crossover_lines(found: Sequence[Crossover], figure: str) -> Iterator[CrossoverLine]:
    for each in found:
        if each.bracketed:
            at = f"between {share_words(each.low)} and {share_words(each.high)}"
            note = "the line does not hold for the pair"
        else:
            at = share_words(each.share, each.low, each.high)
            note = "exact" if each.low == each.high else ""
        if each.extrapolated:
            note = "; ".join(filter(None, (note, "outside of the measured shares")))
        yield CrossoverLine(figure, visible(each.below), at, visible(each.above), note)
