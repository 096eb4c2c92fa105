"""The flamegraph's page: complete in itself, named, and nothing of a name is markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from harness.record import Capture, Frame, Profile, Stack
from harness.report.flamegraph import flamegraph_html
from tests.profile.stacks import MINE, seen

_NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
CAPTURE = Capture(_NOON, _NOON + timedelta(seconds=1), 4096, "pymalloc", ((0, 10_000, 4096),))


@pytest.fixture(scope="module")
def page() -> str:
    return flamegraph_html(Profile(seen(), CAPTURE), "lookup task", "What is drawn.")


def drawn(page: str) -> dict[str, list[object]]:
    packed = re.search(r"const packed_data = (\{.*?\});\n", page)
    assert packed is not None
    data = json.loads(packed[1])
    nodes: dict[str, list[object]] = dict(data["nodes"])
    for column in ("name", "filename", "function"):
        nodes[column] = [data["strings"][index] for index in data["nodes"][column]]
    return nodes


def test_the_page_asks_the_network_for_nothing(page: str) -> None:
    assert not re.findall(r"<(?:script|img|iframe)[^>]*\ssrc=", page)
    assert not re.findall(r"<link\s", page)
    assert not re.findall(r"@import|url\(['\"]?https?:", page)


def test_the_page_draws_every_allocation_of_the_operations(page: str) -> None:
    nodes = drawn(page)
    assert nodes["n_allocations"][0] == seen().allocations
    assert nodes["value"][0] == sum(stack.bytes for stack in seen().stacks)


def test_a_bar_shows_the_text_of_its_line_and_else_its_place(page: str) -> None:
    nodes = drawn(page)
    assert "return loop.create_task(coroutine())" in nodes["name"]
    assert "_run at asyncio/events.py:89" in nodes["name"]


def test_the_page_says_what_it_shows_and_of_what(page: str) -> None:
    assert "<title>lookup task: allocations</title>" in page
    assert "What is drawn." in page
    assert "at its peak" not in page


def test_names_and_texts_are_never_markup() -> None:
    evil = Frame("<script>alert(1)</script>.py", "<b>", 3)
    stacks = (Stack((evil, MINE), 1, 1),)
    sources = {evil: "x = '</script><script>alert(2)</script>'"}
    page = flamegraph_html(
        Profile(replace(seen(), stacks=stacks, sources=sources), CAPTURE), "<i>t</i>", "<u>c</u>"
    )
    for harm in ("<script>alert", "<i>t", "<u>c"):
        assert harm not in page
