"""What was found in the answers before they were scored, told on the page without a count.

Counts of rows would have to pass disclosure control; what was seen, where, and what settles it tell of no patient.
"""

from __future__ import annotations

from typing import Any

from ipm_outcomes.catalog import instrument as find_instrument
from ipm_outcomes.errors import UnknownNameError
from ipm_outcomes.frames._findings import FINDINGS
from ipm_outcomes.report._page import Page, paragraph
from ipm_outcomes.report._reading import Table, cells_of

Told = tuple[str, str, str, str, bool]
"""Code, id of the instrument, columns, what settles it (empty where there is none); whether a row is concerned."""

_UNTOLD = {"instrument_found", "columns_missing", "blank_rows"}
"""Not told here; rows without any answer are counted beside the data quality."""
_CODING = {"coding_from_one", "coding_suspected"}


def told_findings(findings: Any) -> tuple[Told, ...]:
    """The findings of a table as `ipm_outcomes.frames.inspect` gives it; None: not looked at."""
    if findings is None:
        return ()
    table = Table("findings", findings)
    table.face.require(["finding", "where", "instrument", "settle"], "findings")
    found = []
    for row in cells_of(table.frame.to_native()):
        code, id, where, settle = (
            str(row[name] or "") for name in ("finding", "instrument", "where", "settle")
        )
        if code in FINDINGS and code not in _UNTOLD:
            found.append((code, id, where, settle, bool(row.get("rows"))))
    return tuple(found)


def findings_parts(page: Page, findings: tuple[Told, ...]) -> list[str]:
    """A sentence for each instrument of which the coding is open, and the table of all findings."""
    if not findings:
        return []
    parts = [
        paragraph(
            f"{_title(id)}: the answers look as if they were counted from 1, and not from the lowest answer of the "
            "form. No score is shown here until the coding is declared."
        )
        for code, id, *_ in findings
        if code in _CODING
    ]
    rows = [[_seen(code, differs), where, settle] for code, _, where, settle, differs in findings]
    head = ["What was seen in the answers", "Columns", "What settles it"]
    return [*parts, page.table("Before anything was scored", head, rows)]


def _seen(code: str, concerns: bool) -> str:
    """What was seen, in words; of scores that stand there already, whether they agree with the answers."""
    told = FINDINGS[code].capitalize()
    if code == "recorded_scores":
        told += ", and differ from the answers in some rows" if concerns else ", and agree with the answers"
    return told


def _title(id: str) -> str:
    try:
        return find_instrument(id).title
    except UnknownNameError:  # a definition of one's own
        return id
