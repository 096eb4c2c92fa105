"""Every experiment that the documents rest on; writes their tables into the pages.

``make experiments PYTHONS="python3.11 python3.12 python3.13"``. The first interpreter also
repeats the timings and takes the durations; exactness, overhead, async_tree and ValueTask are
tried on each, and the ratios between runtimes are of all of them. ValueTask's figures go into
``docs/valuetask.md``, the others into ``docs/method.md``. ValueTask's profile needs valgrind: it is
written only by ``--only valuetask_profile``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import async_tree_page
import trust_page
import valuetask_page
import valuetask_profile

from harness.analysis.rows import case_rows
from harness.measure.crew import Interpreter
from harness.measure.environment import describe, probe
from harness.store import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.record import Run

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "method.md"
BETWEEN_GOAL = 0.03
BEGIN, END = "<!-- experiments: begin -->", "<!-- experiments: end -->"


def environment_of(python: str) -> str:
    """Make an environment of its own for the interpreter and return its executable."""
    told = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    version = subprocess.run(told, check=True, capture_output=True, text=True).stdout.strip()
    folder = f".venv-{version}"
    make = ["make", "--no-print-directory", "environment", f"PYTHON={python}", f"VENV={folder}"]
    subprocess.run(make, check=True, cwd=ROOT)
    return str(ROOT / folder / "bin" / "python")


def run_script(python: str, name: str, *options: str) -> Any:
    """Run one experiment and return what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        print(f"{name} on {python}", file=sys.stderr, flush=True)
        words = [python, str(HERE / name), "--json", str(out), *options]
        # An experiment that misses its goal exits with 1: its figures are wanted all the more.
        subprocess.run(words, check=False, cwd=ROOT, stdout=subprocess.DEVNULL)
        return json.loads(out.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Duration:
    """What a run over all shipped scenarios took, and how exact it was."""

    seconds: float
    timed: float  # seconds of these within timed stretches
    half_width: float  # of a ratio: the median over all cases
    met: int
    groups: int


def durations(python: str) -> dict[str, Duration]:
    """Return what all shipped scenarios take at each preset."""
    taken = {}
    for preset in ("quick", "standard"):
        print(f"all scenarios, {preset}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            words = [python, "-m", "harness", "run", "--preset", preset, "--name", "run"]
            words += ["--results", folder, "--reports", folder]
            subprocess.run(words, check=True, cwd=ROOT, capture_output=True)
            taken[preset] = _duration(RunFolder(Path(folder) / "run").load())
    return taken


def _duration(run: Run) -> Duration:
    timings = [timing for record in run.groups for timing in record.timings.values()]
    widths = [
        row.ratio_half_width / row.ratio
        for row in case_rows(run)
        if row.ratio and row.ratio_half_width is not None and not row.is_baseline
    ]
    return Duration(
        sum(record.duration for record in run.groups),
        sum(sum(values) * each.operations for each in timings for values in each.rounds.values()),
        statistics.median(widths),
        sum(record.target_met is True for record in run.groups),
        len(run.groups),
    )


def sections(pythons: list[str]) -> dict[str, Callable[[], list[str]]]:
    """Return what writes each section of the page, by its name on the command line."""
    first = pythons[0]
    return {
        "exactness": lambda: exactness_table(
            [run_script(each, "exactness.py") for each in pythons]
        ),
        "overhead": lambda: overhead_table([run_script(each, "overhead.py") for each in pythons]),
        "duration": lambda: duration_table(durations(first)),
        "slices": lambda: slices_table(run_script(first, "slices.py")),
        "neighbours": lambda: neighbours_table(
            [run_script(first, "neighbours.py", *some) for some in (pythons, pythons[1:]) if some]
        ),
        "affinity": lambda: affinity_table(run_script(first, "affinity.py")),
        "repeatability": lambda: repeatability_table(run_script(first, "repeatability.py")),
        "between": lambda: between_table(
            [
                run_script(first, "between.py", *pythons),
                run_script(first, "between.py", "--preset", "rigorous", "--share", "1", *pythons),
            ]
        ),
        "trust": lambda: trust_page.table(run_script(first, "trust.py")),
        "gate": lambda: trust_page.gate_table(run_script(first, "against.py")),
        "faults": lambda: trust_page.faults_table(run_script(first, "faults.py")),
        "async_tree": lambda: async_tree_page.table(
            [run_script(each, "async_tree.py") for each in pythons]
        ),
    }


def measure_valuetask(pythons: list[str]) -> list[str]:
    """Measure ValueTask, write its page, and return what the page says of it."""
    about = describe(probe(Interpreter()), "asyncio")
    found = [run_script(python, "valuetask.py") for python in pythons]
    virtual = " in a virtual machine" if about["virtual machine"] == "yes" else ""
    kept = {
        "machine": f"{about['cores']} cores of {about['processor']}{virtual}, "
        f"{about['operating system']}",
        "figures": sorted(found, key=lambda each: [*map(int, each["python"].split("."))]),
    }
    valuetask_page.write(kept)
    return [line for lines in valuetask_page.sections(kept).values() for line in lines]


def exactness_table(found: list[list[dict[str, Any]]]) -> list[str]:
    """Show how far memray's counts are from the independent ones, and from each other."""
    lines = [
        "### Exactness of the counts",
        "",
        "Allocations per operation by awaitbench, and by a hook in CPython's allocator API, for",
        "every variant of every scenario where most wait and where fewest do; awaitbench ten",
        "times, each under another hash seed.",
        "",
        "| interpreter | loop | cases | largest difference | largest spread of repeats | outside |",
        "|---|---|--:|--:|--:|---|",
    ]
    lines += [
        _exactness_row([row for row in rows if row["loop"] == loop])
        for rows in found
        for loop in dict.fromkeys(row["loop"] for row in rows)
    ]
    return [*lines, "", *_completed_table(found), ""]


def _exactness_row(rows: list[dict[str, Any]]) -> str:
    counted = [row for row in rows if not row["error"]]
    outside = [
        f"{row['scenario']} {row['variant']} at {row['sync_ratio']:g}"
        + (f" ({row['error']})" if row["error"] else "")
        for row in rows
        if not row["exact"]
    ]
    difference = max((abs(row["memray"] - row["independent"]) for row in counted), default=0)
    spread = max((row["highest"] - row["lowest"] for row in counted), default=0)
    return (
        f"| {rows[0]['python']} | {rows[0]['loop']} | {len(rows)} | {difference:.3f} "
        f"| {spread:.3f} | {'; '.join(outside) or 'none'} |"
    )


def _completed_table(found: list[list[dict[str, Any]]]) -> list[str]:
    """Show what an answer that is already there allocates: ``do_work`` at sync_ratio 1."""
    runtimes: dict[str, dict[str, str]] = {}
    for row in (row for rows in found for row in rows):
        if row["scenario"] == "do_work" and row["sync_ratio"] == 1 and not row["error"]:
            shown = runtimes.setdefault(f"{row['python']} {row['loop']}", {})
            shown[row["variant"]] = f"{row['memray']:.4g}"
    variants = list(dict.fromkeys(variant for shown in runtimes.values() for variant in shown))
    return [
        "Allocations per operation of an answer that is already there (`do_work`):",
        "",
        f"| | {' | '.join(runtimes)} |",
        f"|---|{'--:|' * len(runtimes)}",
        *(
            f"| {variant} | {' | '.join(shown.get(variant, '') for shown in runtimes.values())} |"
            for variant in variants
        ),
    ]


def overhead_table(found: list[dict[str, Any]]) -> list[str]:
    """Show what the driving loop costs beside an awaited coroutine."""
    rows = [
        f"| {each['python']} | {each['loop_ns']:.1f} | {each['coroutine_ns']:.1f} |"
        for each in found
    ]
    return [
        "### Overhead of the driving loop",
        "",
        "| interpreter | empty loop, ns per operation | awaited coroutine, ns per operation |",
        "|---|--:|--:|",
        *rows,
        "",
    ]


def duration_table(taken: dict[str, Duration]) -> list[str]:
    """Show how long the shipped scenarios take, what of it is timed, and how exact they are."""
    rows = [
        f"| {preset} | {each.seconds:.0f} | {100 * (1 - each.timed / each.seconds):.0f} % "
        f"| ± {100 * each.half_width:.1f} % | {each.met} of {each.groups} |"
        for preset, each in taken.items()
    ]
    return [
        "### Duration",
        "",
        "A run over all shipped scenarios; the seconds are those of its groups, without the",
        "environment and the report. Outside: what of them is not within timed stretches",
        "(interpreters that start, warm-up, gates, counting).",
        "",
        "| preset | s | outside | half-width of a ratio, median | groups at their target |",
        "|---|--:|--:|--:|--:|",
        *rows,
        "",
    ]


def slices_table(found: list[dict[str, float]]) -> list[str]:
    """Show how the length of a value and the number of sweeps trade."""
    rows = [
        f"| {each['milliseconds']:g} ms | {each['values']} | {each['seconds']:.2f} "
        f"| {100 * each['deviation']:.1f} % |"
        for each in found
    ]
    return [
        "### Slices",
        "",
        "Standard deviation of a round's ratio (root mean square over the variants of `do_work` at",
        "100 %), twelve rounds of each, in turn:",
        "",
        "| one value | values per round | s per round | deviation of a ratio |",
        "|---|--:|--:|--:|",
        *rows,
        "",
    ]


def neighbours_table(found: list[dict[str, Any]]) -> list[str]:
    """Show what it does to a round's ratios that variants of a runtime are neighbours."""
    rows = [
        f"| {each['runtimes']} | {kind['sweep']} | {kind['values']} | {kind['seconds']:.2f} "
        f"| {100 * kind['within']:.1f} % | {100 * kind['off']:.1f} % "
        f"| {100 * kind['between']:.1f} % |"
        for each in found
        for kind in each["kinds"]
    ]
    return [
        "### Neighbours",
        "",
        f"`do_work` at 100 %, six variants on each runtime, {found[0]['rounds']} rounds of each "
        "kind, in turn: standard",
        "deviation of a round's ratio to the baseline (root mean square over all); how far its",
        "mean is from that of rounds of the runtime by itself (median over all); and standard",
        "deviation of a round's ratio to the same variant on the first runtime.",
        "",
        "| runtimes | variants in a sweep | values per round | s per round | to the baseline "
        "| off by itself | to the first runtime |",
        "|--:|---|--:|--:|--:|--:|--:|",
        *rows,
        "",
    ]


def affinity_table(found: list[dict[str, Any]]) -> list[str]:
    """Show what it does to a round's ratio, and to its time, to keep a variant on one CPU."""
    rows = [
        f"| {each['scenario']} {each['sync_ratio']:g} | {each['competitors']} "
        f"| {100 * each['pinned']['deviation']:.1f} % | {100 * each['free']['deviation']:.1f} % "
        f"| {each['pinned']['coroutine_ns']:,.0f} | {each['free']['coroutine_ns']:,.0f} "
        f"| {each['pinned']['seconds']:.2f} | {each['free']['seconds']:.2f} |"
        for each in found
    ]
    return [
        "### Affinity",
        "",
        "Standard deviation of a round's ratio (root mean square over the variants), time of the",
        "coroutine in ns per operation, and seconds per round; the thread that is timed kept on",
        "one CPU and the conductor off it, or both free, in turn; beside none or one process that",
        "computes:",
        "",
        "| case | competitors | deviation, pinned | free | ns, pinned | free | s, pinned | free |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
        *rows,
        "",
    ]


def repeatability_table(found: dict[str, Any]) -> list[str]:
    """Show how far repeats scatter, ours and sequential pyperf's."""
    variants = list(next(iter(found.values()))["scatter"])
    rows = [
        f"| {engine} | "
        + " | ".join(f"{100 * each['scatter'][variant]:.1f} %" for variant in variants)
        + f" | {100 * each['median']:.1f} % | {each['seconds']:.0f} |"
        for engine, each in found.items()
    ]
    return [
        "### Repeatability",
        "",
        f"| engine | {' | '.join(variants)} | median | wall time, s |",
        f"|---|{'--:|' * (len(variants) + 2)}",
        *rows,
        "",
    ]


def between_table(found: list[dict[str, Any]]) -> list[str]:
    """Show how far ratios between runtimes are from their median over runs."""
    lines = ["### Between runtimes", ""]
    for each in found:
        shares = " and ".join(f"{100 * float(share):g} %" for share in each["shares"])
        lines += [
            f"{each['runs']} runs of `do_work` at {shares} on all runtimes at once, preset "
            f"{each['preset']}, {each['seconds']:.0f} s each:",
            "how far a variant's ratio from one runtime to another is from its median over runs.",
            "",
            f"| ratio | cases | median | largest | within {100 * BETWEEN_GOAL:g} % "
            "| half-width, median |",
            "|---|--:|--:|--:|--:|--:|",
            *_between_rows(each["ratios"]),
            "",
        ]
    return lines


def _between_rows(ratios: list[dict[str, Any]]) -> list[str]:
    by_runtime: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in ratios:
        _, _, _, base, runtime = each["case"]
        by_runtime.setdefault((base, runtime), []).append(each)
    rows = []
    for (base, runtime), cases in by_runtime.items():
        off = [
            (abs(value / statistics.median(each["values"]) - 1), each["case"][2])
            for each in cases
            for value in each["values"]
        ]
        within = sum(each <= BETWEEN_GOAL for each, _ in off)
        largest, variant = max(off)
        width = statistics.median(each["half_width"] for each in cases)
        rows.append(
            f"| {runtime} / {base} | {len(cases)} "
            f"| {100 * statistics.median(each for each, _ in off):.1f} % "
            f"| {100 * largest:.1f} % ({variant}) "
            f"| {100 * within / len(off):.0f} % | ± {100 * width:.1f} % |"
        )
    return rows


def replace_section(lines: list[str]) -> None:
    """Put a section into the page, in the place of the one of its heading, at once."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    written, after = rest.split(END)
    known = {text.partition("\n")[0]: text for text in written.split("\n### ")[1:]}
    text = "\n".join(lines).removeprefix("### ").rstrip() + "\n"
    known[lines[0].removeprefix("### ")] = text
    joined = "".join(f"\n### {each.rstrip()}\n" for each in known.values())
    PAGE.write_text(f"{before}{BEGIN}\n{joined}{END}{after}", encoding="utf-8")


def main() -> None:
    """Run the experiments, each written to the page as it ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="one experiment: exactness, overhead, valuetask, ...")
    parser.add_argument("pythons", nargs="*", help="interpreters (default: this one)")
    given = parser.parse_args()
    pythons = [environment_of(python) for python in given.pythons] or [sys.executable]
    for name, write in sections(pythons).items():
        if given.only in (None, name):
            lines = write()
            replace_section(lines)
            print("\n".join(lines), flush=True)
    if given.only in (None, "valuetask"):
        print("\n".join(measure_valuetask(pythons)), flush=True)
    if given.only == "valuetask_profile":
        valuetask_profile.write(pythons)


if __name__ == "__main__":
    main()
