"""Faults in the middle of a whole run: one line, nothing lost, and it can be gone on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.injection import FAULTS, NotPermittedError, Place, inject

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_told_in_one_line_and_nothing_that_was_measured_is_lost(
    fault: str, tmp_path: Path
) -> None:
    try:
        told = inject(fault, Place(tmp_path / "place"))
    except NotPermittedError as error:
        pytest.skip(str(error))
    assert len(told.splitlines()) == 1
    assert str(tmp_path) not in told
