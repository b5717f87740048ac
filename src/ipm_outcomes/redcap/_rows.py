"""Assessments out: rows in raw form for REDCap's import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ipm_outcomes._fence import fenced
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.errors import InputError, ParameterError
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.reading import Backend, as_kind
from ipm_outcomes.redcap._export import EVENT, INSTANCE, REPEAT, cells_of

KEYS = {"visit": EVENT, "repeat_instrument": REPEAT, "repeat_instance": INSTANCE}


@fenced
def rows(
    data: Any,
    *ids: str,
    record_id: str = "record_id",
    events: Mapping[str, str] | None = None,
    backend: Backend = None,
) -> Any:
    """Write answers as rows for REDCap's import, in raw form; `read` reads them back.

    Parameters
    ----------
    data
        A data frame, or a dictionary of columns as `read` gives it: ``patient_id``, where the project has them
        ``visit``, ``repeat_instrument`` and ``repeat_instance``, and items as ``{instrument}_{item}``.
    *ids
        Ids of the instruments.
    record_id
        Name of the field with the record id.
    events
        REDCap's event for each visit: ``{"baseline": "baseline_arm_1"}``; other visits keep their name.
    backend
        Kind of the table; None: a dictionary of columns.

    Returns
    -------
    table
        The record id, columns of events and repeats that are not blank throughout, and the items, all as text. There is
        no date: REDCap keeps time stamps of surveys itself.

    Raises
    ------
    InputError
        Two rows have one key (``duplicate_key``, with the row), a row has no record id, or a column is missing.
    ParameterError, UnknownNameError, MissingExtraError
        An argument is outside what it may be, or the library of the backend is not installed.

    Examples
    --------
    >>> from ipm_outcomes import redcap
    >>> answers = {"patient_id": ["1"], "peg_pain": [7], "peg_enjoyment": [6], "peg_activity": [None]}
    >>> redcap.rows(answers, "peg")
    {'record_id': ['1'], 'peg_pain': ['7'], 'peg_enjoyment': ['6'], 'peg_activity': ['']}
    """
    if not ids:
        raise ParameterError("name at least one instrument")
    columns = cells_of(dict(data) if isinstance(data, Mapping) else _columns(Frame(data)))
    items = [f"{id}_{item}" for id in ids for item in definition(id).item_ids]
    if lacking := [name for name in ("patient_id", *items) if name not in columns]:
        raise InputError(f"there is no column {lacking[0]}", "header_not_found")
    out = {record_id: columns["patient_id"]}
    for name, raw in KEYS.items():
        if any(columns.get(name, ())):
            renames = (events or {}) if name == "visit" else {}
            out[raw] = [renames.get(cell, cell) for cell in columns[name]]
    _check_keys(out, record_id)
    return as_kind({**out, **{name: columns[name] for name in items}}, backend)


def _columns(frame: Frame) -> dict[str, list[Any]]:
    return {name: frame.values(name) for name in frame.names}


def _check_keys(keys: Mapping[str, list[str]], record_id: str) -> None:
    seen = set[tuple[str, ...]]()
    for number, key in enumerate(zip(*keys.values(), strict=True), 1):
        if not keys[record_id][number - 1]:
            raise InputError("the row has no patient_id", "no_record_id", f"row {number}")
        if key in seen:
            message = "an earlier row has the same record, event and instance; REDCap would refuse both"
            raise InputError(message, "duplicate_key", f"row {number}")
        seen.add(key)
