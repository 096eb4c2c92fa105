"""Findings: what is shaky about a run, told from its records alone. Pure."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.analysis.decision import discovery_limit, is_large
from harness.analysis.drift import trends
from harness.analysis.estimate import estimate_ratio, estimate_time
from harness.analysis.proof import proof_findings
from harness.analysis.runtimes import changes_within_target, short_name
from harness.plan import format_params
from harness.record import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.analysis.runtimes import RuntimeChange
    from harness.record import Conditions, GroupRecord, Run

__all__ = ["run_findings"]

_FEW_ROUNDS = 3
_ROUNDS_TO_JUDGE = 4  # with fewer, no round can be told from the others
_ODD_ROUND = 0.10
_ODD_SPREADS = 5.0
# Of the cores that no variant uses: the scheduler moves other work to a core that is free, and up
# to a quarter it mostly finds one. Counting in ticks is exact to 0.03 of a core in a round.
_OTHERS = 0.25
# Of a core. Counted in hundredths of a second: in the half second of a round, less is a few ticks.
_STOLEN = 0.05
_LARGE_SCATTER = 0.10
_LARGE_OVERHEAD = 0.10
_SURE = 0.01  # of what is told of trends, so much may be by chance
_NAMED = 3  # how many cases a message names before it counts the rest
_ORDER = (Severity.ERROR, Severity.WARNING, Severity.HINT)


def run_findings(run: Run) -> tuple[Finding, ...]:
    """Return what a reader of the figures of *run* should know, the worst first.

    What was found while measuring is passed on; a group's finding names its group.
    """
    found = [
        *run.findings,
        *(proof_findings(run.proof) if run.proof else ()),
        *_groups_findings(run),
        *_failures(run),
        *_missing(run),
        *_gone_on_with(run),
        *_without_ratios(run),
        *_missed_targets(run),
        *_few_rounds(run),
        *_odd_rounds(run),
        *_other_work(run),
        *_stolen_time(run),
        *_scatter(run),
        *_trends(run),
        *_overhead(run),
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda f: _ORDER.index(f.severity)))


def _groups_findings(run: Run) -> Iterator[Finding]:
    """Pass on what was found in groups; the same finding in several groups is told once."""
    where: dict[Finding, list[str]] = {}
    for record in run.groups:
        for finding in record.findings:
            where.setdefault(finding, []).append(_name(record, run))
    for finding, names in where.items():
        yield replace(finding, message=f"{_some(names)}: {finding.message}")


def _failures(run: Run) -> Iterator[Finding]:
    for record in run.groups:
        if record.error is not None:
            extent = "not measured to its end" if record.timings else "not measured"
            yield Finding(Severity.ERROR, f"{_name(record, run)} was {extent}: {record.error}")
        for variant, reason in record.failures.items():
            if reason != record.error:
                plain = reason.removeprefix(f"{variant}: ")  # a child's reason names it already
                yield Finding(Severity.ERROR, f"{_name(record, run)}, {variant}: {plain}")


def _without_ratios(run: Run) -> Iterator[Finding]:
    baseline = run.plan.baseline
    names = [
        _name(record, run)
        for record in run.groups
        if record.timings and baseline not in record.timings
    ]
    if names:
        yield Finding(
            Severity.HINT,
            f"no ratios in {_some(names)}: the baseline, {baseline}, was not measured there",
            f"Choose another --baseline, or add -v {baseline} where the scenario has it.",
        )


def _missing(run: Run) -> Iterator[Finding]:
    measured = {record.group for record in run.groups}
    missing = sum(group not in measured for group in run.plan.groups)
    if missing:
        yield Finding(
            Severity.WARNING,
            f"{missing} of {_count(len(run.plan.groups), 'group')} "
            f"{'was' if missing == 1 else 'were'} not measured",
            f"To go on from here: awaitbench run --resume {run.name}.",
        )


def _gone_on_with(run: Run) -> Iterator[Finding]:
    """Tell that the groups were not measured in one go."""
    if run.resumed:
        yield Finding(
            Severity.HINT,
            f"this run was interrupted, and gone on with at {', '.join(run.resumed[-_NAMED:])} "
            "(UTC)",
            "Groups are compared within themselves only, so that their ratios do not suffer.",
        )


def _missed_targets(run: Run) -> Iterator[Finding]:
    """Tell in how many groups a ratio is less exact than was asked for, and which is the worst.

    Of runtimes that were measured together, a ratio of one is of the groups of all.
    """
    timed = [record for record in run.groups if record.timings]
    missed = [record for record in timed if record.target_met is False]
    if not missed:
        return
    target = run.plan.preset.target
    message = (
        f"the target of ± {target * 100:g} % was not reached in {len(missed)} of "
        f"{_count(len(timed), 'group')}"
    )
    widths = [
        (width, f"{variant} in {_name(record, run)}")
        for record in missed
        for variant in record.timings
        if (width := _width(record, variant, run.plan.baseline)) is not None and width > target
    ]
    missing = {record.group.setting for record in missed}
    widths += [
        (width, _change_name(change))
        for change in changes_within_target(run)
        if change.group.setting in missing
        if change.time and (width := change.time.half_width) is not None and width > target
    ]
    if widths:
        width, name = max(widths)
        message += f"; the widest is {name} with ± {_percent(width)}"
    yield Finding(Severity.WARNING, message, _advice_on_width(run))


def _change_name(change: RuntimeChange) -> str:
    group = change.group
    return (
        f"{change.variant} from {short_name(change.base)} to {short_name(group.runtime)} in "
        f"{group.scenario} {format_params(group.params)}"
    )


def _width(record: GroupRecord, variant: str, baseline: str) -> float | None:
    timing, reference = record.timings[variant], record.timings.get(baseline)
    estimate = estimate_ratio(timing, reference) if reference else estimate_time(timing)
    return estimate.half_width if estimate else None


def _advice_on_width(run: Run) -> str:
    """Return what has not been tried yet."""
    finer = {"quick": "standard", "standard": "rigorous"}.get(run.plan.preset.name)
    if finer:
        return f"Use --preset {finer}, or let awaitbench doctor name what disturbs."
    return "Let awaitbench doctor name what on this machine disturbs."


def _few_rounds(run: Run) -> Iterator[Finding]:
    """Tell of groups that ended before their interval means much."""
    needed = min(_FEW_ROUNDS, run.plan.preset.rounds[0])
    few = [
        record
        for record in run.groups
        if record.timings and min(len(t.rounds) for t in record.timings.values()) < needed
    ]
    if few:
        fewest = min(len(timing.rounds) for record in few for timing in record.timings.values())
        yield Finding(
            Severity.WARNING,
            f"only {_count(fewest, 'round')} in {_some([_name(record, run) for record in few])}: "
            "intervals from so few are wide or missing",
            "Measure again without interrupting, or with a preset of more rounds.",
        )


def _odd_rounds(run: Run) -> Iterator[Finding]:
    """Tell of rounds in which everything was slower or faster than in the others."""
    odd = [(abs(deviation), told) for record in run.groups for deviation, told in _odd(record, run)]
    if odd:
        names = [told for _, told in sorted(odd, reverse=True)]
        yield Finding(
            Severity.HINT,
            f"a round stands out from the others: {_some(names)}",
            "Something else was running, in that round or in the others; ratios suffer less, they "
            "compare neighbours in time.",
        )


def _odd(record: GroupRecord, run: Run) -> Iterator[tuple[float, str]]:
    """Yield the deviation (log) of each odd round and what to call it."""
    levels = _round_levels(record)
    if len(levels) < _ROUNDS_TO_JUDGE:
        return
    spread = statistics.median(abs(level) for level in levels.values())
    for index, level in levels.items():
        if abs(level) > max(math.log1p(_ODD_ROUND), _ODD_SPREADS * spread):
            change = math.expm1(level)
            direction = "slower" if change > 0 else "faster"
            name = f"number {index + 1} of {_name(record, run)}"
            yield level, f"{name} was {_percent(abs(change))} {direction}"


def _round_levels(record: GroupRecord) -> dict[int, float]:
    """Return each round's level: by how much (log) most variants were slower, or faster."""
    deviations: dict[int, list[float]] = {}
    for timing in record.timings.values():
        medians = {i: math.log(statistics.median(v)) for i, v in timing.rounds.items() if v}
        if not medians:
            continue
        usual = statistics.median(medians.values())
        for index, median in medians.items():
            deviations.setdefault(index, []).append(median - usual)
    return {index: _shared(sorted(found)) for index, found in sorted(deviations.items())}


