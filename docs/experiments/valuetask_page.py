"""Writes the figures of ``docs/valuetask.md`` from what ``valuetask.py`` measured.

The figures are kept beside this file, in ``valuetask.json``: ``python valuetask_page.py`` writes
the page's tables again without measuring.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.report.figures import ABSENT, count_text, ratio_parts, significant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Figures = dict[str, Any]
    """What ``valuetask.py`` measured on one interpreter."""

HERE = Path(__file__).parent
PAGE = HERE.parent / "valuetask.md"
KEPT = HERE / "valuetask.json"
NOT_BUILT = "not built"
IMPLEMENTATIONS = {"python": "pure", "native": "native"}


@dataclass(frozen=True)
class Figure:
    """A number, with the half-width of its interval where it was sampled."""

    value: float
    half_width: float | None = None

    def __str__(self) -> str:
        if self.half_width is None:
            return count_text(self.value)
        return " ± ".join(ratio_parts(self.value, self.half_width))


@dataclass(frozen=True)
class Goal:
    """A limit that is to be kept; *before_3_12* where it is another one there."""

    limit: float
    before_3_12: float | None = None
    at_least: bool = False

    def is_met(self, figure: Figure, python: str) -> bool:
        limit = self.limit
        if self.before_3_12 is not None and _minor(python) < 12:
            limit = self.before_3_12
        return figure.value >= limit if self.at_least else figure.value <= limit

    def __str__(self) -> str:
        if self.limit == 0:
            return "0"
        words = "or more" if self.at_least else "or less"
        if self.before_3_12 is None:
            return f"{self.limit:g} {words}"
        return f"{self.before_3_12:g} {words} on 3.11, {self.limit:g} {words} from 3.12 on"


@dataclass(frozen=True)
class Row:
    """A row of the table of goals; *read* takes the figure of an implementation."""

    text: str
    read: Callable[[Figures, str], Figure | None]
    pure: Goal | None
    native: Goal | None


def ratio(comparison: str, case: str) -> Callable[[Figures, str], Figure | None]:
    """Return what reads the time of *case* / the time of the baseline of *comparison*."""

    def read(figures: Figures, implementation: str) -> Figure | None:
        name = case.replace("{}", implementation)
        told = figures["ratios"][comparison].get(name)
        return None if told is None else Figure(told[0], (told[2] - told[1]) / 2)

    return read


def inverse(comparison: str, case: str) -> Callable[[Figures, str], Figure | None]:
    """Return what reads the time of the baseline of *comparison* / the time of *case*."""

    def read(figures: Figures, implementation: str) -> Figure | None:
        told = figures["ratios"][comparison].get(case.replace("{}", implementation))
        if told is None:
            return None
        value, low, high = told
        return Figure(1 / value, (1 / low - 1 / high) / 2)

    return read


def counted(case: str, kind: str = "allocations") -> Callable[[Figures, str], Figure | None]:
    """Return what reads a count per operation of *case*."""

    def read(figures: Figures, implementation: str) -> Figure | None:
        found = figures["counts"].get(case.replace("{}", implementation), {}).get(kind)
        return None if found is None else Figure(found)

    return read


def _minor(python: str) -> int:
    return int(python.split(".")[1])


_COMPLETED = Goal(4.2), Goal(0.9, before_3_12=0.35)
GOALS = (
    Row('allocations per `await ValueTask("answer")`', counted("{}.constant"), Goal(2), Goal(0)),
    Row("allocations per `await ValueTask(None)`", counted("{}.constant_none"), Goal(2), Goal(0)),
    Row(
        '`await ValueTask("answer")` / `await coroutine()` that returns it',
        ratio("constant", "{}.constant"),
        *_COMPLETED,
    ),
    Row("the same with `None`", ratio("none", "{}.constant_none"), *_COMPLETED),
    Row(
        "a `@value_task` body that returns at once / the same body as a coroutine",
        ratio("body", "{}.body"),
        None,
        Goal(2),
    ),
    Row(
        '`await create_task(coroutine())` / `await ValueTask("answer")`',
        inverse("task", "{}.constant"),
        Goal(10, at_least=True),
        Goal(45, at_least=True),
    ),
    Row(
        "`gather` of 200 decorated bodies, all done / `asyncio.gather` of the coroutines",
        ratio("gather", "{}.gathered"),
        Goal(0.15),
        Goal(0.08),
    ),
    Row(
        "the same at 90 % done, the others one `sleep(0)`",
        ratio("usually", "{}.gathered_usually"),
        Goal(0.3),
        Goal(0.25),
    ),
    Row(
        "Futures made by 1,000 asynchronous completions of one reset source",
        counted("{}.source", "futures"),
        Goal(0),
        Goal(0),
    ),
    Row(
        "a suspended body (one `sleep(0)`) / the same body as a coroutine",
        ratio("suspended", "{}.suspended"),
        Goal(1.3),
        Goal(1.15),
    ),
)


@dataclass(frozen=True)
class Cost:
    """A row of the other tables: a comparison's case, and how a reader calls it."""

    text: str
    comparison: str
    case: str


