"""Budget: whose charts a page draws, where all of them would make it too large to open. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.sentences import TYPICAL_SHARE
from harness.report.table import common_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.plan import Group
    from harness.report.table import Block

__all__ = ["MOST_GROUPS", "charted"]

MOST_GROUPS = 96
"""Groups whose charts are drawn: some 60 kB of SVG each, with nine variants and ten rounds."""


def charted(found: Sequence[Block], most: int = MOST_GROUPS) -> set[Group]:
    """Return the groups to draw charts of: *most* of those that were measured.

    The ones at the share that is nearest to typical come first, scenario by scenario.
    """
    measured = [block for block in found if common_reason(block.rows) is None]

    def distance(block: Block) -> tuple[float, float]:
        share = block.rows[0].sync_ratio if block.rows else TYPICAL_SHARE
        return abs(share - TYPICAL_SHARE), -share

    return {block.group for block in sorted(measured, key=distance)[:most]}
