"""Proof: what measuring equal variants, and a slower one, says of a machine. Pure."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from harness.analysis.decision import is_real
from harness.analysis.estimate import estimate_ratio
from harness.analysis.rows import claim_limit
from harness.analysis.student import quantile
from harness.record import Finding, Proof, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.estimate import Estimate
    from harness.record import GroupRecord, Run

__all__ = ["proof_findings", "proof_of"]

_CONFIDENCE, _POWER = 0.95, 0.80
_BEYOND_CHANCE = 0.001


def proof_of(run: Run, slowed: str, slowdown: float) -> Proof:
    """Return what *run* proves, whose variants are all equal but for *slowed*.

    *slowdown* is the true one, as a share. What was not measured to its end is left out.
    """
    limit, threshold = claim_limit(run), run.plan.threshold
    pairs = [
        ratio for record in run.groups for name, ratio in _ratios(record, run) if name != slowed
    ]
    slower = [
        ratio for record in run.groups for name, ratio in _ratios(record, run) if name == slowed
    ]
    widths = [ratio.half_width for ratio in (*pairs, *slower) if ratio.half_width is not None]
    return Proof(
        interpreter=str(run.plan.groups[0].runtime),
        preset=run.plan.preset.name,
        started=run.started,
        groups=sum(bool(record.timings) for record in run.groups),
        pairs=len(pairs),
        called_different=sum(map(_excludes_1, pairs)),
        claimed=sum(is_real(ratio, limit, threshold) for ratio in pairs),
        half_width=statistics.median(widths) if widths else math.nan,
        widest=max(widths, default=math.nan),
        detectable=_detectable(run, pairs),
        slowdown=slowdown,
        tries=len(slower),
        found=sum(_excludes_1(ratio) and ratio.value > 1 for ratio in slower),
        seen=statistics.median([ratio.value - 1 for ratio in slower]) if slower else math.nan,
    )


def proof_findings(proof: Proof) -> Iterator[Finding]:
    """Yield what of *proof* a reader should not overlook."""
    if _at_least(proof.called_different, proof.pairs) < _BEYOND_CHANCE:
        yield Finding(
            Severity.ERROR,
            f"of {proof.pairs} equal pairs {proof.called_different} were called different at 95 %: "
            "intervals are too narrow on this machine",
            "Look for what changes from one process to the next; trust no small difference here.",
        )
    if proof.tries and proof.found < _POWER * proof.tries:
        yield Finding(
            Severity.WARNING,
            f"a slowdown of {proof.slowdown * 100:.3g} % was found in {proof.found} of "
            f"{proof.tries} tries: this machine is too noisy for it at preset {proof.preset}",
            "Use a more exact preset, or look for larger differences only.",
        )


def _ratios(record: GroupRecord, run: Run) -> Iterator[tuple[str, Estimate]]:
    reference = record.timings.get(run.plan.baseline)
    for name, timing in record.timings.items():
        if reference is not None and name != run.plan.baseline and name not in record.failures:
            ratio = estimate_ratio(timing, reference)
            if ratio is not None and ratio.low is not None:
                yield name, ratio


def _excludes_1(ratio: Estimate) -> bool:
    return ratio.low is not None and ratio.high is not None and not ratio.low <= 1 <= ratio.high


def _detectable(run: Run, pairs: Sequence[Estimate]) -> float:
    """Return the difference that is found four times of five, at the median of the pairs.

    H. S. Bloom, Minimum detectable effects: a simple way to report the statistical power of
    experimental designs (1995): so many standard errors as the two quantiles are apart.
    """
    rounds = [max(len(t.rounds) for t in r.timings.values()) for r in run.groups if r.timings]
    widths = [ratio.half_width for ratio in pairs if ratio.half_width is not None]
    if not widths or not rounds:
        return math.nan
    degrees = max(1, round(statistics.median(rounds)) - 1)
    tail = quantile(0.5 + _CONFIDENCE / 2, degrees)
    return statistics.median(widths) * (tail + quantile(_POWER, degrees)) / tail


def _at_least(number: int, of: int) -> float:
    """Return the chance of so many false calls or more, were each one in twenty."""
    p = 1 - _CONFIDENCE
    logs = (
        math.lgamma(of + 1)
        - math.lgamma(k + 1)
        - math.lgamma(of - k + 1)
        + k * math.log(p)
        + (of - k) * math.log1p(-p)
        for k in range(number, of + 1)
    )
    return math.fsum(map(math.exp, logs))
