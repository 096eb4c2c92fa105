"""``timing.json``: a pyperf suite, one benchmark per case and one run per round.

``python -m pyperf show``, ``stats``, ``hist`` and ``compare_to`` read it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pyperf

from harness.plan import format_params
from harness.record import Timing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.plan import Group
    from harness.record import GroupRecord

__all__ = ["BenchmarkText", "benchmark_texts", "decode_timings", "suite_text"]

# What is written beside pyperf's own metadata, and taken away again when it is read.
_ABOUT = frozenset(
    {"group", "loop", "name", "operations", "params", "round", "scenario", "unit", "variant"}
)
_VERSION = "1.0"  # of pyperf's format, since pyperf 1.0


@dataclass(frozen=True)
class BenchmarkText:
    """A benchmark as pyperf writes it: the metadata that its runs share, and the runs as JSON."""

    metadata: Mapping[str, Any]
    runs: str


def benchmark_texts(
    index: int, record: GroupRecord, *, several_runtimes: bool
) -> Iterator[BenchmarkText]:
    """Yield the benchmarks of *record*, the group at *index* of the plan."""
    group = record.group
    for variant, timing in record.timings.items():
        about: dict[str, str | int] = {
            # The same names in two runs are what `pyperf compare_to` compares.
            "name": _name(group, variant, several_runtimes),
            "group": index,
            "scenario": group.scenario,
            "params": format_params(group.params),
            "variant": variant,
            "loop": group.runtime.loop,
            "operations": timing.operations,
            "unit": "second",
        }
        suite = pyperf.BenchmarkSuite([pyperf.Benchmark(list(_runs(timing, about)))])
        text = _Text()
        suite.dump(text)
        written = json.loads(text.written)
        # Of one benchmark alone, all that its runs share is the suite's.
        yield BenchmarkText(written["metadata"], _compact(written["benchmarks"][0]["runs"]))


def suite_text(benchmarks: Sequence[BenchmarkText]) -> str | None:
    """Return the suite of *benchmarks* as pyperf writes it, None where there are none.

    What all of them share is written once, as pyperf does.
    """
    if not benchmarks:
        return None
    common = dict(benchmarks[0].metadata)
    for each in benchmarks[1:]:
        common = {key: value for key, value in common.items() if each.metadata.get(key) == value}
    parts = []
    for each in benchmarks:
        own = {key: value for key, value in each.metadata.items() if key not in common}
        metadata = f'"metadata":{_compact(own)},' if own else ""
        parts.append(f'{{{metadata}"runs":{each.runs}}}')
    shared = f'"metadata":{_compact(common)},' if common else ""
    return f'{{"benchmarks":[{",".join(parts)}],{shared}"version":"{_VERSION}"}}\n'


class _Text:
    """A file for pyperf, which writes in many small pieces."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    @property
    def written(self) -> str:
        return "".join(self._pieces)

    def write(self, piece: str) -> None:
        self._pieces.append(piece)

    def flush(self) -> None:
        """Have nothing to do."""


def _compact(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _name(group: Group, variant: str, several_runtimes: bool) -> str:
    name = f"{group.scenario} {format_params(group.params)} {variant}"
    return f"{name} {group.runtime.interpreter} {group.runtime.loop}" if several_runtimes else name


def _runs(timing: Timing, about: dict[str, str | int]) -> Iterator[pyperf.Run]:
    for index, values in sorted(timing.rounds.items()):
        yield pyperf.Run(
            values,
            warmups=list(timing.warmups.get(index, ())),
            metadata={**timing.metadata.get(index, {}), **about, "round": index},
            collect_metadata=False,
        )


class _Run(msgspec.Struct, frozen=True):
    """One run of pyperf's format: what is read of it."""

    values: tuple[float, ...] = ()
    warmups: tuple[tuple[int, float], ...] = ()
    metadata: dict[str, Any] = {}


class _Benchmark(msgspec.Struct, frozen=True):
    """One benchmark of pyperf's format."""

    runs: tuple[_Run, ...]
    metadata: dict[str, Any] = {}


class _Suite(msgspec.Struct, frozen=True):
    """A suite of pyperf's format; what it says of all is read with each."""

    version: str
    benchmarks: tuple[_Benchmark, ...]
    metadata: dict[str, Any] = {}


def decode_timings(content: bytes) -> dict[tuple[int, str], Timing]:
    """Return the timings by group index and variant.

    ValueError, a TypeError or a KeyError if it is damaged.
    """
    suite = msgspec.json.decode(content, type=_Suite)
    if suite.version != _VERSION:
        raise ValueError(f"expected version {_VERSION} of pyperf's format, got {suite.version!r}")
    found: dict[tuple[int, str], Timing] = {}
    for benchmark in suite.benchmarks:
        shared = {**suite.metadata, **benchmark.metadata}
        about = msgspec.convert(shared, _About)
        if (about.group, about.variant) in found:
            raise ValueError(f"{about.variant} is listed twice in group {about.group}")
        found[about.group, about.variant] = _timing(benchmark, shared, about.operations)
        _check_benchmark(benchmark, shared)
    return found


def _check_benchmark(benchmark: _Benchmark, shared: Mapping[str, Any]) -> None:
    """Have pyperf look whether it could be written again."""
    pyperf.Benchmark(
        [
            pyperf.Run(
                run.values,
                warmups=list(run.warmups),
                metadata={**shared, **run.metadata},
                collect_metadata=False,
            )
            for run in benchmark.runs
        ]
    )


class _About(msgspec.Struct, frozen=True):
    """What the metadata of a benchmark have to say."""

    group: int
    variant: str
    operations: int


def _timing(benchmark: _Benchmark, shared: Mapping[str, Any], operations: int) -> Timing:
    runs = {}
    for run in benchmark.runs:
        metadata = {**shared, **run.metadata}
        index = msgspec.convert(metadata.get("round"), int)
        if index in runs:
            raise ValueError(f"round {index} is listed twice")
        runs[index] = run, metadata
    return Timing(
        rounds={index: run.values for index, (run, _) in runs.items()},
        operations=operations,
        warmups={index: run.warmups for index, (run, _) in runs.items() if run.warmups},
        metadata={
            index: kept for index, (_, metadata) in runs.items() if (kept := _kept(metadata))
        },
    )


def _kept(metadata: Mapping[str, Any]) -> dict[str, float | str]:
    return {
        name: value.strip() if isinstance(value, str) else value  # as pyperf reads it
        for name, value in metadata.items()
        if name not in _ABOUT and isinstance(value, str | int | float)
    }
