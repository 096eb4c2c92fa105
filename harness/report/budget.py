"""Budget: whose charts a page draws, where all of them would make it too large to open. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.sentences import TYPICAL_SHARE
from harness.report.table import common_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.plan import Group
    from harness.report.table import Block

__all__ = ["MOST_GROUPS", "MOST_OF_SEVERAL", "charted"]

MOST_GROUPS = 96
"""Groups whose charts are drawn: some 60 kB of SVG each, with nine variants and ten rounds."""

MOST_OF_SEVERAL = 60
"""The same on several runtimes, whose page has pictures of all of them side by side as well."""


def charted(found: Sequence[Block], most: int | None = None) -> set[Group]:
    """Return the groups to draw charts of: *most* of those that were measured.

    Those of the newest interpreter on its first event loop come first, then the ones at the share
    that is nearest to typical, scenario by scenario.
    """
    measured = [block for block in found if common_reason(block.rows) is None]
    runtimes = list(dict.fromkeys(block.group.runtime for block in measured))
    newest = max(runtimes, key=lambda runtime: runtime.version, default=None)
    if most is None:
        most = MOST_GROUPS if len(runtimes) < 2 else MOST_OF_SEVERAL

    def rank(block: Block) -> tuple[bool, float, float]:
        share = block.rows[0].sync_ratio if block.rows else TYPICAL_SHARE
        return block.group.runtime != newest, abs(share - TYPICAL_SHARE), -share

    return {block.group for block in sorted(measured, key=rank)[:most]}
