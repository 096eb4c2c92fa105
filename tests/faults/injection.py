"""Injection: faults that are done to a real run of the command line, and what became of it.

Each function of :data:`FAULTS` measures a small run in a folder of its own, does one thing to it in
the middle, and looks that it was answered in one line, that the groups before are as they were, and
that ``--resume`` makes the run whole. It returns what the user was told. Tests do each once,
``docs/experiments/faults.py`` many times.
"""

from __future__ import annotations

import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import harness
from harness.analysis.findings import run_findings
from harness.record import RunStatus
from harness.store import RunFolder, latest_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.record import GroupRecord, Run

__all__ = ["FAULTS", "NotPermittedError", "Place", "inject"]

PACKAGE = Path(harness.__file__).parent.parent
PATIENCE = 60.0  # seconds, for what takes a few; the machine may be busy
NAME = "mine"

SCENARIO = '''\
"""A scenario that waits in its second group, until it is told to go on."""

import asyncio
import os
from contextlib import asynccontextmanager

from beside import ANSWER
from harness import Scenario, main, sync_pattern


@asynccontextmanager
async def setup(params):
    if params.sync_ratio == 0.5 and not os.path.exists("waits"):
        os.mkdir("waits")
        while not os.path.exists("goes"):
            await asyncio.sleep(0.01)
    yield None


async def coroutine(state, request):
    if not request:
        await asyncio.sleep(0)
    return ANSWER


async def mine(state, request):
    if not request:
        await asyncio.sleep(0)
    return ANSWER


SCENARIO = Scenario(
    title="Waiting",
    setup=setup,
    requests=lambda state, params: sync_pattern(params),
    variants=(coroutine, mine),
    sweep={"sync_ratio": (1.0, 0.5, 0.0)},
)
'''
# The command line, with a preset of two short rounds.
PROGRAM = """\
import sys
from harness import cli
from harness.plan import PRESETS, Preset
PRESETS["quick"] = Preset("quick", 0.05, (2, 2), 2)
sys.exit(cli.main())
"""


class NotPermittedError(Exception):
    """This machine does not allow the fault to be injected; the text says why."""


@dataclass
class Answer:
    """What one command gave."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The one line in which it was refused."""
        assert self.code == 2, (self.code, self.err)
        return self.told("awaitbench: ")

    def told(self, begin: str) -> str:
        """Return the only line of standard error that begins so; no traceback is there."""
        assert "Traceback" not in self.err, self.err
        (line,) = [line for line in self.err.splitlines() if line.startswith(begin)]
        return line.removeprefix("awaitbench: ")