def _shared(deviations: Sequence[float]) -> float:
    """Return the deviation that three quarters of the variants share, 0 if they do not agree."""
    few = len(deviations) // 4
    slower, faster = deviations[few], deviations[-1 - few]
    return max(slower, 0.0) or min(faster, 0.0)


def _other_work(run: Run) -> Iterator[Finding]:
    """Tell in how many rounds other processes took what a variant may have wanted."""
    free = _cores(run) - 1  # a variant has the last one
    yield from _disturbed(
        run,
        lambda seen: seen.others,
        _OTHERS * max(1, free),
        "other work ran",
        "Stop it where times matter; ratios, of neighbours in time, bear most.",
    )


def _stolen_time(run: Run) -> Iterator[Finding]:
    yield from _disturbed(
        run,
        lambda seen: seen.stolen,
        _STOLEN,
        "other virtual machines took time",
        "Measure where cores are not shared, or when the neighbours are quiet.",
    )


def _disturbed(
    run: Run,
    taken: Callable[[Conditions], float | None],
    bearable: float,
    what: str,
    advice: str,
) -> Iterator[Finding]:
    """Tell how many rounds had more cores *taken* than is *bearable*, and which the most."""
    known = [
        (cores, _name(record, run))
        for record in run.groups
        for seen in record.conditions.values()
        if (cores := taken(seen)) is not None
    ]
    disturbed = [each for each in known if each[0] > bearable]
    if disturbed:
        most, name = max(disturbed)
        yield Finding(
            Severity.WARNING,
            f"{what} during {len(disturbed)} of {_count(len(known), 'round')} "
            f"(up to {_amount(most)}; {name})",
            advice,
        )


