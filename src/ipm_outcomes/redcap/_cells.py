"""Cells of one instrument as answers, by its coding and the choices of the dictionary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from ipm_outcomes.answers import read_text
from ipm_outcomes.definition import Instrument, plain_label
from ipm_outcomes.errors import InputError, MissingExtraError, ParameterError
from ipm_outcomes.files._cells import frame_of
from ipm_outcomes.files._labels import check_labels, map_of, meant, says
from ipm_outcomes.frames._evidence import NO_LOWEST, gather
from ipm_outcomes.frames._items import ItemColumns, needed_items
from ipm_outcomes.mapping import InstrumentPart
from ipm_outcomes.redcap._columns import CHOICES, VALIDATION, choices_of
from ipm_outcomes.redcap._export import Export

_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
NOT_CHECKED = "coding_not_checked"


class Cells:
    """The fields of one instrument in an export, and what their cells mean."""

    def __init__(
        self,
        instrument: Instrument,
        names: Mapping[str, str],
        export: Export,
        missing: Mapping[str, str],
        part: InstrumentPart | None,
    ) -> None:
        self.instrument, self.export, self.missing, self.part = instrument, export, missing, part
        self.names = {item: name for item, name in names.items() if export.has(name)}
        self.coding = None if part is None else part.coding
        if export.record in self.names.values():
            message = (
                f"{instrument.id}: the column is the record id and that of an item; "
                "name another one with record_id="
            )
            raise InputError(message, "header_not_found", f"column {export.record}")
        self._check_choices()
        if part is not None and part.coding is None and self.counted():
            message = (
                f"{instrument.id}: the cells look as if they were counted from 1; the "
                "mapping has to say the coding"
            )
            raise InputError(message, "mapping_does_not_fit", f"instrument.{instrument.id}.coding")

    @cached_property
    def choices(self) -> dict[str, dict[str, str]]:
        """Labels by code, by field, of the dictionary."""
        fields = self.export.fields
        return {
            name: {code: label for code, label in choices_of(fields[name][CHOICES]) if label}
            for name in self.names.values()
            if name in fields
        }

    def _check_choices(self) -> None:
        """Refuse a field whose codes stand for other answers than those of the definition, or of the mapping."""
        if self.part is not None:
            if self.choices or not self.part.labels_seen:
                check_labels(self.part, self.instrument, self.names, self.choices)
            return
        for item, name in self.names.items():
            for code, answer in says(self.instrument, item, self.choices.get(name, {})).items():
                if _NUMBER.fullmatch(code) and code != f"{answer:g}" and code not in self.missing:
                    message = (
                        f"{name}: in the dictionary a code has the label of another answer of {self.instrument.id} "
                        f"{item}; recode the field, or say its coding in a mapping"
                    )
                    place = f"row {self.export.fields[name].number}"
                    raise InputError(message, "mapping_does_not_fit", place)

    @cached_property
    def doubt(self) -> str | None:
        """What `frames.inspect` says of the coding, where neither the dictionary nor a mapping says it."""
        instrument = self.instrument
        if self.coding not in (None, "answer"):
            return None
        scales = (
            instrument.scale_ids if self.part is None or self.part.scales is None else tuple(self.part.scales)
        )
        needed = needed_items(instrument, scales)
        if any(item not in self.names for item in needed) or self._is_declared():
            return None
        rows = range(self.export.rows)
        columns = {
            name: [
                cell if (cell := self.export.cell(name, row)) not in self.missing else None for row in rows
            ]
            for name in self.names.values()
        }
        columns = {name: [cell or None for cell in cells] for name, cells in columns.items()}
        try:
            frame = frame_of(columns)
        except MissingExtraError:
            return NOT_CHECKED
        return gather(ItemColumns(frame, instrument, dict(self.names), None, (), True, scales)).doubt

    def _is_declared(self) -> bool:
        """Whether the dictionary says with labels what the codes of all items with options mean."""
        listed = [item for item in self.names if not self.instrument.answers_of(item).numeric]
        return bool(listed) and all(
            says(self.instrument, item, self.choices.get(self.names[item], {})) for item in listed
        )

    @cached_property
    def strange(self) -> list[str]:
        """Fields of which no choice has a known label, where no mapping says the coding."""
        if self.coding is not None:
            return []
        return [
            name
            for item, name in self.names.items()
            if not self.instrument.answers_of(item).numeric
            and self.instrument.labels(item)
            and self.choices.get(name)
            and not says(self.instrument, item, self.choices[name])
        ]

    def given(self, item: str, cell: str) -> float | None:
        """The answer in a cell, None where there is none."""
        instrument, name = self.instrument, self.names[item]
        listed, field = instrument.answers_of(item), self.export.fields.get(name)
        choices = self.choices.get(name, {})
        if self.export.labeled:
            cell = {label: code for code, label in choices.items()}.get(cell, cell)
        if field is not None and "comma_decimal" in field[VALIDATION]:
            cell = cell.replace(",", ".")
        label = choices.get(cell, "")
        if self.coding == "label" and not listed.numeric and _NUMBER.fullmatch(cell):
            return meant(listed, instrument.labels(item), label)
        if label and not _NUMBER.fullmatch(cell) and cell not in self.missing:  # a code that is a word
            return meant(listed, instrument.labels(item), label)
        if (coding := map_of(self.coding, item)) is not None:
            if cell not in coding:
                return None
            number: int | None = coding[cell] * listed.per_unit
        elif self.coding == "position" and not listed.numeric and cell.isdecimal():
            number = dict(enumerate(listed.codes, 1)).get(int(cell))
        else:
            number = read_text(cell, listed.per_unit).number
            if number is None:
                number = instrument.labels(item).get(plain_label(cell))
        if number is None or not listed.lowest <= number <= listed.highest:
            return None
        if cell in self.missing:
            raise ParameterError(f"not_answered: {cell} is an answer of {instrument.id} {item}")
        return listed.answer(number)

    def as_is(self, cell: str) -> int | None:
        """The number in a cell, where the cells look as if they were counted from 1 and stay as they are."""
        if self.part is not None or self.doubt != "coding_from_one" or cell in self.missing:
            return None
        number = read_text(cell).number
        return int(number) if number is not None else None

    def counted(self) -> list[str]:
        """Items whose cells may be counted from 1."""
        if self.doubt in (None, NOT_CHECKED, NO_LOWEST):
            return []
        return [item for item in self.names if not self.instrument.answers_of(item).numeric]
