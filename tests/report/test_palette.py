from __future__ import annotations

from harness.report.palette import palette
from tests.runs import COSTS


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


def test_more_variants_than_colours_still_have_one_each() -> None:
    names = [f"variant_{number}" for number in range(30)]
    assert palette(names).keys() == set(names)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
