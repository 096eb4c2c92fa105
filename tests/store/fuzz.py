"""Fuzzing: runs that somebody damaged, or made to harm, are read or refused in one line.

``python -m tests.store.fuzz --inputs 100000 [--seed 0] [--jobs N] [--html 0.01] [--keep FOLDER]``

Each input is a stored run whose files were changed in some bytes or in their structure. It has to
be refused with a StoreError of one line, or everything that reads runs has to take it. The same
seed gives the same inputs. Drawing a report takes long: it is done for a share of the inputs.

Others add to :data:`READERS` and :data:`PAIR_READERS`.
"""

from __future__ import annotations

import argparse
import copy
import csv
import io
import json
import os
import random
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache, partial
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from rich.console import Console

from harness.analysis.comparison import compare_runs
from harness.analysis.findings import run_findings
from harness.analysis.gate import regressions
from harness.analysis.rows import case_rows, claim_limit
from harness.analysis.sentences import summary_sentences
from harness.analysis.series import Against, trace
from harness.analysis.why import contrasts
from harness.errors import InputError, StoreError
from harness.plan import Preset
from harness.record import Conditions, Finding, Run, RunStatus, Severity
from harness.report.comparison import format_comparison
from harness.report.comparison_html import render_comparison, render_series
from harness.report.comparison_table import print_comparison, print_regressions
from harness.report.files import file_name, group_name
from harness.report.flamegraph import flamegraph_html
from harness.report.flamegraphs import shared_parts
from harness.report.html import render_report
from harness.report.series_table import print_series
from harness.report.series_text import format_series
from harness.report.summary import comparison_summary, run_summary
from harness.report.terminal import print_table
from harness.report.text import format_run
from harness.store import RunFolder, earlier_durations, latest_name
from tests.analysis.test_proof import GOOD
from tests.profiles import profile_of, with_profiles, with_upkeep
from tests.runs import make_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["PAIR_READERS", "READERS", "Outcome", "fuzz"]

FILES = ("run.json", "timing.json", "allocations.json", "lines.json", "proof.json")
SLOW = 20.0  # seconds for one input: far more than any needs on a busy machine

TEXTS = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</title></style></svg><script>alert(1)</script>",
    "javascript:alert(1)",
    "../../outside",
    "/etc/passwd",
    "..",
    "a/b",
    "latest",
    "\x1b[31mred\x1b]0;title\x07",
    "\u202eturned\u2066",
    "\x00",
    "\x7f\x9b1m",
    "\r\n\u2028\u2029\u0085",
    "\ud800",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    " =1",
    "|a|b|",
    "`code` **bold** [link](javascript:alert(1)) ![x](y)",
    "{{ 7 * 7 }}{% raise %}",
    "%s%n{0}{name!r}",
    "[red]rich[/red] [/]",
    "[link=file:///etc]x",
    "&lt;b&gt;",
    "sync_ratio=0.9;x=1",
    "",
    " ",
    "\n",
    "task",
    "coroutine",
    "value_task",
    "x" * 500,
    "x" * 20_000,
    "é" * 300,
    "\U0001f600" * 50,
    "3.13.0",
    "2026-13-45T99:99",
    "9999-12-31T23:59:59+00:00",
)
NUMBERS: tuple[Any, ...] = (
    0, -0.0, 1, -1, 2, 0.5, 1e308, -1e308, 1.7976931348623157e308, 5e-324, 1e-308, 1e-15, 1e9,
    1e15, 1e18, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63), 10**30, 10**400, -(10**400),
    float("nan"), float("inf"), float("-inf"), 99999999999999999999, 0.1 + 0.2, True, False, None,
)  # fmt: skip
BYTES = b'0-9eE.{}[]",:ntf \\/\xff\x00\x1b<&=u'


@dataclass
class Outcome:
    """What became of the inputs: how many were read, or refused, and what went wrong with which."""

    read: int = 0
    refused: int = 0
    drawn: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)
    failures: dict[int, str] = field(default_factory=dict)

    def add(self, other: Outcome) -> None:
        """Join what became of other inputs."""
        self.read += other.read
        self.refused += other.refused
        self.drawn += other.drawn
        self.seconds += other.seconds
        self.slowest = max(self.slowest, other.slowest)
        self.reasons += other.reasons
        self.failures |= other.failures


class Unfit(AssertionError):  # noqa: N818 it is a finding of the fuzzer
    """What a reader gave is not fit to be shown."""


