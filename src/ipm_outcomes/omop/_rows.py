"""Scores, and the answers behind them, as rows of OBSERVATION and MEASUREMENT."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

import numpy as np

from ipm_outcomes import _loinc as loinc
from ipm_outcomes._fence import fenced
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.catalog import instruments
from ipm_outcomes.errors import FrameError, ParameterError, UnreadableDatesError, choice
from ipm_outcomes.frames import check
from ipm_outcomes.frames._dates import DATED, MISSING, read_dates
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._items import ItemColumns
from ipm_outcomes.omop._columns import COLUMNS, EVENT_FIELDS, MOST_LETTERS, Concepts, TableName

Place = Literal["by-domain", "observation", "measurement"]
_EPOCH = date(1970, 1, 1)
_UNIT = "{score}"


@dataclass(frozen=True)
class Rows:
    """Rows for a database of the common data model, each table of the kind of frame that was given.

    Attributes
    ----------
    observation, measurement : data frame
        All columns of the table in the order of the model; what is not known is null.
    left_out : data frame
        Scores that are no row: ``reason`` (why there is no score, or ``no_date``) and ``rows``.
    unmapped : data frame
        Codes without a concept, whose rows have the concept 0: ``source_value`` and ``rows``.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import frames, omop
    >>> form = {"person_id": [7], "date": ["2026-03-01"], "peg_pain": [5], "peg_enjoyment": [6], "peg_activity": [7]}
    >>> scores = frames.tidy(pl.DataFrame(form), "peg", by=["person_id", "date"])
    >>> concepts = pl.DataFrame({"loinc": ["91147-9"], "concept_id": [1001], "domain_id": ["Measurement"]})
    >>> result = omop.rows(scores, concepts, type_concept_id=2001)
    >>> result.measurement.height, result.observation.height
    (1, 0)
    """

    observation: Any = field(repr=False)
    measurement: Any = field(repr=False)
    left_out: Any = field(repr=False)
    unmapped: Any = field(repr=False)


class _Entry(NamedTuple):
    """One score or answer."""

    person: int
    day: date
    source: str
    code: str | None
    number: float | None
    text: str | None
    value_source: str | None
    instrument: str
    name: str
    is_score: bool


@fenced
def rows(
    scores: Any,
    concepts: Any,
    *,
    type_concept_id: int,
    table: Place = "by-domain",
    answers: Any = None,
    person: str = "person_id",
    first_id: int | Mapping[str, int] = 1,
    event_fields: Mapping[str, int] | None = None,
) -> Rows:
    """Write scores, and where they are given answers, as rows of the OMOP common data model 5.4.

    Parameters
    ----------
    scores
        A tidy table of `ipm_outcomes.frames.tidy` with the ids of the persons and ``date``: any kind of frame.
    concepts
        The site's concepts, a frame with ``loinc``, ``concept_id`` and ``domain_id``: of the codes of scores, of items,
        and of answers. A code that is not in it gets the concept 0, is in the source value, and is counted.
    type_concept_id
        Where the rows come from, as the site says it (the concept of a survey, for example).
    table
        ``"by-domain"`` takes the table of the concept's domain (OBSERVATION where there is no concept);
        ``"observation"`` and ``"measurement"`` take one for all.
    answers
        A frame with the ids of the persons, ``date`` and the items as ``{instrument}_{item}``, of the instruments in
        ``scores``. Each answer becomes a row with its code as number and its LOINC answer code as source value.
    person
        The column of the ids, which are whole numbers that the site gives. They are never made of other identifiers.
    first_id
        The id of the first row, for both tables or for each: ``{"observation": 1001, "measurement": 1}``.
    event_fields
        To link each answer to its score: the concept of the id column of each table, such as
        ``{"observation": ..., "measurement": ...}``. The score is that of the first scale that has the item.

    Returns
    -------
    Rows
        The tables. A score that is withheld is no row; it is counted with its reason.

    Raises
    ------
    FrameError, UnreadableDatesError, ParameterError
        A column is missing, an id is empty, a cell of ``answers`` is no answer, or an argument is outside what it may
        be.

    Notes
    -----
    ``unit_source_value`` is ``{score}``; a category that has no number is in ``value_as_string`` (OBSERVATION) and
    ``value_source_value``. Source values hold at most 50 letters.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import frames, omop
    >>> form = {"person_id": [7], "date": ["2026-03-01"], "peg_pain": [5], "peg_enjoyment": [6], "peg_activity": [7]}
    >>> scores = frames.tidy(pl.DataFrame(form), "peg", by=["person_id", "date"])
    >>> concepts = pl.DataFrame({"loinc": ["91147-9"], "concept_id": [1001], "domain_id": ["Measurement"]})
    >>> result = omop.rows(scores, concepts, type_concept_id=2001)
    >>> result.measurement.select("person_id", "measurement_concept_id", "value_as_number").row(0)
    (7, 1001, 6.0)
    """
    choice(table, ("by-domain", "observation", "measurement"), "table")
    known = Concepts.read(concepts)
    frame = Frame(scores)
    reasons: Counter[str] = Counter()
    entries = list(_scores(frame, person, reasons))
    if answers is not None:
        ids = dict.fromkeys(str(id) for id in frame.words("instrument")[1])
        given = list(_answers(Frame(answers), person, list(ids), reasons))
        # A score that is an answer itself, such as a single rating, is there with the answer.
        there = {entry[:3] for entry in given}
        entries = [entry for entry in entries if entry[:3] not in there] + given
    places: list[TableName] = [
        table if table != "by-domain" else known.table_of(entry.code) for entry in entries
    ]
    numbers = _numbers(places, _first(first_id))
    events = _events(entries, places, numbers, event_fields)
    tables = {
        name: _table(frame, name, entries, places, numbers, known, type_concept_id, events)
        for name in COLUMNS
    }
    unmapped = Counter(entry.source for entry in entries if entry.code not in known.ids)
    return Rows(
        tables["observation"],
        tables["measurement"],
        frame.listed({"reason": [*reasons], "rows": [*reasons.values()]}, {"rows": "whole"}),
        frame.listed({"source_value": [*unmapped], "rows": [*unmapped.values()]}, {"rows": "whole"}),
    )


def _first(given: int | Mapping[str, int]) -> dict[str, int]:
    if isinstance(given, int):
        return dict.fromkeys(COLUMNS, given)
    if set(given) - set(COLUMNS):
        raise ParameterError("first_id: a number, or one for 'observation' and one for 'measurement'")
    return dict.fromkeys(COLUMNS, 1) | dict(given)


def _when(frame: Frame, person: str, place: str) -> tuple[list[int], list[date | None]]:
    """Person and day of each row."""
    frame.require((person, "date"), place)
    persons, null = frame.wholes(person)
    if null.any():
        raise FrameError(f"{place}: {person} is empty in row {null.argmax()} (counted from 0)")
    dates = read_dates(frame, "date")
    if odd := int((~np.isin(dates.state, (DATED, MISSING))).sum()):
        raise UnreadableDatesError(
            f"{place}: {odd} entries of date cannot be read; write YYYY-MM-DD, or give date_format to frames.tidy"
        )
    days = [
        _EPOCH + timedelta(day) if state == DATED else None
        for day, state in zip(dates.day.tolist(), dates.state.tolist(), strict=True)
    ]
    return persons.tolist(), days


def _scores(frame: Frame, person: str, reasons: Counter[str]) -> Iterator[_Entry]:
    """The scores that there are; the others are counted by why there is none."""
    where = f"scores (the tidy table of frames.tidy with by=[{person!r}, 'date'])"
    frame.require(("instrument", "scale", "value", "band", "absent"), where)
    persons, days = _when(frame, person, "scores")
    ids, scales, bands, absent = map(frame.values, ("instrument", "scale", "band", "absent"))
    values = frame.numbers("value")
    known = {id: definition(id) for id in dict.fromkeys(ids) if id in instruments()}
    for row, (id, scale) in enumerate(zip(ids, scales, strict=True)):
        number = None if np.isnan(values[row]) else float(values[row])
        if id not in known or scale not in known[id].scale_ids:
            raise FrameError(f"scores: no instrument and scale of the library in row {row} (counted from 0)")
        definition_of_scale = known[id].scale(scale)
        text = str(bands[row]) if definition_of_scale.categorical and bands[row] is not None else None
        day = days[row]
        if number is None and text is None:
            reasons[str(absent[row])] += 1
        elif day is None:
            reasons["no_date"] += 1
        else:
            code = next((code for code, coded in loinc.scale_codes(str(id)).items() if coded == scale), None)
            source = _source(code or f"{id}_{scale}")
            yield _Entry(persons[row], day, source, code, number, text, text, str(id), str(scale), True)


def _answers(frame: Frame, person: str, ids: list[str], reasons: Counter[str]) -> Iterator[_Entry]:
    """The answers that were given."""
    persons, days = _when(frame, person, "answers")
    for id in ids:
        if wrong := len(Frame(check(frame.given, id))):
            raise FrameError(f"answers: {wrong} cell(s) of {id} are no answers; frames.check lists them")
        items = ItemColumns(frame, id)
        for start, codes in items.chunks():
            for place, item in enumerate(items.instrument.item_ids):
                own = loinc.answer_codes(id, item).own
                by_answer = {answer: code for code, answer in reversed(own.items())}
                code = items.instrument.item(item).loinc
                source = _source(code or f"{id}_{item}")
                unit = items.readings[item].per_unit if item in items.readings else 1
                for column in np.flatnonzero(codes[place] >= 0).tolist():
                    day = days[start + column]
                    if day is None:
                        reasons["no_date"] += 1
                        continue
                    answer = int(codes[place, column])
                    yield _Entry(
                        persons[start + column],
                        day,
                        source,
                        code,
                        answer / unit,
                        None,
                        by_answer.get(answer),
                        id,
                        item,
                        False,
                    )


def _source(text: str) -> str:
    if len(text) > MOST_LETTERS:
        raise FrameError(f"{text}: a source value has at most {MOST_LETTERS} letters")
    return text


def _numbers(places: list[TableName], first: Mapping[str, int]) -> list[int]:
    """The id of each row in its table."""
    following = dict(first)
    numbers = []
    for place in places:
        numbers.append(following[place])
        following[place] += 1
    return numbers


def _events(
    entries: list[_Entry], places: list[TableName], numbers: list[int], fields: Mapping[str, int] | None
) -> list[tuple[int, int] | None]:
    """For each answer the id of its score and the concept of the column that holds it."""
    if fields is None:
        return [None] * len(entries)
    event_of: dict[tuple[int, date, str, str], tuple[int, int]] = {}
    for entry, place, number in zip(entries, places, numbers, strict=True):
        if not entry.is_score:
            continue
        if place not in fields:
            raise ParameterError(f"event_fields: give the concept of the id column of {place}")
        key = (*entry[:2], entry.instrument, entry.name)
        if key in event_of:
            raise FrameError(
                "scores: one person has two scores of a scale on one day, so that answers cannot be linked; leave out "
                "event_fields, or keep one form a day"
            )
        event_of[key] = (number, fields[place])
    linked = []
    for entry in entries:
        scales = [] if entry.is_score else definition(entry.instrument).scales
        mine = (scale.id for scale in scales if entry.name in scale.items)
        linked.append(
            next(
                (
                    event_of[key]
                    for scored in mine
                    if (key := (*entry[:2], entry.instrument, scored)) in event_of
                ),
                None,
            )
        )
    return linked


def _table(
    frame: Frame,
    name: TableName,
    entries: list[_Entry],
    places: list[TableName],
    numbers: list[int],
    known: Concepts,
    type_concept_id: int,
    events: list[tuple[int, int] | None],
) -> Any:
    mine = [n for n, place in enumerate(places) if place == name]
    chosen = [entries[n] for n in mine]
    linked = [events[n] for n in mine]
    columns: dict[str, list[Any]] = {column: [None] * len(mine) for column in COLUMNS[name]}
    filled: dict[str, list[Any]] = {
        f"{name}_id": [numbers[n] for n in mine],
        "person_id": [entry.person for entry in chosen],
        f"{name}_concept_id": [known.ids.get(entry.code or "", 0) for entry in chosen],
        f"{name}_date": [entry.day for entry in chosen],
        f"{name}_type_concept_id": [type_concept_id] * len(mine),
        "value_as_number": [entry.number for entry in chosen],
        "value_as_string": [entry.text for entry in chosen],
        "value_as_concept_id": [known.ids.get(entry.value_source or "") for entry in chosen],
        f"{name}_source_value": [entry.source for entry in chosen],
        "unit_source_value": [
            _UNIT if entry.is_score and entry.number is not None else None for entry in chosen
        ],
        "value_source_value": [entry.value_source for entry in chosen],
        f"{name}_event_id": [None if link is None else link[0] for link in linked],
        EVENT_FIELDS[name]: [None if link is None else link[1] for link in linked],
    }
    return frame.listed(columns | {k: v for k, v in filled.items() if k in columns}, COLUMNS[name])
