"""The examples of real libraries: each is found by its path, verified, and has its figures."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import Params, catalog
from harness.measure.drive import open_driver
from harness.measure.environment import this_runtime
from harness.measure.observe import observe
from harness.strategy import functions, strategy
from harness.verify import compare

if TYPE_CHECKING:
    from harness.record import Observation

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs" / "examples"
PAGE = (EXAMPLES / "README.md").read_text(encoding="utf-8")

# The package that each example is of; StreamReader is Python's own.
PACKAGES = {
    "alru_cache": "async_lru",
    "aiocache_memory": "aiocache",
    "stream_reader": None,
    "dataloader": "aiodataloader",
    "anyio_semaphore": "anyio",
}
SHARES = {"stream_reader": ({"records": 1}, {"records": 10})}
OTHERS = ({"sync_ratio": 0.05}, {"sync_ratio": 0.5}, {"sync_ratio": 0.9}, {"sync_ratio": 1.0})
CASES = [(name, values) for name in PACKAGES for values in SHARES.get(name, OTHERS)]


def path_of(name: str) -> str:
    """Return an example's path; skip where what it needs is not installed."""
    package = PACKAGES[name]
    if package is not None:
        pytest.importorskip(package, reason=f"{package} is not installed for this interpreter")
    return str(EXAMPLES / f"{name}.py")


def verified(name: str, values: dict[str, float], loop: str) -> dict[str, Observation]:
    """Verify the example as the harness does it before it measures."""
    scenario = catalog.load(path_of(name)).scenario
    known = {key: parameter.default for key, parameter in scenario.declared.items()} | values
    params = Params({"sync_ratio": scenario.share_of(known), **known}, seed=3)
    observed = {}
    for variant in functions(scenario):
        if strategy(variant).unavailable(this_runtime()):
            continue
        if params.sync_ratio == 1 or not strategy(variant).only_synchronous:
            with open_driver(scenario, variant, params, loop) as driver:
                observed[variant] = observe(driver)
                driver.drive(2)
    return compare(observed, params.sync_ratio)


def test_every_example_is_tested() -> None:
    files = {path.stem for path in EXAMPLES.glob("*.py")}
    assert files - {"measure"} == {*PACKAGES}


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize(("name", "values"), CASES)
def test_its_variants_do_the_same_work(name: str, values: dict[str, float], loop: str) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop is not installed")
    seen = verified(name, values, loop)
    assert {"coroutine", "task", "value_task"} <= {*seen}
    assert seen["task"].synchronous_share == 0
    # The strategies differ in what the library's own call may do besides: a Task for a batch.
    assert seen["value_task"].suspensions == seen["coroutine"].suspensions
    assert seen["task"].tasks == pytest.approx(seen["coroutine"].tasks + 1)


def test_anyio_gives_others_a_turn_unless_told_otherwise() -> None:
    seen = verified("anyio_semaphore", {"sync_ratio": 1.0}, "asyncio")
    assert seen["anyio_semaphore"].suspensions == 1
    assert seen["coroutine"].suspensions == 0


def test_a_hit_of_aiocache_is_a_task_on_3_11_because_of_its_timeout() -> None:
    seen = verified("aiocache_memory", {"sync_ratio": 1.0}, "asyncio")
    made = 1 if sys.version_info < (3, 12) else 0
    assert seen["aiocache"].tasks == seen["aiocache"].suspensions == made
    assert seen["aiocache_untimed"].tasks == 0


def test_async_lru_makes_no_task_for_a_hit_and_one_for_a_miss() -> None:
    seen = verified("alru_cache", {"sync_ratio": 0.9}, "asyncio")
    assert seen["async_lru"].tasks == seen["coroutine"].tasks == pytest.approx(0.1)


@pytest.mark.parametrize("name", [name for name, package in PACKAGES.items() if package])
def test_a_missing_library_is_one_line_that_names_it(name: str, tmp_path: Path) -> None:
    """It is found by a finder that comes first, and is told to be missing."""
    package = PACKAGES[name]
    (tmp_path / "sitecustomize.py").write_text(
        f"""\
import sys


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


sys.meta_path.insert(0, Missing())
""",
        encoding="utf-8",
    )
    ended = subprocess.run(
        [sys.executable, "-m", "harness", "run", str(EXAMPLES / f"{name}.py")],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
    )
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.endswith(f"cannot be imported: ModuleNotFoundError: No module named {package!r}")


@pytest.mark.parametrize(("name", "package"), PACKAGES.items())
def test_its_first_lines_say_what_to_install(name: str, package: str | None) -> None:
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    docstring = text.split('"""')[1]
    assert len(text.splitlines()) <= 120
    if package is None:
        assert "Needs nothing beside awaitbench" in docstring
    elif find_spec(package) is not None:
        (distribution,) = {*metadata.packages_distributions()[package]}
        assert f"pip install {distribution}" in docstring


def test_what_is_tested_is_a_dependency_of_the_tests_and_not_of_the_package() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    package, _, dev = project.partition("[dependency-groups]")
    for name in filter(None, PACKAGES.values()):
        assert re.search(rf'^    "{name.replace("_", "-")}>=[\d.]+",$', dev, re.MULTILINE), name
        assert f'"{name.replace("_", "-")}' not in package


class TestFigures:
    """What ``measure.py`` keeps and writes."""

    @pytest.fixture(autouse=True)
    def _finds_the_script(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(EXAMPLES)

    def test_the_page_shows_what_is_kept(self) -> None:
        import measure

        for name, lines in measure.sections(
            json.loads(measure.KEPT.read_text(encoding="utf-8"))
        ).items():
            begin, end = f"<!-- {name}: begin -->\n", f"\n<!-- {name}: end -->"
            assert PAGE.split(begin)[1].split(end)[0] == "\n".join(lines)

    def test_every_example_has_every_variant_on_two_interpreters(self) -> None:
        import measure

        kept = json.loads(measure.KEPT.read_text(encoding="utf-8"))
        assert len(kept) >= 2
        assert {*measure.EXAMPLES} == {*PACKAGES}
        for name in PACKAGES:
            package = PACKAGES[name]
            if package is not None and find_spec(package) is None:
                continue
            measured = {
                row["variant"]
                for each in kept
                for row in each["rows"]
                if row["scenario"] == name and row["status"] == "ok"
            }
            scenario = catalog.load(path_of(name)).scenario
            assert measured == {*functions(scenario)}
            for variant in measured:
                assert f"\n| {variant} | " in PAGE.split(f"<!-- {name}: begin -->")[1]