def read_table(run: Run) -> None:
    out = io.StringIO()
    print_table(run, Console(file=out, width=80))
    plain(out.getvalue(), "\n")


def read_markdown(run: Run) -> None:
    text = format_run(run, "markdown")
    plain(text, "\n")
    if found := re.search(r"(?<!\\)<|(?<!\\)\[|javascript:alert\(1\)\)(?<!\\\))x", text):
        raise Unfit(f"markup in Markdown: {text[max(0, found.start() - 40) :][:80]!r}")


def read_csv(run: Run) -> None:
    text = format_run(run, "csv")
    plain(text, "\r\n")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if len(rows) != 1 + len(case_rows(run)) or len({len(row) for row in rows}) != 1:
        raise Unfit("a row of the CSV is none")
    for cell in (cell for row in rows for cell in row):
        if cell.lstrip().startswith(("=", "+", "@")) or re.match(r"\s*-(?![\d.])", cell):
            raise Unfit(f"a formula in the CSV: {cell[:60]!r}")


def read_summary(run: Run) -> None:
    short(run_summary(run))


def short(text: str) -> None:
    """Look that a summary is one: few lines, none of them endless."""
    plain(text, "\n")
    lines = text.splitlines()
    if len(lines) > 25 or max(map(len, lines)) > 5000:
        raise Unfit(f"a summary of {len(lines)} lines, {max(map(len, lines))} characters wide")


def read_json(run: Run) -> None:
    text = format_run(run, "json")
    plain(text, "\n")
    json.loads(text, parse_constant=partial(_no_constant))


def _no_constant(name: str) -> None:
    raise Unfit(f"{name} in the JSON")


def read_rows(run: Run) -> None:
    for row in case_rows(run):
        for figure in (row.time_ns, row.ratio, row.allocations, row.bytes):
            if figure is not None and not abs(figure) < float("inf"):
                raise Unfit(f"a figure of {figure}")
    summary_sentences(run)
    run_findings(run)


def read_reasons(run: Run) -> None:
    """Say why variants differ, and name the files that flamegraphs would be in."""
    for record in run.groups:
        for contrast in contrasts(record, run, claim_limit(run)):
            if re.search(r"\b(nan|inf)\b", contrast.text.replace(contrast.first, "")):
                raise Unfit(f"no figure: {contrast.text[:80]!r}")
        for variant in record.profiles:
            name = file_name(f"{group_name(record.group)}-{variant}")
            if not re.fullmatch(r"[A-Za-z0-9._=,+-]{1,130}", name):
                raise Unfit(f"the name of a file: {name!r}")


def read_flamegraphs(run: Run) -> None:
    """Draw a flamegraph, and look that nothing of the run became a tag, or an attribute."""
    for record in run.groups:
        for profile in [*record.profiles.values()][:1]:
            page = flamegraph_html(profile, record.group.scenario, "What is drawn.")
            if tags_of(page) != tags_of(flamegraph_html(profile_of("task"), "title", "Caption.")):
                raise Unfit("a tag in the flamegraph")


def tags_of(page: str) -> list[tuple[str, list[str]]]:
    """Return the tags of a flamegraph's page, each with the names of its attributes."""
    found: list[tuple[str, list[str]]] = []
    reading = HTMLParser()
    reading.handle_starttag = lambda tag, attrs: found.append(  # type: ignore[method-assign]
        (tag, [name for name, _ in attrs])
    )
    reading.feed(shared_parts(page)[0])
    return found


def read_report(run: Run) -> None:
    """Draw the report."""
    page(render_report(run))


def page(text: str) -> None:
    """Look that nothing of a run became a tag, or an event's handler."""
    plain(text, "\n\t")
    _Tags().feed(text)


class _Tags(HTMLParser):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"img", "iframe", "object", "b"}:
            raise Unfit(f"a tag {tag} in the report")
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().startswith("javascript:"):
                raise Unfit(f"an attribute {name}={value!r} in the report")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script" and "alert(1)" in data:
            raise Unfit("a script in the report")


def plain(text: str, allowed: str) -> None:
    """Look that *text* moves no cursor, and can be written to a file."""
    text.encode()
    for char in {*text} - {*allowed}:
        if not char.isprintable():
            raise Unfit(f"the character {char!r} in {text[max(0, text.index(char) - 40) :][:80]!r}")


