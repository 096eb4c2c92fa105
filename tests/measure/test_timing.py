"""Timing: what is done behind the gate before a value is timed."""

from __future__ import annotations

import json
import socket
from types import SimpleNamespace
from typing import Any

import pyperf
import pytest

from harness.measure import timing
from harness.measure.protocol import Channel


@pytest.mark.parametrize(
    ("loops", "cycle", "driven"),
    [
        (1, 0.0005, [1, 1] * 3),
        (2, 0.0005, [1, 2] * 3),
        (9, 0.0001, [1, 9] * 3),
        (2, 0.002, [1, 2, 2, 2]),  # known to be long from the first value on
    ],
)
def test_a_cycle_is_driven_before_each_value_unless_it_is_long(
    loops: int, cycle: float, driven: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A child has one runner, and uses it once.
    monkeypatch.setattr(pyperf.Runner, "_created", set())
    monkeypatch.setattr(timing, "_RUNNER", pyperf.Runner())
    seen: list[int] = []

    def drive(cycles: int) -> float:
        seen.append(cycles)
        return cycles * cycle

    driver: Any = SimpleNamespace(drive=drive, variant=f"of {loops} x {cycle}", operations=1)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for do in (*["go"] * 3, "collect"):
            Channel(ours).send({"do": do})
        timing.time_values(driver, Channel(theirs), loops=loops, values=2, warmups=1)
        told = Channel(ours)
        assert told.receive(1) == {"waiting": True}
        assert [told.receive(1) for _ in range(3)] == [{"seconds": loops * cycle}] * 3
        assert json.dumps(told.receive(1)).count(str(cycle)) >= 2
    assert seen == driven
