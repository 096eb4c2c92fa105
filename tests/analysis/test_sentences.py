from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.sentences import Tone, summary_sentences
from harness.plan import Runtime
from tests.runs import SYNC_RATIOS, Cost, make_run, timing_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.record import Run


def texts(run: Run) -> list[str]:
    return [sentence.text for sentence in summary_sentences(run)]


def timed(**rounds: Sequence[float]) -> Run:
    """Return a run of one group whose variants took these nanoseconds in their rounds."""
    run = make_run(variants=tuple(rounds), instruments=("time",))
    timings = {name: timing_of([[v * 1e-9] for v in values]) for name, values in rounds.items()}
    return replace(run, groups=(replace(run.groups[0], timings=timings),))


def test_what_a_run_says_of_a_scenario() -> None:
    run = make_run(sync_ratios=SYNC_RATIOS, noise=0.002)
    assert texts(run) == [
        "At 90 % synchronous completions value_task is 9.2 times as fast as task and makes "
        "22 fewer allocations per call.",
        "At 90 % synchronous completions value_task takes 1.8 times as long as coroutine and "
        "makes 1.2 more allocations per call.",
        "At 90 % synchronous completions this run can show no difference in time between "
        "value_task_native and coroutine; value_task_native makes 0.1 more allocations per call.",
        "At 90 % synchronous completions no variant is shown to be faster than coroutine.",
        "At 100 % synchronous completions cached_future is the fastest: it takes 26 % less time "
        "than coroutine.",
        "At 0 % synchronous completions value_task takes 22 % longer than coroutine and makes "
        "3 more allocations per call.",
        "At 0 % synchronous completions value_task_native takes 3 % longer than coroutine and "
        "makes 1 more allocation per call.",
    ]


def test_a_sentence_knows_its_case_and_whom_it_names() -> None:
    run = make_run(sync_ratios=(0.0, 0.9), noise=0.002)
    first, second, *_, last = summary_sentences(run)
    assert first.group is run.groups[1].group
    assert last.group is run.groups[0].group
    assert first.variants == ("value_task", "task")
    assert (first.tone, second.tone) == (Tone.GAIN, Tone.LOSS)


def test_a_difference_that_is_not_significant_is_not_claimed() -> None:
    run = timed(coroutine=[100, 101, 99], value_task=[100, 130, 90])
    assert texts(run) == [
        "At 90 % synchronous completions this run can show no difference in time between "
        "value_task and coroutine."
    ]


def test_a_significant_difference_of_less_than_two_percent_is_not_claimed() -> None:
    run = timed(coroutine=[100, 100.01, 99.99], value_task=[101.5, 101.51, 101.49])
    (text,) = texts(run)
    assert "no difference" in text


@pytest.mark.parametrize(
    ("nanoseconds", "claim"),
    [
        (112, "value_task takes 12 % longer than coroutine"),
        (88, "value_task takes 12 % less time than coroutine"),
        (140, "value_task takes 40 % longer than coroutine"),
        (180, "value_task takes 1.8 times as long as coroutine"),
        (200, "value_task takes 2 times as long as coroutine"),
        (1130, "value_task takes 11 times as long as coroutine"),
        (50, "value_task is 2 times as fast as coroutine"),
        (9, "value_task is 11 times as fast as coroutine"),
    ],
)
def test_a_claim_has_one_direction_and_two_digits(nanoseconds: float, claim: str) -> None:
    values = [nanoseconds * factor for factor in (0.999, 1, 1.001)]
    assert texts(timed(coroutine=[100, 100, 100], value_task=values)) == [
        f"At 90 % synchronous completions {claim}."
    ]


def test_a_wide_interval_leaves_one_digit() -> None:
    run = timed(coroutine=[100] * 4, value_task=[650, 700, 800, 700])
    assert "takes about 7 times as long as coroutine" in texts(run)[0]


def test_one_round_is_too_few_to_claim_anything() -> None:
    assert texts(timed(coroutine=[100], value_task=[700])) == [
        "At 90 % synchronous completions one round is too few to tell value_task and coroutine "
        "apart in time."
    ]


def test_faster_with_more_allocations_is_a_but() -> None:
    costs = {"value_task": Cost(50, 50, 3, 3)}
    run = make_run(variants=("coroutine", "value_task"), noise=0.001, costs=costs)
    assert re.search(r"times as fast as coroutine but makes 1\.5 more allocations", texts(run)[0])


def test_one_allocation_is_singular() -> None:
    run = make_run(variants=("coroutine", "value_task"), sync_ratios=(1.0,))
    assert texts(run)[0].endswith("and makes 1 more allocation per call.")


def test_without_times_allocations_are_compared() -> None:
    run = make_run(instruments=("allocations",))
    assert texts(run) == [
        "At 90 % synchronous completions value_task makes 22 fewer allocations per call than task.",
        "At 90 % synchronous completions value_task makes 1.2 more allocations per call than "
        "coroutine.",
        "At 90 % synchronous completions value_task_native makes 0.1 more allocations per call "
        "than coroutine.",
    ]


