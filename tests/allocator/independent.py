"""Builds the independent counter, and counts a scenario's variants with it and with memray.

Each count is made in a process forked for it, from one interpreter that imported the scenario:
the two instruments find the same state, in which the same is driven by the same schedule.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import shlex
import subprocess
import sys
import sysconfig
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import catalog
from harness.measure.allocation import Schedule, count_allocations
from harness.measure.drive import open_driver
from harness.measure.environment import this_runtime
from harness.scenario import Params
from harness.strategy import functions, strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from harness.measure.drive import Driver
    from harness.scenario import Scenario

__all__ = ["CannotBuildError", "build_counter", "count", "python_domains"]

_ROOT = Path(__file__).parents[2]
_INTERPRETER = this_runtime()


class CannotBuildError(Exception):
    """There is no compiler, or there are no headers of this interpreter."""


def build_counter(folder: Path) -> Path:
    """Compile the counter for the running interpreter into *folder*; return its path."""
    include = sysconfig.get_paths()["include"]
    if not Path(include, "Python.h").is_file():
        raise CannotBuildError("no Python.h: install this interpreter's headers")
    target = folder / f"counter{sysconfig.get_config_var('EXT_SUFFIX')}"
    compiler = shlex.split(sysconfig.get_config_var("LDSHARED") or "cc -shared")
    source = str(Path(__file__).with_name("counter.c"))
    command = [*compiler, "-O2", "-fPIC", f"-I{include}", source, "-o", str(target)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise CannotBuildError(f"no C compiler: {compiler[0]} is not installed") from None
    except subprocess.CalledProcessError as error:
        raise CannotBuildError(f"{compiler[0]} failed: {error.stderr.strip()}") from error
    return target


def python_domains(allocations: Mapping[str, Any]) -> tuple[float, float]:
    """Return the count and the bytes of what memray saw of CPython's own allocators.

    This is what the independent counter can see too. The rest are C libraries' own blocks.
    """
    kinds = [k for k in allocations["kinds"] if k["allocator"].startswith("PYMALLOC_")]
    return sum(k["count"] for k in kinds), sum(k["count"] * k["size"] for k in kinds)


def count(
    source: str,
    params: Mapping[str, Any],
    loop: str,
    counter: Path | None = None,
    *,
    variants: tuple[str, ...] = (),
    hash_seed: int | str = "random",
) -> dict[str, dict[str, Any]]:
    """Count *variants* (all, unless named) of the scenario *source*, in a fresh interpreter.

    Returns for each variant ``memray``, the fields of an ``Allocations``, and where *counter*
    is given ``independent``, the count and the bytes; or ``error``.
    """
    job = {
        "source": source,
        "params": dict(params),
        "loop": loop,
        "counter": str(counter) if counter else None,
        "variants": variants,
    }
    done = subprocess.run(
        [sys.executable, "-m", __name__, json.dumps(job)],
        capture_output=True,
        text=True,
        cwd=_ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
    )
    if done.returncode:
        raise RuntimeError(f"counting {source} failed: {done.stderr}")
    counts: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return counts


def _main(job: Mapping[str, Any]) -> None:
    scenario = catalog.load(job["source"]).scenario
    values = {name: declared.default for name, declared in scenario.declared.items()}
    params = Params({**values, **job["params"]})
    instruments: dict[str, Callable[[Driver[Any, Any, Any]], Any]] = {
        "memray": lambda driver: asdict(count_allocations(driver)),
    }
    if job["counter"]:
        counter = _import(Path(job["counter"]))
        instruments["independent"] = lambda driver: _count_independently(driver, counter)
    counts: dict[str, dict[str, Any]] = {}
    for variant in job["variants"] or _measurable(scenario, params):
        counts[variant] = {}
        for name, instrument in instruments.items():
            counts[variant] |= _forked(scenario, variant, params, job["loop"], name, instrument)
    print(json.dumps(counts))  # noqa: T201 the answer to the process that asked


def _measurable(scenario: Scenario[Any, Any, Any], params: Params) -> list[str]:
    return [
        variant
        for variant in functions(scenario)
        if not strategy(variant).unavailable(_INTERPRETER)
        and not (strategy(variant).only_synchronous and params.sync_ratio < 1)
    ]


def _forked(
    scenario: Scenario[Any, Any, Any],
    variant: str,
    params: Params,
    loop: str,
    name: str,
    instrument: Callable[[Driver[Any, Any, Any]], Any],
) -> dict[str, Any]:
    """Return what *instrument* counts in a process of its own, by its name."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            with open_driver(scenario, variant, params, loop) as driver:
                answer = {name: instrument(driver)}
        except BaseException as error:  # noqa: BLE001 told to the parent, whatever it is
            answer = {"error": f"{type(error).__name__}: {error}"}
        with os.fdopen(writing, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    told: dict[str, Any] = json.loads(text) if text else {"error": f"died, status {status}"}
    return told


def _count_independently(driver: Driver[Any, Any, Any], counter: ModuleType) -> tuple[float, float]:
    """Do what ``count_allocations`` does, with the other instrument."""
    schedule = Schedule(driver)
    schedule.drive(schedule.long)
    gc.collect()
    gc.disable()
    schedule.drive(schedule.short)
    seen = []
    for cycles in (schedule.short, schedule.short, schedule.long):
        counter.start()
        schedule.drive(cycles)
        seen.append(counter.stop())
    _, (short_calls, short_bytes), (long_calls, long_bytes) = seen
    return (
        (long_calls - short_calls) / schedule.operations,
        (long_bytes - short_bytes) / schedule.operations,
    )


def _import(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("counter", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
