"""Measures the examples and writes what was seen into README.md beside this file.

``python docs/examples/measure.py PYTHON ...`` runs all of them under each interpreter, preset
standard, and keeps the figures in ``figures.json``; without an interpreter it writes the page
again from what is kept.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.report.figures import count_text, ratio_parts, significant

if TYPE_CHECKING:
    from collections.abc import Iterator

    Kept = dict[str, Any]
    """``about``: of the interpreter; ``rows``: those of ``awaitbench show --format json``."""

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PAGE = HERE / "README.md"
KEPT = HERE / "figures.json"
COLUMNS = (
    "scenario",
    "params",
    "sync_ratio",
    "variant",
    "time_ns",
    "ratio",
    "ratio_low",
    "ratio_high",
    "allocations",
    "bytes",
    "suspensions",
    "tasks",
    "status",
)


class Figures:
    """What was measured of one example, over all interpreters."""

    def __init__(self, kept: list[Kept], scenario: str) -> None:
        self.scenario = scenario
        self.runs = {
            each["about"]["interpreter"].rpartition(".")[0].removeprefix("cpython "): [
                row for row in each["rows"] if row["scenario"] == scenario
            ]
            for each in kept
        }
        some = next(iter(self.runs.values()))
        self.shares = sorted({row["sync_ratio"] for row in some})
        self.variants = list(
            dict.fromkeys(
                row["variant"] for rows in self.runs.values() for row in rows if row["time_ns"]
            )
        )

    def row(self, python: str, variant: str, share: float) -> Kept | None:
        """Return the case's row, or None where it was not measured."""
        wanted = (variant, share, "ok")
        for row in self.runs[python]:
            if (row["variant"], row["sync_ratio"], row["status"]) == wanted:
                return dict(row)
        return None

    def __call__(self, variant: str, share: float, what: str, python: str | None = None) -> str:
        """Write a figure, or from what to what it goes over the interpreters."""
        pythons = self.runs if python is None else [python]
        seen = [row for each in pythons if (row := self.row(each, variant, share))]
        write = significant if what == "ratio" else count_text
        told = [write(row[what]) for row in sorted(seen, key=lambda row: float(row[what]))]
        return told[0] if told[0] == told[-1] else f"{told[0]} to {told[-1]}"


def alru_cache(of: Figures) -> Iterator[str]:
    """Yield what async-lru's figures say."""
    yield (
        "The library does it well: a hit is one coroutine and no Task. `coroutine` does the same "
        f"around a smaller cache; the library takes {of('async_lru', 1, 'ratio')} times as long."
    )
    yield (
        f"A pure `ValueTask` costs {of('value_task', 1, 'ratio')} times the coroutine, the one in "
        f"C {of('value_task_native', 1, 'ratio')} times, with "
        f"{of('value_task_native', 1, 'allocations')} allocations for "
        f"{of('coroutine', 1, 'allocations')}; those left are the key's."
    )
    yield (
        f"What to avoid is a Task around each look-up: {of('task', 1, 'ratio')} times a hit's time."
    )


def aiocache_memory(of: Figures) -> Iterator[str]:
    """Yield what aiocache's figures say."""
    yield (
        f"A hit takes {of('aiocache', 1, 'ratio')} times as long as the same look-up in a "
        "dictionary, with the same key. The timeout is a large part: without it, "
        f"{of('aiocache_untimed', 1, 'ratio')} times."
    )
    if "3.11" in of.runs:
        yield (
            "On 3.11 the timeout is a Task for each hit, because `asyncio.wait_for` makes one: "
            f"{of('aiocache', 1, 'suspensions', '3.11')} suspension for an answer that is in a "
            "dictionary. From 3.12 on it makes none."
        )
    yield (
        "So `timeout=0` pays first (a memory cache cannot hang), then fewer layers; the kind of "
        f"awaitable comes last: a pure `ValueTask` takes {of('value_task', 1, 'ratio')} times the "
        f"coroutine's time, the one in C {of('value_task_native', 1, 'ratio')} times."
    )


def stream_reader(of: Figures) -> Iterator[str]:
    """Yield what StreamReader's figures say."""
    yield (
        "`readexactly` is a coroutine that suspends only where it must, and that is good enough: "
        f"with 100 records in a chunk a pure `ValueTask` takes {of('value_task', 0.99, 'ratio')} "
        f"times its time, the one in C {of('value_task_native', 0.99, 'ratio')} times."
    )
    yield (
        f"A Task around each read takes {of('task', 0.99, 'ratio')} times. What decides is how many"
        " records come in a chunk, not who hands them over."
    )
    yield (
        f"A wait asks for {of('coroutine', 0, 'bytes')} bytes: at each end the transport "
        "makes a buffer of 256 KiB for a read of a few bytes (asyncio/selector_events.py: "
        "max_size)."
    )


def dataloader(of: Figures) -> Iterator[str]:
    """Yield what aiodataloader's figures say."""
    yield (
        "The future that the loader keeps is hard to beat: "
        f"{of('aiodataloader', 1, 'ratio')} times a resolver's coroutine, "
        f"{of('aiodataloader', 1, 'allocations')} allocations (3.12 and later make an exception "
        "for each awaited future that is done). A pure `ValueTask` around it only adds to that: "
        f"{of('value_task', 1, 'ratio')} times; the one in C takes "
        f"{of('value_task_native', 1, 'ratio')} times."
    )
    yield (
        f"A Task for each resolver takes {of('task', 1, 'ratio')} times where the row is there. "
        f"A load that is not costs {of('aiodataloader', 0, 'tasks')} Tasks by itself; batches "
        "share them."
    )


