"""Instruments of a table: confirmed ones are read as answers, what is only likely is proposed."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from typing import Any

from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.catalog import instruments
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import InputError
from ipm_outcomes.files._cells import code_map, frame_of, translated, uniform
from ipm_outcomes.files._forms import CDISC, at_one_visit, name_at
from ipm_outcomes.files._grid import Grid, note
from ipm_outcomes.files._header import Table
from ipm_outcomes.files._keys import DATE, PATIENT, SITE, VISIT, Keys
from ipm_outcomes.files._labels import Labels, check_labels, label_map, labels_seen, translated_by_labels
from ipm_outcomes.files._propose import Found, proposals
from ipm_outcomes.frames._check import described
from ipm_outcomes.frames._evidence import gather
from ipm_outcomes.frames._findings import Finding, span
from ipm_outcomes.frames._inspect import findings
from ipm_outcomes.frames._items import ItemColumns, given_names, needed_items
from ipm_outcomes.frames._kernel import MISSING
from ipm_outcomes.frames._recorded import empty, number_in
from ipm_outcomes.mapping import FilePart, InstrumentPart, Mapping, Proposal
from ipm_outcomes.mapping._parts import DatePart, NotAnsweredPart
from ipm_outcomes.reading import Inference, Tables, append

_OF_DATES = ("dates_unreadable", "dates_ambiguous")
_DOUBT = ("coding_from_one", "coding_suspected")


class Settling:
    """Reads what is confirmed of a table, and gathers what is proposed."""

    def __init__(self, table: Table, grid: Grid, mapping: Mapping | None, keys: Keys) -> None:
        self.table, self.grid, self.given, self.keys = table, grid, mapping, keys
        self.ids: list[str] = []
        self.pinned: list[InstrumentPart] = []
        self.proposed: list[Proposal] = list(keys.proposed)
        self.answers: dict[str, list[Any]] = {}
        self.taken: set[str] = set()
        self.replaced: set[str] = set()
        """Columns of confirmed instruments, in the place of which answers and recorded scores are handed over."""

    # What is confirmed

    def settle(self, tables: Tables) -> None:
        """Read the instruments of the mapping, and those that have their columns under the usual names."""
        confirmed = list(self.given.instrument) if self.given is not None else []
        for part in confirmed:
            self._confirmed(part, tables)
        named = {part.id for part in confirmed}
        usual = [one for id in instruments() if id not in named and self._is_usual(one := definition(id))]
        for one in usual:
            self._usual(one, tables)
        free = [name for name in self.table.names if name not in self.taken]
        likely = proposals(free, self.grid.wording)
        if self.table.pins.get("long", {}).get("question") == CDISC["question"]:
            for found in [one for one in likely if one.standard and one.id not in named]:
                self._standard(found, tables)
                named.add(found.id)
        self._propose([one for one in likely if one.id not in {*named, *(two.id for two in usual)}])

    def _standard(self, one: Found, tables: Tables) -> None:
        """Items by the codes of a standard, in a file of that standard."""
        columns = dict(one.columns)
        part = InstrumentPart(id=one.id, columns=columns, recorded=one.recorded)
        told = "test codes of the standard say which item it is"
        where, of = span(list(columns.values())), len(self.table.lines)
        self.table.notes.append(
            note("columns_of_standard", told, where=where, instrument=one.id, rows=of, of=of, value=one.id)
        )
        self._confirmed(part, tables, stop=False)

    def _is_usual(self, one: Instrument) -> bool:
        needed = needed_items(one, one.scale_ids)
        return all(f"{one.id}_{item}" in self.table.columns for item in needed)

    def _usual(self, one: Instrument, tables: Tables) -> None:
        names = {item: name for item in one.item_ids if (name := f"{one.id}_{item}") in self.table.columns}
        labels = labels_seen(names, self.grid.labels)
        part = InstrumentPart(id=one.id, edition=one.edition, columns=names, labels_seen=labels)
        items = self._items(part, names)
        self._tell_texts(one.id, names)
        told = self._findings([one.id], {one.id: names})
        doubt = [finding for finding in told if finding.finding in _DOUBT]
        self.table.notes += [self._inference(finding) for finding in told]
        coding = self._other_coding(one, names)
        self.taken |= set(names.values())
        self.ids.append(one.id)
        self._propose_of(one.id, told, coding)
        if doubt or coding:  # what the cells mean has to be declared; until then they stay as they are
            self.pinned.append(part)
            return
        self.pinned.append(part.model_copy(update={"coding": "answer"}))
        self._answers(part, items, tables, False)

    def _confirmed(self, part: InstrumentPart, tables: Tables, stop: bool = True) -> None:
        one = definition(part.id)
        given = given_names(one, part.columns)
        scales = one.scale_ids if part.scales is None else part.scales
        needed = needed_items(one, scales)
        names = {item: name for item, name in given.items() if item in needed or name in self.table.columns}
        for item, name in [*names.items(), *part.recorded.items()]:
            if name not in self.table.columns:
                told = f"{part.id}: there is no column {name!r}, which the mapping has for {item}"
                raise InputError(told, "mapping_does_not_fit", f"{self.grid.unit} {self.table.header}")
        check_labels(part, one, names, self.grid.labels)
        items = self._items(part, names)
        if part.coding is None and gather(items).coding:
            told = (
                f"{part.id}: the cells look as if they were counted from 1; the mapping has to say the coding"
            )
            raise InputError(told, "mapping_does_not_fit", f"instrument.{part.id}.coding")
        self.replaced |= {*names.values(), *part.recorded.values()}
        self.taken |= self.replaced
        self.ids.append(part.id)
        labels = labels_seen(names, self.grid.labels) if self.grid.labels else part.labels_seen
        self.pinned.append(part.model_copy(update={"labels_seen": labels}))
        self._tell_texts(part.id, names)
        found = self._findings([part.id], {part.id: names}, part)
        self.table.notes += [self._inference(finding) for finding in found]
        self._answers(part, items, tables, stop)
        self._recorded(part, tables)

    def _missing(self, part: InstrumentPart) -> list[int | str]:
        found: list[int | str] = [*part.not_answered.codes, *part.not_answered.words]
        if self.given is not None:
            found += [*self.given.not_answered.codes, *self.given.not_answered.words]
        return found

    def _tell_texts(self, id: str, names: Dict[str, str]) -> None:
        """Say where a file that has numbers keeps answers as text."""
        if self.grid.kind == "csv":
            return
        rows = zip(*(self.table.columns[name] for name in names.values()), strict=True)
        count = sum(any(isinstance(cell, str) and cell.strip().isdigit() for cell in row) for row in rows)
        if count:
            seen, of = "numbers that are kept as text; read as numbers", len(self.table.lines)
            where = span(list(names.values()))
            self.table.notes.append(
                note("numbers_as_text", seen, where=where, instrument=id, rows=count, of=of)
            )

    def _items(self, part: InstrumentPart, names: Dict[str, str]) -> ItemColumns:
        missing = self._missing(part)
        columns = {name: self._cells(part, item, name) for item, name in names.items()}
        coding: Any = part.coding if part.coding in ("answer", "position") else None
        if part.coding is not None and coding is None:
            coding = "answer"
        frame = frame_of(columns)
        return ItemColumns(frame, part.id, dict(names), coding, missing, True, part.scales)

    def _cells(self, part: InstrumentPart | None, item: str, name: str) -> list[Any]:
        """Cells of a column with the coding of a mapping applied, where that is more than a position."""
        cells = self.table.columns[name]
        if part is None or part.coding in (None, "answer", "position"):
            return cells
        missing = frozenset(map(str, self._missing(part)))
        if isinstance(part.coding, dict):
            return translated(cells, part.coding, missing)
        listed = definition(part.id).answers_of(item)
        return translated_by_labels(cells, self.grid.labels.get(name, {}), listed, missing)

    def _answers(self, part: InstrumentPart, items: ItemColumns, tables: Tables, stop: bool) -> None:
        """Cells as answers; what is none stops, or is null and reported."""
        one = items.instrument
        for item, name in items.names.items():
            column, reading, listed = f"{one.id}_{item}", items.readings[item], one.answers_of(item)
            cells = self._cells(part, item, name)
            kept: dict[Any, tuple[Any, str | None, str]] = {}
            found: list[Any] = []
            for row, cell in enumerate(cells):
                key = (type(cell), cell)
                if key not in kept:
                    code, _ = reading.judge(cell)
                    rule, told = described(cell, reading)[3:] if code < MISSING else (None, "")
                    kept[key] = (listed.answer(code) if code > MISSING else None, rule, told)
                answer, rule, told = kept[key]
                found.append(answer)
                if rule is None:
                    continue
                line = self.table.lines[row]
                place = f"{self.grid.unit} {line}, column {name}"
                if stop:
                    said = f"{column}: the cell is nothing that the mapping knows; {told}"
                    raise InputError(said, "mapping_does_not_fit", place)
                append(tables.problems, (row, line, column, place, rule, told))
            self.answers[column] = found

    def _recorded(self, part: InstrumentPart, tables: Tables) -> None:
        for scale, name in part.recorded.items():
            for row, cell in enumerate(self.table.columns[name]):
                if cell is None or (isinstance(cell, str) and empty(cell)):
                    continue
                place = f"{self.grid.unit} {self.table.lines[row]}, column {name}"
                number = None if scale.endswith("_band") else number_in(cell)
                if number is None and not scale.endswith("_band"):
                    raise InputError(
                        f"{part.id}: a recorded score that is no number", "mapping_does_not_fit", place
                    )
                value = str(cell) if number is None else float(number)
                append(tables.recorded, (row, f"{part.id}_{scale}", value, place))

    # What is seen and proposed

    def _findings(
        self, ids: list[str], columns: dict[str, dict[str, str]], part: InstrumentPart | None = None
    ) -> list[Finding]:
        """What `frames.inspect` says of these columns."""
        named = [name for own in columns.values() for name in own.values()]
        extra = [name for name in (self.keys.patient, self.keys.date) if name is not None]
        cells = {name: self.table.columns[name] for name in dict.fromkeys([*named, *extra])}
        missing: Any = self._missing(part) if part is not None else ()
        if part is not None:
            own = columns[part.id]
            cells |= {name: self._cells(part, item, name) for item, name in own.items()}
        # Cells that are read as they are may look as if they were counted from 1, whatever the mapping says.
        coding = None
        if part is not None and part.coding not in (None, "answer"):
            coding = "position" if part.coding == "position" else "answer"
        found = findings(
            frame_of(cells),
            ids,
            columns=columns,
            coding=coding,  # type: ignore[arg-type]
            not_answered=missing,
            text_numbers=True,
            scales=None if part is None else part.scales,
            id=self.keys.patient,
            date=self.keys.date,
        )
        return [one for one in found if one.finding not in (*_OF_DATES, "recorded_scores", "group_spelling")]

    def _inference(self, one: Finding) -> Inference:
        value = one.settle.partition("=")[2] if one.settle and one.argument != "data" else None
        sure = not one.moves and one.argument is None
        return Inference(
            one.finding, one.where, one.instrument, one.rows, one.of, one.settle, value, sure, one.seen
        )

    def _propose(self, likely: Sequence[Found]) -> None:
        for one in likely:
            found = definition(one.id)
            listed = list(one.columns.values())
            at_visits = bool(one.prefixes or one.suffixes)
            told = [] if at_visits else self._findings_of(one)
            rows = max((finding.rows for finding in told if finding.finding == "instrument_found"), default=0)
            self.table.notes.append(
                note(
                    "columns_proposed",
                    one.evidence,
                    where=span(listed),
                    instrument=one.id,
                    rows=rows,
                    of=len(self.table.lines),
                    value=one.how,
                    settle=f"mapping.accept({one.id!r})".replace("'", '"'),
                    sure=False,
                )
            )
            if at_visits:
                self._date_of_visits(one)
                parts = ", ".join(one.prefixes or one.suffixes)
                way = "from_prefix" if one.prefixes else "from_suffix"
                evidence = f"the same whole set is there under {len(one.prefixes or one.suffixes)} visits"
                settle = f"mapping [keys] visit.{way}"
                self.table.notes.append(
                    note(
                        "visits_in_columns",
                        evidence,
                        instrument=one.id,
                        rows=len(self.table.lines),
                        of=len(self.table.lines),
                        value=parts,
                        settle=f"{settle}=…",
                        sure=False,
                    )
                )
            self.table.notes += [
                self._inference(finding) for finding in told if finding.finding != "instrument_found"
            ]
            self.proposed += proposed_parts([one], {one.id: told}, self.grid.labels)
            if not at_visits and (coding := self._other_coding(found, one.columns)):
                self._propose_of(one.id, [], coding)

    def _date_of_visits(self, one: Found) -> None:
        """Propose the date of one visit only where each visit has its own, under its name without the visit."""
        visits, last = one.prefixes or one.suffixes, bool(one.suffixes)
        for proposal in [other for other in self.proposed if other.place == ("keys", "date")]:
            name = at_one_visit(proposal.value.column, visits, last)
            if name is None:
                continue
            self.proposed.remove(proposal)
            if all(name_at(visit, name, self.table.columns, last) for visit in visits):
                why = "each visit has a column of dates"
                value = DatePart(column=name, format=proposal.value.format)
                self.proposed.append(Proposal(place=("keys", "date"), value=value, why=why))

    def _findings_of(self, one: Found) -> list[Finding]:
        columns = {one.id: dict(one.columns)}
        scales = list(one.scales) if one.scales else None
        part = InstrumentPart(id=one.id, columns=dict(one.columns), scales=scales)
        return self._findings([one.id], columns, part)

    def _propose_of(self, id: str, seen: Sequence[Finding], coding: dict[str, int] | str | None) -> None:
        self.proposed += proposed_of(id, seen)
        if coding is not None:
            self.proposed = [one for one in self.proposed if one.place != ("instrument", id, "coding")]
            why = "codes as the labels of the file, or the answer codes of the survey tool, say"
            self.proposed.append(Proposal(place=("instrument", id, "coding"), value=coding, why=why))
            pairs = coding.items() if isinstance(coding, dict) else ()
            shown = ", ".join(f"{code} = {answer}" for code, answer in pairs) or str(coding)
            self.table.notes.append(
                note(
                    "coding_of_labels",
                    why,
                    instrument=id,
                    rows=len(self.table.lines),
                    of=len(self.table.lines),
                    value=shown,
                    settle="mapping coding={…}" if pairs else 'mapping coding="label"',
                    sure=False,
                )
            )

    def _other_coding(self, one: Instrument, columns: Dict[str, str]) -> dict[str, int] | str | None:
        if found := label_map(one, columns, self.grid.labels):
            return found
        return code_map(
            one, {item: name for item, name in columns.items() if name in self.table.columns}, self.table
        )

    # What is handed over

    def data(self) -> dict[str, list[Any]]:
        """The number of each row in the file, keys under their names, answers, and what else the file has."""
        keys = {
            PATIENT: self.keys.patient,
            DATE: self.keys.date,
            SITE: self.keys.site,
            VISIT: self.keys.visit,
        }
        found: dict[str, list[Any]] = {"line": list(self.table.lines)}
        names = {name: key for key, name in keys.items() if name is not None}
        for name, cells in self.table.columns.items():
            target = names.get(name, name)
            if name in self.replaced or target == "line":
                continue
            if target in found:
                told = f"two columns would have the name {target!r}; rename one of them"
                raise InputError(told, "mapping_does_not_fit", f"{self.grid.unit} {self.table.header}")
            found[target] = self.answers[name] if name in self.answers else uniform(cells)
        return {**found, **self.answers}

    def mapping(self, file: FilePart) -> Mapping:
        """What a mapping would pin, with what is proposed."""
        return Mapping(
            file=file,
            keys=self.keys.pinned,
            not_answered=NotAnsweredPart() if self.given is None else self.given.not_answered,
            instrument=self.pinned,
            proposed=tuple(self.proposed),
        )


def proposed_parts(
    likely: Sequence[Found], found_in: Dict[str, Sequence[Finding]], labels: Labels
) -> list[Proposal]:
    """Proposals of whole sets, and of what their cells give reason to suspect."""
    found: list[Proposal] = []
    for one in likely:
        part = InstrumentPart(
            id=one.id,
            columns=dict(one.columns),
            scales=list(one.scales) if one.scales else None,
            recorded=one.recorded,
            labels_seen=labels_seen(one.columns, labels),
        )
        strength = {
            "wording": "by wording",
            "codes": "by item codes",
            "names": "by name",
            "weak": "by name, weak",
        }
        found.append(
            Proposal(place=("instrument", one.id), value=part, why=f"{strength[one.how]}: {one.evidence}")
        )
        if one.prefixes or one.suffixes:
            way = "from_prefix" if one.prefixes else "from_suffix"
            visits = {name: name for name in one.prefixes or one.suffixes}
            why = "the same whole set is there at each of these visits; give them the names of visits"
            if not any(other.place == ("keys", "visit") for other in found):
                found.append(Proposal(place=("keys", "visit"), value={way: visits}, why=why))
        found += proposed_of(one.id, found_in.get(one.id, ()))
    return found


def proposed_of(id: str, seen: Sequence[Finding]) -> list[Proposal]:
    """What a mapping would say to settle findings."""
    found = [
        Proposal(place=("instrument", id, "coding"), value="position", why=finding.seen)
        for finding in seen
        if finding.finding in _DOUBT
    ]
    missing = [finding for finding in seen if finding.argument == "not_answered"]
    if missing:
        values = missing[0].value
        listed = list(values[id] if isinstance(values, Dict) else values)
        value: dict[str, list[Any]] = {}
        if codes := [one for one in listed if isinstance(one, int)]:
            value["codes"] = codes
        if words := [one for one in listed if isinstance(one, str)]:
            value["words"] = words
        why = "; ".join(finding.seen for finding in missing)
        found.append(Proposal(place=("instrument", id, "not_answered"), value=value, why=why))
    return found
