"""Runs the Python blocks of a page as one session: ``python -m tests.page_session PAGE LOOP``.

A comment ``# -> text`` asserts the ``repr`` of the expression before it, ``# raises Name`` the
type of the exception that the statement before it raises.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
_SHOWN = re.compile(r"^(\s*)(\S.*?)  # -> (.*)$", re.MULTILINE)
_RAISING = re.compile(r"^(\s*)(\S.*?)  # raises (\w+)$", re.MULTILINE)


def blocks(page: str) -> list[tuple[int, str]]:
    """Return the Python blocks of *page*, each with the number of its first line."""
    return [(page.count("\n", 0, found.start(1)) + 1, found[1]) for found in _BLOCK.finditer(page)]


def checking(block: str) -> str:
    """Return *block* with its comments made into checks, line by line."""
    block = _SHOWN.sub(lambda m: f"{m[1]}_shows({m[2]}, {m[3]!r})", block)
    return _RAISING.sub(lambda m: f"{m[1]}with _raises({m[3]!r}): {m[2]}", block)


def _shows(value: object, text: str) -> None:
    assert repr(value) == text, f"expected {text}, got {value!r}"


@contextmanager
def _raises(name: str) -> Iterator[None]:
    raised: BaseException | None = None
    try:
        yield
    except BaseException as error:  # noqa: BLE001 - a cancellation may be what is shown
        raised = error
    assert type(raised).__name__ == name, f"expected {name}, got {raised!r}"


async def run(page: str, name: str) -> None:
    """Run the blocks of *page* one after the other; tracebacks have its lines, and its name."""
    names: dict[str, Any] = {"_shows": _shows, "_raises": _raises, "__name__": "__page__"}
    for line, block in blocks(page):
        source = "\n" * (line - 1) + checking(block)
        code = compile(source, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        ended = eval(code, names)
        if inspect.iscoroutine(ended):
            await ended


def main(page: str, loop: str) -> None:
    """Run *page* on a loop of the kind *loop*, and say which implementation it used."""
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    if loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(run(Path(page).read_text(encoding="utf-8"), page))
    from harness.valuetask import IMPLEMENTATION

    print(IMPLEMENTATION)  # noqa: T201 the answer to the test


if __name__ == "__main__":
    main(*sys.argv[1:])
