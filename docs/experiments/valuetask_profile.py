"""Where the instructions go in what ValueTask's goals are about, written into the page.

    python docs/experiments/valuetask_profile.py [PYTHON ...]

Needs valgrind, and for each interpreter an environment with awaitbench and its native ValueTask.
The cases are those of the timings, in ``valuetask_cases.py``. Each runs under callgrind at two
lengths, without garbage collection and always with the same hash seed: the difference is what
the operations take, without the interpreter's start, and the empty loop's is subtracted. An
instruction is no measure of time, but counts repeat on a machine whose clock does not, and say
in which function they were executed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import valuetask
import valuetask_page

from harness.valuetask.body import Suspended

if TYPE_CHECKING:
    from collections.abc import Iterable

INTERPRETER = "the interpreter: "
LOOP = INTERPRETER + "its evaluation loop"
EXTENSION = "the extension's own code"
OTHER = INTERPRETER + "all else, such as making and dropping objects"
FUNCTIONS = {
    LOOP: ("_PyEval_EvalFrameDefault",),
    INTERPRETER + "finding what to await, and asking it": (
        "_PyCoro_GetAwaitableIter",
        "_PyGen_yf",
        "PyIter_Check",
        "PyIter_Send",
    ),
    INTERPRETER + "entering the loop from C": (
        "_Py_CheckFunctionResult",
        "_PyEvalFramePushAndInit",
        "_PyEval_Vector",
        "_PyFunction_Vectorcall",
        "_PyThreadState_PushFrame",
        "gen_send_ex2",
        "initialize_locals",
        "PyGen_am_send",
        "PyObject_Vectorcall",
    ),
    INTERPRETER + "a `StopIteration`, raised and caught": (
        "_PyErr_ExceptionMatches",
        "_PyEval_MonitorRaise",
        "_PyGen_FetchStopIterationValue",
        "PyErr_ExceptionMatches",
        "PyErr_GetRaisedException",
        "PyErr_GivenExceptionMatches",
        "PyErr_SetRaisedException",
        "PyType_IsSubtype",
    ),
}
PART_OF = {function: part for part, names in FUNCTIONS.items() for function in names}
PARTS = (*FUNCTIONS, OTHER, EXTENSION)

UNWARNED = "python.suspended without its __del__"
SEVERAL = (
    "asyncio_gather_usually",
    "asyncio_gather_waiting",
    "python.gathered",
    "python.gathered_usually",
    "native.gathered",
    "native.gathered_usually",
)
CASES = (
    "nothing",
    "coroutine",
    "native.constant",
    "native.body",
    "python.body",
    "suspended_coroutine",
    "suspended_bare",
    "python.suspended",
    UNWARNED,
    *SEVERAL,
)
DONE = 0.9  # of the bodies of `gathered_usually`: they return at once
HASH_SEED = "0"


@dataclass(frozen=True)
class Profile:
    """The instructions of one operation, without the loop around it, by where they are."""

    parts: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.parts.values())


Profiles = dict[str, Profile]


# Counting.


def drive(name: str, length: int) -> None:
    """Run the case so called: what callgrind looks at."""
    if name == UNWARNED:
        del Suspended.__del__
        name = "python.suspended"
    gc.disable()
    asyncio.run(valuetask.timed(valuetask.Cases()[name], repeat(None, length)))


def profile_all(python: str) -> Profiles:
    """Return the profile of every case on the interpreter *python*."""
    _run([python], "nothing", 1)  # it compiles, and keeps, what it imports
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        several = pool.map(lambda name: _per_operation(python, name), CASES)
        counted = dict(zip(CASES, several, strict=True))
    if not counted["nothing"][LOOP]:
        raise SystemExit(f"{python} has no symbols: its functions are not to be told apart")
    return {
        name: Profile({part: counts[part] - counted["nothing"][part] for part in PARTS})
        for name, counts in counted.items()
    }


def _per_operation(python: str, name: str) -> dict[str, float]:
    short, long = (20, 80) if name in SEVERAL else (1_000, 4_000)
    few, many = (_count(python, name, length) for length in (short, long))
    return {part: (many[part] - few[part]) / (long - short) for part in PARTS}


def _count(python: str, name: str, length: int) -> Counter[str]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind.out"
        _run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", python], name, length)
        return count_parts(out.read_text(encoding="utf-8", errors="replace").splitlines())


def _run(words: list[str], name: str, length: int) -> None:
    subprocess.run(
        [*words, __file__, "--drive", name, str(length)],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": HASH_SEED},
    )


_NAMES = re.compile(r"(c?)(fn|ob)=\((\d+)\)(?: (.*))?")
_COST = re.compile(r"[+\-*\d]\S* (\d+)")


def count_parts(lines: Iterable[str]) -> Counter[str]:
    """Return the instructions of each part in the *lines* of a file of callgrind's.

    Its format: a name is spelled once and then a number; costs follow the function that they
    are of; the line after ``calls=`` has the cost of a callee, which is counted there.
    """
    spelled: dict[tuple[str, str], str] = {}
    current = {"ob": "", "fn": ""}
    counts: Counter[str] = Counter()
    after_call = False
    for line in lines:
        if named := _NAMES.fullmatch(line):
            callee, kind, number, name = named.groups()
            if name is not None:
                spelled[kind, number] = name
            if not callee:
                current[kind] = spelled[kind, number]
        elif line.startswith("calls="):
            after_call = True
        elif cost := _COST.fullmatch(line):
            if not after_call:
                counts[part_of(current["ob"], current["fn"])] += int(cost[1])
            after_call = False
    return counts


def part_of(library: str, function: str) -> str:
    """Return the part that *function* of *library* belongs to; a recursive one ends in ``'2``."""
    if Path(library).name.startswith("_native."):
        return EXTENSION
    return PART_OF.get(function.partition("'")[0], OTHER)


