from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from harness.record import Finding, Run, RunStatus, Severity
from harness.report.terminal import print_table
from tests.profiles import with_upkeep
from tests.runs import COSTS, SYNC_RATIOS, Cost, make_run

QUIET = {"coroutine": Cost(500, 3000, 1, 6, 168)}


def table(run: Run, width: int = 80, *, colour: bool = False, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="")
    console = Console(file=file, width=width, force_terminal=colour, legacy_windows=False)
    print_table(run, console)
    file.flush()
    return raw.getvalue().decode(encoding)


def test_the_table_of_a_run() -> None:
    run = make_run(
        sync_ratios=(1.0,),
        extra={"delay": (0,)},
        variants=("task", "coroutine", "cached_future", "value_task", "synchronous"),
        unavailable=(("eager_task", "needs Python 3.12 or later, this is 3.11.7"),),
        rounds=5,
    )
    assert (
        table(run)
        == """\
lookup  sync_ratio=1;delay=0   cpython 3.13.0, asyncio
  variant             ns/op      ratio       allocs  bytes  susp.  tasks
  task              6,050    65.35  ± 0.51     24.6  2,210      1      1
  coroutine (base)     92.6   1                 1      168      0      0
  cached_future        68.3   0.738 ± 0.013     1       72      0      0
  value_task          353     3.813 ± 0.033     2      288      0      0
  synchronous          51.5   0.556 ± 0.009     0        0      0      0
  eager_task        unavailable: needs Python 3.12 or later, this is 3.11.7

ratio: time / time of coroutine (base), ± half of its 95 % interval
allocs, bytes, susp. (suspensions of the awaiter), tasks: per operation
hint: the driving loop takes 11 ns per operation, 21 % of the fastest time
  (synchronous in lookup sync_ratio=1;delay=0)
  It is in every time, so the ratios of the fastest variants are nearer to 1
  than those of the work alone.
"""
    )


def test_many_groups_share_the_header_of_their_scenario() -> None:
    run = make_run(
        scenarios=("lookup", "reader", "pool"),
        sync_ratios=SYNC_RATIOS,
        variants=("task", "coroutine"),
        rounds=5,
        measured=14,
        costs=QUIET,
    )
    lines = table(run).splitlines()
    assert lines[0] == "lookup   cpython 3.13.0, asyncio"
    assert lines[2] == "  sync_ratio=0"
    assert sum(line.startswith("  variant") for line in lines) == 3
    assert lines.index("  sync_ratio=1", -20) + 1 == lines.index("    not measured yet")


def test_a_missed_target_is_marked_and_explained() -> None:
    text = table(make_run(variants=("coroutine", "task"), noise=0.2))
    assert "*" in text.splitlines()[3]
    assert "\n* interval wider than the target of ± 5 %\n" in text


def test_a_variant_that_failed_shows_its_figures_and_its_reason() -> None:
    run = make_run(variants=("coroutine", "task"), costs=QUIET)
    record = replace(run.groups[0], failures={"task": "memray crashed at exit, twice"}, timings={})
    lines = table(replace(run, groups=(record,))).splitlines()
    assert lines[3].split() == ["task", "24.9", "2,431", "1", "1"]
    assert lines[4] == "    failed: memray crashed at exit, twice"


def test_a_group_that_failed_says_why_once() -> None:
    run = make_run(variants=("coroutine", "task", "value_task"))
    record = replace(
        run.groups[0],
        status=RunStatus.FAILED,
        error="they disagree on the first request",
        timings={},
        allocations={},
        observations={},
    )
    text = table(replace(run, groups=(record,)))
    assert (
        text
        == """\
lookup  sync_ratio=0.9   cpython 3.13.0, asyncio
    failed: they disagree on the first request

error: lookup sync_ratio=0.9 was not measured: they disagree on the first
  request
"""
    )


