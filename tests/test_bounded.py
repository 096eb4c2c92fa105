"""Bounded: no shell, no code from disk, in any file of the harness."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import harness

# A forked child of the same process sends what it found through a pipe: not from a disk.
FROM_A_CHILD = {"isolation.py": ["marshal"]}
FILES = sorted(Path(harness.__file__).parent.rglob("*.py"))
# Modules that turn bytes from a disk into objects of any type, or code.
LOADERS = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "joblib"}
SHELLS = {
    *("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"),
    *("asyncio.create_subprocess_shell", "pandas.read_pickle", "pd.read_pickle", "numpy.load"),
}


def offences(source: str) -> list[str]:
    """Return what in *source* starts a shell or loads objects."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [each.name for each in node.names if each.name.split(".")[0] in LOADERS]
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module.split(".")[0] in LOADERS:
                found.append(node.module)
            found += [
                name for each in node.names if (name := f"{node.module}.{each.name}") in SHELLS
            ]
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in SHELLS or name.endswith((".read_pickle", ".create_subprocess_shell")):
                found.append(name)
            for keyword in node.keywords:
                harmless = isinstance(keyword.value, ast.Constant) and not keyword.value.value
                if keyword.arg in {"shell", "allow_pickle"} and not harmless:
                    found.append(f"{name}({keyword.arg}=...)")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_of_the_harness_starts_a_shell_or_loads_objects(path: Path) -> None:
    assert offences(path.read_text(encoding="utf-8")) == FROM_A_CHILD.get(path.name, [])


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import load",
        "import os; os.system('ls')",
        "from os import system",
        "import subprocess; subprocess.run('ls', shell=True)",
        "subprocess.Popen(words, shell=on)",
        "numpy.load(file, allow_pickle=True)",
        "frame = pd.read_pickle(path)",
    ],
)
def test_what_does_is_found(source: str) -> None:
    assert offences(source)


def test_what_does_not_is_let_be() -> None:
    assert offences("subprocess.run(['ls'], shell=False); import json; os.systems()") == []
