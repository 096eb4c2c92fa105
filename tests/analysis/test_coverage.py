"""Coverage: simulated groups of known truth go through the conductor's own rule of stopping."""

from __future__ import annotations

import math
import random
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.analysis.decision import discovery_limit, is_real
from harness.analysis.estimate import estimate_ratio, looks_needed
from harness.measure.conductor import Calibration, TimedRound, time_group
from harness.plan import PRESETS, Preset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from harness.analysis.estimate import Estimate
    from harness.record import Timing

SWEEPS = 3
TRUTH = 1.3


@dataclass(frozen=True)
class Noise:
    """What makes values differ. Deviations are of logs.

    process: of a process from the next. tail: how that is distributed. sweep: of the machine,
    common to all variants of a sweep. drift: of the machine, from the first sweep of a round to
    the last, up or down. value: of a single value, now and then ten times as large.
    """

    process: float
    tail: str = "normal"
    sweep: float = 0.05
    drift: float = 0.1
    value: float = 0.005


class Simulated:
    """The worker of one variant in one round."""

    def __init__(self, machine: list[float], own: float, noise: Noise, rng: random.Random) -> None:
        self._values = [
            1e-6 * math.exp(each + own + rng.gauss(0, noise.value) * (10 if one < 0.02 else 1))
            for each in machine
            for one in [rng.random()]
        ]

    def prepare(self) -> None: ...

    def prepared(self) -> int:
        return 1

    def calibrate(self, seconds: float) -> Calibration:
        return Calibration(1, seconds, 0.0)

    def begin(self, loops: int, values: int, warmups: int, expected: float) -> None: ...

    def begun(self) -> None: ...

    def measure(self) -> None: ...

    def end(self) -> None: ...

    def ended(self) -> TimedRound:
        return TimedRound(tuple(self._values))


TAILS: dict[str, Callable[[random.Random], float]] = {
    "normal": lambda rng: rng.gauss(0, 1),
    # Student's t with 3 degrees of freedom, scaled to a deviation of 1.
    "heavy": lambda rng: rng.gauss(0, 1) / math.sqrt(rng.gammavariate(1.5, 2)),
}


def measured(
    preset: Preset, truths: Mapping[str, float], noise: Noise, seed: int
) -> list[Estimate]:
    """Return what one simulated group says of each ratio to ``base``."""
    references = dict.fromkeys(("base", *truths), "base")
    timed = timings(references, preset, truths, noise, seed)
    found = [estimate_ratio(timed[name], timed["base"]) for name in truths]
    return [each for each in found if each is not None]


def timings(
    references: Mapping[str, str],
    preset: Preset,
    truths: Mapping[str, float],
    noise: Noise,
    seed: int,
    counterparts: Sequence[Mapping[str, str]] = (),
) -> Mapping[str, Timing]:
    """Measure one simulated group."""
    rng = random.Random(seed)

    @contextmanager
    def open_round(index: int, variants: tuple[str, ...]) -> Iterator[dict[str, Simulated]]:
        # The warm-up sweep's value is never handed out, so that it is not made.
        drift = rng.choice((-1, 1)) * noise.drift
        machine = [drift * sweep / SWEEPS + rng.gauss(0, noise.sweep) for sweep in range(SWEEPS)]
        workers = {}
        for name in variants:
            own = TAILS[noise.tail](rng) * noise.process / math.sqrt(2)
            workers[name] = Simulated(machine, math.log(truths.get(name, 1.0)) + own, noise, rng)
        yield workers

    short = Preset(preset.name, preset.target, preset.rounds, SWEEPS)
    return time_group(
        tuple(references), references, short, open_round, rng, counterparts=counterparts
    ).timings


@pytest.mark.parametrize(
    ("preset", "runs", "ratios"), [("quick", 3000, 1), ("standard", 2000, 1), ("standard", 700, 4)]
)
@given(data=st.data())
@settings(max_examples=2, deadline=None, derandomize=True)
def test_intervals_cover_the_truth_about_95_times_in_100(
    preset: str, runs: int, ratios: int, data: st.DataObject
) -> None:
    """However noisy the processes are beside the target, and wherever the rounds end for it."""
    chosen = PRESETS[preset]
    noise = Noise(
        process=chosen.target * data.draw(st.floats(0.3, 3), label="process noise / target"),
        tail=data.draw(st.sampled_from(sorted(TAILS)), label="tail"),
        drift=data.draw(st.floats(0, 0.5), label="drift"),
    )
    truths = {f"v{index}": TRUTH for index in range(ratios)}
    covered = 0
    for seed in range(runs):
        for ratio in measured(chosen, truths, noise, seed):
            covered += (ratio.low or math.inf) <= TRUTH <= (ratio.high or 0)
    assert 0.93 <= covered / (runs * ratios) <= 0.97


def test_so_do_those_between_runtimes() -> None:
    """Two variants on two runtimes, the fewest where a single look is enough."""
    preset = PRESETS["standard"]
    references = {"base": "base", "v": "base", "other base": "other base", "other v": "other base"}
    counterparts = ({"other base": "base", "other v": "v"},)
    truths = {"v": TRUTH, "other base": 1.0, "other v": TRUTH}
    noise = Noise(process=1.5 * preset.target)
    within = between = 0
    for seed in range(800):
        timed = timings(references, preset, truths, noise, seed, counterparts)
        ratio = estimate_ratio(timed["v"], timed["base"])
        other = estimate_ratio(timed["other v"], timed["v"])
        assert ratio
        assert other
        within += (ratio.low or math.inf) <= TRUTH <= (ratio.high or 0)
        between += (other.low or math.inf) <= 1 <= (other.high or 0)
    assert 0.93 <= within / 800 <= 0.97
    assert 0.93 <= between / 800 <= 0.97


def test_a_single_ratio_that_stopped_at_the_first_narrow_look_would_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Why :func:`looks_needed` asks for more than one."""
    assert looks_needed(1) > 1
    monkeypatch.setattr("harness.measure.conductor.looks_needed", lambda _: 1)
    noise = Noise(process=1.8 * PRESETS["standard"].target)
    covered = 0
    for seed in range(2000):
        (ratio,) = measured(PRESETS["standard"], {"v": TRUTH}, noise, seed)
        covered += (ratio.low or math.inf) <= TRUTH <= (ratio.high or 0)
    assert covered / 2000 < 0.94


def test_few_claims_are_wrong_and_those_that_are_true_are_made() -> None:
    """Runs in which a quarter of the variants are 8 % slower, and the others equal."""
    truths = {f"v{index}": 1.08 if index % 4 == 0 else 1.0 for index in range(12)}
    wrong = right = claims = 0
    for seed in range(120):
        found = measured(PRESETS["standard"], truths, Noise(0.015, "heavy"), seed)
        limit = discovery_limit(each.p for each in found)
        for truth, ratio in zip(truths.values(), found, strict=True):
            if is_real(ratio, limit, threshold=0.0):
                claims += 1
                wrong += truth == 1.0
                right += truth != 1.0
    assert wrong / claims <= 0.05
    assert right >= 0.95 * 120 * 3