class Place:
    """A folder of its own, where the scenario is measured."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        (folder / "waiting.py").write_text(SCENARIO, encoding="utf-8")
        (folder / "beside.py").write_text("ANSWER = 1\n", encoding="utf-8")
        self.results = folder / "results"
        self.temporary = folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        self._mark = f"AWAITBENCH_FAULTS={folder}"
        self.environment = os.environ | {
            "PYTHONPATH": str(PACKAGE),
            "TMPDIR": str(self.temporary),
            "AWAITBENCH_FAULTS": str(folder),
        }

    @property
    def stored(self) -> RunFolder:
        return RunFolder(self.results / NAME)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command as a shell does: in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
            # A shell that starts tests in the background has them ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
        )

    def ask(self, *arguments: str) -> Answer:
        """Give a command and wait for its answer."""
        with self.start(*arguments) as process:
            return finished(process)

    @contextmanager
    def measuring(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        """Measure until the second group waits, the first one being stored."""
        asked = ("run", "waiting.py", "--only", "time", "--no-report", "--name", NAME, *options)
        with self.start(*asked) as process:
            until = time.monotonic() + PATIENCE
            while not (self.folder / "waits").exists():
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < until
                time.sleep(0.01)
            try:
                yield process
            finally:
                self.go()
                if process.poll() is None:
                    process.kill()

    def go(self) -> None:
        """Let the second group go on."""
        (self.folder / "goes").touch()

    def resume(self) -> Run:
        """Go on, and return the run, which is whole then."""
        answer = self.ask("run", "waiting.py", "--resume", NAME, "--no-report")
        assert answer.code == 0, answer.err
        run = self.stored.load()
        assert run.status is RunStatus.DONE
        assert [record.group for record in run.groups] == [*run.plan.groups]
        assert {record.status for record in run.groups} == {RunStatus.DONE}
        return run

    def wait_until_nothing_is_left(self) -> None:
        """Wait until all processes have ended, and their temporary files are gone."""
        until = time.monotonic() + PATIENCE
        while (left := [*self._processes(), *self.temporary.iterdir()]) != []:
            assert time.monotonic() < until, left
            time.sleep(0.02)

    def _processes(self) -> Iterator[str]:
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if self._mark.encode() in path.read_bytes().split(b"\0"):
                    yield path.parent.name

    def first(self) -> GroupRecord:
        """Return what was stored of the first group."""
        return self.stored.load().groups[0]


def finished(process: subprocess.Popen[str]) -> Answer:
    out, err = process.communicate(timeout=PATIENCE)
    return Answer(process.returncode, out, err)


def interrupt(place: Place) -> str:
    """Press Ctrl-C."""
    with place.measuring() as process:
        before = place.first()
        os.killpg(process.pid, signal.SIGINT)
        answer = finished(process)
    assert answer.code == 130
    told = answer.told("interrupted: ")
    command = shlex.split(told.partition("go on with: awaitbench ")[2])
    again = place.ask(*command, "--no-report")
    assert again.code == 0, again.err
    run = place.stored.load()
    assert run.groups[0] == before
    assert any("was interrupted, and gone on with" in each.message for each in run_findings(run))
    return told


def kill(place: Place) -> str:
    """Kill the process that measures, its children being left behind."""
    with place.measuring() as process:
        before = place.first()
        process.kill()
        process.wait()
        place.wait_until_nothing_is_left()
    assert place.stored.load().status is RunStatus.RUNNING
    run = place.resume()
    assert run.groups[0] == before
    assert len(run.resumed) == 1
    return "nothing: it was killed; its children ended, their files are gone"


def lock(place: Place) -> str:
    """Go on with a run that another process is measuring; read it meanwhile."""
    with place.measuring() as process:
        before = place.first()
        refused = place.ask("run", "waiting.py", "--resume", NAME, "--no-report")
        shown = place.ask("show", NAME)
        drawn = place.ask("report", NAME)
        assert (shown.code, drawn.code) == (0, 0), (shown.err, drawn.err)
        place.go()
        assert finished(process).code == 0
    run = place.stored.load()
    assert (run.status, run.groups[0]) == (RunStatus.DONE, before)
    assert run.resumed == ()
    assert {path.name for path in place.stored.path.iterdir()} == _FILES
    return refused.line


_FILES = {"run.json", "timing.json", "allocations.json", "summary.csv"}


def changed_source(place: Place) -> str:
    """Change a file that the scenario imports, then go on."""
    with place.measuring() as process:
        process.kill()
        process.wait()
    before = place.first()
    beside = place.folder / "beside.py"
    beside.write_text("ANSWER = 2\n", encoding="utf-8")
    refused = place.ask("run", "waiting.py", "--resume", NAME, "--no-report")
    assert "(beside.py)" in refused.line
    beside.write_text("ANSWER = 1\n", encoding="utf-8")
    assert place.resume().groups[0] == before
    return refused.line


def vanished(place: Place) -> str:
    """Remove the folder of all results while the second group is measured."""
    with place.measuring() as process:
        before = place.first()
        shutil.rmtree(place.results)
        place.go()
        answer = finished(process)
    assert answer.code == 0, answer.err
    run = place.stored.load()
    assert run.groups[0] == before
    assert len(run.groups) == 3
    (told,) = [each.message for each in run.findings if "disappeared" in each.message]
    assert "disappeared" in answer.out
    assert {path.name for path in place.stored.path.iterdir()} == _FILES
    return told


def file_size(place: Place) -> str:
    """Limit the size of files, as a quota does, while the second group is measured."""
    if not hasattr(resource, "prlimit"):
        raise NotPermittedError("only Linux limits the files of another process")
    with place.measuring() as process:
        before = place.first()
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
        place.go()
        answer = finished(process)
    assert "cannot be written (File too large)" in answer.line
    assert f"go on with: awaitbench run waiting.py --resume {NAME}" in answer.line
    assert place.first() == before
    assert place.resume().groups[0] == before
    return answer.line


@contextmanager
def _small_disk(place: Place) -> Iterator[Path]:
    """Mount a file system of 256 KiB where the results go."""
    place.results.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place.results)]
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        raise NotPermittedError("only root on Linux mounts a small file system")
    if subprocess.run(options, capture_output=True, check=False).returncode:
        raise NotPermittedError("this machine does not let root mount a file system")
    try:
        yield place.results
    finally:
        subprocess.run(["umount", "-l", str(place.results)], check=True)


def full_disk(place: Place) -> str:
    """Fill the disk while the second group is measured; make room, then go on."""
    with _small_disk(place) as disk:
        with place.measuring() as process:
            before = place.first()
            _fill(disk / "other")
            place.go()
            answer = finished(process)
        assert "cannot be written (No space left on device)" in answer.line
        assert place.first() == before
        assert {path.name for path in place.stored.path.iterdir()} == _FILES
        (disk / "other").unlink()
        assert place.resume().groups[0] == before
    return answer.line


def full_from_the_start(place: Place) -> str:
    """Begin a run on a disk that is full: its name is free again afterwards."""
    place.go()
    with _small_disk(place) as disk:
        _fill(disk / "other")
        asked = ("run", "waiting.py", "--only", "time", "--no-report", "--name", NAME)
        answer = place.ask(*asked)
        told = answer.line
        assert [path.name for path in disk.iterdir()] == ["other"]
        (disk / "other").unlink()
        assert place.ask(*asked).code == 0
    return told


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def read_only(place: Place) -> str:
    """Make the file system read-only while the second group is measured."""
    with _small_disk(place) as disk:
        remount = ["mount", "-o", "remount,{}", str(disk)]
        with place.measuring() as process:
            before = place.first()
            subprocess.run([word.format("ro") for word in remount], check=True)
            place.go()
            answer = finished(process)
        assert "(Read-only file system)" in answer.line
        assert place.first() == before
        subprocess.run([word.format("rw") for word in remount], check=True)
        assert place.resume().groups[0] == before
    return answer.line


CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long jump(void) {
    static unsigned long calls;
    long by = atol(getenv("CLOCK_JUMPS"));
    return calls++ % 2 ? by : -by;
}
int clock_gettime(clockid_t clock, struct timespec *told) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real(clock, told);
    if (clock == CLOCK_REALTIME) told->tv_sec += jump();
    return answer;
}
int gettimeofday(struct timeval *told, void *zone) {
    struct timespec now;
    int answer = clock_gettime(CLOCK_REALTIME, &now);
    told->tv_sec = now.tv_sec;
    told->tv_usec = now.tv_nsec / 1000;
    return answer;
}
time_t time(time_t *told) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (told) *told = now.tv_sec;
    return now.tv_sec;
}
"""
YEAR = 365 * 86400


