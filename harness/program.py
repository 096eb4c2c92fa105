"""Program: another program, run without a shell, and ended with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Ended", "plain", "run_program", "telling"]

_PATIENCE = 600.0  # seconds: a package with a large extension may take minutes to build
_NOISE = ("note:", "hint:", "[notice]", "WARNING:")
_QUOTED = "[end of output]"
_FRAME = " │×╰─>"  # noqa: RUF001 pip draws with it


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code, and all that it wrote."""

    code: int
    output: str
    errors: str


def run_program(
    command: Sequence[str | Path],
    *,
    folder: Path | str | None = None,
    environment: Mapping[str, str] | None = None,
    given: str = "",
    patience: float = _PATIENCE,
) -> Ended:
    """Run *command* in *folder* and return how it ended, whatever its exit code.

    *given* is its standard input. It is killed with all that it started where this process is
    interrupted meanwhile. InputError when it cannot be started, or takes longer than *patience*
    seconds.
    """
    words = [*map(str, command)]
    try:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches us alone
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{words[0]}: cannot be started ({reason})") from error
    with process:
        try:
            output, errors = process.communicate(given.encode(), patience)
        except subprocess.TimeoutExpired:
            raise InputError(
                f"{' '.join(words[:3])}: not done within {patience:g} s; what does it wait for?"
            ) from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    return Ended(
        process.returncode,
        # File names are bytes: what is no UTF-8 of them comes back as it was.
        output.decode(errors="surrogateescape"),
        errors.decode(errors="replace"),
    )


def telling(text: str) -> str:
    """Return the line of a program's output that tells most: the last one, or the last error.

    Where pip quotes what another program wrote, the last line of that.
    """
    quoted, end, _ = text.rpartition(_QUOTED)
    lines = [line.strip(_FRAME) for line in (quoted if end else text).splitlines()]
    lines = [line for line in lines if line and not line.startswith(_NOISE)]
    errors = [] if end else [line for line in lines if "rror" in line]
    return next(iter([*errors[-1:], *lines[-1:]]), "it says nothing")


def plain() -> dict[str, str]:
    """Return this process's environment without what says where modules are."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
