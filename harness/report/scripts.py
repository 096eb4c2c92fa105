"""The scripts of the page: which there are, and what lets a browser run these and no others."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files

from markupsafe import Markup

__all__ = ["COMPARISON_SCRIPTS", "PAGE_SCRIPTS", "Script", "read_script"]

# In the order in which they run. They share nothing but the page: each can be left out.
PAGE_SCRIPTS = ("sorting.js", "copying.js", "filter.js", "panels.js", "calculator.js")
# Those of a page about several runs.
COMPARISON_SCRIPTS = ("sorting.js", "copying.js", "filter.js", "panels.js")


@dataclass(frozen=True)
class Script:
    """A script as it stands in the page, and its hash for the Content-Security-Policy."""

    text: Markup
    hash: str


def read_script(name: str) -> Script:
    """Return the script *name* of the templates, to be inlined as it is."""
    text = files("harness.report").joinpath("templates", name).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Script(Markup(text), f"sha256-{digest}")
