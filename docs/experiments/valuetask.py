"""ValueTask beside a coroutine, a Task and a Future: time, allocations and Futures made.

    python docs/experiments/valuetask.py [--json FILE] [--rounds 10] [--sweeps 40]

The cases are loops in ``valuetask_cases.py``. A round is a process with a hash seed of its own.
In it the cases of a comparison take turns, in slices of 1 ms, in a fresh random order in every
sweep; the empty loop is one of them, and is subtracted from all. The clock is the thread's own:
it stands still while others have the processor, and no operation waits for anything. The ratio
of a round is the median over its sweeps of the ratio of neighbours; the estimate is the mean over
rounds, with a 95 % interval of Student's t. Allocations are counted as a run of awaitbench counts
them, each case in a process forked for it. Exits 1 where a case failed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib.util
import json
import os
import platform
import random
import subprocess
import sys
from dataclasses import dataclass
from itertools import islice, repeat
from pathlib import Path
from time import thread_time
from typing import TYPE_CHECKING, Any

from harness.analysis.estimate import estimate_ratio, estimate_time
from harness.measure.allocation import count_allocations
from harness.measure.drive import Driver
from harness.record import Timing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from harness.analysis.estimate import Estimate

    Case = Callable[[Iterable[None]], Awaitable[None]]

HERE = Path(__file__).parent
SLICE = 0.001
WARM = 0.1  # of a slice, driven before it and not timed: the caches are the last case's
COMPLETIONS = 1_000
IMPLEMENTATIONS = ("python", "native")


@dataclass(frozen=True)
class Comparison:
    """What is measured in turns: *baseline* and *others* of asyncio, *ours* of each ValueTask."""

    name: str
    baseline: str
    ours: tuple[str, ...]
    others: tuple[str, ...] = ()
    sweeps: float = 1.0  # times those that are asked for


COMPARISONS = (
    Comparison("constant", "coroutine", ("constant", "checked")),
    Comparison("none", "coroutine_none", ("constant_none",)),
    Comparison("kept", "coroutine", ("again",), ("kept_future", "ready_future")),
    Comparison("body", "coroutine", ("body", "body_checked"), ("body_sent",)),
    Comparison("builders", "coroutine", ("body_hot", "body_pooled"), ("eager_task",)),
    Comparison("failing", "coroutine_failing", ("body_failing",)),
    Comparison("task", "task", ("constant", "body", "body_hot")),
    Comparison(
        "suspended",
        "suspended_coroutine",
        ("suspended", "suspended_pooled"),
        ("suspended_bare", "suspended_sent"),
        sweeps=2,
    ),
    Comparison("hot", "suspended_task", ("suspended_hot",)),
    Comparison("by_hand", "by_hand_coroutine", ("by_hand",)),
    Comparison("source", "futures", ("source",)),
    Comparison("gather", "asyncio_gather", ("gathered", "gathered_constants")),
    Comparison("usually", "asyncio_gather_usually", ("gathered_usually",)),
    Comparison("designs", "python.constant", (), ("kind_field", "instance_check", "iterator")),
)
# An operation of a gather is LEAVES answers: a capture of them would be large.
UNCOUNTED = ("gather", "usually")


class Cases:
    """Every case by its name, ``python.constant`` for one."""

    def __init__(self) -> None:
        self.built = tuple(name for name in IMPLEMENTATIONS if _is_built(name))
        self._loaded = {name: _load(name) for name in ("asyncio", *self.built)}

    def __getitem__(self, name: str) -> Case:
        of, _, function = name.rpartition(".")
        case: Case = getattr(self._loaded[of or "asyncio"], function)
        return case

    def of(self, comparison: Comparison) -> list[str]:
        """Return the names of the cases of *comparison*, the baseline first."""
        ours = [f"{name}.{each}" for each in comparison.ours for name in self.built]
        found = [comparison.baseline, *comparison.others, *ours]
        return [each for each in found if sys.version_info >= (3, 12) or each != "eager_task"]


def _is_built(name: str) -> bool:
    try:
        return hasattr(importlib.import_module(f"harness.valuetask.{name}"), "ValueTask")
    except ImportError:
        return False


def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(
        f"valuetask_cases.{name}", HERE / "valuetask_cases.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# A round.


class Timer:
    """Times slices of cases on one event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._lengths: dict[Case, int] = {}

    def calibrate(self, case: Case) -> None:
        """Find how many operations make a slice, which also warms the case up."""
        length, taken = 1, 0.0
        while taken < SLICE / 2:
            length *= 2
            taken = self._run(case, length)
        self._lengths[case] = max(1, round(length * SLICE / taken))
        for _ in range(5):
            self.slice(case)

    def slice(self, case: Case) -> float:
        """Return the seconds per operation of one slice of *case*."""
        length = self._lengths[case]
        self._run(case, max(1, round(length * WARM)))
        return self._run(case, length) / length

    def close(self) -> None:
        self._loop.close()

    def _run(self, case: Case, length: int) -> float:
        return self._loop.run_until_complete(timed(case, repeat(None, length)))


