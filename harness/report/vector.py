"""SVG written by hand, for pages with hundreds of small charts: a few bytes a mark.

A chart of a comparison has one mark a case, one of a history one a run, and a page has a chart for
each setting: as matplotlib draws them, a page would take minutes and tens of megabytes. Coordinates
are CSS pixels in tenths; colours that depend on light and dark are classes of the page's style.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from harness.report.figures import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Vector", "number", "round_ticks"]


def number(value: float) -> str:
    """Write a coordinate in tenths of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most *most* round values from *low* to *high*, one or more where one is inside."""
    if not low < high or not math.isfinite(high - low):
        return []
    step = 10.0 ** math.floor(math.log10(high - low) - 1)
    for factor in (1, 2, 5, 10, 20, 50, 100):
        size = step * factor
        first, last = math.ceil(low / size - 1e-9), math.floor(high / size + 1e-9)
        if last - first < most:
            return [index * size for index in range(first, last + 1)]
    return []


class Vector:
    """One picture, with a text alternative for those who do not see it."""

    def __init__(self, width: float, height: float, name: str, title: str, about: str) -> None:
        self._name = name
        self._size = number(width), number(height)
        self._title, self._about = visible(title), visible(about)
        self._parts: list[Markup] = []

    def path(self, steps: Iterable[str], style: str, *, colour: str = "", tip: str = "") -> None:
        """Add a path, of the page's class *style*; a *tip* shows under the pointer."""
        drawn = "".join(steps)
        if not drawn:
            return
        paint = Markup(' stroke="{}"').format(colour) if colour else ""
        told = Markup("<title>{}</title>").format(visible(tip)) if tip else ""
        self._parts.append(
            Markup('<path class="{}"{} d="{}">{}</path>').format(style, paint, drawn, told)
            if told
            else Markup('<path class="{}"{} d="{}"/>').format(style, paint, drawn)
        )

    def dot(
        self,
        x: float,
        y: float,
        radius: float,
        style: str,
        *,
        colour: str = "",
        tip: str = "",
    ) -> None:
        """Add a circle; it is filled and outlined as its class *style* says."""
        told = Markup("<title>{}</title>").format(visible(tip)) if tip else ""
        paint = Markup(' style="--own:{}"').format(colour) if colour else ""
        self._parts.append(
            Markup('<circle class="{}"{} cx="{}" cy="{}" r="{}">{}</circle>').format(
                style, paint, number(x), number(y), number(radius), told
            )
        )

    def band(self, x: float, y: float, width: float, height: float, style: str) -> None:
        """Add a rectangle."""
        self._parts.append(
            Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
                style, number(x), number(y), number(width), number(height)
            )
        )

    def text(self, x: float, y: float, text: str, style: str = "") -> None:
        """Write *text* with its baseline at *y*; the class says where *x* is of it."""
        self._parts.append(
            Markup('<text class="{}" x="{}" y="{}">{}</text>').format(
                f"v {style}".rstrip(), number(x), number(y), visible(text)
            )
        )

    def svg(self) -> Markup:
        """Return the picture as an ``svg`` element whose ids start with its name."""
        width, height = self._size
        return Markup(
            '<svg viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" '
            'aria-labelledby="{n}-title {n}-desc"><title id="{n}-title">{t}</title>'
            '<desc id="{n}-desc">{d}</desc>{parts}</svg>'
        ).format(
            w=width,
            h=height,
            n=escape(self._name),
            t=self._title,
            d=self._about,
            parts=Markup("").join(self._parts),
        )
