"""What the page says of why: sentences about pairs, and the sizes and lines that show it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from harness.analysis.lines import allocating_lines
from harness.analysis.rows import claim_limit
from harness.analysis.why import contrasts
from harness.plan import LINES
from harness.report.figures import byte_text, count_text, significant, visible
from harness.report.lines import caption

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from harness.analysis.lines import Difference, Line
    from harness.analysis.why import Contrast, SizeDifference
    from harness.plan import Group
    from harness.record import Attribution, Frame, GroupRecord, Run
    from harness.report.flamegraphs import Flamegraphs
    from harness.report.palette import Mark

__all__ = ["Reasons", "Why"]

# A page of more cases would be too large, with all of their pairs: closed panels have none then.
_MOST_CASES = 1500

_MOST_LINES = 6
_MOST_DIFFERENCES = 5
_MOST_SIZES = 6
_DOMAINS = {
    "PYMALLOC_MALLOC": "object",
    "PYMALLOC_CALLOC": "object, zeroed",
    "PYMALLOC_REALLOC": "object, resized",
    "MALLOC": "malloc",
    "CALLOC": "calloc",
    "REALLOC": "realloc",
}


@dataclass(frozen=True)
class Place:
    """A line of code with its share; *text* is what stands there, *source* who reached it."""

    share: str
    where: str
    text: str
    bytes: str = ""
    source: str = ""


@dataclass(frozen=True)
class Size:
    """A size that two variants do not allocate as often, per operation."""

    size: str
    kind: str
    first: str
    second: str
    more: str


@dataclass(frozen=True)
class Pair:
    """Two variants: a sentence or three, and beneath it the sizes and lines that differ.

    *rest_of_sizes* and the other rests say how many more there are; empty where all are shown.
    """

    first: str
    second: str
    text: Markup
    sizes: tuple[Size, ...]
    rest_of_sizes: str
    added: tuple[Place, ...]
    rest_of_added: str
    saved: tuple[Place, ...]
    rest_of_saved: str


@dataclass(frozen=True)
class Places:
    """Where one variant allocates: its lines, and the link to its flamegraph if there is one."""

    variant: str
    colour: str
    digest: str
    lines: tuple[Place, ...]
    rest: str
    caption: str
    flamegraph: str


@dataclass(frozen=True)
class Why:
    """What one group's panel shows; *hint* says how to find the lines, where they are not known."""

    title: str
    pairs: tuple[Pair, ...]
    places: tuple[Places, ...]
    hint: str


class Reasons:
    """What there is to say of the groups of *run*, made where it is asked for."""

    def __init__(self, run: Run, marks: Mapping[str, Mark], flamegraphs: Flamegraphs) -> None:
        self._run, self._marks, self._flamegraphs = run, marks, flamegraphs
        self._limit = claim_limit(run)
        self._records = {record.group: record for record in run.groups}
        self._few = sum(len(group.variants) for group in run.plan.groups) <= _MOST_CASES

    def of(self, group: Group, *, opened: bool) -> Why | None:
        """Return what the panel of *group* shows; None if nothing."""
        record = self._records.get(group)
        if record is None or not (opened or self._few):
            return None
        found = contrasts(record, self._run, self._limit)
        return _why(record, found, self._run, self._marks, self._flamegraphs)


def _why(
    record: GroupRecord,
    found: Iterable[Contrast],
    run: Run,
    marks: Mapping[str, Mark],
    flamegraphs: Flamegraphs,
) -> Why | None:
    places = tuple(
        _places(variant, profile.attribution, marks, flamegraphs.get((record.group, variant), ""))
        for variant, profile in record.profiles.items()
    )
    pairs = tuple(_pair(contrast, record) for contrast in found if contrast.text)
    if not pairs and not places:
        return None
    return Why(
        title="Why: what it does, and where it allocates" if places else "Why: what it does",
        pairs=pairs,
        places=places,
        hint="" if places else _hint(run),
    )


