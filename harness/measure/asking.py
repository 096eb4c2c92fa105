"""Asking: the same of every variant of a group, each in a child of its own, two at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from harness.errors import MeasureError
from harness.measure.crew import end_crews, open_crew, role_of_each

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
    there: Mapping[str, Member] | None = None,
) -> tuple[dict[str, Answer], dict[str, str]]:
    """Return what *ask* gives of each variant's child, and why those that failed did.

    For what is exact whatever else runs. *on_step* is told how many of how many have answered.
    *there* are the children, where they were started before.
    """
    answers: dict[str, Answer] = {}
    failures: dict[str, str] = {}
    pending = group.variants
    # memray 1.20 can crash at tracker exit on CPython 3.12: what died is tried once more.
    for _ in range(2):
        died = []
        with ThreadPoolExecutor(_AT_ONCE) as pool, ExitStack() as stack:
            if there is None:
                roles = role_of_each(replace(group, variants=pending), task)
                there = stack.enter_context(open_crew(interpreter, group, roles, seed=seed))
            try:
                asked = {pool.submit(ask, member): member for member in there.values()}
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
            except BaseException:
                end_crews()  # whose threads would wait for their answers
                raise
        if not died:
            break
        pending, there = tuple(died), None
    return {name: answers[name] for name in group.variants if name in answers}, failures
