"""Timing, in the child: pyperf's worker, whose every value waits at a gate first."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pyperf

# What pyperf records of the machine takes 25 ms the first time, 4 ms after that: this module is
# imported before the children are forked, so that it is slow once a round and not in each.
pyperf.Run([1.0], collect_metadata=True)

if TYPE_CHECKING:
    from harness.measure.drive import Driver
    from harness.measure.protocol import Channel

__all__ = ["time_values"]

# Where one cycle is most of a value, another one in front would cost as much as it measures.
_MANY = 5


def time_values(
    driver: Driver[Any, Any, Any], channel: Channel, loops: int, values: int, warmups: int
) -> None:
    """Run pyperf as a worker; each value waits for ``go`` and is answered at once.

    pyperf writes its benchmark to the channel when all values are there.
    """

    def behind_gate(cycles: int) -> float:
        if channel.receive() is None:
            raise SystemExit(0)  # the conductor has gone; nobody wants the value
        if cycles >= _MANY:
            driver.drive(1)  # other children have run since: fetch code and state again
        seconds = driver.drive(cycles)
        channel.send({"seconds": seconds})
        return seconds

    options = {
        "--loops": loops,
        "--values": values,
        "--warmups": warmups,
        "--pipe": os.dup(channel.fileno()),  # pyperf closes it
    }
    runner = pyperf.Runner()
    runner.parse_args(["--worker", *(str(word) for pair in options.items() for word in pair)])
    runner.bench_time_func(driver.variant, behind_gate, inner_loops=driver.operations)
