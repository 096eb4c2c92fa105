"""Crew: the processes that measure one group, as the conductor holds them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import harness
from harness.errors import MeasureError
from harness.measure.protocol import VERSION, Channel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.plan import Group

__all__ = ["Interpreter", "Member", "open_crew"]

# Setting up and one answer may take this long, in seconds, before the child counts as hanging.
_PATIENCE = 60.0
_LONGEST_OUTPUT = 2000


@dataclass(frozen=True)
class Interpreter:
    """Where measuring children run: an executable, and the scenarios' sources by name."""

    executable: str = sys.executable
    sources: Mapping[str, str] | None = None

    def source(self, scenario: str) -> str:
        """Return the module or file that declares *scenario*."""
        return (self.sources or {}).get(scenario, f"scenarios.{scenario}")

    def environment(self) -> dict[str, str]:
        """Return the environment variables under which it finds this very harness."""
        package = str(Path(harness.__file__).resolve().parent.parent)
        path = os.environ.get("PYTHONPATH")
        return os.environ | {"PYTHONPATH": f"{package}{os.pathsep}{path}" if path else package}


class Member:
    """One forked child, spoken to over its channel; knows what it printed when it dies."""

    def __init__(self, variant: str, channel: Channel, output: IO[bytes]) -> None:
        self.variant = variant
        self._channel = channel
        self._output = output

    def ask(self, do: str, *, limit: float = _PATIENCE, **given: Any) -> dict[str, Any]:
        """Say what to do and return the answer; MeasureError if there is none in time."""
        self._channel.send({"do": do, **given})
        return self.listen(do, limit)

    def listen(self, doing: str, limit: float = _PATIENCE) -> dict[str, Any]:
        """Return the next message; MeasureError with the reason if the child gave up."""
        try:
            message = self._channel.receive(limit)
        except TimeoutError:
            raise MeasureError(
                f"{self.variant}: no answer to {doing!r} within {limit:.0f} s; "
                "does an operation wait for something that never comes?"
            ) from None
        if message is None:
            raise MeasureError(f"{self.variant}: its process died during {doing!r}{self._said()}")
        if "error" in message:
            raise MeasureError(f"{self.variant}: {message['error']}")
        return message

    def _said(self) -> str:
        """Return the end of what the processes printed, on one line."""
        self._output.seek(0)
        text = self._output.read()[-_LONGEST_OUTPUT:].decode(errors="replace").strip()
        last = text.splitlines()[-1:] if text else []
        return f"; it said: {last[0]}" if last else ""


@contextmanager
def open_crew(
    interpreter: Interpreter,
    group: Group,
    task: str,
    *,
    seed: int,
    hash_seed: int,
    members: Sequence[str] | None = None,
) -> Iterator[dict[str, Member]]:
    """Start a fresh interpreter that forks one child per variant; all are gone at the end."""
    with ExitStack() as stack:
        names = group.variants if members is None else members
        output = stack.enter_context(tempfile.TemporaryFile())
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="awaitbench-"))
        pairs = {name: socket.socketpair() for name in names}
        for ours, theirs in pairs.values():
            stack.callback(ours.close)
            stack.callback(theirs.close)
        job = {
            "version": VERSION,
            "task": task,
            "source": interpreter.source(group.scenario),
            "params": dict(group.params),
            "seed": seed,
            "loop": group.runtime.loop,
            "variants": list(group.variants),
            "workers": [[name, theirs.fileno()] for name, (_, theirs) in pairs.items()],
        }
        process = _start(interpreter, job, output, hash_seed, folder)
        stack.callback(_end, process)
        for _, theirs in pairs.values():
            theirs.close()
        yield {name: Member(name, Channel(ours), output) for name, (ours, _) in pairs.items()}


def _start(
    interpreter: Interpreter, job: dict[str, Any], output: IO[bytes], hash_seed: int, folder: str
) -> subprocess.Popen[bytes]:
    environment = interpreter.environment() | {
        "PYTHONHASHSEED": str(hash_seed),
        # Children may be killed: what they leave behind goes with this folder.
        "TMPDIR": folder,
    }
    process = subprocess.Popen(
        [interpreter.executable, "-m", "harness.measure.child"],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        pass_fds=[descriptor for _, descriptor in job["workers"]],
        start_new_session=True,  # Ctrl-C reaches the conductor alone, which ends the group
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(json.dumps(job).encode())
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the interpreter with all its children, at once and whatever they are doing."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
