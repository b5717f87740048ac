"""How many patients have opioids, at which doses, and who came down."""

from __future__ import annotations

from collections.abc import Iterator

from ipm_outcomes.report._page import Section
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report.sections import _records as records


def sections(words: Wording) -> Iterator[Section]:
    """The section, where doses of opioids were given."""
    if rows := records.rows_of(words, "opioids"):
        yield Section("opioids", "opioids", {"rows": records.table(words, rows)})
