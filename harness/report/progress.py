"""Progress: how a run goes on, as a live bar on a terminal and as plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harness.plan import format_params
from harness.printable import visible
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
        self._settings = 0
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

    def run_started(self, settings: Sequence[Sequence[Group]]) -> None:
        """Show how many settings there are to measure, and how long that is going to take."""
        groups = [group for together in settings for group in together]
        self._settings = len(settings)
        self._started = time.monotonic()
        self._progress.update(self._task, total=len(settings))
        if groups:
            scenarios = plural(len({group.scenario for group in groups}), "scenario")
            runtimes = len({group.runtime for group in groups})
            on = f" on {plural(runtimes, 'runtime')}" if runtimes > 1 else ""
            self._console.print(
                f"measuring {scenarios} at {plural(len(settings), 'setting')}{on}: "
                f"about {_duration(self._forecast(groups))}",
                highlight=False,
            )

    def setting_started(self, groups: Sequence[Group]) -> None:
        """Show which setting begins."""
        group = groups[0]
        self._name = visible(f"{group.scenario} {format_params(group.params)}")
        self._describe("")

    def stage(self, stage: str, step: int, steps: int) -> None:
        """Show what is being done in the setting."""
        self._describe(f"{stage} {step + 1}/{steps}" if steps > 1 else stage)

    def setting_ended(self, records: Sequence[GroupRecord]) -> None:
        """Show that the groups of a setting are stored, and why one failed if it did."""
        self._ended += 1
        left = self._time_left()
        self._progress.update(self._task, completed=self._ended, left=left)
        for record in records:
            where = f", {record.group.runtime}" if len(records) > 1 else ""
            for reason in dict.fromkeys(filter(None, (record.error, *record.failures.values()))):
                self._console.print(
                    f"[red]failed[/] {escape(self._name + where)}: {escape(visible(reason))}",
                    soft_wrap=True,
                )
        if not self._live:
            seconds = sum(record.duration for record in records)
            told = ", ".join(filter(None, (_rounds(records), f"{seconds:.1f} s", left)))
            self._console.print(
                f"{self._ended}/{self._settings} {escape(self._name)}: {told}",
                soft_wrap=True,
                highlight=False,
            )

    def _describe(self, doing: str) -> None:
        name = escape(self._name)
        self._progress.update(self._task, description=f"{name} [dim]{doing}[/]")

    def _time_left(self) -> str:
        spent = time.monotonic() - self._started
        left = spent / self._ended * (self._settings - self._ended)
        return f"about {left:.0f} s left" if left >= 1 else ""


def _duration(seconds: float) -> str:
    """Write 8 s, 50 s, 2 min 50 s, 12 min: as exactly as anybody knows beforehand."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 100:
        return f"{round(seconds, -1):.0f} s"
    minutes, rest = divmod(round(seconds, -1), 60)
    return f"{minutes:.0f} min {rest:.0f} s" if rest and minutes < 5 else f"{seconds / 60:.0f} min"


def _rounds(records: Sequence[GroupRecord]) -> str:
    timed = [record for record in records if record.timings]
    if not timed:
        return ""
    rounds = max(len(timing.rounds) for record in timed for timing in record.timings.values())
    kept = "" if all(record.target_met for record in timed) else ", target not met"
    return f"{rounds} rounds{kept}"
