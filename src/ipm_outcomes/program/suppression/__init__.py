"""Disclosure control: no small count can be read from, or worked out of, a published indicator table.

The table is seen as a system of whole numbers: patients whom no published set tells apart form an atom, published
counts are sums of atoms, groups add up to their totals. Hiding the small counts is the easy half. The other half is to
hide enough others that whoever solves that system learns nothing that the policy withholds; `verify` checks that in
every call by other tables (witnesses) that agree with all that is shown.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from os import PathLike
from typing import Any

import numpy as np

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import FrameError, ParameterError, ProtectionWarning, number_of
from ipm_outcomes.frames._frame import AnyFrame
from ipm_outcomes.program.suppression._first import Contradiction, Unproved
from ipm_outcomes.program.suppression._intervals import intervals_of
from ipm_outcomes.program.suppression._links import build, join
from ipm_outcomes.program.suppression._means import Means
from ipm_outcomes.program.suppression._proof import verify
from ipm_outcomes.program.suppression._read import (
    COLUMNS,
    TableRow,
    columns_of,
    families_of,
    frame_of,
    rows_of,
    shown,
)
from ipm_outcomes.program.suppression._record import Ledger, place_of, record_of, write_text
from ipm_outcomes.program.suppression._scenes import Definition, Own, Published, Reader, known
from ipm_outcomes.program.suppression._search import Search
from ipm_outcomes.program.suppression._system import Count, System
from ipm_outcomes.program.suppression._write import write

__all__ = ["COLUMNS", "suppress"]


@dataclass(frozen=True)
class Policy:
    """What a policy withholds: the smallest and the largest hidden count, and whether shown ones are rounded."""

    lowest: int
    highest: int
    rounds: bool


POLICIES = {"cms": Policy(1, 10, False), "nhs": Policy(0, 4, True)}


@fenced
def suppress(
    table: AnyFrame,
    policy: str = "cms",
    *,
    by: Sequence[str] | None = None,
    parts: Iterable[Sequence[str]] = (),
    keep: Sequence[str] = (),
    definitions: Iterable[Definition] = (),
    ledger: str | PathLike[str] | None = None,
    record: str | PathLike[str] | None = None,
) -> AnyFrame:
    """Hide small counts in an indicator table, and all that would give them away.

    Rows stay; hidden numbers become null, `suppressed` says `"hidden"` where a number of the row is, else `""`, and
    `numerator_low, numerator_high` (likewise `denominator, observed, eligible`) hold limits of a hidden count that
    follow from what is shown (from nested counts and sums of groups; with bands a reader may narrow them, but never
    below what the policy allows); null where it is shown, and `_high` also where nothing limits it.

    Protected are the published counts of each row (`excluded` too, where the table has it) and the differences of
    nested ones, also for the people in a total who are in none of its groups;
    promoters, passives and detractors, whom a Net
    Promoter score gives away together with its interval. Which sets are nested is computed: the conditions of the
    indicators are asked about a patient of every baseline and follow-up or none, so that all that follows from the
    definitions is known, for a custom indicator too (columns `definition, instrument, scale, target, band` and
    `rules`, which `program.table` writes). The headline (the share of responders of the lead scale in the whole
    program) is given up last.

    **What a reader may know**: all that is published, the definitions, that groups add up to totals, that who is due
    at a later target is due at an earlier one, and the families named in `parts`. From that each small count, published
    or difference, can still be anything that the policy hides: 1-10 (`cms`), or 0-4, and 1-4 for differences (`nhs`),
    or as much of it as there would be if every count were hidden. It is checked in every call, by additions only;
    where the check fails nothing is published.

    **Means** of scores and of changes are given to one decimal, as their limits and `sd` are. Where a mean or its
    limits would exclude a value of a hidden count it is given as a whole number without limits and `sd`, or not at all.

    Policies:

    - `cms`: 1-10 is hidden, 0 is shown.
    - `nhs`: a count below 5 is hidden, 0 included; others are rounded to the nearest 5. Rates come from
      unrounded counts, are hidden when numerator or denominator is below 5 or the complement is 1-4, else
      rounded to 2 decimals (half away from zero). A count beside a shown rate is treated as known exactly.
      `excluded`, `sd`, `worst`, `best` and other extra figures would undo the rounding: all of them go.
    - `none`: the table is returned as it is.

    Parameters
    ----------
    table : data frame (pandas, Polars eager, PyArrow)
        Columns `<by...>, indicator, eligible, observed, numerator, denominator, estimate, lower, upper,
        level, method, suppressed, source`; one row per group and indicator; counts are people, numerators
        may be null (a mean) or signed (a net promoter count; hidden with its row). A total has null or
        `"all"` in a `by` column; where a column has `"all"`, null is a group like any other.
    policy : {"cms", "nhs", "none"}
        The rule.
    by : sequence of str, optional
        The grouping columns; by default those left of `indicator`.
    parts : iterable of sequences of str
        Families of indicators whose numerators add up to their common denominator, for tables whose indicators have no
        definition.
    keep : sequence of str
        Further numeric columns that hold no results (a year, say). Other extra numeric columns are hidden in
        every row in which a count is (`nhs`: in every row); extra text is never changed. Bounds (`worst, best`) that
        show who of those not observed could have counted are hidden too: that is a count of its own.
    definitions : ids or paths of indicators, `Indicator` or `Instrument` objects, optional
        Definitions of a program's own (an instrument as `catalog.read` gives it); those in the catalog are known.
    ledger : path, optional
        A file with the earlier releases of the program, which are protected together with this one: counts that were
        shown stay known, and who is new since then is protected too. Made where there is none; this release is added.
        It holds hidden counts: it stays with the data.
    record : path, optional
        Where to write the steward's record: what is hidden and why, and what each small count can still be, as
        canonical JSON with a hash. It holds no hidden count, but shows which ones are small.

    Returns
    -------
    data frame
        Same kind, same rows, the columns of the table and eight for the intervals.

    Raises
    ------
    ParameterError
        Unknown policy, or a name in `by`, `parts` or `keep` that the table does not have.
    UnknownNameError, DefinitionError
        A definition that does not exist, or whose file does not hold together.
    FrameError
        Missing or doubled columns, a count that is negative or not whole, a key that occurs twice, a table
        that has been suppressed before, parts that do not add up, or a lazy or unknown kind of table; or no proof
        that small counts are safe was found, so that nothing is published.

    Warns
    -----
    ProtectionWarning
        Rows are protected one by one, in their sums and groups only, because a definition that they name is not
        known or their counts do not fit it; or the search came to the end of its work for some small counts, so that
        more may be hidden than they need (never less). The record names every row that is protected by itself, also
        those that name no definition.

    Notes
    -----
    Rules: CMS cell size policy (1-10) and NHS England dashboards (below 5, nearest 5). Search by the cheapest
    alternative table after Kelly, Golden and Assad (1992), Cell suppression: disclosure protection for
    sensitive tabular data, Networks 22:397-417. Not covered: two tables published at different times or
    with different filters without a ledger, and a reader who runs this function backwards.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("A", 40, 6), ("B", 60, 30), ("C", 80, 41), ("all", 180, 77)]
    >>> table = pd.DataFrame(
    ...     [
    ...         {"site": site, "indicator": "responder_30", "eligible": n, "observed": n, "numerator": x}
    ...         | {"denominator": n, "estimate": x / n, "lower": None, "upper": None, "level": 0.95}
    ...         | {"method": "wilson", "suppressed": "", "source": "IMMPACT 2008"}
    ...         for site, n, x in rows
    ...     ]
    ... )
    >>> published = suppress(table)
    >>> published["suppressed"].tolist()
    ['hidden', 'hidden', '', '']
    >>> published["numerator"].tolist()  # 77 - 41 - 30 would have given 6 back
    [nan, nan, 41.0, 77.0]
    >>> published["numerator_high"].tolist()[:2]
    [36, 36]

    """
    more: dict[str, Any] = {"own": Own(), "ledger": ledger, "record": record}
    result: AnyFrame = suppress_with(
        table, policy, by=by, parts=parts, keep=keep, definitions=definitions, **more
    )
    return result


def suppress_with(
    table: Any,
    policy: str,
    *,
    by: Sequence[str] | None,
    parts: Iterable[Sequence[str]],
    keep: Sequence[str],
    definitions: Iterable[Definition],
    own: Own,
    ledger: str | PathLike[str] | None = None,
    record: str | PathLike[str] | None = None,
) -> Any:
    """As `suppress`, with what a report knows of the figures that are no indicators."""
    if not isinstance(policy, str) or (policy != "none" and policy not in POLICIES):
        allowed = ", ".join(repr(name) for name in (*POLICIES, "none"))
        raise ParameterError(f"policy: one of {allowed}, not {shown(policy)}")
    frame = frame_of(table)
    columns = columns_of(frame, by, keep)
    if policy == "none":
        if ledger is not None or record is not None:
            argument = "record" if ledger is None else "ledger"
            raise ParameterError(
                f"{argument}: nothing is protected under the policy 'none', so none is written"
            )
        return table
    to_record = None if record is None else place_of(record, "record")
    rule = POLICIES[policy]
    rows = rows_of(frame, columns)
    own_definitions = known(definitions)
    families = families_of(parts, rows)
    unrated = _without_rate(rows, rule)
    readers = [Reader(rows, own_definitions, families, own, frame.implementation)]
    book = Ledger(ledger) if ledger is not None else None
    earlier, again = book.earlier(policy, columns, rows) if book is not None else ([], None)
    for old in earlier:
        figures = own.again(old.own) if own.again is not None else Own()
        readers.append(Reader(old.rows, own_definitions, families, figures, frame.implementation))
    releases, system = _built(readers, rule)
    kept, taken = np.zeros(len(system.value), bool), np.zeros(len(system.value), bool)
    for release, old in zip(releases[1:], earlier, strict=True):
        for row, column, _ in release.cells:
            (taken if old.hidden[row.position, column] else kept)[row.cells[column]] = True
    if again is not None:  # the same release again is the same, whatever has been released since
        for index, row in enumerate(rows):
            for column, cell in row.cells.items():
                (taken if again.hidden[index, column] else kept)[cell] = True
    search = _searched([cell for release in releases for cell in release.cells], system, rule, kept, taken)
    limits = intervals_of(system, search.low, search.high)
    if again is None:
        coarser = Means(rows, frame, readers[0], search).given_up()
    else:
        coarser = {rows[index].position: how for index, how in again.means.items()}
    done = write(frame, rows, search.hidden, unrated, limits, rule.rounds, keep, columns, coarser)
    if to_record is not None:
        write_text(to_record, record_of(policy, columns, rows, system, search, readers[0].alone, coarser))
    _tell(readers[0].alone, search.dear)  # where a warning is an error, there is no release to note
    if book is not None and again is None:
        book.add(policy, columns, rows, search.hidden, own.as_data, coarser)
    return done


_TOLD = {
    "definition_unknown": "of {n} the definition is not known; give it in definitions=",
    "instrument_unknown": "of {n} the instrument is not known; give its definition in definitions=",
    "counts_do_not_fit": "the counts of {n} do not fit their definitions; give the table as program.table made it",
}
_LIMITED = (
    "the search came to the end of its work, so that for {n} more may be hidden than needed (never less)"
)


def _tell(alone: Mapping[int, str], dear: int) -> None:
    """Warn of rows that are protected one by one and should be by their definition, and of more hidden than needed."""
    notices = {
        code: tuple(sorted(position for position, why in alone.items() if why == code))
        for code in _TOLD
        if code in alone.values()
    }
    notes = [_TOLD[code].format(n=number_of(len(rows), "row")) for code, rows in notices.items()]
    notes = [
        f"{note} (until then each is protected by itself, in its sums and groups only)" for note in notes
    ]
    if dear:
        notices["work_limit"] = ()
        notes.append(_LIMITED.format(n=number_of(dear, "small count")))
    if notes:
        warnings.warn(ProtectionWarning(f"table: {'; '.join(notes)}", notices), stacklevel=5)


def _without_rate(rows: list[TableRow], rule: Policy) -> set[int]:
    """Rows whose rate would give a small complement away beside counts that are only rounded."""
    unrated = set()
    for row in rows:
        if rule.rounds and row.rated:
            x, n = row.counts["numerator"], row.counts.get("denominator", 0)
            if 1 <= n - x <= rule.highest:
                row.rated = False
                unrated.add(row.position)
    return unrated


def _built(readers: Sequence[Reader], rule: Policy) -> tuple[list[Published], System]:
    """The system of this release and the earlier ones; where counts do not fit the definitions, rows of that scene
    are by themselves.
    """
    while True:
        releases = [reader.read() for reader in readers]
        for n, release in enumerate(releases[1:], start=1):
            release.rename(n)
        scenes = {name: scene for release in releases for name, scene in release.scenes.items()}
        links = [link for release in releases for link in release.links]
        # From the first release to this one; each is within all that come after it.
        links += [
            link for old, new in combinations([*releases[1:], releases[0]], 2) for link in new.since(old)
        ]
        counts = [count for release in releases for count in release.counts]
        join(counts)
        try:
            apart = [
                ([(release.name(part), name) for part, name in parts], (release.name(whole), of))
                for reader, release in zip(readers, releases, strict=True)
                for parts, (whole, of) in reader.own.apart
            ]
            system = build(counts, scenes, rule.lowest, rule.highest, links, apart)
            break
        except Contradiction as error:
            scene: Any = error.args[0] if error.args else ("",)
            n = 0
            if scene[0] == "release":
                n, scene = scene[1], scene[2]
            if scene[0] != "pairs":
                raise FrameError(
                    "table: some counts contradict each other; give the whole table made by program.table"
                ) from None
            readers[n].apart.add(scene)
        except Unproved:
            raise _unproved() from None
    for release in releases:
        for row, column, count in release.cells:
            node = system.index[count.scene, count.key]
            row.cells[column] = system.nodes[node].cells[count.set]
    return releases, system


def _unproved() -> FrameError:
    return FrameError(
        "table: no proof was found, within the work allowed, that small counts are safe, so nothing is published; "
        "give fewer groups, periods or indicators at once"
    )


def _searched(
    cells: Iterable[tuple[TableRow, str, Count]],
    system: System,
    rule: Policy,
    kept: np.ndarray,
    taken: np.ndarray,
) -> Search:
    n = len(system.value)
    value = np.array(system.value, np.int64)
    room = (np.zeros(n, np.int64), np.zeros(n, np.int64))
    if rule.rounds:
        near = (value + 2) // 5 * 5
        low, high = value - np.maximum(near - 2, rule.highest + 1), near + 2 - value
        room = np.maximum(low, 0), np.maximum(high, 0)
        for row, column, count in cells:
            if count.solid:
                for side in room:
                    side[row.cells[column]] = 0
    search = Search(system, room, kept, taken)
    try:
        search.run()
    except Unproved:
        raise _unproved() from None
    try:
        least, most = verify(system, search.low, search.high, search.moves)
        proven = bool((least <= search.goal_low).all() and (most >= search.goal_high).all())
    except AssertionError:
        proven = False
    if not proven:
        raise FrameError(
            "table: the check of what would be published failed, so nothing is; this is a fault of the library, "
            "please report it"
        )
    return search
