"""Environment: on what it was measured, and what of it spoils measurements.

No host name and no path: what is collected here is stored and shown to others.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import InputError
from harness.measure.implementation import PURE_PYTHON, missing
from harness.plan import Runtime
from harness.record import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.measure.crew import Interpreter

__all__ = [
    "describe",
    "machine_findings",
    "probe",
    "runtime_of",
    "this_runtime",
    "value_task_findings",
]

# Run by the interpreter that measures: says what it is, and imports what a child needs.
_PROBE = """
import importlib.metadata, json, os, platform, sys, sysconfig
import harness.measure.child, pyperf, memray
from harness.measure.implementation import missing
def version(name):
    try: return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError: return ""
print(json.dumps({
    "python": platform.python_version(),
    "implementation": sys.implementation.name,
    "compiler": platform.python_compiler(),
    "debug": bool(sysconfig.get_config_var("Py_DEBUG")),
    "pyperf": version("pyperf"), "memray": version("memray"), "uvloop": version("uvloop"),
    "without_native": missing("native"),
}))
"""


def probe(interpreter: Interpreter) -> dict[str, str | bool]:
    """Return what the interpreter that is to measure says of itself.

    InputError when it does not start, is too old, or lacks what a measuring child needs.
    """
    executable = interpreter.executable
    try:
        done = subprocess.run(
            [executable, "-c", _PROBE],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=interpreter.patience,
            env=interpreter.environment(),
            cwd=interpreter.folder,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InputError(
            f"--python {executable}: says nothing within {interpreter.patience:g} s"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"--python {executable}: cannot be run ({error})") from None
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise InputError(
            f"--python {executable}: cannot measure ({last[0]}); it needs Python 3.11 or later "
            "with pyperf, memray and what the scenarios import"
        )
    try:
        # The last line: what sitecustomize prints comes before it.
        said: dict[str, str | bool] = json.loads(done.stdout.strip().splitlines()[-1])
        runtime_of(said, "asyncio")
    except (ValueError, IndexError, KeyError, TypeError):
        raise InputError(f"--python {executable}: is not a Python interpreter") from None
    return said


def runtime_of(said: Mapping[str, str | bool], loop: str) -> Runtime:
    """Return the runtime for what :func:`probe` said; InputError if it lacks *loop*."""
    if loop not in ("asyncio", "uvloop"):
        raise InputError(f"--loop {loop}: expected asyncio or uvloop")
    if loop == "uvloop" and not said["uvloop"]:
        raise InputError(
            "--loop uvloop: the package uvloop is not installed for the interpreter that "
            "measures; install awaitbench[uvloop], or use --loop asyncio"
        )
    python, implementation = str(said["python"]), str(said["implementation"])
    return Runtime(python, implementation, loop, str(said.get("without_native", "")))


def this_runtime() -> Runtime:
    """Return the interpreter that runs this, with asyncio's own loop."""
    return Runtime(
        platform.python_version(), sys.implementation.name, without_native=missing("native")
    )


def describe(said: Mapping[str, str | bool], loop: str) -> dict[str, str]:
    """Return the environment as label -> text, in the order in which it is shown."""
    described = {
        "interpreter": f"{said['implementation']} {said['python']}",
        "compiler": str(said["compiler"]),
        "event loop": f"uvloop {said['uvloop']}" if loop == "uvloop" else "asyncio",
        "ValueTask": _value_task(said),
        "operating system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "processor": _cpu_model(),
        "cores": str(_usable_cores()),
        "virtual machine": "yes" if _is_virtual() else "not detected",
        "frequency governor": _governor() or "not known",
        "load before": _load(),
        "pyperf": str(said["pyperf"]),
        "memray": str(said["memray"]),
    }
    return {label: text for label, text in described.items() if text}


def machine_findings(said: Mapping[str, str | bool] | None = None) -> tuple[Finding, ...]:
    """Return what on this machine, and in *said* of the interpreter, spoils measurements."""
    found = [
        finding
        for finding in (
            _about_cores(),
            _about_load(),
            _about_governor(),
            _about_virtual_machine(),
            _about_swap(),
            _about_debug_mode(),
            _about_build(said or {}),
        )
        if finding is not None
    ]
    return tuple(found)


def value_task_findings(said: Mapping[str, str | bool]) -> tuple[Finding, ...]:
    """Return what keeps the C type of ValueTask from being measured; it spoils nothing."""
    reason = said.get("without_native")
    if not reason:
        return ()
    if reason == PURE_PYTHON:
        advice = f"Unset {PURE_PYTHON.partition('=')[0]}."
    else:
        advice = "Have a C compiler, then install awaitbench again: make clean environment."
    message = f"value_task_native cannot be measured: it needs the C type of ValueTask ({reason})"
    return (Finding(Severity.HINT, message, advice),)


def _about_cores() -> Finding | None:
    if _usable_cores() >= 2:
        return None
    return Finding(
        Severity.WARNING,
        "only one core is usable: what else runs here is measured with the operations",
        "Measure on two cores or more.",
    )


def _about_load() -> Finding | None:
    load = os.getloadavg()[0]
    if load < 0.5 * _usable_cores():
        return None
    return Finding(
        Severity.WARNING,
        f"other work was running: a load of {load:.1f} on {_usable_cores()} cores",
        "Stop it, or wait until it ends.",
    )


def _about_governor() -> Finding | None:
    governor = _governor()
    if governor in ("", "performance"):
        return None
    return Finding(
        Severity.HINT,
        f"the frequency governor is {governor}: the clock rate follows the load",
        "As root: cpupower frequency-set -g performance.",
    )


def _about_virtual_machine() -> Finding | None:
    if not _is_virtual():
        return None
    return Finding(
        Severity.HINT,
        "a virtual machine: its neighbours take time that this machine does not see",
        "Trust ratios within one run before times; allocations are exact anyway.",
    )


def _about_swap() -> Finding | None:
    swapped = _meminfo("SwapTotal") - _meminfo("SwapFree")
    if swapped < 64 * 1024:
        return None
    return Finding(
        Severity.HINT,
        f"{swapped // 1024} MiB are swapped out",
        "Close what uses the memory.",
    )


def _about_debug_mode() -> Finding | None:
    if not os.environ.get("PYTHONASYNCIODEBUG") and not os.environ.get("PYTHONDEVMODE"):
        return None
    return Finding(
        Severity.ERROR,
        "asyncio's debug mode is on: every task and future costs several times as much",
        "Unset PYTHONASYNCIODEBUG and PYTHONDEVMODE.",
    )


def _about_build(said: Mapping[str, str | bool]) -> Finding | None:
    if not said.get("debug"):
        return None
    return Finding(
        Severity.ERROR,
        "the interpreter is a debug build: its times say nothing about a release build",
        "Measure with a release build.",
    )


def _value_task(said: Mapping[str, str | bool]) -> str:
    """Return which implementations of ValueTask there are; empty where *said* is silent."""
    if "without_native" not in said:
        return ""
    reason = said["without_native"]
    return f"Python only ({reason})" if reason else "Python and C"


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_model() -> str:
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _is_virtual() -> bool:
    return any(
        line.startswith("flags") and " hypervisor" in line for line in _lines("/proc/cpuinfo")
    )


def _governor() -> str:
    lines = _lines("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return lines[0].strip() if lines else ""


def _load() -> str:
    return f"{os.getloadavg()[0]:.2f} in the last minute"


def _meminfo(name: str) -> int:
    """Return a figure of /proc/meminfo in KiB, 0 where there is none."""
    for line in _lines("/proc/meminfo"):
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
