"""Many responses as one table: of a file, of lines, of dictionaries. Good ones are not lost, bad ones are reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ipm_outcomes._fence import fenced
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.errors import InputError, ParameterError
from ipm_outcomes.fhir._errors import NotAResponse
from ipm_outcomes.fhir._json import MOST_BYTES, a_list, a_mapping, joined, parsed
from ipm_outcomes.fhir._response import KINDS, ReadResponse, options_of, response
from ipm_outcomes.reading import Backend, Inference, Reading, Tables, append

KEYS = ("line", "patient_id", "date", "status")
MOST_WHOLE = 50_000_000
"""Bytes of a file that is one JSON document."""


class Line(NamedTuple):
    """One resource, or the error in its place."""

    line: int
    place: str
    content: Any


@fenced
def responses(
    source: str | PathLike[str] | Iterable[Mapping[str, Any] | str | bytes],
    instrument: str | None = None,
    *,
    form: Mapping[str, Any] | None = None,
    edition: str | None = None,
    items: Mapping[str, str] | None = None,
    labels: Literal["refuse", "accept"] | Mapping[str, int] = "refuse",
    ordinal: Literal["witness", "trust"] = "witness",
    backend: Backend = None,
) -> Reading:
    """Read many QuestionnaireResponses as one table, each as `response` reads one.

    A line that cannot be read, or whose form is not known, is left out and reported by its line; an answer that is none
    is null in the table and reported by its place. Other resources are left out and counted, those in a Bundle are
    looked at one by one.

    Parameters
    ----------
    source
        A file of newline-delimited JSON (or, if its name ends in ``.json``, of one document), by its path; or lines as
        text or bytes, or dictionaries.
    instrument, form, edition, items, labels, ordinal
        As in `response`, for all of them.
    backend
        Kind of the tables; None: dictionaries of columns, which every data-frame library takes.

    Returns
    -------
    ipm_outcomes.reading.Reading
        ``data`` has one row per response: ``line``, ``patient_id`` (the reference of the subject), ``date``, ``status``
        and the items.

    Raises
    ------
    InputError
        Nothing in it can be read; the message names the first line and what is wrong there.
    ParameterError, UnknownNameError, MissingExtraError
        An argument is outside what it may be, or the library of the backend is not installed.
    OSError
        The file cannot be opened.

    Notes
    -----
    Memory is that of the table and of one line; a line has at most 4 MB.

    Examples
    --------
    >>> from ipm_outcomes import fhir
    >>> line = '{"resourceType": "QuestionnaireResponse", "status": "completed", "item": '
    >>> line += '[{"linkId": "75893-8", "answer": [{"valueInteger": 7}]}], '
    >>> line += '"questionnaire": "http://loinc.org/q/91148-7"}'
    >>> read = fhir.responses([line, "{"])
    >>> read.data["peg_pain"], read.left_out["line"], read.left_out["reason"]
    ([7], [2], ['file_cut_off'])
    """
    how = {"form": form, "edition": edition, "items": items, "labels": labels, "ordinal": ordinal}
    return gather(_resources(_lines(source)), instrument, how, backend)


def gather(
    lines: Iterable[Line], instrument: str | None, how: Mapping[str, Any], backend: Backend
) -> Reading:
    """Resources one by one into one table."""
    options_of(how["labels"], how["ordinal"], "null")
    if instrument is not None:
        definition(instrument)
    gathered = _Table()
    for line in lines:
        try:
            if isinstance(line.content, InputError):
                raise line.content
            if kind := _other(line.content):
                raise NotAResponse(f"a resource of type {kind}, which is left alone", "other_resource")
            gathered.add(line, response(line.content, instrument, invalid="null", **how))
        except InputError as error:
            gathered.leave_out(line, error)
    return gathered.reading(backend)


def _lines(source: Any) -> Iterator[Line]:
    if isinstance(source, str | PathLike):
        yield from _of_file(Path(source))
        return
    if isinstance(source, Mapping | bytes) or not isinstance(source, Iterable):
        raise ParameterError("give the path of a file, or a list of lines or of dictionaries")
    for number, entry in enumerate(source, 1):
        place = f"line {number}"
        if isinstance(entry, str):
            entry = entry.encode("utf-8", "surrogatepass")
        if not isinstance(entry, bytes):
            yield Line(number, place, entry)
        elif entry.strip():
            yield Line(number, place, _parsed(entry, place))


def _of_file(path: Path) -> Iterator[Line]:
    with path.open("rb") as file:
        if path.suffix.lower() == ".json":
            content = file.read(MOST_WHOLE + 1)
            if len(content) > MOST_WHOLE:
                raise InputError(
                    f"{path.name}: one JSON document has at most {MOST_WHOLE:,} bytes", "file_too_wide"
                )
            yield Line(1, "line 1", _parsed(content, None, MOST_WHOLE))
            return
        number = 0
        while entry := file.readline(MOST_BYTES + 2):
            number += 1
            place = f"line {number}"
            if len(entry) > MOST_BYTES + 1:
                while entry and not entry.endswith(b"\n"):
                    entry = file.readline(MOST_BYTES)
                message = f"the line has more than {MOST_BYTES:,} bytes; write one resource on one line"
                yield Line(number, place, NotAResponse(message, "file_too_wide", place))
            elif entry.strip():
                yield Line(number, place, _parsed(entry, place))


def _parsed(content: bytes, place: str | None, most: int = MOST_BYTES) -> Any:
    try:
        return parsed(content, place, most)
    except InputError as error:
        return error


def _resources(lines: Iterator[Line]) -> Iterator[Line]:
    """The resources of lines; those of a Bundle one by one."""
    for line in lines:
        if not isinstance(line.content, Mapping) or line.content.get("resourceType") != "Bundle":
            yield line
            continue
        try:
            entries = a_list(line.content, "entry", line.place)
        except InputError as error:
            yield Line(line.line, line.place, error)
            continue
        for position, entry in enumerate(entries):
            place = joined(line.place, f"entry[{position}]")
            try:
                yield Line(
                    line.line, f"{place}.resource", a_mapping(entry, place, "an entry").get("resource")
                )
            except InputError as error:
                yield Line(line.line, place, error)


def _other(content: Any) -> str | None:
    """The type of a resource that comes along with responses."""
    kind = content.get("resourceType") if isinstance(content, Mapping) else None
    return kind if isinstance(kind, str) and kind in KINDS else None


class _Table:
    """The table as it grows, column by column."""

    def __init__(self) -> None:
        self.keys: dict[str, list[Any]] = {name: [] for name in KEYS}
        self.cells: dict[str, list[Any]] = {}
        self.ids: list[str] = []
        self.rows = 0
        self.tables = Tables()
        self.notes: Counter[tuple[str, str, str]] = Counter()
        self.of: Counter[str] = Counter()
        self.first: InputError | None = None

    def add(self, line: Line, read: ReadResponse) -> None:
        id, row = read.instrument, self.rows
        self.rows += 1
        self.of[id] += 1
        if id not in self.ids:
            self.ids.append(id)
            self.cells |= {f"{id}_{item}": [None] * row for item in definition(id).item_ids}
        for column in self.cells.values():
            column.append(None)
        for item in definition(id).item_ids:
            self.cells[f"{id}_{item}"][row] = getattr(read.answers, item)
        for name, value in zip(
            KEYS, (line.line, read.subject, read.authored, _word(read.status)), strict=True
        ):
            self.keys[name].append(value)
        for problem in read.problems:
            item, place = f"{id}_{problem.item}", f"{line.place}: {problem.place}"
            append(self.tables.problems, (row, line.line, item, place, problem.code, problem.message))
        for recorded in read.recorded:
            append(self.tables.recorded, (row, f"{id}_{recorded.scale}", recorded.value, recorded.place))
        for item, reason in read.reasons.items():
            append(self.tables.reasons, (row, f"{id}_{item}", reason))
        said = {note.code: note.message for note in read.notes}
        self.notes.update((id, code, _EVIDENCE.get(code, message)) for code, message in said.items())

    def leave_out(self, line: Line, error: InputError) -> None:
        self.first = self.first or error
        message = str(error).removeprefix(f"{line.place}: ")
        append(self.tables.left_out, (line.line, error.code, f"{line.place}: {message}"))

    def reading(self, backend: Backend) -> Reading:
        if self.first is not None and not self.rows:
            line = self.tables.left_out["message"][0]
            raise InputError(f"no response could be read; {line}", self.first.code)
        inferences = [
            Inference(code, None, id, rows, self.of[id], None, None, code not in _DOUBTFUL, evidence)
            for (id, code, evidence), rows in sorted(self.notes.items())
        ]
        data = {**self.keys, **self.cells}
        return Reading(instruments=tuple(self.ids), **self.tables.parts(data, inferences, self.rows, backend))


_EVIDENCE = {
    "unknown_items": "items with answers that the instrument does not have; not read",
    "recorded_differs": "a recorded score is not that of the answers; see recorded",
    "recorded_without_score": "a score is recorded where the answers give none; see recorded",
    "not_completed": "the status is in-progress or stopped",
}
"""Words for what differs from row to row, so that rows can be counted."""

_DOUBTFUL = frozenset({"ordinal_trusted", "status_unknown", "recorded_differs", "recorded_without_score"})


def _word(status: object) -> str | None:
    return status if isinstance(status, str) and len(status) < 40 else None
