"""``docs/scenarios.md`` says what is: its Python, its commands and the messages it quotes are run.

A Python block under ``<!-- file: NAME.py -->`` is a file; one under ``<!-- in: lookup.py … -->``
replaces the statements of its names in that file, which then runs with the options given there.
Where a text block follows, it fails and says just that.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import scenarios
from harness.analysis.rows import case_rows
from harness.command.new import TEMPLATE
from harness.record import RunStatus
from harness.scenario import Scenario
from harness.store import RunFolder
from harness.strategy import strategy
from tests.test_documents import anchors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.record import GroupRecord

ROOT = Path(__file__).parent.parent
PATH = ROOT / "docs" / "scenarios.md"
PAGE = PATH.read_text(encoding="utf-8")

_BLOCK = re.compile(r"(?:<!-- ([^>]*) -->\n)?^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_NUMBER = re.compile(r"0x[0-9a-f]+|\d+(\.\d+)?")


@dataclass(frozen=True)
class Block:
    """A fenced block: what its comment and its fence say, the heading it is under, its line."""

    comment: str
    language: str
    text: str
    heading: str
    line: int

    @property
    def options(self) -> list[str]:
        """What stands behind the file in ``in: FILE OPTIONS; shows …``."""
        return shlex.split(self.comment.partition(";")[0].removeprefix("in: "))[1:]


@dataclass(frozen=True)
class Part:
    """Statements that replace others in ``lookup.py``, and what is said of the result."""

    block: Block
    message: Block | None

    def says(self, message: str) -> bool:
        """Tell whether *message* is what the page quotes; numbers may differ where it says so."""
        assert self.message is not None
        quoted = self.message.text.strip()
        if self.message.comment == "numbers differ":
            return _NUMBER.sub("N", message) == _NUMBER.sub("N", quoted)
        return message == quoted


def read_blocks(page: str) -> Iterator[Block]:
    for found in _BLOCK.finditer(page):
        comment, language, text = found.groups()
        heading = page[: found.start()].rpartition("\n#")[2].partition("\n")[0].strip("# ")
        yield Block(comment or "", language, text, heading, page.count("\n", 0, found.start(2)) + 1)


BLOCKS = list(read_blocks(PAGE))
FILES = {
    block.comment.removeprefix("file: "): block.text
    for block in BLOCKS
    if block.comment.startswith("file: ")
}
PARTS = [
    Part(block, following if following and following.language == "text" else None)
    for block, following in zip(BLOCKS, [*BLOCKS[1:], None], strict=True)
    if block.comment.startswith("in: lookup.py")
]
CONSOLES = [block for block in BLOCKS if block.language == "console"]


def replaced(base: str, part: str) -> str:
    """Return the file *base* with its statements of the names in *part* replaced by these."""
    lines, fresh = base.splitlines(), part.splitlines()
    there = {name: node for node in ast.parse(base).body for name in names(node)}
    imports = [node for node in ast.parse(base).body if isinstance(node, ast.ImportFrom)]
    edits = []
    for node in ast.parse(part).body:
        start, end = extent(node)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            place = (extent(imports[-1])[1],) * 2
        elif names(node)[0] in there:
            place = extent(there[names(node)[0]])
        else:  # before the first function, which may need it
            place = (extent(there["coroutine"])[0],) * 2
        edits.append((place, [*fresh[start:end], ""]))
    for (start, end), text in sorted(edits, key=lambda edit: edit[0], reverse=True):
        lines[start:end] = text
    return "\n".join(lines) + "\n"


def names(node: ast.stmt) -> list[str]:
    """Return the name that a statement at the top of a file gives."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def extent(node: ast.stmt) -> tuple[int, int]:
    """Return the lines of a statement, decorators included, as a slice."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    first = min(node.lineno, *(each.lineno for each in decorators), node.lineno)
    assert node.end_lineno is not None
    return first - 1, node.end_lineno


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what ``awaitbench new lookup`` writes."""
    folder = tmp_path_factory.mktemp("new")
    assert awaitbench(folder, "new", "lookup").returncode == 0
    return (folder / "lookup.py").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, written: str) -> Path:
    """Return a folder with the files that the page shows, and ``lookup.py`` as it is written."""
    for name, text in (FILES | {"lookup.py": written}).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def awaitbench(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return execute(folder, [sys.executable, "-m", "harness", *words])


def execute(folder: Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command with nothing else on its path than this interpreter and awaitbench."""
    own = {"PYTHONPATH": str(ROOT), "COLUMNS": "400"}
    return subprocess.run(
        words, cwd=folder, check=False, capture_output=True, text=True, env=os.environ | own
    )


def count(folder: Path, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Verify a scenario and count, which is quicker than to time it."""
    quickly = ["--only", "allocations", "--no-report", "--name", "tried"]
    return awaitbench(folder, "run", name, *options, *quickly)


def failure(ended: subprocess.CompletedProcess[str]) -> str:
    """Return the line that says why a group failed."""
    (line,) = re.findall(r"^failed .*?: (.*)$", ended.stderr, re.MULTILINE)
    return str(line)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"line {part.block.line}")
def test_a_part_runs_or_fails_as_the_page_says(part: Part, folder: Path) -> None:
    file = folder / "lookup.py"
    file.write_text(replaced(file.read_text(encoding="utf-8"), part.block.text), encoding="utf-8")
    options = part.block.options
    if not options and "sync_ratio=lambda" not in part.block.text:
        options = ["-p", "sync_ratio=0.9"]
    ended = count(folder, "lookup.py", *options)
    if part.message is None:
        assert ended.returncode == 0, ended.stderr
    else:
        assert ended.returncode == 1
        assert part.says(failure(ended)), failure(ended)


def test_what_the_page_says_that_a_column_shows_is_shown(folder: Path) -> None:
    base = (folder / "lookup.py").read_text(encoding="utf-8")
    shown = [part for part in PARTS if "; shows " in part.block.comment]
    assert len(shown) == 2
    for number, part in enumerate(shown):
        variant, column, value = part.block.comment.partition("; shows ")[2].split()
        (folder / "lookup.py").write_text(replaced(base, part.block.text), encoding="utf-8")
        results = folder / f"results-{number}"
        options = part.block.options or ["-p", "sync_ratio=0.9"]
        assert count(folder, "lookup.py", *options, "--results", str(results)).returncode == 0
        rows = {row.variant: row for row in case_rows(RunFolder(results / "tried").load())}
        if variant == "value_task" and rows["value_task_native"].status == "unavailable":
            continue  # there is no C type, which it would be
        assert getattr(rows[variant], column) == pytest.approx(float(value), abs=0.01)


def test_what_is_bound_at_run_time_is_swapped(folder: Path) -> None:
    assert count(folder, "lookup.py", "-p", "sync_ratio=1").returncode == 0
    rows = {row.variant: row for row in case_rows(RunFolder(folder / "results/tried").load())}
    if rows["value_task_native"].status == "unavailable":
        pytest.skip("the native implementation is not built")
    assert rows["value_task_native"].allocations == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("block", CONSOLES, ids=lambda block: block.heading)
def test_a_command_runs_and_says_what_the_page_shows(block: Block, folder: Path) -> None:
    parts = [part for part in PARTS if part.block.heading == block.heading]
    file = folder / "lookup.py"
    if parts:
        text = replaced(file.read_text(encoding="utf-8"), parts[-1].block.text)
        file.write_text(text, encoding="utf-8")
    if "awaitbench new lookup" in block.text:
        file.unlink()
    for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$).*\n)*)", block.text, re.MULTILINE):
        ended = execute(ROOT if command.startswith("make") else folder, words_of(command))
        said = f"{ended.stdout}{ended.stderr}".splitlines()
        assert ended.returncode == (2 if "awaitbench: " in shown else 0), said
        assert [line for line in shown.splitlines() if line not in said] == [], said


