"""Disclosure control: no small count can be read from, or worked out of, a published indicator table.

The table is seen as a system of whole numbers: counts of one row are nested (who counts in the numerator is
in the denominator, and so on), groups add up to their totals, and one population may stand in several rows.
Hiding the small counts is the easy half. The other half is to hide enough others that whoever solves that
system learns nothing that the policy withholds. Which others is found by asking for the cheapest
*alternative table*: another set of whole numbers that agrees with everything published and in which the
small count has another value.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from os import PathLike
from typing import Any

import numpy as np

from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.program import _relations, intervals
from ipm_outcomes.program._relations import WHOLE, Node, Virtual
from ipm_outcomes.program.indicators import Indicator

COUNTS = ("numerator", "denominator", "observed", "eligible")  # narrowest first: the usual nesting
_NESTED = (*COUNTS, WHOLE)
_RATINGS = ("promoters", "passives", "detractors")  # read back from a Net Promoter score, as a reader would
RATES = ("estimate", "lower", "upper")
COLUMNS = ("indicator", *COUNTS, *RATES, "level", "method", "suppressed", "source")
TOTAL = "all"
_FAR = 10**9  # stands for "no limit"; far beyond any number of patients
_TINY = 1e-6


@dataclass(frozen=True)
class _Policy:
    lowest: int  # smallest count that is hidden
    highest: int  # largest count that is hidden
    told: int  # values left to a reader who is told the size class of every count
    rounds: bool


POLICIES = {"cms": _Policy(1, 10, 5, False), "nhs": _Policy(0, 4, 2, True)}


def suppress(
    table: Any,
    policy: str = "cms",
    *,
    by: Sequence[str] | None = None,
    parts: Iterable[Sequence[str]] = (),
    keep: Sequence[str] = (),
    definitions: Iterable[str | PathLike[str] | Indicator] = (),
) -> Any:
    """Hide small counts in an indicator table, and all that would give them away.

    Rows stay; hidden numbers become null; `suppressed` says `"primary"` (a hidden cell of the row is
    small or part of a small difference in this or another row), `"secondary"` (what is hidden only protects
    other cells) or `""`.

    Protected are the counts of each row (`excluded` too, where the table has it) and their differences
    (complement, not observed, ...), also for the people in a total who are in none of its groups; promoters,
    passives and detractors, whom a Net Promoter score gives away together with its interval; and the
    differences of indicators that are related by definition: who improved by 30 but not by 50 percent. A
    difference is taken as a count of people when the one column never exceeds the other.

    **What a reader may know**: all that is published, the nesting of the counts, that groups add up to
    totals, that columns equal in every row are one population, the families named in `parts`, and what the
    `relations` of the indicator definitions say of one scale and target (columns `definition, instrument,
    scale, target, band`, where the table has them): nested, apart, bands that make up a whole. From
    that, by exact linear programming, each small cell can still be any value that the policy hides, all of
    1-10 (`cms`) or 0-4 (`nhs`), and each small difference keeps 10 (`cms`) or 4 (`nhs`) values.
    A reader who is moreover *told* for every hidden cell, and every difference in a row not marked primary,
    whether it is zero, small or larger is left at least 5 (`cms`) or 2 (`nhs`) values, or as many as there
    would be if every cell were hidden, where that is fewer. Ten values cannot be promised to this second
    reader: of two groups with people in them and 4 in all, even a blank table leaves fewer.

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
        Families of indicators whose numerators add up to their common denominator, such as the bands of a
        severity distribution.
    keep : sequence of str
        Further numeric columns that hold no results (a year, say). Other extra numeric columns are hidden in
        every row in which a count is (`nhs`: in every row); extra text is never changed. Bounds (`worst, best`) that
        tell who of those not observed could have counted are hidden too: that is a count of its own.
    definitions : ids, paths or `Indicator` objects, optional
        Definitions of a program's own, for their relations; those on the shelf are known.

    Returns
    -------
    data frame
        Same kind, same rows, same columns.

    Raises
    ------
    ParameterError
        Unknown policy, or a name in `by`, `parts` or `keep` that the table does not have.
    UnknownNameError, DefinitionError
        A definition that does not exist, or whose file does not hold together.
    FrameError
        Missing or doubled columns, a count that is negative or not whole, a key that occurs twice, a table
        that has been suppressed before, parts that do not add up, or a lazy or unknown kind of table.

    Notes
    -----
    Rules: CMS cell size policy (1-10) and NHS England dashboards (below 5, nearest 5). Search by the cheapest
    alternative table after Kelly, Golden and Assad (1992), Cell suppression: disclosure protection for
    sensitive tabular data, Networks 22:397-417. Not covered: two tables published at different times or
    with different filters (suppress them as one table), and a reader who runs this function backwards.

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
    >>> suppress(table)["suppressed"].tolist()
    ['primary', 'secondary', '', '']
    >>> suppress(table)["numerator"].tolist()  # 77 - 41 - 30 would have given 6 back
    [nan, nan, 41.0, 77.0]

    """
    if not isinstance(policy, str) or (policy != "none" and policy not in POLICIES):
        allowed = ", ".join(repr(name) for name in (*POLICIES, "none"))
        raise ParameterError(f"policy: one of {allowed}, not {_shown(policy)}")
    frame = _frame(table)
    columns = _columns(frame, by, keep)
    if policy == "none":
        return table
    rows = _read(frame, columns)
    related = _relations.related([(row.indicator, row.place) for row in rows], definitions)
    system = _build(rows, POLICIES[policy], _families(parts, rows), *related)
    for wanted in range(len(system.small)):
        system.protect(wanted)
    return _write(frame, rows, system, keep, columns)


# ---- reading the table ---------------------------------------------------------------------------


@dataclass
class _Row:
    position: int  # in the table; -1 for people in a total who are in no group
    indicator: str
    key: tuple[Any, ...]  # None = total over that column
    counts: dict[str, int]  # what is a count of people
    place: _relations.Place | None = None  # definition and band, and what it is told for
    other: bool = False  # numerator or denominator that is a number but not a count
    net: bool = False  # a Net Promoter score: no share of people
    closed: bool = False  # figures that no counts were found for: never shown
    cells: dict[str, int] = field(default_factory=dict)  # column -> cell of the system


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, (int, float)) else f"a {type(value).__name__}"


def _frame(table: Any) -> Any:
    import narwhals as nw

    try:
        frame = nw.from_native(table)
        names = list(frame.collect_schema().names())
    except Exception as error:
        raise FrameError(
            "table: expected a pandas, Polars or PyArrow table with distinct column names, got a "
            f"{type(table).__name__}"
        ) from error
    if not isinstance(frame, nw.DataFrame):
        raise FrameError(
            "table: a lazy table; collect it first, the whole of it is needed to protect any cell"
        )
    if len(set(names)) != len(names):
        raise FrameError("table: column names occur twice; rename them")
    return frame


def _columns(frame: Any, by: Sequence[str] | None, keep: Sequence[str]) -> list[str]:
    names = frame.columns
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise FrameError(
            f"table: missing column(s) {', '.join(missing)}; give the table made by program.table"
        )
    groups: Sequence[str] = names[: names.index("indicator")] if by is None else by
    for argument, given in (("by", groups), ("keep", keep)):
        if isinstance(given, str):
            raise ParameterError(f"{argument}: a sequence of column names, not one string; write [{given!r}]")
        if not isinstance(given, Iterable):
            raise ParameterError(f"{argument}: a sequence of column names, not {_shown(given)}")
        for name in given:
            if name not in names or name in COLUMNS:
                raise ParameterError(f"{argument}: not a grouping or extra column of the table: {name!r}")
    return list(groups)


def _null(value: Any) -> bool:
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas.NA has no truth value
        return True


def _read(frame: Any, by: list[str]) -> list[_Row]:
    more = [name for name in ("excluded", *_relations.PLACE) if name in frame.columns and name not in by]
    wanted = dict.fromkeys((*by, "indicator", *COUNTS, *RATES, "level", "method", "suppressed", *more))
    values = {name: frame[name].to_list() for name in wanted}
    totals = {name: any(isinstance(v, str) and v == TOTAL for v in values[name]) for name in by}
    rows: list[_Row] = []
    seen: dict[tuple[Any, ...], int] = {}
    for at in range(len(frame)):
        before = values["suppressed"][at]
        if not _null(before) and before not in ("", False):
            raise FrameError(f"row {at}: already suppressed; give the table as it was before")
        indicator = values["indicator"][at]
        if not isinstance(indicator, str) or not indicator:
            raise FrameError(f"row {at}, column 'indicator': a name is needed, got {_shown(indicator)}")
        key = tuple(_group(values[name][at], totals[name]) for name in by)
        if (indicator, key) in seen:
            raise FrameError(
                f"rows {seen[indicator, key]} and {at}: same group and indicator; name every grouping column "
                "in `by`"
            )
        seen[indicator, key] = at
        place = [values[name][at] if name in values else None for name in _relations.PLACE]
        row = _Row(at, indicator, key, {}, _relations.place(*(None if _null(v) else str(v) for v in place)))
        row.net = values["method"][at] == "adjusted wald"
        for name in (*COUNTS, "excluded"):
            value: Any = values[name][at] if name in values else None
            if _null(value):
                continue
            if isinstance(value, (bool, np.bool_)) or not isinstance(
                value, (int, float, decimal.Decimal, np.number)
            ):
                raise FrameError(f"row {at}, column {name!r}: a count is needed, got {_shown(value)}")
            if abs(value) == float("inf"):
                raise FrameError(f"row {at}, column {name!r}: an infinite count")
            number: Any = value
            whole = abs(number) < _FAR and number == int(number)
            if whole and number >= 0 and not (row.net and name == "numerator"):
                row.counts[name] = int(number)
            elif name in ("eligible", "observed", "excluded") or (name == "denominator" and not number >= 0):
                raise FrameError(f"row {at}, column {name!r}: {value} is not a count of people")
            else:
                row.other = True
        excluded = row.counts.pop("excluded", None)
        if excluded is not None and "eligible" in row.counts:
            row.counts[WHOLE] = row.counts["eligible"] + excluded
        if row.net:
            _read_ratings(row, {name: values[name][at] for name in ("numerator", *RATES, "level")})
        rows.append(row)
    # The order of the rows must not decide what is hidden.
    return sorted(rows, key=lambda row: (row.indicator, [(k is None, str(k)) for k in row.key]))


def _read_ratings(row: _Row, figures: dict[str, Any]) -> None:
    """The promoters, passives and detractors who alone give this score and interval."""
    n = row.counts.get("denominator", 0)
    low, high, level, estimate = (
        None if _null(figures[name]) else float(figures[name])
        for name in ("lower", "upper", "level", "estimate")
    )
    if n == 0 and estimate is None:
        row.counts |= dict.fromkeys(_RATINGS, 0)
        return
    row.closed = True
    if estimate is None or low is None or high is None or level is None or not 0 < level < 1:
        return
    net = round(estimate * n / 100)
    if abs(net) > n or abs(estimate - 100 * net / max(n, 1)) > _TINY:
        return
    detractors = np.arange(max(0, -net), (n - net) // 2 + 1)
    promoters = detractors + net
    passives = n - promoters - detractors
    lower, upper = intervals.nps(promoters, passives, detractors, level=level)
    (found,) = np.nonzero((np.abs(lower - low) < _TINY) & (np.abs(upper - high) < _TINY))
    if len(found) == 1:
        row.closed = False
        parts = (promoters, passives, detractors)
        row.counts |= {name: int(part[found[0]]) for name, part in zip(_RATINGS, parts, strict=True)}


def _group(value: Any, has_total_word: bool) -> Any:
    if isinstance(value, str) and value == TOTAL:
        return None
    if _null(value):
        return ("no group",) if has_total_word else None
    return value


def _families(parts: Iterable[Sequence[str]], rows: list[_Row]) -> list[tuple[str, ...]]:
    known = {row.indicator for row in rows}
    if not isinstance(parts, Iterable):
        raise ParameterError(f"parts: sequences of indicators, not {_shown(parts)}")
    families = [tuple(f) if isinstance(f, Iterable) and not isinstance(f, str) else (f,) for f in parts]
    for family in families:
        if len(family) < 2:
            raise ParameterError("parts: each family is a sequence of at least two indicators")
        for name in family:
            if name not in known:
                raise ParameterError(f"parts: the table has no indicator {name!r}")
    return families


# ---- from rows to a system of whole numbers ------------------------------------------------------


def _populations(rows: list[_Row]) -> dict[tuple[str, str], int]:
    """Number the populations: columns of indicators that agree wherever both stand are one population."""
    names = sorted({(row.indicator, column) for row in rows for column in row.counts})
    keys = {key: at for at, key in enumerate(dict.fromkeys(row.key for row in rows))}
    index = {name: at for at, name in enumerate(names)}
    table = np.full((len(names), len(keys)), -1, dtype=np.int64)
    for row in rows:
        for column, value in row.counts.items():
            table[index[row.indicator, column], keys[row.key]] = value
    label = np.arange(len(names))
    for at in range(len(names)):
        both = (table >= 0) & (table[at] >= 0)
        same = ((table == table[at]) | ~both).all(axis=1) & both.any(axis=1)
        merged = np.unique(label[same])
        label[np.isin(label, merged)] = merged.min()
    return {name: int(label[at]) for name, at in index.items()}


def _orders(rows: list[_Row]) -> dict[str, list[tuple[str, str]]]:
    """Per indicator the pairs of columns (inner, outer) of which the first never exceeds the second."""
    seen: dict[str, dict[tuple[str, str], list[bool]]] = {}
    for row in rows:
        pairs = seen.setdefault(row.indicator, {})
        nested = [*combinations(_NESTED, 2), *((part, "denominator") for part in _RATINGS)]
        for inner, outer in nested:
            if inner in row.counts and outer in row.counts:
                within = pairs.setdefault((inner, outer), [True, True])
                within[0] &= row.counts[inner] <= row.counts[outer]
                within[1] &= row.counts[outer] <= row.counts[inner]
    return {
        indicator: [
            pair if forward else (pair[1], pair[0])
            for pair, (forward, backward) in pairs.items()
            if forward or backward
        ]
        for indicator, pairs in seen.items()
    }


def _virtual_rows(rows: list[_Row], virtual: dict[str, Virtual]) -> Iterator[_Row]:
    """Counts that stand in no column: unions of bands and the like, wherever all their members stand."""
    counts: dict[Node, dict[tuple[Any, ...], int]] = {}
    for row in rows:
        for column, value in row.counts.items():
            counts.setdefault((row.indicator, column), {})[row.key] = value
    for name, members in virtual.items():
        known = [counts.get(node, {}) for node, _ in members]
        for key in known[0]:
            if all(key in of for of in known):
                value = sum(sign * of[key] for of, (_, sign) in zip(known, members, strict=True))
                yield _Row(-1, name, key, {_relations.VIRTUAL: value})


def _build(
    rows: list[_Row],
    policy: _Policy,
    families: list[tuple[str, ...]],
    virtual: dict[str, Virtual],
    links: dict[tuple[Node, Node], str],
) -> _System:
    populations, orders = _populations(rows), _orders(rows)
    cells: dict[tuple[Any, ...], int] = {}
    values: list[int] = []
    blocks: list[int] = []
    block_of: dict[Any, int] = {}

    def cell(name: tuple[Any, ...], value: int, block: Any) -> int:
        if name not in cells:
            cells[name] = len(values)
            values.append(value)
            blocks.append(block_of.setdefault(block, len(block_of)))
        return cells[name]

    shown: set[int] = set()
    for row in rows:
        for column, value in row.counts.items():
            # The value is part of the name: populations linked through a third one may differ in a group.
            row.cells[column] = cell(
                (populations[row.indicator, column], row.key, value), value, ("key", row.key)
            )
            if column != WHOLE or not policy.rounds:
                shown.add(row.cells[column])
    inside = _inside(rows, families)
    made = list(_virtual_rows(rows, virtual))
    same = _equal_links(rows + made, links)
    derived: set[int] = set()
    at = {(row.indicator, row.key): row for row in rows}
    for row in made:
        terms = [(at[name, row.key].cells[column], sign) for (name, column), sign in virtual[row.indicator]]
        value = row.counts[_relations.VIRTUAL]
        whole = same.get(row.indicator)
        if whole is not None and (whole[0], row.key) in at:
            row.cells[_relations.VIRTUAL] = at[whole[0], row.key].cells[whole[1]]
        else:
            row.cells[_relations.VIRTUAL] = cell((row.indicator, row.key), value, ("key", row.key))
            derived.add(row.cells[_relations.VIRTUAL])
        inside += _equality([(row.cells[_relations.VIRTUAL], -1), *terms])
    for row in rows:
        if row.net and "promoters" in row.cells:
            inside += _equality([(row.cells["denominator"], -1), *((row.cells[p], 1) for p in _RATINGS)])

    relations: dict[tuple[tuple[int, ...], tuple[int, ...]], None] = {}
    overlapping: list[_Row] = []
    rest: list[_Row] = []
    for parent, children in _totals(rows):
        shared = [column for column in parent.counts if all(column in child.counts for child in children)]
        if "promoters" in parent.counts and "promoters" not in shared:
            parent.closed = True  # else the ratings of a group could be had by subtraction, unprotected
        sums = {column: sum(child.counts[column] for child in children) for column in shared}
        left = {column: parent.counts[column] - sums[column] for column in shared}
        widest = "eligible" if "eligible" in left else None
        if widest and max(child.counts[widest] for child in children) > parent.counts[widest]:
            continue  # a group larger than the "total": this row is a group without a name
        nested = all(
            left[inner] <= left[outer]
            for inner, outer in orders.get(parent.indicator, ())
            if inner in left and outer in left
        )
        if min(left.values(), default=0) < 0 or not nested:
            overlapping.append(parent)
            continue
        people = _Row(-1, parent.indicator, parent.key, left)
        for column in shared:
            top = parent.cells[column]
            members = sorted(child.cells[column] for child in children)
            if any(left.values()):
                people.cells[column] = cell(
                    ("rest", top, *members), left[column], ("rest", parent.key, children[0].key)
                )
                members.append(people.cells[column])
            relations[(top, *members), (-1, *[1] * len(members))] = None
        if people.cells:
            rest.append(people)

    every = rows + made + rest
    pairs: dict[tuple[int, int], str] = {}
    for row in every:
        for inner, outer in orders.get(row.indicator, ()):
            if inner in row.cells and outer in row.cells and row.cells[inner] != row.cells[outer]:
                pairs.setdefault((row.cells[inner], row.cells[outer]), row.indicator)
    across = _across(every, links, values, blocks)
    for pair, (home, _) in across.items():
        pairs.setdefault(pair, home)
    there = np.isin(np.arange(len(values)), list(shown))
    made_up = np.isin(np.arange(len(values)), list(derived))
    system = _System(
        policy, np.array(values, dtype=np.int64), np.array(blocks, dtype=np.int64), there, made_up
    )
    system.connect(list(pairs), list(relations), inside)
    system.scope(every, [*families, *_relations.linked(virtual, links)], pairs)
    system.hide_small(rows, orders, {pair: first for pair, (_, first) in across.items()})
    system.tell(every)
    for row in overlapping:  # groups that overlap cannot be protected through their total: it goes
        system.hidden[list(row.cells.values())] = True
    return system


def _by_node(rows: list[_Row]) -> dict[Node, list[tuple[int, _Row]]]:
    found: dict[Node, list[tuple[int, _Row]]] = {}
    for row in rows:
        for column in row.counts:
            found.setdefault((row.indicator, column), []).append((row.counts[column], row))
    return found


def _equal_links(rows: list[_Row], links: Iterable[tuple[Node, Node]]) -> dict[str, Node]:
    """Virtual counts that are the whole of what they are within, in every group."""
    at = _by_node(rows)
    found: dict[str, Node] = {}
    for inner, outer in links:
        if inner[1] == _relations.VIRTUAL and outer[1] != _relations.VIRTUAL and inner in at and outer in at:
            whole = {row.key: value for value, row in at[outer]}
            if all(whole.get(row.key) == value for value, row in at[inner]):
                found.setdefault(inner[0], outer)
    return found


def _across(
    rows: list[_Row], links: dict[tuple[Node, Node], str], values: list[int], blocks: list[int]
) -> dict[tuple[int, int], tuple[str, int]]:
    """Pairs of cells of related indicators, each with its home and the cell that should rather be hidden.

    That is the cell of the indicator that names the relation. A relation that the table contradicts is left
    out.
    """
    at: dict[Node, dict[int, int]] = {}
    for row in rows:
        for column, c in row.cells.items():
            at.setdefault((row.indicator, column), {})[blocks[c]] = c
    found: dict[tuple[int, int], tuple[str, int]] = {}
    for (inner, outer), by in links.items():
        ends = [(c, at[outer][block]) for block, c in at.get(inner, {}).items() if block in at.get(outer, {})]
        if all(values[i] <= values[j] for i, j in ends):
            found |= {(i, j): (inner[0], j if outer[0] == by else i) for i, j in ends if i != j}
    return found


def _equality(terms: list[tuple[int, int]]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """One sum that is zero; a cell counts as often as it occurs."""
    counted: dict[int, int] = {}
    for c, sign in terms:
        counted[c] = counted.get(c, 0) + sign
    kept = {c: sign for c, sign in counted.items() if sign}
    return [(tuple(kept), tuple(kept.values()))] if kept else []


def _totals(rows: list[_Row]) -> Iterable[tuple[_Row, list[_Row]]]:
    """Every total row with the rows it adds up, once per set of columns added over."""
    shape = {id(row): tuple(part is not None for part in row.key) for row in rows}
    by_shape: dict[tuple[str, tuple[bool, ...]], list[_Row]] = {}
    for row in rows:
        by_shape.setdefault((row.indicator, shape[id(row)]), []).append(row)
    for (indicator, outer), parents in by_shape.items():
        for (other, inner), members in by_shape.items():
            if (
                other != indicator
                or inner == outer
                or any(o and not i for o, i in zip(outer, inner, strict=True))
            ):
                continue
            grouped: dict[tuple[Any, ...], list[_Row]] = {}
            for member in members:
                grouped.setdefault(
                    tuple(k if o else None for k, o in zip(member.key, outer, strict=True)), []
                ).append(member)
            for parent in parents:
                if parent.key in grouped:
                    yield parent, grouped[parent.key]


def _inside(
    rows: list[_Row], families: list[tuple[str, ...]]
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    found: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    for family in families:
        groups: dict[tuple[Any, ...], list[_Row]] = {}
        for row in rows:
            if row.indicator in family:
                groups.setdefault(row.key, []).append(row)
        for members in groups.values():
            whole = {row.cells.get("denominator") for row in members}
            parts = [row.counts.get("numerator", -1) for row in members]
            if (
                len(whole) != 1
                or None in whole
                or min(parts) < 0
                or sum(parts) != members[0].counts["denominator"]
            ):
                raise FrameError(
                    f"row {members[0].position}: the numerators of the indicators named in `parts` do not "
                    "add up to one denominator in this group"
                )
            found += _equality(
                [(members[0].cells["denominator"], -1), *((row.cells["numerator"], 1) for row in members)]
            )
    return found


# ---- the system ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reader:
    """What a reader takes for granted: limits of hidden cells and of differences."""

    low: np.ndarray
    high: np.ndarray
    pair_low: np.ndarray
    pair_high: np.ndarray


class _System:
    """Cells, what ties them together, what is hidden, and how far each small count is from being pinned."""

    def __init__(
        self,
        policy: _Policy,
        values: np.ndarray,
        blocks: np.ndarray,
        published: np.ndarray,
        derived: np.ndarray,
    ) -> None:
        self.policy, self.x, self.block = policy, values, blocks
        self.published, self.derived = published, derived
        self.hidden = np.zeros(len(values), dtype=bool)
        self.version = 0

    def connect(
        self,
        pairs: list[tuple[int, int]],
        sums: list[tuple[tuple[int, ...], tuple[int, ...]]],
        inside: list[tuple[tuple[int, ...], tuple[int, ...]]],
    ) -> None:
        from scipy import sparse

        n = len(self.x)
        self.inner = np.array([i for i, _ in pairs], dtype=np.int64)
        self.outer = np.array([j for _, j in pairs], dtype=np.int64)
        self.pair_block = self.block[self.inner] if pairs else np.zeros(0, dtype=np.int64)
        self.sums = [(np.array(c), np.array(s)) for c, s in sums]
        member = [(r, c, s) for r, (cs, ss) in enumerate(sums + inside) for c, s in zip(cs, ss, strict=True)]
        rows, cols, signs = (
            np.array(v, dtype=np.int64) for v in (zip(*member, strict=True) if member else ((),) * 3)
        )
        self.equal = sparse.csc_matrix((signs, (rows, cols)), shape=(len(sums) + len(inside), n))
        at = np.arange(len(pairs))
        self.ordered = sparse.csc_matrix(
            (np.repeat([1, -1], len(pairs)), (np.tile(at, 2), np.concatenate([self.outer, self.inner]))),
            shape=(len(pairs), n),
        )
        # In the quick certificate a cell may move only if at most one sum, and no family of parts, holds it.
        times = np.bincount(cols, minlength=n)
        self.free_of = times <= 1
        for ids, _ in inside:
            self.free_of[list(ids)] = False
        for ids, _ in sums:
            if len(set(ids)) != len(ids):
                self.free_of[list(ids)] = False
        difference = self.x[self.outer] - self.x[self.inner]
        none = np.zeros(n, dtype=np.int64)
        far = np.full(n, _FAR)
        p = self.policy
        cell_low, cell_high = _classes(self.x, p.lowest, p.highest)
        cell_low[self.derived], cell_high[self.derived] = 0, _FAR  # in no column: nobody tells its size
        pair_low, pair_high = _classes(difference, 1, p.highest)
        self.readers = (
            _Reader(cell_low, cell_high, pair_low, pair_high),
            _Reader(none, far, np.zeros_like(difference), np.full_like(difference, _FAR)),
        )
        self.room = [self._own_room(reader) for reader in self.readers]
        least = np.where(self.derived, 1, p.lowest)
        small_cell = np.flatnonzero((self.x >= least) & (self.x <= p.highest))
        small_pair = np.flatnonzero((difference >= 1) & (difference <= p.highest))
        small = [(int(self.block[c]), -1, int(c)) for c in small_cell]
        small += [(int(self.pair_block[k]), int(self.inner[k]), int(self.outer[k])) for k in small_pair]
        self.small = [(i, j) for _, i, j in sorted(small)]
        self.from_, self.to = (np.array([s[k] for s in self.small], dtype=np.int64) for k in (0, 1))
        # What stands in no column need not be able to take the very values of a hidden cell, only as many.
        self.difference = (self.from_ >= 0) | self.derived[self.to]
        truth = self.x[self.to] - np.where(self.from_ >= 0, self.x[self.from_], 0) if small else np.zeros(0)
        self.reach_low = np.array([truth, truth], dtype=np.float64)
        self.reach_high = self.reach_low.copy()
        self.needed = np.full(len(small), p.told)
        self.examined: dict[int, int] = {}
        self.slack_version = -1
        tied = sparse.vstack([self.equal, self.ordered])
        _, self.component = sparse.csgraph.connected_components(tied.T @ tied, directed=False)

    def scope(
        self, rows: list[_Row], families: list[tuple[str, ...]], pairs: dict[tuple[int, int], str]
    ) -> None:
        """Note which cells an indicator is made of, and which cells a rate is made of."""
        together = {name: family for family in sorted(families, key=len) for name in family}
        group: dict[str, set[int]] = {}
        self.home: dict[tuple[int, int], str] = dict(pairs)
        made: list[tuple[int, int]] = []
        self.row_rate_shown: list[bool] = []
        self.rate_weight = np.ones(len(self.x))
        for row in rows:
            for name in together.get(row.indicator, (row.indicator,)):
                group.setdefault(name, set()).update(row.cells.values())
            for c in row.cells.values():
                self.home.setdefault((-1, c), row.indicator)
            if row.position >= 0:
                ids = _rate_cells(row)
                made += [(len(self.row_rate_shown), c) for c in ids]
                self.rate_weight[ids] += 1
                self.row_rate_shown.append(True)
        self.rate_row, self.rate_cell = (np.array([m[k] for m in made], dtype=np.int64) for k in (0, 1))
        self.indicator_cells = {name: np.array(sorted(ids), dtype=np.int64) for name, ids in group.items()}

    def hide_small(
        self,
        rows: list[_Row],
        orders: dict[str, list[tuple[str, str]]],
        across: dict[tuple[int, int], int],
    ) -> None:
        """Primary suppression: no small count may be read, or had by one subtraction within a row."""
        p = self.policy
        self.hidden |= self.published & (self.x >= p.lowest) & (self.x <= p.highest)
        for at, row in enumerate(rows):
            for inner, outer in sorted(orders.get(row.indicator, ()), key=lambda o: o[0] != "numerator"):
                if inner not in row.cells or outer not in row.cells:
                    continue
                i, j = row.cells[inner], row.cells[outer]
                if not 1 <= self.x[j] - self.x[i] <= p.highest or self.hidden[i] or self.hidden[j]:
                    continue
                if p.rounds:  # rounding blurs the difference already; the exact rate would undo that
                    if {inner, outer} == {"numerator", "denominator"}:
                        self.row_rate_shown[at] = False
                elif inner == "numerator" or (outer != WHOLE and self.rate_weight[i] < self.rate_weight[j]):
                    self.hidden[i] = True
                else:
                    self.hidden[j] = True
        for (i, j), first in {} if p.rounds else across.items():
            shown = self.published[[i, j]].all() and not self.hidden[[i, j]].any()
            if shown and 1 <= self.x[j] - self.x[i] <= p.highest:
                self.hidden[first] = True

    def tell(self, rows: list[_Row]) -> None:
        """Settle what the reader who is told size classes knows of differences, given how rows are marked."""
        self.primary = self.hidden.copy()
        plain: set[tuple[int, int]] = set()
        for row in rows:
            ids = list(row.cells.values())
            if row.position >= 0 and not self.primary[ids].any():
                plain |= {(i, j) for i in ids for j in ids}
        told = self.readers[0]
        for k, pair in enumerate(zip(self.inner.tolist(), self.outer.tolist(), strict=True)):
            # The mark "primary" does not say which difference of the row is small, or whether one is.
            if pair not in plain:
                told.pair_low[k], told.pair_high[k] = 0, _FAR
        self.room[0] = self._own_room(told)

    # -- what a reader sees

    def seen(self) -> tuple[np.ndarray, np.ndarray]:
        """Limits within which a published cell is known."""
        if not self.policy.rounds:
            return self.x, self.x
        rounded = _nearest_5(self.x)
        low, high = np.maximum(rounded - 2, self.policy.highest + 1), rounded + 2
        broken = np.bincount(self.rate_row, self.hidden[self.rate_cell], len(self.row_rate_shown)) > 0
        exact = self.rate_cell[(np.array(self.row_rate_shown) & ~broken)[self.rate_row]]
        low[exact] = high[exact] = self.x[exact]
        return low, high

    def limits(self, reader: _Reader) -> tuple[np.ndarray, np.ndarray]:
        low, high = self.seen()
        shown = self.published & ~self.hidden
        return np.where(shown, low, reader.low), np.where(shown, high, reader.high)

    # -- how far from being pinned

    def done(self, q: int, which: int) -> bool:
        low, high = self.reach_low[which, q], self.reach_high[which, q]
        if which == 0:
            return bool(high - low + 1 >= self.needed[q])
        if self.difference[q]:
            return bool(high - low + 1 >= self.policy.highest)
        return bool(low <= self.policy.lowest and high >= self.policy.highest)

    def note(self, which: int, of: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        # An alternative that suits the reader who knows more suits the other as well.
        for k in range(which, 2):
            self.reach_low[k, of] = np.minimum(self.reach_low[k, of], low)
            self.reach_high[k, of] = np.maximum(self.reach_high[k, of], high)

    def protect(self, q: int) -> None:
        for which in (0, 1):
            if not self.done(q, which):
                self.certify(int(self.block[self.to[q]]))
            if not self.done(q, which):
                self.strengthen(q, which)

    def certify(self, block: int) -> None:
        """Cheap and sound: let the cells of one group move while other groups take up the slack.

        Every group keeps half of each of its gaps for either end, so that all its cells may move at once;
        then the cells of this group are bound by differences only, and shortest paths give their exact
        ranges.
        """
        if self.slack_version != self.version:
            self.slack = [self._room(reader) for reader in self.readers]
            self.slack_version = self.version
        if self.examined.get(block) == self.version:
            return
        self.examined[block] = self.version
        cells = np.flatnonzero(self.block == block)
        pairs = np.flatnonzero(self.pair_block == block)
        of = np.flatnonzero(self.block[self.to] == block)
        for which, (reader, (down, up)) in enumerate(zip(self.readers, self.slack, strict=True)):
            moving = cells[(down[cells] > 0) | (up[cells] > 0)]
            node = np.zeros(len(self.x), dtype=np.int64)
            node[moving] = np.arange(1, len(moving) + 1)
            path = np.full((len(moving) + 1,) * 2, 2.0 * _FAR)
            np.fill_diagonal(path, 0)
            path[0, 1:], path[1:, 0] = up[moving], down[moving]
            inner, outer = self.inner[pairs], self.outer[pairs]
            difference = self.x[outer] - self.x[inner]
            np.minimum.at(path, (node[inner], node[outer]), reader.pair_high[pairs] - difference)
            np.minimum.at(path, (node[outer], node[inner]), difference - reader.pair_low[pairs])
            for k in range(len(path)):
                np.minimum(path, path[:, k, None] + path[None, k], out=path)
            i = np.where(self.from_[of] < 0, 0, node[self.from_[of]])
            j = node[self.to[of]]
            value = self.x[self.to[of]] - np.where(self.from_[of] < 0, 0, self.x[self.from_[of]])
            self.note(which, of, value - path[j, i], value + path[i, j])

    def _room(self, reader: _Reader) -> tuple[np.ndarray, np.ndarray]:
        """How far each cell may go down and up when the rest of its sum makes up for it."""
        low, high = self.limits(reader)
        down, up = self.x - low, high - self.x
        moves = (down > 0) | (up > 0)
        difference = self.x[self.outer] - self.x[self.inner]
        closer, wider = difference - reader.pair_low, reader.pair_high - difference
        both = moves[self.inner] & moves[self.outer]
        closer, wider = np.where(both, closer // 2, closer), np.where(both, wider // 2, wider)
        own_down, own_up = down.copy(), up.copy()
        np.minimum.at(own_down, self.outer, closer)
        np.minimum.at(own_up, self.outer, wider)
        np.minimum.at(own_down, self.inner, wider)
        np.minimum.at(own_up, self.inner, closer)
        own_down[~self.free_of] = own_up[~self.free_of] = 0
        down, up = np.where(self.free_of, down, 0), np.where(self.free_of, up, 0)
        for ids, signs in self.sums:
            falls = np.where(signs > 0, own_down[ids], own_up[ids])
            rises = np.where(signs > 0, own_up[ids], own_down[ids])
            others_fall, others_rise = falls.sum() - falls, rises.sum() - rises
            up[ids] = np.minimum(up[ids], np.where(signs > 0, others_fall, others_rise))
            down[ids] = np.minimum(down[ids], np.where(signs > 0, others_rise, others_fall))
        return down, up

    def _own_room(self, reader: _Reader) -> Any:
        """How far a hidden cell could move either way if its neighbors took half of each gap."""
        room = np.minimum(self.x - reader.low, reader.high - self.x)
        difference = self.x[self.outer] - self.x[self.inner]
        gap = np.minimum(difference - reader.pair_low, reader.pair_high - difference) // 2
        np.minimum.at(room, self.inner, gap)
        np.minimum.at(room, self.outer, gap)
        return room

    # -- hiding more

    def strengthen(self, q: int, which: int) -> None:
        """Hide the cheapest further cells with which the small count can take the values it must."""
        name = self.home[self.small[q]]
        everything = np.flatnonzero(self.component == self.component[self.to[q]])
        wider = [self.indicator_cells[name], everything]
        truth = int(self.x[self.to[q]] - (self.x[self.from_[q]] if self.from_[q] >= 0 else 0))
        p = self.policy
        if which == 1:
            if self.difference[q] and self._aim(q, 1, [int(self.reach_low[1, q]) + p.highest - 1], wider[:1]):
                return
            least = 1 if self.difference[q] else p.lowest
            self._aim(q, 1, [min(least, truth), max(p.highest, truth)], wider)
            return
        least = 1 if self.difference[q] else p.lowest
        if self._aim(q, 0, _window(truth, p.told, least, p.highest), wider[:1]):
            return
        least = most = truth
        for cells in wider:
            least, most = (self._extreme(q, cells, sign) for sign in (1, -1))
            if most - least + 1 >= p.told:
                break
        self.needed[q] = min(p.told, most - least + 1)
        self._aim(q, 0, _window(truth, int(self.needed[q]), least, most), wider)

    def _aim(self, q: int, which: int, targets: Iterable[int], wider: list[np.ndarray]) -> bool:
        """Make a small count able to be each of the targets; with the whole system at hand, at any price."""
        for target in targets:
            if self.reach_low[which, q] <= target <= self.reach_high[which, q]:
                continue
            if any(
                self._alternative(q, which, target, cells, roomy)
                for cells in wider
                for roomy in (True, False)
            ):
                continue
            if len(wider) == 1:
                return False
            self._hide(self.indicator_cells[self.home[self.small[q]]])
        return True

    def _hide(self, cells: np.ndarray) -> None:
        more = cells[self.published[cells] & ~self.hidden[cells]]
        if len(more):
            self.hidden[more] = True
            self.version += 1

    def _extreme(self, q: int, cells: np.ndarray, sign: int) -> int:
        """Least (sign 1) or most (-1) a count could be, were all hidden and all size classes told."""
        reader = self.readers[0]
        wanted = np.zeros(len(cells))
        wanted[np.searchsorted(cells, self.to[q])] = sign
        if self.from_[q] >= 0:
            wanted[np.searchsorted(cells, self.from_[q])] = -sign
        low, high = reader.low[cells] - self.x[cells], reader.high[cells] - self.x[cells]
        move = self._solve(cells, reader, wanted, [(np.arange(len(cells)), low, high)], None)
        truth = int(self.x[self.to[q]] - (self.x[self.from_[q]] if self.from_[q] >= 0 else 0))
        if move is None:
            return truth
        best = float(wanted @ move) * sign + truth
        return int(np.ceil(best - _TINY)) if sign > 0 else int(np.floor(best + _TINY))

    def _alternative(self, q: int, which: int, target: int, cells: np.ndarray, roomy: bool) -> bool:
        """Hide what differs in the cheapest table that agrees with what is shown and has the target."""
        reader = self.readers[which]
        low, high = (limit[cells] for limit in self.limits(reader))
        x = self.x[cells]
        shown = self.published[cells] & ~self.hidden[cells]
        truth = int(self.x[self.to[q]] - (self.x[self.from_[q]] if self.from_[q] >= 0 else 0))
        # First try cells with room for any later need, so that few cells serve all small counts of a sum.
        span = self.policy.highest - self.policy.lowest
        may = shown & (x > 0) & (self.room[which][cells] >= span) if roomy else shown
        free = np.flatnonzero((low < x) | (high > x))
        paid = np.flatnonzero(may)
        # Prefer the smallest count and one that few rates are made of; hiding a zero helps least: last.
        price = np.where(x > 0, x * self.rate_weight[cells], float(x.sum() + 1))[paid]
        columns = [
            (free, np.zeros(len(free)), (high - x)[free]),
            (free, (low - x)[free], np.zeros(len(free))),
            (paid, np.zeros(len(paid)), (reader.high[cells] - x)[paid]),
            (paid, (reader.low[cells] - x)[paid], np.zeros(len(paid))),
        ]
        signs = np.concatenate(
            [np.ones(len(free)), -np.ones(len(free)), np.ones(len(paid)), -np.ones(len(paid))]
        )
        wanted = np.concatenate([np.full(2 * len(free), 1e-4), price, price]) * signs
        goal = (self.to[q], self.from_[q], target - truth)
        moves = self._solve(cells, reader, wanted, columns, goal)
        if moves is None:
            return False
        changed = np.zeros(len(cells))
        split = 2 * len(free)
        np.add.at(changed, np.concatenate([free, free, paid, paid]), moves)
        bought = np.unique(np.concatenate([paid, paid])[np.abs(moves[split:]) > _TINY])
        self._hide(cells[bought])
        other = self.x.astype(np.float64)
        other[cells] += changed
        value = np.round(other[self.to] - np.where(self.from_ < 0, 0, other[self.from_]), 6)
        self.note(which, np.arange(len(self.small)), np.ceil(value), np.floor(value))
        self.note(which, np.array([q]), np.array([target]), np.array([target]))
        return True

    def _solve(
        self,
        cells: np.ndarray,
        reader: _Reader,
        wanted: np.ndarray,
        columns: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
        goal: tuple[int, int, int] | None,
    ) -> np.ndarray | None:
        """Least `wanted @ moves` over moves that keep all sums, and all differences in their limits."""
        from scipy import optimize, sparse

        column = np.concatenate([c for c, _, _ in columns])
        bounds = np.column_stack([np.concatenate([part[k] for part in columns]) for k in (1, 2)])
        of = cells[column]
        equal = self.equal[:, of]
        equal = equal[np.diff(equal.tocsr().indptr) > 0]
        rows = [equal]
        right = [np.zeros(equal.shape[0])]
        if goal is not None:
            to, from_, by = goal
            rows.append(sparse.csr_matrix((of == to).astype(float) - (of == from_).astype(float)))
            right.append(np.array([by], dtype=float))
        pairs = self.ordered[:, of]
        touched = np.diff(pairs.tocsr().indptr) > 0
        pairs = pairs[touched]
        difference = (self.x[self.outer] - self.x[self.inner])[touched]
        upper, lower = reader.pair_high[touched] - difference, difference - reader.pair_low[touched]
        tight = upper < _FAR // 2  # most have no upper limit
        linprog: Any = optimize.linprog
        found = linprog(
            wanted,
            A_ub=sparse.vstack([pairs[tight], -pairs], format="csc"),
            b_ub=np.concatenate([upper[tight], lower]),
            A_eq=sparse.vstack(rows, format="csc"),
            b_eq=np.concatenate(right),
            bounds=np.where(np.abs(bounds) > _FAR // 2, np.copysign(np.inf, bounds), bounds),
            method="highs",
        )
        return np.asarray(found.x) if found.status == 0 else None


def _classes(values: np.ndarray, lowest: int, highest: int) -> tuple[np.ndarray, np.ndarray]:
    """Limits of the size class (zero, small, larger) in which each value lies."""
    small, larger = (values >= lowest) & (values <= highest), values > highest
    return np.select([small, larger], [lowest, highest + 1], 0), np.select(
        [small, larger], [highest, _FAR], 0
    )


def _window(truth: int, size: int, least: int, most: int) -> list[int]:
    """Ends of a run of `size` numbers around the truth, within the limits where they allow it."""
    start = max(least, min(truth - size // 2, most - size + 1))
    return [start, start + size - 1]


def _rate_cells(row: _Row) -> list[int]:
    """Cells from which the rate is made, or without a counted denominator every cell of the row."""
    if row.net and "promoters" in row.cells:
        return [row.cells[name] for name in ("denominator", *_RATINGS)]
    if "denominator" not in row.cells or row.other:
        return list(row.cells.values())
    return [row.cells[name] for name in ("numerator", "denominator") if name in row.cells]


# ---- writing -------------------------------------------------------------------------------------


def _nearest_5(count: Any) -> Any:
    return (count + 2) // 5 * 5


def _two_decimals(value: float, numerator: int | None, denominator: int | None) -> float:
    # A rate is rounded as the fraction that it is: 0.285 as a float is already a little off.
    if numerator is not None and denominator and abs(value - numerator / denominator) < 1e-12:
        return (200 * numerator + denominator) // (2 * denominator) / 100
    return float(decimal.Decimal(repr(value)).quantize(decimal.Decimal("0.01"), decimal.ROUND_HALF_UP))


def _more_than_counts(frame: Any, rows: list[_Row]) -> np.ndarray:
    """Rows whose bounds tell more than their counts: who of those not observed could have counted."""
    more = np.zeros(len(frame), dtype=bool)
    if "worst" not in frame.columns or "best" not in frame.columns:
        return more
    worst, best = (frame[name].to_list() for name in ("worst", "best"))
    for row in rows:
        at = row.position
        if all(_null(bound[at]) for bound in (worst, best)):
            continue
        x, n, seen, all_ = (row.counts.get(name, 0) for name in COUNTS)
        told = [(x, x, n), (x, x + all_ - seen, n + all_ - seen)]
        more[at] = not any(
            whole
            and not _null(worst[at])
            and not _null(best[at])
            and abs(worst[at] - low / whole) < _TINY**2
            and abs(best[at] - high / whole) < _TINY**2
            for low, high, whole in told
        )
    return more


def _write(frame: Any, rows: list[_Row], system: _System, keep: Sequence[str], by: list[str]) -> Any:
    import narwhals as nw

    n = len(frame)
    gone = {name: np.zeros(n, dtype=bool) for name in (*COUNTS, "excluded", "rate", "any")}
    word = [""] * n
    for row, shown in zip(rows, system.row_rate_shown, strict=True):
        at = row.position
        for name in COUNTS:
            gone[name][at] = name in row.cells and system.hidden[row.cells[name]]
        hidden = any(gone[name][at] for name in COUNTS)
        gone["rate"][at] = not shown or row.closed or system.hidden[_rate_cells(row)].any()
        if row.net:
            gone["numerator"][at] = gone["rate"][at]
        elif row.other and hidden:  # a figure that is no count goes with its row
            for name in ("numerator", "denominator"):
                gone[name][at] |= name not in row.cells
        gone["any"][at] = hidden or gone["rate"][at]
        if WHOLE in row.cells:
            gone["excluded"][at] = system.hidden[[row.cells["eligible"], row.cells[WHOLE]]].any()
        if gone["any"][at] or gone["excluded"][at]:
            ids = [c for c in row.cells.values() if system.published[c]]
            own = system.primary[ids].any() or not shown or row.closed
            word[at] = "primary" if own else "secondary"
    schema = frame.collect_schema()
    extra = [
        name
        for name in frame.columns
        if name not in COLUMNS and name not in by and name not in keep and schema[name].is_numeric()
    ]
    masks = {**{name: gone[name] for name in COUNTS}, **dict.fromkeys(RATES, gone["rate"])}
    masks.update(dict.fromkeys(extra, gone["any"] | system.policy.rounds))
    bounds = _more_than_counts(frame, rows)
    masks.update({name: masks[name] | bounds for name in ("worst", "best") if name in extra})
    if "excluded" in extra and not system.policy.rounds:
        masks["excluded"] = gone["excluded"]

    def series(name: str, values: Any, dtype: Any) -> Any:
        return nw.new_series(name, values, dtype, backend=frame.implementation)

    if system.policy.rounds:
        frame = frame.with_columns(*_rounded(frame, rows, series))
    mark = "__hidden"
    while mark in frame.columns:
        mark += "_"
    for name, mask in masks.items():
        if mask.any() and schema[name].is_numeric():
            # A column of its own, so that the caller's index and dtype family stay.
            frame = frame.with_columns(nw.lit(0).alias(mark)).with_columns(
                _aligned(frame, series(mark, mask.tolist(), nw.Boolean))
            )
            frame = frame.with_columns(nw.when(~nw.col(mark)).then(nw.col(name)).alias(name)).drop(mark)
    return frame.with_columns(_aligned(frame, series("suppressed", word, nw.String))).to_native()


def _aligned(frame: Any, column: Any) -> Any:
    """Give a new pandas column the index of the table; other frames have none."""
    import narwhals as nw

    index = nw.maybe_get_index(frame)
    if index is None:
        return column
    native = column.to_native()
    native.index = index
    return nw.from_native(native, series_only=True)


def _rounded(frame: Any, rows: list[_Row], series: Any) -> list[Any]:
    import narwhals as nw

    counts = {row.position: row.counts for row in rows}
    schema = frame.collect_schema()
    columns = [_nearest_5(nw.col(name)) for name in COUNTS if schema[name].is_numeric()]
    for name in RATES:
        values = [None if _null(v) else float(v) for v in frame[name].to_list()]
        rounded = [
            v if v is None else _two_decimals(v, counts[at].get("numerator"), counts[at].get("denominator"))
            for at, v in enumerate(values)
        ]
        columns.append(_aligned(frame, series(name, rounded, nw.Float64)))
    return columns
