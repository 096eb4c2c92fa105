"""The project in another place, and the extension built there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

__all__ = ["EXTENSION", "ROOT", "build_extension", "copy_project"]

ROOT = Path(__file__).parents[2]
EXTENSION = f"harness/valuetask/_native{sysconfig.get_config_var('EXT_SUFFIX')}"
PACKAGE = ("harness", "setup.py", "pyproject.toml", "README.md", "LICENSE")


def copy_project(folder: Path, *more: str) -> None:
    """Make *folder* a copy of the package and of what lies at *more*, with nothing built."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    built = shutil.ignore_patterns("_native*.so", "__pycache__")
    for name in (*PACKAGE, *more):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=built)
        else:
            shutil.copy(ROOT / name, folder / name)


def build_extension(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Build it in the copy *folder*, beside its package; return how that went."""
    return subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace"],
        cwd=folder,
        env={**os.environ, **environment},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
