"""Proving: can this machine tell equal from different? Measured as any scenario is."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

from harness.analysis.estimate import estimate_ratio
from harness.analysis.proof import proof_of
from harness.errors import MeasureError
from harness.measure.equal import BASELINE, EQUAL, SCENARIO, SLOWED
from harness.measure.group import measure_group
from harness.pipeline import measure_run, now
from harness.plan import PRESETS, Group, Plan
from harness.record import Run, RunStatus
from harness.store import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.measure.crew import Interpreter
    from harness.pipeline import Listener
    from harness.plan import Preset, Runtime
    from harness.record import Proof

__all__ = ["prove"]

_NAME = "equal"
_SOURCE = "harness.measure.equal"
_SHARES = (1.0, 0.9, 0.5, 0.0)
_STEPS = 400


def prove(
    interpreter: Interpreter,
    runtime: Runtime,
    preset: Preset,
    *,
    groups: int,
    slowdown: float,
    seed: int,
    listener: Listener,
) -> tuple[Proof, bool]:
    """Measure so many groups of equal variants, and one that is slower by the share *slowdown*.

    Return what that proves, and whether it came to its end: Ctrl-C ends it with the groups that
    there are. MeasureError where nothing could be measured.
    """
    interpreter = replace(interpreter, sources={_NAME: _SOURCE})
    started = now()
    more = {share: _steps_more(share, slowdown, interpreter, runtime, seed) for share in _SHARES}
    planned = tuple(islice(_groups(more, runtime), groups))
    plan = Plan(planned, BASELINE, preset, seed, ("time",))
    run = Run(_NAME, RunStatus.RUNNING, started, plan, {}, titles={_NAME: SCENARIO.title})
    with tempfile.TemporaryDirectory(prefix="awaitbench-") as folder:
        run = measure_run(
            run, RunFolder.create(Path(folder), _NAME), {runtime: interpreter}, listener
        )
    proof = proof_of(run, SLOWED, slowdown)
    if not proof.pairs:
        raise MeasureError("no group of equal variants was measured to its end: nothing is proved")
    return proof, run.status is RunStatus.DONE


def _groups(more: dict[float, int], runtime: Runtime) -> Iterator[Group]:
    for number in count():
        for share in _SHARES:
            params = (("sync_ratio", share), ("steps", _STEPS), ("more", more[share]))
            yield Group(_NAME, (*params, ("repeat", number)), (*EQUAL, SLOWED), runtime)


def _steps_more(
    share: float, slowdown: float, interpreter: Interpreter, runtime: Runtime, seed: int
) -> int:
    """Return how many steps more make an operation slower by *slowdown*, calibrated on the spot.

    Twice as many steps make it slower by what the steps are of it; so many times more are enough
    of them that the rest does not matter for the figure.
    """
    many = 10 * _STEPS
    params = (("sync_ratio", share), ("steps", _STEPS), ("more", many), ("repeat", 0))
    group = Group(_NAME, params, (BASELINE, SLOWED), runtime)
    plan = Plan((group,), BASELINE, PRESETS["quick"], seed, ("time",))
    record = measure_group(group, plan, interpreter, lambda *_: None)
    if BASELINE not in record.timings or SLOWED not in record.timings:
        reasons = [record.error, *record.failures.values()]
        raise MeasureError(f"equal variants cannot be measured: {next(filter(None, reasons), '')}")
    ratio = estimate_ratio(record.timings[SLOWED], record.timings[BASELINE])
    if ratio is None or ratio.value <= 1:
        raise MeasureError("more steps do not take longer here; nothing can be calibrated")
    return max(1, round(slowdown * many / (ratio.value - 1)))
