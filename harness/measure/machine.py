"""Machine: what of it, and of the interpreter that measures, spoils measurements.

An ERROR is known to spoil figures, a WARNING may, a HINT explains what is seen in them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from harness.measure.system_files import ProcessorTime, SystemFiles
from harness.record import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = [
    "WATCH_SECONDS",
    "Watched",
    "findings_beside",
    "interpreter_findings",
    "machine_findings",
    "watch",
]

# Short enough that nobody waits for it. A governor, which looks every 10 ms or so, has raised the
# clock rate of a core that was idle within the first of the looks; they do not count.
WATCH_SECONDS = 0.25
_LOOKS = 10
_WHILE_IT_RISES = 3

_BUSY = 0.5  # load per core: from here on, two processes often want the same core
_SWAPPED_KIB = 64 * 1024  # less is what a quiet machine swaps out by itself
# Ratios are taken of neighbours; a clock rate that moves by less is lost in their noise.
_VARYING = 0.05
# The quick preset aims at ratios of 5 %.
_STOLEN = 0.05


@dataclass(frozen=True)
class _Variables:
    """Environment variables that slow what is measured, but for the values that do no harm.

    Python takes an empty one for one that is not set.
    """

    names: tuple[str, ...]
    severity: Severity
    message: str
    harmless: tuple[str, ...] = ()


_COVERAGE = _Variables(
    ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"),
    Severity.WARNING,
    "coverage may start in the processes that measure, and trace what they time",
)
# https://docs.python.org/3/using/cmdline.html#environment-variables
_VARIABLES = (
    _Variables(
        ("PYTHONASYNCIODEBUG", "PYTHONDEVMODE"),
        Severity.ERROR,
        "asyncio's debug mode is on: every task and future costs several times as much",
    ),
    _Variables(
        ("PYTHONTRACEMALLOC",),
        Severity.ERROR,
        "tracemalloc is on: every allocation is traced and costs several times as much",
        harmless=("0",),
    ),
    _Variables(
        ("PYTHONMALLOC",),
        Severity.ERROR,
        "a debugging allocator is on: it fills and checks every block",
        harmless=("default", "malloc", "pymalloc", "mimalloc"),
    ),
    _COVERAGE,
    _Variables(
        ("PYTHONPERFSUPPORT",),
        Severity.WARNING,
        "support for perf is on: every call of a Python function goes through a trampoline",
        harmless=("0",),
    ),
    _Variables(
        ("PYTHONPROFILEIMPORTTIME",),
        Severity.HINT,
        "imports are profiled: what an operation imports takes longer",
    ),
)


@dataclass(frozen=True)
class Watched:
    """What the machine did while one of its cores was kept busy for a moment.

    frequencies
        Clock rates in kHz of the core that worked, in order.
    swapped
        Pages that were swapped in and out meanwhile.
    time
        What the processors spent meanwhile; None where the system does not tell.
    """

    frequencies: tuple[int, ...] = ()
    swapped: int = 0
    time: ProcessorTime | None = None


def watch(
    files: SystemFiles, seconds: float = WATCH_SECONDS, work: Callable[[float], None] | None = None
) -> Watched:
    """Keep one core busy for *seconds*, as measuring will, and look at what the machine does.

    *work* is what keeps it busy for the seconds that it is given, a loop unless a test has
    something else happen.
    """
    before, swapped = files.processor_time(), files.swap_traffic()
    frequencies = []
    for _ in range(_LOOKS):
        (work or _spin)(seconds / _LOOKS)
        frequencies.append(files.frequency())
    after = files.processor_time()
    return Watched(
        frequencies=tuple(each for each in frequencies[_WHILE_IT_RISES:] if each),
        swapped=files.swap_traffic() - swapped,
        time=after.since(before) if after and before else None,
    )


def _spin(seconds: float) -> None:
    end = perf_counter() + seconds
    while perf_counter() < end:
        pass


def machine_findings(
    said: Mapping[str, str | bool] | None = None,
    files: SystemFiles | None = None,
    environ: Mapping[str, str] | None = None,
    watched: Watched | None = None,
) -> tuple[Finding, ...]:
    """Return what on this machine, and in *said* of the interpreter, spoils measurements.

    The worst first. Watches the machine for a moment unless it is given what was *watched*.
    """
    said, files = said or {}, files or SystemFiles()
    environ = os.environ if environ is None else environ
    watched = watch(files) if watched is None else watched
    found = [
        *interpreter_findings(said, environ),
        *_about_cores(files),
        *_about_load(files),
        *_about_memory(files, watched),
        *_about_frequency(files, watched),
        *_about_virtual_machine(files, watched),
    ]
    return tuple(sorted(found, key=lambda finding: [*Severity].index(finding.severity)))


def findings_beside(said: Iterable[Mapping[str, str | bool]]) -> tuple[Finding, ...]:
    """Return what spoils measurements of several interpreters: of the machine, and of each."""
    first, *others = said
    about_others = (each for other in others for each in interpreter_findings(other))
    return tuple(dict.fromkeys((*machine_findings(first), *about_others)))


def interpreter_findings(
    said: Mapping[str, str | bool], environ: Mapping[str, str] | None = None
) -> tuple[Finding, ...]:
    """Return what in *said* of an interpreter, and in its variables, spoils measurements."""
    environ = os.environ if environ is None else environ
    return (*_about_interpreter(said), *_about_variables(said, environ))


def _about_interpreter(said: Mapping[str, str | bool]) -> Iterator[Finding]:
    if said.get("debug"):
        yield Finding(
            Severity.ERROR,
            "the interpreter is a debug build: its times say nothing about a release build",
            "Measure with a release build.",
        )
    if tracer := said.get("tracer"):
        yield Finding(
            Severity.ERROR,
            f"a tracer or profiler is active where variants are measured: {tracer}",
            "Measure without it; look for what a .pth file or sitecustomize starts.",
        )


def _about_variables(
    said: Mapping[str, str | bool], environ: Mapping[str, str]
) -> Iterator[Finding]:
    """Tell of environment variables, which the interpreter that measures gets too."""
    for variables in _VARIABLES:
        on = [
            name
            for name in variables.names
            if environ.get(name, "") not in ("", *variables.harmless)
        ]
        # What coverage has started is a tracer, which is told of by its name.
        if on and not (variables is _COVERAGE and said.get("tracer")):
            advice = f"Unset {' and '.join(on)}."
            yield Finding(variables.severity, variables.message, advice)


def _about_cores(files: SystemFiles) -> Iterator[Finding]:
    cores, quota, isolated = files.cores(), files.quota(), files.isolated_cpus()
    if cores < 2:
        yield Finding(
            Severity.WARNING,
            "only one core is usable: what else runs here is measured with the operations",
            "Measure on two cores or more.",
        )
    if quota is not None and quota < min(cores, 2):
        yield Finding(
            Severity.WARNING,
            f"a control group allows {quota:g} cores: what uses it up is stopped meanwhile",
            "Allow two cores or more (docker run --cpus, a Kubernetes limit).",
        )
    if cores >= 2 and isolated is not None and not isolated:
        yield Finding(
            Severity.HINT,
            "no CPU is isolated: any process may run on the one where variants are timed",
            f"For the least noise, boot Linux with isolcpus={max(files.usable_cpus(), default=1)}.",
        )


def _about_load(files: SystemFiles) -> Iterator[Finding]:
    load, cores = files.load(), files.cores()
    if load is not None and load >= _BUSY * cores:
        yield Finding(
            Severity.WARNING,
            f"other work was running: a load of {load:.1f} on {cores} "
            f"{'core' if cores == 1 else 'cores'}",
            "Stop it, or wait until it ends.",
        )


def _about_memory(files: SystemFiles, watched: Watched) -> Iterator[Finding]:
    if watched.swapped > 0:
        yield Finding(
            Severity.WARNING,
            f"memory is being swapped: {watched.swapped} pages in a moment",
            "Close what uses the memory.",
        )
    elif (swapped := files.swapped_out()) >= _SWAPPED_KIB:
        yield Finding(
            Severity.HINT,
            f"{swapped // 1024} MiB are swapped out",
            "Close what uses the memory.",
        )


def _about_frequency(files: SystemFiles, watched: Watched) -> Iterator[Finding]:
    if seen := watched.frequencies:
        slowest, fastest = min(seen), max(seen)
        if fastest - slowest > _VARYING * fastest:
            yield Finding(
                Severity.WARNING,
                f"the clock rate of a busy core varied from {_gigahertz(slowest)} "
                f"to {_gigahertz(fastest)}",
                "Fix it as root: python -m pyperf system tune.",
            )
    if others := [each for each in files.governors() if each != "performance"]:
        yield Finding(
            Severity.HINT,
            f"the frequency governor is {' and '.join(others)}: the clock rate follows the load",
            "As root: cpupower frequency-set -g performance.",
        )
    if files.turbo():
        yield Finding(
            Severity.HINT,
            "turbo is on: the clock rate depends on the heat, and on how many cores work",
            "Turn it off as root: python -m pyperf system tune.",
        )
    if files.on_battery():
        yield Finding(
            Severity.WARNING,
            "it runs on battery: the system saves power where it can",
            "Plug it in.",
        )


def _gigahertz(kilohertz: int) -> str:
    return f"{kilohertz / 1e6:.2f} GHz"


def _about_virtual_machine(files: SystemFiles, watched: Watched) -> Iterator[Finding]:
    ever = files.processor_time()
    for time, when in ((watched.time, "just now"), (ever, "since it was started")):
        if time is not None and time.stolen_share > _STOLEN:
            yield Finding(
                Severity.WARNING,
                f"other virtual machines took {100 * time.stolen_share:.0f} % of the time that "
                f"this one wanted {when}",
                "Measure where cores are not shared, or when the neighbours are quiet.",
            )
            break
    if files.is_virtual():
        yield Finding(
            Severity.HINT,
            "a virtual machine: its neighbours take time that this machine does not see",
            "Trust ratios within one run before times; allocations are exact anyway.",
        )
