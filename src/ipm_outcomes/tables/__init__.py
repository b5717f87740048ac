"""The finite tables: what a scale can say, cell by cell, computed once and exactly from its definition.

A questionnaire is finite. What a scale says depends on two small integers: the *tally* (the sum of the points of the
answered items) and how many items were *answered*. Every scale of items is therefore a table over both; a single
response reads one cell of it and a million rows gather from the very same cells. Two counts over thresholds are a tally
as well: each item adds 1 to the one count and, where it is a core item, a larger step that keeps the other count apart.

Scores that are formulas over other scales' values (PROMIS summary scores) are exact integer combinations of these, and
quotients of answers (work impairment) are fractions of whole numbers.
"""

from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import UnknownNameError, described
from ipm_outcomes.tables._absent import (
    ABSENT_CODES,
    BEYOND,
    COMPONENT,
    NO_ANSWERS,
    NOT_ASKED,
    TOO_FEW,
    UNDEFINED,
)
from ipm_outcomes.tables._formulas import FormulaTable, UtilityTable, formula_table
from ipm_outcomes.tables._items import ScaleTable, TableArrays, accuracy_sentence, band_of, item_table
from ipm_outcomes.tables._kept import Kept, kept_of
from ipm_outcomes.tables._quotients import QuotientTable, quotient_table

__all__ = [
    "ABSENT_CODES",
    "BEYOND",
    "COMPONENT",
    "NOT_ASKED",
    "NO_ANSWERS",
    "TOO_FEW",
    "UNDEFINED",
    "AnyTable",
    "FormulaTable",
    "QuotientTable",
    "ScaleTable",
    "TableArrays",
    "UtilityTable",
    "accuracy_sentence",
    "band_of",
    "tables",
]


AnyTable = ScaleTable | FormulaTable | QuotientTable | UtilityTable

_computed: Kept[dict[str, AnyTable]] = {}


def tables(instrument: Instrument, missing: str | None = None) -> dict[str, AnyTable]:
    """The tables of all scales of an instrument under one missing rule.

    Parameters
    ----------
    instrument
        The definition.
    missing
        Name of a missing rule that the definition has; a scale without a rule of that name keeps its default.
        None: every scale's default, which is the strictest.

    Returns
    -------
    dict of str to table
        By scale id, in the order of the definition.

    Raises
    ------
    UnknownNameError
        No scale of the instrument has a rule of that name.

    >>> import ipm_outcomes as ipm
    >>> from ipm_outcomes.tables import tables
    >>> total = tables(ipm.instrument("phq9"))["total"]
    >>> total.cells[9][27].band
    'severe'
    """
    if missing is not None and missing not in instrument.missing_rules:
        raise UnknownNameError(
            f"{instrument.id} has no missing rule of that name ({described(missing)}); it has "
            f"{', '.join(instrument.missing_rules)}"
        )
    computed = kept_of(_computed, instrument, missing, lambda: _tables(instrument, missing))
    return dict(computed)


def _tables(instrument: Instrument, missing: str | None) -> dict[str, AnyTable]:
    computed: dict[str, AnyTable] = {}
    for scale in instrument.scales:
        if scale.quotient:
            computed[scale.id] = quotient_table(instrument, scale, scale.quotient, scale.rule(missing))
        elif scale.items:
            computed[scale.id] = item_table(instrument, scale, scale.rule(missing))
    for scale in instrument.scales:
        if scale.weighted:
            computed[scale.id] = formula_table(scale, scale.rule(missing), computed)
        if scale.utility:
            parts = tuple(table for id in scale.components if isinstance(table := computed[id], ScaleTable))
            computed[scale.id] = UtilityTable(scale, scale.rule(missing), parts, scale.utility)
    return {scale.id: computed[scale.id] for scale in instrument.scales}
