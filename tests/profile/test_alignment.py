"""Alignment: what is found is a common subsequence, and noise of other kinds never disturbs it."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.alignment import align

KINDS = st.lists(st.integers(0, 5), max_size=60)


def longest(short: list[int], long: list[int]) -> int:
    row = [0] * (len(long) + 1)
    for entry in short:
        before = row
        row = [0]
        for place, other in enumerate(long):
            row.append(before[place] + 1 if entry == other else max(before[place + 1], row[place]))
    return row[-1]


@given(KINDS, KINDS)
def test_a_short_sequence_is_aligned_as_well_as_it_can_be(
    short: list[int], long: list[int]
) -> None:
    found = align(short, long)
    assert found == sorted(set(found))
    assert longest(short, [long[place] for place in found]) == len(found)
    assert len(found) == longest(short, long)


@given(st.lists(st.integers(0, 9), max_size=3000), st.integers(0, 2**32))
def test_noise_of_other_kinds_is_left_out_entirely(own: list[int], seed: int) -> None:
    generator = random.Random(seed)
    long: list[int] = []
    expected: list[int] = []
    for entry in own:
        long.extend(generator.choices(range(10, 20), k=generator.randrange(4)))
        expected.append(len(long))
        long.append(entry)
    assert align(own, long) == expected


def test_a_repeated_beat_is_not_skipped() -> None:
    own = [80, 184, 40] * 1000
    long = [176, 80, 176, 184, 200, 40, 32] * 1000
    assert len(align(own, long)) == len(own)


def test_a_burst_of_noise_longer_than_a_block_is_passed() -> None:
    own = list(range(2000))
    long = [*own[:1000], *[-1] * 20_000, *own[1000:]]
    assert [long[place] for place in align(own, long)] == own


def test_entries_that_the_long_sequence_lacks_cost_nothing_else() -> None:
    own = [entry for index in range(2000) for entry in ([1, 2, 99] if index % 50 == 0 else [1, 2])]
    long = [1, 7, 2, 8] * 2000
    assert len(align(own, long)) == 4000


def test_nothing_is_found_in_nothing() -> None:
    assert align([], [1]) == align([1], []) == align([1] * 900, [2] * 2000) == []
