"""Shared text: what several interpreters say of themselves, as one text, and of which one. Pure.

As in ``3.11.7, 3.12.1: GCC 12.2.0; 3.13.0: Clang 18``; what all of them say is said once, alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["text_of", "together"]


def together(said: Iterable[tuple[str, str]]) -> str:
    """Return as one text what each interpreter, the first of two, says."""
    texts: dict[str, dict[str, None]] = {}
    for name, text in said:
        texts.setdefault(text, {})[name] = None
    if len(texts) == 1:
        return next(iter(texts))
    return "; ".join(f"{', '.join(names)}: {text}" for text, names in texts.items())


def text_of(joined: str, name: str) -> str:
    """Return what the interpreter *name* says in the text that :func:`together` has made."""
    for part in joined.split("; "):
        names, colon, text = part.partition(": ")
        if colon and name in names.split(", "):
            return text
    return joined
