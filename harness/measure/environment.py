"""Environment: on what it was measured. What of it spoils measurements: :mod:`.machine`.

No host name and no path: what is collected here is stored and shown to others.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import sysconfig
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import InputError
from harness.measure.affinity import how_pinned
from harness.measure.implementation import BECAUSE, NEEDS_GIL, PURE_PYTHON, missing
from harness.measure.lacking import NOT_INSTALLED, PACKAGES, without
from harness.measure.system_files import SystemFiles
from harness.plan import LINES, LOOPS, Runtime
from harness.record import Finding, Severity
from harness.shared_text import together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.measure.crew import Interpreter
    from harness.plan import Plan

__all__ = [
    "allocation_findings",
    "describe",
    "describe_all",
    "probe",
    "probed",
    "python_version",
    "runtime_of",
    "this_runtime",
    "value_task_findings",
]

# Run by the interpreter that measures: says what it is, and imports what a child needs.
_PROBE = """
import importlib.metadata, json, platform, sys, sysconfig
# Before the imports below, which know nothing of tracing: what is active was there before us.
def tracers():
    for way, active in (("sys.settrace", sys.gettrace()), ("sys.setprofile", sys.getprofile())):
        if active is not None:
            named = active if hasattr(active, "__qualname__") else type(active)
            yield f"{named.__module__}.{named.__qualname__} by {way}"
    for tool in range(6) if hasattr(sys, "monitoring") else ():
        if name := sys.monitoring.get_tool(tool):
            yield f"{name} by sys.monitoring"
tracer = ", ".join(tracers())
import harness.measure.child, pyperf
from harness.measure.environment import python_version
from harness.measure.implementation import missing
from harness.measure.lacking import PACKAGES, unusable
def version(name):
    try: return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError: return ""
without_native = missing("native")
# Before what may switch it on again: what counts allocations is no part of what is timed.
gil = getattr(sys, "_is_gil_enabled", lambda: True)()
print(json.dumps({
    "python": python_version(),
    "implementation": sys.implementation.name,
    "compiler": platform.python_compiler(),
    "debug": bool(sysconfig.get_config_var("Py_DEBUG")),
    "pyperf": version("pyperf"), "memray": version("memray"), "uvloop": version("uvloop"),
    "without_native": without_native,
    **{f"without_{name}": unusable(name) for name in PACKAGES},
    "gil": gil,
    "tracer": tracer,
}))
"""


_TOLD_BY_THEMSELVES = frozenset({"interpreter", "event loop", "load before"})


def probe(
    interpreter: Interpreter, lacking: Mapping[str, str] | None = None
) -> dict[str, str | bool]:
    """Return what the interpreter that is to measure says of itself.

    *lacking* has the reasons, by package, for which something could not be installed for it.
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
            "with pyperf and what the scenarios import"
        )
    try:
        # The last line: what sitecustomize prints comes before it.
        said: dict[str, str | bool] = json.loads(done.stdout.strip().splitlines()[-1])
        runtime_of(said, "asyncio")
    except (ValueError, IndexError, KeyError, TypeError):
        raise InputError(f"--python {executable}: is not a Python interpreter") from None
    for name in PACKAGES:
        if lacking and name in lacking and without(said, name) == NOT_INSTALLED:
            said[f"without_{name}"] = lacking[name]
    return said


def probed(
    interpreter: Interpreter, lacking: Mapping[str, str] | None = None
) -> tuple[Interpreter, dict[str, str | bool]]:
    """Return *interpreter* as it knows itself, and what :func:`probe` says of it."""
    said = probe(interpreter, lacking)
    return replace(interpreter, without_memray=without(said, "memray")), said


def runtime_of(said: Mapping[str, str | bool], loop: str) -> Runtime:
    """Return the runtime for what :func:`probe` said; InputError if it lacks *loop*."""
    if loop not in LOOPS:
        raise InputError(f"--loop {loop}: expected asyncio or uvloop")
    if loop == "uvloop" and (reason := without(said, loop)):
        raise InputError(
            f"--loop uvloop: uvloop {reason}; install awaitbench[uvloop] there, or use "
            "--loop asyncio"
        )
    python, implementation = str(said["python"]), str(said["implementation"])
    return Runtime(python, implementation, loop, str(said.get("without_native", "")))


