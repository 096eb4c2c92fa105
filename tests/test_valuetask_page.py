"""``docs/valuetask.md`` says what is: its examples run, its names exist, its figures are kept."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import harness.valuetask
from harness.store import RunFolder
from harness.valuetask import ManualResetValueTaskSource, ValueTask
from tests.page_session import blocks, checking

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parent.parent
PATH = ROOT / "docs" / "valuetask.md"
PAGE = PATH.read_text(encoding="utf-8")


def is_built() -> bool:
    try:
        importlib.import_module("harness.valuetask.native")
    except ImportError:
        return False
    return True


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("implementation", ["python", "native"])
def test_the_examples_do_what_they_show(implementation: str, loop: str) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop is not installed")
    if implementation == "native" and not is_built():
        pytest.skip("the native implementation is not built")
    chosen = {"AWAITBENCH_PURE_PYTHON": "1" if implementation == "python" else ""}
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.page_session", str(PATH), loop],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=os.environ | chosen | {"PYTHONPATH": str(ROOT)},
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == f"{implementation}\n"
    assert ended.stderr == ""


def test_a_shown_result_that_is_wrong_fails() -> None:
    ((line, block),) = blocks("text\n```python\n1 + 1  # -> 3\n```\n")
    assert line == 3
    assert checking(block) == "_shows(1 + 1, '3')\n"
    assert checking("    await f()  # raises KeyError\n") == (
        "    with _raises('KeyError'): await f()\n"
    )


def test_every_public_name_is_on_the_page() -> None:
    for name in harness.valuetask.__all__:
        assert re.search(rf"\b{name}\b", PAGE), name


@pytest.mark.parametrize("documented", [ValueTask, ManualResetValueTaskSource])
def test_every_public_method_is_on_the_page(documented: type) -> None:
    for name in vars(documented):
        if not name.startswith("_") and name != "remove_continuation":
            assert re.search(rf"\b{name}\b", PAGE), name


def test_the_table_from_csharp_names_what_there_is() -> None:
    table = PAGE.split("## From C#")[1].split("\n## ")[0]
    cells = [row.split(" | ")[1] for row in table.splitlines() if row.startswith("| ")][1:]
    named = {name for cell in cells for name in re.findall(r"`(?:ValueTask\.)?(\w+)", cell)}
    known = {*dir(ValueTask), *harness.valuetask.__all__, "await", "hash"}
    assert named <= known


def test_every_link_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in headings}
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        else:
            assert (PATH.parent / target).exists(), target


def test_it_shows_the_figures_that_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs" / "experiments")
    import valuetask_page

    kept = json.loads(valuetask_page.KEPT.read_text(encoding="utf-8"))
    for lines in valuetask_page.sections(kept).values():
        assert "\n".join(lines) in PAGE


def test_it_shows_what_the_reference_run_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs")
    import make_readme

    run = RunFolder(ROOT / "results" / "reference").load()
    assert "\n".join(make_readme.about_value_task(run)) in PAGE


class TestExperiment:
    """``docs/experiments/valuetask.py`` and what writes its tables."""

    @pytest.fixture(autouse=True)
    def _finds_the_experiments(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(ROOT / "docs" / "experiments")

    def test_every_case_runs(self) -> None:
        import valuetask

        cases = valuetask.Cases()
        with asyncio.Runner() as runner:
            for name in dict.fromkeys(
                name for comparison in valuetask.COMPARISONS for name in cases.of(comparison)
            ):
                times = itertools.repeat(None, 3)
                runner.run(valuetask.timed(cases[name], times))
                assert next(times, "all were used") == "all were used", name

    def test_the_count_of_futures_finds_those_that_are_made_without_asking_the_loop(self) -> None:
        import valuetask

        async def case(times: Iterable[None]) -> None:
            loop = asyncio.get_running_loop()
            for _ in times:
                future: asyncio.Future[None] = asyncio.Future(loop=loop)
                loop.call_soon(future.set_result, None)
                await future

        async def without(times: Iterable[None]) -> None:
            for _ in times:
                await asyncio.sleep(0)

        assert valuetask.count_futures(case, 20) == {"futures": 20.0}
        assert valuetask.count_futures(without, 20) == {"futures": 0.0}

    def test_a_goal_that_was_missed_is_shown_as_such(self) -> None:
        import valuetask_page
        from valuetask_page import Figure, Goal

        assert Goal(0.9, before_3_12=0.35).is_met(Figure(0.5), "3.13.0")
        assert not Goal(0.9, before_3_12=0.35).is_met(Figure(0.5), "3.11.7")
        assert Goal(10, at_least=True).is_met(Figure(12.0), "3.11.7")
        assert str(Goal(0)) == "0"
        assert str(Goal(10, at_least=True)) == "10 or more"
        assert str(Goal(0.9, 0.35)) == "0.35 or less on 3.11, 0.9 or less from 3.12 on"
        kept = json.loads(valuetask_page.KEPT.read_text(encoding="utf-8"))
        figures = kept["figures"][0]
        figures["counts"]["python.constant"]["allocations"] = 3.0
        table = valuetask_page.sections(kept)["experiments"]
        assert any("| 2 or less | **3** missed |" in line for line in table)

    def test_a_profile_counts_a_call_where_it_was_executed(self) -> None:
        import valuetask_profile

        written = """\
            ob=(1) lib/libpython3.13.so
            fl=(1) ceval.c
            fn=(1) _PyEval_EvalFrameDefault'2
            10 100
            cob=(2) valuetask/_native.so
            cfn=(2) value_task_await
            calls=1 20
            +3 40
            * 7
            ob=(2)
            fn=(2)
            20 40
            ob=(1)
            fn=(3) gen_dealloc
            -2 5
            fn=(1)
            10 1
            summary: 153
        """
        lines = [line.strip() for line in written.splitlines()]
        assert valuetask_profile.count_parts(lines) == {
            valuetask_profile.LOOP: 108,
            valuetask_profile.EXTENSION: 40,
            valuetask_profile.OTHER: 5,
        }

    def test_the_page_has_the_rows_that_the_profile_writes(self) -> None:
        import valuetask_profile
        from valuetask_profile import CASES, PARTS, Profile

        profiles = {name: Profile(dict.fromkeys(PARTS, 1.0)) for name in CASES}
        for name, lines in valuetask_profile.sections({"3.13.0": profiles}).items():
            shown = PAGE.split(f"<!-- {name}: begin -->")[1].split(f"<!-- {name}: end -->")[0]
            for line, written in zip(lines, shown.strip().splitlines(), strict=True):
                assert line.split("|")[1] == written.split("|")[1]
