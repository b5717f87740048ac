"""All published figures of a report as rows of one table, for a file beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from ipm_outcomes.errors import printable
from ipm_outcomes.frames._export import safe_text
from ipm_outcomes.report._program import Figure, Program
from ipm_outcomes.report._words import rounded

COLUMNS = (
    *("indicator", "title", "group", "period", "stratum", "instrument", "scale", "target", "band"),
    *("eligible", "observed", "numerator", "denominator", "numerator_low", "numerator_high"),
    *("estimate", "lower", "upper", "level", "worst", "best", "unit", "method", "suppressed", "source"),
)
_RATES = ("estimate", "lower", "upper", "worst", "best")


def as_csv(program: Program) -> str:
    """The figures that disclosure control has put out, one a row, as text of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(program))
    return text.getvalue()


def _rows(program: Program) -> Iterator[list[str]]:
    for row in (*program.rows.values(), *program.of_strata.values()):
        limits = {name: ends for name, *ends in row.limits}
        low, high = limits.get("numerator", (None, None))
        cells = {name: getattr(row, name, None) for name in COLUMNS}
        cells |= {"numerator_low": low, "numerator_high": high, "suppressed": row.hidden}
        cells |= {"group": program.site(row.group), "level": row.level if row.lower is not None else None}
        cells |= {name: _rate(getattr(row, name), row, program.policy) for name in _RATES}
        yield [str(cells[name]) if name in _RATES else _cell(cells[name]) for name in COLUMNS]


def _rate(value: float | None, row: Figure, policy: str) -> str:
    """A figure as fine as the page prints it, and no finer."""
    if value is None:
        return ""
    of_share = 2 if policy == "nhs" else 3
    decimals = {"share": of_share, "ratio": of_share, "days": 0, "rate ratio": 2}.get(row.unit, row.decimals)
    return rounded(value, decimals).replace("−", "-")


def _cell(value: object) -> str:
    if value is None:
        return ""
    return safe_text(printable(value)) if isinstance(value, str) else f"{value}"
