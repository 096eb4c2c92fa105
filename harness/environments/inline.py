"""Inline metadata: what a scenario file says that it needs, in a block ``# /// script`` (PEP 723).

https://packaging.python.org/en/latest/specifications/inline-script-metadata/
"""

from __future__ import annotations

import re
import tokenize
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from harness.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Declared", "declared_by"]

# The reference implementation's.
_BLOCK = re.compile(
    r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$",
)


@dataclass(frozen=True)
class Declared:
    """What scenario files declare: the packages that they need, and the versions of Python.

    *pythons* has the file, and what it says of ``requires-python``.
    """

    requirements: tuple[str, ...] = ()
    pythons: tuple[tuple[str, str], ...] = ()

    def excludes(self, version: str) -> str:
        """Return why that version of Python is not for them; empty where it is."""
        for file, wanted in self.pythons:
            # A version of CPython between two releases ends in a plus sign.
            if not SpecifierSet(wanted).contains(version.rstrip("+"), prereleases=True):
                return f"{file} needs Python {wanted} (requires-python), this is {version}"
        return ""


def declared_by(files: Iterable[str]) -> Declared:
    """Return what all these scenario files declare together.

    A file that is not there declares nothing. InputError, one line, for a block that cannot be
    read.
    """
    requirements: list[str] = []
    pythons: list[tuple[str, str]] = []
    for file in files:
        block = _block(file)
        requirements += _requirements(file, block)
        if wanted := _python(file, block):
            pythons.append((file, wanted))
    return Declared(tuple(sorted(dict.fromkeys(requirements))), tuple(pythons))


def _block(file: str) -> dict[str, Any]:
    try:
        with tokenize.open(file) as source:
            text = source.read()
    except (OSError, SyntaxError, ValueError):
        return {}  # what is wrong with it is said where it is imported
    found = [match for match in _BLOCK.finditer(text) if match["type"] == "script"]
    if len(found) > 1:
        raise InputError(f"{file}: has {len(found)} blocks '# /// script'; expected one")
    if not found:
        return {}
    lines = found[0]["content"].splitlines()
    content = "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines)
    try:
        return tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file}: its block '# /// script' is no TOML: {error}") from None


def _requirements(file: str, block: dict[str, Any]) -> list[str]:
    listed = block.get("dependencies", [])
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise InputError(
            f"{file}: dependencies = {listed!r} in its block '# /// script'; expected a list of "
            'texts, as ["aiocache>=0.12"]'
        )
    requirements = []
    for each in listed:
        try:
            requirements.append(str(Requirement(each)))
        except InvalidRequirement as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"{file}: {each!r} in its block '# /// script' names no package: {reason}"
            ) from None
    return requirements


def _python(file: str, block: dict[str, Any]) -> str:
    wanted = block.get("requires-python", "")
    try:
        # An empty one takes all versions.
        return str(SpecifierSet(wanted if isinstance(wanted, str) else "no text"))
    except InvalidSpecifier:
        raise InputError(
            f"{file}: requires-python = {wanted!r} in its block '# /// script'; expected versions, "
            'as ">=3.12"'
        ) from None
