"""Asking: the same of every variant of a group, each in a child of its own, two at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from harness.errors import MeasureError
from harness.measure.crew import open_crew

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.measure.crew import Interpreter, Member
    from harness.plan import Group

__all__ = ["ask_each"]

_AT_ONCE = 2

Answer = TypeVar("Answer")


def ask_each(
    group: Group,
    interpreter: Interpreter,
    task: str,
    ask: Callable[[Member], Answer],
    *,
    seed: int,
    on_step: Callable[[int, int], None] = lambda *_: None,
) -> tuple[dict[str, Answer], dict[str, str]]:
    """Return what *ask* gives of each variant's child, and why those that failed did.

    For what is exact whatever else runs. *on_step* is told how many of how many have answered.
    """
    answers: dict[str, Answer] = {}
    failures: dict[str, str] = {}
    pending = group.variants
    # memray 1.20 can crash at tracker exit on CPython 3.12: what died is tried once more.
    for _ in range(2):
        died = []
        with (
            ThreadPoolExecutor(_AT_ONCE) as pool,
            open_crew(interpreter, replace(group, variants=pending), task, seed=seed) as members,
        ):
            asked = {pool.submit(ask, member): member for member in members.values()}
            for number, future in enumerate(as_completed(asked)):
                on_step(number, len(asked))
                member = asked[future]
                try:
                    answers[member.variant] = future.result()
                    failures.pop(member.variant, None)
                except MeasureError as error:
                    failures[member.variant] = str(error)
                    if member.died:
                        died.append(member.variant)
        if not died:
            break
        pending = tuple(died)
    return {name: answers[name] for name in group.variants if name in answers}, failures