def _amount(cores: float) -> str:
    if cores < 0.95:
        return f"{cores:.1g} of a core"
    return "one core" if cores < 1.05 else f"{cores:.2g} cores"


def _cores(run: Run) -> int:
    """Return how many cores the run could use; two where it does not say."""
    told = run.environment.get("cores", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 6 else 2


def _scatter(run: Run) -> Iterator[Finding]:
    """Tell of cases whose times scatter between rounds: the times are rough."""
    scattered = sorted(
        (
            (scatter, f"{variant} in {_name(record, run)} ({_percent(scatter)})")
            for record in run.groups
            for variant, timing in record.timings.items()
            if (scatter := _deviation([v for v in timing.rounds.values() if v])) > _LARGE_SCATTER
        ),
        reverse=True,
    )
    if scattered:
        yield Finding(
            Severity.WARNING,
            "times scatter between rounds by more than "
            f"{_LARGE_SCATTER * 100:g} %: {_some([told for _, told in scattered])}",
            "Trust the ratios, which compare neighbours in time, more than these times.",
        )


def _trends(run: Run) -> Iterator[Finding]:
    """Tell of variants that get faster, or slower, within each of their rounds."""
    found = [
        (trend, f"{variant} in {_name(record, run)} ({_percent(abs(trend.change))})")
        for record in run.groups
        for variant, trend in trends(record.timings).items()
    ]
    limit = discovery_limit((trend.p for trend, _ in found), _SURE)
    real = sorted(
        (
            (trend.change, told)
            for trend, told in found
            if trend.p <= limit and is_large(1 + trend.change, run.plan.threshold)
        ),
        key=lambda pair: -abs(pair[0]),
    )
    if faster := [told for change, told in real if change < 0]:
        yield Finding(
            Severity.WARNING,
            f"a warm-up had not ended: from the first third of a round to the last, "
            f"times fall: {_some(faster)}",
            "Fill in setup() what the operations fill, or ask for more requests in one cycle.",
        )
    if slower := [told for change, told in real if change > 0]:
        yield Finding(
            Severity.WARNING,
            f"times drift: from the first third of a round to the last, they grow: {_some(slower)}",
            "Look for what the operations leave behind: a list, a dict, a log that grows.",
        )


def _deviation(rounds: Sequence[Sequence[float]]) -> float:
    if len(rounds) < 2:
        return 0.0
    return statistics.stdev(math.log(statistics.median(values)) for values in rounds)


def _overhead(run: Run) -> Iterator[Finding]:
    """Tell where the driving loop is a notable part of the fastest time."""
    shares = [
        (record.loop_overhead / fastest, variant, record)
        for record in run.groups
        if record.loop_overhead
        for fastest, variant in [_fastest(record)]
        if fastest is not None and record.loop_overhead / fastest > _LARGE_OVERHEAD
    ]
    if shares:
        share, variant, record = max(shares, key=lambda found: found[0])
        overhead = (record.loop_overhead or 0) * 1e9
        yield Finding(
            Severity.HINT,
            f"the driving loop takes {overhead:.2g} ns per operation, {_percent(share)} of "
            f"the fastest time ({variant} in {_name(record, run)})",
            "It is in every time, so the ratios of the fastest variants are nearer to 1 than "
            "those of the work alone.",
        )


def _fastest(record: GroupRecord) -> tuple[float | None, str]:
    times = {v: estimate_time(timing) for v, timing in record.timings.items()}
    known = {variant: estimate.value for variant, estimate in times.items() if estimate}
    best = min(known, key=known.__getitem__, default=None)
    return (None, "") if best is None else (known[best], best)


def _name(record: GroupRecord, run: Run) -> str:
    """Return what to call a group; its runtime only where *run* has several."""
    name = f"{record.group.scenario} {format_params(record.group.params)}"
    return f"{name} on {record.group.runtime}" if len(run.plan.runtimes) > 1 else name


def _some(names: Sequence[str]) -> str:
    """Name a few and count the rest."""
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _percent(share: float) -> str:
    return f"{share * 100:.2g} %" if share < 1 else f"{share * 100:,.0f} %"
