"""The calculator: what a load of the reader's own costs, as a table and as data for the script.

The table is computed here for a typical load, so that it can be read without a script.
``templates/calculator.js`` computes the same as :func:`harness.analysis.load.loads` from the same
figures, and writes them with the same digits; a test holds the one against the other.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from harness.analysis.fitting import covariance
from harness.analysis.load import TYPICAL_RATE, loads
from harness.analysis.sentences import TYPICAL_SHARE
from harness.analysis.student import quantile
from harness.analysis.wording import and_list
from harness.plan import format_params
from harness.report.figures import ABSENT, percent_text, ratio_parts, significant, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.analysis.costs import CostModel, VariantCost
    from harness.analysis.fitting import Fit, Interval
    from harness.analysis.load import Load
    from harness.report.palette import Mark

__all__ = ["Calculator", "LoadLine", "load_lines", "load_notes", "make_calculator", "summary"]

# Student's t up to here comes from a table, beyond it from a series that is exact enough there.
_DEGREES = 40
_NAMED = 3  # how many variants a note names before it counts them
_DIGITS = 10  # of what the script computes with


@dataclass(frozen=True)
class LoadLine:
    """One row of the table: what a variant costs per second, written out.

    *width* is that of its bar, in percent of the longest one.
    """

    variant: str
    colour: str
    is_baseline: bool
    width: float
    time: str
    core: str
    ratio: str
    allocations: str
    bytes: str


@dataclass(frozen=True)
class Calculator:
    """The calculator before it is drawn: its choices, its first table, and the script's data.

    *chosen* is the place among the options of that which the table is of.
    """

    options: tuple[str, ...]
    chosen: int
    share: str
    rate: str
    lines: tuple[LoadLine, ...]
    notes: tuple[str, ...]
    summary: str
    data: Markup


def make_calculator(
    models: Sequence[CostModel], titles: Mapping[str, str], marks: Mapping[str, Mark]
) -> Calculator | None:
    """Return the calculator of the scenarios and settings that have a cost model, if any has."""
    modelled = [model for model in models if model.variants]
    if not modelled:
        return None
    # One whose lines hold, if there is one, is the better example.
    chosen = next((n for n, model in enumerate(modelled) if not _warnings(model)), 0)
    first = modelled[chosen]
    found = loads(first, TYPICAL_SHARE, TYPICAL_RATE)
    return Calculator(
        options=_options(modelled, titles),
        chosen=chosen,
        share=f"{TYPICAL_SHARE * 100:g}",
        rate=f"{TYPICAL_RATE:.0f}",
        lines=load_lines(first, found, marks),
        notes=load_notes(first, TYPICAL_SHARE),
        summary=summary(first, found),
        data=_safe_json(
            {
                "t": [_rounded(quantile(0.975, degrees)) for degrees in range(1, _DEGREES + 2)],
                "models": [_data(model, marks) for model in modelled],
            }
        ),
    )


def load_lines(
    model: CostModel, found: Sequence[Load], marks: Mapping[str, Mark]
) -> tuple[LoadLine, ...]:
    """Return the rows of the table, in the order of *found*."""
    longest = max((load.time.value for load in found if load.time), default=0.0)
    return tuple(
        LoadLine(
            variant=visible(load.variant),
            colour=marks[load.variant].colour,
            is_baseline=load.variant == model.baseline,
            width=100 * load.time.value / longest if load.time and longest else 0.0,
            time=_with_half(load.time, 1e3),
            core=percent_text(load.time.value if load.time else None),
            ratio="1"
            if load.ratio and load.variant == model.baseline
            else _with_half(load.ratio, 1.0),
            allocations=ABSENT if load.allocations is None else significant(load.allocations),
            bytes=_size(load.bytes),
        )
        for load in found
    )


def summary(model: CostModel, found: Sequence[Load]) -> str:
    """Return in one sentence which variant costs the least, and what the baseline does."""
    if not found or found[0].time is None:
        return ""
    told = [f"{visible(found[0].variant)} takes the least"]
    base = next((load for load in found if load.variant == model.baseline), None)
    if base is None or base is found[0]:
        return f"{told[0]}: {_with_half(found[0].time, 1e3)} ms of a core per second."
    return (
        f"{told[0]}: {_with_half(found[0].time, 1e3)} ms of a core per second; "
        f"{visible(base.variant)}, the baseline, {_with_half(base.time, 1e3)} ms."
    )


def load_notes(model: CostModel, share: float) -> tuple[str, ...]:
    """Return what a reader should know of the figures at *share*."""
    outside = not model.shares[0] <= share <= model.shares[-1]
    return (*((_outside(model),) if outside else ()), *_warnings(model))


def _outside(model: CostModel) -> str:
    low, high = (f"{each * 100:.4g} %" for each in (model.shares[0], model.shares[-1]))
    return f"Extrapolated: shares from {low} to {high} were measured."


def _warnings(model: CostModel) -> list[str]:
    bent = [visible(name) for name, fit in model.times.items() if not fit.holds]
    if not bent:
        return []
    names = and_list(bent) if len(bent) <= _NAMED else f"{len(bent)} of {len(model.times)} variants"
    return [
        f"Time does not follow a line over the share for {names}, so that these figures are rough: "
        "the table of the scenario says by how much."
    ]


def _options(models: Sequence[CostModel], titles: Mapping[str, str]) -> tuple[str, ...]:
    """Return a name for each model, with what tells it from the others."""
    several_runtimes = len({model.runtime for model in models}) > 1
    settings = Counter((model.scenario, model.runtime) for model in models)
    return tuple(
        ", ".join(
            [
                visible(titles.get(model.scenario, model.scenario)),
                *([str(model.runtime)] if several_runtimes else []),
                *(
                    [visible(format_params(model.setting))]
                    if settings[model.scenario, model.runtime] > 1
                    else []
                ),
            ]
        )
        for model in models
    )


def _data(model: CostModel, marks: Mapping[str, Mark]) -> dict[str, Any]:
    return {
        "baseline": visible(model.baseline),
        "low": model.shares[0],
        "high": model.shares[-1],
        "outside": _outside(model),
        "warnings": _warnings(model),
        "variants": [
            {
                "name": visible(name),
                "colour": marks[name].colour,
                "allocations": _ends(cost.allocations),
                "bytes": _ends(cost.bytes),
                "parts": _parts(cost, model),
            }
            for name, cost in model.variants.items()
        ],
    }


def _ends(fit: Fit | None) -> list[float | None] | None:
    return [_rounded(fit.asynchronous), _rounded(fit.synchronous)] if fit else None


def _parts(cost: VariantCost, model: CostModel) -> list[list[float | None]] | None:
    """Return for each group what it adds to the time, and how exact that is.

    Its share; its part of the asynchronous and of the synchronous time in nanoseconds; the variance
    of its log, the covariance with the baseline's, and the degrees of freedom of both.
    """
    if cost.time is None:
        return None
    base = model.times.get(model.baseline)
    others = {part.share: part for part in base.parts} if base else {}
    found: list[list[float | None]] = []
    for part in cost.time.parts:
        other = others.get(part.share)
        common = part.logs.keys() & other.logs.keys() if other else set()
        found.append(
            [
                part.share,
                _rounded(part.asynchronous),
                _rounded(part.synchronous),
                _rounded(covariance(part.logs, part.logs)),
                _rounded(covariance(part.logs, other.logs) if other else None),
                len(part.logs) - 1,
                max(0, len(common) - 1),
            ]
        )
    return found


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def _safe_json(value: object) -> Markup:
    """Return *value* as JSON that no parser of HTML takes for markup."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # nothing in it is markup any more


def _with_half(interval: Interval | None, scale: float) -> str:
    if interval is None:
        return ABSENT
    half = None
    if interval.low is not None and interval.high is not None:
        half = (interval.high - interval.low) / 2 * scale
    return " ± ".join(filter(None, ratio_parts(interval.value * scale, half)))


def _size(size: float | None) -> str:
    """Write bytes per second, in a unit that leaves one to three digits before the point."""
    if size is None:
        return ABSENT
    for unit, symbol in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{significant(size / unit)} {symbol}"
    return f"{significant(size)} B"
