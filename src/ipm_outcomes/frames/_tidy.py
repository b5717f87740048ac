"""The tidy table of scores: one row per assessment and scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ipm_outcomes._fence import fenced
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import FrameError, ParameterError, described, did_you_mean
from ipm_outcomes.frames._dates import DateFormat, Dates, format_of, read_dates
from ipm_outcomes.frames._frame import AnyFrame, Frame
from ipm_outcomes.frames._groups import GroupNames, renames
from ipm_outcomes.frames._items import Codings, Columns, ItemColumns, NotAnsweredBy, definition_of
from ipm_outcomes.frames._library import Column, Whole, Words
from ipm_outcomes.frames._scale_columns import ScaleColumns
from ipm_outcomes.frames._score_columns import Invalid, Stretch, score_items
from ipm_outcomes.tables import ABSENT_CODES, ScaleTable

SCORE_COLUMNS = (
    "instrument",
    "scale",
    "value",
    "se",
    "band",
    "answered",
    "absent",
    "exact_numerator",
    "exact_denominator",
    "blank_row",
    "invalid",
)


@fenced
def tidy(
    data: AnyFrame,
    instruments: Sequence[str | Instrument] | str | Instrument,
    by: Sequence[str] = (),
    *,
    columns: Mapping[str, Columns] | None = None,
    missing: str | None = None,
    coding: Codings = None,
    not_answered: NotAnsweredBy = (),
    invalid: Invalid = "raise",
    text_numbers: bool | None = None,
    scales: Mapping[str, Sequence[str]] | None = None,
    group_names: GroupNames = None,
    date_format: DateFormat = None,
) -> AnyFrame:
    """Score several instruments and lay the scores out long: one row per assessment and scale.

    Parameters
    ----------
    data
        A data frame as in `score`, one row per visit.
    instruments
        Ids of the instruments to score.
    by
        Columns to carry along, such as ``["patient_id", "date", "site"]``; they come first and keep their dtypes.
    columns
        For each instrument id, where its items are, as in `score`.
    missing
        Name of a missing rule; instruments and scales without it keep their default.
    coding, not_answered
        As in `score`, for all instruments or by instrument id.
    invalid, text_numbers
        As in `score`.
    scales
        For each instrument id, only these scales, as in `score`; None, or an instrument left out: all.
    group_names
        For columns of ``by`` that hold names of groups, ``{"site": "merge"}``: names that differ only by case, spacing
        or leading zeros become the most frequent one; or ``{"site": {"hill top": "Hilltop"}}``: these names become
        those.
    date_format
        How the dates in the column ``date`` of ``by`` are written: a `datetime.strptime` pattern such as
        ``"%m/%d/%Y"``, or ``"excel"`` or ``"sas"`` for the day numbers of these programs; for columns of other names a
        dict from column to pattern. Dates that are read so come back as ISO text, all others as they are; columns of
        dates and time stamps stay as they are.

    Returns
    -------
    data frame of the same kind
        The ``by`` columns, then ``instrument, scale, value`` (float64), ``se``, ``band``, ``answered`` (uint8),
        ``absent``, ``exact_numerator`` and ``exact_denominator`` (int64: the integers behind the value, numerator null
        where there is none), ``blank_row`` (true where the row of the data holds nothing in any item column, so that it
        is no assessment); with ``invalid="null"`` also ``invalid`` (uint8: how many cells of the instrument were no
        answers in that row). Rows of the frame times scales, in the order of rows, then of instruments and scales. The
        category of a categorical scale is in ``band``.

    Raises
    ------
    InvalidAnswersError, FrameError, ParameterError, UnknownNameError
        As in `score`.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import frames
    >>> data = pl.DataFrame({"patient_id": [1], "peg_pain": [7], "peg_enjoyment": [6], "peg_activity": [7]})
    >>> frames.tidy(data, ["peg"], by=["patient_id"]).select("scale", "exact_numerator", "exact_denominator").rows()
    [('mean', 20, 3)]
    """
    made: AnyFrame = tidy_rows(
        data,
        instruments,
        by,
        columns=columns,
        missing=missing,
        coding=coding,
        not_answered=not_answered,
        invalid=invalid,
        text_numbers=text_numbers,
        scales=scales,
        group_names=group_names,
        date_format=date_format,
    )
    return made


def tidy_rows(
    data: Any,
    instruments: Sequence[str | Instrument] | str | Instrument,
    by: Sequence[str],
    *,
    columns: Mapping[str, Columns] | None,
    missing: str | None,
    coding: Codings,
    not_answered: NotAnsweredBy,
    invalid: Invalid,
    text_numbers: bool | None,
    scales: Mapping[str, Sequence[str]] | None,
    group_names: GroupNames,
    date_format: DateFormat,
    stretch: Stretch | None = None,
) -> Any:
    """What `tidy` gives; ``stretch`` where the rows are a part of a table."""
    wanted = [instruments] if isinstance(instruments, (str, Instrument)) else instruments
    if not isinstance(wanted, Sequence) or not wanted:
        raise ParameterError("instruments: name at least one instrument")
    definitions = {definition.id: definition for definition in map(definition_of, wanted)}
    if len(definitions) < len(wanted):
        raise ParameterError("instruments: an instrument is named twice, and its scores would count twice")
    columns, scales = _by_id("columns", columns, definitions), _by_id("scales", scales, definitions)
    codings = _by_id("coding", coding, definitions, shared=True)
    missing_words = _by_id("not_answered", not_answered, definitions, shared=True)
    by = [by] if isinstance(by, str) else list(by or ())
    frame = Frame(data)
    frame = frame.renamed(renames(frame, group_names))
    frame.require(by, "by")
    if clash := [name for name in by if name in SCORE_COLUMNS]:
        raise FrameError(f"by: the table of scores has a column {clash[0]!r} of its own; rename the column")
    dated = _date_columns(frame, by, date_format)
    blocks: list[tuple[str, str, ScaleColumns]] = []
    like: list[str] = []
    counts: list[Any] = []
    every = [
        ItemColumns(
            frame,
            definition,
            columns.get(id),
            codings.get(id),
            missing_words.get(id),
            text_numbers,
            scales.get(id),
        )
        for id, definition in definitions.items()
    ]
    known_rules = {rule for definition in definitions.values() for rule in definition.missing_rules}
    if missing is not None and (not isinstance(missing, str) or missing not in known_rules):
        raise ParameterError(
            f"missing: none of these instruments has a rule of that name ({described(missing)}); "
            f"there are {sorted(known_rules)}"
        )
    held = np.zeros(len(frame), bool)
    for items in every:
        items.held = held
        rule = missing if missing in items.instrument.missing_rules else None
        scored, _, wrong = score_items(items, rule, invalid, exact=True, stretch=stretch)
        counts += [wrong] * len(scored)
        blocks += [(items.instrument.id, id, scale) for id, scale in scored.items()]
        like += list(items.names.values())
    rows, times = len(frame), len(blocks)
    result: dict[str, Column | Any] = {
        name: dated[name].text_column(frame, name, times) if name in dated else frame.repeat(name, times)
        for name in by
    }
    for name, words in (("instrument", [i for i, _, _ in blocks]), ("scale", [s for _, s, _ in blocks])):
        labels = tuple(dict.fromkeys(words))
        codes = np.array([labels.index(word) for word in words], np.int8)
        result[name] = Words(np.tile(codes, rows), labels)
    result |= _long(blocks, rows)
    result["blank_row"] = np.repeat(~held, times)
    if invalid == "null":
        result["invalid"] = np.stack(counts, axis=1).ravel()
    return frame.make(result, like)


def _date_columns(frame: Frame, by: Sequence[str], date_format: DateFormat) -> dict[str, Dates]:
    """The columns for which a format was declared, read; those that hold dates already are left out."""
    if date_format is None:
        return {}
    names = ["date"] if isinstance(date_format, str) else list(date_format)
    if absent := [name for name in names if name not in by]:
        raise ParameterError(
            f"date_format: {absent[0]!r} is no column of by; for dates in a column of another name give a dict, such "
            "as {'visit_date': '%m/%d/%Y'}"
        )
    dates = {name: read_dates(frame, name, format_of(date_format, name, names)) for name in names}
    return {name: column for name, column in dates.items() if not column.native}


def _by_id(
    name: str, given: Any, definitions: Mapping[str, Instrument], shared: bool = False
) -> Mapping[str, Any]:
    """Settings by instrument id; a key that is none would otherwise be passed over in silence.

    With ``shared``, what is no mapping is for all instruments.
    """
    if given is None:
        return {}
    if shared and not isinstance(given, Mapping):
        return dict.fromkeys(definitions, given)
    if not isinstance(given, Mapping):
        raise ParameterError(f"{name}: give a dict by instrument id, not a {type(given).__name__}")
    ids = {key: key if key in definitions else str(key).casefold() for key in given}
    if wrong := [key for key, id in ids.items() if id not in definitions]:
        near = did_you_mean(wrong[0], definitions)
        raise ParameterError(f"{name}: a key is none of the instruments {', '.join(definitions)}{near}")
    return {ids[key]: value for key, value in given.items()}


def _long(columns: list[tuple[str, str, ScaleColumns]], rows: int) -> dict[str, Column]:
    """The columns of all scales, interleaved so that the scores of one row of the frame are together."""
    shape = (rows, len(columns))
    value, se = np.full(shape, np.nan), np.full(shape, np.nan)
    numerator, denominator = np.zeros(shape, np.int64), np.empty(shape, np.int64)
    band, absent, answered = np.full(shape, -1, np.int8), np.empty(shape, np.int8), np.empty(shape, np.uint8)
    labels: list[str] = []
    for position, (_, _, scale) in enumerate(columns):
        words = scale.table.words if isinstance(scale.table, ScaleTable) else ()
        labels += [word for word in words if word not in labels]
        if scale.labels is not None:
            # One position more for "none", which -1 reaches from the end.
            own = np.array([labels.index(word) for word in words] + [-1], np.int8)
            band[:, position] = own[scale.labels]
        if scale.value is not None:
            value[:, position] = scale.value
        if scale.se is not None:
            se[:, position] = scale.se
        if scale.numerator is not None:
            numerator[:, position] = scale.numerator
        denominator[:, position] = scale.table.denominator if scale.denominator is None else scale.denominator
        answered[:, position] = scale.answered
        absent[:, position] = scale.absent
    return {
        "value": value.ravel(),
        "se": se.ravel(),
        "band": Words(band.ravel(), tuple(labels)),
        "answered": answered.ravel(),
        "absent": Words(absent.ravel(), ABSENT_CODES),
        "exact_numerator": Whole(numerator.ravel(), np.isnan(value).ravel()),
        "exact_denominator": denominator.ravel(),
    }
