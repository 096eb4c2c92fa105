"""The cost model, its crossovers and the recommendation of each setting as plain values. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.analysis.crossovers import allocation_crossovers, crossovers
from harness.analysis.fitting import TimeFit
from harness.analysis.recommend import recommendations
from harness.plan import format_params

if TYPE_CHECKING:
    from harness.analysis.crossovers import Crossover
    from harness.analysis.fitting import Fit
    from harness.analysis.recommend import Recommendation
    from harness.record import Run

__all__ = ["cost_documents"]


def cost_documents(run: Run) -> list[dict[str, Any]]:
    """Return one object for each scenario, runtime and setting: see ``report/text.py``."""
    return [_document(each) for each in recommendations(run)]


def _document(recommendation: Recommendation) -> dict[str, Any]:
    model = recommendation.model
    return {
        "scenario": model.scenario,
        "params": format_params(model.setting),
        "python": model.runtime.interpreter,
        "loop": model.runtime.loop,
        "sync_ratios": list(model.shares),
        "reason": model.reason or None,
        "variants": {
            name: {
                "time_ns": _fit(cost.time),
                "allocations": _fit(cost.allocations),
                "bytes": _fit(cost.bytes),
            }
            for name, cost in model.variants.items()
        },
        "crossovers": [
            *(_crossover(each, "time") for each in crossovers(model)),
            *(_crossover(each, "allocations") for each in allocation_crossovers(model)),
        ],
        "advice": str(recommendation.advice),
        "recommendation": " ".join(filter(None, (recommendation.text, recommendation.more))),
    }


def _fit(fit: Fit | None) -> dict[str, Any] | None:
    if fit is None:
        return None
    deviation = fit.deviation
    document: dict[str, Any] = {
        "synchronous": fit.synchronous,
        "asynchronous": fit.asynchronous,
        "r_squared": fit.r_squared,
        "holds": fit.holds,
        "furthest": deviation
        and {
            "sync_ratio": deviation.share,
            "relative": deviation.relative,
            "intervals": deviation.intervals,
        },
    }
    if isinstance(fit, TimeFit):
        for name, share in (("synchronous", 1.0), ("asynchronous", 0.0)):
            interval = fit.interval(share)
            document |= {f"{name}_low": interval.low, f"{name}_high": interval.high}
    return document


def _crossover(crossover: Crossover, figure: str) -> dict[str, Any]:
    return {
        "figure": figure,
        "below": crossover.below,
        "above": crossover.above,
        "sync_ratio": crossover.share,
        "low": crossover.low,
        "high": crossover.high,
        "extrapolated": crossover.extrapolated,
        "bracketed": crossover.bracketed,
    }
