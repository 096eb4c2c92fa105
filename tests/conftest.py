"""Fixtures that several tests share."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import pytest
from hypothesis import settings

from harness.environments.kept import CACHE
from harness.measure.crew import Interpreter
from harness.measure.group import measure_group
from harness.plan import Group, Plan, Preset, Runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.measure.group import OnStage
    from harness.record import GroupRecord

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_SCENARIO = '''\
"""A scenario that a user wrote."""

import asyncio
import os
import sys
from contextlib import asynccontextmanager

from harness import Parameter, Scenario, main, sync_pattern


def within(name):
    """Tell whether a function of that name is running: that of a stage of measuring."""
    frame = sys._getframe()
    while frame is not None and frame.f_code.co_name != name:
        frame = frame.f_back
    return frame is not None


@asynccontextmanager
async def setup(params):
    {setup}
    yield None
    {teardown}


async def coroutine(state, request):
    if not request:
        await asyncio.sleep(0)
    return request


def task(state, request):
    return asyncio.get_running_loop().create_task(coroutine(state, request))


async def mine(state, request):
    {mine}
    if not request:
        await asyncio.sleep(0)
    return request


def synchronous(state, request):
    return request


SCENARIO = Scenario(
    title="A scenario of mine",
    setup=setup,
    requests=lambda state, params: sync_pattern(params),
    variants=(coroutine, task, mine),
    synchronous=synchronous,
    parameters={{"size": Parameter(64, 1, 1000, "rows")}},
)

{end}
if __name__ == "__main__":
    main(SCENARIO)
'''


@pytest.fixture(autouse=True, scope="session")
def no_environments_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have environments that tests make, or list, not be those in the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE, str(tmp_path_factory.mktemp("environments")))
        yield


@pytest.fixture
def write_scenario(tmp_path: Path) -> Callable[..., Path]:
    """Write a small scenario file, with statements of the test's own put into it.

    *setup* and *teardown* are done where the scenario is set up and closed, *mine* in each
    operation of the variant ``mine``, *end* where the file is imported.
    """

    def write(name: str = "sample", **statements: str) -> Path:
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        nothing = {"setup": "pass", "teardown": "pass", "mine": "pass", "end": ""}
        path.write_text(_SCENARIO.format(**{**nothing, **statements}), encoding="utf-8")
        return path

    return write


@pytest.fixture
def measure() -> Callable[..., GroupRecord]:
    """Measure a scenario file for real, as briefly as can be, in one group."""

    def measured(
        path: Path,
        *,
        sync_ratio: float = 0.5,
        variants: tuple[str, ...] = ("coroutine", "task", "mine"),
        instruments: tuple[str, ...] = ("time",),
        loop: str = "asyncio",
        patience: float = 60.0,
        on_stage: OnStage = lambda *_: None,
    ) -> GroupRecord:
        runtime = Runtime(platform.python_version(), sys.implementation.name, loop)
        params = (("sync_ratio", sync_ratio), ("size", 64))
        group = Group(path.stem, params, variants, runtime)
        preset = Preset("tiny", 0.05, (2, 2), 2)
        plan = Plan((group,), "coroutine", preset, seed=0, instruments=instruments)
        interpreter = Interpreter(sources={path.stem: str(path)}, patience=patience)
        return measure_group(group, plan, interpreter, on_stage)

    return measured


@pytest.fixture
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look after the test for processes and temporary files that it left behind."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    mark = str(folder)
    monkeypatch.setenv("TMPDIR", mark)
    monkeypatch.setenv("AWAITBENCH_TEST", mark)
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield
    until = time.monotonic() + 10  # what was killed needs a moment to be gone
    while (alive := _marked(mark)) and time.monotonic() < until:
        time.sleep(0.02)
    assert alive == []
    assert list(folder.iterdir()) == []


def _marked(mark: str) -> list[str]:
    """Return the processes that were started under the environment of the test *mark*."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                continue
            if process.environ().get("AWAITBENCH_TEST") == mark:
                found.append(f"{process.pid} {process.cmdline()}")
    return found
