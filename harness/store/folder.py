"""A run's folder: created once, every file replaced atomically, ``run.json`` last."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from harness.errors import StoreError
from harness.record import RunStatus
from harness.store.convert import plan_of, proof_file, proof_of_file, run_from_files
from harness.store.encoding import Encoder
from harness.store.lock import FolderLock
from harness.store.reading import read_file
from harness.store.sane import NAME, check_duration
from harness.store.schema import SCHEMA, AllocationsFile, Header, LinesFile, ProofFile, RunFile
from harness.store.timing import decode_timings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.plan import Group, Plan
    from harness.record import Proof, Run

__all__ = [
    "RunFolder",
    "check_name",
    "earlier_durations",
    "find_run",
    "latest_name",
    "stored_plans",
]

LATEST = "latest"
_LOOKED_AT = 10  # runs, for what a group takes
# What is written first.
_BEFORE_RUN = ("timing.json", "allocations.json", "lines.json", "summary.csv")
_LONGEST_REASON = 300
_TO_DO = "give another folder with --results, or make room"

Struct = TypeVar("Struct")


class RunFolder:
    """``results/<run>/``: what a run measured, and the only place where it is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._encoder = Encoder()
        self._lock = FolderLock(path)
        self._locked = False

    @classmethod
    def create(cls, results: Path, name: str) -> RunFolder:
        """Make the folder of a new run; StoreError if there is one or it cannot be made."""
        path = results / check_name(name)
        try:
            results.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise StoreError(f"{results}: is not a folder; {_TO_DO}") from None
        except OSError as error:
            raise StoreError(f"{results}: cannot be made ({error.strerror}); {_TO_DO}") from error
        try:
            path.mkdir()
        except FileExistsError:
            to_do = "choose another --name"
            if (path / "run.json").is_file():
                to_do += f", or go on with --resume {name}"
            raise StoreError(f"{path}: there is a run of this name already; {to_do}") from None
        except OSError as error:
            raise StoreError(f"{path}: cannot be made ({error.strerror}); {_TO_DO}") from error
        return cls(path)

    @contextmanager
    def locked(self) -> Iterator[RunFolder]:
        """Keep every other process from measuring this run; StoreError where one does.

        Reading stays possible. A folder in which nothing could be stored is gone afterwards.
        """
        try:
            self._lock.acquire()
        except StoreError:
            with suppress(OSError):
                self.path.rmdir()
            raise
        self._locked = True
        try:
            yield self
        finally:
            self._locked = False
            self._remove_what_is_no_run()
            self._lock.release()
            with suppress(OSError):
                self.path.rmdir()

    def is_missing(self) -> bool:
        """Tell whether the folder is there no more."""
        return not self.path.is_dir()

    def save(self, run: Run) -> None:
        """Write everything of *run*; StoreError when the folder cannot be written.

        Each file is replaced whole. ``run.json`` is last: it says what the others hold. A folder
        that has gone is made again: all that was measured so far is in *run*.
        """
        if self.is_missing() or (self._locked and self._lock.is_lost):
            self._make_again(run)
        empty = []
        for name, content in self._encoder.files(run):
            if content is None:
                empty.append(name)
            else:
                self._write(name, content)
        for name in empty:
            # What a group that is measured again had: nothing in run.json speaks of it any more.
            with suppress(OSError):
                (self.path / name).unlink(missing_ok=True)

    def load(self) -> Run:
        """Read the run; StoreError if it is missing, damaged or of a newer schema."""
        stored = self._read("run.json", RunFile)
        counted = self._read("allocations.json", AllocationsFile)
        try:
            timings = decode_timings(read_file(self.path / "timing.json"))
        except FileNotFoundError:
            timings = {}
        except OSError as error:
            raise self._unreadable("timing.json", error) from error
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise self._damaged("timing.json", error) from error
        lines = self._read("lines.json", LinesFile) if self._has("lines.json") else None
        try:
            run = run_from_files(stored, counted, timings, lines)
        except (ValueError, OverflowError) as error:
            raise self._damaged("run.json", error) from error
        return replace(run, proof=self._proof())

    def plan(self) -> Plan:
        """Read what the run planned, and nothing else; StoreError as in :meth:`load`."""
        try:
            return plan_of(self._read("run.json", RunFile))
        except (ValueError, OverflowError) as error:
            raise self._damaged("run.json", error) from error

    def _proof(self) -> Proof | None:
        """Return what is kept beside the run of what its machine can tell apart, if anything."""
        if not self._has("proof.json"):
            return None
        try:
            return proof_of_file(self._read("proof.json", ProofFile))
        except ValueError as error:
            raise self._damaged("proof.json", error) from error

    def _has(self, name: str) -> bool:
        return (self.path / name).exists()

    def keep_proof(self, proof: Proof) -> None:
        """Write *proof* beside the run; StoreError when the folder cannot be written."""
        self._write(
            "proof.json",
            msgspec.json.format(msgspec.json.encode(proof_file(proof)), indent=1) + b"\n",
        )

    def _make_again(self, run: Run) -> None:
        """Make the folder where there is none; StoreError where it is another run's by now."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.path}: cannot be made again ({error.strerror}); {_TO_DO}"
            ) from error
        if self._locked:
            self._lock.acquire()
        if _when_started(self.path) not in {None, run.started}:
            raise StoreError(
                f"{self.path}: another run has taken this folder meanwhile, and is not "
                "overwritten; move it away"
            )

    def _remove_what_is_no_run(self) -> None:
        """Leave no folder that takes a name and holds no run, say on a disk that is full."""
        with suppress(OSError):
            if not (self._lock.is_lost or (self.path / "run.json").exists()):
                for name in _BEFORE_RUN:
                    (self.path / name).unlink(missing_ok=True)

    def _write(self, name: str, content: bytes) -> None:
        temporary = ""
        try:
            with tempfile.NamedTemporaryFile(
                dir=self.path, prefix=f".{name}-", delete=False
            ) as file:
                temporary = file.name
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(self.path / name)
        except BaseException as error:  # Ctrl-C leaves no half-written file behind either
            if temporary:
                with suppress(OSError):
                    Path(temporary).unlink()
            if not isinstance(error, OSError):
                raise
            raise StoreError(
                f"{self.path / name}: cannot be written ({error.strerror or error}); {_TO_DO}"
            ) from error

    def _read(self, name: str, kind: type[Struct]) -> Struct:
        path = self.path / name
        try:
            content = read_file(path)
        except FileNotFoundError:
            raise StoreError(f"{self.path}: not a run: it has no {name}") from None
        except OSError as error:
            raise self._unreadable(name, error) from error
        try:
            header = msgspec.json.decode(content, type=Header)
            if header.schema < 1:
                raise self._damaged(name, ValueError(f"schema {header.schema}"))
            if header.schema > SCHEMA:
                raise StoreError(
                    f"{path}: written by a newer awaitbench (schema {header.schema}, this one "
                    f"reads up to {SCHEMA}); upgrade awaitbench"
                )
            return msgspec.json.decode(content, type=kind)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise self._damaged(name, error) from error

    def _unreadable(self, name: str, error: OSError) -> StoreError:
        return StoreError(
            f"{self.path / name}: cannot be read ({error.strerror}); restore it, or measure again"
        )

    def _damaged(self, name: str, error: Exception) -> StoreError:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:_LONGEST_REASON]
        return StoreError(f"{self.path / name}: damaged ({reason}); restore it, or measure again")


def check_name(name: str) -> str:
    """Return *name* if a run may be called so; StoreError otherwise."""
    if name == LATEST or not NAME.fullmatch(name):
        raise StoreError(
            f"run name {name!r}: expected letters, digits, '.', '_', '+' or '-' (at most 100, "
            f"a letter or digit first) and not {LATEST!r}"
        )
    return name


def find_run(results: Path, name: str) -> RunFolder:
    """Return the folder that *name* means: a name under *results*, a path, or ``latest``."""
    if name == LATEST:
        return RunFolder(results / latest_name(results))
    for path in (results / name, Path(name)):
        with suppress(OSError):  # a name that is too long, a folder that may not be entered
            if (path / "run.json").is_file():
                return RunFolder(path)
    raise StoreError(_not_found(results, name))


def earlier_durations(results: Path, plan: Plan) -> dict[Group, float]:
    """Return the seconds that groups took in the newest runs under *results*, as exactly.

    A run that cannot be read, or that measured another way, says nothing.
    """
    started = _started(results)
    found: dict[Group, float] = {}
    for name in _by_age(started)[-_LOOKED_AT:]:
        with suppress(StoreError, ValueError, OverflowError):
            stored = RunFolder(results / name)._read("run.json", RunFile)
            measured = plan_of(stored)
            # On other runtimes as well, or on fewer, values last longer or shorter.
            alike = measured.preset == plan.preset and measured.instruments == plan.instruments
            if alike and {*measured.runtimes} == {*plan.runtimes}:
                found |= {
                    measured.groups[entry.index]: check_duration(entry.duration)
                    for entry in stored.groups
                    if entry.status is RunStatus.DONE
                }
    return found


def stored_plans(results: Path) -> tuple[dict[str, Plan], tuple[str, ...]]:
    """Return the plan of each run under *results*, the oldest first, and which cannot be read."""
    found: dict[str, Plan] = {}
    unreadable = []
    for name in _by_age(_started(results)):
        try:
            found[name] = RunFolder(results / name).plan()
        except StoreError:
            unreadable.append(name)
    return found, tuple(unreadable)


def _not_found(results: Path, name: str) -> str:
    started = _started(results)
    known = _by_age(started)
    if not known:
        return f"no run {name!r} in {results}/: nothing was measured there; awaitbench run does"
    return f"no run {name!r} in {results}/; the newest there: {', '.join(known[-3:])}"


def latest_name(results: Path) -> str:
    """Return the name of the run under *results* that was started last."""
    started = _started(results)
    if not started:
        raise StoreError(
            f"no run in {results}/ yet; measure one with: awaitbench run, or name another "
            "folder with --results"
        )
    return _by_age(started)[-1]


def _by_age(started: Mapping[str, str]) -> list[str]:
    """Return the names of runs, the newest last.

    One that is dated in the future was started by a clock that was wrong: it counts as older than
    those that are not, so that a clock that was put right, or back, does not hide a new run.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return sorted(started, key=lambda name: (started[name] <= now, started[name], name))


def _started(results: Path) -> dict[str, str]:
    """Return when each run under *results* was started; one that cannot be read is no run."""
    found = {}
    with suppress(OSError):
        for path in results.glob("*/run.json"):
            if (started := _when_started(path.parent)) is not None:
                found[path.parent.name] = started
    return found


def _when_started(folder: Path) -> str | None:
    with suppress(OSError, StoreError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return msgspec.json.decode(read_file(folder / "run.json"), type=Header).started
    return None
