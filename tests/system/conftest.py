"""What the tests of whole scenarios share."""

from __future__ import annotations

from pathlib import Path

import pytest

from .support import write_data


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data files that scenarios name."""
    return write_data(tmp_path_factory.mktemp("data"))
