"""Places: how a case is named where several scenarios and settings stand together. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.analysis.rows import CaseRow

__all__ = ["Places"]

_SHARE = "sync_ratio"


class Places:
    """Names the settings of cases by what is not the same in all of their scenario."""

    def __init__(self, rows: Iterable[CaseRow]) -> None:
        seen: dict[str, set[str]] = {}
        self._common: dict[str, set[str]] = {}
        runtimes = set()
        for row in rows:
            runtimes.add((row.python, row.loop))
            if row.params in seen.setdefault(row.scenario, set()):
                continue
            seen[row.scenario].add(row.params)
            words = {*row.params.split(";")}
            self._common[row.scenario] = self._common.get(row.scenario, words) & words
        self._one_runtime = len(runtimes) <= 1
        self._one_scenario = len(seen) <= 1

    def setting(self, row: CaseRow) -> str:
        """Return the share, and the parameters that vary: ``90 % synchronous, size=64``."""
        words = [
            word
            for word in row.params.split(";")
            if not word.startswith(f"{_SHARE}=") and word not in self._common[row.scenario]
        ]
        runtime = [] if self._one_runtime else [row.runtime]
        return ", ".join([f"{row.sync_ratio * 100:.4g} % synchronous", *words, *runtime])

    def of(self, row: CaseRow) -> str:
        """Return scenario and setting: ``cache_lookup at 90 % synchronous``."""
        return f"{row.scenario} at {self.setting(row)}"