BESIDE_A_COROUTINE = (
    Cost('`await ValueTask("answer")`', "constant", "{}.constant"),
    Cost("`answer.result() if answer.done() else await answer`", "constant", "{}.checked"),
    Cost("the same ValueTask awaited again", "kept", "{}.again"),
    Cost("`@value_task`, the body returns at once", "body", "{}.body"),
    Cost("the same, `result()` if `done()`", "body", "{}.body_checked"),
    Cost("`@value_task(pooled=True)`, the body returns at once", "builders", "{}.body_pooled"),
    Cost("`@value_task(hot=True)`, the body returns at once", "builders", "{}.body_hot"),
    Cost("a Task that starts eagerly (3.12 and later)", "builders", "eager_task"),
    Cost("a kept, completed Future", "kept", "kept_future"),
    Cost("a new, completed Future", "kept", "ready_future"),
)
BESIDE_THE_SAME = (
    Cost("`@value_task`, the body raises / a coroutine", "failing", "{}.body_failing"),
    Cost("`@value_task`, the body suspends once / a coroutine", "suspended", "{}.suspended"),
    Cost("the same, without the loop's turn", "by_hand", "{}.by_hand"),
    Cost(
        "`@value_task(pooled=True)`, the body suspends once / a coroutine",
        "suspended",
        "{}.suspended_pooled",
    ),
    Cost("`@value_task(hot=True)`, the body suspends once / a Task", "hot", "{}.suspended_hot"),
    Cost("`@value_task(hot=True)`, the body returns at once / a Task", "task", "{}.body_hot"),
    Cost("a reset source, completed by the loop / a new Future each", "source", "{}.source"),
    Cost(
        "`gather` of 200 `ValueTask(number)` / `asyncio.gather` of coroutines",
        "gather",
        "{}.gathered_constants",
    ),
)
DESIGNS = (
    Cost("one class for all kinds: a field for the kind, and four slots", "designs", "kind_field"),
    Cost("one slot for all kinds, and an `isinstance` check", "designs", "instance_check"),
    Cost("an iterator whose `__next__` raises `StopIteration`", "designs", "iterator"),
)
BODY_DESIGNS = (
    Cost("suspends once: the design chosen", "suspended", "{}.suspended"),
    Cost("suspends once: the same without any of its rules", "suspended", "suspended_bare"),
    Cost("suspends once: stepped by `send()`, without any rule", "suspended", "suspended_sent"),
    Cost("returns at once: the design chosen", "body", "{}.body"),
    Cost("returns at once: stepped by `send()`, without any rule", "body", "body_sent"),
)


def sections(kept: dict[str, Any]) -> dict[str, list[str]]:
    """Return the page's generated parts by the name in their markers."""
    found: list[Figures] = kept["figures"]
    return {
        "short": list(_short(found)),
        "experiments": [
            f"Measured on {kept['machine']}.",
            "Ratios are of processor times with the empty loop subtracted, ± the half-width of a",
            "95 % interval over processes. Allocations are counted, per operation.",
            "",
            *_goals(found),
            "",
            *_unmet(found),
            "",
            "### What else was measured",
            "",
            *_costs("time / an awaited coroutine that returns the answer", found),
            "",
            *_same(found),
            "",
            *_allocations(found),
        ],
        "source": list(_source(found)),
        "designs": list(_designs(found)),
    }


