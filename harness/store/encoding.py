"""Encoding: the files of a run that grows group by group, each group encoded once.

What a group contributes to each file is kept for as long as its record is the same one, so that
storing a run after each of its groups costs in proportion to that group. The bytes are those of
encoding everything at once: for ``timing.json`` those that pyperf itself writes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from harness.analysis.rows import case_rows
from harness.analysis.summary import summary_csv
from harness.store.convert import case_entries, group_entry, profile_entries, run_file
from harness.store.schema import SCHEMA
from harness.store.timing import BenchmarkText, benchmark_texts, suite_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.plan import Group, Plan
    from harness.record import GroupRecord, Run

__all__ = ["Encoder"]


@dataclass(frozen=True)
class _Encoded:
    """What one group contributes; *record* is what it was made of, None: not measured yet."""

    record: GroupRecord | None
    rows: str
    entry: msgspec.Raw | None = None
    cases: tuple[msgspec.Raw, ...] = ()
    benchmarks: tuple[BenchmarkText, ...] = ()
    profiles: tuple[bytes, ...] = ()


class Encoder:
    """Encodes one run again and again; a run of another plan is encoded afresh."""

    def __init__(self) -> None:
        self._plan: Plan | None = None
        self._known: dict[Group, _Encoded] = {}

    def files(self, run: Run) -> Iterator[tuple[str, bytes | None]]:
        """Yield each file's name and its bytes, ``run.json`` last; None where it has nothing."""
        if run.plan is not self._plan:
            self._plan, self._known = run.plan, {}
        records = {record.group: record for record in run.groups}
        planned = [self._encoded(run, group, records.get(group)) for group in run.plan.groups]
        measured = [self._known[record.group] for record in run.groups]
        timings = suite_text([text for each in measured for text in each.benchmarks])
        yield "timing.json", timings.encode() if timings is not None else None
        cases = [case for each in measured for case in each.cases]
        yield "allocations.json", _pretty({"schema": SCHEMA, "cases": cases})
        profiles = [profile for each in measured for profile in each.profiles]
        yield "lines.json", _a_line_each(profiles) if profiles else None
        header = summary_csv(())
        yield "summary.csv", (header + "".join(each.rows for each in planned)).encode()
        entries: Any = tuple(each.entry for each in measured)
        stored = run_file(replace(run, groups=()))
        yield "run.json", _pretty(msgspec.structs.replace(stored, groups=entries))

    def _encoded(self, run: Run, group: Group, record: GroupRecord | None) -> _Encoded:
        known = self._known.get(group)
        if known is None or known.record is not record:
            known = self._known[group] = _encode(run, group, record)
        return known


def _encode(run: Run, group: Group, record: GroupRecord | None) -> _Encoded:
    alone = replace(
        run,
        plan=replace(run.plan, groups=(group,)),
        groups=() if record is None else (record,),
    )
    rows = summary_csv(case_rows(alone)).removeprefix(summary_csv(()))
    if record is None:
        return _Encoded(record, rows)
    index = run.plan.groups.index(group)
    several_runtimes = len(run.plan.runtimes) > 1
    return _Encoded(
        record,
        rows,
        _raw(group_entry(index, record)),
        tuple(_raw(entry) for entry in case_entries(index, record)),
        tuple(benchmark_texts(index, record, several_runtimes=several_runtimes)),
        tuple(msgspec.json.encode(entry) for entry in profile_entries(index, record)),
    )


def _raw(entry: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(entry))


def _a_line_each(cases: list[bytes]) -> bytes:
    """Return a file of *cases*, one a line: with a line for each frame it would be unreadable."""
    return b'{"schema": %d, "cases": [\n%s\n]}\n' % (SCHEMA, b",\n".join(cases))


def _pretty(entry: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(entry), indent=1) + b"\n"
