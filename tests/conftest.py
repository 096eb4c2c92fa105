"""Fixtures that several tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SCENARIO = '''\
"""A scenario that a user wrote."""

import asyncio
from contextlib import asynccontextmanager

from harness import Parameter, Scenario, main, sync_pattern


@asynccontextmanager
async def setup(params):
    {setup}
    yield None


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


@pytest.fixture
def write_scenario(tmp_path: Path) -> Callable[..., Path]:
    """Write a small scenario file, with statements of the test's own put into it.

    *setup* is done when the scenario is set up, *mine* in each operation of the variant
    ``mine``, *end* where the file is imported.
    """

    def write(
        name: str = "sample", *, setup: str = "pass", mine: str = "pass", end: str = ""
    ) -> Path:
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_SCENARIO.format(setup=setup, mine=mine, end=end), encoding="utf-8")
        return path

    return write
