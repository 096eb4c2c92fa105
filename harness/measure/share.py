"""Share: how many of a function's calls complete without suspending, as a child observes it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import InputError, MeasureError
from harness.function import FIRST, LATER
from harness.measure.group import verify_group
from harness.plan import Group

if TYPE_CHECKING:
    from harness.function import Call
    from harness.measure.crew import Interpreter
    from harness.plan import Runtime

__all__ = ["observed_share"]


def observed_share(call: Call, interpreter: Interpreter, runtime: Runtime, seed: int) -> float:
    """Return the share of calls that complete without suspending, 0 to 1.

    The calls are made in fresh interpreters. InputError where the function raises, and where one
    call is not like the others, so that nothing could be compared.
    """
    unknown = replace(call, share=math.nan)
    interpreter = replace(interpreter, sources={call.name: unknown.source})
    group = Group(call.name, (("sync_ratio", math.nan),), (FIRST,), runtime)
    try:
        verify_group(group, interpreter, seed)
    except MeasureError as error:
        raise InputError(f"{call.title} cannot be measured: {error}") from error
    # Then several in one process: answers, and what is kept between calls, must stay the same.
    try:
        seen = verify_group(replace(group, variants=(FIRST, *LATER)), interpreter, seed)
    except MeasureError as error:
        raise InputError(
            f"{call.title}: one call is not like another: {error}; answers must be equal (==) and "
            "nothing that is kept between calls may belong to one event loop, or write a scenario "
            f"that sees to it: awaitbench new {call.name}_scenario"
        ) from error
    shares = [observation.synchronous_share for observation in seen.values()]
    if len({*shares}) > 1:
        told = ", ".join(f"{share:.0%}" for share in shares)
        raise InputError(
            f"{call.title}: its share of calls that complete without suspending changes from one "
            f"series of calls to the next ({told}); write a scenario whose requests decide it: "
            f"awaitbench new {call.name}_scenario"
        )
    return shares[0]