async def timed(case: Case, times: Iterable[None]) -> float:
    """Return the seconds that *case* takes for all of *times*."""
    start = thread_time()
    await case(times)
    return thread_time() - start


def measure_round(sweeps: int) -> dict[str, dict[str, list[float]]]:
    """Return the seconds per operation, without the empty loop's, of all cases in all sweeps."""
    cases, timer, rng = Cases(), Timer(), random.Random()
    found = {}
    for comparison in rng.sample(COMPARISONS, len(COMPARISONS)):
        names = [name for name in cases.of(comparison) if _calibrated(cases, timer, name)]
        found[comparison.name] = _sweeps(
            {name: cases[name] for name in names}, timer, round(sweeps * comparison.sweeps), rng
        )
    timer.close()
    return found


def _calibrated(cases: Cases, timer: Timer, name: str) -> bool:
    try:
        timer.calibrate(cases[name])
    except Exception as error:  # noqa: BLE001 - it is told, and the others are measured
        print(f"{name}: {error!r}", file=sys.stderr)
        return False
    return True


def _sweeps(
    cases: dict[str, Case], timer: Timer, sweeps: int, rng: random.Random
) -> dict[str, list[float]]:
    nothing = _load("asyncio").nothing
    timer.calibrate(nothing)
    found: dict[str, list[float]] = {name: [] for name in cases}
    gc.collect()
    gc.freeze()
    for _ in range(sweeps):
        order = [*cases.items(), ("", nothing)]
        taken = {name: timer.slice(case) for name, case in rng.sample(order, len(order))}
        for name, values in found.items():
            # Where only the empty loop was disturbed; the median does not see it.
            values.append(max(taken[name] - taken[""], 1e-10))
    gc.unfreeze()
    return found


# Counting.


