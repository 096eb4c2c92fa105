"""Verification: do all variants of a group do the same work? Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import DisagreementError
from harness.record import Observation
from harness.strategy import Reading, strategy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Observed", "compare"]

_LONGEST_SHOWN = 120


@dataclass(frozen=True)
class Observed:
    """One variant run over the requests of a scenario, request by request.

    suspensions
        How often the awaiter was suspended, for each request of one cycle.
    tasks
        Tasks created during that cycle.
    turns, collections
        As an :class:`~harness.record.Observation` has them, where they were counted.
    """

    requests: Sequence[Any]
    answers: Sequence[Any]
    suspensions: Sequence[int]
    tasks: int
    turns: float | None = None
    collections: tuple[float, ...] = ()


def compare(
    observed: Mapping[str, Observed], sync_ratio: float, operations: int = 1
) -> dict[str, Observation]:
    """Return what was seen of each variant, per operation.

    DisagreementError if one gives other answers than the first one, or completes another share of
    its requests synchronously than *sync_ratio*; none is held against NaN. A request stands for
    *operations* of them.
    """
    reference = next(iter(observed))
    for variant, seen in observed.items():
        _check_answers(reference, observed[reference], variant, seen)
        if not math.isnan(sync_ratio):
            _check_share(variant, seen, sync_ratio)
    return {variant: _observation(seen, operations) for variant, seen in observed.items()}


def _check_answers(reference: str, expected: Observed, variant: str, seen: Observed) -> None:
    if len(seen.answers) != len(expected.answers):
        raise DisagreementError(
            f"{variant} was given {len(seen.answers)} requests, {reference} "
            f"{len(expected.answers)}; make requests() deterministic from params.seed"
        )
    for index, (request, answer, wanted) in enumerate(
        zip(seen.requests, seen.answers, expected.answers, strict=True)
    ):
        if not _equal(answer, wanted):
            raise DisagreementError(
                f"{variant} answers {_shown(answer)} where {reference} answers "
                f"{_shown(wanted)}: request {index}, {_shown(request)}"
            )


def _check_share(variant: str, seen: Observed, sync_ratio: float) -> None:
    known = strategy(variant)
    if known.reading is Reading.CALL or known.can_complete_synchronously is False:
        return
    share = _share(seen)
    if known.can_complete_synchronously is None and share == 0:
        return  # a strategy of the author's own, which always suspends, as a Task does
    if abs(share - sync_ratio) > 0.5 / len(seen.suspensions):
        raise DisagreementError(
            f"{variant} completes {100 * share:.4g} % of its operations without suspending, "
            f"expected sync_ratio={sync_ratio:.4g}; {_first_unexpected(seen, sync_ratio)}"
        )


def _first_unexpected(seen: Observed, sync_ratio: float) -> str:
    """Name a request that explains the share, as the place to look at first."""
    too_many = _share(seen) > sync_ratio
    for index, count in enumerate(seen.suspensions):
        if (count == 0) == too_many:
            did = "does not suspend" if too_many else f"suspends {count} times"
            return f"the first request that {did} is {index}, {_shown(seen.requests[index])}"
    return "no request explains it"


def _observation(seen: Observed, operations: int) -> Observation:
    number = len(seen.suspensions) * operations
    return Observation(
        synchronous_share=_share(seen),
        suspensions=sum(seen.suspensions) / number,
        tasks=seen.tasks / number,
        turns=seen.turns,
        collections=seen.collections,
    )


def _share(seen: Observed) -> float:
    return sum(count == 0 for count in seen.suspensions) / len(seen.suspensions)


def _equal(left: Any, right: Any) -> bool:
    # `is` first: an answer such as NaN is the same work although it differs from itself.
    return left is right or bool(left == right)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