def test_findings_come_last_with_their_advice() -> None:
    finding = Finding(Severity.ERROR, "asyncio's debug mode is on", "Unset PYTHONASYNCIODEBUG.")
    run = make_run(variants=("coroutine",), rounds=5, costs=QUIET, findings=(finding,))
    assert table(run).endswith("error: asyncio's debug mode is on\n  Unset PYTHONASYNCIODEBUG.\n")


def test_only_columns_with_figures_are_shown() -> None:
    header = table(make_run(instruments=("time",))).splitlines()[1]
    assert header.split() == ["variant", "ns/op", "ratio", "susp.", "tasks"]
    header = table(make_run(instruments=("allocations",))).splitlines()[1]
    assert header.split() == ["variant", "allocs", "bytes", "susp.", "tasks"]
    header = table(make_run(variants=("task",))).splitlines()[1]
    assert "ratio" not in header


LONG = "a_variant_whose_author_likes_names_that_say_it_all_really"
RUNS = {
    "every variant": make_run(variants=tuple(COSTS), sync_ratios=SYNC_RATIOS),
    "many groups": make_run(scenarios=("a", "b", "c"), sync_ratios=SYNC_RATIOS, noise=0.3),
    "large figures": make_run(
        costs={"task": Cost(9.9e9, 9.9e9, 1e6, 1e6, 1e9), "coroutine": Cost(40, 40, 0, 0)}
    ),
    "long names": make_run(
        variants=("coroutine", LONG), unavailable=((LONG + "_too", "has a reason " * 20),)
    ),
    "long group": make_run(scenarios=("scenario_" * 6,), extra={"parameter": ("value " * 8,)}),
    "nothing": make_run(measured=0),
}


@pytest.mark.parametrize("name", RUNS)
def test_no_line_is_wider_than_80_columns(name: str) -> None:
    lines = table(RUNS[name]).splitlines()
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("width", [40, 50, 60, 120])
def test_narrow_terminals_lose_columns_never_the_ratio(width: int) -> None:
    text = table(make_run(sync_ratios=(1.0,), variants=tuple(COSTS)), width)
    assert max(map(len, text.splitlines())) <= width
    for word in ("ratio", "value_task_checked", "ns/op"):
        assert word in text


def test_nothing_of_a_long_reason_is_cut_off() -> None:
    text = table(RUNS["long names"])
    assert " ".join(text.split()).count("has a reason") == 20
    assert LONG in text


def test_without_colour_there_are_no_escapes() -> None:
    assert "\x1b" not in table(make_run())
    assert "\x1b[" in table(make_run(), colour=True)


def test_an_ascii_terminal_gets_ascii_with_columns_in_place() -> None:
    plain = table(make_run(scenarios=("café",)), encoding="ascii")
    fancy = table(make_run(scenarios=("café",)))
    assert plain.startswith("caf\\xe9")
    for left, right in zip(plain.splitlines()[1:9], fancy.splitlines()[1:9], strict=True):
        assert left == right.replace(" ± ", "+/-").replace("µ", "u")


@given(st.text(max_size=30))
def test_a_hostile_name_neither_breaks_the_table_nor_moves_the_cursor(name: str) -> None:
    run = make_run(variants=("coroutine",), rounds=2)
    group = replace(run.plan.groups[0], unavailable=((name, name),), scenario=name)
    run = replace(
        run,
        plan=replace(run.plan, groups=(group,)),
        groups=(replace(run.groups[0], group=group),),
    )
    assert all(line.isprintable() for line in table(run, colour=False).split("\n"))


def test_turns_and_collections_are_shown_where_no_name_has_to_give_way() -> None:
    run = with_upkeep(make_run(variants=("task", "coroutine")))
    assert "turns/1k" in table(run, 120)
    assert "gc/1k" in table(run, 120)
    assert "in 1,000 operations" in table(run, 120)
    long = with_upkeep(make_run(variants=("coroutine", "task" * 10)))
    narrow = table(long, 100)
    assert "turns/1k" not in narrow
    assert re.search(rf"^  {'task' * 10} +\S", narrow, re.MULTILINE)
