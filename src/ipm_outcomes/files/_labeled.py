"""Value labels of a file, looked up for the items of an instrument; what they say is reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import InputError
from ipm_outcomes.files._header import Table
from ipm_outcomes.files._label_proof import (
    AGREE,
    NONE,
    OTHER,
    RATING,
    UNKNOWN,
    Column,
    coding_of,
    column_of,
    likely,
    state_of,
    written,
)
from ipm_outcomes.frames._findings import span
from ipm_outcomes.mapping import InstrumentPart

_SEEN = {
    AGREE: "the labels of the file say the same answers as the codes",
    OTHER: "the labels of the file prove other answers than the codes; read by the labels",
    UNKNOWN: "the labels of the file are not those of the answers of this form, or not of every code",
    RATING: "the labels of the file are not known, so that they cannot prove which end is which",
}


class Said:
    """What the labels of a file say of one instrument.

    Attributes
    ----------
    columns
        By item.
    state
        As in `Column`.
    coding
        As a mapping would have it, as far as the labels prove it.
    likely
        A coding to be confirmed, where they prove none.
    """

    def __init__(self, instrument: Instrument, columns: Mapping[str, Column]) -> None:
        self.columns = columns
        self.state = state_of(instrument, columns)
        self.coding = coding_of(columns)
        self.likely = likely(instrument, columns) if self.state == UNKNOWN else None

    @property
    def proved(self) -> bool:
        """Whether the labels of every item say that the codes are the answers, and no other code is there."""
        return self.state == AGREE and all(
            column.state == AGREE and column.whole for column in self.columns.values()
        )

    @property
    def shown(self) -> str | None:
        """The coding in one line."""
        if not self.coding:
            return None
        by_item = any(isinstance(answers, dict) for answers in self.coding.values())
        items: dict[str, list[str]] = {}
        for item, own in self.coding.items() if by_item else [("", self.coding)]:
            items.setdefault(", ".join(f"{code} = {answer}" for code, answer in own.items()), []).append(item)
        return "; ".join(f"{span(of)}: {line}" if by_item else line for line, of in items.items())


class FileLabels:
    """The labels of a file, and cells without those that a label declares to be no answer."""

    def __init__(self, table: Table, labels: Mapping[str, Mapping[Any, str]]) -> None:
        self.table, self.labels = table, labels
        self.proved: set[str] = set()
        """Instruments whose labels say that the codes are the answers."""
        self.cleaned: dict[str, list[Any]] = {}

    def cells(self, name: str) -> list[Any]:
        """The cells of a column; of one that was looked up, null where a label says that there is no answer."""
        return self.cleaned.get(name, self.table.columns[name])

    def of(self, instrument: Instrument, names: Mapping[str, str]) -> Said:
        """What the labels say of the columns of an instrument. Cells that mean no answer are null from here on."""
        columns = {
            item: column_of(instrument, item, self.labels.get(name, {}), self.table.columns[name])
            for item, name in names.items()
        }
        blanked: set[int] = set()
        where = []
        for item, name in names.items():
            missing = columns[item].missing
            cells = self.table.columns[name]
            out = [n for n, cell in enumerate(cells) if cell is not None and written(cell) in missing]
            if missing and name not in self.cleaned and out:
                self.cleaned[name] = [
                    None if cell is not None and written(cell) in missing else cell for cell in cells
                ]
                where.append(name)
                blanked.update(out)
        if blanked:
            codes = {code for column in columns.values() for code in column.missing}
            seen = "codes whose label in the file says that there is no answer "
            seen += f"({', '.join(sorted(codes))}); not answered"
            rows = len(blanked)
            self.table.note(
                "missing_code", seen, where=span(where), instrument=instrument.id, value="null", rows=rows
            )
        said = Said(instrument, columns)
        self.proved |= {instrument.id} if said.proved else set()
        return said

    def tell(self, instrument: Instrument, names: Mapping[str, str], said: Said, applied: bool) -> None:
        """Say what the labels prove, or that they prove nothing."""
        if said.state == NONE:
            return
        about = [
            names[item]
            for item, column in said.columns.items()
            if column.state == said.state or (said.state == UNKNOWN and column.state == NONE)
        ]
        known = said.state in (AGREE, OTHER)
        seen = _SEEN[said.state]
        settle = None
        strange = known and any(said.columns[item].strange for item in said.columns)
        if said.state == OTHER and not applied:
            seen, settle = seen.partition(";")[0], "mapping coding={…}"
        if said.state == UNKNOWN:
            seen += "" if applied else "; what the codes mean has to be declared"
            settle = None if applied else "mapping coding={…}"
        if strange:
            seen += "; the labels of codes between the lowest and the highest answer are not all known"
        value = said.shown if said.state in (OTHER, UNKNOWN) else "answer"
        rows = sum(
            any(cell is not None for cell in row)
            for row in zip(*(self.cells(name) for name in about), strict=True)
        )
        self.table.note(
            "coding_of_labels" if known else "labels_unknown",
            seen,
            where=span(about),
            instrument=instrument.id,
            rows=rows,
            value=value if known or said.state == UNKNOWN else None,
            settle=settle,
            sure=not strange and (said.state == AGREE or (applied and said.state != RATING)),
        )

    def settled(
        self, instrument: Instrument, names: Mapping[str, str], part: InstrumentPart
    ) -> InstrumentPart:
        """A part of a mapping with the coding that the labels prove, where it says none or ``label``.

        Raises
        ------
        InputError
            The mapping says no coding, and the labels are not known.
        """
        said = self.of(instrument, names)
        if part.coding is None and said.state == UNKNOWN:
            message = f"{instrument.id}: {_SEEN[UNKNOWN]}; the mapping has to say the coding"
            raise InputError(message, "mapping_does_not_fit", f"instrument.{instrument.id}.coding")
        self.tell(instrument, names, said, True)
        if part.coding in (None, "label") and said.state == OTHER:
            return part.model_copy(update={"coding": said.coding})
        return part.model_copy(update={"coding": "answer"}) if part.coding is None and said.proved else part
