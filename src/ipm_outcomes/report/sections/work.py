"""Who came back to work, after how many days, and who stayed."""

from __future__ import annotations

from collections.abc import Iterator

from ipm_outcomes.report._page import Section
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report.sections import _records as records


def sections(words: Wording) -> Iterator[Section]:
    """The section, where work statuses were given."""
    if rows := records.rows_of(words, "work"):
        yield Section("work", "work", {"rows": records.table(words, rows)})