def clock(place: Place) -> str:
    """Have the clock jump by a year, back and forth, at each look, in all processes."""
    library = _clock_library(place.folder)
    honest = dict(place.environment)
    place.environment |= {"LD_PRELOAD": str(library), "CLOCK_JUMPS": str(YEAR)}
    looked = [sys.executable, "-c", "import time; print(time.time() - time.time())"]
    told = subprocess.run(looked, env=place.environment, capture_output=True, text=True, check=True)
    if abs(float(told.stdout)) < YEAR:
        raise NotPermittedError("this interpreter asks for the time in a way that is not seen")
    with place.measuring() as process:
        before = place.first()
        place.go()
        began = time.monotonic()
        answer = finished(process)
        most = time.monotonic() - began
    assert answer.code == 0, answer.err
    run = place.stored.load()
    assert run.groups[0] == before
    for record in run.groups:
        assert 0 < record.duration < most + PATIENCE
        for timing in record.timings.values():
            for metadata in timing.metadata.values():
                assert 0 < float(metadata["duration"]) < PATIENCE
    place.environment = honest
    assert latest_name(place.results) == NAME
    for command in (("show", "latest"), ("report", "latest"), ("show", NAME, "--format", "json")):
        assert place.ask(*command).code == 0
    return f"nothing: started {run.started[:4]}, ended {(run.ended or '')[:4]}, durations are right"


def _clock_library(folder: Path) -> Path:
    source, library = folder / "clock.c", folder / "clock.so"
    source.write_text(CLOCK, encoding="utf-8")
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")[0]
    words = [compiler, "-shared", "-fPIC", "-O1", str(source), "-o", str(library), "-ldl"]
    try:
        subprocess.run(words, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise NotPermittedError("no C compiler that makes a library to be preloaded") from None
    if sys.platform != "linux":
        raise NotPermittedError("only Linux preloads libraries by LD_PRELOAD")
    return library


def killed_child(place: Place) -> str:
    """Kill the child that verifies, as the system does when memory runs out."""
    with place.measuring() as process:
        before = place.first()
        for child in _descendants(process.pid):
            if _is_worker(child):
                os.kill(child, signal.SIGKILL)
        place.go()
        answer = finished(process)
    assert answer.code == 1, answer.err
    run = place.stored.load()
    assert run.groups[0] == before
    assert [record.status for record in run.groups] == [
        *(RunStatus.DONE, RunStatus.FAILED, RunStatus.DONE)
    ]
    assert place.resume().groups[0] == before
    error = run.groups[1].error or ""
    assert "its process died during 'verify'" in error
    return error


def _descendants(pid: int) -> list[int]:
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split():
        found += [int(child), *_descendants(int(child))]
    return found


def _is_worker(pid: int) -> bool:
    """Tell a forked worker from the interpreter that forks it: that is its group's leader."""
    return os.getpgid(pid) != pid and os.getsid(pid) != pid


FAULTS: dict[str, Callable[[Place], str]] = {
    "Ctrl-C": interrupt,
    "SIGKILL of the process that measures": kill,
    "a second process in the same run": lock,
    "resumed with changed code": changed_source,
    "the results disappear": vanished,
    "a limit on file size": file_size,
    "the disk gets full": full_disk,
    "the disk is full from the start": full_from_the_start,
    "the disk becomes read-only": read_only,
    "the clock jumps by a year at each look": clock,
    "a child is killed by another": killed_child,
}


def inject(fault: str, place: Place) -> str:
    """Do that fault to a run in *place*, and return what the user was told.

    AssertionError where something of it was lost, or is left behind; NotPermittedError where this
    machine does not allow it.
    """
    told = FAULTS[fault](place)
    place.wait_until_nothing_is_left()
    return told
