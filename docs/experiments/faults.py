"""Faults: what becomes of a run when something goes wrong, injected many times each.

``python docs/experiments/faults.py [--json FILE] [--tries 20] [--only KIND] [--fault TEXT]``

``runs``: a real run of the command line, in the middle of which something is done to it, its folder
or its disk. ``children``: a group whose one variant misbehaves. ``inputs``: a stored run that
somebody damaged, or made to harm. Survived is what was answered in one line, left everything that
was measured as it was, and could be gone on with. Exits 1 where anything was not.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from harness import cli  # noqa: E402 found by the line above
from harness.errors import AwaitbenchError  # noqa: E402
from harness.measure.crew import Interpreter  # noqa: E402
from harness.measure.group import measure_group  # noqa: E402
from harness.plan import Group, Plan, Preset, Runtime  # noqa: E402
from harness.record import RunStatus  # noqa: E402
from harness.store import RunFolder  # noqa: E402
from tests.conftest import _SCENARIO  # noqa: E402
from tests.faults.injection import FAULTS, NotPermittedError, Place, inject  # noqa: E402
from tests.runs import make_run  # noqa: E402
from tests.test_hostile import CHANGES, FILES, KINDS  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.record import GroupRecord


@dataclass
class Row:
    """One fault: how often it was injected, what survived, and what the user was told, once.

    *lost* counts groups that were measured before, and were not there afterwards as they were.
    """

    kind: str
    fault: str
    tries: int = 0
    survived: int = 0
    lost: int = 0
    said: str = ""


def runs(tries: int, named: str) -> Iterator[Row]:
    """Do each fault to whole runs."""
    for fault in FAULTS:
        if named not in fault:
            continue
        row = Row("runs", fault)
        for _ in range(tries):
            with tempfile.TemporaryDirectory() as name:
                place = Place(Path(name) / "place")
                try:
                    said = inject(fault, place)
                    # What a try before did not survive is not talked over.
                    row.said = said if row.survived == row.tries else row.said
                except NotPermittedError as error:
                    row.said = f"skipped: {error}"
                    break
                except (AssertionError, AwaitbenchError, OSError, ValueError) as error:
                    row.said = f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
                    row.lost += not _first_is_there(place)
                else:
                    row.survived += 1
                row.tries += 1
        yield row


def _first_is_there(place: Place) -> bool:
    with contextlib.suppress(AwaitbenchError, IndexError):
        return place.first().status is RunStatus.DONE
    return False


# What the variant does, and the instrument under which it does so.
CHILDREN = {
    "raises": ("raise KeyError('row')", "time"),
    "exits": ("os._exit(3)", "time"),
    "is killed (SIGKILL)": ("os.kill(os.getpid(), 9)", "time"),
    "crashes (SIGSEGV)": ("os.kill(os.getpid(), 11)", "time"),
    "crashes while it is counted": ("os.kill(os.getpid(), 11)", "allocations"),
    "runs out of memory": (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1, 1)); bytearray(1 << 30)",
        "time",
    ),
    "hangs": ("await asyncio.Event().wait()", "time"),
    "hangs in a loop": ("while True: pass", "time"),
    "hangs while it is counted": ("await asyncio.Event().wait()", "allocations"),
    "floods standard output, and hangs": ("while True: os.write(1, b'x' * 65536)", "time"),
    "floods the channel": (
        "while True:\n"
        "        for number in range(3, 64):\n"
        "            try: os.write(number, b'x' * 999)\n"
        "            except OSError: pass",
        "time",
    ),
    "closes its pipes": ("os.closerange(3, 256)", "time"),
    "closes its pipes while it is counted": ("os.closerange(0, 256)", "allocations"),
}
LEFT = {
    "leaves threads": "import threading; threading.Thread(target=threading.Event().wait).start()",
    "leaves tasks": "asyncio.ensure_future(asyncio.sleep(1000))",
    "leaves processes": "import subprocess; subprocess.Popen(['sleep', '1000'])",
}
STAGES = {"time": "behind_gate", "allocations": "count_allocations"}
PATIENCE = 5.0  # seconds


def children(tries: int, named: str) -> Iterator[Row]:
    """Have one variant of a group misbehave; the others have to be measured all the same."""
    for fault, (does, instrument) in CHILDREN.items():
        if named not in fault:
            continue
        row = Row("children", fault)
        statements = {"mine": f"if not within({STAGES[instrument]!r}): return request\n    {does}"}
        for _ in range(tries):
            record = _measured(statements, instrument)
            reason = record.failures.get("mine", record.error or "")
            measured = record.timings if instrument == "time" else record.allocations
            fine = {"coroutine", "task"} <= measured.keys() and record.failures.keys() == {"mine"}
            row.tries += 1
            row.survived += fine and len(reason.splitlines()) == 1
            row.lost += not fine
            row.said = reason
        yield row
    for fault, does in LEFT.items():
        if named not in fault:
            continue
        row = Row("children", fault, said="nothing: it is measured")
        for _ in range(tries):
            record = _measured({"setup": does, "teardown": does}, "time")
            row.tries += 1
            row.survived += record.status is RunStatus.DONE
            row.lost += record.status is not RunStatus.DONE
        yield row


def _measured(statements: dict[str, str], instrument: str) -> GroupRecord:
    nothing = {"setup": "pass", "teardown": "pass", "mine": "pass", "end": ""}
    variants = ("coroutine", "task", "mine")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.py"
        path.write_text(_SCENARIO.format(**{**nothing, **statements}), encoding="utf-8")
        runtime = Runtime(platform.python_version())
        group = Group("sample", (("sync_ratio", 1.0), ("size", 64)), variants, runtime)
        preset = Preset("tiny", 0.05, (2, 2), 2)
        plan = Plan((group,), "coroutine", preset, seed=0, instruments=(instrument,))
        interpreter = Interpreter(sources={"sample": str(path)}, patience=PATIENCE)
        return measure_group(group, plan, interpreter, lambda *_: None)


def inputs(tries: int, named: str) -> Iterator[Row]:
    """Open what somebody else made; another run beside it has to be as it was."""
    harms = {f"{kind.__doc__} in place of a file": _put(kind) for kind in KINDS}
    harms |= {f"{name} in run.json": _changed(change) for name, change in CHANGES.items()}
    for fault, harm in harms.items():
        if named in fault:
            yield _opened(fault, tries, harm)


def _put(kind: Callable[[Path], None]) -> Callable[[Path, int], None]:
    def put(folder: Path, number: int) -> None:
        path = folder / FILES[number % len(FILES)]
        path.unlink()
        here = Path.cwd()
        kind(path)
        os.chdir(here)

    return put


def _changed(change: Callable[[object], None]) -> Callable[[Path, int], None]:
    def changed(folder: Path, _: int) -> None:
        content = json.loads((folder / "run.json").read_bytes())
        change(content)
        (folder / "run.json").write_text(json.dumps(content), encoding="utf-8")

    return changed


def _opened(fault: str, tries: int, harm: Callable[[Path, int], None]) -> Row:
    row = Row("inputs", fault)
    for number in range(tries):
        with tempfile.TemporaryDirectory() as name:
            results, reports = Path(name) / "results", Path(name) / "reports"
            kept, harmed = RunFolder.create(results, "kept"), RunFolder.create(results, "harmed")
            whole = make_run(name="kept", rounds=2)
            kept.save(whole)
            harmed.save(make_run(name="harmed", rounds=2))
            harm(harmed.path, number)
            to_report = ("report", "--reports", str(reports))
            command = (("show",), ("show", "--format", "csv"), to_report)[number % 3]
            said = io.StringIO()
            with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
                code = cli.main([*command, "harmed", "--results", str(results)])
            line = said.getvalue()
            row.tries += 1
            row.survived += code == 2 and line[:-1].isprintable() and not reports.exists()
            row.lost += kept.load() != whole
            row.said = line.strip().removeprefix("awaitbench: ").replace(f"{name}/", "")
    return row


KINDS_OF_FAULTS = {"runs": runs, "children": children, "inputs": inputs}


def main() -> int:
    parser = argparse.ArgumentParser(description="What becomes of a run when something goes wrong?")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    parser.add_argument("--tries", type=int, default=20, help="how often each is injected")
    parser.add_argument("--only", choices=KINDS_OF_FAULTS, help="only faults of this kind")
    parser.add_argument("--fault", default="", metavar="TEXT", help="only those named so")
    given = parser.parse_args()
    rows: list[Row] = []
    for kind in [given.only] if given.only else KINDS_OF_FAULTS:
        for row in KINDS_OF_FAULTS[kind](given.tries, given.fault):
            rows.append(row)
            print(
                f"{row.kind:9} {row.fault:42} {row.survived:4} of {row.tries:3}, "
                f"{row.lost} lost  {row.said[:150]}",
                flush=True,
            )
            if given.json:  # what was tried so far is kept
                told = [asdict(each) for each in rows]
                given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    failed = [row for row in rows if row.survived < row.tries or row.lost]
    print(
        f"{sum(row.tries for row in rows)} faults injected, {sum(row.survived for row in rows)} "
        f"survived, {sum(row.lost for row in rows)} groups lost"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
