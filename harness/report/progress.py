"""Progress: how a run goes on, as a live bar on a terminal and as plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harness.plan import format_params
from harness.printable import visible
from harness.record import RunStatus
from harness.report.method import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from rich.console import Console

    from harness.plan import Group
    from harness.record import GroupRecord

__all__ = ["ProgressDisplay"]


class ProgressDisplay:
    """Shows group, round, what is being done and the time left; a context manager.

    *forecast* gives the seconds that groups are going to take, to be told before they are measured.
    """

    def __init__(self, console: Console, forecast: Callable[[Sequence[Group]], float]) -> None:
        self._console = console
        self._forecast = forecast
        self._live = console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            disable=not self._live,
            transient=True,
        )
        self._task = self._progress.add_task("starting", total=None, left="")
        self._started = time.monotonic()
        self._groups = 0
        self._ended = 0
        self._name = ""

    def __enter__(self) -> ProgressDisplay:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def run_started(self, groups: Sequence[Group]) -> None:
        """Show how many groups there are to measure, and how long that is going to take."""
        self._groups = len(groups)
        self._started = time.monotonic()
        self._progress.update(self._task, total=len(groups))
        if groups:
            scenarios = plural(len({group.scenario for group in groups}), "scenario")
            self._console.print(
                f"measuring {scenarios} at {plural(len(groups), 'setting')}: "
                f"about {_duration(self._forecast(groups))}",
                highlight=False,
            )

    def group_started(self, group: Group) -> None:
        """Show which group begins."""
        self._name = visible(f"{group.scenario} {format_params(group.params)}")
        self._describe("")

    def stage(self, stage: str, step: int, steps: int) -> None:
        """Show what is being done in the group."""
        self._describe(f"{stage} {step + 1}/{steps}" if steps > 1 else stage)

    def group_ended(self, record: GroupRecord) -> None:
        """Show that a group is stored, and why it failed if it did."""
        self._ended += 1
        left = self._time_left()
        self._progress.update(self._task, completed=self._ended, left=left)
        if record.status is RunStatus.FAILED:
            for reason in dict.fromkeys(filter(None, (record.error, *record.failures.values()))):
                self._console.print(
                    f"[red]failed[/] {escape(self._name)}: {escape(visible(reason))}",
                    soft_wrap=True,
                )
        if not self._live:
            told = ", ".join(filter(None, (_rounds(record), f"{record.duration:.1f} s", left)))
            self._console.print(
                f"{self._ended}/{self._groups} {escape(self._name)}: {told}",
                soft_wrap=True,
                highlight=False,
            )

    def _describe(self, doing: str) -> None:
        name = escape(self._name)
        self._progress.update(self._task, description=f"{name} [dim]{doing}[/]")

    def _time_left(self) -> str:
        spent = time.monotonic() - self._started
        left = spent / self._ended * (self._groups - self._ended)
        return f"about {left:.0f} s left" if left >= 1 else ""


def _duration(seconds: float) -> str:
    """Write 8 s, 50 s, 2 min 50 s, 12 min: as exactly as anybody knows beforehand."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 100:
        return f"{round(seconds, -1):.0f} s"
    minutes, rest = divmod(round(seconds, -1), 60)
    return f"{minutes:.0f} min {rest:.0f} s" if rest and minutes < 5 else f"{seconds / 60:.0f} min"


def _rounds(record: GroupRecord) -> str:
    if not record.timings:
        return ""
    rounds = max(len(timing.rounds) for timing in record.timings.values())
    kept = "" if record.target_met else ", target not met"
    return f"{rounds} rounds{kept}"