def read_comparison(base: Run, new: Run) -> None:
    """Hold two runs against each other, and show that, as compare and check do."""
    try:
        comparison = compare_runs(base, new, allow_unlike=True)
    except InputError:
        return  # nothing in common
    found = regressions(comparison)
    plain(format_comparison(comparison, "csv"), "\r\n")
    plain(format_comparison(comparison, "json", found), "\n")
    plain(format_comparison(comparison, "markdown", found), "\n")
    text = io.StringIO()
    console = Console(file=text, width=80)
    print_comparison(comparison, console)
    print_regressions(found, console)
    plain(text.getvalue(), "\n")
    short(comparison_summary(comparison, found))


def read_series(base: Run, new: Run) -> None:
    """Show runs beside each other and one after the other, as compare and history do."""
    for against in Against:
        series = trace([base, new, base], against)
        plain(format_series(series, "csv"), "\r\n")
        plain(format_series(series, "json"), "\n")
        plain(format_series(series, "markdown"), "\n")
        short(format_series(series, "summary"))
        text = io.StringIO()
        print_series(series, Console(file=text, width=80))
        plain(text.getvalue(), "\n")


def read_pages(base: Run, new: Run) -> None:
    """Draw the pages about two runs, and about several."""
    comparison = compare_runs(base, new, allow_unlike=True, partly=True)
    page(render_comparison(comparison, base, new, regressions(comparison)))
    for against in Against:
        page(render_series(trace([base, new, base], against)))


# Everything that reads a run: each takes it, whatever was let through when it was loaded.
READERS: list[Callable[[Run], None]] = [
    read_rows,
    read_reasons,
    read_table,
    read_markdown,
    read_csv,
    read_json,
    read_summary,
]
# Those that take so long that only a share of the inputs is given to them.
SLOW_READERS: list[Callable[[Run], None]] = [read_report, read_flamegraphs]
# What reads two runs: the valid one that an input was made of, and what became of it.
PAIR_READERS: list[Callable[[Run, Run], None]] = [read_comparison, read_series]
SLOW_PAIR_READERS: list[Callable[[Run, Run], None]] = [read_pages]


def valid_runs() -> list[Run]:
    """Return the runs that inputs are made of."""
    small = Preset("quick", 0.05, (2, 3), 4)
    runs = [
        make_run(name="first", variants=("coroutine", "task", "value_task"), rounds=3),
        make_run(
            name="second",
            scenarios=("one", "two"),
            sync_ratios=(0.5,),
            extra={"size": (1,), "policy": ("lru",), "hot": (True,)},
            variants=("task", "coroutine", "mine"),
            unavailable=(("eager_task", "needs Python 3.12"),),
            findings=(Finding(Severity.WARNING, "the load was 3.1", "Close something."),),
            rounds=2,
        ),
        make_run(name="third", variants=("task", "value_task"), instruments=("allocations",)),
    ]
    runs[:2] = (with_profiles(with_upkeep(run)) for run in runs[:2])
    return [_cut(replace(run, plan=replace(run.plan, preset=small))) for run in runs]


def _cut(run: Run) -> Run:
    """Leave few values in each round, and tell what a run may tell."""
    records = []
    for record in run.groups:
        timings = {
            variant: replace(
                timing,
                rounds={index: values[:3] for index, values in timing.rounds.items()},
                warmups=dict.fromkeys(timing.rounds, ((4, 1e-6),)),
                metadata={
                    index: {"loops": 4, "date": "2025-01-01", "load_avg_1min": 0.5 + index}
                    for index in timing.rounds
                },
            )
            for variant, timing in record.timings.items()
        }
        conditions = {index: Conditions(1.5, 0.1, 0.0) for index in range(2)}
        records.append(replace(record, timings=timings, conditions=conditions))
    last = replace(
        records[-1],
        status=RunStatus.FAILED,
        failures={records[-1].group.variants[0]: "its process died"},
        error="no answer within 60 s",
    )
    return replace(
        run,
        groups=(*records[:-1], last) if len(records) > 1 else tuple(records),
        sources={"lookup": "lookup.py=0123456789abcdef"},
        resumed=("2025-01-01T12:01:00+00:00",),
        pair="token",
        proof=GOOD,
    )