def python_version() -> str:
    """Return the version of this interpreter; of a free-threaded build as in ``3.13.0t``."""
    version, plus, _ = platform.python_version().partition("+")
    free_threaded = sysconfig.get_config_var("Py_GIL_DISABLED")
    return f"{version}{'t' if free_threaded else ''}{plus}"


def this_runtime() -> Runtime:
    """Return the interpreter that runs this, with asyncio's own loop."""
    return Runtime(python_version(), sys.implementation.name, without_native=missing("native"))


def describe(
    said: Mapping[str, str | bool], loop: str, files: SystemFiles | None = None
) -> dict[str, str]:
    """Return the environment as label -> text, in the order in which it is shown."""
    files = files or SystemFiles()
    load, without_memray = files.load(), without(said, "memray")
    described = {
        "interpreter": f"{said['implementation']} {said['python']}{_about_gil(said)}",
        "compiler": str(said["compiler"]),
        "event loop": f"uvloop {said['uvloop']}" if loop == "uvloop" else "asyncio",
        "ValueTask": _value_task(said),
        "operating system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "processor": files.cpu_model() or platform.processor(),
        "cores": str(files.cores()),
        "affinity": how_pinned(files),
        "virtual machine": "yes" if files.is_virtual() else "not detected",
        "frequency governor": ", ".join(files.governors()) or "not known",
        "load before": "" if load is None else f"{load:.2f} in the last minute",
        "pyperf": str(said["pyperf"]),
        "memray": f"none: it {without_memray}" if without_memray else str(said["memray"]),
    }
    return {label: text for label, text in described.items() if text}


def describe_all(said: Mapping[Runtime, Mapping[str, str | bool]]) -> dict[str, str]:
    """Return the environment of several runtimes: what is the same of all is told once."""
    described = {runtime: describe(each, runtime.loop) for runtime, each in said.items()}
    labels = dict.fromkeys(label for each in described.values() for label in each)
    whole = {}
    for label in labels:
        texts = [(runtime.interpreter, d.get(label, "none")) for runtime, d in described.items()]
        if label in _TOLD_BY_THEMSELVES:
            whole[label] = ", ".join(dict.fromkeys(text for _, text in texts))
        else:
            whole[label] = together(texts)
    return whole


def value_task_findings(said: Mapping[str, str | bool]) -> tuple[Finding, ...]:
    """Return what keeps the C type of ValueTask from being measured; it spoils nothing."""
    reason = said.get("without_native")
    if not reason:
        return ()
    if reason == PURE_PYTHON:
        advice = f"Unset {PURE_PYTHON.partition('=')[0]}."
    elif reason == NEEDS_GIL:
        advice = "Measure it on a build with the GIL."
    elif str(reason).startswith(BECAUSE):
        advice = "Have a C compiler and Python's headers: the next run builds it."
    else:
        advice = "Have a C compiler, then install awaitbench again: make clean environment."
    message = f"value_task_native cannot be measured: it needs the C type of ValueTask ({reason})"
    return (Finding(Severity.HINT, message, advice),)


def allocation_findings(
    plan: Plan | None, said: Iterable[Mapping[str, str | bool]]
) -> tuple[Finding, ...]:
    """Return on which interpreters the allocations of *plan* are not counted, and why.

    None: of any plan. It spoils nothing.
    """
    if plan is not None and not {"allocations", LINES} & {*plan.instruments}:
        return ()
    return tuple(
        Finding(
            Severity.HINT,
            f"allocations are not counted on {implementation} {python}: memray {reason}",
            "Its times are measured.",
        )
        for implementation, python, reason in dict.fromkeys(
            (each["implementation"], each["python"], without(each, "memray")) for each in said
        )
        if reason
    )


def _about_gil(said: Mapping[str, str | bool]) -> str:
    """Return whether a free-threaded build runs without the GIL; of others nothing."""
    if not str(said["python"]).rstrip("+").endswith("t"):
        return ""
    return ", with its GIL on" if said.get("gil") else ", without the GIL"


def _value_task(said: Mapping[str, str | bool]) -> str:
    """Return which implementations of ValueTask there are; empty where *said* is silent."""
    if "without_native" not in said:
        return ""
    reason = said["without_native"]
    return f"Python only ({reason})" if reason else "Python and C"
