"""Printable: what others wrote, made safe to show: it neither moves the cursor nor hides itself.

A name, a failure's reason or a stored text comes from somebody's code, or from somebody's file.
"""

from __future__ import annotations

__all__ = ["printable", "visible"]


def printable(text: str) -> str:
    """Return *text* on one line, with every character that does not print shown as an escape.

    Among those are escape sequences, marks that turn the direction of text, and lone surrogates.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in " ".join(text.splitlines())
    )


def visible(text: str) -> str:
    """Return what :func:`printable` does, with each stretch of white space shown as one space."""
    return printable(" ".join(text.split()))
