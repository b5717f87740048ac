"""Small sites: put together into one row, so that less has to be hidden, and kept so by a ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from os import PathLike
from typing import Any

from ipm_outcomes.program._columns import NOT_RECORDED
from ipm_outcomes.program.suppression._record import earlier_figures, earlier_groups
from ipm_outcomes.report._program import OTHER, SMALLEST
from ipm_outcomes.report._reading import Table

SIZE = {"cms": 2 * SMALLEST["cms"]}
"""Of fewer patients either those who did well or the others are too few to show. Under `nhs` joining shows no more."""


def together(
    due: Mapping[str, int], size: int, alone: Collection[str] = (), before: Collection[str] = ()
) -> tuple[str, ...]:
    """The sites to put together: those with fewer patients due than ``size``, and the next ones until so many are due.

    No outcome decides it. Where no other row would be left nothing is put together.

    Parameters
    ----------
    due : mapping
        Patients due at the main target by site.
    size : int
        The fewest patients of a row.
    alone, before : collections of str
        The sites that had a row of their own in an earlier report of the ledger, and those that were put together
        there: both stay as they were.
    """
    free = [site for site in due if site not in alone and site != OTHER]
    order = sorted(free, key=lambda site: (due[site], site))
    order = [site for site in order if site in before] + [site for site in order if site not in before]
    taken = [site for site in order if site in before or due[site] < size]
    if not taken:
        return ()
    further = order[len(taken) :]
    taken += [OTHER] if OTHER in due else []  # the program put sites together itself
    while further and (len(taken) < 2 or sum(due[site] for site in taken) < size):
        taken.append(further.pop(0))
    enough = len(taken) > 1 and sum(due[site] for site in taken) >= size and len(taken) < len(due)
    return tuple(sorted(taken)) if enough or before else ()


def published_before(ledger: str | PathLike[str] | None) -> tuple[set[str], set[str]]:
    """The sites with a row of their own in the earlier reports of a ledger, and those that were put together."""
    if ledger is None:
        return set(), set()
    joined = {site for what, *given in earlier_figures(ledger) if what == "sites" for site in given[0]}
    return earlier_groups(ledger, ("group", "period")) - joined - {OTHER}, joined


def relabeled(changes: Table, by: str, sites: Collection[str]) -> Table:
    """The changes with the sites that are put together under one name."""
    import narwhals as nw

    names = [*sites, *([""] if NOT_RECORDED in sites else [])]
    word = changes.word(by)
    site = nw.when(word.is_in(names)).then(nw.lit(OTHER)).otherwise(word).alias(by)
    return Table(changes.name, changes.frame.with_columns(site).to_native())


def counted(changes: Table, by: str, indicators: list[Any], level: float) -> Any:
    """The table of indicators of the sites that are put together."""
    from ipm_outcomes import program

    part = changes.only(changes.word(by) == OTHER)
    return program.table(part.frame.to_native(), by=[by], indicators=indicators, level=level)
