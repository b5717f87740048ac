"""What a table must hold for a measure to be counted from it, and what is withheld or assumed where it does not.

A measure such as those of NHS Talking Therapies is one of finished courses, with their first and last scores. A table
that was paired for another purpose holds rows of the same form, and would give a figure under the same name. A
definition therefore names its requirements (`Requirement`); a row for which one of them is false withholds the figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ipm_outcomes.program.indicators import Bounds, Condition, Exclusion, Indicator

DAYS = {
    "window_opens": ("window_from", "baseline_date"),
    "window_after_end": ("window_to", "end_date"),
    "followup_after_end": ("followup_date", "end_date"),
}
"""Days that requirements can test, from the second date to the first."""

_NEVER = Condition.model_validate(
    {"all": [{"column": "target", "known": True}, {"column": "target", "known": False}]}
)


def row_exclusions(indicator: Indicator) -> list[Exclusion]:
    """The exclusions of an indicator over several scales that test columns of the rows themselves."""
    return [each for each in indicator.exclusions if indicator.scales and not indicator.of_scales(each.when)]


def row_columns(indicator: Indicator) -> dict[str, str]:
    """Columns that the requirements and these exclusions read, with the kind of value."""
    columns: dict[str, str] = {}
    for condition in (*(r.when for r in indicator.requires), *(e.when for e in row_exclusions(indicator))):
        for name, kind in condition.columns():
            for column, wanted in _read(name, kind):
                columns[column] = wanted if columns.get(column, "any") == "any" else columns[column]
    return columns


def _read(name: str, kind: str) -> Iterator[tuple[str, str]]:
    """The columns of the table behind the column of a condition."""
    if name in DAYS:
        yield from ((date, "date") for date in DAYS[name])
    else:
        yield name, kind


def settled(indicator: Indicator, fits: Callable[[str, str], bool], asked: bool) -> Indicator:
    """The indicator as it can be counted from a table.

    Where the table lacks what a requirement tests, nothing can be counted; but an indicator that was asked for by
    name takes the requirement as met if the definition says what that assumes, and the notes say so. Where it does
    not tell who of those not observed could still be met, all of them count as possible.
    """
    if isinstance(indicator.bounds, Bounds) and indicator.bounds.met is not None:
        tests = indicator.bounds.met.columns()
        if not indicator.scales and not all(fits(name, kind) for name, kind in tests):
            indicator = indicator.model_copy(
                update={"bounds": indicator.bounds.model_copy(update={"met": None})}
            )
    kept, assumed, gone = [], dict[str, None](), set[str]()
    for requirement in indicator.requires:
        reads = [pair for name, kind in requirement.when.columns() for pair in _read(name, kind)]
        absent = {name for name, kind in reads if not fits(name, kind)}
        if not absent:
            kept.append(requirement)
        elif asked and requirement.assumed:
            assumed[requirement.assumed] = None
            gone |= absent
        else:
            kept.append(requirement.model_copy(update={"when": _NEVER}))
            gone |= absent
    if not gone:
        return indicator
    exclusions = tuple(e for e in indicator.exclusions if not {name for name, _ in e.when.columns()} & gone)
    note = " ".join([*assumed, *([indicator.note] if indicator.note else [])]) or None
    return indicator.model_copy(update={"requires": tuple(kept), "exclusions": exclusions, "note": note})


def needs_of(indicator: Indicator, failed: Mapping[str, int]) -> list[str]:
    """What to give, for the requirements that rows did not meet."""
    return [requirement.need for requirement in indicator.requires if failed.get(requirement.id)]