def _short(found: list[Figures]) -> Iterator[str]:
    """Show the range over the interpreters, for those who want one number."""
    yield "| an answer that is there | time, pure | native | allocations, pure | native |"
    yield "|---|--:|--:|--:|--:|"
    yield "| an awaited coroutine | 1 | 1 | 1 | 1 |"
    for cost in BESIDE_A_COROUTINE:
        times = _ranges(ratio(cost.comparison, cost.case), found)
        yield f"| {cost.text} | {times} | {_ranges(counted(cost.case), found)} |"
    yield ""
    yield "| time beside the same by another way | pure | native |"
    yield "|---|--:|--:|"
    task = _ranges(inverse("task", "{}.constant"), found)
    yield f'| an awaited Task / `await ValueTask("answer")` | {task} |'
    for cost in BESIDE_THE_SAME:
        yield f"| {cost.text} | {_ranges(ratio(cost.comparison, cost.case), found)} |"
    usually = _ranges(ratio("usually", "{}.gathered_usually"), found)
    yield f"| `gather` of 200 bodies of which 90 % are done / `asyncio.gather` | {usually} |"


def _ranges(read: Callable[[Figures, str], Figure | None], found: list[Figures]) -> str:
    """Return the two cells of the implementations."""
    return " | ".join(_range([read(one, name) for one in found]) for name in IMPLEMENTATIONS)


def _source(found: list[Figures]) -> Iterator[str]:
    """Say what a reset source costs beside a Future."""
    read = ratio("source", "{}.source")
    yield "| one completion after the other, by the loop | pure | native |"
    yield "|---|--:|--:|"
    yield f"| time / the time with a new Future each | {_ranges(read, found)} |"
    yield f"| allocations | {_ranges(counted('{}.source'), found)} |"
    yield f"| allocations with a new Future each | {_ranges(counted('futures'), found)} |"
    futures = _ranges(counted("{}.source", "futures"), found)
    yield f"| Futures made by 1,000 of them | {futures} |"


def _range(several: list[Figure | None]) -> str:
    values = sorted(each.value for each in several if each is not None)
    if not values:
        return ABSENT
    ends = [significant(values[0], 2), significant(values[-1], 2)]
    if all(float(value).is_integer() for value in values):
        ends = [count_text(values[0]), count_text(values[-1])]
    return " to ".join(dict.fromkeys(ends))


def _goals(found: list[Figures]) -> Iterator[str]:
    pythons = [figures["python"] for figures in found]
    heads = [f"{name} | {' | '.join(pythons)}" for name in ("goal, pure", "goal, native")]
    yield f"| measured | {' | '.join(heads)} |"
    column = "--:|" * len(pythons)
    yield f"|---|--:|{column}--:|{column}"
    for row in GOALS:
        cells = []
        for implementation, goal in zip(IMPLEMENTATIONS, (row.pure, row.native), strict=True):
            cells.append(str(goal) if goal else "state it")
            cells += [_judged(row, goal, figures, implementation) for figures in found]
        yield f"| {row.text} | {' | '.join(cells)} |"


def _judged(row: Row, goal: Goal | None, figures: Figures, implementation: str) -> str:
    figure = row.read(figures, implementation)
    if figure is None:
        return NOT_BUILT if implementation not in figures["built"] else ABSENT
    if goal is not None and not goal.is_met(figure, figures["python"]):
        return f"**{figure}** missed"
    return str(figure)


def unmet(found: list[Figures]) -> list[str]:
    """Return which goals were missed, each as a line."""
    return [
        f"{row.text}, {IMPLEMENTATIONS[implementation]}, {figures['python']}: {figure}"
        for row in GOALS
        for implementation, goal in zip(IMPLEMENTATIONS, (row.pure, row.native), strict=True)
        for figures in found
        if goal is not None
        and (figure := row.read(figures, implementation)) is not None
        and not goal.is_met(figure, figures["python"])
    ]


