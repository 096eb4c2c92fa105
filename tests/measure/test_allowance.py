"""Allowance: generous, scaled from what the first round took, and none before that."""

from __future__ import annotations

import math

from harness.measure.allowance import Allowance


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_there_is_no_limit_before_anything_is_known() -> None:
    clock = Clock()
    allowance = Allowance(60, 15, clock)
    clock.now += 1e6
    assert allowance.left == math.inf


def test_it_is_many_times_what_the_first_round_lets_expect() -> None:
    clock = Clock()
    allowance = Allowance(patience=1, rounds=10, clock=clock)
    allowance.expect("task", prepared=2, values=100, each=0.5)
    allowance.expect("task", prepared=99, values=999, each=99)  # of a later round
    expected = 10 * (2 + 100 * 0.5)
    assert allowance.seconds > 4 * expected
    allowance.expect("other", prepared=2, values=100, each=0.5)
    assert allowance.seconds > 8 * expected


def test_it_is_used_up_in_time() -> None:
    clock = Clock()
    allowance = Allowance(patience=1, rounds=1, clock=clock)
    allowance.expect("task", prepared=0, values=1, each=0.001)
    assert 0 < allowance.left < 60
    clock.now += allowance.left + 1
    assert allowance.left < 0
