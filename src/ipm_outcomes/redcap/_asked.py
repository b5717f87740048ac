"""What `read` was asked for, by its arguments or by a mapping."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.errors import InputError, ParameterError
from ipm_outcomes.files._labels import labels_seen
from ipm_outcomes.frames._evidence import NO_LOWEST
from ipm_outcomes.frames._items import given_names
from ipm_outcomes.mapping import DatePart, FilePart, InstrumentPart, KeysPart, Proposal
from ipm_outcomes.mapping import Mapping as Pinned
from ipm_outcomes.mapping._mapping import digest
from ipm_outcomes.mapping._parts import NotAnsweredPart
from ipm_outcomes.redcap._cells import Cells
from ipm_outcomes.redcap._export import EVENT, GROUP, Export

EVENT_NAMES = (EVENT, "Event Name")


@dataclass(frozen=True)
class Asked:
    """Arguments of `read`, of whatever origin.

    Attributes
    ----------
    ids
        Instruments to read; None: those that are there.
    columns
        Fields of items, by instrument.
    missing
        Cells that mean no answer, each with its code.
    parts
        What a mapping says of instruments; without a mapping none.
    """

    ids: Collection[str] | None = None
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    date: str | Mapping[str, str] | None = None
    record_id: str | None = None
    site: str = GROUP
    parts: Mapping[str, InstrumentPart] = field(default_factory=dict)
    mapping: Pinned | None = None

    def missing_of(self, id: str) -> dict[str, str]:
        """Cells that mean no answer of an instrument."""
        part = self.parts.get(id)
        return dict(self.missing) if part is None else {**self.missing, **_listed(part)}


def missing_of(given: Collection[str] | Mapping[str, str]) -> dict[str, str]:
    """Cells that mean no answer, each with its code."""
    if isinstance(given, str):
        raise ParameterError("not_answered: give a list of codes, or a dict of code to label")
    codes = {str(code): str(code) for code in given}
    if isinstance(given, Mapping):
        codes |= {str(label): str(code) for code, label in given.items()}
    return codes


def by_mapping(mapping: Any, given: Mapping[str, Any]) -> Asked:
    """What a mapping says of an export; ``given`` are arguments that it takes the place of."""
    if not isinstance(mapping, Pinned):
        raise ParameterError("mapping: give a Mapping, as Mapping.load or reading.mapping gives it")
    if named := [name for name, value in given.items() if value]:
        raise ParameterError(f"{named[0]}: the mapping says that; leave it out")
    _check_file(mapping.file)
    visit, date = mapping.keys.visit, mapping.keys.date
    if visit is not None and visit.column not in EVENT_NAMES:
        raise _misfit(f"the visits of an export are its events: write column = {EVENT!r}", "keys.visit")
    if date is not None and date.format is not None:
        raise _misfit("REDCap writes dates as YYYY-MM-DD; leave the format out", "keys.date")
    return Asked(
        ids=[part.id for part in mapping.instrument],
        columns={part.id: given_names(definition(part.id), part.columns) for part in mapping.instrument},
        events={} if visit is None else visit.names,
        missing=_listed(mapping),
        date=None if date is None else date.column,
        record_id=mapping.keys.patient,
        site=mapping.keys.site or GROUP,
        parts={part.id: part for part in mapping.instrument},
        mapping=mapping,
    )


def check_export(export: Export, asked: Asked) -> None:
    """Refuse names that an export does not have, and an export that a mapping does not fit."""
    held = set(export.columns.get(EVENT, ()))
    days = asked.date if isinstance(asked.date, Mapping) else {}
    if asked.mapping is None:
        for argument, names in (("events", asked.events), ("date", days)):
            if names and not held & set(names):
                raise ParameterError(f"{argument}: the export has none of the events that it names")
        for name in days.values() if days else [asked.date]:
            if name is not None and name not in export.columns:
                raise ParameterError(f"date: the export has no field {name}")
        return
    file, keys = asked.mapping.file, asked.mapping.keys
    named = [keys.patient, keys.site, *([keys.date.column] if keys.date else [])]
    named += [name for part in asked.parts.values() for name in part.recorded.values()]
    if absent := [name for name in named if name is not None and name not in export.columns]:
        raise _misfit(f"there is no column {absent[0]!r}, which the mapping names", "row 1")
    if file is not None and file.columns_seen not in (None, digest(export.names)):
        message = (
            "the columns are not those that the mapping has seen; look at them, and write the mapping again"
        )
        raise _misfit(message, "row 1")
    if keys.visit is not None and EVENT not in export.columns:
        raise _misfit("the export has no events, and the mapping names some", "keys.visit")
    if asked.events and (unknown := held - set(asked.events)):
        row = min(export.columns[EVENT].index(event) for event in unknown) + 2
        raise _misfit("an event that the mapping does not know", f"row {row}, column {EVENT}")


def pinned(
    export: Export, asked: Asked, cells: Sequence[Cells], totals: Mapping[str, Mapping[str, str]]
) -> Pinned:
    """What a mapping would pin, with what is proposed."""
    parts, proposed = [], []
    for reader in cells:
        id, given = reader.instrument.id, reader.part
        open_ = reader.doubt not in (None, NO_LOWEST) or bool(reader.strange)
        coding = given.coding if given is not None else None if open_ else "answer"
        part = InstrumentPart(
            id=id,
            edition=reader.instrument.edition,
            columns=reader.names,
            scales=None if given is None else given.scales,
            coding=coding,
            not_answered=NotAnsweredPart() if given is None else given.not_answered,
            recorded=dict(totals[id]),
            labels_seen=labels_seen(reader.names, reader.choices)
            or ([] if given is None else given.labels_seen),
        )
        parts.append(part)
        if reader.counted():
            why = "the cells look as if they were counted from 1"
            proposed.append(Proposal(place=("instrument", id, "coding"), value="position", why=why))
    keys: dict[str, Any] = {"patient": export.record}
    if isinstance(asked.date, str):
        keys["date"] = DatePart(column=asked.date)
    if asked.site != GROUP:
        keys["site"] = asked.site
    if held := sorted(set(export.columns.get(EVENT, ())) - {""}):
        keys["visit"] = {"column": EVENT, "names": {event: asked.events.get(event, event) for event in held}}
    return Pinned(
        file=FilePart(kind="redcap", columns_seen=digest(export.names)),
        keys=KeysPart.model_validate(keys),
        not_answered=_not_answered(asked),
        instrument=parts,
        proposed=tuple(proposed),
    )


def _not_answered(asked: Asked) -> NotAnsweredPart:
    if asked.mapping is not None:
        return asked.mapping.not_answered
    whole = [cell for cell in asked.missing if re.fullmatch(r"-?[1-9]\d*|0", cell)]
    words = [cell for cell in asked.missing if cell not in whole and cell]
    return NotAnsweredPart(codes=[int(cell) for cell in whole], words=words)


def _listed(part: InstrumentPart | Pinned) -> dict[str, str]:
    return {str(code): str(code) for code in (*part.not_answered.codes, *part.not_answered.words)}


def _check_file(file: FilePart | None) -> None:
    if file is None:
        return
    file.require("redcap", "an export of REDCap")
    other = set(file.model_dump(exclude_defaults=True)) - {"kind", "columns_seen"}
    if other:
        raise _misfit("exports of REDCap are all written alike; leave the key out", f"file.{min(other)}")


def _misfit(message: str, place: str) -> InputError:
    return InputError(message, "mapping_does_not_fit", place)
