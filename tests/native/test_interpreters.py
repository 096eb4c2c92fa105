"""The extension module in several interpreters of one process, and unloaded.

Each test runs a process of its own, in which the packages around the extension are empty: what
``harness`` imports besides (msgspec, for one) does not run in a second interpreter.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]

ALONE = f"""
import sys, types
for name in ("harness", "harness.valuetask"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [{str(ROOT)!r} + "/" + name.replace(".", "/")]
"""

USE = """
import asyncio
from harness.valuetask.IMPLEMENTATION import ManualResetValueTaskSource
from harness.valuetask.IMPLEMENTATION import ValueTask, gather, value_task

@value_task
async def turning(answer):
    await asyncio.sleep(0)
    return answer

async def use():
    source = ManualResetValueTaskSource()
    asyncio.get_running_loop().call_soon(source.set_result, 3)
    assert await ValueTask([1]) == [1]
    assert await gather(ValueTask(1), turning(2), source.value_task()) == [1, 2, 3]
    assert ValueTask.from_exception(KeyError).faulted()
    kept = []  # more than the free list takes, and one in a cycle
    kept.append([ValueTask(kept) for _ in range(500)])
    return ValueTask(kept), turning(4).as_future()

with asyncio.Runner() as runner:
    runner.run(use())
"""

INTERPRETERS = """
import gc, os, sys
try:
    import _interpreters as interpreters
except ImportError:  # before 3.13
    import _xxsubinterpreters as interpreters

def shared():  # one that shares the GIL, as mod_wsgi's do
    if hasattr(interpreters, "new_config"):
        return interpreters.create("legacy")
    return interpreters.create(isolated=False)

def run(program, create):
    number = create()
    failure = interpreters.run_string(number, program)
    assert not failure, failure
    interpreters.destroy(number)

def growth(program, times):
    for _ in range(3):
        run(program, shared)
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(times):
        run(program, shared)
    gc.collect()
    return (sys.getallocatedblocks() - before) / times
"""


def program(text: str, implementation: str = "native") -> str:
    return ALONE + dedent(text).replace("IMPLEMENTATION", implementation)


def python(text: str) -> str:
    """Run *text* in a process of its own, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", text],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(autouse=True)
def built() -> None:
    pytest.importorskip("harness.valuetask._native", reason="it was not built here")


@pytest.fixture
def several_interpreters() -> None:
    if sys.version_info >= (3, 14):
        pytest.skip("the names of this interpreter's functions are not known here")


@pytest.mark.usefixtures("several_interpreters")
def test_fifty_interpreters_that_used_it_leave_no_more_than_those_that_used_the_pure_one() -> None:
    # Not zero: CPython itself leaves blocks behind with each, since 3.12 thousands, because
    # interned strings never die.
    measure = f"{INTERPRETERS}\nnative = {program(USE)!r}\npure = {program(USE, 'python')!r}"
    times = (20, 50)
    if "PYTHONMALLOC" in os.environ:  # no blocks are counted then: it must only not crash
        times = (1, 3)
    counted = f"print(growth(pure, {times[0]}), growth(native, {times[1]}))"
    pure, native = python(f"{measure}\n{counted}").split()
    assert float(native) <= float(pure) + 50


@pytest.mark.skipif(sys.version_info < (3, 12), reason="all interpreters share one GIL")
@pytest.mark.usefixtures("several_interpreters")
def test_it_is_used_in_an_interpreter_that_has_a_gil_of_its_own() -> None:
    # CPython 3.12.1 aborts at its exit after any such interpreter that imported asyncio.
    end = "print('used', flush=True)\nos._exit(0)"
    text = f"{INTERPRETERS}\nrun({program(USE)!r}, interpreters.create)\n{end}"
    assert python(text) == "used\n"


def test_unloaded_it_is_gone() -> None:
    text = """
        import gc, weakref
        gone = []
        for _ in range(3):
            import harness.valuetask._native as native
            for kept in (native, native.ValueTask):
                gone.append(weakref.ref(kept))
            assert native.ValueTask([1]).result() == [1]
            cycle = [native.ValueTask(native)]
            cycle.append(cycle)
            del native, kept, cycle, sys.modules["harness.valuetask._native"]
            del sys.modules["harness.valuetask"]._native
            gc.collect()
        print([reference() for reference in gone])
        """
    assert python(program(text)) == f"{[None] * 6}\n"


def test_what_was_made_outlives_it() -> None:
    text = """
        import asyncio, gc
        import harness.valuetask._native as native
        made = native.ValueTask([1]), native.ValueTask.from_exception(KeyError("kept"))
        del native, sys.modules["harness.valuetask._native"]
        del sys.modules["harness.valuetask"]._native
        gc.collect()
        import harness.valuetask._native as again
        assert type(made[0]) is not again.ValueTask
        async def use():
            assert await made[0] == [1]
            assert made[1].faulted()
            assert (await made[0].then(len)) == 1
        asyncio.run(use())
        del made
        gc.collect()
        print(again.ValueTask(2).result())
        """
    assert python(program(text)) == "2\n"
