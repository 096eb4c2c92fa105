"""Lettering: how wide a text is, as matplotlib sets it, and what of it fits a width.

DejaVu Sans, which matplotlib brings along, is wider than what pages are set in: what has room in
it has room on the page.
"""

from __future__ import annotations

import unicodedata
import warnings
from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from harness.report.drawing import FONT_SIZE
from harness.report.scale import shorten

__all__ = ["ASCENT", "DESCENT", "fitted", "width_of"]

# Of the font's size: how far letters reach above and below the baseline.
ASCENT, DESCENT = 0.76, 0.24
_EM = "\N{EM DASH}"


def width_of(text: str, size: float = FONT_SIZE, *, bold: bool = False) -> float:
    """Return the width of *text* in pixels, at a font size in pixels."""
    return _width(text, bold) * size / FONT_SIZE


def fitted(text: str, width: float, size: float = FONT_SIZE, *, bold: bool = False) -> str:
    """Return *text*, its middle left out as far as it is wider than *width* pixels."""
    if width_of(text, size, bold=bold) <= width:
        return text
    low, high = 1, len(text)
    while high - low > 1:
        middle = (low + high) // 2
        if width_of(shorten(text, middle), size, bold=bold) <= width:
            low = middle
        else:
            high = middle
    return shorten(text, low)


@lru_cache(maxsize=4096)
def _width(text: str, bold: bool) -> float:
    # The font has no wide characters (of Chinese, say); where they are set, each fills a square.
    known = "".join(_EM if unicodedata.east_asian_width(c) in "WF" else c for c in text)
    font = FontProperties(size=FONT_SIZE, weight="bold" if bold else "normal")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ ")
        width, _, _ = text_to_path.get_text_width_height_descent(known, font, ismath=False)
    return float(width)