@cache
def stored_files() -> list[tuple[Run, dict[str, bytes]]]:
    """Return the valid runs with the bytes of their files."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for run in valid_runs():
            made = RunFolder.create(Path(folder), run.name)
            made.save(run)
            if run.proof:
                made.keep_proof(run.proof)
            files = {name: made.path / name for name in FILES}
            found.append(
                (run, {name: path.read_bytes() for name, path in files.items() if path.exists()})
            )
    return found


def mutated(rng: random.Random) -> tuple[Run, dict[str, bytes]]:
    """Return a valid run, and its files of which one or more were changed."""
    run, files = rng.choice(stored_files())
    files = dict(files)
    for _ in range(rng.choice((1, 1, 1, 1, 2))):
        name = rng.choice([name for name in ("run.json", *FILES) if name in files])
        if rng.random() < 0.1:
            files[name] = in_bytes(files[name], rng)
        else:
            files[name] = in_structure(files[name], rng)
    return run, files


def in_bytes(content: bytes, rng: random.Random) -> bytes:
    """Change some bytes, or remove, repeat or move a stretch of them."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(changed) + 1)
        end = min(len(changed), start + int(rng.expovariate(1 / 20)))
        match rng.randrange(6):
            case 0:
                changed[start:end] = bytes(rng.choice(BYTES) for _ in range(end - start))
            case 1:
                del changed[start:end]
            case 2:
                changed[start:start] = changed[start:end] * rng.randint(1, 3)
            case 3:
                changed[start:start] = rng.choice(
                    (b"[" * 100_000, b"1e999", b"NaN", b'"\\ud800"', b"9" * 5000, b"\xed\xa0\x80")
                )
            case 4:
                del changed[start:]
            case _ if changed and start < len(changed):
                changed[start] ^= 1 << rng.randrange(8)
    return bytes(changed)


def in_structure(content: bytes, rng: random.Random) -> bytes:
    """Change some values of the document, and keep it one where that can be."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return in_bytes(content, rng)
    for _ in range(rng.choice((1, 1, 2))):
        if rng.random() < 0.7 and (leaves := list(_leaves(document))):
            around, key = rng.choice(leaves)
            around[key] = like(around[key], rng)
        else:
            change(document, rng)
    return json.dumps(document).encode()


def _leaves(document: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a value that holds no others: what is around it, and its key."""
    waiting = [document]
    while waiting:
        around = waiting.pop()
        for key in [*around] if isinstance(around, dict) else range(len(around)):
            if isinstance(around[key], dict | list):
                waiting.append(around[key])
            else:
                yield around, key


def change(document: Any, rng: random.Random) -> None:
    """Walk down to some place in *document*, and change, remove, add or repeat what is there."""
    while True:
        keys = [*document] if isinstance(document, dict) else [*range(len(document))]
        if not keys:
            return
        key = rng.choice(keys)
        child = document[key]
        if isinstance(child, dict | list) and child and rng.random() < 0.9:
            document = child
            continue
        match rng.randrange(8):
            case 0:
                del document[key]
            case 1 if isinstance(document, dict):
                document[rng.choice(TEXTS)] = document.pop(key)
            case 1 | 2 if isinstance(document, list):
                document.insert(key, copy.deepcopy(rng.choice(document)))
            case 3 if isinstance(document, list):
                document.extend(copy.deepcopy(document) for _ in range(rng.randint(1, 3)))
            case _:
                document[key] = like(child, rng)
        return


def like(value: Any, rng: random.Random) -> Any:
    """Return another value, most often of the same type."""
    if rng.random() < 0.05:
        nested: Any = rng.choice(([], {}, [[]], {"x": None}, "text", 3))
        for _ in range(rng.choice((0, 1, 50))):
            nested = [nested]
        return nested
    if isinstance(value, str) and rng.random() < 0.95:
        text = rng.choice(TEXTS)
        return text if rng.random() < 0.6 else value + text
    if isinstance(value, bool) and rng.random() < 0.7:
        return not value
    if isinstance(value, int) and rng.random() < 0.8:
        return rng.choice((rng.randint(0, 9), int(10 ** rng.uniform(0, 22)), -1, 0, 1, 10**400))
    if rng.random() < 0.4:
        return rng.choice(NUMBERS)
    if rng.random() < 0.5:
        return abs(rng.gauss(0, 1)) * 10 ** rng.uniform(-18, 19)
    return rng.uniform(-1, 1) * 10 ** rng.uniform(-320, 300)