# Showing.


def sections(found: dict[str, Profiles]) -> dict[str, list[str]]:
    """Return the page's tables by the name in their markers; *found* is by version."""
    bodies = {f"{python}: {name}": (python, name) for python in found for name in NATIVE_CASES}
    return {
        "profile-native": _table(
            {
                head: _native(found[python][NATIVE_CASES[name]], found[python]["coroutine"])
                for head, (python, name) in bodies.items()
            }
        ),
        "profile-suspended": _table({python: _suspended(one) for python, one in found.items()}),
        "profile-gather": _table(
            {
                f"{word}, {python}": _gather(one, name)
                for name, word in valuetask_page.IMPLEMENTATIONS.items()
                for python, one in found.items()
            }
        ),
    }


NATIVE_CASES = {
    "coroutine": "coroutine",
    '`ValueTask("answer")`': "native.constant",
    "body": "native.body",
}


def _native(profile: Profile, coroutine: Profile) -> dict[str, str]:
    """Return a column: where one operation has its instructions, beside *coroutine*'s."""
    without = profile.total - profile.parts[EXTENSION]
    return {
        **{part: _whole(profile.parts[part]) for part in PARTS},
        "sum": _whole(profile.total),
        "sum / the coroutine's": _ratio(profile.total, coroutine.total),
        "the same, if the extension's own code took nothing": _ratio(without, coroutine.total),
    }


def _suspended(of: Profiles) -> dict[str, str]:
    """Return a column: what each step of a suspended body adds to the coroutine."""
    coroutine, bare = of["suspended_coroutine"].total, of["suspended_bare"].total
    unwarned, whole = of[UNWARNED].total, of["python.suspended"].total
    call = of["python.body"].total - of["coroutine"].total
    return {
        "the coroutine, and the loop's turn": _whole(coroutine),
        "the call: what it adds to a body that returns at once": _whole(call),
        "the rest as an object that is awaited, without a rule": _whole(bare - coroutine - call),
        "the rule that one which is dropped warns": _whole(whole - unwarned),
        "the other rules": _whole(unwarned - bare),
        "sum": _whole(whole),
        "sum / the coroutine's": _ratio(whole, coroutine),
        "the same without the rules": _ratio(bare, coroutine),
    }


def _gather(of: Profiles, implementation: str) -> dict[str, str]:
    """Return a column: what each part of ``gather`` takes, beside ``asyncio.gather``'s."""
    asyncios, waiting = of["asyncio_gather_usually"].total, of["asyncio_gather_waiting"].total
    done = of[f"{implementation}.gathered"].total * DONE
    whole = of[f"{implementation}.gathered_usually"].total
    return {
        "those that return at once": _whole(done),
        "the others alone, as coroutines, by `asyncio.gather`": _whole(waiting),
        "what the others take besides": _whole(whole - done - waiting),
        "sum": _whole(whole),
        "sum / `asyncio.gather`'s for all": _ratio(whole, asyncios),
        "the same, if the others took nothing besides": _ratio(done + waiting, asyncios),
    }


def _whole(instructions: float) -> str:
    return f"{instructions:,.0f}"


def _ratio(instructions: float, base: float) -> str:
    return f"{instructions / base:.2f}"


def _table(columns: dict[str, dict[str, str]]) -> list[str]:
    """Return the lines of a table of *columns*, each by its head, which have the same rows."""
    rows = next(iter(columns.values()))
    return [
        f"| instructions | {' | '.join(columns)} |",
        f"|---|{'--:|' * len(columns)}",
        *(f"| {row} | {' | '.join(each[row] for each in columns.values())} |" for row in rows),
    ]


def write(pythons: list[str]) -> None:
    """Profile each of *pythons*, and put the tables into the page."""
    if not shutil.which("valgrind"):
        raise SystemExit("it counts with valgrind, which is not installed: apt install valgrind")
    found = {_version(python): profile_all(python) for python in pythons}
    for name, lines in sections(found).items():
        valuetask_page.put(name, lines)
        print("\n".join(lines), flush=True)


def _version(python: str) -> str:
    told = [python, "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(told, check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drive", nargs=2, metavar=("CASE", "LENGTH"), help=argparse.SUPPRESS)
    parser.add_argument("pythons", nargs="*", help="interpreters (default: this one)")
    given = parser.parse_args()
    if given.drive:
        drive(given.drive[0], int(given.drive[1]))
    else:
        write(given.pythons or [sys.executable])


if __name__ == "__main__":
    main()