class CaseDriver(Driver[None, None, None]):
    """Drives a case as the counting pass wants it: the function is told of each operation."""

    def __init__(self, name: str, case: Case, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(name, lambda _state, _request: None, None, (None,) * 20, loop)
        self._case = case

    def drive(self, cycles: int) -> float:
        requests = islice(self._requests, cycles * len(self.cycle))
        times = map(self.function, repeat(None), requests)
        return self.loop.run_until_complete(timed(self._case, times))


def count(name: str, case: Case) -> dict[str, float]:
    """Return the allocations of one operation of *case*."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    counted = count_allocations(CaseDriver(name, case, loop))
    loop.close()
    return {"allocations": round(counted.count, 2), "bytes": round(counted.requested_bytes, 1)}


def count_futures(case: Case, completions: int = COMPLETIONS) -> dict[str, float]:
    """Return the Futures that so many *completions* of *case* make.

    Those that ``loop.create_future`` returned, or those that were alive while the operation
    waited, whichever are more: a Future may be made without asking the loop.
    """
    loop = asyncio.new_event_loop()
    created, alive = 0, 0
    create_future = loop.create_future
    call_soon = loop.call_soon

    def counting_create_future() -> asyncio.Future[Any]:
        nonlocal created
        created += 1
        return create_future()

    def counting_call_soon(callback: Any, *args: Any, **options: Any) -> asyncio.Handle:
        def look_first() -> None:
            nonlocal alive
            alive += sum(isinstance(each, asyncio.Future) for each in gc.get_objects())
            callback(*args)

        # A case has its completion called by the loop: what completes is a bound method.
        completes = getattr(callback, "__name__", "") == "set_result"
        return call_soon(look_first if completes else callback, *args * (not completes), **options)

    async def main() -> None:
        patched: Any = loop
        patched.create_future, patched.call_soon = counting_create_future, counting_call_soon
        await case(repeat(None, completions))

    main_task = loop.create_task(main())
    gc.collect()
    gc.disable()
    gc.freeze()  # the task that runs this is none of those that are made
    try:
        loop.run_until_complete(main_task)
    finally:
        gc.unfreeze()
        gc.enable()
    loop.close()
    return {"futures": float(max(created, alive))}


def count_all() -> dict[str, dict[str, float]]:
    """Count every case that is measured, each in a process of its own."""
    cases = Cases()
    wanted = [each for each in COMPARISONS if each.name not in UNCOUNTED]
    names = list(dict.fromkeys(name for each in wanted for name in cases.of(each)))
    found = {name: _forked(lambda name=name: count(name, cases[name])) for name in names}  # type: ignore[misc]
    for name in ("futures", *(f"{built}.source" for built in cases.built)):
        found[name] |= _forked(lambda name=name: count_futures(cases[name]))  # type: ignore[misc]
    if found["futures"].get("futures") != COMPLETIONS:
        raise SystemExit(f"the count of Futures is wrong: {found['futures']} for {COMPLETIONS}")
    return found


def _forked(work: Callable[[], dict[str, float]], chances: int = 2) -> dict[str, float]:
    """Return what *work* returns in a process of its own, which memray may crash at its end."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            with os.fdopen(writing, "w") as pipe:
                json.dump(work(), pipe)
        except BaseException as error:  # noqa: BLE001 - it is told, and the others are counted
            print(f"counting: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status < 0 and not text and chances > 1:
        return _forked(work, chances - 1)
    told: dict[str, float] = json.loads(text) if text else {}
    return told


# All of it.


def measure(rounds: int, sweeps: int) -> dict[str, Any]:
    """Return the figures of this interpreter, as the page keeps them."""
    several = [_child("--one-round", "--sweeps", str(sweeps)) for _ in range(rounds)]
    counted = _child("--count")
    return {
        "python": platform.python_version(),
        "built": [name for name in IMPLEMENTATIONS if f"{name}.constant" in counted],
        "ratios": {
            each.name: _ratios(each.baseline, [one[each.name] for one in several])
            for each in COMPARISONS
        },
        "ns": {each.name: _times([one[each.name] for one in several]) for each in COMPARISONS},
        "counts": counted,
    }


def _child(*words: str) -> Any:
    """Run a part of this in an interpreter of its own, which has a hash seed of its own."""
    done = subprocess.run(
        [sys.executable, __file__, *words],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONHASHSEED": "random"},
    )
    return json.loads(done.stdout)


def _timings(rounds: list[dict[str, list[float]]]) -> dict[str, Timing]:
    return {
        name: Timing({index: tuple(one[name]) for index, one in enumerate(rounds)}, operations=1)
        for name in rounds[0]
    }


def _ratios(baseline: str, rounds: list[dict[str, list[float]]]) -> dict[str, list[float]]:
    timings = _timings(rounds)
    return {
        name: _told(estimate_ratio(timing, timings[baseline]), 1)
        for name, timing in timings.items()
        if name != baseline
    }


def _times(rounds: list[dict[str, list[float]]]) -> dict[str, list[float]]:
    return {name: _told(estimate_time(timing), 1e9) for name, timing in _timings(rounds).items()}


def _told(estimate: Estimate | None, unit: float) -> list[float]:
    """Return the value and the ends of its interval, to four digits."""
    assert estimate is not None
    ends = (estimate.value, estimate.low or estimate.value, estimate.high or estimate.value)
    return [float(f"{each * unit:.4g}") for each in ends]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--sweeps", type=int, default=40)
    parser.add_argument("--one-round", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--count", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one_round or given.count:
        json.dump(measure_round(given.sweeps) if given.one_round else count_all(), sys.stdout)
        return 0
    found = measure(given.rounds, given.sweeps)
    text = json.dumps(found, indent=1)
    print(text)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    return int(any(not counts for counts in found["counts"].values()))


if __name__ == "__main__":
    sys.exit(main())
