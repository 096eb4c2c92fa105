"""The tables on the terminal: at 80 columns, narrower, in ASCII, with names that want to escape."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from harness.record import Attribution, Frame, Stack
from harness.report.lines import print_differences, print_lines
from tests.profile.stacks import AWAIT, MINE, seen

TITLE = ("lookup", "sync_ratio=0.9;size=64", "task", "cpython 3.13.0, asyncio")


def shown(seen: Attribution, width: int = 80, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="")
    print_lines(seen, TITLE, Console(file=file, width=width, legacy_windows=False))
    file.flush()
    return "\n".join(line.rstrip() for line in raw.getvalue().decode(encoding).split("\n"))


def difference(first: Attribution, second: Attribution) -> str:
    file = io.StringIO()
    print_differences(first, second, ("task", "coroutine"), Console(file=file, width=80))
    return "\n".join(line.rstrip() for line in file.getvalue().split("\n"))


def test_the_table_of_one_variant() -> None:
    assert (
        shown(seen())
        == """\
lookup  sync_ratio=0.9;size=64  task  cpython 3.13.0, asyncio
  share  allocs   bytes  line                                    from
  60.0%     600  60,000  asyncio/base_events.py:469 create_task   45+
  25.0%     250  25,000  asyncio/events.py:89 _run
  10.0%     100   9,600  harness/measure/drive.py:71 _await_all
   5.0%      50   5,000  mine.py:45 task                           45
from: the line of mine.py that it was reached from, + others

caused by the lines of mine.py
  share  allocs   bytes  at  text
  55.0%     550  55,000  45  return loop.create_task(coroutine())
  10.0%     100  10,000  39  await asyncio.sleep(0)
  35.0%     350  34,600      (none: the driver, the event loop, other threads)

Attributed, with memray's stack hook on: shares of 1,000 allocations in 100
operations; 1,234 that the hook made itself are left out. For exact counts per
operation use awaitbench run.
"""
    )


def test_the_differences_of_two_variants() -> None:
    coroutine = Attribution(100, (Stack((AWAIT,), 200, 20_000),), "mine.py")
    assert (
        difference(seen(), coroutine)
        == """\
task allocates here, coroutine does not or less
  more  task  coroutine  more bytes  line
     6     6          0         600  asyncio/base_events.py:469 create_task
   2.5   2.5          0         250  asyncio/events.py:89 _run
   0.5   0.5          0          50  mine.py:45 task

coroutine allocates here, task does not or less
  more  task  coroutine  more bytes  line
     1     1          2         104  harness/measure/drive.py:71 _await_all

Allocations per operation, attributed: they show where the two differ. By how
much exactly, awaitbench run counts.
"""
    )


def test_two_variants_that_allocate_the_same() -> None:
    assert difference(seen(), seen()).count("  nowhere\n") == 2


def test_many_lines_are_summed_up() -> None:
    stacks = tuple(Stack((Frame("x.py", "f", line),), 10, 80) for line in range(1, 41))
    text = shown(Attribution(100, stacks, "x.py", hook=0))
    assert "62.5%     250  2,000  25 other lines" in text
    assert "75.0%     300  2,400      30 other lines" in text


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal_and_figures_stay_whole(width: int) -> None:
    path = "a/very/long/package/name/that/has/no/end/in/sight/module.py"
    stacks = (*seen().stacks, Stack((Frame(path, "some_function", 1234), MINE), 12_345, 678_901))
    text = shown(replace(seen(), stacks=stacks), width)
    assert max(map(len, text.splitlines()[1:])) <= max(width, 60)
    assert "12,345" in text
    assert "678,901" in text


def test_what_the_hook_made_is_told_or_said_to_be_among_them() -> None:
    assert "1,234 that the hook made itself are left out" in " ".join(shown(seen()).split())
    among = " ".join(shown(seen(hook=None)).split())
    assert "among them the hook's own, which could not be told apart" in among


def test_allocations_without_a_line_are_told_where_they_are_many() -> None:
    assert "have no line" not in shown(seen(unplaced=5))
    assert "50 more, seen without the hook, have no line" in " ".join(
        shown(seen(unplaced=50)).split()
    )


def test_every_caption_says_where_exact_counts_are() -> None:
    for text in (shown(seen()), difference(seen(), seen())):
        assert "awaitbench run" in text


def test_a_variant_that_allocates_nothing() -> None:
    assert "no allocation in 100 operations" in shown(Attribution(100, (), "mine.py", hook=0))


def test_names_cannot_move_the_cursor_or_style_the_text() -> None:
    stack = Stack((Frame("x\x1b[2J.py", "[bold]f", 3),), 10, 80)
    text = shown(Attribution(100, (stack,), "mine.py"), encoding="ascii")
    assert "\x1b" not in text
    assert "[bold]f" in text