def _unmet(found: list[Figures]) -> Iterator[str]:
    missed = unmet(found)
    if not missed:
        yield "All goals are met."
        return
    yield f"Missed: {len(missed)}."


def _costs(title: str, found: list[Figures]) -> Iterator[str]:
    yield from _head(title, found)
    for cost in BESIDE_A_COROUTINE:
        yield _cost_row(cost, found, ratio(cost.comparison, cost.case))


def _same(found: list[Figures]) -> Iterator[str]:
    yield from _head("time / the time of the same by another way", found)
    for cost in BESIDE_THE_SAME:
        yield _cost_row(cost, found, ratio(cost.comparison, cost.case))


def _allocations(found: list[Figures]) -> Iterator[str]:
    yield from _head("allocations", found)
    shown = (
        Cost("an awaited coroutine", "", "coroutine"),
        *BESIDE_A_COROUTINE,
        Cost("a Task", "", "task"),
        Cost("a coroutine that suspends once", "", "suspended_coroutine"),
        Cost("`@value_task`, the body suspends once", "", "{}.suspended"),
        Cost("`@value_task(pooled=True)`, the body suspends once", "", "{}.suspended_pooled"),
        Cost("`@value_task(hot=True)`, the body suspends once", "", "{}.suspended_hot"),
        Cost("a Task that suspends once", "", "suspended_task"),
        Cost("a coroutine that raises", "", "coroutine_failing"),
        Cost("`@value_task`, the body raises", "", "{}.body_failing"),
        Cost("a new Future, completed by the loop", "", "futures"),
        Cost("a reset source, completed by the loop", "", "{}.source"),
    )
    for cost in shown:
        yield _cost_row(cost, found, counted(cost.case))


def _head(title: str, found: list[Figures]) -> Iterator[str]:
    pythons = [figures["python"] for figures in found]
    heads = [f"{name}, {python}" for name in IMPLEMENTATIONS.values() for python in pythons]
    yield f"| {title} | {' | '.join(heads)} |"
    yield f"|---|{'--:|' * len(heads)}"


def _cost_row(
    cost: Cost, found: list[Figures], read: Callable[[Figures, str], Figure | None]
) -> str:
    cells = [
        ABSENT if (figure := read(figures, implementation)) is None else str(figure)
        for implementation in IMPLEMENTATIONS
        for figures in found
    ]
    if "{}" not in cost.case:  # asyncio's own: the same beside both
        cells = [*cells[: len(found)], *[""] * len(found)]
    return f"| {cost.text} | {' | '.join(cells)} |"


def _designs(found: list[Figures]) -> Iterator[str]:
    yield from _pure("time / the one chosen", DESIGNS, found)
    yield ""
    yield from _pure("a body: time / the same body as a coroutine", BODY_DESIGNS, found)


def _pure(title: str, costs: tuple[Cost, ...], found: list[Figures]) -> Iterator[str]:
    yield f"| {title} | {' | '.join(figures['python'] for figures in found)} |"
    yield f"|---|{'--:|' * len(found)}"
    for cost in costs:
        read = ratio(cost.comparison, cost.case)
        cells = [str(read(figures, "python") or ABSENT) for figures in found]
        yield f"| {cost.text} | {' | '.join(cells)} |"


def put(name: str, lines: list[str]) -> None:
    """Put *lines* into the page, between the markers of that *name*."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, rest = PAGE.read_text(encoding="utf-8").split(begin)
    _, after = rest.split(end)
    written = "".join(f"{line}\n" for line in lines)
    PAGE.write_text(f"{before}{begin}\n{written}{end}{after}", encoding="utf-8")


def write(kept: dict[str, Any]) -> None:
    """Keep the figures and put them into the page."""
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    for name, lines in sections(kept).items():
        put(name, lines)


if __name__ == "__main__":
    write(json.loads(KEPT.read_text(encoding="utf-8")))
