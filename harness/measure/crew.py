"""Crew: the processes that measure one group, as the conductor holds them."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import harness
from harness.errors import HungError, MeasureError, OvertimeError, without_paths
from harness.importing import added_folders
from harness.measure.protocol import TEMPORARY, TEMPORARY_PREFIX, VERSION, Channel

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from harness.measure.allowance import Allowance
    from harness.plan import Group

__all__ = [
    "Interpreter",
    "Member",
    "Role",
    "end_crews",
    "open_crew",
    "role_of_each",
    "told_to_look",
]

Name = TypeVar("Name", bound="Hashable")

# What is asked for once must not depend on it; rounds of timing vary it.
_FIXED_HASH_SEED = 0
_LONGEST_OUTPUT = 2000  # bytes of what children print that are looked at
# What they print is cut down to that when it is more than this. They may print in the middle of a
# timed stretch: reading from a pipe meanwhile would disturb it, a file takes it silently.
_LARGEST_OUTPUT = 1 << 20
_RUNNING: set[subprocess.Popen[bytes]] = set()
_LOOK = 0.05  # seconds between two looks at how much that is, while an answer is waited for


@dataclass(frozen=True)
class Interpreter:
    """Where measuring children run: an executable, and the scenarios' sources by name.

    patience
        Seconds that a child may take to set up, or to answer, before it counts as hanging.
    paths
        Where it looks for modules first, this very harness included; unless given: where this
        harness is, then where this process was told to look.
    folder
        The working directory of its children; that of this process unless given.
    without_memray
        Why no allocations can be counted there, as :mod:`harness.measure.lacking` says it; empty
        where they can.
    """

    executable: str = sys.executable
    sources: Mapping[str, str] | None = None
    patience: float = 60.0
    paths: tuple[str, ...] = ()
    folder: str | None = None
    without_memray: str = ""

    def source(self, scenario: str) -> str:
        """Return the module or file that declares *scenario*."""
        return (self.sources or {}).get(scenario, f"scenarios.{scenario}")

    def environment(self) -> dict[str, str]:
        """Return the environment variables under which it finds this very harness."""
        ours = str(Path(harness.__file__).resolve().parent.parent)
        paths = self.paths or (ours, *told_to_look())
        # `python -m` and `-c` would put the working directory first, where a folder called
        # harness, or scenarios, would take the place of ours.
        return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}


@dataclass(frozen=True)
class Role:
    """What a child is there for: a task, with its variant or all that it verifies, on a loop."""

    task: str
    variants: tuple[str, ...]
    loop: str


def role_of_each(group: Group, task: str) -> dict[str, Role]:
    """Return a role for each variant of *group*, under its name."""
    return {variant: Role(task, (variant,), group.runtime.loop) for variant in group.variants}


def told_to_look() -> tuple[str, ...]:
    """Return where this process was told to look for modules, beside installed packages."""
    paths = [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
    here = str(Path.cwd())
    # Where a scenario had it added, its process adds it too, once ours is imported.
    if {"", here} & ({*sys.path} - added_folders()):
        paths.append(here)
    return tuple(paths)


class Member:
    """One forked child, spoken to over its channel; knows what it printed when it dies.

    *variant* is the one that it speaks of when something fails, empty for none; *patience* is
    seconds, as in :class:`Interpreter`, *allowance* what the whole group may take; *died* says
    whether its process ended without an answer.
    """

    def __init__(
        self,
        variant: str,
        channel: Channel,
        output: IO[bytes],
        patience: float,
        allowance: Allowance | None = None,
    ) -> None:
        self.variant = variant
        self.patience = patience
        self.allowance = allowance
        self.died = False
        self._others_said = 0  # bytes that its crew had printed before it was its turn
        self._channel = channel
        self._output = output

    def ask(self, do: str, *, limit: float | None = None, **given: Any) -> dict[str, Any]:
        """Say what to do and return the answer; MeasureError if there is none in time."""
        self.tell(do, **given)
        return self.listen(do, limit)

    def tell(self, do: str, **given: Any) -> None:
        """Say what to do; the answer has to be listened to."""
        with suppress(MeasureError):  # it is gone: what it said last is there to be read
            self._channel.send({"do": do, **given})

    def begin(self) -> None:
        """Take note that it is its turn: what others of its crew printed are not its last words."""
        self._others_said = os.fstat(self._output.fileno()).st_size

    def listen(self, doing: str, limit: float | None = None) -> dict[str, Any]:
        """Return the next message; MeasureError with the reason if the child gave up.

        *limit* is in seconds, and the member's patience unless given. OvertimeError when the whole
        group has used its allowance up.
        """
        limit = self.patience if limit is None else limit
        try:
            message = self._receive(limit)
        except TimeoutError:
            raise HungError(
                f"{self._who()}no answer to {doing!r} within {limit:.3g} s; "
                "does an operation wait for something that never comes?"
            ) from None
        if message is None:
            self.died = True
            raise MeasureError(f"{self._who()}its process died during {doing!r}{self._said()}")
        if "error" in message:
            raise MeasureError(f"{self._who()}{message['error']}")
        return message

    def _receive(self, limit: float) -> dict[str, Any] | None:
        until = time.monotonic() + limit
        while True:
            self._bound_output()
            self._check_allowance()
            left = until - time.monotonic()
            try:
                return self._channel.receive(min(left, _LOOK))
            except TimeoutError:
                if left <= _LOOK:
                    raise

    def _check_allowance(self) -> None:
        if self.allowance is not None and self.allowance.left < 0:
            raise OvertimeError(
                f"the group has taken more than {self.allowance.seconds:.0f} s, many times what "
                "its first round let expect, and was ended with what it has; does something slow "
                "it down?"
            )

    def _bound_output(self) -> None:
        """Keep of what the processes print the end only, where it is too much for a disk."""
        descriptor = self._output.fileno()
        if os.fstat(descriptor).st_size > _LARGEST_OUTPUT:
            end = self._end_of_output()
            os.ftruncate(descriptor, 0)  # those who write go on at the new end: O_APPEND
            os.write(descriptor, end)

    def _end_of_output(self, since: int = 0) -> bytes:
        # Without seek(): the position is that at which the other children write.
        descriptor = self._output.fileno()
        size = os.fstat(descriptor).st_size
        # Less is there where its beginning was cut off meanwhile.
        start = max(since if since <= size else 0, size - _LONGEST_OUTPUT)
        return os.pread(descriptor, _LONGEST_OUTPUT, start)

    def _who(self) -> str:
        return f"{self.variant}: " if self.variant else ""

    def _said(self) -> str:
        """Return the end of what the processes printed, on one line."""
        text = self._end_of_output(self._others_said).decode(errors="replace").strip()
        last = text.splitlines()[-1:] if text else []
        return f"; it said: {without_paths(last[0])}" if last else ""


@contextmanager
def open_crew(
    interpreter: Interpreter,
    group: Group,
    roles: Mapping[Name, Role],
    *,
    seed: int,
    hash_seed: int = _FIXED_HASH_SEED,
    allowance: Allowance | None = None,
) -> Iterator[dict[Name, Member]]:
    """Start a fresh interpreter that forks a child for each role; all are gone at the end.

    Of *group* it has the scenario and its parameters. MeasureError if it cannot be started.
    """
    job = {
        "version": VERSION,
        "source": interpreter.source(group.scenario),
        "params": dict(group.params),
        "seed": seed,
    }
    with ExitStack() as stack:
        try:
            crew = _gather(stack, interpreter, job, roles, hash_seed)
            for member in crew.values():
                member.allowance = allowance
        except OSError as error:
            raise MeasureError(
                f"its processes cannot be started ({error.strerror or error})"
            ) from error
        yield crew


def _gather(
    stack: ExitStack,
    interpreter: Interpreter,
    job: dict[str, Any],
    roles: Mapping[Name, Role],
    hash_seed: int,
) -> dict[Name, Member]:
    """Start the interpreter; what *stack* gets to close ends everything again."""
    output = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 the stack closes it
    fcntl.fcntl(output, fcntl.F_SETFL, fcntl.fcntl(output, fcntl.F_GETFL) | os.O_APPEND)
    folder = stack.enter_context(
        tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, ignore_cleanup_errors=True)
    )
    pairs = {name: socket.socketpair() for name in roles}
    for ours, theirs in pairs.values():
        stack.callback(ours.close)
        stack.callback(theirs.close)
    workers = [
        [role.task, role.variants, role.loop, pairs[name][1].fileno()]
        for name, role in roles.items()
    ]
    process = _start(interpreter, {**job, "workers": workers}, output, hash_seed, folder)
    _RUNNING.add(process)
    stack.callback(_end, process)
    for _, theirs in pairs.values():
        theirs.close()
    return {
        name: Member(_alone(roles[name]), Channel(ours), output, interpreter.patience)
        for name, (ours, _) in pairs.items()
    }


def _alone(role: Role) -> str:
    """Return the variant of a role that has one."""
    return role.variants[0] if len(role.variants) == 1 else ""


def _start(
    interpreter: Interpreter, job: dict[str, Any], output: IO[bytes], hash_seed: int, folder: str
) -> subprocess.Popen[bytes]:
    environment = interpreter.environment() | {
        "PYTHONHASHSEED": str(hash_seed),
        # Children may be killed: what they leave behind goes with this folder.
        "TMPDIR": folder,
        TEMPORARY: folder,
    }
    process = subprocess.Popen(
        [interpreter.executable, "-m", "harness.measure.child"],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=interpreter.folder,
        pass_fds=[descriptor for *_, descriptor in job["workers"]],
        start_new_session=True,  # Ctrl-C reaches the conductor alone, which ends the group
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        # It stays open: its end tells the interpreter that nobody is there any more.
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.flush()
    return process


def end_crews() -> None:
    """Kill the processes of all crews that are open, in whatever thread; each is closed there."""
    for process in tuple(_RUNNING):
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the interpreter with all its children, at once and whatever they are doing."""
    _RUNNING.discard(process)  # before its number may be another process's
    _kill(process)
    process.wait()
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
