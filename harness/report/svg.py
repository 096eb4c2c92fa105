"""matplotlib's SVG made fit for a page: small, with the page's colours, and with a text.

matplotlib writes a document of its own: a size in points, a style on every element, namespaces
and metadata. Inside a page the same picture takes a third. Colours that a chart was drawn in as
INK, MUTED, GRID and so on (:mod:`harness.report.drawing`) are the page's custom properties, so
that one picture serves a light and a dark page. A file has the same, with colours of its own.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from markupsafe import Markup

from harness.report.drawing import FONT_SIZE, GRID, INK, MUTED, PAPER, Told
from harness.report.figures import visible
from harness.report.paint import painted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.report.drawing import Drawing, Part

__all__ = ["PRINTED", "inline_svg", "svg_document"]

_PROPERTIES = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", PAPER: "var(--card)"}
# The colours of a light page, for what stands alone on white.
PRINTED = {INK: "#171b21", MUTED: "#5c6672", GRID: "#e6e9ed", PAPER: "#ffffff"}
_FONTS = "'DejaVu Sans', Verdana, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

_SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_STEP = re.compile(r"([A-Za-z])([^A-Za-z]*)")
# What a style may say; the rest is a default or the page's business (fonts).
_STYLES = {
    "fill",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "stroke-linecap",
    "text-anchor",
    "opacity",
    "stroke-opacity",
    "fill-opacity",
}
_DEFAULTS = {"text-anchor": "start", "opacity": "1"}


def inline_svg(drawing: Drawing) -> Markup:
    """Return *drawing* as an ``svg`` element of a page, its ids made of the drawing's name."""
    root = _root(drawing)
    root.extend(_painted(drawing, {}, _PROPERTIES))
    return Markup(ET.tostring(root, encoding="unicode"))


def svg_document(drawing: Drawing, maker: str) -> str:
    """Return *drawing* as a file that stands alone, on white, signed by its *maker*."""
    root = _root(drawing)
    root.attrib["xmlns"] = _SVG.strip("{}")
    root.attrib["style"] = (
        f"font:{FONT_SIZE:g}px {_FONTS};background:{PRINTED[PAPER]};stroke-linejoin:round"
    )
    signed = ET.Element("metadata")
    signed.text = visible(maker)
    root.insert(0, signed)
    root.extend(_painted(drawing, PRINTED, {}))
    return f"{ET.tostring(root, encoding='unicode')}\n"


def _root(drawing: Drawing) -> ET.Element:
    width, height = f"{drawing.width:g}", f"{drawing.height:g}"
    name = drawing.name
    root = ET.Element(
        "svg",
        {
            "viewBox": f"0 0 {width} {height}",
            "width": width,
            "height": height,
            "role": "img",
            "aria-labelledby": f"{name}-title {name}-desc",
        },
    )
    ET.SubElement(root, "title", {"id": f"{name}-title"}).text = visible(drawing.title)
    ET.SubElement(root, "desc", {"id": f"{name}-desc"}).text = visible(drawing.description)
    return root


def _painted(
    drawing: Drawing, colours: Mapping[str, str], properties: Mapping[str, str]
) -> Iterator[ET.Element]:
    """Yield the elements of what matplotlib paints, as slim as they can be."""
    # Without a date the same figures give the same bytes.
    written = painted(drawing, colours, "svg", metadata={"Date": None, "Creator": None})
    tips = {f"tip{number}": told for number, told in enumerate(_told(drawing.parts))}
    for child in ET.fromstring(written):
        yield from _slim(child, tips, properties)


def _told(parts: Sequence[Part]) -> Iterator[Told]:
    """Yield what is told, in the order in which it is drawn."""
    for part in parts:
        if isinstance(part, Told):
            yield part
            yield from _told(part.parts)


def _slim(
    element: ET.Element, tips: Mapping[str, Told], properties: Mapping[str, str]
) -> list[ET.Element]:
    """Return what is left of *element*: nothing, itself, or what was inside of it."""
    tag = element.tag.removeprefix(_SVG)
    if tag in {"metadata", "style", "defs"}:
        return []
    children = [kept for child in element for kept in _slim(child, tips, properties)]
    tip = tips.get(element.attrib.get("id", ""))
    if tag == "g" and (tip is None or not children):
        return children
    made = ET.Element(tag, _attributes(element, properties))
    if tag == "path" and (circle := _circle(made.attrib["d"])):
        made = ET.Element("circle", circle | {"style": made.attrib["style"]})
    made.text = element.text if tag == "text" else None
    if tip is not None and tip.of:
        made.attrib["data-variant"] = visible(tip.of)
    if tip is not None and tip.text:
        ET.SubElement(made, "title").text = visible(tip.text)
    made.extend(children)
    return [made]


def _attributes(element: ET.Element, properties: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes to keep, coordinates in tenths of a pixel."""
    kept: dict[str, str] = {}
    for key, value in element.attrib.items():
        if key == "style":
            kept.update(_style(value, properties))
        elif key == "d":
            kept["d"] = _path(value)
        elif key in {"x", "y"}:
            kept[key] = _tenth(float(value))
        elif key == "transform" and not value.startswith("rotate(-0 "):
            kept[key] = _NUMBER.sub(lambda found: _tenth(float(found[0])), value)
    return kept


def _style(text: str, properties: Mapping[str, str]) -> dict[str, str]:
    """Return the declarations worth keeping, as one ``style`` attribute if there are any."""
    found = dict(part.strip().split(": ", 1) for part in text.split(";") if ": " in part)
    kept = {
        key: properties.get(value, value)
        for key, value in found.items()
        if key in _STYLES and _DEFAULTS.get(key) != value
    }
    if properties and found.get("fill") == INK:
        del kept["fill"]  # the page's style sheet has it
    size = re.search(r"([\d.]+)px", found.get("font", "") + found.get("font-size", ""))
    if size and float(size[1]) != FONT_SIZE:
        kept["font-size"] = f"{float(size[1]):g}px"
    if re.search(r"\bbold\b|\b700\b", found.get("font", "") + found.get("font-weight", "")):
        kept["font-weight"] = "600"
    return {"style": ";".join(f"{key}:{value}" for key, value in kept.items())} if kept else {}


def _path(data: str) -> str:
    """Return path data in tenths, straight steps across and down in their short form."""
    written: list[str] = []
    here: tuple[str, ...] = ()
    for command, numbers in _STEP.findall(data):
        values = tuple(_tenth(float(number)) for number in numbers.split())
        if command == "L" and values == here:
            continue
        if command == "L" and values[1] == here[1]:
            written.append(f"H{values[0]}")
        elif command == "L" and values[0] == here[0]:
            written.append(f"V{values[1]}")
        else:
            written.append(command + " ".join(values))
        here = values[-2:] or here
    return "".join(written)


def _circle(data: str) -> dict[str, str] | None:
    """Return the attributes of the circle that path data draw: four curves, from the right."""
    steps = _STEP.findall(data)
    if "".join(command for command, _ in steps) != "MCCCC":
        return None
    right, y = (float(number) for number in steps[0][1].split())
    left = float(steps[2][1].split()[-2])
    return {"cx": _tenth((left + right) / 2), "cy": _tenth(y), "r": _tenth((right - left) / 2)}


def _tenth(number: float) -> str:
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