def test_without_value_task_every_variant_is_held_against_the_baseline() -> None:
    run = make_run(variants=("coroutine", "task", "synchronous"), sync_ratios=(1.0,))
    assert [sentence.variants for sentence in summary_sentences(run)] == [("task", "coroutine")]


def test_variants_that_cannot_be_told_apart_share_the_first_place() -> None:
    run = timed(coroutine=[100, 100, 100], a=[50, 51, 49], b=[50, 49, 51], task=[900, 900, 900])
    assert (
        "At 90 % synchronous completions a and b are the fastest; between them no difference "
        "shows." in texts(run)
    )


def test_the_baseline_may_be_the_fastest() -> None:
    run = timed(coroutine=[100, 100, 100], a=[150, 151, 149], b=[250, 249, 251])
    assert texts(run)[-1] == "At 90 % synchronous completions coroutine is the fastest."


def test_other_parameters_are_named_where_they_vary() -> None:
    varied = texts(make_run(extra={"delay": (0, 5), "size": (64,)}))
    assert all("completions (delay=0, size=64) " in text for text in varied)
    assert not any("delay" in text for text in texts(make_run(extra={"delay": (0,)})))


def on_two(one: dict[str, Sequence[float]], other: dict[str, Sequence[float]]) -> Run:
    """Return a run of one setting on two runtimes, of these nanoseconds in their rounds."""
    runtimes = (Runtime("3.12.1"), Runtime("3.13.0"))
    run = make_run(variants=tuple(one), instruments=("time",), runtimes=runtimes)
    groups = tuple(
        replace(
            record,
            timings={name: timing_of([[v * 1e-9] for v in vs]) for name, vs in rounds.items()},
        )
        for record, rounds in zip(run.groups, (one, other), strict=True)
    )
    return replace(run, groups=groups)


def test_what_holds_on_all_runtimes_is_said_once_with_the_range_of_its_figures() -> None:
    run = on_two(
        {"coroutine": [100, 100, 100], "value_task": [180, 181, 179]},
        {"coroutine": [100, 100, 100], "value_task": [300, 301, 299]},
    )
    (sentence,) = summary_sentences(run)
    assert sentence.text == (
        "At 90 % synchronous completions (both runtimes) value_task takes 1.8 to 3 times as long "
        "as coroutine."
    )
    assert sentence.group is run.groups[0].group


def test_what_differs_between_runtimes_is_said_of_each() -> None:
    run = on_two(
        {"coroutine": [100, 100, 100], "value_task": [180, 181, 179]},
        {"coroutine": [100, 100, 100], "value_task": [80, 81, 79]},
    )
    assert texts(run) == [
        "At 90 % synchronous completions (3.12.1 asyncio) value_task takes 1.8 times as "
        "long as coroutine.",
        "At 90 % synchronous completions (3.13.0 asyncio) value_task takes 20 % less "
        "time than coroutine.",
    ]


@pytest.mark.parametrize(
    ("one", "other", "claim"),
    [
        (110, 130, "takes 10 to 30 % longer than"),
        (130, 170, "takes 1.3 to 1.7 times as long as"),
        (90, 80, "takes 10 to 20 % less time than"),
        (90, 40, "takes 10 to 60 % less time than"),
        (50, 25, "is 2 to 4 times as fast as"),
        (200, 200, "takes 2 times as long as"),
    ],
)
def test_a_range_of_ratios_is_told_in_one_way(one: float, other: float, claim: str) -> None:
    base = [100.0, 100.0, 100.0]
    run = on_two(
        {"coroutine": base, "value_task": [one * f for f in (0.999, 1, 1.001)]},
        {"coroutine": base, "value_task": [other * f for f in (0.999, 1, 1.001)]},
    )
    assert texts(run) == [
        f"At 90 % synchronous completions (both runtimes) value_task {claim} coroutine."
    ]


def test_nothing_measured_nothing_said() -> None:
    assert summary_sentences(make_run(measured=0)) == ()
    assert summary_sentences(make_run(instruments=())) == ()


@given(
    st.lists(st.floats(0.5, 2), min_size=2, max_size=5),
    st.sampled_from(["value_task", "some_other"]),
)
def test_equal_times_are_never_called_different(factors: list[float], name: str) -> None:
    values = [100 * factor for factor in factors]
    for sentence in summary_sentences(timed(**{"coroutine": values, name: values})):
        assert sentence.tone is Tone.EVEN


@given(st.floats(0.01, 100))
def test_every_sentence_is_one(ratio: float) -> None:
    exact = [100 * ratio * factor for factor in (0.9999, 1, 1.0001)]
    for text in texts(timed(coroutine=[100] * 3, value_task=exact, task=[6000] * 3)):
        assert re.fullmatch(r"At 90 % synchronous completions [^.].*\.", text)
        assert "  " not in text
        assert not re.search(r"\b(nan|inf|None|0 times|0 %)\b", text.removeprefix("At 90 %"))
