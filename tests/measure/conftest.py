"""Fixtures of the tests that measure."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.measure import stand_in

if TYPE_CHECKING:
    from types import ModuleType


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Have a stand-in for the C implementation, whether that is built or not."""
    monkeypatch.delenv("AWAITBENCH_PURE_PYTHON", raising=False)
    module = stand_in.native()
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("harness.valuetask.native", module, raising=False)
    return module
