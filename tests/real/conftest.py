"""Real data that are not part of the project: found through IPM_OUTCOMES_REAL_DATA, else these tests skip."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real() -> Callable[[str], Path]:
    """Look a file up, by its path relative to the folders that IPM_OUTCOMES_REAL_DATA names."""
    folders = [Path(part) for part in os.environ.get("IPM_OUTCOMES_REAL_DATA", "").split(os.pathsep) if part]

    def find(relative_path: str) -> Path:
        if not folders:
            pytest.skip("IPM_OUTCOMES_REAL_DATA is not set: it names the folders with the real data")
        for folder in folders:
            if (folder / relative_path).exists():
                return folder / relative_path
        pytest.skip(f"{relative_path} is in none of the folders of IPM_OUTCOMES_REAL_DATA")

    return find
