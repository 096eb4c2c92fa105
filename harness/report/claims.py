"""Claims: sentences about a run, set for the page and linked to what shows them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from harness.printable import printable
from harness.report.figures import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Claim", "ToldChange", "set_apart"]


@dataclass(frozen=True)
class Claim:
    """One sentence with its variants set apart, and the panel whose charts show it."""

    text: Markup
    tone: str
    anchor: str
    about: str


@dataclass(frozen=True)
class ToldChange:
    """What one *variant* did between runs: the rest of a sentence whose subject it is.

    *anchor* is where that is shown, *link* says what is there, *run* is empty where it is clear.
    """

    variant: str
    text: str
    anchor: str
    tone: str
    link: str
    run: str = ""


def set_apart(text: str, variants: Iterable[str]) -> Markup:
    """Return a sentence with the names of *variants* marked up as code."""
    names = sorted(map(re.escape, variants), key=len, reverse=True)
    if not names:
        return escape(printable(text))
    parts = re.split(rf"(?<!\w)({'|'.join(names)})(?!\w)", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(visible(part)) if index % 2 else escape(printable(part))
        for index, part in enumerate(parts)
    )
