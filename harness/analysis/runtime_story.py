"""Runtime story: what changes over a whole run from one runtime to another, in sentences. Pure.

Each compares two runtimes that differ in one thing: the first interpreter with the last on the
same event loop, then the first event loop with each other one on the last interpreter.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.runtimes import name_runtimes, runtime_changes
from harness.analysis.sentences import SAME_COUNT, Sentence, Tone
from harness.analysis.wording import and_list, count
from harness.strategy import strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.recommend import Recommendation
    from harness.analysis.runtimes import RuntimeChange
    from harness.plan import Runtime
    from harness.record import Run

__all__ = ["runtime_story"]

_NAMED = 4  # variants whose number of allocations changes, before the others are counted


def runtime_story(run: Run, recommended: Sequence[Recommendation] = ()) -> tuple[Sentence, ...]:
    """Return what changes between the runtimes of *run*; nothing where it has one.

    *recommended* are its recommendations: whether they are the same everywhere is told, too.
    """
    return tuple(_sentences(run, recommended))


def _sentences(run: Run, recommended: Sequence[Recommendation]) -> Iterator[Sentence]:
    for base, other in _pairs(run.plan.runtimes):
        changes = [
            change
            for change in runtime_changes(run, (base, other))
            if not strategy(change.variant).only_synchronous
        ]
        step = _step(base, other)
        yield from _times(step, [change for change in changes if change.time])
        yield from _allocations(step, changes)
    yield from _choices(run, recommended)


def _pairs(runtimes: Sequence[Runtime]) -> Iterator[tuple[Runtime, Runtime]]:
    """Yield pairs of runtimes that differ in the interpreter, then such in the event loop."""
    if len(runtimes) < 2:
        return
    first = runtimes[0]
    on_first = [runtime for runtime in runtimes if runtime.loop == first.loop]
    last = on_first[-1]
    if last != first:
        yield first, last
    for runtime in runtimes:
        if runtime.interpreter == last.interpreter and runtime != last:
            yield last, runtime


def _step(base: Runtime, other: Runtime) -> str:
    if base.loop == other.loop:
        return f"From {base.implementation} {base.python} to {other.python} ({base.loop})"
    return f"{other.loop} in place of {base.loop} ({other.implementation} {other.python})"


@dataclass(frozen=True)
class _Median:
    """What one variant comes to in the median of its settings; *real* if most of them show it."""

    variant: str
    ratio: float
    real: bool

    @classmethod
    def of(cls, variant: str, changes: Sequence[RuntimeChange]) -> _Median:
        ratios = [change.time.value for change in changes if change.time]
        ratio = statistics.median(ratios)
        real = [change for change in changes if _is_faster(change) == (ratio < 1)]
        return cls(variant, ratio, 2 * sum(change.is_real for change in real) > len(changes))

    def __str__(self) -> str:
        direction = "more" if self.ratio > 1 else "less"
        return f"{abs(self.ratio - 1) * 100:.0f} % {direction} time ({self.variant})"


def _is_faster(change: RuntimeChange) -> bool:
    return change.time is not None and change.time.value < 1


def _times(step: str, changes: Sequence[RuntimeChange]) -> Iterator[Sentence]:
    """Yield how many cases are faster and slower, and which variants change the most."""
    variants: dict[str, list[RuntimeChange]] = {}
    for change in changes:
        variants.setdefault(change.variant, []).append(change)
    if not variants:
        return
    real = [change for change in changes if change.is_real]
    faster = sum(map(_is_faster, real))
    slower = len(real) - faster
    settings = max(map(len, variants.values()))
    # A variant of one scenario alone is no strategy that a reader of all of them chooses.
    usual = (
        _Median.of(name, found) for name, found in variants.items() if 2 * len(found) > settings
    )
    medians = sorted((each for each in usual if each.real), key=lambda each: each.ratio)
    # The most that is won, and the most that is lost, or the least that is won.
    told = list(dict.fromkeys((medians[0], medians[-1]))) if medians else []
    text = f"{step}: {faster} of {len(changes)} cases are really faster and {slower} slower"
    if told:
        middle = f" in the median of {settings} settings" if settings > 1 else ""
        text += f";{middle} {' to '.join(map(str, told))}"
    tone = Tone.GAIN if faster > slower else Tone.LOSS if slower > faster else Tone.EVEN
    yield Sentence(f"{text}.", changes[0].group, tuple(each.variant for each in told), tone)


def _allocations(step: str, changes: Sequence[RuntimeChange]) -> Iterator[Sentence]:
    """Yield which variants make more or fewer allocations, exactly, in the median."""
    counted: dict[str, list[float]] = {}
    for change in changes:
        if change.allocations is not None:
            counted.setdefault(change.variant, []).append(change.allocations)
    if not counted:
        return
    medians = {name: statistics.median(values) for name, values in counted.items()}
    moved = [name for name, more in medians.items() if abs(more) >= SAME_COUNT]
    moved.sort(key=lambda name: -abs(medians[name]))
    if not moved:
        text = f"{step}: the number of allocations per call stays the same for each variant"
        yield Sentence(_ended(text, counted), changes[0].group, (), Tone.EVEN)
        return
    parts = [
        f"{name} makes {count(abs(medians[name]))} {'more' if medians[name] > 0 else 'fewer'}"
        for name in moved[:_NAMED]
    ]
    more = len(moved) - len(parts)
    parts += [f"{more} more variants change, too"] if more else []
    text = f"{step}, allocations per call: {and_list(parts)}"
    tone = Tone.GAIN if sum(medians.values()) < 0 else Tone.LOSS
    yield Sentence(_ended(text, counted), changes[0].group, tuple(moved[:_NAMED]), tone)


def _ended(text: str, counted: dict[str, list[float]]) -> str:
    several = max(map(len, counted.values())) > 1
    return f"{text}, in the median." if several else f"{text}."


def _choices(run: Run, recommended: Sequence[Recommendation]) -> Iterator[Sentence]:
    """Yield in how many settings the recommended strategy is the same on every runtime."""
    settings: dict[object, list[Recommendation]] = {}
    for each in recommended:
        if each.chosen:
            settings.setdefault((each.model.scenario, each.model.setting), []).append(each)
    several = [found for found in settings.values() if len(found) > 1]
    if not several:
        return
    alike = [found for found in several if len({each.chosen for each in found}) == 1]
    every = name_runtimes(run.plan.runtimes, run.plan.runtimes)
    shown = next((found for found in several if found not in alike), several[0])
    if len(several) == 1:
        verb = "is" if alike else "is not"
        text = f"The strategy to use {verb} the same on {every}"
    else:
        text = (
            f"The strategy to use is the same on {every} in {len(alike)} of {len(several)} "
            "scenarios and settings"
        )
    yield Sentence(f"{text}.", shown[0].group, (), Tone.EVEN)
