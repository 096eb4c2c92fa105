"""The flamegraph's page: complete in itself, named, and nothing of a name is markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from harness.errors import StoreError
from harness.record import Capture, Frame, Profile, Stack
from harness.report.flamegraph import flamegraph_html
from harness.report.flamegraphs import FOLDER, shared_parts, write_flamegraphs
from tests.profile.stacks import MINE, seen
from tests.profiles import with_profiles
from tests.runs import make_run

if TYPE_CHECKING:
    from pathlib import Path

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


def test_no_file_is_read_whatever_a_frame_says_it_is_in(tmp_path: Path) -> None:
    secret = tmp_path / "secret.py"
    secret.write_text("password = 'hunter2'", encoding="utf-8")
    for file in (str(secret), f"../..{secret}", "/dev/zero", "nul\x00l"):
        stacks = (Stack((Frame(file, "f", 1), MINE), 1, 1),)
        page = flamegraph_html(
            Profile(replace(seen(), stacks=stacks, sources={}), CAPTURE), "title", "Caption."
        )
        assert "hunter2" not in page
        shown = file.replace("\x00", "\\x00")
        assert shown in drawn(page)["filename"]


def test_names_and_texts_are_never_markup() -> None:
    evil = Frame("<script>alert(1)</script>.py", "<b>", 3)
    stacks = (Stack((evil, MINE), 1, 1),)
    sources = {evil: "x = '</script><script>alert(2)</script>'"}
    page = flamegraph_html(
        Profile(replace(seen(), stacks=stacks, sources=sources), CAPTURE), "<i>t</i>", "<u>c</u>"
    )
    for harm in ("<script>alert", "<i>t", "<u>c"):
        assert harm not in page


def test_pages_share_what_is_large_and_keep_what_is_their_own(page: str) -> None:
    small, parts = shared_parts(page)
    assert len(small) < 60_000
    assert "const packed_data" in small
    assert {name.rpartition(".")[2] for name in parts} == {"js", "css"}
    for name, content in parts.items():
        assert re.search(rf'(src|href)="{re.escape(name)}"', small)
        assert content in page
        assert re.fullmatch(r"memray-[0-9a-f]{12}\.(js|css)", name)
    assert sum(map(len, parts.values())) + len(small) < len(page) + 2000


def test_a_run_has_a_flamegraph_for_each_profile_beside_its_page(tmp_path: Path) -> None:
    run = with_profiles(make_run(sync_ratios=(0.5, 1.0), variants=("coroutine", "task"), rounds=2))
    links = write_flamegraphs(run, tmp_path)
    assert links.keys() == {
        (record.group, variant) for record in run.groups for variant in ("coroutine", "task")
    }
    assert len({*links.values()}) == 4
    assert all((tmp_path / link).is_file() for link in links.values())
    others = {path.name for path in (tmp_path / FOLDER).iterdir()} - {
        link.removeprefix(f"{FOLDER}/") for link in links.values()
    }
    assert all(name.startswith("memray-") for name in others)
    before = {path: path.read_bytes() for path in (tmp_path / FOLDER).iterdir()}
    write_flamegraphs(run, tmp_path)
    assert {path: path.read_bytes() for path in (tmp_path / FOLDER).iterdir()} == before


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    outside = "../../outside"
    run = with_profiles(
        make_run(scenarios=(outside,), variants=("coroutine", f"{outside}/x"), rounds=2)
    )
    links = write_flamegraphs(run, tmp_path / "in")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert all(
        re.fullmatch(r"flamegraphs/[A-Za-z0-9._=,+-]+\.html", link) for link in links.values()
    )


def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file", encoding="utf-8")
    run = with_profiles(make_run(variants=("coroutine",), rounds=2))
    with pytest.raises(StoreError, match=r"cannot be written .*; give other folders") as caught:
        write_flamegraphs(run, tmp_path)
    assert len(str(caught.value).splitlines()) == 1
