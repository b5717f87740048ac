"""Instruments of a table: confirmed ones are read as answers, what is only likely is proposed."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from typing import Any

from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.catalog import instruments
from ipm_outcomes.definition import Instrument, numbered_label
from ipm_outcomes.errors import InputError
from ipm_outcomes.files._cells import code_map, frame_of, translated, uniform
from ipm_outcomes.files._forms import at_one_visit, name_at
from ipm_outcomes.files._grid import Grid
from ipm_outcomes.files._header import Table
from ipm_outcomes.files._keys import DATE, PATIENT, SITE, VISIT, Keys
from ipm_outcomes.files._label_proof import OTHER, UNKNOWN
from ipm_outcomes.files._labeled import FileLabels, Said
from ipm_outcomes.files._labels import check_labels, labels_seen, map_of, translated_by_labels
from ipm_outcomes.files._propose import Candidate, contradicted, proposals
from ipm_outcomes.files._proposed import DOUBT, all_columns, part_of, proposed_of, proposed_parts
from ipm_outcomes.files._qs import is_standard, same_number
from ipm_outcomes.files._short import short_sets
from ipm_outcomes.frames._check import described
from ipm_outcomes.frames._evidence import NO_LOWEST, gather, unseen_lowest, without_lowest
from ipm_outcomes.frames._findings import Finding, span
from ipm_outcomes.frames._inspect import findings
from ipm_outcomes.frames._items import ItemColumns, given_names, nearest_column, needed_items
from ipm_outcomes.frames._kernel import MISSING
from ipm_outcomes.frames._recorded import empty, number_in
from ipm_outcomes.mapping import FilePart, InstrumentPart, Mapping, Proposal
from ipm_outcomes.mapping._parts import DatePart, NotAnsweredPart
from ipm_outcomes.reading import Inference, Tables, append

_OF_DATES = ("dates_unreadable", "dates_ambiguous")


class Settling:
    """Reads what is confirmed of a table, and gathers what is proposed."""

    def __init__(self, table: Table, grid: Grid, mapping: Mapping | None, keys: Keys) -> None:
        self.table, self.grid, self.given, self.keys = table, grid, mapping, keys
        self.labels = FileLabels(table, grid.labels)
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
        usual = [
            instrument
            for id in instruments()
            if id not in named and self._is_usual(instrument := definition(id))
        ]
        for instrument in usual:
            self._usual(instrument, tables)
        free = [name for name in self.table.names if name not in self.taken]
        likely = proposals(free, self.grid.wording)
        if is_standard(self.table.pins.get("long")):
            for candidate in [new for new in likely if new.standard and new.id not in named]:
                self._standard(candidate, tables)
                named.add(candidate.id)
        named |= {instrument.id for instrument in usual}
        likely = [candidate for candidate in likely if candidate.id not in named]
        self._propose(likely)
        self._short([name for candidate in likely for name in all_columns(candidate, free)], free)

    def _short(self, proposed: Sequence[str], free: Sequence[str]) -> None:
        """Say of which instruments only some columns are there, and propose the scales that need no other."""
        places = [proposal.place for proposal in self.proposed]
        passed = {*self.ids, *(place[1] for place in places if place[0] == "instrument")}
        rest = [name for name in free if name not in proposed]
        for short in short_sets(rest, self.grid.wording, passed):
            settle = f'mapping.accept("{short.id}")' if short.scales else "mapping columns={…}"
            self.table.note(
                "columns_missing",
                short.evidence + self._nearest(short.id, short.columns),
                where=span(list(short.columns.values())),
                instrument=short.id,
                settle=settle,
                sure=False,
            )
            if short.scales:
                part = InstrumentPart(id=short.id, columns=short.columns, scales=list(short.scales))
                self.proposed.append(Proposal(place=("instrument", short.id), value=part, why=short.evidence))

    def _nearest(self, id: str, columns: Dict[str, str]) -> str:
        """The column that may be meant by the usual name of an item without one."""
        absent = [f"{id}_{item}" for item in definition(id).item_ids if item not in columns]
        free = [name for name in self.table.names if name not in columns.values()]
        return nearest_column(absent, free)

    def _standard(self, candidate: Candidate, tables: Tables) -> None:
        """Items by the codes of a standard, in a file of that standard."""
        columns = dict(candidate.columns)
        part = InstrumentPart(id=candidate.id, columns=columns, recorded=candidate.recorded)
        seen = "test codes of the standard say which item it is"
        where = span(list(columns.values()))
        self.table.note("columns_of_standard", seen, where=where, instrument=part.id, value=part.id)
        self._confirmed(part, tables, stop=False)

    def _is_usual(self, instrument: Instrument) -> bool:
        needed = needed_items(instrument, instrument.scale_ids)
        names = {item: f"{instrument.id}_{item}" for item in needed}
        there = all(name in self.table.columns for name in names.values())
        return there and not contradicted(instrument.id, names, self.grid.wording)

    def _usual(self, instrument: Instrument, tables: Tables) -> None:
        names = {
            item: name
            for item in instrument.item_ids
            if (name := f"{instrument.id}_{item}") in self.table.columns
        }
        labels = labels_seen(names, self.grid.labels)
        part = InstrumentPart(id=instrument.id, edition=instrument.edition, columns=names, labels_seen=labels)
        said = self.labels.of(instrument, names)
        read = self._labeled(part, said)
        items = self._items(read, names)
        self._tell_texts(instrument.id, names)
        self.labels.tell(instrument, names, said, said.state != UNKNOWN)
        seen = self._findings([instrument.id], {instrument.id: names}, read)
        doubt = [finding for finding in seen if finding.finding in DOUBT]
        self._tell_lowest(items)
        self.table.notes += [self._inference(finding) for finding in seen]
        coding = code_map(instrument, names, self.table)
        self.taken |= set(names.values())
        self.ids.append(instrument.id)
        self._propose_of(instrument.id, seen, coding, said)
        if doubt or coding or said.state == UNKNOWN:
            # What the cells mean has to be declared; until then they stay as they are.
            self.pinned.append(part)
            return
        if read.coding is None:
            read = read.model_copy(update={"coding": "answer"})
        self.pinned.append(read)
        self._answers(read, items, tables, False)

    def _labeled(self, part: InstrumentPart, said: Said) -> InstrumentPart:
        """A part with the coding that labels of the file prove."""
        coding: Any = said.coding if said.state == OTHER else "answer" if said.proved else None
        return part if coding is None else part.model_copy(update={"coding": coding})

    def _confirmed(self, part: InstrumentPart, tables: Tables, stop: bool = True) -> None:
        instrument = definition(part.id)
        given = given_names(instrument, part.columns)
        scales = instrument.scale_ids if part.scales is None else part.scales
        needed = needed_items(instrument, scales)
        names = {item: name for item, name in given.items() if item in needed or name in self.table.columns}
        for item, name in [*names.items(), *part.recorded.items()]:
            if name not in self.table.columns:
                message = f"{part.id}: there is no column {name!r}, which the mapping has for {item}"
                raise InputError(message, "mapping_does_not_fit", f"{self.grid.unit} {self.table.header}")
        check_labels(part, instrument, names, self.grid.labels)
        labels = labels_seen(names, self.grid.labels) if self.grid.labels else part.labels_seen
        pinned = part.model_copy(update={"labels_seen": labels})
        part = self.labels.settled(instrument, names, part)
        if pinned.coding is None:
            pinned = pinned.model_copy(update={"coding": part.coding})
        items = self._items(part, names)
        self._agree(part, items)
        if part.coding is None and gather(items).coding:
            message = (
                f"{part.id}: the cells look as if they were counted from 1; the mapping has to say the coding"
            )
            raise InputError(message, "mapping_does_not_fit", f"instrument.{part.id}.coding")
        self.replaced |= {*names.values(), *part.recorded.values()}
        self.taken |= self.replaced
        self.ids.append(part.id)
        self.pinned.append(pinned)
        self._tell_texts(part.id, names)
        self._tell_lowest(items)
        seen = self._findings([part.id], {part.id: names}, part)
        self.table.notes += [self._inference(finding) for finding in seen]
        self._answers(part, items, tables, stop)
        self._recorded(part, tables)

    def _missing(self, part: InstrumentPart) -> list[int | str]:
        codes: list[int | str] = [*part.not_answered.codes, *part.not_answered.words]
        if self.given is not None:
            codes += [*self.given.not_answered.codes, *self.given.not_answered.words]
        return codes

    def _tell_texts(self, id: str, names: Dict[str, str]) -> None:
        """Say where a file that has numbers keeps answers as text."""
        if self.grid.kind == "csv":
            return
        rows = zip(*(self.labels.cells(name) for name in names.values()), strict=True)
        count = sum(any(isinstance(cell, str) and cell.strip().isdigit() for cell in row) for row in rows)
        if count:
            seen, where = "numbers that are kept as text; read as numbers", span(list(names.values()))
            self.table.note("numbers_as_text", seen, where=where, instrument=id, rows=count)

    def _tell_lowest(self, items: ItemColumns) -> None:
        """Say where some forms, too few for a doubt, hold no lowest answer."""
        evidence = without_lowest(items)
        if evidence is None or evidence.doubt != NO_LOWEST:
            return
        seen = unseen_lowest(int(evidence.complete.sum()), evidence.span[0])
        rows = int(evidence.numbered.sum())
        where, settle = span(list(items.names.values())), 'mapping coding="answer" or "position"'
        id = items.instrument.id
        self.table.note(NO_LOWEST, seen, where=where, instrument=id, rows=rows, settle=settle, sure=False)

    def _cells(self, part: InstrumentPart | None, item: str, name: str) -> list[Any]:
        """The cells of an item, by the map of codes where the part has one."""
        cells = self.labels.cells(name)
        if part is None or part.coding in (None, "answer", "position"):
            return cells
        missing = frozenset(map(str, self._missing(part)))
        if part.coding == "label":
            listed = definition(part.id).answers_of(item)
            return translated_by_labels(cells, self.grid.labels.get(name, {}), listed, missing)
        coding = map_of(part.coding, item)
        return cells if coding is None else translated(cells, coding, missing)

    def _items(self, part: InstrumentPart, names: Dict[str, str]) -> ItemColumns:
        missing = self._missing(part)
        columns = {name: self._cells(part, item, name) for item, name in names.items()}
        coding: Any = part.coding if part.coding in ("answer", "position") else None
        if part.coding is not None and coding is None:
            coding = "answer"
        frame = frame_of(columns)
        return ItemColumns(frame, part.id, dict(names), coding, missing, True, part.scales)

    def _answers(self, part: InstrumentPart, items: ItemColumns, tables: Tables, stop: bool) -> None:
        """Cells as answers; what is none stops, or is null and reported."""
        instrument = items.instrument
        for item, name in items.names.items():
            column, reading = f"{instrument.id}_{item}", items.readings[item]
            listed = instrument.answers_of(item)
            cells = self._cells(part, item, name)
            kept: dict[Any, tuple[Any, str | None, str]] = {}
            answers: list[Any] = []
            for row, cell in enumerate(cells):
                key = (type(cell), cell)
                if key not in kept:
                    code, _ = reading.judge(cell)
                    rule, reason = described(cell, reading)[3:] if code < MISSING else (None, "")
                    kept[key] = (listed.answer(code) if code > MISSING else None, rule, reason)
                answer, rule, reason = kept[key]
                answers.append(answer)
                if rule is None:
                    continue
                line = self.table.lines[row]
                place = f"{self.grid.unit} {line}, column {name}"
                if stop:
                    said = f"{column}: the cell is nothing that the mapping knows; {reason}"
                    raise InputError(said, "mapping_does_not_fit", place)
                append(tables.problems, (row, line, column, place, rule, reason))
            self.answers[column] = answers

    def _agree(self, part: InstrumentPart, items: ItemColumns) -> None:
        """Stop where another column of the file says another answer of a question."""
        for item, name in items.names.items():
            cells, reading = self._cells(part, item, name), items.readings[item]
            for row, (other, line) in self.table.witness.get(name, {}).items():
                beside = numbered_label(other, reading.labels) if isinstance(other, str) else None
                meant = reading.judge(other)[0] if beside is None else beside[1]
                if meant > MISSING and reading.judge(cells[row])[0] != meant:
                    message = (
                        f"{part.id}: the original and the standard result of {name} are different answers"
                    )
                    raise InputError(message, "display_contradicts", f"{self.grid.unit} {line}")

    def _recorded(self, part: InstrumentPart, tables: Tables) -> None:
        for scale, name in part.recorded.items():
            for row, cell in enumerate(self.table.columns[name]):
                if cell is None or (isinstance(cell, str) and empty(cell)):
                    continue
                place = f"{self.grid.unit} {self.table.lines[row]}, column {name}"
                other, line = self.table.witness.get(name, {}).get(row, (None, 0))
                if same_number(cell, other) is False:
                    message = (
                        f"{part.id}: the original and the standard result of {name} are different scores"
                    )
                    raise InputError(message, "display_contradicts", f"{self.grid.unit} {line}")
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
        extra = [name for name in (self.keys.patient, self.keys.date) if name is not None]
        cells = {name: self.table.columns[name] for name in extra}
        for own in columns.values():
            cells |= {name: self._cells(part, item, name) for item, name in own.items()}
        missing: Any = self._missing(part) if part is not None else ()
        # Cells that are read as they are may look as if they were counted from 1, whatever the mapping says.
        coding = None
        if part is not None and (part.coding not in (None, "answer") or part.id in self.labels.proved):
            coding = "position" if part.coding == "position" else "answer"
        findings_ = findings(
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
        return [
            finding
            for finding in findings_
            if finding.finding not in (*_OF_DATES, "recorded_scores", "group_spelling")
        ]

    def _inference(self, finding: Finding) -> Inference:
        value = finding.settle.partition("=")[2] if finding.settle and finding.argument != "data" else None
        sure = not finding.moves and finding.argument is None
        return Inference(
            finding.finding,
            finding.where,
            finding.instrument,
            finding.rows,
            finding.of,
            finding.settle,
            value,
            sure,
            finding.seen,
        )

    def _propose(self, likely: Sequence[Candidate]) -> None:
        for candidate in likely:
            instrument = definition(candidate.id)
            listed = list(candidate.columns.values())
            at_visits = bool(candidate.prefixes or candidate.suffixes)
            said = None if at_visits else self.labels.of(instrument, candidate.columns)
            seen: list[Finding] = []
            if said is not None:
                labeled = self._labeled(part_of(candidate, {}), said)
                seen = self._findings([candidate.id], {candidate.id: dict(candidate.columns)}, labeled)
                self._tell_lowest(self._items(labeled, candidate.columns))
            rows = max((finding.rows for finding in seen if finding.finding == "instrument_found"), default=0)
            self.table.note(
                "columns_proposed",
                candidate.evidence,
                where=span(listed),
                instrument=candidate.id,
                rows=rows,
                value=candidate.how,
                settle=f"mapping.accept({candidate.id!r})".replace("'", '"'),
                sure=False,
            )
            if at_visits:
                self._date_of_visits(candidate)
                parts = ", ".join(candidate.prefixes or candidate.suffixes)
                way = "from_prefix" if candidate.prefixes else "from_suffix"
                message = f"the same whole set is there under {len(candidate.prefixes or candidate.suffixes)} visits"
                settle = f"mapping [keys] visit.{way}"
                self.table.note(
                    "visits_in_columns",
                    message,
                    instrument=candidate.id,
                    value=parts,
                    settle=f"{settle}=…",
                    sure=False,
                )
            self.table.notes += [
                self._inference(finding) for finding in seen if finding.finding != "instrument_found"
            ]
            self.proposed += proposed_parts([candidate], {candidate.id: seen}, self.grid.labels)
            if said is None:  # of visits that have the same labels, the first says the coding
                visit, last = (candidate.prefixes or candidate.suffixes)[0], bool(candidate.suffixes)
                names = {
                    item: column
                    for item, name in candidate.columns.items()
                    if (column := name_at(visit, name, self.table.columns, last))
                }
                first = self.labels.of(instrument, names)
                self.labels.tell(instrument, names, first, False)
                self._propose_of(candidate.id, [], None, first)
            else:
                self.labels.tell(instrument, candidate.columns, said, False)
                self._propose_of(candidate.id, [], code_map(instrument, candidate.columns, self.table), said)

    def _date_of_visits(self, candidate: Candidate) -> None:
        """Propose the date of one visit only where each visit has its own, under its name without the visit."""
        visits, last = candidate.prefixes or candidate.suffixes, bool(candidate.suffixes)
        for proposal in [other for other in self.proposed if other.place == ("keys", "date")]:
            name = at_one_visit(proposal.value.column, visits, last)
            if name is None:
                continue
            self.proposed.remove(proposal)
            if all(name_at(visit, name, self.table.columns, last) for visit in visits):
                why = "each visit has a column of dates"
                value = DatePart(column=name, format=proposal.value.format)
                self.proposed.append(Proposal(place=("keys", "date"), value=value, why=why))

    def _propose_of(
        self, id: str, seen: Sequence[Finding], coding: dict[str, int] | None, said: Said
    ) -> None:
        self.proposed += proposed_of(id, seen)
        proposed: Any = said.coding if said.state == OTHER and id not in self.ids else None
        why = "codes as the labels of the file say"
        if said.state == UNKNOWN:
            proposed = said.likely
            why = "the labels of the file do not prove it; look at them"
        if coding is not None:
            proposed, why = coding, "codes as the answer codes of the survey tool say"
            shown = ", ".join(f"{code} = {answer}" for code, answer in coding.items())
            settle = "mapping coding={…}"
            self.table.note("coding_of_labels", why, instrument=id, value=shown, settle=settle, sure=False)
        if proposed is not None:
            self.proposed = [
                proposal for proposal in self.proposed if proposal.place != ("instrument", id, "coding")
            ]
            self.proposed.append(Proposal(place=("instrument", id, "coding"), value=proposed, why=why))

    # What is handed over

    def data(self) -> dict[str, list[Any]]:
        """The number of each row in the file, keys under their names, answers, and what else the file has."""
        keys = {
            PATIENT: self.keys.patient,
            DATE: self.keys.date,
            SITE: self.keys.site,
            VISIT: self.keys.visit,
        }
        columns: dict[str, list[Any]] = {"line": list(self.table.lines)}
        names = {name: key for key, name in keys.items() if name is not None}
        for name, cells in self.table.columns.items():
            target = names.get(name, name)
            if name in self.replaced or target == "line":
                continue
            if target in columns:
                message = f"two columns would have the name {target!r}; rename one of them"
                raise InputError(message, "mapping_does_not_fit", f"{self.grid.unit} {self.table.header}")
            held = self.labels.cells(name) if name in self.taken else cells
            columns[target] = self.answers[name] if name in self.answers else uniform(held)
        return {**columns, **self.answers}

    def mapping(self, file: FilePart) -> Mapping:
        """What a mapping would pin, with what is proposed."""
        return Mapping(
            file=file,
            keys=self.keys.pinned,
            not_answered=NotAnsweredPart() if self.given is None else self.given.not_answered,
            instrument=self.pinned,
            proposed=tuple(self.proposed),
        )
