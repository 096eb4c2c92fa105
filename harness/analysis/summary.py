"""``summary.csv``: one line per case, for spreadsheets and scripts. Pure."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING

from harness.analysis.rows import COLUMNS
from harness.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.analysis.rows import CaseRow

__all__ = ["csv_cell", "summary_csv"]

# OWASP, "CSV Injection": a cell that starts with one of these is a formula to a spreadsheet, also
# in the width of East Asian characters. Tabs and line ends are none of a cell's any more.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 these are meant


def summary_csv(rows: Iterable[CaseRow]) -> str:
    """Return *rows* as RFC 4180 text (lines end in CR LF), one header line.

    A figure that was not measured is empty, and so is one that is not a finite number.
    Figures keep six significant digits; texts are on one line, and what does not print is shown as
    an escape. Write it with ``newline=""``.
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
    if not isinstance(value, str):
        return str(value)
    text = printable(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _number(value: float) -> str:
    if not math.isfinite(value):
        return ""
    rounded = float(f"{value:.6g}")
    return str(int(rounded)) if rounded.is_integer() else repr(rounded)