def try_input(seed: int, index: int, html: float, folder: Path) -> Outcome:
    """Make input number *index* and give it to all readers."""
    rng = random.Random(f"{seed} {index}")
    valid, files = mutated(rng)
    drawn = rng.random() < html
    place = RunFolder(folder / "results" / "run")
    for name in FILES:
        if name in files:
            (place.path / name).write_bytes(files[name])
        else:
            (place.path / name).unlink(missing_ok=True)
    outcome = Outcome()
    began = time.monotonic()
    try:
        outcome.read, outcome.refused = 1, 0
        read(place, valid, drawn=drawn)
        outcome.drawn = int(drawn)
    except StoreError as error:
        outcome.read, outcome.refused = 0, 1
        told = str(error)
        reason = told.rpartition("damaged (")[2][:40]
        outcome.reasons[re.sub(r"[\d.]+", "N", reason)] += 1
        if len(told.splitlines()) != 1 or len(told) > 1000:
            outcome.failures[index] = f"no line: {told[:200]!r}"
    except Exception:  # noqa: BLE001 whatever it is, it is a finding
        outcome.failures[index] = traceback.format_exc(limit=-4)
    outcome.seconds = outcome.slowest = time.monotonic() - began
    if outcome.seconds > SLOW:
        outcome.failures[index] = f"took {outcome.seconds:.1f} s"
    if strange := _left(folder):
        outcome.failures[index] = f"wrote {strange}"
    return outcome


def read(place: RunFolder, valid: Run, *, drawn: bool) -> None:
    """Do with the run what every command does; StoreError where it is refused."""
    results = place.path.parent
    earlier_durations(results, valid.plan)
    run = place.load()
    latest_name(results)
    for reader in (*READERS, *(SLOW_READERS if drawn else ())):
        reader(run)
    for compare in (*PAIR_READERS, *(SLOW_PAIR_READERS if drawn else ())):
        compare(valid, run)
        compare(run, valid)
    again = RunFolder(results.parent / "again")
    again.save(run)  # it can be gone on with
    if run.proof:
        again.keep_proof(run.proof)
    if again.load() != run:
        raise Unfit("what is stored again is another run")


def _left(folder: Path) -> list[str]:
    """Return what is there and should not be."""
    known = {*FILES, "summary.csv", "run", "results", "again"}
    return [
        name for _, dirs, names in os.walk(folder) for name in (*dirs, *names) if name not in known
    ]


def fuzz(numbers: Iterable[int], seed: int, html: float) -> Outcome:
    """Try the inputs of these *numbers*; a share *html* of them is drawn as a report too."""
    whole = Outcome()
    memory = Path("/dev/shm")
    base = memory if os.access(memory, os.W_OK) else None
    waits = mock.patch("os.fsync")  # no disk needs to be waited for
    with waits, tempfile.TemporaryDirectory(dir=base) as name:
        for each in ("results/run", "again"):
            (Path(name) / each).mkdir(parents=True)
        for number in numbers:
            whole.add(try_input(seed, number, html, Path(name)))
    return whole


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def report(number: int, told: str, seed: int, keep: Path | None) -> None:
    """Say what went wrong with an input, and keep its files if that is wanted."""
    say(f"--- input {number} of seed {seed}\n{told}")
    if keep:
        for name, content in mutated(random.Random(f"{seed} {number}"))[1].items():
            path = keep / str(number) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def main() -> int:
    parser = argparse.ArgumentParser(description="Are damaged and hostile runs read or refused?")
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--html", type=float, default=0.01, help="share that is drawn as a report")
    parser.add_argument("--keep", type=Path, help="keep the inputs that failed in this folder")
    given = parser.parse_args()
    whole = Outcome()
    began = time.monotonic()
    last = given.first + given.inputs
    pieces = [range(at, min(at + 500, last)) for at in range(given.first, last, 500)]
    with ProcessPoolExecutor(given.jobs) as pool:
        for outcome in pool.map(partial(fuzz, seed=given.seed, html=given.html), pieces):
            whole.add(outcome)
            for number, told in outcome.failures.items():
                report(number, told, given.seed, given.keep)
            if (tried := whole.read + whole.refused) % 5000 == 0:
                say(f"{tried} tried, {len(whole.failures)} failed, {whole.drawn} drawn")
    say(
        f"{given.inputs} inputs of seed {given.seed}: {whole.read} read, {whole.refused} refused, "
        f"{whole.drawn} drawn, {len(whole.failures)} failed; {time.monotonic() - began:.0f} s, "
        f"the slowest input {whole.slowest:.2f} s"
    )
    for reason, count in whole.reasons.most_common(12):
        say(f"  {count:6} {reason!r}")
    return 1 if whole.failures else 0


if __name__ == "__main__":
    sys.exit(main())
