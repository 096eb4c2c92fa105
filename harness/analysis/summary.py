"""``summary.csv``: one line per case, for spreadsheets and scripts. Pure."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING

from harness.analysis.rows import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.analysis.rows import CaseRow

__all__ = ["csv_cell", "summary_csv"]

# OWASP, "CSV Injection": a cell that starts with one of these is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def summary_csv(rows: Iterable[CaseRow]) -> str:
    """Return *rows* as RFC 4180 text (lines end in CR LF), one header line.

    A figure that was not measured is empty, and so is one that is not a finite number.
    Figures keep six significant digits. Write it with ``newline=""``.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([csv_cell(getattr(row, column)) for column in COLUMNS] for row in rows)
    return text.getvalue()


def csv_cell(value: object) -> str:
    """Return *value* as one cell: six significant digits, empty for None, never a formula."""
    if value is None:
        return ""
    if isinstance(value, float):
        return _number(value)
    text = str(value)
    if isinstance(value, str) and text.startswith(_FORMULA):
        return f"'{text}"
    return text


def _number(value: float) -> str:
    if not math.isfinite(value):
        return ""
    rounded = float(f"{value:.6g}")
    return str(int(rounded)) if rounded.is_integer() else repr(rounded)
