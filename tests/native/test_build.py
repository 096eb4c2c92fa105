"""The extension is built where it can be, and ValueTask is there where it cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.native.copied import EXTENSION, ROOT, build_extension, copy_project


def test_where_there_is_no_compiler_the_build_succeeds_without_it_and_says_so(
    tmp_path: Path,
) -> None:
    setuptools = pytest.importorskip("setuptools", reason="setuptools is not installed")
    if int(setuptools.__version__.split(".")[0]) < 77:
        pytest.skip(f"setuptools {setuptools.__version__} is older than the build needs")
    copy_project(tmp_path / "copy")
    built = build_extension(tmp_path / "copy", CC="false")
    assert built.returncode == 0, built.stdout
    assert 'building extension "harness.valuetask._native" failed' in built.stdout
    assert not (tmp_path / "copy" / EXTENSION).exists()


def test_it_is_the_one_that_was_built_of_this_tree() -> None:
    native = pytest.importorskip("harness.valuetask._native", reason="it was not built here")
    assert Path(native.__file__).parent == ROOT / "harness" / "valuetask"


def test_without_it_valuetask_is_the_one_in_python() -> None:
    program = (
        "import sys; sys.modules['harness.valuetask._native'] = None\n"
        "from harness import valuetask\n"
        "print(valuetask.IMPLEMENTATION, valuetask.ValueTask.__module__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["python", "harness.valuetask.core"]
