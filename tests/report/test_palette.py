from __future__ import annotations

from itertools import combinations
from math import dist

import pytest

from harness.report.palette import palette
from tests.runs import COSTS

# What is seen of linear red, green and blue: Machado et al. (2009), severity 1.
VISIONS = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}


def test_a_known_strategy_has_the_same_colour_in_every_report() -> None:
    assert palette(["task", "mine"])["task"] == palette(["value_task", "task"])["task"]


def test_twelve_variants_have_twelve_colours() -> None:
    marks = palette([*COSTS, "a", "b", "c"])
    assert len({mark.colour for mark in marks.values()}) == 12


def test_every_colour_stands_out_from_a_white_and_from_a_dark_page() -> None:
    """Contrast as in WCAG 2.2; labels stand beside every mark, so that 2.2 is enough."""
    for mark in palette([*COSTS, "a", "b", "c"]).values():
        light = luminance(mark.colour)
        assert 1.05 / (light + 0.05) > 2.2
        assert (light + 0.05) / (luminance("#181c22") + 0.05) > 2.5


@pytest.mark.parametrize("vision", VISIONS)
def test_no_two_of_the_known_variants_look_alike(vision: str) -> None:
    """A distance of 0.02 in OKLab is just noticeable; labels and markers stand beside colours."""
    places = [oklab(seen(mark.colour, vision)) for mark in palette(COSTS).values()]
    assert min(dist(one, other) for one, other in combinations(places, 2)) > 0.05


def test_more_variants_than_colours_still_have_one_each() -> None:
    names = [f"variant_{number}" for number in range(30)]
    assert palette(names).keys() == set(names)


def luminance(colour: str) -> float:
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))


def linear(colour: str) -> list[float]:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def seen(colour: str, vision: str) -> list[float]:
    rows = VISIONS[vision]
    channels = linear(colour)
    mixed = [sum(w * c for w, c in zip(row, channels, strict=True)) for row in rows]
    return [min(max(c, 0.0), 1.0) for c in mixed]


def oklab(channels: list[float]) -> tuple[float, float, float]:
    """Return the place of a colour in OKLab: https://bottosson.github.io/posts/oklab/."""
    red, green, blue = channels
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )
