"""The extension: in pyproject.toml it would be experimental, with its files listed one by one.

Where it cannot be compiled the installation succeeds without it, and ValueTask is the one in
pure Python.
"""

from pathlib import Path

from setuptools import Extension, setup

FOLDER = Path("harness/valuetask/native")

setup(
    ext_modules=[
        Extension(
            "harness.valuetask._native",
            sources=sorted(map(str, FOLDER.glob("*.c"))),
            depends=sorted(map(str, FOLDER.glob("*.h"))),
            extra_compile_args=["-Wall", "-Wextra", "-fvisibility=hidden"],
            optional=True,
        )
    ]
)