def words_of(command: str) -> list[str]:
    """Return a command of the page as it is tried: what it measures is counted, not timed."""
    program, *words = shlex.split(command)
    if program == "make":
        return [program, "--dry-run", *words]  # it would install
    quickly = ["--only", "allocations", "--no-report"]
    if program == "python":
        return [sys.executable, *words, *quickly]
    assert program == "awaitbench"
    quickly = quickly if words[0] == "run" else []
    return [sys.executable, "-m", "harness", *words, *quickly]


def test_the_file_of_a_page_of_answers_is_verified_and_counted_per_answer(folder: Path) -> None:
    ended = count(folder, "pages.py")
    assert ended.returncode == 0, ended.stderr
    run = RunFolder(folder / "results" / "tried").load()
    assert run.status is RunStatus.DONE
    rows = {row.variant: row for row in case_rows(run) if row.sync_ratio == 1}
    assert rows["coroutine"].tasks == pytest.approx(1)
    assert rows["value_task"].tasks == 0


def test_the_entry_point_makes_a_package_known(folder: Path) -> None:
    (registered,) = [block.text for block in BLOCKS if block.language == "toml"]
    name, module = re.findall(r'^(\w+) = "([\w.]+)"$', registered, re.MULTILINE)[0]
    (group,) = re.findall(r'^\[project\.entry-points\."(.*)"\]$', registered, re.MULTILINE)
    package = folder / module.partition(".")[0]
    package.mkdir()
    (package / "__init__.py").touch()
    (folder / "lookup.py").rename(package / f"{module.partition('.')[2]}.py")
    metadata = folder / "shop-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}\n")
    own = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])}
    ended = subprocess.run(
        [sys.executable, "-m", "harness", "list", name],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | own,
    )
    assert ended.stdout.startswith(name), ended.stderr


