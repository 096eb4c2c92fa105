"""Store: ``results/<run>/``, written group by group, so that nothing measured is lost."""

from harness.store.folder import (
    RunFolder,
    check_name,
    earlier_durations,
    find_run,
    latest_name,
    stored_plans,
)

__all__ = [
    "RunFolder",
    "check_name",
    "earlier_durations",
    "find_run",
    "latest_name",
    "stored_plans",
]
