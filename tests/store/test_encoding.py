"""Encoding: group by group gives the bytes that encoding all at once gives."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pyperf
import pytest

from harness.analysis.rows import case_rows
from harness.analysis.summary import summary_csv
from harness.plan import Runtime, format_params
from harness.record import RunStatus
from harness.store.encoding import Encoder
from harness.store.timing import benchmark_texts
from tests.runs import make_record, make_run

if TYPE_CHECKING:
    from harness.record import GroupRecord, Run


def by_pyperf(run: Run) -> bytes:
    """Return the suite as pyperf writes it, from its own objects."""
    several = len({group.runtime for group in run.plan.groups}) > 1
    benchmarks = []
    for record in run.groups:
        group = record.group
        params = format_params(group.params)
        for variant, timing in record.timings.items():
            name = f"{group.scenario} {params} {variant}"
            about = {
                "name": f"{name} {group.runtime.python} {group.runtime.loop}" if several else name,
                "group": run.plan.groups.index(group),
                "scenario": group.scenario,
                "params": params,
                "variant": variant,
                "loop": group.runtime.loop,
                "operations": timing.operations,
                "unit": "second",
            }
            benchmarks.append(
                pyperf.Benchmark(
                    [
                        pyperf.Run(
                            values,
                            warmups=list(timing.warmups.get(index, ())),
                            metadata={
                                **timing.metadata.get(index, {}),
                                **about,
                                "round": index,
                            },
                            collect_metadata=False,
                        )
                        for index, values in sorted(timing.rounds.items())
                    ]
                )
            )
    text = io.StringIO()
    pyperf.BenchmarkSuite(benchmarks).dump(text)
    return text.getvalue().encode()


def told(record: GroupRecord, **about: float | str) -> GroupRecord:
    """Return *record* with what pyperf says of each process."""
    timings = {
        variant: replace(
            timing,
            metadata={index: {"loops": 4, "host": index, **about} for index in timing.rounds},
            warmups=dict.fromkeys(timing.rounds, ((4, 1e-6),)),
        )
        for variant, timing in record.timings.items()
    }
    return replace(record, timings=timings)


RUNS = {
    "one group": make_run(rounds=2),
    "one round": make_run(rounds=1, scenarios=("one", "two")),
    "several": make_run(scenarios=("one", "ünï"), sync_ratios=(0.5, 1.0), rounds=2),
    "other loop": make_run(runtime=Runtime("3.13.0", loop="uvloop")),
    "allocations only": make_run(instruments=("allocations",), sync_ratios=(0.5, 1.0)),
    "lacking": make_run(unavailable=(("eager", "needs Python 3.12"),)),
}


@pytest.mark.parametrize("name", RUNS)
def test_group_by_group_gives_the_bytes_of_all_at_once(name: str) -> None:
    whole = RUNS[name]
    records = [told(record, cpu=index) for index, record in enumerate(whole.groups)]
    encoder = Encoder()
    for number in range(len(records) + 1):
        run = replace(whole, groups=tuple(records[:number]), status=RunStatus.RUNNING)
        grown = dict(encoder.files(run))
        assert grown == dict(Encoder().files(run))
        assert grown["summary.csv"] == summary_csv(case_rows(run)).encode()
        if any(record.timings for record in run.groups):
            assert grown["timing.json"] == by_pyperf(run)
        else:
            assert grown["timing.json"] is None


def test_a_group_that_is_measured_again_takes_the_place_of_what_it_had() -> None:
    run = make_run(sync_ratios=(0.5, 1.0), rounds=2)
    encoder = Encoder()
    list(encoder.files(run))
    again = make_record(run.plan.groups[0], run.plan, rounds=3, noise=0.05)
    changed = replace(run, groups=(again, run.groups[1]))
    assert dict(encoder.files(changed)) == dict(Encoder().files(changed))
    assert dict(encoder.files(run)) == dict(Encoder().files(run))


def test_another_plan_is_encoded_afresh() -> None:
    encoder = Encoder()
    list(encoder.files(make_run(rounds=2)))
    other = make_run(scenarios=("other",), rounds=2)
    assert dict(encoder.files(other)) == dict(Encoder().files(other))


def test_each_group_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(sync_ratios=(0.0, 0.5, 0.9, 1.0), rounds=2)
    encoded = []
    whole = benchmark_texts

    def noted(index: int, record: GroupRecord, *, several_runtimes: bool) -> object:
        encoded.append(index)
        return whole(index, record, several_runtimes=several_runtimes)

    monkeypatch.setattr("harness.store.encoding.benchmark_texts", noted)
    encoder = Encoder()
    for number in range(5):
        list(encoder.files(replace(run, groups=run.groups[:number])))
    list(encoder.files(run))
    assert encoded == [0, 1, 2, 3]
