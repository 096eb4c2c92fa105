"""awaitbench: what a sync-or-async call costs in asyncio, by the strategy that answers it.

The names that a scenario's author imports; importing them loads neither pandas nor
matplotlib, pyperf or memray.
"""

from __future__ import annotations

import sys
from typing import Any, NoReturn

from harness._version import __version__
from harness.errors import InputError
from harness.pattern import cycle_length, sync_pattern
from harness.scenario import Parameter, Params, Scenario
from harness.valuetask import ValueTask, value_task

__all__ = [
    "Parameter",
    "Params",
    "Scenario",
    "ValueTask",
    "__version__",
    "cycle_length",
    "main",
    "sync_pattern",
    "value_task",
]


def main(scenario: Scenario[Any, Any, Any]) -> NoReturn:
    """Measure *scenario*, the value at the end of the file that is being run as a program.

    InputError where that file is being imported: it would measure itself without end.
    """
    if sys._getframe(1).f_globals.get("__name__") != "__main__":
        raise InputError(
            'main() was called by an import; write: if __name__ == "__main__": main(SCENARIO)'
        )
    from harness.cli import run_scenario  # the command line is not for those that import us

    run_scenario(scenario)
