"""The compiled counter, once per session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.allocator.independent import CannotBuildError, build_counter

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return build_counter(tmp_path_factory.mktemp("counter"))
    except CannotBuildError as error:
        pytest.skip(str(error))
