"""Wheels of what this interpreter has installed: real packages for pip, without a network."""

from __future__ import annotations

import zipfile
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["pack", "pack_module"]


def pack(requirements: Iterable[str], folder: Path) -> None:
    """Write into *folder* a wheel of each package that *requirements* lead to."""
    for distribution in _closure(requirements):
        name = distribution.metadata["Name"].replace("-", "_")
        wheel = distribution.read_text("WHEEL") or ""
        tag = next(line[5:] for line in wheel.splitlines() if line.startswith("Tag: "))
        path = folder / f"{name}-{distribution.version}-{tag}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for file in distribution.files or ():
                # Not its commands, which lie beside the packages, nor what Python has compiled.
                if ".." not in file.parts and file.suffix != ".pyc":
                    archive.write(str(file.locate()), file.as_posix())


def pack_module(name: str, text: str, folder: Path) -> Path:
    """Write into *folder* a wheel that holds one module, and return its path."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    about = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": text,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{each},,\n" for each in (*files, f"{about}/RECORD"))
    with zipfile.ZipFile(path, "w") as archive:
        for each, content in {**files, f"{about}/RECORD": record}.items():
            archive.writestr(each, content)
    return path


def _closure(requirements: Iterable[str]) -> Iterator[metadata.Distribution]:
    seen: set[tuple[str, str]] = set()
    given: set[str] = set()
    waiting = [Requirement(each) for each in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        extras = {(name, extra) for extra in (requirement.extras or {""})} - seen
        if not extras:
            continue
        seen |= extras
        distribution = metadata.distribution(name)
        if name not in given:
            yield distribution
        given.add(name)
        for needed in map(Requirement, distribution.requires or ()):
            marker = needed.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for _, extra in extras):
                waiting.append(needed)
