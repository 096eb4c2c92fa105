"""What mypy --strict infers for ValueTask, its sources and @value_task, and what it refuses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

pytest.importorskip("mypy", reason="mypy is not installed")

ROOT = Path(__file__).parents[2]

PREAMBLE = dedent(
    """
    import asyncio
    from collections.abc import Awaitable, Callable
    from typing import Any
    from harness.valuetask import (
        ManualResetValueTaskSource,
        ValueTask,
        ValueTaskSource,
        ValueTaskSourceStatus,
        gather,
        value_task,
    )

    @value_task
    async def lookup(key: str, *, default: int = 0) -> int:
        return default

    @value_task(hot=True)
    async def hot(x: int, *, key: str) -> int:
        return x

    @value_task(pooled=True)
    async def pooled(x: int, *rest: str, **more: float) -> bytes:
        return b""

    @value_task()
    async def plain(x: int, *, key: str) -> int:
        return x

    async def coroutine() -> int:
        return 1

    class Store:
        @value_task
        async def get(self, key: str) -> bytes:
            return b""

        @value_task(hot=True)
        async def put(self, key: str, *, data: bytes) -> None: ...

        @classmethod
        @value_task
        async def open(cls, path: str) -> "Store":
            return cls()

        @staticmethod
        @value_task
        async def version(major: int) -> str:
            return ""

    class Ticks:
        def get_status(self, token: Any, /) -> ValueTaskSourceStatus:
            return ValueTaskSourceStatus.PENDING

        def on_completed(self, continuation: Callable[[], object], token: Any, /) -> None: ...

        def get_result(self, token: Any, /) -> float:
            return 0.0

    """
)

INFERRED = PREAMBLE + dedent(
    """
    async def main(future: asyncio.Future[str], task: asyncio.Task[bytes]) -> None:
        awaitable: Awaitable[int] = lookup("a")
        wider: ValueTask[object] = lookup("a")
        optional: ValueTask[int | None] = ValueTask(1)
        source: ValueTaskSource[int] = ManualResetValueTaskSource[int]()
        reveal_type(lookup)  # def (key: str, *, default: int =) -> V[int]
        reveal_type(hot)  # def (x: int, *, key: str) -> V[int]
        reveal_type(pooled)  # def (x: int, *rest: str, **more: float) -> V[bytes]
        reveal_type(plain)  # def (x: int, *, key: str) -> V[int]
        reveal_type(await lookup("a", default=1))  # int
        reveal_type(await hot(1, key="a"))  # int
        reveal_type(await Store().get(key="a"))  # bytes
        reveal_type(Store().put)  # def (key: str, *, data: bytes) -> V[None]
        reveal_type((await Store.open("a")).get)  # def (key: str) -> V[bytes]
        reveal_type(await Store.version(major=1))  # str
        reveal_type(ValueTask(1))  # V[int]
        reveal_type(ValueTask())  # V[None]
        reveal_type(ValueTask.from_future(future))  # V[str]
        reveal_type(ValueTask.from_future(task))  # V[bytes]
        reveal_type(ValueTask.from_source(Ticks(), 1))  # V[float]
        reveal_type(ValueTask.from_source(source, 1))  # V[int]
        reveal_type(ManualResetValueTaskSource[str]().value_task())  # V[str]
        reveal_type(ManualResetValueTaskSource[str]().version)  # int
        reveal_type(ValueTask.from_exception(OSError))  # V[Any]
        reveal_type(ValueTask.from_cancelled("why"))  # V[Any]
        reveal_type(lookup("a").then(str))  # V[str]
        reveal_type(lookup("a").result())  # int
        reveal_type(lookup("a").exception())  # BaseException | None
        reveal_type(lookup("a").as_future())  # Future[int]
        reveal_type(lookup("a").preserve())  # V[int]
        reveal_type(await gather(lookup("a"), lookup("b")))  # list[int]
        reveal_type(await gather(lookup("a"), return_exceptions=True))  # list[int | BaseException]
        reveal_type(await asyncio.gather(lookup("a"), Store().get("b")))  # tuple[int, bytes]
        reveal_type(await asyncio.wait_for(lookup("a"), 1))  # int
        reveal_type(asyncio.ensure_future(lookup("a")))  # Task[int]
    """
)

REFUSED = PREAMBLE + dedent(
    """
    async def main(number: int) -> None:
        lookup(1)  # arg-type
        lookup("a", other=1)  # call-arg
        lookup("a", 1)  # call-arg
        hot(1, name="a")  # call-arg
        hot(1)  # call-arg
        pooled(1, "a", more="b")  # arg-type
        Store().get(name="a")  # call-arg
        Store().put("a", data="text")  # arg-type
        value_task(len)  # arg-type
        value_task(hot=True)(len)  # arg-type
        value_task(hot=1)  # call-overload
        text: str = await lookup("a")  # assignment
        narrower: ValueTask[bool] = lookup("a")  # assignment
        ValueTask[int]("text")  # call-overload
        ValueTask.from_future(number)  # arg-type
        ValueTask.from_source(number, 1)  # arg-type
        ManualResetValueTaskSource[str]().set_result(number)  # arg-type
        lookup("a").then(len)  # arg-type
        await gather(coroutine())  # call-overload
        asyncio.create_task(lookup("a"))  # arg-type
    """
)


def said_by_mypy(snippet: str, tmp_path: Path) -> tuple[list[str], str]:
    """Return what mypy says of each line of *snippet* that has a comment, and all of it."""
    file = tmp_path / "snippet.py"
    file.write_text(snippet, encoding="utf-8")
    options = ["--strict", "--config-file=", "--follow-imports=silent", "--no-error-summary"]
    # In a process of its own: its heap would slow down every later collection.
    ended = subprocess.run(
        [sys.executable, "-m", "mypy", *options, f"--cache-dir={tmp_path / 'cache'}", str(file)],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"MYPYPATH": str(ROOT)},
        text=True,
    )
    assert ended.stderr == ""
    said: dict[int, list[str]] = {}
    for number, kind, text in re.findall(r"snippet\.py:(\d+): (\w+): (.*)", ended.stdout):
        if revealed := re.search(r'Revealed type is "(.*)"', text):
            said.setdefault(int(number), []).append(short(revealed[1]))
        elif kind == "error":
            said.setdefault(int(number), []).append(re.sub(r".*\[(.+)\]", r"\1", text))
    lines = [
        (number, line) for number, line in enumerate(snippet.splitlines(), 1) if "  # " in line
    ]
    unexpected = said.keys() - {number for number, _ in lines}
    assert not unexpected, ended.stdout
    return [
        f"{line.partition('  # ')[0].strip()}  # {' '.join(sorted(said.get(number, [])))}"
        for number, line in lines
    ], ended.stdout


def short(name: str) -> str:
    """Return a type without the modules that its parts are in, ``V`` for ValueTask."""
    name = re.sub(r"harness\.valuetask\.\w+\.ValueTask\b", "V", name)
    return re.sub(r"\b(builtins|asyncio\.\w+|_asyncio|snippet|typing)\.", "", name)


def expected(snippet: str) -> list[str]:
    """Return the lines of *snippet* that have a comment."""
    return [line.strip() for line in snippet.splitlines() if "  # " in line]


def test_mypy_infers_the_results_and_keeps_parameter_names(tmp_path: Path) -> None:
    said, output = said_by_mypy(INFERRED, tmp_path)
    assert said == expected(INFERRED), output


def test_mypy_refuses_what_does_not_fit(tmp_path: Path) -> None:
    said, output = said_by_mypy(REFUSED, tmp_path)
    assert said == expected(REFUSED), output
