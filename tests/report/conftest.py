"""The charts of a page: drawn for those tests that look at a drawing, and otherwise not."""

from __future__ import annotations

import pytest


@pytest.fixture
def drawn() -> None:
    """Asked for by a test that looks at what was drawn."""


@pytest.fixture
def specified() -> None:
    """Asked for by a test that compares pages, or wants every chart to be made."""


@pytest.fixture(autouse=True)
def _charts_of_the_page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "drawn" not in request.fixturenames:
        # Here, because the files of these tests are skipped where a library of an extra is not installed.
        from report_cases import specification, undrawn

        from ipm_outcomes.report import _charts

        made = specification if "specified" in request.fixturenames else undrawn
        monkeypatch.setattr(_charts, "svg", made)
