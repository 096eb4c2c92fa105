"""Flamegraphs of a run: a page for each profiled case, and beside them what all pages share.

memray's page is 4.5 MB of libraries around some kilobytes of its own. Every large script and
style is written once, under a name that is its digest, and named by the pages.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from harness.plan import format_params
from harness.report.files import file_name, group_name, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import TypeAlias

    from harness.plan import Group
    from harness.record import Run

__all__ = ["DRAWN", "FOLDER", "Flamegraphs", "shared_parts", "write_flamegraphs"]

FOLDER = "flamegraphs"
DRAWN = "The wider a bar, the more bytes."

_EXACT = "Exact counts per operation stand in the report."
_LARGE = 10_000
_PART = re.compile(r"<(script|style)([^>]*)>(.*?)</\1>", re.DOTALL)
# What is of this page alone.
_OWN = "const packed_data"
_ENDINGS = {"script": "js", "style": "css"}

# Where the flamegraph of a variant of a group is, from the page that links to it.
Flamegraphs: TypeAlias = "Mapping[tuple[Group, str], str]"


def write_flamegraphs(run: Run, folder: Path) -> dict[tuple[Group, str], str]:
    """Write the flamegraphs of *run* under *folder*, the one of its page; return their links.

    StoreError where they cannot be written.
    """
    from harness.report.flamegraph import flamegraph_html
    from harness.report.lines import caption

    place = folder / FOLDER
    with suppress(OSError):  # what cannot be made cannot be written into, which is told
        place.mkdir(parents=True, exist_ok=True)
    links = {}
    written: set[str] = set()
    for record in run.groups:
        number = run.plan.groups.index(record.group) + 1
        for variant, profile in record.profiles.items():
            told = f"{record.group.scenario} {format_params(record.group.params)} {variant}"
            text = f"{DRAWN} {caption(profile.attribution, _EXACT)}"
            page = flamegraph_html(profile, told, text)
            page, parts = shared_parts(page)
            name = f"{number:02}-{file_name(f'{group_name(record.group)}-{variant}')}.html"
            for each, content in {**parts, name: page}.items():
                if each not in written:
                    write_whole(place / each, content)
                    written.add(each)
            links[record.group, variant] = f"{FOLDER}/{name}"
    return links


def shared_parts(page: str) -> tuple[str, dict[str, str]]:
    """Return *page* naming its large scripts and styles as files, and those by name."""
    parts: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        tag, attributes, content = found.groups()
        if len(content) < _LARGE or _OWN in content or "src=" in attributes:
            return found[0]
        name = f"memray-{hashlib.sha256(content.encode()).hexdigest()[:12]}.{_ENDINGS[tag]}"
        parts[name] = content
        if tag == "script":
            return f'<script{attributes} src="{name}"></script>'
        return f'<link rel="stylesheet" href="{name}">'

    return _PART.sub(named, page), parts
