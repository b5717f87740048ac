"""What quality measures and the figures of the whole program come to, and which of them these data cannot carry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ipm_outcomes.report._page import Section
from ipm_outcomes.report._program import ALL, OF_SCALE, Figure
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report._words import NONE, count

_LEFT = {"complete_case": "left out", "not_met": "counted as not met", "not_needed": NONE}
_EVIDENCE = {
    "2+": "original, or two sources",
    "1": "one source",
    "derived": "by definition",
    "unverified": "not verified",
}


def sections(words: Wording) -> Iterator[Section]:
    """The section, where the table of indicators holds measures that belong to no single scale."""
    figures = [
        row
        for row in words.program.rows.values()
        if row.group == ALL
        and row.period == ALL
        and row.title
        and not row.record
        and row.definition not in OF_SCALE
        and row.unit != "NPS points"
    ]
    if not figures:
        return
    withheld = [row for row in figures if row.denominator is None and not row.hidden]
    rows = [row for row in figures if row not in withheld]
    labels = [_label(row, rows) for row in rows]
    body = [
        [
            f"{row.instrument}.{row.scale}: {label}" if labels.count(label) > 1 else label,
            words.cell(row),
            count(row.eligible),
            _LEFT.get(row.missing, NONE),
            _EVIDENCE.get(row.evidence, NONE),
        ]
        for row, label in zip(rows, labels, strict=True)
    ]
    yield Section(
        "measures", "measures", {"rows": body, "withheld": list(_not_counted(withheld))}, appendix=True
    )


def _not_counted(withheld: Sequence[Figure]) -> Iterator[str]:
    """Measures that these data cannot carry, with what each of them needs."""
    needs: dict[str, dict[str, int]] = {}
    for row in withheld:
        match = re.search(r"Withheld: (needs .*?\.)(?= [A-Z]|$)", row.notes)
        # Figures of one family, such as "DRR-E: remission", are named once.
        family, _, rest = row.title.partition(": ")
        titles = needs.setdefault(match[1] if match else "not counted from these data.", {})
        titles[family] = titles.get(family, 0) + bool(rest)
    for need, titles in needs.items():
        names = (f"{title} ({n} figures)" if n > 1 else title for title, n in titles.items())
        yield f"{'; '.join(names)}: {need}"


def _label(row: Figure, rows: Sequence[Figure]) -> str:
    """The name of a measure; one that is for a single follow-up has that in its title."""
    targets = {other.target for other in rows if other.definition == row.definition}
    named_month = len(targets) == 1 and "month" in row.title
    parts = (row.title, f"({row.target})" if row.target and not named_month else "", row.band)
    return " ".join(part for part in parts if part)
