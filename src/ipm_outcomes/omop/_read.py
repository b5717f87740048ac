"""Answers and recorded scores back from OBSERVATION or MEASUREMENT."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ipm_outcomes import loinc
from ipm_outcomes._fence import fenced
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.errors import FrameError, InputError, ParameterError
from ipm_outcomes.frames._dates import DATED, read_dates
from ipm_outcomes.frames._forms import item_columns, texts
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.omop._columns import COLUMNS, Concepts, TableName

Form = tuple[int, int, str]
"""Person, day and time of one form."""


@dataclass(frozen=True)
class ReadRows:
    """What was read, in tables of the kind of frame that was given.

    Attributes
    ----------
    data : data frame
        One row per form: ``patient_id``, ``date``, ``datetime``, and the items as ``{instrument}_{item}``; an item
        without a row is null. As `ipm_outcomes.frames` takes it.
    recorded : data frame
        Recorded scores, to compare and never the score: ``patient_id``, ``date``, ``datetime``, ``scale`` (as
        ``{instrument}_{scale}``), ``recorded``.
    left_out : data frame
        Rows that are neither: ``reason`` (``other_code``, ``no_value``) and ``rows``.
    """

    data: Any = field(repr=False)
    recorded: Any = field(repr=False)
    left_out: Any = field(repr=False)


@fenced
def read(table: Any, instruments: Sequence[str] | str, *, concepts: Any = None) -> ReadRows:
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

    Returns
    -------
    ReadRows
        The tables. Numbers that are no answers stay as they are; `ipm_outcomes.frames.check` lists them.

    Raises
    ------
    InputError
        A form has two rows of one item (``duplicate_item``, with the place).
    FrameError, ParameterError, UnknownNameError
        It is neither table, a date is missing or cannot be read, or two instruments share codes.

    >>> import polars as pl
    >>> from ipm_outcomes import omop
    >>> codes = ["91145-3", "75893-8", "91146-1"]
    >>> rows = pl.DataFrame({"person_id": 7, "observation_date": "2026-03-01", "value_as_number": [5.0, 6.0, 7.0],
    ...                      "observation_source_value": codes})
    >>> omop.read(rows, "peg").data.columns
    ['patient_id', 'date', 'datetime', 'peg_pain', 'peg_enjoyment', 'peg_activity']
    """
    frame = Frame(table)
    ids = [instruments] if isinstance(instruments, str) else list(instruments)
    if not ids:
        raise ParameterError("instruments: name at least one")
    name = _kind(frame)
    items, scores = _sources(ids)
    known = None if concepts is None else Concepts.read(concepts)
    forms = _forms(frame, name)
    codes = _codes(frame, name, known, {*items, *scores})
    values = (
        frame.numbers("value_as_number") if "value_as_number" in frame.names else np.full(len(frame), np.nan)
    )
    given = texts(frame, "value_source_value")
    value_concepts = _concept_codes(frame, "value_as_concept_id", known)
    answers: dict[Form, dict[str, float]] = {}
    recorded: list[tuple[Form, str, float]] = []
    reasons: Counter[str] = Counter()
    for row, code in enumerate(codes):
        if code is None:
            reasons["other_code"] += 1
            continue
        value = float(values[row])
        if np.isnan(value) and code in items:
            every = {**loinc.answer_codes(*items[code]).also, **loinc.answer_codes(*items[code]).own}
            value = float(
                next((every[one] for one in (given[row], value_concepts[row]) if one in every), value)
            )
        if np.isnan(value):
            reasons["no_value"] += 1
        elif code in scores:
            recorded.append((forms[row], "_".join(scores[code]), value))
        else:
            form = answers.setdefault(forms[row], {})
            column = "_".join(items[code])
            if column in form:
                told = f"a form has two rows of {column}; keep one of them"
                raise InputError(told, "duplicate_item", f"row {row} (counted from 0)")
            form[column] = value
    return ReadRows(
        _data(frame, ids, answers),
        _recorded(frame, recorded),
        frame.listed({"reason": [*reasons], "rows": [*reasons.values()]}, {"rows": "whole"}),
    )


def _kind(frame: Frame) -> TableName:
    for name in COLUMNS:
        if f"{name}_source_value" in frame.names or f"{name}_concept_id" in frame.names:
            if lacking := [one for one in ("person_id", f"{name}_date") if one not in frame.names]:
                raise FrameError(f"{name}: the column {lacking[0]} is missing")
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
        found = definition(id)
        of_items = {item.loinc: item.id for item in found.items if item.loinc}
        mine = {f"{id}_{item}": item for item in found.item_ids} | of_items
        own = {f"{id}_{scale}": scale for scale in found.scale_ids} | loinc.scale_codes(id)
        for code, item in mine.items():
            if code in items:
                other = items[code][0]
                raise ParameterError(f"instruments: {other} and {id} share codes; read one of them")
            items[code] = (id, item)
        # An item that is its own score is told by its answer.
        scores |= {code: (id, scale) for code, scale in own.items() if code not in items}
    return items, scores


def _forms(frame: Frame, name: TableName) -> list[Form]:
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
    return [
        (person, day, time or "")
        for person, day, time in zip(persons.tolist(), dates.day.tolist(), times, strict=True)
    ]


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


def _keys(forms: Sequence[Form]) -> dict[str, list[Any]]:
    return {
        "patient_id": [person for person, _, _ in forms],
        "date": [np.datetime64(day, "D").item() for _, day, _ in forms],
        "datetime": [time or None for _, _, time in forms],
    }


def _data(frame: Frame, ids: Sequence[str], answers: dict[Form, dict[str, float]]) -> Any:
    forms = sorted(answers)
    columns, kinds = item_columns(ids, [answers[form] for form in forms])
    return frame.listed(_keys(forms) | columns, {**kinds, "patient_id": "whole", "date": "date"})


def _recorded(frame: Frame, recorded: list[tuple[Form, str, float]]) -> Any:
    recorded = sorted(recorded)
    columns = _keys([form for form, _, _ in recorded])
    columns |= {"scale": [scale for _, scale, _ in recorded], "recorded": [value for _, _, value in recorded]}
    return frame.listed(columns, {"patient_id": "whole", "date": "date", "recorded": "real"})
