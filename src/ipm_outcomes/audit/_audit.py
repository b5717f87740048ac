"""The audit of a table: what was recorded against what the items give, by group, with causes and what to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes._fence import fenced
from ipm_outcomes.audit._bands import BandColumn, explain_bands, untested
from ipm_outcomes.audit._choose import FEWEST, SYSTEMATIC
from ipm_outcomes.audit._effect import Judge, ends_of
from ipm_outcomes.audit._explain import LIKELY, OBSERVED, PROVED, SYSTEMATIC_WORD, UNDECIDED, Outcome, explain
from ipm_outcomes.audit._findings import Column, Finding, findings_table, rows_table, summary_table
from ipm_outcomes.audit._materials import Beside, Scored, bands_of, material_of, scale_of, with_all_scales
from ipm_outcomes.audit._reading import Bools, Floats, Material, read_numbers
from ipm_outcomes.audit._structure import identical, patterns
from ipm_outcomes.audit._words import place_of
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.frames._dates import DATED, DateFormat, format_of, read_dates
from ipm_outcomes.frames._decode import distinct_in
from ipm_outcomes.frames._evidence import Evidence, without_lowest
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._items import Codings, Columns, ItemColumns, NotAnsweredBy, definition_of

MOST_GROUPS = 200
AGREES = 0.95
MOST_FINDINGS = 120
STRONG = (PROVED, SYSTEMATIC_WORD)


@dataclass(frozen=True)
class Audit:
    """The result of an audit; every table is of the kind of frame that was given.

    Attributes
    ----------
    findings : data frame
        One row per finding, the structural ones first.
    rows : data frame
        One row per row of the data and recorded column in which something else was recorded than the answers give.
    summary : data frame
        One row per recorded column; the counts add up.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import audit
    >>> data = pl.DataFrame({"peg_pain": [6, 9], "peg_enjoyment": [6, 9], "peg_activity": [6, 9], "peg": [6, 8]})
    >>> result = audit.audit(data, "peg", {"mean": "peg"})
    >>> result.rows.select("row", "recorded", "right").rows()
    [(1, 8.0, 9.0)]
    """

    findings: Any
    rows: Any
    summary: Any
    _findings: tuple[Finding, ...] = field(default=(), repr=False)

    @property
    def count(self) -> int:
        """How many findings there are."""
        return len(self._findings)


@fenced
def audit(
    data: Any,
    instrument: str | Instrument,
    recorded: Mapping[str, str],
    *,
    columns: Columns = None,
    coding: Codings = None,
    not_answered: NotAnsweredBy = (),
    text_numbers: bool | None = None,
    by: Sequence[str] | str | None = None,
    extra: Collection[str] | None = None,
    id: str | None = None,
    date: str | None = None,
    date_format: DateFormat = None,
    tolerance: float = 0,
) -> Audit:
    """Compare recorded scores with the items, and find out why they differ.

    Items are witnesses for the totals, and totals for the items: a difference does not say which of them is wrong.
    Nothing is changed. A cause is named only where it explains what was recorded far better than every other one;
    else the causes that cannot be distinguished are listed.

    Parameters
    ----------
    data
        A data frame as in `ipm_outcomes.frames.score`, one row per form.
    instrument
        Id of the instrument, or a definition of your own.
    recorded
        Where scores were recorded: scale ids to column names, such as ``{"total": "phq9_sum"}``; bands as
        ``{"total_band": "phq9_level"}``, or ``"band"`` for those of the scale that speaks for the instrument.
    columns, coding, not_answered, text_numbers
        As in `ipm_outcomes.frames.score`. Where no coding is given and the cells look as if they were counted from 1,
        that is a finding, and they are read so where the recorded scores say so too.
    by
        Columns of groups, such as site, study, or version of the form: a fault in one of them does not show in all.
    extra
        Other columns that may have been added to a total; None: all columns of whole numbers from 0 to 10.
    id, date
        Columns of the patient and of the date; by default ``patient_id`` and ``date`` where the table has them.
    date_format
        As in `ipm_outcomes.frames.inspect`.
    tolerance
        Differences up to so many points count as none.

    Returns
    -------
    Audit
        ``findings``: ``finding`` (number), the columns of ``by`` (null where it is about all), ``where``
        (items, total, band, rows), ``scale``, ``cause`` (null where it cannot be determined), ``sure`` (proved,
        systematic, likely, observed in these cells, undecided), ``rows``, ``of`` (rows where it would show),
        ``rivals`` (causes that cannot be distinguished), ``first_rows`` (positions), ``effect_mean``,
        ``effect_largest`` (points), ``effect_band`` (rows in another band), ``effect_change`` (patients whose
        change is judged otherwise), ``say``, ``do``.
        ``rows``: ``row``, ``scale``, ``recorded``, ``right``, ``difference``, ``finding``.
        ``summary``: ``scale``, ``column``, ``rows``, ``recorded``, ``equal``, ``differ``, ``recorded_though_withheld``,
        ``not_recorded``, ``unexplained``, ``untested`` (edges of bands that no row lies at).

    Raises
    ------
    FrameError
        A column that was named is missing or appears twice, or the kind of frame is not known. Bad cells never raise.
    ParameterError, UnknownNameError
        An argument is outside what it may be.

    Notes
    -----
    An exact weighted sum of the items, with no item a sum of others, proves a cause. Otherwise causes are compared by
    likelihood; a cause that leaves a number open, such as a lost item, pays for that. Causes within a factor of
    10,000 of the best are rivals.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import audit
    >>> answers = {f"gad7_q{n}": [(row * row * n // 7 + row // n) % 4 for row in range(60)] for n in range(1, 8)}
    >>> data = pl.DataFrame(answers).with_columns(gad7_sum=pl.sum_horizontal(list(answers)) + 7)
    >>> result = audit.audit(data, "gad7", {"total": "gad7_sum"})
    >>> result.findings["cause", "sure", "rows"].rows()
    [('coded_one_up', 'proved', 60)]
    """
    frame = Frame(data)
    definition = definition_of(instrument)
    wanted = _recorded_columns(frame, definition, recorded)
    if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float)) or not 0 <= tolerance < 1e6:
        raise ParameterError("tolerance is a number of points, 0 or more")
    grouped = [by] if isinstance(by, str) else list(by or [])
    frame.require(grouped, "by")
    more = {"columns": columns, "not_answered": not_answered, "text_numbers": text_numbers}
    first = ItemColumns(
        frame, definition, columns, coding, not_answered, text_numbers,
        list(dict.fromkeys(scale.id for scale, _ in wanted.values())),
    )  # fmt: skip
    if clash := [name for name in recorded.values() if name in first.names.values()]:
        raise ParameterError(f"recorded: the column {clash[0]!r} is that of an item")
    scored, doubt = _scored(frame, first, {**more, "coding": coding}, wanted, recorded)
    taken = {*first.names.values(), *recorded.values(), *grouped}
    beside = _beside(frame, id, date, date_format, taken, extra)
    groups = _groups(frame, grouped)
    findings: list[Finding] = [] if doubt is None else [doubt]
    findings += _structural(scored, groups)
    audited: list[Column] = []
    numbers: dict[str, Floats] = {}
    for key, (scale, words) in wanted.items():
        if not words:
            outcomes, column, values = _numbers(frame, scored, key, recorded[key], beside, groups, tolerance)
            numbers[scale.id] = values
            findings += outcomes
            audited.append(column)
    for key, (scale, words) in wanted.items():
        if words:
            column_of_bands = bands_of(frame, scored, scale, recorded[key], numbers.get(scale.id))
            outcomes, column = _bands(key, scale, column_of_bands, groups)
            findings += outcomes
            audited.append(column)
    findings = [_with_effect(finding, scored, audited, beside) for finding in findings[:MOST_FINDINGS]]
    return Audit(
        findings_table(frame, findings, grouped),
        rows_table(frame, findings, audited),
        summary_table(frame, audited, recorded, findings),
        tuple(findings),
    )


def _recorded_columns(frame: Frame, instrument: Instrument, recorded: Any) -> dict[str, tuple[Scale, bool]]:
    if not isinstance(recorded, Mapping) or not recorded:
        raise ParameterError(
            f"recorded: give a mapping from scale to column, such as {{{instrument.lead_scale.id!r}: 'column'}}"
        )
    wanted = {}
    for key, name in recorded.items():
        if not isinstance(key, str) or not isinstance(name, str):
            raise ParameterError("recorded: scales and columns are named by text")
        wanted[key] = scale_of(instrument, key)
        if wanted[key][1] and not (wanted[key][0].bands or wanted[key][0].categorical):
            raise ParameterError(f"recorded: the scale {wanted[key][0].id!r} has no bands")
    frame.require(list(recorded.values()), "recorded")
    if len(set(recorded.values())) < len(recorded):
        raise ParameterError("recorded: each column is of one scale")
    return wanted


def _scored(
    frame: Frame,
    items: ItemColumns,
    more: dict[str, Any],
    wanted: Mapping[str, tuple[Scale, bool]],
    recorded: Mapping[str, str],
) -> tuple[Scored, Finding | None]:
    """The items as they are read: where they look as if counted from 1, as the recorded scores say."""
    plain = Scored.of(with_all_scales(items, more), items.needed)
    evidence = without_lowest(items)
    if evidence is None or evidence.coding is None:
        return plain, None
    moved = Scored.of(with_all_scales(items, more | {"coding": "position"}), items.needed)
    agree = [0, 0, 0]
    for key, (scale, words) in wanted.items():
        if words:
            continue
        column = read_numbers(frame, recorded[key])
        agree[2] += int(np.isfinite(column.value).sum())
        for place, way in enumerate((plain, moved)):
            off = np.abs(way.value(scale.id) - column.value)
            agree[place] += int((off <= column.rounded).sum())
    sure = _sure_of_coding(evidence, agree)
    read_so = sure == SYSTEMATIC_WORD or evidence.coding == "coding_from_one"
    rows = np.flatnonzero(evidence.numbered)
    return (moved if read_so else plain), Finding("items", None, "no_lowest_answer", sure, rows, len(frame))


def _sure_of_coding(evidence: Evidence, agree: list[int]) -> str:
    plain, moved, every = agree
    if every and moved >= AGREES * every and moved > plain:
        return SYSTEMATIC_WORD
    return LIKELY if evidence.coding == "coding_from_one" else UNDECIDED


def _beside(
    frame: Frame,
    id: str | None,
    date: str | None,
    date_format: DateFormat,
    taken: set[str],
    extra: Collection[str] | None,
) -> Beside:
    """Patients, the order of their forms, and other columns."""
    for argument, name in (("id", id), ("date", date)):
        if name is not None:
            frame.require([name], argument)
    patient = id or ("patient_id" if frame.names.count("patient_id") == 1 else None)
    day = date or ("date" if frame.names.count("date") == 1 else None)
    patients = order = None
    if patient is not None:
        values, places = distinct_in(frame, patient)
        known = np.array(
            [value is not None and str(value).strip() != "" for value in values] or [False], bool
        )
        patients = np.where(known[places], places, -1)
    if day is not None and patients is not None:
        dates = read_dates(frame, day, format_of(date_format, day))
        patients = np.where(dates.state == DATED, patients, -1)
        order = dates.day.astype(np.intp)
    if extra is not None:
        names = [extra] if isinstance(extra, str) else list(extra)
        frame.require(names, "extra")
        return Beside(patients, order, tuple(name for name in names if name not in taken))
    twice = {name for name in frame.names if frame.names.count(name) > 1}
    rest = [name for name in frame.names if name not in taken | twice | {patient, day}]
    return Beside(patients, order, tuple(rest))


@dataclass(frozen=True)
class _Groups:
    """The groups of the data: their names by column, and the rows of each."""

    names: list[tuple[str | None, ...]]
    rows: list[NDArray[np.intp]]


def _groups(frame: Frame, by: Sequence[str]) -> _Groups:
    if not by:
        return _Groups([], [])
    key = np.zeros(len(frame), np.int64)
    parts = []
    for name in by:
        values, places = distinct_in(frame, name)
        key = key * (len(values) + 1) + places
        parts.append((values, places))
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    if len(first) > MOST_GROUPS:
        raise ParameterError(
            f"by: {', '.join(map(repr, by))} make {len(first)} groups; name columns that make {MOST_GROUPS} at most"
        )
    names = []
    for row in first.tolist():
        cells = [values[places[row]] for values, places in parts]
        names.append(tuple(None if cell is None else str(cell) for cell in cells))
    order = np.argsort(inverse, kind="stable")
    cuts = np.cumsum(np.bincount(inverse, minlength=len(first)))[:-1]
    return _Groups(names, np.split(order, cuts))


def _structural(scored: Scored, groups: _Groups) -> list[Finding]:
    """What the item columns say by themselves: in all rows, else in a group."""
    items, findings = scored.items, []
    own = [item for item in items.instrument.item_ids if item in scored.needed]
    if scored.bad.any():
        rows, of = np.flatnonzero(scored.bad), scored.codes.shape[1]
        findings.append(Finding("items", None, "not_an_answer", _of_cells(len(rows), of), rows, of))
    seen = set()
    every: list[tuple[tuple[str | None, ...] | None, NDArray[np.intp] | None]] = [(None, None)]
    every += zip(groups.names, groups.rows, strict=True)
    for name, mine in every:
        codes = scored.codes if mine is None else scored.codes[:, mine]
        for pattern in patterns(items.instrument, own, codes):
            if pattern.cause in seen:
                continue
            if name is None:
                seen.add(pattern.cause)
            places = np.flatnonzero(pattern.rows)
            places = places if mine is None else mine[places]
            findings.append(
                Finding("items", None, pattern.cause, SYSTEMATIC_WORD, places, pattern.of, group=name)
            )
    return findings


def _of_cells(n: int, of: int) -> str:
    """How sure what cells show is a rule: of nearly all rows, else of those rows alone."""
    return SYSTEMATIC_WORD if n >= FEWEST and n > SYSTEMATIC * of else OBSERVED


def _numbers(
    frame: Frame, scored: Scored, key: str, name: str, beside: Beside, groups: _Groups, tolerance: float
) -> tuple[list[Finding], Column, Floats]:
    """The audit of one column of recorded numbers."""
    scale = scored.items.instrument.scale(key)
    column = read_numbers(frame, name)
    material = material_of(frame, scored, scale, column, beside, tolerance)
    there = np.isfinite(material.recorded)
    equal = there & material.same(material.right, material.rounded)
    withheld = there & ~np.isfinite(material.right)
    findings = []
    if column.text.any():
        rows, of = np.flatnonzero(column.text), int((there | column.text).sum())
        findings.append(Finding("total", key, "not_a_number", _of_cells(len(rows), of), rows, of))
    findings += [
        _finding(key, outcome, False, group) for group, outcome in _by_group(scored, material, groups)
    ]
    counts = _counts(there, equal, withheld, column.text)
    differing = np.flatnonzero((there & ~equal) | column.text)
    return (
        findings,
        Column(key, scale, material.recorded, material.right, counts, (), differing),
        material.recorded,
    )


def _counts(there: Bools, equal: Bools, withheld: Bools, text: Bools) -> dict[str, int]:
    """What became of the rows; other ``text`` is recorded, and no score."""
    return {
        "recorded": int((there | text).sum()),
        "equal": int(equal.sum()),
        "differ": int((there & ~equal & ~withheld).sum() + text.sum()),
        "recorded_though_withheld": int(withheld.sum()),
        "not_recorded": int((~there & ~text).sum()),
    }


def _finding(key: str, cause: Outcome, band: bool, group: tuple[str | None, ...] | None) -> Finding:
    where = place_of(cause.cause, band)
    return Finding(where, key, cause.cause, cause.sure, cause.rows, cause.of, cause.rivals, group)


def _alike(scored: Scored, scale: Scale, rows: NDArray[np.intp] | None) -> tuple[tuple[str, ...], ...]:
    codes = scored.codes if rows is None else scored.codes[:, rows]
    return tuple(identical(scored.items.instrument, scale.items, codes))


def _by_group(
    scored: Scored, material: Material, groups: _Groups
) -> list[tuple[tuple[str | None, ...] | None, Outcome]]:
    """Causes in all rows; where these leave something open, first those of single groups."""
    material = replace(material, identical=_alike(scored, material.scale, None))
    whole = explain(material)
    if len(groups.names) < 2 or all(outcome.sure in STRONG for outcome in whole):
        return [(None, outcome) for outcome in whole]
    strong: dict[str, list[tuple[int, Outcome]]] = {}
    for place, rows in enumerate(groups.rows):
        part = replace(material.part(rows), identical=_alike(scored, material.scale, rows))
        for outcome in explain(part):
            if outcome.sure in STRONG and outcome.cause is not None:
                strong.setdefault(outcome.cause, []).append((place, outcome))
    if not strong:
        return [(None, outcome) for outcome in whole]
    by_group: list[tuple[tuple[str | None, ...] | None, Outcome]] = []
    explained = np.zeros(len(material), bool)
    for cause, outcomes in strong.items():
        for place, outcome in outcomes:
            explained[outcome.rows] = True
            if len(outcomes) < len(groups.names):
                by_group.append((groups.names[place], outcome))
        if len(outcomes) == len(groups.names):
            rows = np.sort(np.concatenate([outcome.rows for _, outcome in outcomes]))
            sure = PROVED if all(outcome.sure == PROVED for _, outcome in outcomes) else SYSTEMATIC_WORD
            by_group.append((None, Outcome(cause, sure, rows, sum(outcome.of for _, outcome in outcomes))))
    rest = np.flatnonzero(~explained)
    return by_group + [(None, outcome) for outcome in explain(material.part(rest))]


def _bands(key: str, scale: Scale, column: BandColumn, groups: _Groups) -> tuple[list[Finding], Column]:
    """The audit of one column of recorded bands."""
    there = column.codes >= 0
    meant = column.meant
    withheld = there & (column.own < 0)
    equal = there & ~withheld & (meant == column.own)
    findings = [
        _finding(key, outcome, True, _only_group(outcome.rows, groups)) for outcome in explain_bands(column)
    ]
    counts = _counts(there, equal, withheld, np.zeros(len(there), bool))
    return findings, Column(
        key, scale, None, None, counts, tuple(untested(column)), np.flatnonzero(there & ~equal)
    )


def _only_group(rows: NDArray[np.intp], groups: _Groups) -> tuple[str | None, ...] | None:
    """The group that all of these rows are of, where there is one of several."""
    if len(groups.names) < 2:
        return None
    for name, own in zip(groups.names, groups.rows, strict=True):
        if np.isin(rows, own).all():
            return name
    return None


def _others_right(finding: Finding, column: Column | None) -> int:
    """How many rows are right beside one that is not; 0 where the answers of that one give nothing to compare with."""
    if column is None:
        return finding.of - 1
    if column.right is None:
        return 0 if column.counts["recorded_though_withheld"] else column.counts["equal"]
    return column.counts["equal"] if np.isfinite(column.right[finding.rows[0]]) else 0


def _with_effect(finding: Finding, scored: Scored, columns: Sequence[Column], beside: Beside) -> Finding:
    column = next((column for column in columns if column.key == finding.key), None)
    if len(finding.rows) == 1:
        finding = replace(finding, others=_others_right(finding, column))
    if column is None or column.recorded is None or column.right is None:
        return finding
    ends = (np.zeros(0, np.intp),) * 2 if beside.patients is None else ends_of(beside.patients, beside.order)
    judge = Judge(scored.items.instrument, column.scale, column.recorded, column.right, *ends)
    return replace(finding, effect=judge.of(finding.rows))
