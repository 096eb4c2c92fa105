"""How it was measured, in plain words with the figures of the run. Pure."""

from __future__ import annotations

import statistics
from datetime import datetime
from typing import TYPE_CHECKING

from harness.analysis.runtimes import all_runtimes, measured_together
from harness.report.figures import percent_text, significant, visible
from harness.report.table import misses_target
from harness.strategy import strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.rows import CaseRow
    from harness.plan import Group
    from harness.record import Run

__all__ = ["exactness", "measured_in", "measured_on", "method_lines", "plural", "share_text"]


def measured_in(run: Run) -> str:
    """Return in one sentence what was measured, on what and when."""
    groups = run.plan.groups
    what = {"time", "allocations"} & set(run.plan.instruments)
    figures = " and ".join(name for name in ("time", "allocations") if name in what)
    variants = {name for g in groups for name in (*g.variants, *(n for n, _ in g.unavailable))}
    shares = {dict(group.params)["sync_ratio"] for group in groups}
    return (
        f"{figures.capitalize()} per operation of {plural(len(variants), 'strategy')} for handing "
        f"an answer over, in {plural(len({g.scenario for g in groups}), 'scenario')} at "
        f"{plural(len(shares), 'share')} of synchronous completions, on "
        f"{visible(all_runtimes(run.plan.runtimes))}. "
        f"Measured {measured_on(run)} with the preset {visible(run.plan.preset.name)}."
    )


def exactness(run: Run, rows: Sequence[CaseRow]) -> str:
    """Return how exact the figures are, in a sentence or two; empty where there are none."""
    timed = [row for row in rows if row.time_ns is not None]
    told = []
    if timed:
        ratios = [
            half / row.ratio
            for row in timed
            if not row.is_baseline and row.ratio and (half := row.ratio_half_width) is not None
        ]
        widths = ratios or [
            half / row.time_ns
            for row in timed
            if row.time_ns and (half := row.time_half_width) is not None
        ]
        of = f"ratios{_to_baseline(run)}" if ratios else "times"
        told.append(_widths(widths, of) if widths else _NO_INTERVAL)
        if ratios:
            told[-1] += _as_wanted(run, timed)
        told[-1] += "."
    if any(row.allocations is not None for row in rows):
        told.append("Allocations are counted, not sampled.")
    return " ".join(told)


def _to_baseline(run: Run) -> str:
    """Say which ratios are meant, where a run has those between its runtimes, too."""
    return f" to {visible(run.plan.baseline)}" if measured_together(run) else ""


_NO_INTERVAL = "One round was measured: times have no interval"
_CAP = 10.0  # from here on the width itself says nothing


def _widths(widths: Sequence[float], of: str) -> str:
    middle, widest = map(_width_text, (statistics.median(widths), max(widths)))
    if middle == widest:
        return f"95 % intervals of {of} are ± {middle}"
    return f"95 % intervals of {of} are ± {middle} in the median and ± {widest} at the widest"


def _width_text(width: float) -> str:
    return percent_text(width) if width < _CAP else f"more than {_CAP * 100:.0f} %"


def _as_wanted(run: Run, timed: Sequence[CaseRow]) -> str:
    """Return in how many groups every ratio is as exact as the preset wants."""
    target = run.plan.preset.target
    groups: dict[object, bool] = {}
    for row in timed:
        key = row.scenario, row.params, row.runtime
        groups[key] = groups.get(key, True) and not misses_target(row, target)
    wanted = f"as exact as the preset wants (± {target * 100:g} %)"
    if measured_together(run):
        wanted = f"within ± {target * 100:g} %"  # the preset wants more: those between runtimes
    if len(groups) == 1:
        return f": {'' if all(groups.values()) else 'not '}{wanted}"
    met = sum(groups.values())
    return f"; {met or 'none'} of {len(groups)} groups {'is' if met < 2 else 'are'} {wanted}"


def _runtime_by_runtime(run: Run) -> str:
    if measured_together(run):
        return ", runtime by runtime: values of one sweep"
    return ": neighbours in time"


def _between_too(run: Run) -> str:
    if not measured_together(run):
        return ""
    interpreters = {runtime.interpreter for runtime in run.plan.runtimes}
    loops = {runtime.loop for runtime in run.plan.runtimes}
    told = " and from loop to loop" if len(interpreters) > 1 and len(loops) > 1 else ""
    return f", those from the first runtime to the others{told} included"