def anyio_semaphore(of: Figures) -> Iterator[str]:
    """Yield what anyio's figures say."""
    yield (
        "By default anyio gives others a turn although the permit is free: "
        f"{of('anyio_semaphore', 1, 'suspensions')} suspension, and "
        f"{of('anyio_semaphore', 1, 'ratio')} times the time of `fast_acquire=True`."
    )
    yield (
        "From outside, a `ValueTask` gains nothing as long as it looks for a cancelled scope by "
        f"the public function: {of('value_task_native', 1, 'ratio')} times for the one in C. "
        f"Without it, that one takes {of('unscoped', 1, 'ratio')} times, with "
        f"{of('unscoped', 1, 'allocations')} allocations for "
        f"{of('coroutine', 1, 'allocations')}, and `acquire_nowait()` alone "
        f"{of('synchronous', 1, 'ratio')} times: the check costs more than the awaitable."
    )


EXAMPLES = {
    each.__name__: each
    for each in (alru_cache, aiocache_memory, stream_reader, dataloader, anyio_semaphore)
}


def main() -> None:
    """Measure, if interpreters are given, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("pythons", nargs="*", metavar="PYTHON", help="interpreters that measure")
    parser.add_argument("--preset", default="standard", help="how exact (standard)")
    args = parser.parse_args()
    if args.pythons:
        kept = [measure(python, args.preset) for python in args.pythons]
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    write(json.loads(KEPT.read_text(encoding="utf-8")))


def measure(python: str, preset: str) -> Kept:
    """Run every example under *python* and return what the table of the run has."""
    files = [str(HERE / f"{name}.py") for name in EXAMPLES]
    with tempfile.TemporaryDirectory() as folder:
        words = ["run", *files, "--preset", preset, "--name", "run", "--no-report"]
        where = ["--results", folder]
        subprocess.run(
            [sys.executable, "-m", "harness", *words, "--python", python, *where],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        shown = subprocess.run(
            [sys.executable, "-m", "harness", "show", "run", "--format", "json", *where],
            check=True,
            capture_output=True,
            text=True,
        )
    run = json.loads(shown.stdout)
    packages = [python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"]
    listed = subprocess.run(packages, check=True, capture_output=True, text=True).stdout
    libraries = ("aiocache", "aiodataloader", "anyio", "async-lru")
    return {
        "about": {
            **{key: run["environment"][key] for key in ("interpreter", "cores", "processor")},
            "preset": run["preset"]["name"],
            "libraries": {
                each["name"]: each["version"]
                for each in json.loads(listed)
                if each["name"] in libraries
            },
        },
        "rows": [{column: row[column] for column in COLUMNS} for row in run["rows"]],
    }


def write(kept: list[Kept]) -> None:
    """Put what was measured between the markers of the page."""
    page = PAGE.read_text(encoding="utf-8")
    for name, lines in sections(kept).items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, rest = page.split(begin)
        _, after = rest.split(end)
        page = "\n".join([f"{before}{begin}", *lines, f"{end}{after}"])
    PAGE.write_text(page, encoding="utf-8")


def sections(kept: list[Kept]) -> dict[str, list[str]]:
    """Return the lines of each part of the page by the name of its markers."""
    parts = {name: list(part(Figures(kept, name))) for name in EXAMPLES}
    return {"about": list(about(kept)), **parts}


def about(kept: list[Kept]) -> Iterator[str]:
    """Yield where it was measured, and of what."""
    told = [each["about"] for each in kept]
    interpreters = " and ".join(each["interpreter"] for each in told)
    libraries = ", ".join(
        f"{name} {version}" for name, version in sorted(told[0]["libraries"].items())
    )
    yield f"Measured under {interpreters}, asyncio, preset {told[0]['preset']}, on"
    yield f"{told[0]['cores']} cores of {told[0]['processor']}; {libraries}."


def part(of: Figures) -> Iterator[str]:
    """Yield an example's table at its two highest shares, and what was learned."""
    columns = [(python, share) for share in of.shares[-2:] for python in of.runs]
    heads = [f"{python}, {share:.0%}".replace("%", " %") for python, share in columns]
    yield f"| variant | {' | allocs | '.join(heads)} | allocs |"
    yield f"|---|{'--:|--:|' * len(columns)}"
    for variant in of.variants:
        cells = [cell for each in columns for cell in case(of, variant, *each)]
        yield f"| {variant} | {' | '.join(cells)} |"
    yield ""
    yield from learned(of)


def learned(of: Figures) -> Iterator[str]:
    """Yield what was learned, one sentence or two in a line."""
    yield from (f"- {text}" for text in EXAMPLES[of.scenario](of))


def case(of: Figures, variant: str, python: str, share: float) -> tuple[str, str]:
    """Return the cells of a case: its ratio to the coroutine, and its allocations."""
    row = of.row(python, variant, share)
    if row is None:
        return "", ""
    if variant == "coroutine":
        return "1", count_text(row["allocations"])
    half_width = (row["ratio_high"] - row["ratio_low"]) / 2
    return " ± ".join(ratio_parts(row["ratio"], half_width)), count_text(row["allocations"])


if __name__ == "__main__":
    main()
