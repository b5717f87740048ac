"""Answers and recorded scores back from OBSERVATION or MEASUREMENT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ipm_outcomes import _loinc as loinc
from ipm_outcomes._fence import fenced
from ipm_outcomes._long_rows import Forms, Key, asked_ids, texts
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.errors import FrameError, InputError, ParameterError
from ipm_outcomes.frames._dates import DATED, read_dates
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.omop._columns import COLUMNS, Concepts, TableName
from ipm_outcomes.reading import Backend, Reading

EVIDENCE = {"other_code": "rows of other codes than those of the instruments, which were passed over"}


@fenced
def read(
    table: Any, instruments: Sequence[str] | str, *, concepts: Any = None, backend: Backend = None
) -> Reading:
    """Read answers from rows of OBSERVATION or MEASUREMENT of the OMOP common data model 5.4.

    A row is of an item or a score by its source value (a LOINC code, or ``{instrument}_{item}``), or, with
    ``concepts``, by its concept. The answer is ``value_as_number``; where it is null, the answer whose LOINC code is
    the source value, or the concept, of the value. Rows of one person and time are one form.

    Parameters
    ----------
    table
        Either table, in any kind of frame; only the columns that are used have to be there.
    instruments
        Ids of the instruments to look for. Two that share codes are not read together.
    concepts
        The site's concepts, a frame with ``loinc``, ``concept_id`` and ``domain_id``.
    backend
        Kind of the tables; None: dictionaries of columns.

    Returns
    -------
    ipm_outcomes.reading.Reading
        ``data`` has one row per form: ``patient_id``, ``date``, ``datetime``, and the items as ``{instrument}_{item}``.
        ``recorded`` has the scores in the table, to compare and never to take; ``problems`` numbers that are no
        answers; ``left_out`` rows without a value (``no_value``). Rows of other codes are counted in ``inferences``.

    Raises
    ------
    InputError
        A form has two rows of one item (``duplicate_item``), or the number of a row is that of another answer than its
        code (``answer_contradicts``); with the place.
    FrameError, ParameterError, UnknownNameError, MissingExtraError
        It is neither table, a date is missing or cannot be read, two instruments share codes, or the library of the
        backend is not installed.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import omop
    >>> codes = ["91145-3", "75893-8", "91146-1"]
    >>> rows = pl.DataFrame({"person_id": 7, "observation_date": "2026-03-01", "value_as_number": [5.0, 6.0, 7.0],
    ...                      "observation_source_value": codes})
    >>> omop.read(rows, "peg").data["peg_enjoyment"]
    [5]
    """
    frame = Frame(table)
    ids = asked_ids(instruments)
    name = _kind(frame)
    items, scores = _sources(ids)
    known = None if concepts is None else Concepts.read(concepts)
    keys = _keys(frame, name)
    codes = _codes(frame, name, known, {*items, *scores})
    values = (
        frame.numbers("value_as_number") if "value_as_number" in frame.names else np.full(len(frame), np.nan)
    )
    given = texts(frame, "value_source_value")
    value_concepts = _concept_codes(frame, "value_as_concept_id", known)
    forms = Forms(("patient_id", "date", "datetime"), len(frame))
    for row, code in enumerate(codes):
        if code is None:
            forms.passed["other_code"] += 1
            continue
        value = float(values[row])
        if code in items:
            every = loinc.answer_codes(*items[code])
            by_code = {**every.also, **every.own}
            meant = {by_code[concept] for concept in (given[row], value_concepts[row]) if concept in by_code}
            if len(meant if np.isnan(value) else meant | {value}) > 1:
                fact = "number, source value and concept of the value are of different answers"
                raise InputError(fact, "answer_contradicts", f"row {row} (counted from 0)")
            value = float(next(iter(meant), value)) if np.isnan(value) else value
        if np.isnan(value):
            forms.leave_out(row, "no_value", "neither a number nor an answer that is known")
        elif code in items:
            forms.answer(keys[row], row, *items[code], value)
        else:
            forms.score(keys[row], row, *scores[code], value)
    return forms.reading(EVIDENCE, backend)


def _kind(frame: Frame) -> TableName:
    for name in COLUMNS:
        if f"{name}_source_value" in frame.names or f"{name}_concept_id" in frame.names:
            frame.require(("person_id", f"{name}_date"), name)
            return name
    raise FrameError(
        "this is neither OBSERVATION nor MEASUREMENT: it has no column observation_source_value, "
        "observation_concept_id, measurement_source_value or measurement_concept_id"
    )


def _sources(ids: Sequence[str]) -> tuple[dict[str, tuple[str, str]], dict[str, tuple[str, str]]]:
    """Instrument and item, instrument and scale, by how a row names them."""
    items: dict[str, tuple[str, str]] = {}
    scores: dict[str, tuple[str, str]] = {}
    for id in ids:
        inst = definition(id)
        of_items = {item.loinc: item.id for item in inst.items if item.loinc}
        mine = {f"{id}_{item}": item for item in inst.item_ids} | of_items
        own = {f"{id}_{scale}": scale for scale in inst.scale_ids} | loinc.scale_codes(id)
        for code, item in mine.items():
            if code in items:
                other = items[code][0]
                raise ParameterError(f"instruments: {other} and {id} share codes; read one of them")
            items[code] = (id, item)
        # An item that is its own score is reported by its answer.
        scores |= {code: (id, scale) for code, scale in own.items() if code not in items}
    return items, scores


def _keys(frame: Frame, name: TableName) -> list[Key]:
    """Person, day and time of each row."""
    persons, null = frame.wholes("person_id")
    if null.any():
        raise FrameError(f"{name}: person_id is empty in row {null.argmax()} (counted from 0)")
    dates = read_dates(frame, f"{name}_date")
    if (odd := np.flatnonzero(dates.state != DATED)).size:
        raise FrameError(
            f"{name}: {name}_date is empty or cannot be read in {odd.size} row(s), first in row {odd[0]} (counted from "
            "0); write YYYY-MM-DD"
        )
    times = texts(frame, f"{name}_datetime")
    days = [str(day) for day in dates.day.astype("datetime64[D]")]
    return list(zip(persons.tolist(), days, times, strict=True))


def _concept_codes(frame: Frame, name: str, known: Concepts | None) -> list[str | None]:
    """The LOINC code of the concept in each row."""
    if known is None or name not in frame.names:
        return [None] * len(frame)
    ids, null = frame.wholes(name)
    return [
        None if empty else known.codes.get(id) for id, empty in zip(ids.tolist(), null.tolist(), strict=True)
    ]


def _codes(frame: Frame, name: TableName, known: Concepts | None, wanted: set[str]) -> list[str | None]:
    """What each row is of, by its source value, else by its concept; None for what was not asked for."""
    sources = texts(frame, f"{name}_source_value")
    concepts = _concept_codes(frame, f"{name}_concept_id", known)
    return [
        next((code for code in pair if code in wanted), None) for pair in zip(sources, concepts, strict=True)
    ]
