"""How long a report takes to make, how large it is, and how much memory it needs.

    python docs/experiments/report_size.py [CASES]

Two runs that nobody measured (tests/runs.py): one of 12 scenarios at 5 shares with 9 variants,
and one of 10,000 cases, or as many as asked for. Each is made in a process of its own, whose peak
of memory includes the run itself. What is to be held: 20 s and 6 MB for the first, 90 s and
1.5 GB for the second, on the machine that the figures of the documents are of.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from harness.record import AllocationKind, GroupRecord, Run
from harness.report.html import render_report
from tests.runs import COSTS, SYNC_RATIOS, make_run

__all__ = ["large_run"]

_VARIANTS = tuple(name for name in COSTS if name != "synchronous")
_VALUES, _ROUNDS = 40, 10
# Sizes of what one suspended operation of a real scenario allocates.
_SIZES = (8, 12, 28, 32, 36, 40, 44, 45, 47, 48, 56, 64, 72, 80, 96, 104, 136, 160, 176, 184, 216)


def large_run(cases: int, scenarios: int) -> Run:
    """Return a run of about *cases* cases: 9 variants, 5 shares, 10 rounds of 40 values."""
    settings = max(1, round(cases / len(SYNC_RATIOS) / 9 / scenarios))
    run = make_run(
        scenarios=[f"scenario_{number}" for number in range(scenarios)],
        sync_ratios=SYNC_RATIOS,
        variants=(*_VARIANTS, "another_variant"),
        extra={"size": tuple(range(1, settings + 1))} if settings > 1 else None,
        rounds=_ROUNDS,
        values=_VALUES,
    )
    return replace(run, groups=tuple(map(_with_sizes, run.groups)))


def _with_sizes(record: GroupRecord) -> GroupRecord:
    kinds = tuple(AllocationKind("PYMALLOC_MALLOC", s, 3 / (n + 1)) for n, s in enumerate(_SIZES))
    return replace(
        record,
        allocations={v: replace(a, kinds=kinds) for v, a in record.allocations.items()},
    )


def main() -> None:
    """Measure one run if told which, else each in a process of its own."""
    match sys.argv[1:]:
        case ["--run", cases, scenarios]:
            _measure(int(cases), int(scenarios))
        case [*several]:
            for cases in ("540", several[0] if several else "10000"):
                subprocess.run([sys.executable, __file__, "--run", cases, "12"], check=True)


def _measure(cases: int, scenarios: int) -> None:
    run = large_run(cases, scenarios)
    before = _peak()
    start, used = time.perf_counter(), time.process_time()
    page = render_report(run)
    wall, cpu = time.perf_counter() - start, time.process_time() - used
    print(
        f"{sum(len(group.variants) for group in run.plan.groups):,} cases in "
        f"{len(run.plan.groups):,} groups: {wall:.1f} s ({cpu:.1f} s of CPU), "
        f"{len(page.encode()) / 1e6:.2f} MB, {page.count('<svg '):,} charts, "
        f"peak memory {_peak() / 1e9:.2f} GB ({before / 1e9:.2f} GB of it before)"
    )


def _peak() -> float:
    """Return the most memory this process has held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
