"""Timing, in the child: pyperf's worker, whose every value waits at a gate first."""

from __future__ import annotations

import functools
import os
import platform
from typing import TYPE_CHECKING, Any

import pyperf

# This module is imported before the children are forked, for what is slow once a round then and
# not in each: to record what the machine is, where pyperf has the program `file` run each time, to
# tell how many bits an address has; and to look through all installed packages for hooks.
platform.architecture = functools.cache(platform.architecture)
pyperf.Run([1.0], collect_metadata=True)
_RUNNER = pyperf.Runner()

if TYPE_CHECKING:
    from harness.measure.drive import Driver
    from harness.measure.protocol import Channel

__all__ = ["time_values"]

# A cycle that takes longer than this, in seconds, fetches what it needs in a small part of it, and
# another one in front would cost as much as it measures. How many cycles a value has does not tell:
# calibration finds a few more in one run than in another, which must not differ by it.
_LONG_CYCLE = 0.001


def time_values(
    driver: Driver[Any, Any, Any], channel: Channel, loops: int, values: int, warmups: int
) -> None:
    """Run pyperf as a worker; each value waits for ``go`` and is answered at once.

    It says ``waiting`` before the first one. After the last, pyperf goes on when told to
    ``collect``: it writes its benchmark to the channel, while no other child is timed.
    """
    left = warmups + values
    cycle = 0.0  # seconds that one took in the value before

    def behind_gate(cycles: int) -> float:
        nonlocal left, cycle
        _wait(channel)
        if cycle < _LONG_CYCLE:
            driver.drive(1)  # other children have run since: fetch code and state again
        seconds = driver.drive(cycles)
        cycle = seconds / cycles
        channel.send({"seconds": seconds})
        left -= 1
        if not left:
            _wait(channel)
        return seconds

    options = {
        "--loops": loops,
        "--values": values,
        "--warmups": warmups,
        "--pipe": os.dup(channel.fileno()),  # pyperf closes it
    }
    _RUNNER.parse_args(["--worker", *(str(word) for pair in options.items() for word in pair)])
    channel.send({"waiting": True})
    _RUNNER.bench_time_func(driver.variant, behind_gate, inner_loops=driver.operations)


def _wait(channel: Channel) -> None:
    if channel.receive() is None:
        raise SystemExit(0)  # the conductor has gone; nobody wants the value
