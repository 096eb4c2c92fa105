"""``timing.json``: a pyperf suite, one benchmark per case and one run per round.

``python -m pyperf show``, ``stats``, ``hist`` and ``compare_to`` read it.
"""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

import pyperf

from harness.plan import format_params
from harness.record import Timing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.plan import Group
    from harness.record import GroupRecord, Run

__all__ = ["decode_timings", "encode_timings"]

# What is written beside pyperf's own metadata, and taken away again when it is read.
_ABOUT = frozenset(
    {"group", "loop", "name", "operations", "params", "round", "scenario", "unit", "variant"}
)


def encode_timings(run: Run) -> str | None:
    """Return the suite as JSON text, or None where nothing was timed."""
    several_runtimes = len({group.runtime for group in run.plan.groups}) > 1
    benchmarks = list(_benchmarks(run.groups, run.plan.groups, several_runtimes))
    if not benchmarks:
        return None
    text = io.StringIO()
    pyperf.BenchmarkSuite(benchmarks).dump(text)
    return text.getvalue()


def _benchmarks(
    records: Iterable[GroupRecord], planned: tuple[Group, ...], several_runtimes: bool
) -> Iterator[pyperf.Benchmark]:
    for record in records:
        group = record.group
        for variant, timing in record.timings.items():
            about: dict[str, str | int] = {
                # The same names in two runs are what `pyperf compare_to` compares.
                "name": _name(group, variant, several_runtimes),
                "group": planned.index(group),
                "scenario": group.scenario,
                "params": format_params(group.params),
                "variant": variant,
                "loop": group.runtime.loop,
                "operations": timing.operations,
                "unit": "second",
            }
            yield pyperf.Benchmark(list(_runs(timing, about)))


def _name(group: Group, variant: str, several_runtimes: bool) -> str:
    name = f"{group.scenario} {format_params(group.params)} {variant}"
    return f"{name} {group.runtime.python} {group.runtime.loop}" if several_runtimes else name


def _runs(timing: Timing, about: dict[str, str | int]) -> Iterator[pyperf.Run]:
    for index, values in sorted(timing.rounds.items()):
        yield pyperf.Run(
            values,
            warmups=list(timing.warmups.get(index, ())),
            metadata={**timing.metadata.get(index, {}), **about, "round": index},
            collect_metadata=False,
        )


def decode_timings(text: str) -> dict[tuple[int, str], Timing]:
    """Return the timings by group index and variant; ValueError (or worse) if damaged."""
    suite = pyperf.BenchmarkSuite.loads(text)
    return {
        (int(about["group"]), str(about["variant"])): _timing(benchmark)
        for benchmark in suite.get_benchmarks()
        for about in [benchmark.get_metadata()]
    }


def _timing(benchmark: pyperf.Benchmark) -> Timing:
    runs = {int(run.get_metadata()["round"]): run for run in benchmark.get_runs()}
    return Timing(
        rounds={index: tuple(map(_seconds, run.values)) for index, run in runs.items()},
        operations=int(benchmark.get_metadata()["operations"]),
        warmups={index: tuple(run.warmups) for index, run in runs.items() if run.warmups},
        metadata={index: kept for index, run in runs.items() if (kept := _kept(run))},
    )


def _kept(run: pyperf.Run) -> dict[str, float | str]:
    return {
        name: value
        for name, value in run.get_metadata().items()
        if name not in _ABOUT and isinstance(value, str | int | float)
    }


def _seconds(value: float) -> float:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"a time of {value} seconds")
    return float(value)
