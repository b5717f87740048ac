"""How many appointments were kept, who completed the course and who left."""

from __future__ import annotations

from collections.abc import Iterator

from ipm_outcomes.report._page import Section
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report.sections import _records as records


def sections(words: Wording) -> Iterator[Section]:
    """The section, where appointments were given."""
    if rows := records.rows_of(words, "appointments"):
        yield Section("adherence", "adherence", {"rows": records.table(words, rows)})
