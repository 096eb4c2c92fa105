"""A chart of a page about several runs: drawn, with what stands above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Picture"]


@dataclass(frozen=True)
class Picture:
    """A drawn chart; *note* explains how to read it.

    The page's filter finds it by its *words*; without any it goes with what it stands in.
    """

    title: str
    note: str
    svg: Markup
    words: str = ""
