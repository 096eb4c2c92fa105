"""The variants of one group under plain pyperf: one after the other, by its own manager.

The same functions, the same driver, the same loops as awaitbench times; only the schedule
differs. Usage: ``python docs/experiments/sequential.py SCENARIO SYNC_RATIO [pyperf options]``.
"""

import functools
import sys
from contextlib import ExitStack

import pyperf

from harness import Params, cycle_length
from harness.catalog import shipped
from harness.measure.calibration import warm_up
from harness.measure.drive import Driver, open_driver
from harness.measure.environment import this_runtime
from harness.strategy import functions, strategy

_OPEN = ExitStack()


def main(name: str, ratio: str) -> None:
    scenario = shipped()[name].scenario
    values = {key: parameter.default for key, parameter in scenario.declared.items()}
    params = Params(values | {"sync_ratio": float(ratio)}, seed=0)
    # pyperf runs this program again for each worker.
    runner = pyperf.Runner(program_args=(__file__, name, ratio))
    runner.parse_args(sys.argv[3:])
    for variant in functions(scenario):
        known = strategy(variant)
        if known.only_synchronous or known.unavailable(this_runtime()):
            continue

        @functools.cache  # opened in the worker that measures it, which ends with it open
        def driver(variant: str = variant) -> Driver[object, object, object]:
            opened = _OPEN.enter_context(open_driver(scenario, variant, params, "asyncio"))
            warm_up(opened)
            return opened

        runner.bench_time_func(
            variant,
            lambda loops, driver=driver: driver().drive(loops),
            inner_loops=cycle_length(float(ratio)),
        )


main(*sys.argv[1:3])
