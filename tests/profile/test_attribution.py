"""The attribution pass: the hook's allocations are told from the operations', names are short."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import pytest

from harness.analysis.lines import allocating_lines
from harness.measure.attribution import short_name
from harness.measure.crew import Interpreter
from harness.measure.group import count_group
from harness.measure.profiling import profile_variant
from harness.plan import Group, Runtime

if TYPE_CHECKING:
    from pathlib import Path

_ROOTS = ("/", "/home/me", "/opt/python/lib/python3.13", "/opt/python/lib/python3.13/site-packages")


@pytest.mark.parametrize(
    ("file", "short"),
    [
        ("/opt/python/lib/python3.13/asyncio/events.py", "asyncio/events.py"),
        ("/opt/python/lib/python3.13/site-packages/aiosqlite/core.py", "aiosqlite/core.py"),
        ("/home/me/mine.py", "mine.py"),
        ("/srv/somewhere/else/package/module.py", "package/module.py"),
        ("/module.py", "module.py"),
        ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap>"),
        ("<string>", "<string>"),
    ],
)
def test_a_file_is_named_from_where_it_is_imported_and_never_absolutely(
    file: str, short: str
) -> None:
    assert short_name(file, _ROOTS) == short


def test_the_attributed_allocations_are_those_of_the_counting_pass(tmp_path: Path) -> None:
    """memray's hook makes more than the operations do; all of it is told apart."""
    variants = ("coroutine", "task", "value_task")
    group = Group(
        scenario="do_work",
        params=(("sync_ratio", 1.0), ("delay", 0.0)),
        variants=variants,
        runtime=Runtime(platform.python_version()),
    )
    counts, failures = count_group(group, Interpreter(), seed=0)
    assert not failures
    for variant in variants:
        profile = profile_variant(
            group,
            variant,
            Interpreter(),
            seed=0,
            path=tmp_path / f"{variant}.bin",
            operations=500,
        )
        seen = profile.attribution
        assert seen.hook is not None
        assert seen.hook > 500
        assert seen.allocations / seen.operations == pytest.approx(counts[variant].count, rel=0.1)


def test_what_belongs_to_the_call_and_what_to_the_await_is_told_apart(tmp_path: Path) -> None:
    """A ValueTask is one object at the call, and its generator is one at the await.

    memray's hook makes frame objects of the same size at the lines of both.
    """
    group = Group(
        scenario="do_work",
        params=(("sync_ratio", 1.0), ("delay", 0.0)),
        variants=("value_task",),
        runtime=Runtime(platform.python_version()),
    )
    profile = profile_variant(
        group, "value_task", Interpreter(), seed=0, path=tmp_path / "a.bin", operations=500
    )
    first, second, *_ = allocating_lines(profile.attribution)
    assert {first.frame.file, second.frame.file} == {
        "scenarios/do_work.py",
        "harness/measure/drive.py",
    }
    assert first.allocations == pytest.approx(500, abs=3)
    assert second.allocations == pytest.approx(500, abs=3)
