from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("matplotlib", "pandas", "pyperf", "memray", "jinja2")


@pytest.mark.parametrize("module", ["harness.report.terminal", "harness.report.text"])
def test_a_table_is_printed_without_importing_what_draws_charts(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"
