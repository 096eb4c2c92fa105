"""matplotlib's SVG made fit for a page: small, with the page's colours, and with a text.

matplotlib writes a document of its own: a size in points, a style on every element, a group
around everything, namespaces and metadata. Inside a page the same picture takes a third.
Colours that a chart was drawn in as :data:`INK`, :data:`MUTED`, :data:`GRID` and so on are
replaced by the page's custom properties, so that one picture serves a light and a dark page.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from typing import TYPE_CHECKING

from markupsafe import Markup

from harness.report.figures import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["GRID", "INK", "MUTED", "PAPER", "inline_svg", "showing"]

# Sentinels: colours that no chart shows, each standing for a custom property of the page.
INK, MUTED, GRID, PAPER = "#010203", "#010204", "#010205", "#010206"
_PROPERTIES = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", PAPER: "var(--card)"}

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.\d+")
_GEOMETRY = ("d", "x", "y", "transform", "width", "height", "viewBox", "points")
# What a style may say; the rest is a default or the page's business (fonts).
_STYLES = {
    "fill",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "text-anchor",
    "opacity",
    "font-weight",
    "stroke-opacity",
    "fill-opacity",
}
_DEFAULTS = {"text-anchor": "start", "opacity": "1"}
_FONT_SIZE = 12.0
# In a gid, between an artist's own and the variant that it shows.
_OF = " of-"


@contextmanager
def showing(axes: Axes, variant: str) -> Iterator[None]:
    """Say that what is drawn on *axes* meanwhile shows *variant*: its elements get its name.

    The page's filter finds them by ``data-variant``.
    """
    before = {*axes.get_children()}
    yield
    for artist in axes.get_children():
        if artist not in before:
            artist.set_gid(f"{artist.get_gid() or ''}{_OF}{visible(variant).encode().hex()}")


def inline_svg(
    figure: Figure, name: str, title: str, description: str, tips: Mapping[str, str]
) -> Markup:
    """Return *figure* as an ``svg`` element whose ids all start with *name*.

    *title* and *description* are its text alternative. An artist whose gid is a key of
    *tips* gets that text as its own title, which browsers show under the pointer.
    """
    written = io.StringIO()
    # Without a date the same figures give the same bytes.
    figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    source = ET.fromstring(written.getvalue())
    width, height = (float(number) for number in source.attrib["viewBox"].split()[2:])
    root = ET.Element(
        "svg",
        {
            "viewBox": f"0 0 {width:g} {height:g}",
            "width": f"{width:g}",
            "height": f"{height:g}",
            "role": "img",
            "aria-labelledby": f"{name}-title {name}-desc",
        },
    )
    ET.SubElement(root, "title", {"id": f"{name}-title"}).text = visible(title)
    ET.SubElement(root, "desc", {"id": f"{name}-desc"}).text = visible(description)
    drawn = {visible(gid): visible(text) for gid, text in tips.items()}
    for child in source:
        root.extend(_slim(child, name, drawn))
    return Markup(ET.tostring(root, encoding="unicode"))


def _slim(element: ET.Element, name: str, tips: Mapping[str, str]) -> list[ET.Element]:
    """Return what is left of *element*: nothing, itself, or what was inside of it."""
    tag = element.tag.removeprefix(_SVG)
    if tag in {"metadata", "style", "clipPath"}:
        return []
    attributes = _attributes(element, tag, name)
    children = [kept for child in element for kept in _slim(child, name, tips)]
    gid, _, variant = element.attrib.get("id", "").partition(_OF)
    tip = tips.get(gid)
    if variant:
        attributes["data-variant"] = bytes.fromhex(variant).decode()
    if tag in {"g", "defs"} and not children:
        return []
    if tag == "g" and tip is None and not attributes:
        return children
    if tag == "g" and tip is None and len(children) == 1 and [*attributes] == ["data-variant"]:
        children[0].attrib.update(attributes)
        return children
    made = ET.Element(tag, attributes)
    made.text = element.text.strip() if tag == "text" and element.text else None
    if tip is not None:
        ET.SubElement(made, "title").text = tip
    made.extend(children)
    return [made]


def _attributes(element: ET.Element, tag: str, name: str) -> dict[str, str]:
    """Return the attributes to keep, coordinates in tenths and ids with their prefix."""
    kept: dict[str, str] = {}
    for key, value in element.attrib.items():
        if key == _HREF:
            kept["href"] = f"#{name}-{value.removeprefix('#')}"
        elif key == "id" and tag in {"path", "symbol"}:
            kept["id"] = f"{name}-{value}"
        elif key == "style":
            kept.update(_style(value))
        elif key in _GEOMETRY:
            kept[key] = _rounded(value)
    if kept.get("transform", "").startswith("rotate(-0 "):
        del kept["transform"]
    return kept


def _style(text: str) -> dict[str, str]:
    """Return the declarations worth keeping, as one ``style`` attribute if there are any."""
    found = dict(part.strip().split(": ", 1) for part in text.split(";") if ": " in part)
    kept = {
        key: _PROPERTIES.get(value, value)
        for key, value in found.items()
        if key in _STYLES and _DEFAULTS.get(key) != value
    }
    size = re.search(r"([\d.]+)px", found.get("font", "") + found.get("font-size", ""))
    if size and float(size[1]) != _FONT_SIZE:
        kept["font-size"] = f"{float(size[1]):g}px"
    if "bold" in found.get("font", "") or "700" in found.get("font", ""):
        kept["font-weight"] = "600"
    return {"style": ";".join(f"{key}:{value}" for key, value in kept.items())} if kept else {}


def _rounded(text: str) -> str:
    """Write every coordinate with one decimal: a tenth of a pixel."""
    return _NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), text).strip()
