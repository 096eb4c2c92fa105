"""Text stands out from what it is written on, as WCAG 2.1 AA asks, also where axe cannot tell."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

STYLE = files("harness.report").joinpath("templates", "style.css.j2").read_text(encoding="utf-8")
ROOTS = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
PAPERS = ("card", "paper")
WRITTEN = [
    *((ink, paper) for ink in ("ink", "muted", "accent", "gain", "loss") for paper in PAPERS),
    ("ink", "warn-soft"),
    ("ink", "accent-soft"),
    ("muted", "accent-soft"),
    ("loss", "accent-soft"),
    ("accent", "accent-soft"),
    ("paper", "ink"),
    ("card", "accent"),
]


def properties(scheme: str) -> dict[str, str]:
    """Return the custom properties of a light or a dark page."""
    light, dark = (dict(re.findall(r"--([\w-]+):\s*([^;]+);", root)) for root in ROOTS)
    return light if scheme == "light" else {**light, **dark}


def rgb(text: str) -> tuple[float, ...]:
    """Return red, green and blue from 0 to 1, of ``#rrggbb``, ``#rgb`` or ``r, g, b``."""
    if not text.startswith("#"):
        return tuple(int(part) / 255 for part in text.split(","))
    digits = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
    return tuple(int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the contrast ratio of two colours, by WCAG 2.1."""

    def luminance(colour: tuple[float, ...]) -> float:
        linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
        return sum(
            part * share for part, share in zip(linear, (0.2126, 0.7152, 0.0722), strict=True)
        )

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "paper"), WRITTEN)
def test_text_stands_out(scheme: str, ink: str, paper: str) -> None:
    colours = properties(scheme)
    assert contrast(rgb(colours[ink]), rgb(colours[paper])) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("side", ["slow", "fast"])
def test_figures_stand_out_from_every_step_of_the_heat_scale(scheme: str, side: str) -> None:
    colours = properties(scheme)
    card, heat, ink = (rgb(colours[name]) for name in ("card", side, "ink"))
    (alphas,) = re.findall(r"for alpha in \(([^)]*)\)", STYLE)
    for alpha in map(float, alphas.split(",")):
        share = alpha * float(colours["strength"])
        blended = tuple(share * h + (1 - share) * c for h, c in zip(heat, card, strict=True))
        assert contrast(ink, blended) >= 4.5


def test_black_on_white_is_as_far_apart_as_can_be() -> None:
    assert contrast(rgb("#000"), rgb("#ffffff")) == pytest.approx(21)
