"""Flamegraph: memray's own page, of all that the operations allocated, in one file.

memray draws what was alive at the peak; an operation's allocations are gone by then. So its
reporter is given every allocation of the operations instead, and the page says so. With
``no_web`` everything that the page needs is in it: it asks the network for nothing.
"""

from __future__ import annotations

import html
import io
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from memray import MemorySnapshot
from memray.reporters.flamegraph import FlameGraphReporter

from harness.report.figures import visible

if TYPE_CHECKING:
    from memray import AllocationRecord, Metadata

    from harness.record import Attribution, Frame, Profile, Stack

__all__ = ["flamegraph_html"]

_NOWHERE = "<awaitbench>/"
_PLACE = '<div class="chart-container">'
_MEMRAY_TITLE = "<title>memray - flamegraph report</title>"
_OF_THE_PEAK = (
    "a snapshot of memory used across stack frames at the time "
    "<b>when the memory usage was at its peak</b>"
)


class _Record:
    """One place's allocations, as memray's reporter reads a record."""

    thread_name = "operations"
    tid = 1

    def __init__(self, stack: Stack) -> None:
        self.size = stack.bytes
        self.n_allocations = stack.allocations
        self._stack = list(map(_given, stack.frames))

    def stack_trace(self) -> list[tuple[str, str, int]]:
        return self._stack


def flamegraph_html(profile: Profile, title: str, caption: str) -> str:
    """Return the page; *title* names the case, *caption* says in a sentence what is drawn."""
    seen, capture = profile.attribution, profile.capture
    reporter = FlameGraphReporter.from_snapshot(
        cast("list[AllocationRecord]", [_Record(stack) for stack in seen.stacks]),
        memory_records=tuple(MemorySnapshot(*taken) for taken in capture.memory),
        native_traces=False,
    )
    _tell_sources(reporter.data, seen)
    written = io.StringIO()
    metadata = SimpleNamespace(
        start_time=capture.started,
        end_time=capture.ended,
        total_allocations=seen.allocations,
        total_frames=len({frame for stack in seen.stacks for frame in stack.frames}),
        peak_memory=capture.peak_bytes,
        command_line=f"awaitbench profile ({title})",
        pid=0,
        main_thread_id=0,
        python_allocator=capture.allocator,
        has_native_traces=False,
        trace_python_allocators=True,
    )
    reporter.render(
        outfile=written,
        metadata=cast("Metadata", metadata),
        show_memory_leaks=False,
        merge_threads=True,
        inverted=False,
        no_web=True,
    )
    return _captioned(written.getvalue(), title, caption)


def _tell_sources(data: dict[str, Any], seen: Attribution) -> None:
    """Name each frame by the text of its line, as the child read it, and its file as it was."""
    strings: list[str] = data["strings"]
    known = {_key(frame): text for frame, text in seen.sources.items() if text}
    nodes = data["nodes"]
    for place in range(1, len(nodes["name"])):  # the first is the root
        file, function = strings[nodes["filename"][place]], strings[nodes["function"][place]]
        line = nodes["lineno"][place]
        own = file.removeprefix(html.escape(_NOWHERE))
        text = known.get((file, function, line)) or html.unescape(f"{function} at {own}:{line}")
        for column, string in (("filename", own), ("name", visible(text))):
            nodes[column][place] = len(strings)
            strings.append(string)


def _key(frame: Frame) -> tuple[str, str, int]:
    """Return *frame* as memray has it: escaped."""
    function, file, line = _given(frame)
    return html.escape(file), html.escape(function), line


def _given(frame: Frame) -> tuple[str, str, int]:
    """Return *frame* as memray is given it: with a file that is not there.

    memray would read it, whatever it is here: another interpreter's module, or what somebody who
    gave us the run would like to see.
    """
    file = visible(frame.file)
    if not (file.startswith("<") and file.endswith(">")):  # no file to :mod:`linecache` either
        file = f"{_NOWHERE}{file}"
    return visible(frame.function), file, frame.line


def _captioned(page: str, title: str, caption: str) -> str:
    named = f"{html.escape(visible(title))}: allocations"
    told = f"<p><strong>{named}</strong><br>{html.escape(visible(caption))}</p>\n"
    return (
        page.replace(_MEMRAY_TITLE, f"<title>{named}</title>", 1)
        .replace(_OF_THE_PEAK, "<b>all that the operations allocated</b>, by stack frame", 1)
        .replace(_PLACE, told + _PLACE, 1)
    )
