"""Are the allocation counts exact, and the same in every repeat?

Counts every variant of every shipped scenario with memray, as a run does, and with a hook in
CPython's allocator API (``tests/allocator``), each in processes of their own; memray ten times,
under ten hash seeds. Compared is what both can see, the blocks that CPython's own allocators
are asked for; those that C libraries allocate by themselves are in the column "libraries".

    python docs/experiments/exactness.py [--json FILE] [--repeats 10] [--scenario NAME]

Exits 1 where the instruments, or the repeats, differ by more than 0.01 allocations per
operation, or where a case cannot be counted.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from harness import catalog  # noqa: E402 found by the line above
from harness.plan import Selection, settings  # noqa: E402
from tests.allocator.independent import (  # noqa: E402
    CannotBuildError,
    build_counter,
    count,
    python_domains,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.scenario import ParamValue

TOLERANCE = 0.01
LOOPS = tuple(n for n in ("asyncio", "uvloop") if n == "asyncio" or importlib.util.find_spec(n))


@dataclass(frozen=True)
class Row:
    """One case: allocations per operation, by each instrument.

    *libraries* are those that only memray sees. *lowest* and *highest* are memray's over the
    repeats. A case that cannot be counted has an *error* and nothing else.
    """

    python: str
    scenario: str
    loop: str
    sync_ratio: float
    variant: str
    memray: float = 0.0
    independent: float = 0.0
    libraries: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0
    error: str = ""

    @property
    def difference(self) -> float:
        return self.memray - self.independent

    @property
    def exact(self) -> bool:
        allowed = TOLERANCE + 1e-9
        return abs(self.difference) <= allowed and self.highest - self.lowest <= allowed


def measure(names: list[str], repeats: int, counter: Path) -> Iterator[Row]:
    python = ".".join(map(str, sys.version_info[:3]))
    for name in names:
        for loop in LOOPS:
            for values in extremes(name):
                share = float(values["sync_ratio"])
                yield from measure_group((python, name, loop, share), values, repeats, counter)


def extremes(name: str) -> tuple[dict[str, ParamValue], dict[str, ParamValue]]:
    """Return the settings of a sweep at which most complete synchronously, and fewest."""
    swept = settings(catalog.load(f"scenarios.{name}").scenario, Selection())
    ordered = sorted(swept, key=lambda values: float(values["sync_ratio"]))
    return ordered[-1], ordered[0]


def measure_group(
    case: tuple[str, str, str, float],
    params: dict[str, ParamValue],
    repeats: int,
    counter: Path,
) -> Iterator[Row]:
    _, name, loop, _ = case
    source = f"scenarios.{name}"
    both = count(source, params, loop, counter, hash_seed=0)
    again = [count(source, params, loop, hash_seed=seed) for seed in range(1, repeats)]
    for variant, counts in both.items():
        runs = [counts, *(other[variant] for other in again)]
        if failed := [run["error"] for run in runs if "error" in run]:
            yield Row(*case, variant, error=failed[0])
            continue
        totals = [run["memray"]["count"] for run in runs]
        memray, _ = python_domains(counts["memray"])
        yield Row(
            *case,
            variant,
            memray,
            counts["independent"][0],
            totals[0] - memray,
            min(totals),
            max(totals),
        )


def show(row: Row) -> None:
    case = f"{row.scenario:13} {row.loop:8} {row.sync_ratio:4g}  {row.variant:15}"
    if row.error:
        print(f"{case} {row.error}")
        return
    spread = row.highest - row.lowest
    print(
        f"{case} {row.memray:9.4f} {row.independent:11.4f} {row.difference:+11.4f} "
        f"{row.libraries:9.4f}  {'identical' if spread == 0 else f'within {spread:.4f}':13}"
        f"{'' if row.exact else '  DIFFERS'}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Are the allocation counts exact?")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    parser.add_argument("--repeats", type=int, default=10, help="hash seeds to count under")
    parser.add_argument("--scenario", action="append", help="only this one; may be repeated")
    given = parser.parse_args()
    names = given.scenario or list(catalog.shipped())
    print(f"CPython {sys.version.split()[0]}, allocations per operation, {given.repeats} repeats")
    print(f"{'':44} {'memray':>9} {'independent':>11} {'difference':>11} {'libraries':>9}  repeats")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            counter = build_counter(Path(folder))
        except CannotBuildError as error:
            parser.error(str(error))
        for row in measure(names, given.repeats, counter):
            rows.append(row)
            show(row)
    if given.json:
        told = [{**asdict(row), "exact": row.exact and not row.error} for row in rows]
        given.json.write_text(json.dumps(told, indent=1) + "\n")
    wrong = [row for row in rows if not row.error and not row.exact]
    print(f"{len(rows)} cases, {len(wrong)} differ, {sum(bool(r.error) for r in rows)} not counted")
    return 1 if wrong or any(row.error for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
