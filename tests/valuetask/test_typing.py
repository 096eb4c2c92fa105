"""What mypy --strict infers for ValueTask and @value_task."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

SNIPPET = dedent(
    """
    import asyncio
    from collections.abc import Awaitable
    from harness.valuetask import ValueTask, gather, value_task

    @value_task
    async def lookup(key: str, *, default: int = 0) -> int:
        return default

    class Store:
        @value_task
        async def get(self, key: str) -> bytes:
            return b""

    async def main(future: asyncio.Future[str]) -> None:
        awaitable: Awaitable[int] = lookup("a")
        wider: ValueTask[object] = lookup("a")
        reveal_type(lookup)  # def (key: str, *, default: int =) -> V[int]
        reveal_type(await lookup("a", default=1))  # int
        reveal_type(await Store().get(key="a"))  # bytes
        reveal_type(ValueTask(1))  # V[int]
        reveal_type(ValueTask())  # V[None]
        reveal_type(ValueTask.from_future(future))  # V[str]
        reveal_type(lookup("a").then(str))  # V[str]
        reveal_type(lookup("a").result())  # int
        reveal_type(lookup("a").as_future())  # Future[int]
        reveal_type(await gather(lookup("a"), lookup("b")))  # list[int]
        reveal_type(
            await gather(lookup("a"), return_exceptions=True)
        )  # list[int | BaseException]
        lookup(1)  # error: arg-type
        lookup("a", other=1)  # error: call-arg
        value_task(len)  # error: arg-type
    """
)


def expected() -> list[str]:
    """The comments of the snippet's lines, one per line of mypy's output."""
    comments = re.findall(r"\)  # (.+)", SNIPPET)
    return [re.sub(r"\bV\[", "harness.valuetask.core.ValueTask[", line) for line in comments]


def said(line: str) -> str:
    """The type or the kind of error that *line* of mypy's output states."""
    if revealed := re.search(r'Revealed type is "(.*)"', line):
        return re.sub(r"(builtins|asyncio\.futures|_asyncio)\.", "", revealed[1])
    return re.sub(r".*error: .*\[(.+)\]", r"error: \1", line)


def test_mypy_infers_the_results_and_keeps_parameter_names(tmp_path: Path) -> None:
    api = pytest.importorskip("mypy.api", reason="mypy is not installed")
    snippet = tmp_path / "snippet.py"
    snippet.write_text(SNIPPET)
    settings = Path(__file__).parents[2] / "pyproject.toml"
    cache = tmp_path / "cache"
    out, err, _ = api.run(
        ["--no-error-summary", f"--config-file={settings}", f"--cache-dir={cache}", str(snippet)]
    )
    assert err == ""
    assert [said(line) for line in out.splitlines()] == expected(), out