def _hint(run: Run) -> str:
    if LINES in run.plan.instruments:
        return "The lines that allocate were not found; see what is shaky about this run."
    return (
        "Which lines allocate, this run does not know: awaitbench run with --profile finds them "
        "for all variants, awaitbench profile SCENARIO VARIANT for one."
    )


def _pair(contrast: Contrast, record: GroupRecord) -> Pair:
    sizes, added, saved = contrast.sizes, contrast.more, contrast.less
    profiled = record.profiles.get(contrast.first), record.profiles.get(contrast.second)
    sources = {
        frame: text
        for profile in profiled
        if profile
        for frame, text in profile.attribution.sources.items()
    }
    return Pair(
        first=visible(contrast.first),
        second=visible(contrast.second),
        text=_set_apart(contrast),
        sizes=tuple(map(_size, sizes[:_MOST_SIZES])),
        rest_of_sizes=_rest(len(sizes) - _MOST_SIZES, "size"),
        added=tuple(_differing(added, sources)),
        rest_of_added=_rest(len(added) - _MOST_DIFFERENCES, "line"),
        saved=tuple(_differing(saved, sources)),
        rest_of_saved=_rest(len(saved) - _MOST_DIFFERENCES, "line"),
    )


def _set_apart(contrast: Contrast) -> Markup:
    """Return the text with what it is about, where it begins a sentence, set apart."""
    text = escape(visible(contrast.text))
    name = escape(visible(contrast.first))
    if text.startswith(f"{name} "):
        return Markup("<code>{}</code>{}").format(Markup(name), Markup(text[len(name) :]))
    return Markup(text)


def _size(each: SizeDifference) -> Size:
    more = count_text(abs(each.more))
    return Size(
        size=f"{each.size:,}",
        kind=visible(_DOMAINS.get(each.allocator, each.allocator)),
        first=count_text(each.first),
        second=count_text(each.second),
        more=f"+{more}" if each.more > 0 else f"−{more}",  # noqa: RUF001 it is meant
    )


def _differing(lines: Sequence[Difference], sources: Mapping[Frame, str]) -> Iterator[Place]:
    total = sum(abs(line.more) for line in lines)
    for line in lines[:_MOST_DIFFERENCES]:
        share = _percent(abs(line.more) / total)
        yield Place(share, _where(line.frame), visible(sources.get(line.frame, "")))


def _places(variant: str, seen: Attribution, marks: Mapping[str, Mark], flamegraph: str) -> Places:
    lines = allocating_lines(seen)
    return Places(
        variant=visible(variant),
        colour=marks[variant].colour,
        digest=_digest(lines),
        lines=tuple(_line(line, seen) for line in lines[:_MOST_LINES]),
        rest=_rest(len(lines) - _MOST_LINES, "line", lines[_MOST_LINES:]),
        caption=visible(caption(seen, "Exact counts per operation stand in the table above.")),
        flamegraph=flamegraph,
    )


def _digest(lines: Sequence[Line]) -> str:
    if not lines:
        return "allocates nothing"
    first = lines[0]
    number = "1 line" if len(lines) == 1 else f"{len(lines)} lines"
    return f"{number}; most at {_where(first.frame)}"


def _line(line: Line, seen: Attribution) -> Place:
    return Place(
        share=_percent(line.share),
        where=_where(line.frame),
        text=visible(seen.sources.get(line.frame, "")),
        bytes=byte_text(line.bytes),
        source=", ".join(map(str, line.caused_by[:2])) + (", …" if line.caused_by[2:] else ""),
    )


def _where(frame: Frame) -> str:
    told = f"{frame.file}:{frame.line} {frame.function}" if frame.line else frame.file
    return visible(told)


def _percent(share: float) -> str:
    return f"{significant(100 * share, 2)} %" if share >= 0.001 else "<0.1 %"


def _rest(number: int, noun: str, lines: Iterable[Line] = ()) -> str:
    if number <= 0:
        return ""
    told = f"and 1 more {noun}" if number == 1 else f"and {number} more {noun}s"
    share = sum(line.share for line in lines)
    return f"{told}, {_percent(share)}" if share else told
