"""The pages about several runs: one HTML file each, that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report.comparison_page import make_comparison_page
from harness.report.html import render_template
from harness.report.scripts import COMPARISON_SCRIPTS
from harness.report.series_page import make_series_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.analysis.comparison import Comparison
    from harness.analysis.gate import Regression
    from harness.analysis.series import Series
    from harness.record import Run

__all__ = ["render_comparison", "render_series"]


def render_comparison(
    comparison: Comparison, base: Run, new: Run, regressions: Sequence[Regression] | None = None
) -> str:
    """Return the page of *comparison*, with what a gate found of it: the same gives the same."""
    page = make_comparison_page(comparison, base, new, regressions)
    return render_template("comparison.html.j2", scripts=COMPARISON_SCRIPTS, page=page)


def render_series(series: Series) -> str:
    """Return the page of several runs, or of a history: the same runs give the same bytes."""
    page = make_series_page(series)
    return render_template("series.html.j2", scripts=COMPARISON_SCRIPTS, page=page)
