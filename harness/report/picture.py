"""A chart of a page about several runs: drawn, with what stands above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Picture"]


@dataclass(frozen=True)
class Picture:
    """A drawn chart; *note* explains how to read it."""

    title: str
    note: str
    svg: Markup
