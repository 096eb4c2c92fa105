"""A run's folder: created once, every file replaced atomically, ``run.json`` last."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from harness.analysis.rows import case_rows
from harness.analysis.summary import summary_csv
from harness.errors import StoreError
from harness.record import RunStatus
from harness.store.convert import (
    allocations_file,
    plan_of,
    proof_file,
    proof_of_file,
    run_file,
    run_from_files,
)
from harness.store.schema import SCHEMA, AllocationsFile, Header, ProofFile, RunFile
from harness.store.timing import decode_timings, encode_timings

if TYPE_CHECKING:
    from harness.plan import Group, Plan
    from harness.record import Proof, Run

__all__ = ["RunFolder", "check_name", "earlier_durations", "find_run", "latest_name"]

LATEST = "latest"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
_LOOKED_AT = 10  # runs, for what a group takes
_TO_DO = "give another folder with --results, or make room"

Struct = TypeVar("Struct")


class RunFolder:
    """``results/<run>/``: what a run measured, and the only place where it is written."""

    def __init__(self, path: Path) -> None:
        self.path = path

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

    def save(self, run: Run) -> None:
        """Write everything of *run*; StoreError when the folder cannot be written.

        Each file is replaced whole. ``run.json`` is last: it says what the others hold.
        """
        timings = encode_timings(run)
        if timings is not None:
            self._write("timing.json", timings.encode())
        self._write("allocations.json", _pretty(allocations_file(run)))
        self._write("summary.csv", summary_csv(case_rows(run)).encode())
        self._write("run.json", _pretty(run_file(run)))
        if timings is None:
            # What a group that is measured again had: nothing in run.json speaks of it any more.
            with suppress(OSError):
                (self.path / "timing.json").unlink(missing_ok=True)

    def load(self) -> Run:
        """Read the run; StoreError if it is missing, damaged or of a newer schema."""
        stored = self._read("run.json", RunFile)
        counted = self._read("allocations.json", AllocationsFile)
        try:
            timings = {}
            if (self.path / "timing.json").exists():
                timings = decode_timings((self.path / "timing.json").read_text(encoding="utf-8"))
        except Exception as error:
            # pyperf raises whatever its parser comes across, KeyError and TypeError included.
            raise self._damaged("timing.json", error) from error
        try:
            run = run_from_files(stored, counted, timings)
        except (ValueError, OverflowError) as error:
            raise self._damaged("run.json", error) from error
        if (self.path / "proof.json").exists():
            run = replace(run, proof=proof_of_file(self._read("proof.json", ProofFile)))
        return run

    def keep_proof(self, proof: Proof) -> None:
        """Write *proof* beside the run; StoreError when the folder cannot be written."""
        self._write("proof.json", _pretty(proof_file(proof)))

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
            content = path.read_bytes()
        except FileNotFoundError:
            raise StoreError(f"{self.path}: not a run: it has no {name}") from None
        except OSError as error:
            raise StoreError(f"{path}: cannot be read ({error.strerror})") from error
        try:
            header = msgspec.json.decode(content, type=Header)
            if header.schema > SCHEMA:
                raise StoreError(
                    f"{path}: written by a newer awaitbench (schema {header.schema}, this one "
                    f"reads up to {SCHEMA}); upgrade awaitbench"
                )
            return msgspec.json.decode(content, type=kind)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise self._damaged(name, error) from error

    def _damaged(self, name: str, error: Exception) -> StoreError:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return StoreError(f"{self.path / name}: damaged ({reason}); restore it, or measure again")


def check_name(name: str) -> str:
    """Return *name* if a run may be called so; StoreError otherwise."""
    if name == LATEST or not _NAME.fullmatch(name):
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
    for name in sorted(started, key=lambda run: (started[run], run))[-_LOOKED_AT:]:
        with suppress(StoreError, ValueError, OverflowError):
            stored = RunFolder(results / name)._read("run.json", RunFile)
            measured = plan_of(stored)
            if (measured.preset, measured.instruments) == (plan.preset, plan.instruments):
                found |= {
                    measured.groups[entry.index]: entry.duration
                    for entry in stored.groups
                    if entry.status is RunStatus.DONE
                }
    return found


def _not_found(results: Path, name: str) -> str:
    started = _started(results)
    known = sorted(started, key=lambda run: (started[run], run))
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
    return max(started, key=lambda name: (started[name], name))


def _started(results: Path) -> dict[str, str]:
    """Return when each run under *results* was started; one that cannot be read is no run."""
    found = {}
    for path in results.glob("*/run.json"):
        with suppress(OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            found[path.parent.name] = msgspec.json.decode(path.read_bytes(), type=Header).started
    return found


def _pretty(entry: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(entry), indent=1) + b"\n"
