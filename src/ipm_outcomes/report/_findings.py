"""What was found in the answers before they were scored, reported on the page without a count.

Counts of rows would have to pass disclosure control; what was seen, where, and what settles it identify no patient.
"""

from __future__ import annotations

from typing import Any

from ipm_outcomes.frames._findings import FINDINGS
from ipm_outcomes.report._reading import Table, cells_of

ReportedFinding = tuple[str, str, str, str, bool]
"""Code, id of the instrument, columns, what settles it (empty where there is none); whether a row is concerned."""

_LEFT_OUT = {"instrument_found", "columns_missing", "blank_rows"}
"""Not reported here; rows without any answer are counted beside the data quality."""


def reported_findings(findings: Any) -> tuple[ReportedFinding, ...]:
    """The findings of a table as `ipm_outcomes.frames.inspect` gives it; None: not looked at."""
    if findings is None:
        return ()
    table = Table("findings", findings)
    table.face.require(["finding", "where", "instrument", "settle"], "findings")
    known = []
    for row in cells_of(table.frame.to_native()):
        code, id, where, settle = (
            str(row[name] or "") for name in ("finding", "instrument", "where", "settle")
        )
        if code in FINDINGS and code not in _LEFT_OUT:
            known.append((code, id, where, settle, bool(row.get("rows"))))
    return tuple(known)