def method_lines(run: Run) -> Iterator[str]:
    """Yield how the figures came about: about ten lines, only of what this run did."""
    preset, baseline = run.plan.preset, visible(run.plan.baseline)
    fewest, most = preset.rounds
    yield (
        "Before measuring, all variants answer the scenario's requests and are held against "
        "each other: same answers, the expected share that completes without suspending."
    )
    if told := _implementations(run):
        yield told
    if "time" in run.plan.instruments:
        yield (
            "A round is a fresh interpreter with its own hash seed. It forks one process per "
            "variant, each with its own event loop, warmed up; two never run at once."
        )
        yield (
            f"In each of a round's {preset.values} sweeps every variant is timed once"
            f"{_for_some(run)}, in a fresh random order{_runtime_by_runtime(run)} are what is "
            "compared."
        )
        yield (
            f"The ratio of a round is the median over its sweeps of the time relative to "
            f"{baseline}; the figure is the geometric mean of the rounds."
        )
        yield (
            "Intervals are 95 % Student t intervals over rounds, not over values: values of one "
            "process are not independent."
        )
        yield (
            f"Rounds are added, from {fewest} to {most}, until every ratio's interval is within "
            f"± {preset.target * 100:g} %{_between_too(run)}. A * marks a ratio to {baseline} that "
            "did not get there."
        )
        yield (
            "A difference in time is claimed, and coloured, only where its interval excludes 1, it "
            f"is larger than {run.plan.threshold * 100:g} %, and it stands among all comparisons "
            "of the run: of what is claimed, 5 % may be by chance (Benjamini and Hochberg, 1995)."
        )
        if floor := _floor(run):
            yield floor
    if "allocations" in run.plan.instruments:
        yield (
            "Allocations come from processes of their own, with memray following the allocators "
            "but not the Python stack, whose bookkeeping would be counted too. Nothing is timed "
            "under it."
        )
        yield (
            "A short and a long stretch of operations are counted; what the long one has more, "
            "per operation, is the figure, so that constant costs cancel. A reallocation is one "
            "allocation."
        )
    yield "Suspensions of the awaiter and tasks created are counted while the answers are verified."


def share_text(group: Group) -> str:
    """Write a group's ``sync_ratio`` as in ``90 %``."""
    return f"{float(dict(group.params)['sync_ratio']) * 100:.4g} %"


def plural(number: int, noun: str) -> str:
    """Write ``1 share``, ``5 shares``, ``7 strategies``."""
    if number == 1:
        return f"{number} {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"


def _for_some(run: Run) -> str:
    """Return how long a value lasts: the shorter ones, as a slow operation's is its own."""
    lengths = sorted(
        statistics.median(values) * timing.operations
        for record in run.groups
        for timing in record.timings.values()
        for values in list(timing.rounds.values())[:1]
        if values
    )
    if not lengths:
        return ""
    return f", for some {max(1, round(lengths[len(lengths) // 4] * 1e3))} ms"


def _implementations(run: Run) -> str:
    """Return in which implementations ValueTask was measured; empty if in none."""
    measured = dict.fromkeys(name for group in run.plan.groups for name in group.variants)
    told = [
        f"in {language} ({', '.join(names)})"
        for implementation, language in (("python", "pure Python"), ("native", "C"))
        if (names := [n for n in measured if strategy(n).implementation == implementation])
    ]
    return f"ValueTask was measured {' and '.join(told)}." if told else ""


def _floor(run: Run) -> str:
    """Return what of every time is the driving loop's."""
    floors = [r.loop_overhead * 1e9 for r in run.groups if r.loop_overhead is not None]
    if not floors:
        return ""
    low, high = significant(min(floors), 2), significant(max(floors), 2)
    span = f"{low} ns" if low == high else f"{low} to {high} ns"
    return (
        f"Every time includes the loop that drives the operations: {span} per operation when it "
        "drives nothing. No variant can be below this floor."
    )


def measured_on(run: Run) -> str:
    """Return when the run began: ``1 January 2025 at 12:00 UTC``."""
    try:
        moment = datetime.fromisoformat(run.started)
    except ValueError:
        return visible(run.started)
    return f"{moment.day} {moment:%B %Y at %H:%M} UTC"
