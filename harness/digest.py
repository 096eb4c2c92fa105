"""Digest: which source files a scenario's figures depend on, and what was in them.

Those are the file that declares it and, again and again, the modules that these import from the
scenario's own package, or from its own folder where it is a file by itself. The imports are read
from the source, not from what happens to be imported: the same files give the same digest.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["changed_files", "source_digest"]

_MOST_FILES = 200
_DEEPEST = 20  # packages within packages
_DIGITS = 16  # hexadecimal ones, of each file: 64 bits
# In these folders lie modules of others, which have nothing to do with each other.
_SHARED = frozenset({"site-packages", "dist-packages"})


def source_digest(file: Path, module: str = "") -> str:
    """Return the digest of *file* and of what it imports of its own, as one line of text.

    *module* is the dotted name by which it is imported, empty for a file by itself. The line reads
    ``file=digest file=digest ...``, sorted, without the folder that all of them lie in. A file that
    is not there any more has an empty digest.
    """
    return " ".join(
        f"{_quoted(name)}={digest}" for name, digest in sorted(_digests(file, module).items())
    )


def changed_files(before: str, now: str) -> list[str]:
    """Return the files that differ between two digests, added and removed ones too."""
    old, new = _read(before), _read(now)
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


def _read(line: str) -> dict[str, str]:
    return {
        name: digest for word in line.split() for name, _, digest in [word.rpartition("=")] if name
    }


def _quoted(name: str) -> str:
    return name.replace(" ", "_")


def _digests(file: Path, module: str) -> dict[str, str]:
    own = _Own(file.resolve(), module)
    found: dict[str, str] = {}
    waiting = [(own.file, module)]
    while waiting and len(found) < _MOST_FILES:
        path, name = waiting.pop(0)
        told = path.relative_to(own.root).as_posix()
        if told in found:
            continue
        try:
            source = path.read_bytes()
        except OSError:
            found[told] = ""
            continue
        found[told] = hashlib.sha256(source).hexdigest()[:_DIGITS]
        waiting += [place for each in _imports(source, path, name) for place in own.places(each)]
    return found


class _Own:
    """Tells which modules are the scenario's own, and where they are."""

    def __init__(self, file: Path, module: str) -> None:
        self.file = file
        package = module.split(".")
        if len(package) > 1 or file.name == "__init__.py":
            up = len(package) if file.name == "__init__.py" else len(package) - 1
            self.root = file.parents[up]
            self._package = package[0]
        else:
            self.root = file.parent
            self._package = ""

    def places(self, module: str) -> Iterator[tuple[Path, str]]:
        """Yield the files that importing *module* runs, packages around it first."""
        parts = module.split(".")
        if not self._is_own(parts[0]) or len(parts) > _DEEPEST:
            return
        for length in range(1, len(parts) + 1):
            place = self.root.joinpath(*parts[:length])
            for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
                if _is_file(path):
                    yield path, ".".join(parts[:length])
                    break

    def _is_own(self, top: str) -> bool:
        if self._package:
            return top == self._package
        # A module of Python's own is never looked for beside a scenario: harness/importing.py.
        return (
            top.isidentifier()
            and top not in sys.stdlib_module_names
            and self.root.name not in _SHARED
        )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False


def _imports(source: bytes, path: Path, name: str) -> list[str]:
    """Return the modules that *source* names in imports, anywhere in it, in alphabetical order."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            if base:
                found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return sorted(found)


def _base(node: ast.ImportFrom, package: str) -> str:
    """Return the module that ``from ... import`` names, empty where there is none."""
    if not node.level:
        return node.module or ""
    around = package.split(".")
    kept = around[: len(around) - node.level + 1]
    return ".".join((*kept, *((node.module,) if node.module else ()))) if kept and kept[0] else ""