# What has to stand in lookup.py for each message of the table; None: there is no such file.
MESSAGES: dict[str, str | None] = {
    "no such file": None,
    "No module named 'shop'": "import shop",
    "expected a value SCENARIO": "SCENARIO = None",
    "two variants are named": """\
SCENARIO = Scenario(
    title="lookup", setup=open_store, requests=keys, variants=(coroutine, coroutine)
)""",
    "no parameter is named": """\
SCENARIO = Scenario(
    title="lookup",
    setup=open_store,
    requests=keys,
    variants=(coroutine,),
    parameters={"size": Parameter(64)},
    sweep={"sise": (64,)},
)""",
    "no database here": """\
@asynccontextmanager
async def open_store(params):
    raise ConnectionError("no database here")
    yield
""",
    "requests() gave none": "def keys(_, params):\n    return []",
    "KeyError": "def value_task(store, key):\n    return ValueTask(store.values[key])",
    "object str can't be used": "def value_task(store, key):\n    return store.values.get(key, '')",
}


def messages_of_the_table() -> list[str]:
    table = PAGE.split("## What verification says")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^|]*)` \| ", table, re.MULTILINE)


@pytest.mark.parametrize("part", MESSAGES)
def test_a_message_of_the_table_is_what_is_said(part: str, folder: Path) -> None:
    (quoted,) = [message for message in messages_of_the_table() if part in message]
    file, wrong = folder / "lookup.py", MESSAGES[part]
    if wrong is None:
        file.unlink()
    else:
        file.write_text(replaced(file.read_text(encoding="utf-8"), wrong), encoding="utf-8")
    ended = count(folder, "lookup.py", "-p", "sync_ratio=0.9")
    said = failure(ended) if ended.returncode == 1 else ended.stderr
    assert quoted in re.sub(r"\.py:\d+ in", ".py:N in", said), said


def test_an_operation_that_hangs_is_said_to(
    folder: Path, measure: Callable[..., GroupRecord]
) -> None:
    never = "async def coroutine(store, key):\n    await asyncio.get_running_loop().create_future()"
    file = folder / "lookup.py"
    file.write_text(replaced(file.read_text(encoding="utf-8"), never), encoding="utf-8")
    record = measure(file, variants=("coroutine", "value_task"), patience=3.0)
    (quoted,) = [message for message in messages_of_the_table() if "no answer" in message]
    assert str(record.error) == quoted.replace("60 s", "3 s")


def test_every_message_of_the_table_is_tried() -> None:
    assert len(messages_of_the_table()) == len(MESSAGES) + 1  # and the one that hangs


def test_the_names_of_variants_are_the_known_ones() -> None:
    section = PAGE.split("### Variants")[1].split("\n### ")[0]
    named = re.findall(r"^\| `(\w+)` \| ", section, re.MULTILINE)
    assert all(strategy(name).can_complete_synchronously is not None for name in named)
    derived = {"eager_task", "value_task_native", "value_task_checked"}
    assert derived <= {*named}
    assert {"coroutine", "task", "cached_future", "ready_future", "value_task"} <= {*named}


def test_every_field_of_a_scenario_is_on_the_page() -> None:
    for name in Scenario.__dataclass_fields__:
        assert re.search(rf"\b{name}\b", PAGE), name


def test_every_shipped_scenario_has_a_line_that_names_its_parameters() -> None:
    section = PAGE.split("## Find the shape of your problem")[1]
    lines = dict(re.findall(r"^\| [^|]* \| \[(\w+)\]\([^)]*\) \| (.*) \|$", section, re.MULTILINE))
    files = Path(scenarios.__path__[0]).glob("[!_]*.py")
    shipped = {path.stem for path in files}
    assert shipped == {*lines}
    for name in shipped:
        declared = import_module(f"scenarios.{name}").SCENARIO.declared
        assert {*re.findall(r"`(\w+)`", lines[name])} <= {*declared}, name


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", _BLOCK.sub("", PAGE)):
        path, _, anchor = target.partition("#")
        if not path:
            assert anchor in anchors(PATH), target
        else:
            assert (PATH.parent / path).exists(), target


def test_the_file_that_is_changed_has_what_the_page_says_of_it() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    assert "CHANGE" in text
    assert 70 <= len(text.splitlines()) <= 100  # "about 80 lines"
